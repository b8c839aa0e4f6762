/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool: blocks of one size, in pages that have nothing else in them. What is
 * allocated by the hundred thousand, beside much that comes and goes, leaves
 * no holes so, and its pages can be given back. Owns the pages, not what is
 * in the blocks.
 */
#ifndef CONTREE_POOL_H
#define CONTREE_POOL_H

#include <stddef.h>

struct slab;

/* Zeroed but for its size it is empty. */
struct pool {
	size_t size;	/* bytes of a block: 256 to 4096, a multiple of 8 */
	struct slab *slabs;	/* those with room first */
};

/* A block of zeroes. Aborts without memory. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *block);

/* Pages without a block that is in use go back to the kernel. */
void pool_trim(struct pool *p);

/* All blocks are gone. */
void pool_free(struct pool *p);

#endif
