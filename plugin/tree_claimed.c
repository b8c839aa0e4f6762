/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The claims by the numbers they announced: a hash table chained through the
 * claims, as that of the pids (tree_pids.c). Those of one number are in one
 * chain, the newest first. It costs a claim one pointer, and what is looked at
 * while one is sought is what is wanted of it then.
 */
#include "tree_int.h"

#define MIN_BUCKETS 16

struct claim *claimed_older(const struct claim *c)
{
	return claimed_in(c->chain, c->vpid);
}

static struct claim **end_of(struct claim **chain)
{
	while (*chain)
		chain = &(*chain)->chain;
	return chain;
}

/* Chains keep their order, in which the claims of a number are. */
static void resize(struct claimed *by, size_t size)
{
	struct claimed old = *by;
	struct claim *c, *next;

	by->size = size;
	by->buckets = calloc(size, sizeof(struct claim *));
	if (!by->buckets)
		abort();
	for (size_t i = 0; i < old.size; i++) {
		for (c = old.buckets[i]; c; c = next) {
			next = c->chain;
			c->chain = NULL;
			*end_of(&by->buckets[claimed_bucket(c->vpid, size)]) =
				c;
		}
	}
	free(old.buckets);
}

void claimed_add(struct claimed *by, struct claim *c)
{
	struct claim **chain;

	if (by->n == by->size)
		resize(by, by->size ? 2 * by->size : MIN_BUCKETS);
	chain = &by->buckets[claimed_bucket(c->vpid, by->size)];
	c->chain = *chain;
	*chain = c;
	by->n++;
}

void claimed_remove(struct claimed *by, struct claim *c)
{
	struct claim **at = &by->buckets[claimed_bucket(c->vpid, by->size)];

	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
	c->chain = NULL;
	if (!--by->n) {
		free(by->buckets);
		*by = (struct claimed){ 0 };
	} else if (by->size > MIN_BUCKETS && by->n < by->size / 8) {
		resize(by, by->size / 2);
	}
}
