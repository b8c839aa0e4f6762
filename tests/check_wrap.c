/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pids come round within a quarter of a second, in a container that makes
 * four processes a millisecond, some of which leave children to its init;
 * the host makes others beside it. With audit alone, each must be told once,
 * as the child of who made it, under its own number.
 */
#include <check.h>
#include <stdlib.h>

#include "tree_int.h"

/* The low 32 bits of the one are more than INT32_MAX, of the other less. */
static const uint64_t begin_ms[] = { UINT64_C(1700000000000),
				     UINT64_C(1701000000000) };

#define INIT 33
#define HOST_SHELL 5000
#define MIN_PID 301
#define MAX_PID 1300
#define N_BIRTHS 4000

struct made {
	pid_t pid, vpid, parent;
	uint64_t end_ms;
};

struct world {
	struct tree *tree;
	uint64_t begin_ms;
	uint64_t serial;
	uint64_t now;	/* in quarters of a ms */
	pid_t last_pid, last_vpid;
	struct made births[N_BIRTHS];
	size_t n_births;
	size_t n_forks, n_right, n_wrong, n_vpids;
};

static void tell(struct world *w, struct fact *f)
{
	const char *wrong;

	f->node = "";
	f->time_ms = w->begin_ms + w->now / 4;
	f->serial = ++w->serial;
	f->auid = f->ses = ID_UNSET;
	f->outcome = 1;
	tree_apply(w->tree, f);
	if (w->serial % 64)
		return;
	wrong = tree_check(w->tree);
	ck_assert_msg(!wrong, "serial %llu: %s", (unsigned long long)w->serial,
		      wrong);
}

static void clones(struct world *w, pid_t pid, pid_t ppid, pid_t child,
		   uint64_t flags)
{
	tell(w, &(struct fact){ .kind = FACT_FORK,
				.pid = pid,
				.ppid = ppid,
				.call = FORK_CLONE,
				.flags = flags,
				.child = child });
}

static void executes(struct world *w, pid_t pid, pid_t ppid, const char *exe,
		     const char *args, size_t bytes, unsigned int count)
{
	tell(w, &(struct fact){ .kind = FACT_EXEC,
				.pid = pid,
				.ppid = ppid,
				.exe = exe,
				.args = args,
				.args_bytes = bytes,
				.args_count = count,
				.argc = count });
}

static void exits(struct world *w, pid_t pid, pid_t ppid)
{
	tell(w, &(struct fact){ .kind = FACT_EXIT, .pid = pid, .ppid = ppid });
}

static pid_t next_pid(struct world *w)
{
	w->now++;
	if (++w->last_pid > MAX_PID)
		w->last_pid = MIN_PID;
	return w->last_pid;
}

/* A host's process, which is nobody's business. */
static void make_stranger(struct world *w)
{
	pid_t pid = next_pid(w);

	clones(w, HOST_SHELL, 1, pid, 0x1200011);
	exits(w, pid, HOST_SHELL);
}

static struct made *make_member(struct world *w, pid_t parent)
{
	struct made *b = &w->births[w->n_births++];

	b->pid = next_pid(w);
	b->vpid = ++w->last_vpid;
	b->parent = parent;
	clones(w, parent, parent == INIT ? 21 : INIT, b->vpid, 0x1200011);
	return b;
}

static void end_member(struct world *w, struct made *b)
{
	exits(w, b->pid, INIT);
	b->end_ms = w->begin_ms + w->now / 4;
}

/* Some leave a child, which then shows the init; some are killed. */
static void make_member_of(struct world *w, size_t n)
{
	struct made *b = make_member(w, INIT), *orphan;

	if (n % 10 == 5) {
		orphan = make_member(w, b->pid);
		end_member(w, b);
		end_member(w, orphan);
	} else if (n % 50 != 23) {
		end_member(w, b);
	}
}

#define ARGS(s) s, sizeof(s)
#define SHIM "/usr/bin/containerd-shim-runc-v2"

static void make_container(struct world *w)
{
	static const char shim[] = "shim\0-namespace\0ns\0-id\0c1\0-address\0a";
	static const char runc[] = "runc\0--root\0r\0create\0--bundle\0b\0c1";

	clones(w, 10, 1, 21, 0x4111);
	executes(w, 21, 10, SHIM, ARGS(shim), 7);
	clones(w, 21, 1, 30, 0x4111);
	executes(w, 30, 21, "/usr/sbin/runc", ARGS(runc), 7);
	clones(w, 30, 21, 31, 0x4111);
	clones(w, 31, 30, 32, 0x8011);
	clones(w, 32, 30, INIT, 0x8011);
	executes(w, INIT, 21, "/bin/sh", ARGS("sh"), 1);
	w->last_vpid = 1;
}

static void on_change(void *ctx, const struct change *c)
{
	struct world *w = ctx;

	w->n_forks += c->kind == CHANGE_FORK && c->proc &&
		      c->proc->pid >= MIN_PID;
}

static void on_final(void *ctx, const struct change *c)
{
	struct world *w = ctx;
	const struct proc *p = c->proc;

	for (size_t i = 0; i < w->n_births; i++) {
		const struct made *b = &w->births[i];

		if (b->pid != p->pid || b->end_ms != p->end_ms)
			continue;
		if (p->parent->pid == b->parent &&
		    (!p->vpid || p->vpid == b->vpid))
			w->n_right++;
		else
			w->n_wrong++;
		w->n_vpids += p->vpid == b->vpid;
	}
}

/* What is settled last is so when those before it are forgotten. */
static void wait_for_all(struct world *w)
{
	for (int i = 0; i < 60; i++) {
		w->now += 400;
		executes(w, HOST_SHELL, 1, "/bin/sh", ARGS("sh"), 1);
	}
}

START_TEST(pids_come_round)
{
	struct metrics metrics = { 0 };
	struct world *w = calloc(1, sizeof(*w));
	size_t n_silent = 0;

	ck_assert_ptr_nonnull(w);
	w->begin_ms = begin_ms[_i];
	w->tree = tree_new(&tree_defaults, "", &metrics, on_change, w);
	tree_on_final(w->tree, on_final, w);
	w->last_pid = MIN_PID - 1;
	executes(w, 10, 1, "/usr/bin/containerd", ARGS("containerd"), 1);
	make_container(w);
	w->now += 4000;
	for (size_t n = 0; w->n_births < N_BIRTHS - 2; n++) {
		make_member_of(w, n);
		if (n % 7 == 3)
			make_stranger(w);
		if (n % 97 == 5)	/* and one that says nothing */
			next_pid(w);
	}
	wait_for_all(w);
	tree_finish(w->tree);
	for (size_t i = 0; i < w->n_births; i++)
		n_silent += !w->births[i].end_ms;
	ck_assert_uint_eq(w->n_wrong, 0);
	ck_assert_uint_eq(w->n_right, w->n_births - n_silent);
	ck_assert_uint_eq(w->n_forks, w->n_right);
	ck_assert_uint_gt(w->n_vpids, w->n_right * 9 / 10);
	tree_free(w->tree);
	free(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wrap");
	TCase *tcase = tcase_create("wrap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, pids_come_round, 0, 2);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
