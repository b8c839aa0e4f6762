/* SPDX-License-Identifier: GPL-2.0-or-later */
/* procfs_int: what procfs.c, which reads, and procfs_cgroup.c share. */
#ifndef CONTREE_PROCFS_INT_H
#define CONTREE_PROCFS_INT_H

#include "procfs.h"
#include "span.h"

#define ID_LEN (PROCFS_ID_SIZE - 1)

/*
 * The path of the hierarchy that has that controller; of the unified one if
 * controller is NULL. False if there is none.
 */
bool procfs_cgroup_path(const char *text, const char *controller,
			struct span *path);

#endif
