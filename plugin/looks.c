/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "looks.h"

#include "intake.h"

/*
 * In the long run; and so many may follow each other at once: the start of a
 * container alone is some hundred births and ends. It is longer than what the
 * intake gathers: where records come all the time, they bring the looks along.
 */
#define EVERY_MS (INTAKE_LULL_MS + 4)
#define AT_ONCE 128
/*
 * By the lean rules audit does not tell who is the shim's child. /proc does, but
 * the runtime that adds somebody to a container lives for some 40 ms.
 */
#define EVERY_ALONE_MS 16
#define VOUCHED_MS 60000	/* so long after the last such it is told, too */

static uint64_t every_ms(struct looks *l, uint64_t now_ms, uint64_t vouched)
{
	if (vouched != l->vouched)
		l->vouched_ms = now_ms;
	l->vouched = vouched;
	return vouched && now_ms < l->vouched_ms + VOUCHED_MS ? EVERY_MS :
								EVERY_ALONE_MS;
}

bool looks_due(const struct looks *l, uint64_t now_ms)
{
	return now_ms >= l->due_ms;
}

void looks_found(struct looks *l, uint64_t now_ms, uint64_t vouched)
{
	uint64_t every = every_ms(l, now_ms, vouched);

	if (l->due_ms + AT_ONCE * every < now_ms)
		l->due_ms = now_ms - AT_ONCE * every;
	l->due_ms += every;
	if (l->due_ms > now_ms + every)
		l->due_ms = now_ms + every;
}
