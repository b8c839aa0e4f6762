/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small parts all else stands on: buf, err, lines, the copy of a fact, and
 * when the core looks around.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "err.h"
#include "fact.h"
#include "intake.h"
#include "lines.h"
#include "looks.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void check_text(const struct buf *b, const char *text)
{
	ck_assert_msg(b->len == strlen(text) && !memcmp(b->data, text, b->len),
		      "%.*s, not %s", (int)b->len, b->data, text);
}

START_TEST(test_buf_grows)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < 100000; i++)
		buf_putc(&b, (char)i);
	ck_assert_uint_eq(b.len, 100000);
	ck_assert(b.size < 4 * b.len);
	for (i = 0; i < b.len; i++)
		ck_assert_int_eq(b.data[i], (char)i);
	buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
	ck_assert(!b.data && !b.size);
	buf_puts(&b, "again");
	check_text(&b, "again");
}
END_TEST

START_TEST(test_buf_reserve)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_put(&b, NULL, 0);
	ck_assert_ptr_null(b.data);
	buf_puts(&b, "ab");
	memset(buf_reserve(&b, 5000), 'x', 5000);
	check_text(&b, "ab");
	ck_assert_ptr_eq(buf_reserve(&b, 0), b.data + 2);
}
END_TEST

static const size_t too_much[] = {
	SIZE_MAX,
	SIZE_MAX - 1,
	SIZE_MAX / 2 + 2,
	SIZE_MAX / 2,
};

START_TEST(test_buf_too_much)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, "ab");
	buf_reserve(&b, too_much[_i]);
}
END_TEST

static const struct {
	int64_t n;
	const char *text;
} numbers[] = {
	{ 0, "0" },
	{ 7, "7" },
	{ 10, "10" },
	{ -1, "-1" },
	{ INT64_MAX, "9223372036854775807" },
	{ INT64_MIN, "-9223372036854775808" },
};

START_TEST(test_buf_numbers)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_puti(&b, numbers[_i].n);
	check_text(&b, numbers[_i].text);
	if (numbers[_i].n < 0)
		return;
	buf_clear(&b);
	buf_putu(&b, (uint64_t)numbers[_i].n);
	check_text(&b, numbers[_i].text);
}
END_TEST

START_TEST(test_buf_greatest)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_putu(&b, UINT64_MAX);
	check_text(&b, "18446744073709551615");
}
END_TEST

START_TEST(test_buf_printf)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	buf_printf(&b, "%s", "");
	ck_assert_uint_eq(b.len, 0);
	buf_printf(&b, "%d %s", 1, "a");
	buf_printf(&b, "%c", 0);
	ck_assert_uint_eq(b.len, 4);
	buf_printf(&b, "%s", text);
	ck_assert_uint_eq(b.len, 1004);
	ck_assert(!memcmp(b.data, "1 a\0x", 5) && b.data[1003] == 'x');
}
END_TEST

START_TEST(test_err)
{
	struct err err = { 0, "" };

	ck_assert_int_eq(err_set(&err, 0, "%s is wrong", "it"), -1);
	ck_assert_str_eq(err.text, "it is wrong");
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(err_set(&err, ENOENT, "%s", "/x"), -1);
	ck_assert_str_eq(err.text, "/x: No such file or directory");
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_int_eq(err_wrap(&err, "line %d", 7), -1);
	ck_assert_str_eq(err.text, "line 7: /x: No such file or directory");
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_int_eq(err_set(NULL, EIO, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "x"), -1);
}
END_TEST

/* Text that does not fit is cut, never more. */
START_TEST(test_err_long)
{
	struct err err = { 0, "" };
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	err_set(&err, EIO, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "short");
	ck_assert(!strncmp(err.text, "short: x", 8));
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

static const struct fact facts[] = {
	{ .node = "" },
	{ .node = "n", .pid = 7, .user = "u", .comm = "c", .exe = "e" },
	{ .node = "",
	  .key = "k",
	  .cwd = "/",
	  .record = "AVC",
	  .syscall = "read" },
	{ .node = "", .comm = "", .exe = "", .key = "", .user = "" },
	{ .node = "n", .args = "", .args_bytes = 0 },
	{ .node = "n",
	  .args = "a\0\0bc",
	  .args_bytes = 6,
	  .args_count = 3,
	  .argc = 9,
	  .cwd = "/tmp" },
};

static void check_string(const char *copy, const char *s)
{
	if (!s) {
		ck_assert_ptr_null(copy);
		return;
	}
	ck_assert(copy != s);
	ck_assert_str_eq(copy, s);
}

START_TEST(test_fact_copy)
{
	const struct fact *f = &facts[_i];
	_cleanup_free_ struct fact *copy = fact_copy(f);

	check_string(copy->node, f->node);
	check_string(copy->user, f->user);
	check_string(copy->comm, f->comm);
	check_string(copy->exe, f->exe);
	check_string(copy->key, f->key);
	check_string(copy->cwd, f->cwd);
	check_string(copy->record, f->record);
	check_string(copy->syscall, f->syscall);
	ck_assert_int_eq(copy->pid, f->pid);
	ck_assert_uint_eq(copy->argc, f->argc);
	ck_assert_uint_eq(copy->args_count, f->args_count);
	ck_assert_uint_eq(copy->args_bytes, f->args_bytes);
	ck_assert(!f->args == !copy->args);
	ck_assert(!f->args || (copy->args != f->args &&
			       !memcmp(copy->args, f->args, f->args_bytes)));
}
END_TEST

/* What of text fits into room. */
static const struct {
	const char *text;
	uint64_t room, lines;
	size_t within;
} line_cases[] = {
	{ "", 0, 0, 0 },	 { "a\n", 2, 1, 2 },
	{ "a\nbc\n", 5, 2, 5 }, { "a\nbc\n", 4, 2, 2 },
	{ "a\nbc\n", 2, 2, 2 }, { "abc\nd\n", 2, 2, 4 },
	{ "abc\nd\n", 0, 2, 4 }, { "\n\n", 1, 2, 1 },
	{ "abc", 2, 1, 3 },	 { "a\nb", 9, 2, 3 },
};

START_TEST(test_lines)
{
	const char *text = line_cases[_i].text;
	size_t len = strlen(text);

	ck_assert_uint_eq(lines_count(text, len), line_cases[_i].lines);
	ck_assert_uint_eq(lines_within(text, len, line_cases[_i].room),
			  line_cases[_i].within);
}
END_TEST

/* How many looks that find something follow each other at now_ms. */
static unsigned int count_looks(struct looks *l, uint64_t now_ms,
				uint64_t vouched)
{
	unsigned int n = 0;

	for (; looks_due(l, now_ms) && n < 1000; n++)
		looks_found(l, now_ms, vouched);
	return n;
}

/*
 * So many at once after a pause, and later each in its time: seldom where the
 * shims' own records vouch for their children, often where nothing has done so
 * for a minute.
 */
START_TEST(test_looks)
{
	struct looks l = { 0 };
	uint64_t now_ms = 1000000;

	ck_assert_uint_eq(count_looks(&l, now_ms, 1), 129);
	ck_assert_uint_eq(count_looks(&l, now_ms, 1), 0);
	ck_assert_uint_eq(count_looks(&l, now_ms + INTAKE_LULL_MS, 1), 0);
	now_ms += 54;
	ck_assert_uint_eq(count_looks(&l, now_ms, 1), 1);
	ck_assert_uint_eq(count_looks(&l, now_ms + 54 * 10, 1), 10);
	now_ms += 60000 + 54;
	ck_assert_uint_eq(count_looks(&l, now_ms, 1), 129);
	ck_assert_uint_eq(count_looks(&l, now_ms + 16, 1), 1);
	ck_assert_uint_eq(count_looks(&l, now_ms + 32, 2), 1);
	ck_assert_uint_eq(count_looks(&l, now_ms + 48, 2), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("basics");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, test_buf_grows);
	tcase_add_test(t, test_buf_reserve);
	tcase_add_loop_test_raise_signal(t, test_buf_too_much, SIGABRT, 0,
					 COUNT(too_much));
	tcase_add_loop_test(t, test_buf_numbers, 0, COUNT(numbers));
	tcase_add_test(t, test_buf_greatest);
	tcase_add_test(t, test_buf_printf);
	suite_add_tcase(s, t);
	t = tcase_create("err");
	tcase_add_test(t, test_err);
	tcase_add_test(t, test_err_long);
	suite_add_tcase(s, t);
	t = tcase_create("lines");
	tcase_add_loop_test(t, test_lines, 0, COUNT(line_cases));
	suite_add_tcase(s, t);
	t = tcase_create("looks");
	tcase_add_test(t, test_looks);
	suite_add_tcase(s, t);
	t = tcase_create("fact");
	tcase_add_loop_test(t, test_fact_copy, 0, COUNT(facts));
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
