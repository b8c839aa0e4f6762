/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records tell nothing: by whom the witness would have told of. In the
 * tree are containerd, 10, and its child 20; the birth of 21 waits.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define T0 UINT64_C(1700000000000)

static void no_change(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

struct desk {
	struct metrics metrics;
	struct tree *tree;
	struct merge *merge;
};

static void put(struct desk *d, enum fact_kind kind, uint64_t at, pid_t pid,
		pid_t child)
{
	struct fact f = {
		.kind = kind,
		.source = kind == FACT_FOUND ? SOURCE_CENSUS : SOURCE_WITNESS,
		.time_ms = T0 + at,
		.mono_ns = at * 1000000,
		.start_ms = T0 + at,
		.born_ms = at,
		.node = "",
		.pid = pid,
		.child = child,
		.exe = kind == FACT_FOUND ? "/usr/bin/containerd" : NULL,
		.threads = 1,
	};

	merge_put(d->merge, &f);
}

static void desk_open(struct desk *d)
{
	*d = (struct desk){ 0 };
	d->tree = tree_new(&tree_defaults, "", &d->metrics, no_change, NULL);
	d->merge = merge_new(d->tree, &d->metrics);
	tree_witness(d->tree, T0);
	put(d, FACT_FOUND, 1, 10, 0);
	put(d, FACT_FORK, 2, 10, 20);
	put(d, FACT_EXIT, 3, 20, 0);
	merge_pass(d->merge, T0 + 10);
	put(d, FACT_FORK, 20, 10, 21);
}

static void desk_close(struct desk *d)
{
	merge_free(d->merge);
	tree_free(d->tree);
}

#define SH "comm=\"sh\" exe=\"/bin/sh\" key=\"contree\""

static const struct {
	const char *name;
	uint64_t at;
	const char *line;	/* behind "type=SYSCALL msg=audit(...): " */
	bool wanted;
} lines[] = {
	{ "a stranger", 5, "items=2 ppid=1 pid=77 auid=0 " SH, false },
	{ "a stranger's child", 5, "items=2 ppid=10 pid=77 auid=0 " SH, false },
	{ "in the tree", 5, "items=2 ppid=1 pid=10 auid=0 " SH, true },
	{ "ended", 5, "items=2 ppid=1 pid=20 auid=0 " SH, true },
	{ "not born yet", 5, "items=2 ppid=1 pid=21 auid=0 " SH, true },
	{ "before the witness", (uint64_t)-1, "ppid=1 pid=77 auid=0 " SH,
	  true },
	{ "a root", 5,
	  "ppid=1 pid=77 auid=0 comm=\"x\" exe=\"/usr/bin/containerd\" key=1",
	  true },
	{ "a root's namesake", 5,
	  "ppid=1 pid=77 auid=0 comm=\"containerd\" exe=\"/bin/sh\" key=1",
	  false },
	{ "a program in hex", 5,
	  "ppid=1 pid=77 auid=0 comm=\"x\" exe=2F20 key=1", true },
	{ "no program", 5, "ppid=1 pid=77 auid=0 comm=\"x\" exe=(null) key=1",
	  true },
	{ "a key like a program", 5,
	  "ppid=1 pid=77 auid=0 comm=\"x\" exe=2F20 key=\"a exe=\"/bin/sh\"",
	  true },
	{ "no pid", 5, "ppid=1 auid=0 " SH, true },
	{ "no number", 5, "ppid=1 pid=x auid=0 " SH, true },
	{ "a number and more", 5, "ppid=1 pid=77x auid=0 " SH, true },
	{ "pid 0", 5, "ppid=1 pid=0 auid=0 " SH, true },
	{ "a long pid", 5, "ppid=1 pid=99999999999999999999 auid=0 " SH, true },
	{ "a pid that may be cut", 5, "ppid=1 pid=77", true },
	{ "a program that is cut", 5, "ppid=1 pid=77 auid=0 exe=\"/bin/sh",
	  true },
};

START_TEST(test_lines)
{
	static const char head[] = "type=SYSCALL msg=audit(1.000:1): ";
	char line[512];
	struct desk d;

	snprintf(line, sizeof(line), "%s%s", head, lines[_i].line);
	desk_open(&d);
	ck_assert_msg(screen_wants(d.merge, d.tree, T0 + lines[_i].at, line,
				   strlen(line)) == lines[_i].wanted,
		      "%s", lines[_i].name);
	desk_close(&d);
}
END_TEST

/* Nobody's pid is known for ever, though only strangers are heard. */
START_TEST(test_time_passes)
{
	struct desk d;

	desk_open(&d);
	ck_assert(merge_knows(d.merge, 20));
	merge_skip(d.merge, T0 + 60000);
	ck_assert(!merge_knows(d.merge, 20));
	ck_assert(tree_find(d.tree, 21));
	desk_close(&d);
}
END_TEST

/* From before the clock was set back, say: no time is made of such a stamp. */
START_TEST(test_future)
{
	struct desk d;

	desk_open(&d);
	merge_clocks(d.merge, 20000000, (T0 - 20) * 1000000);
	for (int i = 0; i < 100; i++)
		merge_skip(d.merge, T0 + 7200000);
	merge_skip(d.merge, T0 + 20);
	ck_assert_uint_eq(d.metrics.clock_steps, 0);
	ck_assert(!tree_trusts(d.tree, T0 - 1));
	ck_assert(tree_trusts(d.tree, T0));
	desk_close(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("screen");
	TCase *t = tcase_create("screen");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, test_lines, 0, COUNT(lines));
	tcase_add_test(t, test_time_passes);
	tcase_add_test(t, test_future);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
