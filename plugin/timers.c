/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timers.h"

#include <stdlib.h>

#define MIN_SIZE 64
#define MAX_PLACE ((UINT32_C(1) << 25) - 1)

static bool before(const struct due *a, const struct due *b)
{
	return a->at != b->at ? a->at < b->at : a->rank < b->rank;
}

static void put(struct timers *ts, size_t place, struct due due)
{
	ts->heap[place - 1] = due;
	due.timer->place = place & MAX_PLACE;
}

static void up(struct timers *ts, size_t place)
{
	struct due due = ts->heap[place - 1];

	while (place > 1 && before(&due, &ts->heap[place / 2 - 1])) {
		put(ts, place, ts->heap[place / 2 - 1]);
		place /= 2;
	}
	put(ts, place, due);
}

static void down(struct timers *ts, size_t place)
{
	struct due due = ts->heap[place - 1];
	size_t child;

	while ((child = 2 * place) <= ts->n) {
		if (child < ts->n &&
		    before(&ts->heap[child], &ts->heap[child - 1]))
			child++;
		if (!before(&ts->heap[child - 1], &due))
			break;
		put(ts, place, ts->heap[child - 1]);
		place = child;
	}
	put(ts, place, due);
}

static void resize(struct timers *ts, size_t size)
{
	ts->size = size;
	ts->heap = reallocarray(ts->heap, size, sizeof(*ts->heap));
	if (!ts->heap)
		abort();
}

static void set(struct timers *ts, struct timer *t, uint64_t at, uint64_t rank)
{
	timers_cancel(ts, t);
	if (ts->n == ts->size)
		resize(ts, ts->size ? 2 * ts->size : MIN_SIZE);
	ts->n++;
	put(ts, ts->n, (struct due){ at, rank, t });
	up(ts, ts->n);
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
	size_t place = t->place;
	struct due last;

	if (!place)
		return;
	t->place = 0;
	last = ts->heap[--ts->n];
	if (last.timer != t) {
		put(ts, place, last);
		up(ts, place);
		down(ts, last.timer->place);
	}
	/* Half of what it shrinks to stays free: it is not to grow at once. */
	if (ts->size > MIN_SIZE && ts->n < ts->size / 4)
		resize(ts, ts->size / 2);
}

uint64_t timers_at(const struct timers *ts, const struct timer *t)
{
	return ts->heap[t->place - 1].at;
}

struct timer *timers_take(struct timers *ts, uint64_t now, uint64_t *at)
{
	struct timer *t;

	if (!ts->n || ts->heap[0].at > now)
		return NULL;
	t = ts->heap[0].timer;
	*at = ts->heap[0].at;
	timers_cancel(ts, t);
	return t;
}

void timers_free(struct timers *ts)
{
	free(ts->heap);
}
