/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finals: the final records of a tree's processes, each as a line of text,
 * to be compared. Owns the lines.
 */
#ifndef CONTREE_TESTS_FINALS_H
#define CONTREE_TESTS_FINALS_H

#include "buf.h"
#include "tree.h"

struct finals {
	struct buf *lines;
	size_t n, size;
};

/* A change_fn for tree_on_final(); ctx is a struct finals. */
void finals_add(void *ctx, const struct change *c);

void finals_sort(struct finals *f);
void finals_free(struct finals *f);

/* Fails the test where they differ; what is told with it. */
void finals_compare(const struct finals *want, const struct finals *got,
		    const char *path, uint64_t seed);

/* A change_fn that does nothing. */
void finals_ignore(void *ctx, const struct change *c);

#endif
