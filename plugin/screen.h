/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen: which of this host's events tell the tree nothing, so that auparse
 * need not read them: a host does more than its containers. Looks at SYSCALL
 * records as they come; owns nothing, decides nothing about the tree.
 */
#ifndef CONTREE_SCREEN_H
#define CONTREE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "merge.h"

/*
 * Whether the event that begins with that SYSCALL record (no newline), of this
 * host, may tell t something. It does not if the witness told of every birth
 * until then, and of none by that pid; but for a root, which is known by what
 * it executes. In doubt it does.
 */
bool screen_wants(struct merge *m, const struct tree *t, uint64_t time_ms,
		  const char *line, size_t len);

#endif
