/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left out of a SYSCALL record before auparse sees it, and what
 * never is, however torn or strange the record.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "trim.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define HEAD "type=SYSCALL msg=audit(1700000000.100:7): "
#define CALL "arch=c000003e syscall=59 success=yes exit=0 a0=1f "
#define WHO "ppid=7 pid=8 auid=1000 "
#define WHAT "ses=3 comm=\"sh\" exe=\"/bin/sh\" key=\"k\""
#define ALL                                                                 \
	HEAD CALL "a1=2 a2=3 a3=4 items=2 " WHO "uid=1 gid=2 euid=3 suid=4" \
		  " fsuid=5 egid=6 sgid=7 fsgid=8 tty=pts0 " WHAT
#define LEFT HEAD CALL WHO "euid=3 egid=6 " WHAT

static const struct {
	const char *name, *in, *out;
} lines[] = {
	{ "all", ALL, LEFT },
	{ "with a node", "node=a1=b " ALL, "node=a1=b " LEFT },
	{ "ENRICHED",
	  ALL "\x1d"
	      "ARCH=x86_64 SYSCALL=execve AUID=\"u\" UID=\"v\" EUID=\"w\" "
	      "SUID=\"x\"",
	  LEFT "\x1d"
	       "EUID=\"w\"" },
	{ "ENRICHED, first",
	  ALL "\x1d"
	      "EUID=\"w\" UID=\"v\"",
	  LEFT "\x1d"
	       "EUID=\"w\"" },
	{ "ENRICHED, without quotes",
	  ALL "\x1d"
	      "EUID=unknown(3) UID=\"v\"",
	  LEFT "\x1d"
	       "EUID=unknown(3)" },
	{ "ENRICHED, a space",
	  ALL "\x1d"
	      "EUID=\"a b\" UID=\"v\"",
	  LEFT "\x1d"
	       "EUID=\"a b\"" },
	{ "ENRICHED, torn",
	  ALL "\x1d"
	      "ARCH=x86_64 EUID=\"a",
	  LEFT "\x1d"
	       "EUID=\"a" },
	{ "ENRICHED, torn at the value",
	  ALL "\x1d"
	      "ARCH=x86_64 EUID=",
	  LEFT },
	{ "ENRICHED, torn at the name",
	  ALL "\x1d"
	      "ARCH=x86_64 EUI",
	  LEFT },
	{ "ENRICHED, nobody",
	  ALL "\x1d"
	      "ARCH=x86_64 SUID=\"x\"",
	  LEFT },
	{ "ENRICHED, empty", ALL "\x1d", LEFT },
	{ "a name that only ends so",
	  HEAD "a1=1 xa2=1 a2=1 a3=1 items=1 xuid=1 auid=1 uid=1 euid=1",
	  HEAD "xa2=1 xuid=1 auid=1 euid=1" },
	{ "another order", HEAD "tty=x pid=1 a1=2 uid=3 ppid=4",
	  HEAD "tty=x pid=1 uid=3 ppid=4" },
	{ "torn within a name", HEAD CALL "a1=2 a2", HEAD CALL "a2" },
	{ "torn within a value", HEAD CALL "a1=2 a2=", HEAD CALL },
	{ "nothing of a call", HEAD, HEAD },
	{ "only a type", "type=SYSCALL", "type=SYSCALL" },
	{ "nothing", "", "" },
};

START_TEST(test_lines)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t len = strlen(lines[_i].in);
	/* so that a sanitizer sees whoever reads on */
	char *in = malloc(len);

	ck_assert(in || !len);
	if (len)
		memcpy(in, lines[_i].in, len);
	buf_puts(&out, "before ");
	trim_syscall(&out, in ? in : "", len);
	buf_putc(&out, '\0');
	ck_assert_msg(!strncmp(out.data, "before ", 7) &&
			      !strcmp(out.data + 7, lines[_i].out),
		      "%s: %s", lines[_i].name, out.data);
	free(in);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trim");
	TCase *t = tcase_create("trim");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, test_lines, 0, COUNT(lines));
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
