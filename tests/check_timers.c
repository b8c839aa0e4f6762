/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: the order in which they fire, whatever is set, moved and
 * cancelled in between; short stories first, then a long random one
 * against a list that is searched from end to end.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "timers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MANY 200

/*
 * Each step: a name and its time sets, a name and "r" and a rank sets at
 * time 5 with that rank, a name and "-" cancels, "@" and a time takes all
 * that is due. What fires is written down.
 */
static const struct {
	const char *name;
	const char *steps;
	const char *fired;
} stories[] = {
	{ "nothing", "@9", "" },
	{ "one", "a5 @5", "a" },
	{ "not yet", "a5 @4", "" },
	{ "long ago", "a5 @9", "a" },
	{ "once only", "a5 @5 @9", "a" },
	{ "set again", "a5 @5 a6 @6", "aa" },
	{ "in order of time", "c3 a1 d4 b2 @9", "abcd" },
	{ "part of them", "c3 a1 d4 b2 @2", "ab" },
	{ "in order of setting", "b5 a5 d5 c5 @5", "badc" },
	{ "moved later", "a1 b2 a3 @9", "ba" },
	{ "moved earlier", "a2 b3 b1 @9", "ba" },
	{ "moved to where it is", "a5 b5 a5 @9", "ba" },
	{ "cancelled", "a1 b2 a- @9", "b" },
	{ "cancelled twice", "a1 b2 a- a- @9", "b" },
	{ "never set", "a- b2 @9", "b" },
	{ "cancelled after it fired", "a1 @1 a- b2 @9", "ab" },
	{ "cancelled and set", "a1 b2 a- a3 @9", "ba" },
	{ "the last place", "a1 b2 c3 c- @9", "ab" },
	{ "the first place", "a1 b2 c3 a- @9", "bc" },
	{ "up after a cancel", "a1 j5 b2 k6 l7 c3 d4 k- @9", "abcdjl" },
	{ "ranked come last", "ar0 b5 c4 d6 @9", "cbad" },
	{ "in order of rank", "ar3 br1 cr2 @9", "bca" },
	{ "moved in rank", "ar1 br2 ar3 @9", "ba" },
	{ "no longer ranked", "ar1 b5 a5 @9", "ba" },
	{ "time 0", "a0 @0", "a" },
};

static void take_due(struct timers *ts, uint64_t now, char **out)
{
	struct timer *t;
	uint64_t at;

	while ((t = timers_take(ts, now, &at)))
		*(*out)++ = (char)t->kind;
	**out = '\0';
}

static void do_step(struct timers *ts, struct timer *t, const char *step)
{
	uint64_t n = strtoull(step + 1 + (step[1] == 'r'), NULL, 10);

	t->kind = *step;
	if (step[1] == '-')
		timers_cancel(ts, t);
	else if (step[1] == 'r')
		timers_set_ranked(ts, t, 5, n);
	else
		timers_set(ts, t, n);
}

START_TEST(test_stories)
{
	struct timer timer['z' + 1] = { { 0 } };
	const char *step = stories[_i].steps;
	struct timers ts = { 0 };
	char fired[64] = "", *out = fired;

	for (; step; step = strchr(step, ' ')) {
		step += *step == ' ';
		if (*step == '@')
			take_due(&ts, strtoull(step + 1, NULL, 10), &out);
		else
			do_step(&ts, &timer[(int)*step], step);
	}
	ck_assert_msg(!strcmp(fired, stories[_i].fired), "%s: %s, not %s",
		      stories[_i].name, fired, stories[_i].fired);
	timers_free(&ts);
}
END_TEST

/* The slow way: a list in the order of setting. */
struct model {
	struct timer *timer;
	uint64_t at, rank;
};

struct both {
	struct timers ts;
	struct timer timers[MANY];
	struct model set[MANY];
	size_t n;
	uint64_t seed;
};

static uint64_t random_below(struct both *b, uint64_t n)
{
	b->seed = b->seed * 6364136223846793005u + 1442695040888963407u;
	return (b->seed >> 33) % n;
}

static void model_cancel(struct both *b, const struct timer *t)
{
	size_t i;

	for (i = 0; i < b->n && b->set[i].timer != t; i++)
		;
	if (i == b->n)
		return;
	b->n--;
	memmove(&b->set[i], &b->set[i + 1], (b->n - i) * sizeof(b->set[0]));
}

static struct timer *model_take(struct both *b, uint64_t now, uint64_t *at)
{
	struct model *first = NULL;
	struct timer *t;

	for (struct model *m = b->set; m < b->set + b->n; m++)
		if (m->at <= now &&
		    (!first || m->at < first->at ||
		     (m->at == first->at && m->rank < first->rank)))
			first = m;
	t = first ? first->timer : NULL;
	*at = first ? first->at : 0;
	if (t)
		model_cancel(b, t);
	return t;
}

static void set_both(struct both *b, struct timer *t, uint64_t at,
		     uint64_t rank)
{
	model_cancel(b, t);
	b->set[b->n++] = (struct model){ t, at, rank };
	if (rank)
		timers_set_ranked(&b->ts, t, at, rank);
	else
		timers_set(&b->ts, t, at);
}

static void take_both(struct both *b, uint64_t now)
{
	struct timer *want, *got;
	uint64_t want_at, at = 0;

	do {
		want = model_take(b, now, &want_at);
		if (want)
			ck_assert_uint_eq(timers_at(&b->ts, want), want_at);
		got = timers_take(&b->ts, now, &at);
		ck_assert_msg(got == want, "at %llu", (unsigned long long)now);
		ck_assert(!got || (!got->place && at == want_at));
	} while (want);
}

/* Few times, so that many are equal. */
static void random_step(struct both *b, uint64_t now)
{
	struct timer *t = &b->timers[random_below(b, MANY)];
	uint64_t at = now + random_below(b, 20);

	switch (random_below(b, 8)) {
	case 0:
	case 1:
		timers_cancel(&b->ts, t);
		model_cancel(b, t);
		break;
	case 2:
		/* Ranks are unique where they are used: birth order. */
		set_both(b, t, at, 1 + (uint64_t)(t - b->timers));
		break;
	default:
		set_both(b, t, at, 0);
	}
}

START_TEST(test_random)
{
	struct both b = { .seed = (uint64_t)_i + 1 };
	uint64_t now = 0;

	for (int i = 0; i < 30000; i++) {
		random_step(&b, now);
		ck_assert_uint_eq(b.ts.n, b.n);
		if (!random_below(&b, 16))
			take_both(&b, now += random_below(&b, 5));
	}
	take_both(&b, UINT64_MAX);
	ck_assert_uint_eq(b.ts.n, 0);
	timers_free(&b.ts);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("timers");
	TCase *t = tcase_create("timers");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_stories, 0, COUNT(stories));
	tcase_add_loop_test(t, test_random, 0, 10);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
