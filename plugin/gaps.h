/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gaps: audit serials that never came. The kernel numbers its events
 * without holes (audit_serial() in kernel/audit.c), so a hole is an event
 * lost between the kernel and here. Numbers may come in any order within
 * a window, and within two steps of the stream's time. One per node; a plain
 * value that owns nothing.
 */
#ifndef CONTREE_GAPS_H
#define CONTREE_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#define GAPS_WINDOW 4096
#define GAPS_STEP_MS 1000

struct gaps {
	uint64_t next;		/* the serial the window begins with; 0: none yet */
	uint64_t old;		/* the last one, if far behind; or 0 */
	uint64_t top;		/* the highest seen */
	uint64_t missing;	/* passed by and never seen, not yet taken */
	uint64_t hole;		/* the first of these */
	uint64_t step_ms;	/* when the last step was */
	uint64_t marks[2];	/* top as it was at that one and before */
	uint64_t seen[GAPS_WINDOW / 64];	/* bits from next on, as a ring */
};

void gaps_see(struct gaps *g, uint64_t serial);

/*
 * What bears that stamp came. True at each step, and then what is missing
 * from before the last two is lost. (A step that is no second long, since the
 * clock was set or a call took long, is not enough to tell.)
 */
bool gaps_pass(struct gaps *g, uint64_t time_ms);

/* At the beginning: all up to serial was seen before. */
void gaps_expect(struct gaps *g, uint64_t serial);

/* All up to this one were seen, or are missing and taken; 0: none yet. */
uint64_t gaps_done(const struct gaps *g);

/* Nothing older will come any more: what is missing up to now is lost. */
void gaps_close(struct gaps *g);

/* How many were missed since the last call. */
uint64_t gaps_take(struct gaps *g);

#endif
