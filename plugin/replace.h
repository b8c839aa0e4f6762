/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace: a file written anew, piece by piece, all or nothing: whoever opens
 * it finds the old one or the new one, never a part. It is not synced: for
 * what is of no use after a crash of the host.
 */
#ifndef CONTREE_REPLACE_H
#define CONTREE_REPLACE_H

#include <stddef.h>

#include "err.h"

/*
 * Makes PATH.new, empty, of mode 0640 and the process's own, in dir_fd, the
 * open directory that path names. Returns its fd, the caller's to close; or
 * -1.
 */
int replace_begin(int dir_fd, const char *path, struct err *err);

/* Appends to it. -1 if not all of it could be written. */
int replace_put(int fd, const char *path, const char *data, size_t len,
		struct err *err);

/* PATH.new is path from now on; or -1. */
int replace_end(int dir_fd, const char *path, struct err *err);

/* PATH.new is removed. */
void replace_drop(int dir_fd, const char *path);

#endif
