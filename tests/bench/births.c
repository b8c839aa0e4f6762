/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * births COUNT: what a birth costs by audit alone, while so many children of
 * one parent in a container are not settled. The parent has one after the
 * other, each of which executes something and ends; a birth is settled two
 * seconds later, so their pace makes it so many. A line: how many, and the
 * nanoseconds of CPU that a birth takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../crowd.h"
#include "tree.h"

#define T0 UINT64_C(1700000000000)
#define BIRTHS 20000
#define SETTLED_MS 2000
#define SHIM 2001	/* of the first container of a crowd */
#define INIT 2005
#define FIRST 3000

struct parent {
	struct tree *tree;
	uint64_t time_ms, serial;
};

static void ignore(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

static void tell(void *ctx, const struct fact *f)
{
	tree_apply(ctx, f);
}

static void put(struct parent *p, enum fact_kind kind, pid_t pid, pid_t ppid,
		pid_t child)
{
	struct fact f = {
		.kind = kind,
		.time_ms = p->time_ms,
		.serial = ++p->serial,
		.node = "",
		.pid = pid,
		.ppid = ppid,
		.comm = "sh",
		.exe = "/bin/sh",
		.call = FORK_CLONE,
		.child = child,
		.flags = 0x1200011,
		.args = "true",
		.args_bytes = sizeof("true"),
		.args_count = 1,
		.argc = 1,
	};

	tree_apply(p->tree, &f);
}

static void bear(struct parent *p, pid_t n)
{
	put(p, FACT_FORK, INIT, SHIM, 2 + n);
	put(p, FACT_EXEC, FIRST + n, INIT, 0);
	put(p, FACT_EXIT, FIRST + n, INIT, 0);
}

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	static const struct crowd one = { .node = "",
					  .time_ms = T0,
					  .containers = 1 };
	pid_t unsettled = argc > 1 ? atoi(argv[1]) : 0, n = 0;
	struct metrics metrics = { 0 };
	struct parent p = { .serial = 1000 };
	uint64_t began_ms;
	double began_ns;

	if (unsettled < 1) {
		fputs("usage: births COUNT\n", stderr);
		return 2;
	}
	p.tree = tree_new(&tree_defaults, "", &metrics, ignore, NULL);
	began_ms = crowd_rise(&one, tell, p.tree) + 60000;
	for (; n < unsettled; n++) {
		p.time_ms = began_ms + (uint64_t)n * SETTLED_MS / unsettled;
		bear(&p, n);
	}
	began_ns = cpu_ns();
	for (; n < unsettled + BIRTHS; n++) {
		p.time_ms = began_ms + (uint64_t)n * SETTLED_MS / unsettled;
		bear(&p, n);
	}
	printf("%d %.0f\n", unsettled, (cpu_ns() - began_ns) / BIRTHS);
	tree_free(p.tree);
	return EXIT_SUCCESS;
}
