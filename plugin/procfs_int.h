/* SPDX-License-Identifier: GPL-2.0-or-later */
/* procfs_int: what procfs.c, which reads, and procfs_cgroup.c share. */
#ifndef CONTREE_PROCFS_INT_H
#define CONTREE_PROCFS_INT_H

#include "procfs.h"
#include "span.h"

#define ID_LEN (PROCFS_ID_SIZE - 1)

/*
 * Appends a file's first max bytes, or all of them. -1 with errno; something
 * may have been appended then.
 */
int procfs_read_file(int dir, const char *name, struct buf *out, size_t max);

/*
 * The path of the hierarchy that has that controller; of the unified one if
 * controller is NULL. False if there is none.
 */
bool procfs_cgroup_path(const char *text, const char *controller,
			struct span *path);

#endif
