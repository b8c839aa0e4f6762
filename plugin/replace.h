/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace: a file written anew, all or nothing: whoever opens it finds the
 * old one or the new one, never a part.
 */
#ifndef CONTREE_REPLACE_H
#define CONTREE_REPLACE_H

#include <stddef.h>

#include "err.h"

/*
 * Writes PATH.new, of mode 0640 and the process's own, and renames it to
 * path; both in dir_fd, the open directory that path names. It is not synced:
 * for what is of no use after a crash of the host.
 */
int replace_file(int dir_fd, const char *path, const char *data, size_t len,
		 struct err *err);

#endif
