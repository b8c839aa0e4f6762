/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of an exec: quoted and in hex, split over records as the
 * kernel splits them, more of them than are kept, and records that are
 * not there. A writer that does what audit_log_execve_info() in
 * kernel/auditsc.c does makes the records; what comes back must be what
 * went in, as far as the bound goes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

#define MAX_RECORD 7500	/* MAX_EXECVE_AUDIT_LEN */

/* One exec whose EXECVE record says this. */
#define EXEC(text)                                                \
	SYSCALL("1", EXECVE_64) REC("EXECVE", "1", text) PROCTITLE("1")
#define MORE(text) "\ntype=EXECVE msg=audit(1700000000.100:1): " text

/* Macros in a row, without operators: the formatter cannot indent them. */
/* clang-format off */
static const struct {
	const char *name;
	const char *in;
	const char *fact;	/* after "EXEC#1", up to WHO */
	unsigned int truncated;
} records[] = {
	{ "one", EXEC("argc=1 a0=\"ls\""), " 1[ls]", 0 },
	{ "quoted and hex", EXEC("argc=3 a0=\"ls\" a1=6120 a2=\"-l\""),
	  " 3[ls][a ][-l]", 0 },
	{ "empty ones", EXEC("argc=4 a0=\"\" a1=\"\" a2=\"a\" a3=\"\""),
	  " 4[][][a][]", 0 },
	{ "more than ten",
	  EXEC("argc=12 a0=\"0\" a1=\"1\" a2=\"2\" a3=\"3\" a4=\"4\" a5=\"5\""
	       " a6=\"6\" a7=\"7\" a8=\"8\" a9=\"9\" a10=\"10\" a11=\"11\""),
	  " 12[0][1][2][3][4][5][6][7][8][9][10][11]", 0 },
	{ "what looks like fields",
	  EXEC("argc=3 a0=\"a0=\" a1=\"argc=9\" a2=\"a1=x\""),
	  " 3[a0=][argc=9][a1=x]", 0 },
	{ "what looks like a message",
	  EXEC("argc=3 a0=\"msg='x\" a1=\"msg=audit(1.1:1):\" a2=\"'\""),
	  " 3[msg='x][msg=audit(1.1:1):][']", 0 },
	{ "what auparse would strip",
	  EXEC("argc=5 a0=\"a,\" a1=\"a)\" a2=\"a:\" a3=\"{\" a4=\"}\""),
	  " 5[a,][a)][a:][{][}]", 0 },
	{ "two records", EXEC("argc=2 a0=\"a\"" MORE("a1=\"b\"")), " 2[a][b]",
	  0 },
	{ "with the kernel's two spaces",
	  EXEC("argc=2 a0=\"a\"" MORE(" a1=\"b\"")), " 2[a][b]", 0 },
	{ "one in pieces",
	  EXEC("argc=3 a0=\"a\" a1_len=4 a1[0]=\"b\" a1[1]=\"c\" a1[2]=6464"
	       " a2=\"e\""),
	  " 3[a][bcdd][e]", 0 },
	{ "pieces in records",
	  EXEC("argc=3 a0=\"a\"" MORE("a1_len=2 a1[0]=\"b\"") MORE("a1[1]=63")
	       MORE("a2=\"d\"")),
	  " 3[a][bc][d]", 0 },
	{ "two in pieces",
	  EXEC("argc=2 a0_len=2 a0[0]=\"a\" a0[1]=\"b\" a1_len=2 a1[0]=\"c\""
	       " a1[1]=\"d\""),
	  " 2[ab][cd]", 0 },
	{ "one piece", EXEC("argc=2 a0_len=1 a0[0]=\"a\" a1=\"b\""), " 2[a][b]",
	  0 },
	{ "more than ten pieces",
	  EXEC("argc=2 a0[0]=\"0\" a0[1]=\"1\" a0[2]=\"2\" a0[3]=\"3\""
	       " a0[4]=\"4\" a0[5]=\"5\" a0[6]=\"6\" a0[7]=\"7\" a0[8]=\"8\""
	       " a0[9]=\"9\" a0[10]=\"10\" a1=\"b\""),
	  " 2[012345678910][b]", 0 },
	{ "enriched behind it",
	  EXEC("argc=1 a0=\"a\"\x1d" "a1=\"b\""),
	  " 1[a]", 0 },
	/* what is missing */
	{ "no EXECVE", SYSCALL("1", EXECVE_64) PROCTITLE("1"), " 0", 0 },
	{ "no argument", EXEC("argc=0"), " 0", 0 },
	{ "nothing", EXEC(""), " 0", 0 },
	{ "no argc", EXEC("a0=\"a\" a1=\"b\""), " 2[a][b]", 0 },
	{ "argc too small", EXEC("argc=1 a0=\"a\" a1=\"b\""), " 2[a][b]", 0 },
	{ "argc huge", EXEC("argc=99999999999 a0=\"a\""), " 1[a]", 0 },
	{ "argc negative", EXEC("argc=-1 a0=\"a\""), " 1[a]", 0 },
	{ "the first", EXEC("argc=2 a1=\"b\""), " 2", 1 },
	{ "one between", EXEC("argc=3 a0=\"a\" a2=\"c\""), " 3[a]", 1 },
	{ "the last", EXEC("argc=3 a0=\"a\" a1=\"b\""), " 3[a][b]", 1 },
	{ "the first piece", EXEC("argc=3 a0=\"a\" a1[1]=\"c\" a2=\"d\""),
	  " 3[a]", 1 },
	{ "a piece between",
	  EXEC("argc=3 a0=\"a\" a1[0]=\"b\" a1[2]=\"d\" a2=\"e\""), " 3[a][b]",
	  1 },
	{ "the end of a record",
	  EXEC("argc=3 a0=\"a\" a1=\"b" MORE("a2=\"c\"")), " 3[a][b][c]", 0 },
	{ "one twice", EXEC("argc=2 a0=\"a\" a0=\"b\" a1=\"c\""), " 2[a]", 1 },
	{ "no number", EXEC("argc=2 a=\"a\" a[0]=\"a\" ax=\"a\" a0=\"a\""),
	  " 2[a]", 1 },
	{ "a huge number", EXEC("argc=2 a99999999999999999999=\"a\" a0=\"a\""),
	  " 2", 1 },
	{ "no string", EXEC("argc=2 a0=(null) a1=\"b\""), " 2[][b]", 0 },
};
/* clang-format on */

START_TEST(test_records)
{
	_cleanup_buf_ struct buf want = BUF_INIT;
	struct stream s;

	buf_printf(&want, "EXEC#1%s%s", records[_i].fact, WHO);
	buf_putc(&want, '\0');
	stream_open(&s);
	gate_feed(s.gate, records[_i].in, strlen(records[_i].in));
	ck_assert_msg(!strcmp(stream_text(&s), want.data), "%s:\n%snot\n%s",
		      records[_i].name, s.text.data, want.data);
	ck_assert_msg(s.metrics.args_truncated == records[_i].truncated,
		      "%s: truncated", records[_i].name);
	stream_close(&s);
}
END_TEST

/* The kernel's writer. */
struct writer {
	struct buf *out;
	size_t left;	/* in this record */
};

static void next_record(struct writer *w)
{
	buf_puts(w->out, "\ntype=EXECVE msg=audit(1700000000.100:1): ");
	w->left = MAX_RECORD;
}

static void write_piece(struct writer *w, const char *s, size_t len, bool hex)
{
	if (!hex) {
		buf_putc(w->out, '"');
		buf_put(w->out, s, len);
		buf_putc(w->out, '"');
		w->left -= len + 2;
		return;
	}
	for (size_t i = 0; i < len; i++)
		buf_printf(w->out, "%02X", (unsigned char)s[i]);
	w->left -= 2 * len;
}

static bool needs_hex(const char *s)
{
	for (; *s; s++)
		if (*s == '"' || (unsigned char)*s < 0x21 ||
		    (unsigned char)*s > 0x7e)
			return true;
	return false;
}

static void write_arg(struct writer *w, unsigned int arg, const char *s)
{
	size_t len = strlen(s), n;
	bool hex = needs_hex(s);
	unsigned int piece = 0;
	size_t full = hex ? 2 * len : len + 2;

	do {
		if (w->left < 60)
			next_record(w);
		if (piece || 50 + full > w->left) {
			if (!piece)
				buf_printf(w->out, " a%u_len=%zu", arg, len);
			buf_printf(w->out, " a%u[%u]=", arg, piece++);
		} else {
			buf_printf(w->out, " a%u=", arg);
		}
		w->left -= 50;
		n = hex ? w->left / 2 : w->left - 2;
		n = n < len ? n : len;
		write_piece(w, s, n, hex);
		s += n;
		len -= n;
	} while (len);
}

static void write_exec(struct buf *out, const char *args, unsigned int count)
{
	struct writer w = { out, MAX_RECORD };

	buf_puts(out, SYSCALL("1", EXECVE_64));
	buf_printf(out, "type=EXECVE msg=audit(1700000000.100:1): argc=%u",
		   count);
	w.left -= 20;
	for (unsigned int i = 0; i < count; i++, args += strlen(args) + 1)
		write_arg(&w, i, args);
	buf_puts(out, "\n" REC("CWD", "1", "cwd=\"/w\"") PROCTITLE("1"));
}

/* What went in, and what of it is kept. */
struct trip {
	struct buf args;
	unsigned int count;
	struct fact *fact;
	struct metrics metrics;
	struct assemble *assemble;
};

static void keep_fact(void *ctx, const struct fact *f)
{
	struct trip *t = ctx;

	t->fact = fact_copy(f);
}

static void pass_event(void *ctx, const struct gate_event *event)
{
	struct trip *t = ctx;

	assemble_event(t->assemble, event);
}

static void travel(struct trip *t, size_t args_bytes, size_t event_bytes)
{
	_cleanup_buf_ struct buf in = BUF_INIT;
	struct gate *gate = gate_new(&t->metrics, pass_event, t);

	write_exec(&in, t->args.data, t->count);
	t->assemble = assemble_new(&t->metrics, keep_fact, t);
	assemble_set_args_bytes(t->assemble, args_bytes);
	gate_set_event_bytes(gate, event_bytes);
	gate_feed(gate, in.data, in.len);
	gate_free(gate);
	assemble_free(t->assemble);
	ck_assert_ptr_nonnull(t->fact);
	check_fact(t->fact, args_bytes);
	ck_assert_uint_eq(t->fact->argc, t->count);
}

static void trip_free(struct trip *t)
{
	free(t->fact);
	buf_free(&t->args);
}

/* All of it, or as much as the bound allows: a beginning, well ended. */
static void check_trip(const struct trip *t, size_t args_bytes)
{
	const struct fact *f = t->fact;
	size_t same = f->args_bytes;

	if (t->args.len <= args_bytes) {
		ck_assert_uint_eq(f->args_bytes, t->args.len);
		ck_assert_uint_eq(f->args_count, t->count);
		ck_assert_uint_eq(t->metrics.args_truncated, 0);
	} else {
		/* No argument is empty because nothing of it found room. */
		ck_assert(f->args_bytes == args_bytes ||
			  f->args_bytes + 1 == args_bytes);
		ck_assert(same < 2 || f->args[same - 2] ||
			  !t->args.data[same - 1]);
		ck_assert_uint_eq(t->metrics.args_truncated, 1);
		same--;
	}
	ck_assert_msg(!memcmp(f->args, t->args.data, same), "other bytes");
	ck_assert_str_eq(f->cwd, "/w");
}

static void put_arg(struct trip *t, const char *s)
{
	buf_put(&t->args, s, strlen(s) + 1);
	t->count++;
}

static void put_long(struct trip *t, size_t len, char c)
{
	memset(buf_reserve(&t->args, len + 1), c, len);
	t->args.len += len;
	buf_putc(&t->args, '\0');
	t->count++;
}

/* Every bound: in, at and behind each end of an argument. */
START_TEST(test_bounds)
{
	for (size_t bound = 1; bound < 40; bound++) {
		struct trip t = { .count = 0 };

		put_arg(&t, "abc");
		put_arg(&t, "d e");
		put_arg(&t, "");
		put_arg(&t, "");
		put_arg(&t, "fghijkl");
		put_arg(&t, "m\n");
		put_arg(&t, "");
		travel(&t, bound, SIZE_MAX);
		check_trip(&t, bound);
		trip_free(&t);
	}
}
END_TEST

static const struct {
	size_t len;
	char c;
} longs[] = {
	{ 7000, 'a' },	{ 7400, 'a' },	{ 7500, 'a' },	 { 7501, 'a' },
	{ 15000, 'a' }, { 15001, 'a' }, { 100000, 'a' }, { 3700, ' ' },
	{ 3750, ' ' },	{ 7500, ' ' },	{ 20000, '"' },	 { 20000, '\xff' },
	{ 131071, 'a' }, { 131071, ' ' },
};

/* An argument of many records, with others round it. */
START_TEST(test_long)
{
	static const size_t bounds[] = { 1000, 16384, 1 << 20 };

	for (size_t i = 0; i < COUNT(bounds); i++) {
		struct trip t = { .count = 0 };

		put_arg(&t, "sh");
		put_long(&t, longs[_i].len, longs[_i].c);
		put_arg(&t, "x");
		put_long(&t, longs[_i].len, longs[_i].c);
		put_arg(&t, "y z");
		travel(&t, bounds[i], SIZE_MAX);
		check_trip(&t, bounds[i]);
		trip_free(&t);
	}
}
END_TEST

START_TEST(test_random)
{
	unsigned int seed = (unsigned int)_i + 1;

	for (int round = 0; round < 30; round++) {
		struct trip t = { .count = 0 };

		for (int i = 0; i < 40; i++) {
			seed = seed * 1103515245 + 12345;
			put_long(&t, (seed >> 8) % (i % 8 ? 50 : 9000),
				 (char)(1 + (seed >> 24) % 255));
		}
		travel(&t, 1 << 20, SIZE_MAX);
		check_trip(&t, 1 << 20);
		trip_free(&t);
	}
}
END_TEST

/*
 * The gate's bound as the pipeline sets it: whatever is left out, what is
 * kept is a beginning.
 */
START_TEST(test_many)
{
	static const char *const kinds[] = { "", "a", "b c", "--option=1" };
	static const size_t bounds[] = { 256, 16384, 1 << 21 };

	for (size_t i = 0; i < COUNT(bounds); i++) {
		struct trip t = { .count = 0 };

		while (t.count < 100000)
			put_arg(&t, kinds[_i]);
		travel(&t, bounds[i], 3 * bounds[i] + 64 * 1024);
		ck_assert_msg(!memcmp(t.fact->args, t.args.data,
				      t.fact->args_bytes - 1),
			      "other bytes");
		ck_assert_uint_gt(t.fact->args_count, 20);
		ck_assert_uint_eq(t.metrics.args_truncated,
				  t.fact->args_count < t.count);
		trip_free(&t);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("execve");
	TCase *t = tcase_create("execve");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, test_records, 0, COUNT(records));
	tcase_add_test(t, test_bounds);
	tcase_add_loop_test(t, test_long, 0, COUNT(longs));
	tcase_add_loop_test(t, test_random, 0, 5);
	tcase_add_loop_test(t, test_many, 0, 4);
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
