/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree's rules, as stories (see story.h). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story.h"

static const struct story stories[] = {
	{ "a container is made by runc's stages",
	  { CONTAINER },
	  { CONTAINER_SAYS } },
	{ "a child's number is local, its pid is learned when it speaks",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/ls", "ls /" },
	    { 1008, 'x', 45, 33, 3, "/bin/ls", NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "end 45 exited 3" } },
	{ "after vfork the child speaks before its parent",
	  { CONTAINER,
	    { 1004, 'e', 45, 33, 0, "/bin/ls", "ls" },
	    { 1008, 'x', 45, 33, 0, "/bin/ls", NULL },
	    { 1000, 'v', 33, 21, 8, NULL, NULL },
	    { 5000, 's', 33, 21, 0, "/bin/sh", NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1", "exec 45 member c1",
	    "end 45 exited 0", "activity 33" } },
	{ "an orphan is its ended parent's child, not its reaper's",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'c', 45, 33, 9, "11", NULL },
	    { 1004, 'x', 45, 33, 0, "/bin/sh", NULL },
	    { 1008, 'e', 46, 33, 0, "/bin/sleep", "sleep 9" },
	    { 1008, 'i', 0, 0, 3000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "end 45 exited 0",
	    "fork 46<-45 member c1 vpid=9 inferred", "exec 46 member c1" } },
	{ "nor is it, if its own record came before that one's end",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1000, 'c', 45, 33, 9, "11", NULL },
	    { 1000, 'e', 46, 45, 0, "/bin/ls", "ls" },
	    { 1000, 'c', 33, 21, 10, "11", NULL },
	    { 1000, 'c', 45, 33, 11, "11", NULL },
	    { 1000, 'e', 48, 33, 0, "/bin/sleep", "sleep 9" },
	    { 1000, 'x', 45, 33, 0, "/bin/sh", NULL },
	    { 1000, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "fork 46<-45 member c1 vpid=9", "exec 46 member c1",
	    "fork 48<-33 member c1", "exec 48 member c1", "end 45 exited 0",
	    "fork -<-45 member c1 vpid=11" } },
	{ "a thread is no process",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "3d0f00", NULL },
	    { 1000, '3', 33, 21, 9, NULL, NULL },
	    { 9000, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS } },
	{ "a child that never speaks is told once, by number",
	  { CONTAINER,
	    { 1000, 'f', 33, 21, 8, NULL, NULL },
	    { 1000, 'i', 0, 0, 900, NULL, NULL },
	    { 1000, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork -<-33 member c1 vpid=8" } },
	{ "and told again, with its pid, when it does",
	  { CONTAINER,
	    { 1000, 'f', 33, 21, 8, NULL, NULL },
	    { 1000, 'i', 0, 0, 9000, NULL, NULL },
	    { 9000, 'x', 45, 33, 1, "/bin/sh", NULL } },
	  { CONTAINER_SAYS, "fork -<-33 member c1 vpid=8",
	    "fork 45<-33 member c1 vpid=8", "end 45 exited 1" } },
	{ "an exec that failed changes nothing",
	  { CONTAINER, { 1000, 'q', 33, 21, 0, "/bin/sh", NULL } },
	  { CONTAINER_SAYS } },
	{ "ABEND tells the signal, and an exit afterwards nothing more",
	  { CONTAINER,
	    { 1000, 'a', 33, 0, 11, "/bin/sh", NULL },
	    { 1004, 'x', 33, 21, 0, "/bin/sh", NULL } },
	  { CONTAINER_SAYS, "end 33 signaled 139", "stop c1 33" } },
	{ "with its init a namespace dies",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/sleep", "sleep 9" },
	    { 1100, 'x', 33, 21, 7, "/bin/sh", NULL },
	    { 1100, 'i', 0, 0, 3000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "end 33 exited 7", "stop c1 33", "end 45 init-died" } },
	{ "who exits at the same time was not killed with it",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/sleep", "sleep 9" },
	    { 1100, 'x', 33, 21, 7, "/bin/sh", NULL },
	    { 1100, 'x', 45, 33, 5, "/bin/sleep", NULL },
	    { 1100, 'i', 0, 0, 3000, NULL, NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "end 33 exited 7", "stop c1 33", "end 45 exited 5" } },
	{ "runc delete tells of an init that was killed",
	  { CONTAINER,
	    { 1000, 'e', 50, 21, 0, RUNC, "runc --root r delete c1" },
	    { 1000, 'c', 21, 1, 50, "4111", NULL },
	    { 1010, 'x', 50, 21, 0, RUNC, NULL } },
	  { CONTAINER_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "end 50 exited 0", "end 33 unknown", "stop c1 33" } },
	{ "but not if it failed",
	  { CONTAINER,
	    { 1000, 'e', 50, 21, 0, RUNC, "runc --root r delete c1" },
	    { 1000, 'c', 21, 1, 50, "4111", NULL },
	    { 1010, 'x', 50, 21, 1, RUNC, NULL } },
	  { CONTAINER_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "end 50 exited 1" } },
	{ "and so does the end of its shim",
	  { CONTAINER, { 1000, 'x', 21, 1, 0, SHIM, NULL } },
	  { CONTAINER_SAYS, "end 21 exited 0", "end 33 unknown",
	    "stop c1 33" } },
	{ "runc exec brings somebody in",
	  { CONTAINER,
	    { 1000, 'e', 50, 21, 0, RUNC, "runc exec -d --process p c1" },
	    { 1000, 'c', 21, 1, 50, "4111", NULL },
	    { 1010, 'e', 51, 50, 0, RUNC, "runc init" },
	    { 1010, 'c', 50, 21, 51, "4111", NULL },
	    { 1020, 'c', 51, 50, 52, "8011", NULL },
	    { 1020, 'c', 52, 50, 53, "8011", NULL },
	    { 1030, 'e', 53, 50, 0, "/bin/id", "id" },
	    { 1040, 'x', 53, 50, 9, "/bin/id", NULL } },
	  { CONTAINER_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "fork 51<-50 runtime c1", "exec 51 runtime c1",
	    "fork 52<-50 runtime c1", "fork 53<-50 runtime c1",
	    "exec 53 exec c1", "end 53 exited 9" } },
	{ "what runs inside cannot name another container",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, RUNC, "runc create --bundle b c2" },
	    { 1010, 'c', 45, 33, 9, "11", NULL },
	    { 1014, 'e', 46, 45, 0, "/bin/ls", "ls" } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "fork 46<-45 member c1 vpid=9", "exec 46 member c1" } },
	{ "a hook of runc create is not the container's init",
	  { { 0, 'c', 10, 1, 21, "4111", NULL },
	    { 0, 'e', 21, 10, 0, SHIM, "shim -namespace ns -id c1 -address a" },
	    { 30, 'c', 21, 1, 30, "4111", NULL },
	    { 30, 'e', 30, 21, 0, RUNC, "runc create --bundle b c1" },
	    { 40, 'c', 30, 21, 31, "4111", NULL },
	    { 40, 'e', 31, 30, 0, "/usr/bin/hook", "hook" },
	    { 50, 'x', 31, 30, 0, "/usr/bin/hook", NULL } },
	  { "census 10 root", "fork 21<-10 runtime", "exec 21 shim c1",
	    "fork 30<-21 runtime c1", "exec 30 runtime c1",
	    "fork 31<-30 runtime c1", "exec 31 runtime c1",
	    "end 31 exited 0" } },
	{ "with the host's pids, a container's numbers are pids",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 45, "11", NULL },
	    { 1000, 'c', 33, 21, 46, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/ls", "ls" } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1", "fork 46<-33 member c1",
	    "exec 45 member c1" } },
	{ "who is nobody's child here is not told",
	  { CONTAINER,
	    { 1000, 'e', 900, 899, 0, "/bin/ls", "ls" },
	    { 1004, 'x', 900, 899, 0, "/bin/ls", NULL },
	    { 1004, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS } },
	{ "who waits for a parent is told when the parent is",
	  { CONTAINER,
	    { 1004, 'e', 46, 45, 0, "/bin/ls", "ls" },
	    { 1004, 'c', 45, 33, 9, "11", NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1", "fork 46<-45 member c1",
	    "exec 46 member c1" } },
	{ "who waits is placed once, though another's place makes his",
	  { CONTAINER,
	    { 1000, 'c', 33, 21, 8, "11", NULL },
	    { 1004, 'e', 45, 33, 0, "/bin/x", "x" },
	    { 1010, 'c', 45, 33, 12, "11", NULL },
	    { 1020, 'e', 60, 33, 0, "/bin/a", "a" },
	    { 1024, 'e', 61, 33, 0, "/bin/b", "b" },
	    { 1026, 'c', 61, 33, 9, "8011", NULL },
	    { 1018, 'c', 33, 21, 10, "11", NULL } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "fork 60<-33 member c1", "exec 60 member c1",
	    "fork 61<-33 member c1", "exec 61 member c1" } },
	{ "a pid used anew is another process",
	  { CONTAINER,
	    { 1000, 'c', 21, 1, 60, "4111", NULL },
	    { 1000, 'e', 60, 21, 0, "/bin/a", "a" },
	    { 9000, 'c', 21, 1, 60, "4111", NULL },
	    { 9000, 'e', 60, 21, 0, "/bin/b", "b" } },
	  { CONTAINER_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "end 60 unknown", "fork 60<-21 runtime c1",
	    "exec 60 runtime c1" } },
	{ "a shim that was there before is known by its name",
	  { { 0, 's', 21, 1, 0, SHIM, NULL },
	    { 2000, 'i', 0, 0, 3000, NULL, NULL } },
	  { "census 21 shim", "activity 21" } },
	{ "a containerd that never speaks is named by its shim",
	  { { 0, 'e', 20, 10, 0, SHIM,
	      "shim -namespace ns -publish-binary /usr/bin/containerd -id c start" },
	    { 2000, 'i', 0, 0, 3000, NULL, NULL } },
	  { "census 10 root", "fork 20<-10 runtime", "exec 20 shim c" } },
	{ "a clock set back does not stop the tree",
	  { CONTAINER,
	    { 7200000, 'c', 33, 21, 8, "11", NULL },
	    { 7200004, 'e', 45, 33, 0, "/bin/ls", "ls" },
	    { 900, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 901, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 902, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 903, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 904, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 905, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 906, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 907, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 908, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 909, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 910, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 911, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 912, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 913, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 914, 'q', 33, 21, 0, "/bin/sh", NULL },
	    { 1000, 'c', 33, 21, 9, "11", NULL },
	    { 1004, 'e', 46, 33, 0, "/bin/id", "id" } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8", "exec 45 member c1",
	    "fork 46<-33 member c1 vpid=9", "exec 46 member c1" } },
	{ "a call that took long is no clock set back",
	  { CONTAINER,
	    { 100000, 'c', 33, 21, 8, "11", NULL },
	    { 1000, 'v', 33, 21, 9, NULL, NULL },
	    { 100004, 'e', 46, 45, 0, "/bin/id", "id" },
	    { 100004, 'c', 45, 33, 10, "11", NULL } },
	  { CONTAINER_SAYS, "fork -<-33 member c1 vpid=9",
	    "fork 45<-33 member c1 vpid=8", "fork 46<-45 member c1",
	    "exec 46 member c1" } },
	{ "an image's program may call itself a shim",
	  { CONTAINER,
	    { 1000, 'e', 50, 21, 0, RUNC, "runc exec -d --process p c1" },
	    { 1000, 'c', 21, 1, 50, "4111", NULL },
	    { 1010, 'e', 51, 50, 0, RUNC, "runc init" },
	    { 1010, 'c', 50, 21, 51, "4111", NULL },
	    { 1020, 'c', 51, 50, 52, "8011", NULL },
	    { 1020, 'c', 52, 50, 53, "8011", NULL },
	    { 1030, 'e', 53, 50, 0, SHIM, "shim -namespace ns -id other" },
	    { 1040, 'x', 53, 50, 0, SHIM, NULL } },
	  { CONTAINER_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "fork 51<-50 runtime c1", "exec 51 runtime c1",
	    "fork 52<-50 runtime c1", "fork 53<-50 runtime c1",
	    "exec 53 exec c1", "end 53 exited 0" } },
	{ "who only looks like the shim's child stops nobody",
	  { CONTAINER,
	    { 1000, 'e', 50, 21, 0, RUNC, "runc --root r delete c1" },
	    { 1010, 'x', 50, 21, 0, RUNC, NULL } },
	  { CONTAINER_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "end 50 exited 0" } },
	{ "two that show each other do not wait for ever",
	  { { 0, 's', 200, 100, 0, "/bin/a", NULL },
	    { 0, 's', 100, 200, 0, "/bin/b", NULL },
	    { 0, 'i', 0, 0, 100000, NULL, NULL } },
	  { NULL } },
	{ "a container is made anew under its old id",
	  { CONTAINER,
	    { 1000, 'x', 33, 21, 0, "/bin/sh", NULL },
	    { 1100, 'c', 21, 1, 130, "4111", NULL },
	    { 1100, 'e', 130, 21, 0, RUNC, "runc create --bundle b c1" },
	    { 1110, 'c', 130, 21, 131, "4111", NULL },
	    { 1110, 'e', 131, 130, 0, RUNC, "runc init" },
	    { 1120, 'c', 131, 130, 132, "8011", NULL },
	    { 1120, 'c', 132, 130, 133, "8011", NULL },
	    { 1190, 'e', 133, 21, 0, "/bin/sh", "sh -c y" },
	    { 1190, 'i', 0, 0, 9000, NULL, NULL } },
	  { CONTAINER_SAYS, "end 33 exited 0", "stop c1 33",
	    "fork 130<-21 runtime c1", "exec 130 runtime c1",
	    "fork 131<-130 runtime c1", "exec 131 runtime c1",
	    "fork 132<-130 runtime c1", "fork 133<-130 runtime c1",
	    "start c1 133", "exec 133 init c1" } },
};

#define N_STORIES (sizeof(stories) / sizeof(stories[0]))

START_TEST(stories_are_told)
{
	story_check(&stories[_i]);
}
END_TEST

/* A process that forks and exits, and so does its child, and so on. */
/*
 * Another root and another runtime are a matter of configuration: a monitor,
 * as conmon is Podman's, that calls its own OCI runtime and needs no shim.
 */
#define MONITOR "/usr/libexec/my-monitor"
#define MY_OCI "/usr/bin/my-oci"

/* clang-format off */
static const struct story made_up_root = {
	"a made-up root",
	{ { 0, 'e', 12, 1, 0, MONITOR, "my-monitor -c c1" },
	  { 30, 'c', 12, 1, 30, "4111", NULL },
	  { 30, 'e', 30, 12, 0, MY_OCI, "my-oci --root r create --bundle b c1" },
	  { 40, 'c', 30, 12, 31, "4111", NULL },
	  { 40, 'e', 31, 30, 0, MY_OCI, "my-oci init" },
	  { 50, 'c', 31, 30, 32, "8011", NULL },
	  { 50, 'c', 32, 30, 33, "8011", NULL },
	  { 60, 'x', 32, 30, 0, MY_OCI, NULL },
	  { 60, 'x', 31, 30, 0, MY_OCI, NULL },
	  { 80, 'x', 30, 12, 0, MY_OCI, NULL },
	  { 90, 'e', 33, 12, 0, "/bin/sh", "sh -c x" },
	  { 1000, 'c', 33, 12, 8, "11", NULL },
	  { 1004, 'e', 45, 33, 0, "/bin/ls", "ls /" },
	  { 1008, 'x', 45, 33, 0, "/bin/ls", NULL },
	  { 1010, 'x', 33, 12, 4, "/bin/sh", NULL } },
	{ "census 12 root", "exec 12 root", "fork 30<-12 runtime",
	  "exec 30 runtime c1", "fork 31<-30 runtime c1", "exec 31 runtime c1",
	  "fork 32<-30 runtime c1", "fork 33<-30 runtime c1",
	  "end 32 exited 0", "end 31 exited 0", "end 30 exited 0",
	  "start c1 33", "exec 33 init c1", "fork 45<-33 member c1 vpid=8",
	  "exec 45 member c1", "end 45 exited 0", "end 33 exited 4",
	  "stop c1 33" }
};
/* clang-format on */

START_TEST(another_runtime_needs_configuration_alone)
{
	struct tree_options options = tree_defaults;
	_cleanup_buf_ struct buf want = BUF_INIT;
	_cleanup_buf_ struct buf got = BUF_INIT;

	options.roots = "my-monitor";
	options.shims = "none-here";
	options.runtimes = "my-oci";
	for (size_t i = 0; made_up_root.says[i]; i++)
		buf_printf(&want, "%s\n", made_up_root.says[i]);
	buf_putc(&want, '\0');
	story_tell(&made_up_root, &options, &got);
	ck_assert_msg(!strcmp(want.data, got.data), "want:\n%sgot:\n%s",
		      want.data, got.data);
	/* The same story says nothing to who was not told of them. */
	buf_clear(&got);
	story_tell(&made_up_root, &tree_defaults, &got);
	ck_assert_str_eq(got.data, "");
}
END_TEST

START_TEST(an_endless_chain_does_not_grow)
{
	static const struct story begin = { "chain", { CONTAINER }, { NULL } };
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t =
		tree_new(&tree_defaults, "", &metrics, story_say, &out);
	struct step step = { 0 };
	size_t most = 0;
	pid_t pid = 33;

	for (size_t i = 0; begin.steps[i].kind; i++)
		story_take(t, &begin.steps[i], i + 1);
	for (int i = 0; i < 20000; i++) {
		step = (struct step){ 2000 + (unsigned int)i * 100,
				      'c',
				      pid,
				      33,
				      i % 30000 + 8,
				      "11",
				      NULL };
		story_take(t, &step, 1000 + 2 * (uint64_t)i);
		if (i)
			step.kind = 'x';
		story_take(t, &step, 1001 + 2 * (uint64_t)i);
		pid = 1000 + i % 30000;
		if (t->n_placed > most)
			most = t->n_placed;
		buf_clear(&out);
	}
	ck_assert_ptr_null(tree_check(t));
	ck_assert_uint_lt(most, 200);
	ck_assert_uint_gt(metrics.processes, 19000);
	tree_free(t);
}
END_TEST

static const struct step *step_of(unsigned int at, char kind, pid_t pid,
				  pid_t ppid, long n)
{
	static struct step step;

	step = (struct step){ at, kind, pid, ppid, n, "11", NULL };
	return &step;
}

START_TEST(bounds_hold_and_are_counted)
{
	static const struct story begin = { "bounds", { CONTAINER }, { NULL } };
	struct tree_options options = tree_defaults;
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t;

	options.max_processes = 20;
	options.max_limbo = 10;
	options.max_claims = 15;
	t = tree_new(&options, "", &metrics, story_say, &out);
	for (size_t i = 0; begin.steps[i].kind; i++)
		story_take(t, &begin.steps[i], i + 1);
	for (int i = 0; i < 50; i++) {
		story_take(t, step_of(1000, 'c', 33, 21, 8 + i), 100);
		story_take(t, step_of(1000, 'e', 5000 + i, 4000, 0), 101);
		ck_assert_ptr_null(tree_check(t));
	}
	for (int i = 0; i < 50; i++)
		story_take(t, step_of(1010, 's', 100 + i, 33, 0), 200);
	ck_assert_ptr_null(tree_check(t));
	ck_assert_uint_le(t->n_placed, 20);
	ck_assert_uint_eq(metrics.limbo_evicted, 40);
	ck_assert_uint_gt(metrics.claims_evicted, 30);
	ck_assert_uint_gt(metrics.processes_evicted, 30);
	tree_idle(t, 5000);
	buf_putc(&out, '\0');
	ck_assert_ptr_nonnull(strstr(out.data, "lost "));
	tree_free(t);
}
END_TEST

/* A shim whose containerd was never heard, when the tree is full. */
START_TEST(a_shim_without_room_is_forgotten)
{
	static const struct story begin = { "full", { CONTAINER }, { NULL } };
	static const struct step shim = {
		1000,
		'e',
		500,
		1,
		0,
		SHIM,
		"shim -namespace ns -id c9 -address a",
	};
	struct tree_options options = tree_defaults;
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t;

	options.max_processes = 7;
	t = tree_new(&options, "", &metrics, story_say, &out);
	for (size_t i = 0; begin.steps[i].kind; i++)
		story_take(t, &begin.steps[i], i + 1);
	ck_assert_uint_eq(t->n_placed, 7);
	story_take(t, &shim, 100);
	ck_assert_uint_eq(t->n_limbo, 1);
	tree_idle(t, 1100);
	ck_assert_ptr_null(tree_check(t));
	ck_assert_uint_eq(t->n_limbo, 0);
	ck_assert_uint_eq(metrics.processes_evicted, 1);
	tree_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = tcase_create("stories");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stories_are_told, 0, (int)N_STORIES);
	tcase_add_test(tcase, another_runtime_needs_configuration_alone);
	tcase_add_test(tcase, an_endless_chain_does_not_grow);
	tcase_add_test(tcase, bounds_hold_and_are_counted);
	tcase_add_test(tcase, a_shim_without_room_is_forgotten);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
