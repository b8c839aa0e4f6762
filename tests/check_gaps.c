/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holes in the audit serials: what counts as one, and that it counts
 * once; serials out of order, repeated, far ahead, and starting anew.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaps.h"
#include "pipeline.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Each step: a serial or a range of them, upwards or downwards; "@" and a
 * number: the stream has come to so many ms; "=" and a number: so many are
 * missed since the last such step.
 */
static const struct {
	const char *name;
	const char *steps;
} stories[] = {
	{ "nothing", "=0" },
	{ "the first is no hole", "5000 =0 5001-20000 =0" },
	{ "in order", "1-100000 =0" },
	{ "each twice", "7 7 8 8 9 9-20000 =0" },
	{ "not yet a hole", "1-9 11-4105 =0" },
	{ "a hole", "1-9 11-4106 =1" },
	{ "a hole counts once", "1-9 11-9000 =1 9001-30000 =0" },
	{ "a late one", "1-9 11-4105 10 4106-9000 =0" },
	{ "too late", "1-9 11-5000 =1 10 5001-9999 =0" },
	{ "three holes", "1-9 11-20 23-40 42-9000 =4" },
	{ "holes taken one by one", "1 3 5-4098 =1 4099-4100 =1 4101 =0" },
	{ "a long hole", "1-9 1010-9000 =1000" },
	{ "longer than the window", "1-9 50010-60000 =50000" },
	{ "two long holes", "1-9 20010-20019 40020-50000 =40000" },
	{ "backwards", "1 4096-2 4097-20000 =0" },
	{ "backwards, with a hole", "1 4096-101 99-2 4097-20000 =1" },
	{ "after a jump, behind it", "1 5000-4000 5001-20000 =3998" },
	{ "a far jump is no hole", "1-9 2000000-2010000 =0" },
	{ "a jump and its return", "1-9 9999999999 10-5000 =0" },
	{ "boot anew", "900000-900100 1-30000 =0" },
	{ "boot anew, with a hole", "900000-900100 1-9 11-30000 =1" },
	{ "a very late one", "900000-900100 5 5 900101-910000 =0" },
	{ "two very late ones", "900000-900100 50000 5 900101-910000 =0" },
	{ "serial 0", "0-20000 =0" },
	{ "the greatest", "9999999999999999990-9999999999999999999 =0" },
	{ "the greatest, then the least", "9999999999999999999 1-9000 =0" },
	{ "a hole in a slow stream", "@1000 1-9 11 @2000 @3000 =0 @4000 =1" },
	{ "one that is late in it", "@1000 1-9 11 @3000 10 @4000 @5000 =0" },
	{ "the clock set forward", "@1000 1-9 11 @99000 =0 10 @100000 =0" },
	{ "… and a hole", "@1000 1-9 11 @99000 @100000 @101000 =1" },
	{ "the clock set back", "@99000 1-9 11 @1000 @2000 =0 10 @9000 =0" },
	{ "… and a hole", "@99000 1-9 11 @1000 @2000 @3000 =0 @4000 =1" },
	{ "long calls", "@60000 1-9 11 @1000 @9000 @10000 @11000 =0 10 =0" },
	{ "boot anew in time",
	  "@1000 900000 @2000 @3000 1-9 11 @4000 @5000 =0 @6000 =1" },
};

static void see_range(struct gaps *g, const char *step)
{
	char *rest;
	uint64_t from = strtoull(step, &rest, 10);
	uint64_t to = *rest == '-' ? strtoull(rest + 1, NULL, 10) : from;

	for (; from < to; from++)
		gaps_see(g, from);
	for (; from > to; from--)
		gaps_see(g, from);
	gaps_see(g, to);
}

START_TEST(test_stories)
{
	const char *step = stories[_i].steps;
	struct gaps g = { 0 };
	uint64_t missed;

	for (; step; step = strchr(step, ' ')) {
		step += *step == ' ';
		if (*step == '@')
			gaps_pass(&g, strtoull(step + 1, NULL, 10));
		else if (*step != '=')
			see_range(&g, step);
		if (*step != '=')
			continue;
		missed = gaps_take(&g);
		ck_assert_msg(missed == strtoull(step + 1, NULL, 10),
			      "%s: %llu missed, not %s", stories[_i].name,
			      (unsigned long long)missed, step + 1);
	}
}
END_TEST

/* All serials but some, each up to half a window out of place. */
START_TEST(test_random)
{
	enum { N = 100000, HALF = GAPS_WINDOW / 2 };
	unsigned int seed = (unsigned int)_i + 1, holes = 0, swap, t;
	static unsigned int serials[N];
	struct gaps g = { 0 };
	int i;

	for (i = 0; i < N; i++)
		serials[i] = 1000 + (unsigned int)i;
	for (i = 0; i + HALF < N; i += HALF) {
		for (int j = 1; j < HALF; j++) {
			seed = seed * 1103515245 + 12345;
			swap = (unsigned int)(i + 1) + (seed >> 8) % (HALF - 1);
			t = serials[i + j];
			serials[i + j] = serials[swap];
			serials[swap] = t;
		}
	}
	for (i = 0; i < N; i++) {
		seed = seed * 1103515245 + 12345;
		if (i && i < N - 2 * GAPS_WINDOW && (seed >> 8) % 100 == 0)
			holes++;
		else
			gaps_see(&g, serials[i]);
	}
	ck_assert_uint_eq(gaps_take(&g), holes);
}
END_TEST

/* At a pause or at the end, a hole is told without 4096 further serials. */
START_TEST(test_close)
{
	struct gaps g = { 0 };

	gaps_close(&g);
	gaps_see(&g, 7);
	gaps_see(&g, 8);
	gaps_see(&g, 11);
	ck_assert_uint_eq(gaps_take(&g), 0);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_take(&g), 2);
	gaps_see(&g, 9);
	gaps_see(&g, 12);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_take(&g), 0);
}
END_TEST

/*
 * Serials each nearly as far away as a hole may be: what was never there is not
 * walked through, or this would not come to its end.
 */
START_TEST(test_far)
{
	enum { N = 10000, FAR = 990000 };
	struct gaps g = { 0 };

	gaps_see(&g, 1);
	for (uint64_t i = 1; i <= N; i++)
		gaps_see(&g, 1 + i * FAR);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_take(&g), UINT64_C(1) * N * (FAR - 1));
}
END_TEST

/* Seen before a restart: only what is behind it can be missing. */
START_TEST(test_expect)
{
	struct gaps g = { 0 };

	ck_assert_uint_eq(gaps_done(&g), 0);
	gaps_expect(&g, 100);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_take(&g), 0);
	ck_assert_uint_eq(gaps_done(&g), 100);
	gaps_see(&g, 98);
	gaps_see(&g, 104);
	gaps_see(&g, 101);
	ck_assert_uint_eq(gaps_done(&g), 101);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_done(&g), 101);
	ck_assert_uint_eq(gaps_take(&g), 2);
	ck_assert_uint_eq(gaps_done(&g), 104);
	gaps_expect(&g, 104);
	gaps_see(&g, 105);
	gaps_close(&g);
	ck_assert_uint_eq(gaps_take(&g), 0);
}
END_TEST

static void count_lost(void *ctx, const struct change *c)
{
	uint64_t *lost = ctx;

	if (c->kind == CHANGE_LOST)
		*lost += c->lost;
}

/*
 * What auditd's queue had no room for began or ended within an event. Who has
 * the beginning knows of the event; who has the end knows nothing.
 */
static const struct {
	const char *name;
	const char *types;	/* of the records that came */
	uint64_t lost;
} parts[] = {
	{ "whole", "SYSCALL EXECVE CWD PATH PROCTITLE EOE", 0 },
	{ "whole, an LSM's word first", "AVC SYSCALL PROCTITLE EOE", 0 },
	{ "alone", "CONFIG_CHANGE", 0 },
	{ "the beginning", "SYSCALL EXECVE", 0 },
	{ "all but the beginning", "EXECVE CWD PATH PROCTITLE EOE", 1 },
	{ "the last of it", "EOE", 1 },
	{ "nothing", "", 1 },
};

START_TEST(test_parts)
{
	struct pipeline_options options = pipeline_defaults;
	struct pipeline *p;
	uint64_t lost = 0;
	char line[128], types[64];

	options.gaps = true;
	p = pipeline_new(&options, count_lost, &lost);
	strcpy(types, parts[_i].types);
	for (unsigned int serial = 7; serial < 10; serial++) {
		char *at = serial == 8 ? types : (char[]){ "SYSCALL EOE" };

		for (at = strtok(at, " "); at; at = strtok(NULL, " ")) {
			snprintf(line, sizeof(line),
				 "type=%s msg=audit(1.000:%u): \n", at, serial);
			pipeline_feed(p, line, strlen(line));
		}
	}
	pipeline_finish(p);
	ck_assert_msg(lost == parts[_i].lost, "%s: %ju lost", parts[_i].name,
		      (uintmax_t)lost);
	pipeline_free(p);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gaps");
	TCase *t = tcase_create("gaps");

	tcase_add_loop_test(t, test_stories, 0, COUNT(stories));
	tcase_add_loop_test(t, test_random, 0, 10);
	tcase_add_test(t, test_close);
	tcase_add_test(t, test_far);
	tcase_add_test(t, test_expect);
	tcase_add_loop_test(t, test_parts, 0, COUNT(parts));
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
