/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beneath: a file below a directory, by a path that may be hostile. Nothing
 * outside of that directory is opened, no symbolic link is followed, and
 * only regular files of a bounded size are read.
 */
#ifndef CONTREE_BENEATH_H
#define CONTREE_BENEATH_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Appends the file at path, absolute below root_fd, to text. A leading
 * /var/run is /run. -1, with err set, if it cannot be or is not such a file;
 * text may have a part of it then.
 */
int read_beneath(int root_fd, const char *path, size_t max_bytes,
		 struct buf *text, struct err *err);

#endif
