/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timers.h"

#include <stdlib.h>

static bool before(const struct timer *a, const struct timer *b)
{
	return a->at != b->at ? a->at < b->at : a->rank < b->rank;
}

static void put(struct timers *ts, size_t place, struct timer *t)
{
	ts->heap[place - 1] = t;
	t->place = place;
}

static void up(struct timers *ts, struct timer *t)
{
	size_t place = t->place;

	while (place > 1 && before(t, ts->heap[place / 2 - 1])) {
		put(ts, place, ts->heap[place / 2 - 1]);
		place /= 2;
	}
	put(ts, place, t);
}

static void down(struct timers *ts, struct timer *t)
{
	size_t place = t->place;
	size_t child;

	while ((child = 2 * place) <= ts->n) {
		if (child < ts->n &&
		    before(ts->heap[child], ts->heap[child - 1]))
			child++;
		if (!before(ts->heap[child - 1], t))
			break;
		put(ts, place, ts->heap[child - 1]);
		place = child;
	}
	put(ts, place, t);
}

static void set(struct timers *ts, struct timer *t, uint64_t at, uint64_t rank)
{
	timers_cancel(ts, t);
	if (ts->n == ts->size) {
		ts->size = ts->size ? 2 * ts->size : 64;
		ts->heap = reallocarray(ts->heap, ts->size, sizeof(*ts->heap));
		if (!ts->heap)
			abort();
	}
	t->at = at;
	t->rank = rank;
	ts->n++;
	put(ts, ts->n, t);
	up(ts, t);
}

void timers_set(struct timers *ts, struct timer *t, uint64_t at)
{
	set(ts, t, at, ts->seq++);
}

void timers_set_ranked(struct timers *ts, struct timer *t, uint64_t at,
		       uint64_t rank)
{
	set(ts, t, at, rank | UINT64_C(1) << 63);
}

void timers_cancel(struct timers *ts, struct timer *t)
{
	struct timer *last;
	size_t place = t->place;

	if (!place)
		return;
	t->place = 0;
	last = ts->heap[--ts->n];
	if (last == t)
		return;
	put(ts, place, last);
	up(ts, last);
	down(ts, last);
}

struct timer *timers_take(struct timers *ts, uint64_t now)
{
	struct timer *t;

	if (!ts->n || ts->heap[0]->at > now)
		return NULL;
	t = ts->heap[0];
	timers_cancel(ts, t);
	return t;
}

void timers_free(struct timers *ts)
{
	free(ts->heap);
}
