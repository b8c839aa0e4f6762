/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * looks: how often what the kernel tells is looked at for its own sake. Who
 * lives for a moment is gone when it is looked at late, but in a crowd births
 * and ends can be looked at with the records that come then. Plain numbers:
 * reads no clock, and looks at nothing itself.
 */
#ifndef CONTREE_LOOKS_H
#define CONTREE_LOOKS_H

#include <stdbool.h>
#include <stdint.h>

/* All 0 at first: a look is due. */
struct looks {
	uint64_t due_ms;	/* not sooner */
	uint64_t vouched;	/* children of shims that audit told of */
	uint64_t vouched_ms;	/* when they last became more */
};

bool looks_due(const struct looks *l, uint64_t now_ms);

/* One has found something; vouched is what tree_vouched() says. */
void looks_found(struct looks *l, uint64_t now_ms, uint64_t vouched);

#endif
