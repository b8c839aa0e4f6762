/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copies: the records of a tree, saved as text and put back, as the keeper
 * does it.
 */
#ifndef CONTREE_TESTS_FUZZ_COPIES_H
#define CONTREE_TESTS_FUZZ_COPIES_H

#include "buf.h"
#include "state.h"
#include "tree.h"

/* The tree's records as lines of a state, without its head. */
void copies_put(struct buf *out, struct tree *t);

/*
 * Puts all of it back into a fresh tree, whose invariants must hold after
 * each. Returns how many there was no room for, or no sense in.
 */
size_t copies_restore(struct tree *t, const struct state *state);

#endif
