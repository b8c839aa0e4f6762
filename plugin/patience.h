/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patience: reads a file of /proc that a hostile process can keep from being
 * read, and waits for so long and no longer. /proc/PID/cmdline takes that
 * process' mmap_lock (access_remote_vm() in mm/memory.c); while one of its
 * threads takes a page fault on a file system that does not answer, and
 * another waits to change the mappings, nobody gets it. Files are
 * read by a few threads that it owns; one that is stuck is left behind.
 */
#ifndef CONTREE_PATIENCE_H
#define CONTREE_PATIENCE_H

#include <stddef.h>

#include "buf.h"

struct patience;

/* Aborts without memory. */
struct patience *patience_new(void);

/*
 * Starts the readers, which call enter(ctx) first (NULL: nothing). Without
 * this, the first read starts them. Where threads cannot be made, every read
 * is EBUSY.
 */
void patience_start(struct patience *p, void (*enter)(void *ctx), void *ctx);

/* Does not wait for those that are stuck. */
void patience_free(struct patience *p);

/*
 * Appends the file's first max bytes. -1 with errno: ETIMEDOUT if that took
 * longer than 200 ms, EBUSY if all readers are stuck. dir is of the
 * caller, and may be closed after.
 */
int patience_read(struct patience *p, int dir, const char *name,
		  struct buf *out, size_t max);

#endif
