/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strangers: what the proc connector told of processes that are not in the
 * tree, for a while, in case that some turn out to belong there: a root that
 * audit was late to tell of, or who was born in a gap. The newest are kept.
 * Owns what it keeps; knows no tree. What is kept of one process is found
 * without looking at the others.
 */
#ifndef CONTREE_STRANGERS_H
#define CONTREE_STRANGERS_H

#include "fact.h"

struct strangers;

/* Aborts without memory. */
struct strangers *strangers_new(void);
void strangers_free(struct strangers *s);

/* A fact of the witness, in the order in which they happened. */
void strangers_add(struct strangers *s, const struct fact *f);

/*
 * Hands out, and forgets, what was told of the present user of pid, and then
 * of its children, and theirs. Where the pid of one of these was given anew,
 * that birth is the last that is told of it (and stays here).
 */
typedef void strangers_fn(void *ctx, const struct fact *f);
void strangers_recall(struct strangers *s, pid_t pid, strangers_fn *fn,
		      void *ctx);

/* The time of day was set forward: see tree_step(). */
void strangers_step(struct strangers *s, int64_t forward_ms);

#endif
