/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers: what is due at which event time, as a heap of timers that live
 * inside the things they are for. Equal times fire in the order in which
 * they were set. Owns only the heap, which has the times, so that a timer
 * that is not set takes little room; knows no clock.
 */
#ifndef CONTREE_TIMERS_H
#define CONTREE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint32_t place : 25;	/* in the heap, from 1; 0: not set */
	uint32_t kind : 7; 	/* whoever sets it knows what it means */
};

struct due {
	uint64_t at;	/* ms of event time */
	uint64_t rank;	/* among those of the same time */
	struct timer *timer;
};

struct timers {
	struct due *heap;
	size_t n, size;	/* less than 2^25 */
	uint64_t seq;
};

/* Sets it, or moves it if it is set. */
void timers_set(struct timers *ts, struct timer *t, uint64_t at);

/*
 * The same, but among timers of the same time these come after all others
 * and in the order of rank, whenever they were set.
 */
void timers_set_ranked(struct timers *ts, struct timer *t, uint64_t at,
		       uint64_t rank);
void timers_cancel(struct timers *ts, struct timer *t);

/* When it is due, if it is set. */
uint64_t timers_at(const struct timers *ts, const struct timer *t);

/*
 * Takes out the first that is due at now or before, and says when it was;
 * NULL if none is.
 */
struct timer *timers_take(struct timers *ts, uint64_t now, uint64_t *at);

void timers_free(struct timers *ts);

#endif
