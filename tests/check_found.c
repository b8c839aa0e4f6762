/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers found in the tree, as stories (see story.h). Some were
 * uses of memory that was freed: these fail under the sanitizers, and by the
 * invariants where they can tell.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "story.h"

#define CONTAINERD "/usr/bin/containerd"

static const struct story stories[] = {
	/* There are more births between than the host has numbers for. */
	{ "who has no room for a number does not have it",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 20, "1200011", NULL },
#define AND_SO_ON                                                              \
	{                                                                      \
		1000, 'q', 33, 21, 0, "/bin/sh", NULL                          \
	}
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
	    AND_SO_ON,
#undef AND_SO_ON
	    { 1004, 'c', 33, 21, 49, "1200011", NULL },
	    { 1008, 'x', 52, 33, 6, "/bin/sh", NULL },
	    { 1008, 'x', 81, 33, 8, "/bin/sh", NULL },
	    { 1012, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 52<-33 member c1", "end 52 exited 6",
	    "fork 81<-33 member c1 vpid=49", "end 81 exited 8" } },
	/* By clone3 on the host, and its parent had ended before it spoke. */
	{ "an orphan of clone3 is known by its pid",
	  { CONTAINER,
	    { 1000, '3', 21, 1, 70, NULL, NULL },
	    { 1002, 'e', 70, 21, 0, RUNC, "runc x" },
	    { 1003, '3', 70, 21, 72, NULL, NULL },
	    { 1010, 'x', 70, 21, 0, RUNC, NULL },
	    { 1020, 'e', 72, 1, 0, "/bin/x", "x" },
	    { 1030, 'x', 72, 1, 0, "/bin/x", NULL },
	    { 1030, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 70<-21 runtime c1", "exec 70 runtime c1",
	    "end 70 exited 0", "fork 72<-70 runtime c1", "exec 72 runtime c1",
	    "end 72 exited 0" } },
	/* Where pids come round within some ms, and audit's stamps are as coarse. */
	{ "a pid is another's as soon as its process has ended",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1000, 'x', 45, 33, 4, "/bin/sh", NULL },
	    { 1008, 'e', 45, 900, 0, "/bin/true", "true" },
	    { 1008, 'x', 45, 900, 0, "/bin/true", NULL },
	    { 1008, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 4" } },
	{ "the pid of one of the host's is a container's as soon as he has ended",
	  { CONTAINER,
	    { 1000, 'e', 45, 900, 0, "/bin/bash", "bash" },
	    { 1000, 'x', 45, 900, 0, "/bin/bash", NULL },
	    { 1008, 'c', 33, 21, 8, "1200011", NULL },
	    { 1008, 'c', 45, 33, 9, "1200011", NULL },
	    { 1008, 'x', 45, 33, 5, "/bin/sh", NULL },
	    { 1008, 'x', 48, 45, 101, "/bin/sh", NULL },
	    { 1008, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "end 45 exited 5",
	    "fork 48<-45 member c1 vpid=9", "end 48 exited 101" } },
	/*
	 * 39 is in a namespace that 33 made by unshare, which is clear when
	 * all has come; 43 in one that 39 made. Until then their children
	 * have no numbers, and then each has its own.
	 */
	{ "a namespace's first process answers late",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 7, "1200011", NULL },
	    { 1000, 'c', 39, 33, 2, "1200011", NULL },
	    { 1000, 'x', 40, 39, 11, "/bin/sh", NULL },
	    { 1000, 'c', 39, 33, 3, "1200011", NULL },
	    { 1000, 'c', 39, 33, 4, "1200011", NULL },
	    { 1000, 'e', 41, 39, 0, "/bin/b", "b" },
	    { 1004, 'x', 41, 39, 3, "/bin/b", NULL },
	    { 1004, 'c', 39, 33, 5, "20000011", NULL },
	    { 1004, 'c', 43, 39, 2, "1200011", NULL },
	    { 1004, 'x', 44, 43, 21, "/bin/sh", NULL },
	    { 1004, 'c', 43, 39, 3, "1200011", NULL },
	    { 1004, 'c', 43, 39, 4, "1200011", NULL },
	    { 1004, 'e', 45, 43, 0, "/bin/b", "b" },
	    { 1004, 'x', 45, 43, 3, "/bin/b", NULL },
	    { 1008, 'c', 43, 39, 5, "1200011", NULL },
	    { 1008, 'c', 47, 43, 6, "1200011", NULL },
	    { 1304, 'c', 39, 33, 11, "1200011", NULL },
	    { 1304, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 39<-33 member c1 vpid=7",
	    "fork 40<-39 member c1 vpid=2", "end 40 exited 11",
	    "fork 41<-39 member c1 vpid=3", "exec 41 member c1",
	    "end 41 exited 3", "fork 43<-39 member c1",
	    "fork 44<-43 member c1 vpid=2", "end 44 exited 21",
	    "fork 45<-43 member c1 vpid=3", "exec 45 member c1",
	    "end 45 exited 3", "fork 47<-43 member c1",
	    "fork -<-47 member c1 vpid=6", "fork -<-39 member c1 vpid=4",
	    "fork -<-43 member c1 vpid=4", "fork -<-39 member c1 vpid=11" } },
	/*
	 * Its birth was not told, so its end is not believed to be that of
	 * its pod's containers; and one of them outlives its record.
	 */
	{ "a container's shim is forgotten before the container",
	  { { 0, 'q', 10, 1, 0, CONTAINERD, NULL },
	    { 10, 'e', 21, 10, 0, SHIM, "shim -namespace ns -id p1 -address a" },
	    { 20, 'c', 21, 10, 30, "4111", NULL },
	    { 30, 'e', 30, 21, 0, RUNC, "runc create --bundle b c1" },
	    { 40, 'c', 10, 1, 60, "4111", NULL },
	    { 50, 'e', 60, 10, 0, SHIM, "shim -namespace ns -id c1 delete" },
	    { 60, 'x', 30, 21, 0, RUNC, NULL },
	    { 70, 'x', 21, 10, 0, SHIM, NULL },
	    { 5000, 'i', 0, 0, 5000, NULL, NULL },
	    { 5000, 'x', 60, 10, 0, SHIM, NULL } },
	  { "census 10 root", "fork 21<-10 runtime", "exec 21 shim p1",
	    "fork 30<-21 runtime p1", "exec 30 runtime c1",
	    "fork 60<-10 runtime", "exec 60 shim c1", "end 30 exited 0",
	    "end 21 exited 0", "end 60 exited 0" } },
	/* Open claims are all that keeps the old one, and they are dropped. */
	{ "a shim hangs up before it ends",
	  { CONTAINER,
	    { 1000, 'x', 33, 21, 0, "/bin/sh", NULL },
	    { 1010, 'c', 10, 1, 60, "4111", NULL },
	    { 1010, 'e', 60, 10, 0, SHIM, "shim -namespace ns -id c1 delete" },
	    { 1030, 'x', 60, 10, 0, SHIM, NULL },
	    { 1038, 'x', 21, 1, 3, SHIM, NULL },
	    { 1040, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "end 33 exited 0", "stop c1 33",
	    "fork 60<-10 runtime", "exec 60 shim c1", "end 60 exited 0",
	    "end 21 exited 3" } },
	{ "a shim is killed, and nobody says so but who cleans up",
	  { CONTAINER,
	    { 1000, 'x', 33, 21, 0, "/bin/sh", NULL },
	    { 1010, 'c', 10, 1, 60, "4111", NULL },
	    { 1010, 'e', 60, 10, 0, SHIM, "shim -namespace ns -id c1 delete" },
	    { 1030, 'x', 60, 10, 0, SHIM, NULL },
	    { 1040, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "end 33 exited 0", "stop c1 33",
	    "fork 60<-10 runtime", "exec 60 shim c1", "end 60 exited 0",
	    "end 21 unknown" } },
	{ "a container is made anew when only ghosts are left of the old one",
	  { { 0, 'q', 10, 1, 0, CONTAINERD, NULL },
	    { 10, 'c', 10, 1, 21, "4111", NULL },
	    { 10, 'e', 21, 10, 0, SHIM, "shim -namespace ns -id p1 -address a" },
	    { 20, 'c', 21, 10, 30, "4111", NULL },
	    { 30, 'e', 30, 21, 0, RUNC, "runc create --bundle b c1" },
	    { 40, 'c', 30, 21, 31, "11", NULL },
	    { 50, 'e', 31, 30, 0, "/bin/sh", "sh" },
	    { 60, 'x', 30, 21, 0, RUNC, NULL },
	    { 1000, 'f', 31, 21, 8, NULL, NULL },
	    { 1100, 'x', 31, 21, 0, "/bin/sh", NULL },
	    { 3500, 'i', 0, 0, 2400, NULL, NULL },
	    { 3500, 'c', 21, 10, 50, "4111", NULL },
	    { 3510, 'e', 50, 21, 0, RUNC, "runc create --bundle b c1" },
	    { 3520, 'x', 50, 21, 0, RUNC, NULL },
	    { 3520, 'i', 0, 0, 9000, NULL, NULL } },
	  { "census 10 root", "fork 21<-10 runtime", "exec 21 shim p1",
	    "fork 30<-21 runtime p1", "exec 30 runtime c1",
	    "fork 31<-30 runtime c1", "start c1 31", "exec 31 init c1",
	    "end 30 exited 0", "end 31 exited 0", "stop c1 31",
	    "fork -<-31 member c1 vpid=8", "fork 50<-21 runtime p1",
	    "exec 50 runtime c1", "end 50 exited 0" } },
	{ "a ghost whose last child was another's goes",
	  { { 0, 'q', 10, 1, 0, CONTAINERD, NULL },
	    { 10, 'c', 10, 1, 20, "4111", NULL },
	    { 20, 'q', 30, 20, 0, "/bin/a", NULL },
	    { 30, 'x', 20, 10, 0, "/bin/a", NULL },
	    { 9000, 'i', 0, 0, 9000, NULL, NULL },
	    { 15, 'c', 10, 1, 30, "4111", NULL } },
	  { "census 10 root", "fork 20<-10 runtime", "fork 30<-20 runtime",
	    "end 20 exited 0", "fork 30<-10 runtime" } },
	/* Its parent's end takes long, and somebody else's child it may be. */
	{ "no process of a container becomes a root for having waited",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/sh", "sh" },
	    { 1010, 'c', 45, 33, 9, "11", NULL },
	    { 1014, 'e', 47, 45, 0, "/bin/sh", "sh" },
	    { 1020, 'c', 47, 45, 10, "11", NULL },
	    { 1030, 'x', 47, 45, 0, "/bin/sh", NULL },
	    { 1100, 'x', 45, 33, 0, "/bin/sh", NULL },
	    { 1500, 'e', 60, 45, 0, CONTAINERD, "containerd" },
	    { 1500, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "fork 47<-45 member c1 vpid=9", "exec 47 member c1",
	    "end 47 exited 0", "end 45 exited 0",
	    "fork 60<-47 member c1 vpid=10 inferred", "exec 60 member c1" } },
	{ "nor the child of a root for what it says it is",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/sh", "sh" },
	    { 1010, 'c', 45, 33, 9, "11", NULL },
	    { 1014, 'e', 47, 45, 0, "/bin/sh", "sh" },
	    { 1020, 'c', 47, 45, 10, "11", NULL },
	    { 1030, 'x', 47, 45, 0, "/bin/sh", NULL },
	    { 1100, 'x', 45, 33, 0, "/bin/sh", NULL },
	    { 1500, 'e', 60, 45, 0, SHIM,
	      "shim -namespace ns -publish-binary /usr/bin/containerd -id c2" },
	    { 1500, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "fork 47<-45 member c1 vpid=9", "exec 47 member c1",
	    "end 47 exited 0", "end 45 exited 0",
	    "fork 60<-47 member c1 vpid=10 inferred", "exec 60 member c1" } },
};

#define N_STORIES (sizeof(stories) / sizeof(stories[0]))

START_TEST(stories_are_told)
{
	story_check(&stories[_i]);
}
END_TEST

static void hear(struct tree *t, enum fact_kind kind, pid_t pid, pid_t ppid,
		 pid_t child)
{
	static uint64_t serial = 1000;
	struct fact f = {
		.kind = kind,
		.time_ms = T0 + 2000,
		.serial = serial++,
		.node = "",
		.pid = pid,
		.ppid = ppid,
		.child = child,
		.call = FORK_CLONE,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
		.quiet = true,
	};

	tree_apply(t, &f);
}

/* Each of them showed the one before as its parent, and the first one comes. */
START_TEST(a_long_chain_comes_out_of_limbo)
{
	const int links = 16000;
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t =
		tree_new(&tree_defaults, "", &metrics, story_say, &out);
	const struct proc *last;

	for (int i = 1; i <= links; i++)
		hear(t, FACT_SEEN, 1000 + i, 1000 + i - 1, 0);
	ck_assert_uint_eq(t->n_limbo, links);
	story_take(t, &(struct step){ 2000, 'q', 1000, 1, 0, CONTAINERD, NULL },
		   1);
	ck_assert_uint_eq(t->n_limbo, 0);
	ck_assert_uint_eq(t->n_placed, links + 1);
	last = tree_find(t, 1000 + links);
	ck_assert_ptr_nonnull(last);
	ck_assert_int_eq(last->parent->pid, 1000 + links - 1);
	tree_free(t);
}
END_TEST

/*
 * The first looks like the shim's child, so what its numbers are is not known,
 * nor those of all below it, until it is settled.
 */
START_TEST(a_long_chain_is_understood_at_last)
{
	static const struct story begin = { "begin", { CONTAINER }, { NULL } };
	const int links = 50000;
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t =
		tree_new(&tree_defaults, "", &metrics, story_say, &out);

	for (size_t i = 0; begin.steps[i].kind; i++)
		story_take(t, &begin.steps[i], i + 1);
	hear(t, FACT_SEEN, 1000, 21, 0);
	for (int i = 1; i <= links; i++) {
		hear(t, FACT_SEEN, 1000 + i, 1000 + i - 1, 0);
		hear(t, FACT_FORK, 1000 + i - 1, i > 1 ? 1000 + i - 2 : 21,
		     1000 + i);
	}
	ck_assert_uint_eq(t->n_held, links);
	tree_idle(t, 9000);
	ck_assert_uint_eq(t->n_held, 0);
	ck_assert_ptr_nonnull(tree_find(t, 1000 + links));
	ck_assert(tree_find(t, 1000 + links)->priv->exact);
	tree_free(t);
}
END_TEST

/*
 * Whose child it is turns out to be another's, above the container; what it was
 * invoked to do was read while it was not known to be inside.
 */
START_TEST(who_leaves_a_container_leaves_its_entry_leader)
{
	static const struct {
		pid_t parent;
		enum verb verb;
		enum role role;
	} rows[] = {
		{ 10, VERB_SHIM, ROLE_SHIM },
		{ 10, VERB_CREATE, ROLE_RUNTIME },
		{ 10, VERB_NONE, ROLE_RUNTIME },
		{ 0, VERB_NONE, ROLE_ROOT },
	};
	static const struct story begin = {
		"begin",
		{ CONTAINER, { 1000, 'f', 33, 21, 40, NULL, NULL } },
		{ NULL }
	};
	const struct step exec = { 1010, 'e', 40, 33, 0, "/bin/x", "x" };
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t =
		tree_new(&tree_defaults, "", &metrics, story_say, &out);
	struct proc *p;

	for (size_t i = 0; begin.steps[i].kind; i++)
		story_take(t, &begin.steps[i], i + 1);
	story_take(t, &exec, 100);
	tree_idle(t, 9000);
	p = pids_newest(&t->pids, 40);
	ck_assert(p && p->entry && p->entry->pid == 33);
	p->priv->verb = rows[_i].verb;
	proc_unlink(p);
	proc_link(p, pids_newest(&t->pids, rows[_i].parent));
	derive(t, p);
	ck_assert_int_eq(p->role, rows[_i].role);
	ck_assert_ptr_null(p->entry);
	ck_assert_msg(!tree_check(t), "%s", tree_check(t));
	tree_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("found");
	TCase *tcase = tcase_create("stories");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stories_are_told, 0, (int)N_STORIES);
	tcase_add_test(tcase, a_long_chain_comes_out_of_limbo);
	tcase_add_test(tcase, a_long_chain_is_understood_at_last);
	tcase_add_loop_test(
		tcase, who_leaves_a_container_leaves_its_entry_leader, 0, 4);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
