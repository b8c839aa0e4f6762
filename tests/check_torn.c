/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged streams: whatever is cut, lost, doubled or scrambled, nothing
 * reads where it may not, what facts come out keep their promises, and
 * the next event that is whole comes out whole.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "stream.h"

#define WHOLE                                                      \
	SYSCALL("2", EXECVE_64)                                    \
	REC("EXECVE", "2", "argc=2 a0=\"sh\" a1=\"-c\"")           \
	REC("CWD", "2", "cwd=\"/\"")                               \
	PROCTITLE("2")
#define WHOLE_FACT "EXEC#2 2[sh][-c] cwd=/" WHO

#define SERIAL " msg=audit(1795459341.346:299399): "

/* A recorded exec, without its line ends. */
static const char *const lines[] = {
	"type=SYSCALL" SERIAL "arch=c000003e syscall=59 success=yes exit=0"
	" a0=564d7a596d60 a1=564d7a597170 a2=564d7a592010 a3=6501b027fc7c874e"
	" items=2 ppid=28771 pid=28772 auid=4294967295 uid=0 gid=0 euid=0"
	" suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295"
	" comm=\"ctr\" exe=\"/usr/bin/ctr\" key=\"contree\"\x1d"
	"ARCH=x86_64 SYSCALL=execve AUID=\"unset\" UID=\"root\" GID=\"root\""
	" EUID=\"root\" SUID=\"root\"",
	"type=BPRM_FCAPS" SERIAL "fver=0 fp=0 fi=0 fe=0 frootid=0",
	"type=EXECVE" SERIAL "argc=4 a0=\"ctr\" a1=\"run\" a2=\"--rm\""
	" a3=6563686F2068693B",
	"type=CWD" SERIAL "cwd=\"/\"",
	"type=PATH" SERIAL "item=0 name=\"/usr/bin/ctr\" inode=10977310"
	" dev=fe:00 mode=0100755 nametype=NORMAL\x1dOUID=\"root\"",
	"type=PROCTITLE" SERIAL "proctitle=6374720072756E002D2D726D",
	("type=EOE" SERIAL),
};

#define LINES ((int)COUNT(lines))

#define RECORDED                                                        \
	"EXEC#299399 4[ctr][run][--rm][echo hi;] cwd=/ pid=28772"       \
	" ppid=28771 uid=0 gid=0 user=root comm=ctr exe=/usr/bin/ctr"   \
	" key=contree\n"

/* The facts of in; the last must be that of the whole event behind it. */
static const char *run(struct buf *out, struct buf *in, const char *what, int i,
		       size_t j)
{
	size_t len;

	buf_puts(in, "\n" WHOLE);
	stream_run(out, in->data, in->len, SIZE_MAX);
	len = strlen(out->data);
	ck_assert_msg(len >= strlen(WHOLE_FACT) &&
			      strstr(out->data, WHOLE_FACT),
		      "%s %d, %zu: %s", what, i, j, out->data);
	return out->data;
}

/* One line is cut; it may have lost its line end, too. */
START_TEST(test_cut)
{
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;
	size_t len = strlen(lines[_i]);

	for (size_t cut = 0; cut <= 2 * len + 1; cut++) {
		buf_clear(&in);
		for (int i = 0; i < LINES; i++) {
			buf_put(&in, lines[i],
				i == _i ? cut / 2 : strlen(lines[i]));
			if (i != _i || cut % 2)
				buf_putc(&in, '\n');
		}
		run(&out, &in, "cut", _i, cut);
		if (cut == 2 * len + 1)
			ck_assert_str_eq(out.data, RECORDED WHOLE_FACT);
	}
}
END_TEST

/* The stream begins, or stops, somewhere in the event. */
START_TEST(test_middle)
{
	_cleanup_buf_ struct buf all = BUF_INIT, in = BUF_INIT, out = BUF_INIT;

	for (int i = 0; i < LINES; i++)
		buf_printf(&all, "%s\n", lines[i]);
	for (size_t cut = 0; cut <= all.len; cut++) {
		buf_clear(&in);
		buf_put(&in, all.data + cut, all.len - cut);
		run(&out, &in, "begins", 0, cut);
		stream_run(&out, all.data, cut, SIZE_MAX);
	}
	ck_assert_str_eq(out.data, RECORDED);
}
END_TEST

/* Any of the lines are missing. */
START_TEST(test_missing)
{
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;

	for (int set = 0; set < 1 << LINES; set++) {
		buf_clear(&in);
		for (int i = 0; i < LINES; i++)
			if (set & 1 << i)
				buf_printf(&in, "%s\n", lines[i]);
		run(&out, &in, "set", set, 0);
		ck_assert_msg(!(set & 1) == !strstr(out.data, "EXEC#299399"),
			      "%d: %s", set, out.data);
	}
}
END_TEST

/* Two lines have changed places, or one has come again. */
START_TEST(test_order)
{
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;

	for (int other = 0; other < LINES; other++) {
		for (int twice = 0; twice < 2; twice++) {
			buf_clear(&in);
			for (int i = 0; i < LINES; i++)
				buf_printf(&in, "%s\n",
					   i == _i ? lines[other] :
					   i == other && !twice ? lines[_i] :
								  lines[i]);
			run(&out, &in, "swap", _i, (size_t)other);
		}
	}
}
END_TEST

/*
 * What audit 4.2.0 and 4.2.1 do to a stream in log_format=RAW: the last 16
 * bytes of each record are gone. Half an exe is none.
 */
START_TEST(test_tails)
{
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;

	for (int i = 0; i < LINES; i++) {
		size_t len = strcspn(lines[i], "\x1d");

		buf_put(&in, lines[i], len - 16);
		buf_putc(&in, '\n');
	}
	run(&out, &in, "tails", 0, 0);
	ck_assert_str_eq(out.data,
			 "EXEC#299399 4[ctr][run][--rm] pid=28772"
			 " ppid=28771 uid=0 gid=0 comm=ctr\n" WHOLE_FACT);
}
END_TEST

/* Recorded streams with random damage. */
static glob_t logs;

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static void damage(char *data, size_t len, unsigned int *seed)
{
	static const char bytes[] = "\0\n\x1d\" =[]0{}'\\x9:)";
	size_t at = next_random(seed) % len, n;

	switch (next_random(seed) % 4) {
	case 0:
		data[at] = bytes[next_random(seed) % sizeof(bytes)];
		break;
	case 1:
		data[at] = (char)next_random(seed);
		break;
	case 2:	/* a run comes again elsewhere */
		n = next_random(seed) % (len - at);
		n = n < 500 ? n : 500;
		memmove(data + next_random(seed) % (len - n), data + at, n);
		break;
	default: /* a number, and all behind it, is another */
		while (at < len && (data[at] < '0' || data[at] > '9'))
			at++;
		if (at < len)
			data[at] = (char)('0' + next_random(seed) % 10);
	}
}

#define SLICE 20000

START_TEST(test_damage)
{
	_cleanup_fclose_ FILE *file = fopen(logs.gl_pathv[_i], "re");
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;
	static char data[SLICE];
	unsigned int seed = (unsigned int)_i + 1;
	long size;

	ck_assert_ptr_nonnull(file);
	ck_assert(!fseek(file, 0, SEEK_END) && (size = ftell(file)) > SLICE);
	for (int round = 0; round < 60; round++) {
		ck_assert(!fseek(file,
				 (long)next_random(&seed) % (size - SLICE),
				 SEEK_SET));
		ck_assert_uint_eq(fread(data, 1, SLICE, file), SLICE);
		for (int i = 0; i < 1 << round % 12; i++)
			damage(data, SLICE, &seed);
		buf_clear(&in);
		buf_put(&in, data, SLICE);
		run(&out, &in, logs.gl_pathv[_i], round, 0);
	}
}
END_TEST

/* Recorded streams as they are: the same facts in pieces of any size. */
START_TEST(test_pieces)
{
	static const size_t pieces[] = { 1, 2, 3, 61, 4096, 65536 };
	_cleanup_fclose_ FILE *file = fopen(logs.gl_pathv[_i], "re");
	_cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;
	_cleanup_buf_ struct buf want = BUF_INIT;
	size_t n;

	ck_assert_ptr_nonnull(file);
	while ((n = fread(buf_reserve(&in, 65536), 1, 65536, file)))
		in.len += n;
	stream_run(&want, in.data, in.len, SIZE_MAX);
	ck_assert_uint_gt(want.len, 1000);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		stream_run(&out, in.data, in.len, pieces[i]);
		ck_assert_msg(!strcmp(want.data, out.data), "%s by %zu",
			      logs.gl_pathv[_i], pieces[i]);
	}
}
END_TEST

/* auparse loses a few bytes over a CWD record with two cwd= in it. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libauparse\n";
}

static Suite *suite(void)
{
	Suite *s = suite_create("torn");
	TCase *t = tcase_create("torn");

	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, test_cut, 0, LINES);
	tcase_add_test(t, test_middle);
	tcase_add_test(t, test_missing);
	tcase_add_loop_test(t, test_order, 0, LINES);
	tcase_add_test(t, test_tails);
	tcase_add_loop_test(t, test_damage, 0, (int)logs.gl_pathc);
	tcase_add_loop_test(t, test_pieces, 0, (int)logs.gl_pathc);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char pattern[4096];
	SRunner *runner;
	int failed;

	snprintf(pattern, sizeof(pattern), "%s/tests/captures/*/audit.log",
		 srcdir);
	if (glob(pattern, 0, NULL, &logs) || !logs.gl_pathc) {
		fprintf(stderr, "check_torn: no captures at %s\n", pattern);
		return EXIT_FAILURE;
	}
	runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&logs);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
