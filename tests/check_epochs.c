/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of day is set while CLOCK_MONOTONIC runs on: what stamps of
 * before and after stand for. All is in ms; the clock begins at T0, when
 * CLOCK_MONOTONIC is 0.
 */
#include <check.h>
#include <stdlib.h>

#include "epochs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define T0 INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

struct reading {
	int64_t mono; /* 0: no more */
	int64_t off; /* from how it began */
};

static const struct row {
	const char *name;
	struct reading readings[12];
	int64_t come; /* by the clock before the last reading; 0: nothing */
	int64_t stamp; /* from T0 */
	int64_t earliest, latest; /* from T0 */
} rows[] = {
	{ "no step", { { 1000, 0 } }, 0, 900, 900, 900 },
	{ "no step: how long ago", { { 1000, 0 } }, 0, -HOUR, -HOUR, -HOUR },
	{ "slewed", { { 1000, 0 }, { 2000, 5 } }, 0, 1500, 1500, 1500 },
	{ "forward: said before",
	  { { 1000, 0 }, { 2000, HOUR } },
	  0,
	  1500,
	  HOUR + 1500,
	  HOUR + 1500 },
	{ "forward: said after",
	  { { 1000, 0 }, { 2000, HOUR } },
	  0,
	  HOUR + 1900,
	  HOUR + 1900,
	  HOUR + 1900 },
	{ "forward: said long before",
	  { { 1000, 0 }, { 2000, HOUR } },
	  0,
	  -5000,
	  HOUR - 5000,
	  HOUR - 5000 },
	{ "forward: in between was no time",
	  { { 1000, 0 }, { 2000, HOUR } },
	  0,
	  HOUR / 2,
	  HOUR / 2,
	  HOUR / 2 },
	{ "forward: a minute ago",
	  { { 1000, 0 }, { 2000, HOUR }, { 62001, HOUR } },
	  0,
	  1500,
	  1500,
	  1500 },
	{ "back: said before",
	  { { 1000, 0 }, { 2000, -HOUR } },
	  0,
	  1500,
	  -HOUR + 1500,
	  -HOUR + 1500 },
	{ "back: said after",
	  { { 1000, 0 }, { 2000, -HOUR } },
	  0,
	  -HOUR + 1500,
	  -HOUR + 1500 - HOUR,
	  -HOUR + 1500 },
	{ "a little back: said before it, or after",
	  { { 1000, 0 }, { 1010, -300 }, { 2000, -300 } },
	  0,
	  900,
	  600,
	  900 },
	{ "a little back: said before it for sure",
	  { { 1000, 0 }, { 1010, -300 }, { 1100, -300 } },
	  0,
	  900,
	  600,
	  600 },
	{ "a little back: said after it for sure",
	  { { 1000, 0 }, { 1010, -300 }, { 2000, -300 } },
	  0,
	  1100,
	  1100,
	  1100 },
	{ "twice: in the first epoch",
	  { { 1000, 0 }, { 2000, HOUR }, { 3000, HOUR - 7000 } },
	  0,
	  1500,
	  HOUR - 7000 + 1500,
	  HOUR - 7000 + 1500 },
	{ "twice: in the second",
	  { { 1000, 0 }, { 2000, HOUR }, { 3000, HOUR - 7000 } },
	  0,
	  HOUR + 2500,
	  HOUR - 7000 + 2500,
	  HOUR - 7000 + 2500 },
	{ "twice: in the third",
	  { { 1000, 0 },
	    { 2000, HOUR },
	    { 3000, HOUR - 7000 },
	    { 4000, HOUR - 7000 } },
	  0,
	  HOUR - 7000 + 3500,
	  HOUR - 7000 + 3500,
	  HOUR - 7000 + 3500 },
	/* of nine steps the first, by 1000, is not added any more */
	{ "ever again: the oldest is forgotten",
	  { { 1000, 0 },
	    { 2000, 1000 },
	    { 3000, 2000 },
	    { 4000, 3000 },
	    { 5000, 4000 },
	    { 6000, 5000 },
	    { 7000, 6000 },
	    { 8000, 7000 },
	    { 9000, 8000 },
	    { 10000, 9000 } },
	  0,
	  1900,
	  1900 + 8000,
	  1900 + 8000 },
	{ "back: an hour ago is too long ago",
	  { { 1000, 0 }, { 2000, -HOUR } },
	  900,
	  -HOUR + 1500,
	  -HOUR + 1500,
	  -HOUR + 1500 },
	{ "back by a little more than a call takes",
	  { { 1000, 0 }, { 1100, -1500 }, { 3000, -1500 } },
	  2000,
	  500,
	  500,
	  500 },
	{ "late is who cannot be of now",
	  { { 1000, 0 }, { 9000, 1500 } },
	  8000,
	  100,
	  1600,
	  1600 },
	{ "what lies ahead is no time", { { 1000, 0 } }, 0, 2000, -T0, 1000 },
};

static struct epochs read_all(const struct reading *readings, int64_t come)
{
	struct epochs e = { 0 };
	int64_t off = 0, step;

	for (const struct reading *r = readings; r->mono; r++) {
		if (come && !r[1].mono)
			epochs_come(&e, (uint64_t)(T0 + off + come));
		step = epochs_read(&e, (uint64_t)r->mono * 1000000,
				   (uint64_t)(T0 + r->off) * 1000000);
		ck_assert_int_eq(step,
				 llabs(r->off - off) > 10 ? r->off - off : 0);
		off = r->off;
	}
	return e;
}

START_TEST(test_stamps)
{
	const struct row *row = &rows[_i];
	struct epochs e = read_all(row->readings, row->come);
	uint64_t stamp = (uint64_t)(T0 + row->stamp);

	ck_assert_msg((int64_t)epochs_earliest(&e, stamp) == T0 + row->earliest,
		      "%s: earliest %lld", row->name,
		      (long long)epochs_earliest(&e, stamp) - T0);
	ck_assert_msg((int64_t)epochs_latest(&e, stamp) == T0 + row->latest,
		      "%s: latest %lld", row->name,
		      (long long)epochs_latest(&e, stamp) - T0);
}
END_TEST

/* Where nobody reads clocks, as in a replay, a stamp is what it says. */
START_TEST(test_unread)
{
	struct epochs e = { 0 };

	ck_assert_uint_eq(epochs_earliest(&e, 77), 77);
	ck_assert_uint_eq(epochs_latest(&e, 77), 77);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("epochs");
	TCase *tcase = tcase_create("epochs");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_stamps, 0, (int)COUNT(rows));
	tcase_add_test(tcase, test_unread);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
