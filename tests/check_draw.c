/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drawn tree: what it collects of changes, and how it looks. */
#include <check.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "buf.h"
#include "cast.h"
#include "draw.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void tell(struct draw *d, enum change_kind kind, struct proc *p)
{
	struct change c = change_of(kind, p);

	draw_change(d, &c);
}

static char *drawn(struct draw *d, bool colour, size_t width)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	draw_print(d, to, colour, width);
	fclose(to);
	return text;
}

/* The changes that the rows below speak of */

static void of_nothing(struct draw *d)
{
	(void)d;
}

static void of_everyone(struct draw *d)
{
	struct proc member = ended(member_proc, EXIT_EXITED, 3, 0);
	struct proc brought = ended(exec_proc, EXIT_SIGNALED, 137, SIGKILL);
	struct proc runc = ended(runc_proc, EXIT_EXITED, 0, 0);

	tell(d, CHANGE_CENSUS, &containerd_proc);
	tell(d, CHANGE_FORK, &shim_proc);
	tell(d, CHANGE_EXEC, &shim_proc);
	tell(d, CHANGE_FORK, &runc_proc);
	tell(d, CHANGE_EXEC, &runc_proc);
	tell(d, CHANGE_FORK, &exec_proc);
	tell(d, CHANGE_EXEC, &exec_proc);
	tell(d, CHANGE_FORK, &init_proc);
	tell(d, CHANGE_EXEC, &init_proc);
	tell(d, CHANGE_CONTAINER_START, &init_proc);
	tell(d, CHANGE_FORK, &member_proc);
	tell(d, CHANGE_END, &member);
	tell(d, CHANGE_END, &brought);
	tell(d, CHANGE_END, &runc);
}

/* Only one speaks: its ancestors are drawn all the same. */
static void of_one(struct draw *d)
{
	tell(d, CHANGE_EXEC, &member_proc);
}

static void of_several_execs(struct draw *d)
{
	struct change c = change_of(CHANGE_EXEC, &init_proc);

	of_one(d);
	draw_change(d, &c);
	c.image = &ls_image;
	draw_change(d, &c);
	draw_change(d, &c);
}

static void of_silent(struct draw *d)
{
	struct change c = change_of(CHANGE_FORK, &member_proc);

	of_one(d);
	c.proc = NULL;
	c.image = NULL;
	c.vpid = 8;
	c.time_ms = T0 + 20;
	draw_change(d, &c);
}

/* First under init, then its true parent speaks; then a last record. */
static void of_corrected(struct draw *d)
{
	struct proc member = member_proc;

	tell(d, CHANGE_FORK, &member);
	member.parent = &exec_proc;
	tell(d, CHANGE_FORK, &member);
	member.parent = &init_proc;
	member.reason = EXIT_INIT_DIED;
	tell(d, CHANGE_END, &member);
}

/* A parent that is one's own child: not believed. */
static void of_cycle(struct draw *d)
{
	struct proc init = init_proc;

	of_one(d);
	init.parent = &member_proc;
	tell(d, CHANGE_FORK, &init);
}

static struct image evil = {
	PROGRAM(.exe = "/x", .comm = "x"),
	ARGS(3, "x\\x07\0a\nb\033[2J\0\xff…"),
};

static void of_evil(struct draw *d)
{
	struct change c = change_of(CHANGE_EXEC, &member_proc);

	c.image = &evil;
	draw_change(d, &c);
}

#define HEAD "  PID VPID CONTAINER ROLE    END     COMMAND\n"
#define SHIM                                                                   \
	"└─/usr/bin/containerd-shim-runc-v2 -namespace moby -id " SHORT " …\n"
#define RUNC "└─runc … --log-format json create … " SHORT "\n"
#define TOP                                                                    \
	HEAD " 3473    - -         root    running (containerd)\n"             \
	     "29634    - web       shim    running " SHIM                      \
	     "29645    - web       runtime running   " RUNC                    \
	     "29655    1 web       init    running     └─sh -c 'ls /; (exit 3)'"

static const struct {
	const char *name;
	void (*make)(struct draw *d);
	const char *want;
} rows[] = {
	{ "nothing", of_nothing, "" },
	{ "everyone", of_everyone,
	  "  PID VPID CONTAINER ROLE    END         COMMAND\n"
	  " 3473    - -         root    running     (containerd)\n"
	  "29634    - web       shim    running     " SHIM
	  "29645    - web       runtime exit 0        " RUNC
	  "29655    1 web       init    running         ├─sh -c 'ls /; (exit 3)'\n"
	  "29689    7 web       member  exit 3          │ └─(ls)\n"
	  "29683   12 web       exec    SIGKILL (9)     └─sh -c 'ls /; (exit 3)'\n" },
	{ "one", of_one,
	  TOP "\n"
	      "29689    7 web       member  running       └─ls /\n" },
	{ "several execs", of_several_execs,
	  TOP " -> ls /\n"
	      "29689    7 web       member  running       └─ls /\n" },
	{ "silent", of_silent,
	  TOP "\n"
	      "29689    7 web       member  running       ├─ls /\n"
	      "    -    8 web       member  unknown       └─(never heard)\n" },
	{ "corrected", of_corrected,
	  "  PID VPID CONTAINER ROLE    END       COMMAND\n"
	  " 3473    - -         root    running   (containerd)\n"
	  "29634    - web       shim    running   " SHIM
	  "29645    - web       runtime running     " RUNC
	  "29655    1 web       init    running       ├─sh -c 'ls /; (exit 3)'\n"
	  "29683   12 web       exec    running       └─sh -c 'ls /; (exit 3)'\n"
	  "29689    7 web       member  init died       └─(ls)\n" },
	{ "cycle", of_cycle,
	  TOP "\n"
	      "29689    7 web       member  running       └─ls /\n" },
	{ "evil", of_evil,
	  TOP "\n"
	      "29689    7 web       member  running       "
	      "└─'x\\x07' $'a\\nb\\e[2J' $'\\xff…'\n" },
};

static void use_locale(const char *name)
{
	ck_assert_msg(setlocale(LC_CTYPE, name) != NULL, "no locale %s", name);
}

START_TEST(test_rows)
{
	struct draw *d;
	char *text;

	use_locale("C.UTF-8");
	d = draw_new();
	rows[_i].make(d);
	text = drawn(d, false, 0);
	ck_assert_msg(!strcmp(text, rows[_i].want), "%s:\n%s is not\n%s",
		      rows[_i].name, text, rows[_i].want);
	free(text);
	draw_free(d);
}
END_TEST

/* The terminal and its variables change nothing when there is no width. */
START_TEST(test_same_bytes)
{
	struct draw *d;
	char *once, *again;

	use_locale("C.UTF-8");
	d = draw_new();
	of_everyone(d);
	once = drawn(d, false, 0);
	setenv("COLUMNS", "20", 1);
	setenv("TERM", "dumb", 1);
	again = drawn(d, false, 0);
	ck_assert_str_eq(once, again);
	free(once);
	free(again);
	draw_free(d);
}
END_TEST

START_TEST(test_ascii)
{
	struct draw *d;
	const char *s;
	char *text;

	use_locale("C");
	d = draw_new();
	of_everyone(d);
	of_evil(d);
	text = drawn(d, false, 0);
	for (s = text; *s; s++)
		ck_assert_msg(*s == '\n' || (*s >= ' ' && *s < 0x7f),
			      "byte %zu: %s", (size_t)(s - text), text);
	ck_assert_ptr_nonnull(strstr(text, " |-sh -c"));
	ck_assert_ptr_nonnull(strstr(text, "runc [...] --log-format"));
	free(text);
	draw_free(d);
}
END_TEST

/* In colour: the plain table once the colours are taken out */
START_TEST(test_colour)
{
	char *plain, *colour, *from, *to;
	struct draw *d;

	use_locale("C.UTF-8");
	d = draw_new();
	of_everyone(d);
	plain = drawn(d, false, 0);
	colour = drawn(d, true, 0);
	ck_assert_ptr_nonnull(strstr(colour, "\033[31mSIGKILL"));
	for (from = to = colour; *from; from++) {
		if (*from != '\033')
			*to++ = *from;
		else
			from = strchr(from, 'm');
	}
	*to = '\0';
	ck_assert_str_eq(plain, colour);
	free(plain);
	free(colour);
	draw_free(d);
}
END_TEST

static const size_t widths[] = { 1, 20, 40, 60, 80, 100, 200 };

START_TEST(test_width)
{
	wchar_t wide[1024];
	struct draw *d;
	char *text, *line;
	size_t n, least = 52; /* what stands before the tree */

	use_locale("C.UTF-8");
	d = draw_new();
	of_everyone(d);
	of_evil(d);
	text = drawn(d, false, widths[_i]);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		n = mbstowcs(wide, line, COUNT(wide));
		ck_assert_uint_lt(n, COUNT(wide));
		ck_assert_msg(n <= widths[_i] || widths[_i] < least,
			      "width %zu: %s", widths[_i], line);
	}
	free(text);
	draw_free(d);
}
END_TEST

static const char two_nodes[] =
	"  PID VPID CONTAINER ROLE END     COMMAND\n"
	"                                  $'al\\npha'\n"
	" 3473    - -         root running └─(containerd)\n"
	"29634    - web       shim running   └─(containerd-shim)\n"
	"                                  beta\n"
	" 3473    - -         root running └─(containerd)\n"
	"29634    - web       shim running   └─(containerd-shim)\n";

START_TEST(test_nodes)
{
	static struct proc other_root, other_shim;
	struct change c;
	struct draw *d;
	char *text;

	use_locale("C.UTF-8");
	d = draw_new();
	other_root = containerd_proc;
	strcpy(other_root.entity_id, "e-other-root");
	other_shim = shim_proc;
	other_shim.parent = &other_root;
	strcpy(other_shim.entity_id, "e-other-shim");
	c = change_of(CHANGE_FORK, &other_shim);
	c.node = "beta";
	draw_change(d, &c);
	c = change_of(CHANGE_FORK, &shim_proc);
	c.node = "al\npha";
	draw_change(d, &c);
	text = drawn(d, false, 0);
	ck_assert_str_eq(text, two_nodes);
	free(text);
	draw_free(d);
}
END_TEST

/* A chain of forks as long as a log, then as many children of one parent */
#define MANY 20000

START_TEST(test_deep)
{
	struct proc *chain = calloc(MANY, sizeof(*chain));
	size_t i, lines = 0;
	struct draw *d;
	char *text, *s;

	use_locale("C.UTF-8");
	d = draw_new();
	for (i = 0; i < MANY; i++) {
		chain[i] = member_proc;
		snprintf(chain[i].entity_id, sizeof(chain[i].entity_id), "%zu",
			 i);
		chain[i].pid = (pid_t)(1000 + i);
		if (_i)
			chain[i].parent = &chain[i ? i - 1 : 0];
		if (!i)
			chain[i].parent = NULL;
		tell(d, CHANGE_FORK, &chain[i]);
	}
	text = drawn(d, false, 0);
	for (s = text; (s = strchr(s, '\n')); s++)
		lines++;
	ck_assert_uint_eq(lines, MANY + 1 + (_i ? 0 : 4));
	if (_i)
		ck_assert_ptr_nonnull(strstr(text, "(level 20000) (ls)"));
	free(text);
	draw_free(d);
	free(chain);
}
END_TEST

/* Characters that the library could not measure */
static const char *const odd[] = {
	"\xcd\xb8",
	"\xee\x80\x80",
	"\xf3\xb0\x80\x80",
	"\xef\xbf\xbf",
	"日本",
	"e\xcc\x81",
	"😀",
	"\\",
	"\\x41",
	"%n%s",
};

START_TEST(test_odd)
{
	static const char *const locales[] = { "C.UTF-8", "C" };
	struct image image = {
		PROGRAM(.exe = "/x", .comm = "x"),
		.args = odd[_i],
		.args_count = 1,
		.argc = 1,
		.args_bytes = strlen(odd[_i]) + 1,
	};
	static const size_t cut[] = { 0, 60 };
	struct change c = change_of(CHANGE_EXEC, &member_proc);
	struct draw *d;
	size_t i;

	c.image = &image;
	for (i = 0; i < 4; i++) {
		use_locale(locales[i / 2]);
		d = draw_new();
		draw_change(d, &c);
		free(drawn(d, i % 2, cut[i % 2]));
		draw_free(d);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("draw");
	TCase *t = tcase_create("draw");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_same_bytes);
	tcase_add_test(t, test_ascii);
	tcase_add_test(t, test_colour);
	tcase_add_loop_test(t, test_width, 0, COUNT(widths));
	tcase_add_test(t, test_nodes);
	tcase_add_loop_test(t, test_deep, 0, 2);
	tcase_add_loop_test(t, test_odd, 0, COUNT(odd));
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
