/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a tale is changed: step by step, so that what was found out about an
 * order of facts is not lost to one byte more in front of it, and with pids
 * that are spoken of elsewhere in it.
 */
#include "fuzz.h"

#include <string.h>

#include "tale.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

#define STEP sizeof(struct tale_step)

struct steps {
	uint8_t *at;
	size_t n, max;
	uint64_t random;
};

static size_t below(struct steps *s, size_t n)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return n ? (size_t)(s->random >> 33) % n : 0;
}

static uint8_t *any(struct steps *s)
{
	return s->at + below(s, s->n) * STEP;
}

/* A run of steps is said once more, somewhere else. */
static void repeat(struct steps *s)
{
	size_t from = below(s, s->n), len = 1 + below(s, 4), to;
	uint8_t run[4 * STEP];

	if (len > s->n - from)
		len = s->n - from;
	if (len > s->max - s->n)
		len = s->max - s->n;
	memcpy(run, s->at + from * STEP, len * STEP);
	to = below(s, s->n + 1);
	memmove(s->at + (to + len) * STEP, s->at + to * STEP,
		(s->n - to) * STEP);
	memcpy(s->at + to * STEP, run, len * STEP);
	s->n += len;
}

static void leave_out(struct steps *s)
{
	uint8_t *step = any(s);

	s->n--;
	memmove(step, step + STEP, (size_t)(s->at + s->n * STEP - step));
}

static void swap(struct steps *s)
{
	uint8_t *a = any(s), *b = any(s), step[STEP];

	memcpy(step, a, STEP);
	memcpy(a, b, STEP);
	memcpy(b, step, STEP);
}

/* pid, ppid, child and vpid lie behind one another. */
static void spread_pid(struct steps *s)
{
	size_t from = offsetof(struct tale_step, pid) + 2 * below(s, 4);
	size_t to = offsetof(struct tale_step, pid) + 2 * below(s, 4);

	memmove(any(s) + to, any(s) + from, sizeof(uint16_t));
}

static void change(struct steps *s)
{
	LLVMFuzzerMutate(any(s), STEP, STEP);
}

static void change_op(struct steps *s)
{
	any(s)[0] = (uint8_t)below(s, N_TALE_OPS);
}

static void (*const ways[])(struct steps *) = {
	repeat,	   repeat, leave_out, swap,	swap,
	spread_pid, change, change,   change_op, spread_pid,
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	struct steps s = { .at = data + TALE_HEAD, .random = seed };
	size_t way;

	if (size < TALE_HEAD + STEP || max < TALE_HEAD + STEP || !below(&s, 20))
		return LLVMFuzzerMutate(data, size, max);
	s.n = (size - TALE_HEAD) / STEP;
	s.max = (max - TALE_HEAD) / STEP;
	if (s.max > TALE_MAX_STEPS)
		s.max = TALE_MAX_STEPS;
	if (s.n > s.max)
		s.n = s.max;
	if (!below(&s, 16))
		data[0] ^= (uint8_t)(1 << below(&s, 6));
	do {
		way = below(&s, sizeof(ways) / sizeof(ways[0]));
		ways[way](&s);
	} while (s.n && below(&s, 2));
	return TALE_HEAD + s.n * STEP;
}
