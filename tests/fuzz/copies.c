/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copies.h"

#include "fuzz.h"

void copies_put(struct buf *out, struct tree *t)
{
	struct saved s;

	tree_save_begin(t);
	while (tree_save_next(t, &s))
		state_line(out, &s);
}

size_t copies_restore(struct tree *t, const struct state *state)
{
	const struct proc **procs = calloc(state->n + 1, sizeof(*procs));
	const struct proc *parent;
	size_t lost = 0, at;

	must(procs);
	for (size_t i = 0; i < state->n; i++) {
		at = state->parents[i];
		must(at == SIZE_MAX || at < i);
		parent = at == SIZE_MAX ? NULL : procs[at];
		procs[i] = tree_restore(t, &state->list[i], parent);
		must_not(tree_check(t));
		lost += !procs[i];
	}
	free(procs);
	return lost;
}
