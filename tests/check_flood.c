/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of records that nobody means well with: arguments without number,
 * lines without end, serials and clocks that jump. What is dropped is counted
 * by name, memory stays bounded, and what is told of a recorded session that
 * comes after is, line by line, what is told of it alone.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cleanup.h"
#include "pipeline.h"
#include "sinks.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BASE 1795459000 /* seconds; the recording is of some minutes later */
#define SERIAL 299000	/* its serials begin at 300734 */

enum { FLOOD_PID = 7002 };	/* as in IDS */

static struct buf session;

static void setup(void)
{
	char path[512];
	const char *srcdir = getenv("srcdir");
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/tests/captures/enter/audit.log",
		 srcdir ? srcdir : ".");
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	do {
		n = fread(buf_reserve(&session, 65536), 1, 65536, f);
		session.len += n;
	} while (n);
	fclose(f);
}

static void teardown(void)
{
	buf_free(&session);
}

/* --- a stream, and what is said of it */

struct told {
	struct pipeline *p;
	struct buf text;	/* but for losses, and the flood's own lines */
	uint64_t lost;
};

static void on_change(void *ctx, const struct change *c)
{
	struct told *told = ctx;

	if (c->kind == CHANGE_LOST)
		told->lost += c->lost;
	else if (!c->proc || c->proc->pid != FLOOD_PID)
		render_json(&told->text, c);
}

static void begin(struct told *told)
{
	struct pipeline_options options = pipeline_defaults;

	options.gaps = true;
	*told = (struct told){ 0 };
	told->p = pipeline_new(&options, on_change, told);
}

static void end(struct told *told)
{
	pipeline_free(told->p);
	buf_free(&told->text);
}

static void feed(struct told *told, const struct buf *stream)
{
	pipeline_feed(told->p, stream->data, stream->len);
}

static void put_record(struct buf *out, const char *type, uint64_t sec,
		       uint64_t serial, const char *text)
{
	buf_printf(out, "type=%s msg=audit(%ju.100:%ju): %s\n", type,
		   (uintmax_t)sec, (uintmax_t)serial, text);
}

#define IDS                                                                \
	" a1=0 a2=0 a3=0 items=0 ppid=7001 pid=7002 auid=4294967295 uid=0" \
	" gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none)"    \
	" ses=4294967295 comm=\"true\" exe=\"/usr/bin/containerd\" key=\"c\""
#define EXECVE "arch=c000003e syscall=59 success=yes exit=0 a0=1" IDS
#define EXIT "arch=c000003e syscall=231 a0=0" IDS

static void put_exit(struct buf *out, uint64_t sec, uint64_t serial)
{
	put_record(out, "SYSCALL", sec, serial, EXIT);
	put_record(out, "EOE", sec, serial, "");
}

/* --- floods */

/* As audit_log_execve_info() in the kernel parts them, in many records */
static void flood_args(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT, args = BUF_INIT;

	put_record(&out, "SYSCALL", BASE, SERIAL, EXECVE);
	buf_puts(&args, "argc=100000");
	for (int i = 0; i < 100000; i++) {
		buf_printf(&args, "%sa%d=\"x\"", args.len ? " " : "", i);
		if (args.len < 7400 && i < 99999)
			continue;
		buf_putc(&args, '\0');
		put_record(&out, "EXECVE", BASE, SERIAL, args.data);
		buf_clear(&args);
	}
	put_record(&out, "EOE", BASE, SERIAL, "");
	put_exit(&out, BASE, SERIAL + 1);
	feed(told, &out);
}

static void check_args(const struct metrics *m)
{
	ck_assert_uint_eq(m->args_truncated, 1);
}

/* 2 MB in one argument, a piece of it a record */
static void flood_argv(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT, piece = BUF_INIT;

	put_record(&out, "SYSCALL", BASE, SERIAL, EXECVE);
	for (int i = 0; i < 280; i++) {
		buf_clear(&piece);
		buf_printf(&piece,
			   "%sa0[%d]=", i ? "" : "argc=1 a0_len=2100000 ", i);
		memset(buf_reserve(&piece, 7500), 'A', 7500);
		piece.len += 7500;
		buf_putc(&piece, '\0');
		put_record(&out, "EXECVE", BASE, SERIAL, piece.data);
	}
	put_record(&out, "EOE", BASE, SERIAL, "");
	put_exit(&out, BASE, SERIAL + 1);
	feed(told, &out);
}

/* 256 MiB of one line; then its end */
static void flood_endless(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	put_record(&out, "SYSCALL", BASE, SERIAL, EXECVE);
	out.len--;	/* the newline */
	feed(told, &out);
	buf_clear(&out);
	memset(buf_reserve(&out, 1 << 20), 'x', 1 << 20);
	out.len = 1 << 20;
	for (int i = 0; i < 256; i++)
		feed(told, &out);
	pipeline_feed(told->p, "\n", 1);
	buf_clear(&out);
	put_exit(&out, BASE, SERIAL + 1);
	feed(told, &out);
}

static void check_endless(const struct metrics *m)
{
	ck_assert_uint_eq(m->lines_truncated, 1);
}

/* Events that nobody ends, each a megabyte of records */
static void flood_open(struct told *told)
{
	for (uint64_t event = 0; event < 1000; event++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		char arg[8000];

		memset(arg, 'A', sizeof(arg) - 1);
		arg[sizeof(arg) - 1] = '\0';
		memcpy(arg, "argc=1 a0=", 10);
		put_record(&out, "SYSCALL", BASE, SERIAL + event, EXECVE);
		for (int i = 0; i < 125; i++)
			put_record(&out, "EXECVE", BASE, SERIAL + event, arg);
		feed(told, &out);
	}
}

static void check_open(const struct metrics *m)
{
	/* All but as many as the gate holds open */
	ck_assert_uint_ge(m->events_evicted, 1000 - 128);
}

/* Forth by nearly a million and back, 20,000 times; 50 by one and back */
static void flood_serials(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (uint64_t i = 0; i < 20000; i++) {
		put_exit(&out, BASE, 1000 + i * 990000);
		put_exit(&out, BASE, 1000 + i * 49);
		put_exit(&out, BASE, 1000 + i * 49 - i % 50);
	}
	feed(told, &out);
}

static void check_serials(const struct metrics *m)
{
	ck_assert_uint_ge(m->serial_gaps, UINT64_C(19000) * 989000);
}

/* An hour ahead of the session that follows: the clock is set back. */
static void flood_ahead(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (uint64_t i = 0; i < 1000; i++)
		put_exit(&out, BASE + 4000 + i / 100, SERIAL + i);
	feed(told, &out);
}

static void check_ahead(const struct metrics *m)
{
	ck_assert_uint_ge(m->clock_steps, 1);
}

/* Back and forth by an hour with each record */
static void flood_clock(struct told *told)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (uint64_t i = 0; i < 20000; i++)
		put_exit(&out, BASE - (i % 2 ? 3600 : 0), SERIAL - 20000 + i);
	feed(told, &out);
}

static void check_nothing(const struct metrics *m)
{
	(void)m;
}

static const struct {
	const char *name;
	void (*flood)(struct told *told);
	void (*check)(const struct metrics *m);
} floods[] = {
	{ "100,000 arguments", flood_args, check_args },
	{ "2 MB in an argument", flood_argv, check_args },
	{ "a line without end", flood_endless, check_endless },
	{ "1000 events without end", flood_open, check_open },
	{ "serials that jump", flood_serials, check_serials },
	{ "a clock set back an hour", flood_ahead, check_ahead },
	{ "a clock of two minds", flood_clock, check_nothing },
};

/* --- the same as without */

static long rss_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void tell_session(struct told *told)
{
	feed(told, &session);
	pipeline_finish(told->p);
}

/* Where two texts part, for people */
static void check_same(const struct buf *got, const struct buf *want,
		       const char *what)
{
	size_t i = 0, line = 0;

	while (i < got->len && i < want->len && got->data[i] == want->data[i]) {
		i++;
		if (got->data[i - 1] == '\n')
			line = i;
	}
	ck_assert_msg(i == got->len && i == want->len,
		      "%s: then\n%.*s\nis told, not\n%.*s", what,
		      (int)(got->len - line < 600 ? got->len - line : 600),
		      got->data + line,
		      (int)(want->len - line < 600 ? want->len - line : 600),
		      want->data + line);
}

START_TEST(test_flood)
{
	const char *name = floods[_i].name;
	_cleanup_buf_ struct buf want = BUF_INIT;
	struct told told;
	long before;

	begin(&told);
	tell_session(&told);
	buf_put(&want, told.text.data, told.text.len);
	end(&told);
	before = rss_kib();
	begin(&told);
	floods[_i].flood(&told);
	printf("%s: RSS %ld KiB before, %ld KiB at most\n", name, before,
	       rss_kib());
	buf_clear(&told.text);
	tell_session(&told);
	floods[_i].check(pipeline_metrics(told.p));
	check_same(&told.text, &want, name);
	end(&told);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("flood");
	TCase *t = tcase_create("flood");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_flood, 0, COUNT(floods));
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
