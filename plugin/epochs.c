/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "epochs.h"

#include "fact.h"

#include <string.h>

#define NS_PER_MS 1000000

#define COARSE_NS (INT64_C(1) * COARSE_MS * NS_PER_MS)

/* Less than that is a clock that is slewed (adjtimex(2)), not set. */
#define STEP_NS (INT64_C(10) * NS_PER_MS)

/* Records of before the step come no longer than that. */
#define KEEP_NS (UINT64_C(60000) * NS_PER_MS)

/* A call may take that long, and its record, stamped at its start, is late. */
#define LATE_MS 1000

static void add(struct epochs *e, const struct clock_step *step)
{
	if (e->n == MAX_STEPS_KEPT)
		e->n--;
	memmove(&e->steps[1], &e->steps[0], e->n * sizeof(e->steps[0]));
	e->steps[0] = *step;
	e->n++;
}

int64_t epochs_read(struct epochs *e, uint64_t mono_ns, uint64_t wall_ns)
{
	int64_t forward_ns = (int64_t)(wall_ns - e->wall_ns);
	bool is_step = e->known &&
		       (forward_ns > STEP_NS || forward_ns < -STEP_NS);
	struct clock_step step = { e->mono_ns, mono_ns,
				   forward_ns / NS_PER_MS };

	while (e->n && e->steps[e->n - 1].by_ns + KEEP_NS < mono_ns)
		e->n--;
	if (is_step) {
		add(e, &step);
		if (e->come_ms)
			e->come_ms += (uint64_t)step.forward_ms;
	}
	e->known = true;
	e->mono_ns = mono_ns;
	e->wall_ns = wall_ns;
	return is_step ? step.forward_ms : 0;
}

void epochs_come(struct epochs *e, uint64_t time_ms)
{
	if (time_ms > e->come_ms)
		e->come_ms = time_ms;
}

/* When, by CLOCK_MONOTONIC, the clock in force now would show that. */
static int64_t mono_of(const struct epochs *e, uint64_t time_ms)
{
	return (int64_t)(time_ms * NS_PER_MS - e->wall_ns);
}

/* Whether that lies between the k-th latest step and the one after it. */
static bool is_within(const struct epochs *e, size_t k, uint64_t time_ms)
{
	int64_t at_ns = mono_of(e, time_ms);
	uint64_t end_ns = k ? e->steps[k - 1].by_ns : e->mono_ns;

	if (at_ns > (int64_t)end_ns + COARSE_NS)
		return false;
	return k == e->n || at_ns + COARSE_NS >= (int64_t)e->steps[k].after_ns;
}

struct range {
	uint64_t earliest, latest;
};

/* Of those that are not so long ago; latest is 0 if there are none. */
static struct range range_since(const struct epochs *e, uint64_t stamp_ms,
				uint64_t since_ms)
{
	struct range r = { UINT64_MAX, 0 };
	uint64_t time_ms = stamp_ms;

	for (size_t k = 0; k <= e->n; k++) {
		if (k)
			time_ms += (uint64_t)e->steps[k - 1].forward_ms;
		if (time_ms < since_ms || !is_within(e, k, time_ms))
			continue;
		if (time_ms < r.earliest)
			r.earliest = time_ms;
		if (time_ms > r.latest)
			r.latest = time_ms;
	}
	return r;
}

static struct range range_of(const struct epochs *e, uint64_t stamp_ms)
{
	struct range r = { 0, 0 };

	if (e->come_ms > LATE_MS)
		r = range_since(e, stamp_ms, e->come_ms - LATE_MS);
	if (!r.latest)
		r = range_since(e, stamp_ms, 0);
	if (r.latest)
		return r;
	/* Before a step that was long ago, or was never a time. */
	if (mono_of(e, stamp_ms) <= (int64_t)e->mono_ns)
		return (struct range){ stamp_ms, stamp_ms };
	return (struct range){ 0, (e->mono_ns + e->wall_ns) / NS_PER_MS };
}

uint64_t epochs_earliest(const struct epochs *e, uint64_t stamp_ms)
{
	return e->known ? range_of(e, stamp_ms).earliest : stamp_ms;
}

uint64_t epochs_latest(const struct epochs *e, uint64_t stamp_ms)
{
	return e->known ? range_of(e, stamp_ms).latest : stamp_ms;
}
