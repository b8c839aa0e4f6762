/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What auditd calls this host, by its configuration: which records are ours. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define GATHERS "tcp_listen_port = 60\n"
#define NOWHERE "\001" /* there is no such file */
#define SELF "\002" /* this host, by uname */
#define SELF_FQD "\003" /* with a domain */
#define SELF_NOT "\004" /* with more to it */

static const struct {
	const char *name, *conf;
	const char *known; /* by the state, or NULL */
	const char *node; /* of a record */
	bool ours;
	const char *guess; /* before it, or NULL */
} rows[] = {
	{ "alone, no name", "name_format = NONE\n", NULL, "", true, "" },
	{ "alone, no name said", "log_format = RAW\n", NULL, "", true, "" },
	{ "alone, a name nobody expects", "name_format = none\n", NULL,
	  "elsewhere", true, "" },
	{ "alone, by its own name", "name_format=hostname\n", NULL, SELF, true,
	  SELF },
	{ "alone, by a name that was chosen",
	  "name_format = user\nname = web-1\n", NULL, "web-1", true, "web-1" },
	{ "alone, with a domain", "name_format = FQD\n", NULL, SELF_FQD, true,
	  NULL },
	{ "alone, no file", NOWHERE, NULL, "elsewhere", true, NULL },
	{ "no file, but a state", NOWHERE, "web-1", "web-1", true, "web-1" },
	{ "a domain, and a state", "name_format = fqd\n", "web-1.example",
	  "web-1.example", true, "web-1.example" },
	{ "the file was changed since", "name_format = hostname\n", "web-1",
	  "web-1", true, NULL },
	{ "and the state agrees", "name_format = user\nname = a\n", "a", "a",
	  true, "a" },
	{ "gathers, no name", GATHERS "name_format = none\n", NULL, "", true,
	  "" },
	{ "gathers, no name: another's", GATHERS "name_format = none\n", NULL,
	  "elsewhere", false, "" },
	{ "gathers, by its name", GATHERS "name_format = hostname\n", NULL,
	  SELF, true, SELF },
	{ "gathers: another's", GATHERS "name_format = hostname\n", NULL,
	  "elsewhere", false, SELF },
	{ "gathers: a nameless one's", GATHERS "name_format = hostname\n", NULL,
	  "", false, SELF },
	{ "gathers: begins like ours", GATHERS "name_format = hostname\n", NULL,
	  SELF_NOT, false, SELF },
	{ "gathers, with a domain", GATHERS "name_format = fqd\n", NULL,
	  SELF_FQD, true, NULL },
	{ "gathers, by its address", GATHERS "name_format = numeric\n", NULL,
	  "127.0.0.1", true, NULL },
	{ "gathers: another's address", GATHERS "name_format = numeric\n", NULL,
	  "192.0.2.77", false, NULL },
	{ "gathers, by a name that was chosen",
	  GATHERS "name_format = user\nname = web-1\n", NULL, "web-1", true,
	  "web-1" },
	{ "gathers, another's", GATHERS "name_format = user\nname = web-1\n",
	  NULL, "web-2", false, "web-1" },
	{ "gathers, and a name that nobody chose",
	  GATHERS "name_format = user\n", NULL, "web-1", false, NULL },
	{ "gathers, as the state had it",
	  GATHERS "name_format = user\nname = web-2\n", "web-1", "web-1", true,
	  NULL },
	{ "commented out", "#tcp_listen_port = 60\n# name_format = user\n",
	  NULL, "elsewhere", true, "" },
	{ "oddly written",
	  "\n = \nname\n\tname_format\t=  USER # so\nname=\nname=x y\n" GATHERS,
	  NULL, "x", true, "x" },
};

static const char *name_of(const char *s)
{
	static char text[sizeof(((struct utsname *)NULL)->nodename) + 16];
	struct utsname names;

	if (!s || *s < *SELF || *s > *SELF_NOT)
		return s;
	ck_assert(!uname(&names));
	snprintf(text, sizeof(text), "%s%s", names.nodename,
		 *s == *SELF_FQD ? ".example.org" :
		 *s == *SELF_NOT ? "x" :
				   "");
	return text;
}

START_TEST(test_rows)
{
	char path[] = "/tmp/check_host.XXXXXX";
	int fd = mkstemp(path);
	struct rlimit limit;
	const char *guess;
	struct host *h;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, rows[_i].conf, strlen(rows[_i].conf)),
			 strlen(rows[_i].conf));
	close(fd);
	h = host_new(*rows[_i].conf == *NOWHERE ? "/nowhere/at/all" : path);
	unlink(path);
	/* It is asked where no socket is to be had. */
	ck_assert(!getrlimit(RLIMIT_NOFILE, &limit));
	ck_assert(!setrlimit(RLIMIT_NOFILE,
			     &(struct rlimit){ 0, limit.rlim_max }));
	ck_assert_msg(host_is(h, name_of(rows[_i].node), rows[_i].known) ==
			      rows[_i].ours,
		      "%s", rows[_i].name);
	ck_assert(!setrlimit(RLIMIT_NOFILE, &limit));
	guess = host_guess(h, rows[_i].known);
	ck_assert_msg(!guess == !rows[_i].guess &&
			      (!guess ||
			       !strcmp(guess, name_of(rows[_i].guess))),
		      "%s: %s", rows[_i].name, guess ? guess : "none");
	host_free(h);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *tcase = tcase_create("host");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_rows, 0, (int)COUNT(rows));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
