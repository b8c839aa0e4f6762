/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story: facts as steps that are easily written down, and a line for each
 * change that the tree makes of them. A story's time is in ms.
 */
#ifndef CONTREE_TESTS_STORY_H
#define CONTREE_TESTS_STORY_H

#include "buf.h"
#include "tree_int.h"

/* A story's time begins here. */
#define T0 UINT64_C(1700000000000)

struct step {
	unsigned int at;
	char kind;	/* f v c 3: fork, vfork, clone, clone3; e: exec; x: exit
			 * a: abend; s: seen; q: seen, quiet; i: idle */
	pid_t pid, ppid;
	long n;		/* child, status, signal, or ms of idleness */
	const char *exe;	/* or of clone: its flags, as hex */
	const char *args;	/* separated by spaces */
};

#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define RUNC "/usr/sbin/runc"

/*
 * containerd 10, its shim 21 (started by 20), runc create 30 with stages
 * 31, 32 and 33, which becomes the container's init as sh. From 1000 on.
 */
/* clang-format off */
#define CONTAINER                                                             \
	{ 0, 'c', 10, 1, 20, "4111", NULL },                                  \
	{ 0, 'e', 20, 10, 0, SHIM, "shim -namespace ns -id c1 start" },       \
	{ 10, 'c', 20, 10, 21, "4111", NULL },                                \
	{ 10, 'e', 21, 20, 0, SHIM, "shim -namespace ns -id c1 -address a" }, \
	{ 20, 'x', 20, 10, 0, SHIM, NULL },                                   \
	{ 30, 'e', 30, 21, 0, RUNC, "runc --root r create --bundle b c1" },   \
	{ 30, 'c', 21, 1, 30, "4111", NULL },                                 \
	{ 40, 'e', 31, 30, 0, RUNC, "runc init" },                            \
	{ 40, 'c', 30, 21, 31, "4111", NULL },                                \
	{ 50, 'c', 31, 30, 32, "8011", NULL },                                \
	{ 50, 'c', 32, 30, 33, "8011", NULL },                                \
	{ 60, 'x', 32, 30, 0, RUNC, NULL },                                   \
	{ 60, 'x', 31, 30, 0, RUNC, NULL },                                   \
	{ 80, 'x', 30, 21, 0, RUNC, NULL },                                   \
	{ 90, 'e', 33, 21, 0, "/bin/sh", "sh -c x" }

#define CONTAINER_SAYS                                                     \
	"census 10 root", "fork 20<-10 runtime", "exec 20 shim c1",        \
	"fork 21<-20 runtime c1", "exec 21 shim c1",                       \
	"end 20 exited 0", "fork 30<-21 runtime c1", "exec 30 runtime c1", \
	"fork 31<-30 runtime c1", "exec 31 runtime c1",                    \
	"fork 32<-30 runtime c1", "fork 33<-30 runtime c1",                \
	"end 32 exited 0", "end 31 exited 0", "end 30 exited 0",           \
	"start c1 33", "exec 33 init c1"
/* clang-format on */

struct story {
	const char *name;
	struct step steps[64];
	const char *says[44];
};

/* A change as a line, into ctx, a struct buf. */
void story_say(void *ctx, const struct change *c);

void story_take(struct tree *t, const struct step *s, uint64_t serial);

/*
 * All of it to a tree of its own, whose invariants are checked after every
 * step; out then has the lines, and a NUL.
 */
void story_tell(const struct story *story, const struct tree_options *options,
		struct buf *out);

/* Tells it, and checks that it says what it is to say. */
void story_check(const struct story *story);

#endif
