/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts: a recorded audit log as a list of facts, for tests of the tree
 * that want to hand them on in another order. Owns its facts.
 */
#ifndef CONTREE_TESTS_FACTS_H
#define CONTREE_TESTS_FACTS_H

#include <stddef.h>

#include "fact.h"

struct facts {
	struct fact **list;
	size_t n, size;
};

/* 0, or -1 if the file cannot be read. */
int facts_read(struct facts *facts, const char *path);
void facts_free(struct facts *facts);

#endif
