/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epochs: what stamps of the time of day mean after that clock was set, by
 * NTP or by hand, or stood still while the host slept. All is told as the
 * clock that is in force now would have had it. A step is noticed some time
 * after it was made, and records that were stamped before it come for a
 * while yet. Pure: the clocks' readings are handed in. Owns nothing.
 */
#ifndef CONTREE_EPOCHS_H
#define CONTREE_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_STEPS_KEPT 8

/* The clock was set between two readings of CLOCK_MONOTONIC. */
struct clock_step {
	uint64_t after_ns, by_ns;
	int64_t forward_ms;
};

/* Begins as zeroes. */
struct epochs {
	bool known;		/* the clocks were read */
	uint64_t mono_ns;	/* their latest reading */
	uint64_t wall_ns;	/* the time of day minus CLOCK_MONOTONIC */
	uint64_t come_ms;	/* how far the stamps have come */
	size_t n;
	struct clock_step steps[MAX_STEPS_KEPT];	/* the latest first */
};

/*
 * A reading of the clocks, in the order in which they were made. Returns by
 * how many ms the time of day was set forward since the last one: 0, mostly.
 */
int64_t epochs_read(struct epochs *e, uint64_t mono_ns, uint64_t wall_ns);

/* The stream of stamps has come to that time, by the clock in force now. */
void epochs_come(struct epochs *e, uint64_t time_ms);

/*
 * The earliest and the latest time, by the clock that is in force now, that
 * a stamp may stand for, as what comes is nearly in order. They differ for a
 * moment after a small step back, since such a time was twice. If it stands
 * for none, for it lies ahead, they are 0 and now.
 */
uint64_t epochs_earliest(const struct epochs *e, uint64_t stamp_ms);
uint64_t epochs_latest(const struct epochs *e, uint64_t stamp_ms);

#endif
