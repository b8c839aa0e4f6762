/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * truth: what really happened while a capture was recorded: the lives of
 * all processes, from truth.jsonl (the kernel's proc connector) and
 * proc.jsonl, and the containers, from the OCI config.json in files/ or, in
 * a recording of the scoreboard's, from a file that says what it started.
 * truth_hear() adds what of it the audit log lets anyone hear. A life is
 * one process from its birth to its end, so that a pid used twice is two.
 * struct truth owns everything in it.
 */
#ifndef CONTREE_TEST_TRUTH_H
#define CONTREE_TEST_TRUTH_H

#include <uthash.h>

#include "logread.h"

#define NEVER INT64_MAX

struct container_truth {
	char *id;
	char *cgroup;		/* its pids cgroup, "/docker/…" */
	struct life *init;	/* NULL if none ever ran the user's program;
				 * of one started again, the last one */
	size_t inits;		/* how often it was started, */
	size_t inits_ended;	/* and stopped */
};

struct life_exec {
	int64_t time_ns;
	char *exe;		/* NULL where neither truth nor audit knows */
	const char *names;	/* the container its arguments name, or NULL */
	const struct record *record;	/* what audit said of it, or NULL */
};

struct life {
	size_t index;		/* in truth.lives */
	pid_t pid;
	pid_t vpid;		/* innermost, 0 where not known */
	pid_t outer;		/* in the namespace around that, or 0 */
	int64_t birth_ns;	/* wall clock; 0 if alive at the start */
	int64_t end_ns;		/* NEVER if alive at the end */
	int code, signal;	/* how it ended */
	bool oom;		/* by the kernel's OOM killer */
	struct life *parent;	/* birth parent; NULL if alive at the start */
	bool root;		/* containerd itself */
	bool born;		/* descends from containerd */
	struct life_exec *execs;
	size_t execs_count;

	/* The container it is inside of, from exec number entered on
	 * (0: from its birth): NULL for what only prepares one. */
	struct container_truth *inside;
	size_t entered;
	struct life *init;	/* the container's, since it is inside */
	bool entry;		/* the init or an exec itself, not a descendant */
	struct container_truth *cgroup;	/* whose cgroup it was last seen in */

	/* What audit says */
	const struct record *first;	/* first record by its pid that has a
					 * ppid, NULL if none */
	int64_t heard_ms;	/* its first record's time, NEVER: inaudible */
	bool claimed;		/* its parent named it by its host pid */
	bool parent_shown;	/* some record shows the true parent as ppid */
	bool exit_heard;	/* exit_group */
	int abend;		/* ANOM_ABEND's signal, or 0 */

	struct life *older;	/* who had the pid before */
	UT_hash_handle hh;	/* only the newest of a pid is in the table */
};

struct truth {
	struct life **lives;	/* in the order of birth */
	size_t lives_count;
	struct life *by_pid;
	struct container_truth *containers;
	size_t containers_count;
	int64_t mono_to_wall_ns;
};

/*
 * Reads the capture in directory dir. Two more files are read where they are:
 * "containers", one "ID CGROUP" a line, instead of files/; and "victims", the
 * pids, one a line, that the kernel's log says its OOM killer killed.
 */
int truth_read(struct truth *t, const char *dir, struct err *err);

/*
 * Holds the capture's log against the lives. log must outlive t. An error
 * if log and truth do not fit, or if the containers that follow from who
 * descends from whom are not those that the cgroups tell of.
 */
int truth_hear(struct truth *t, const struct log *log, struct err *err);
void truth_free(struct truth *t);

/* Who had pid at that time, or NULL. Audit's clock is coarse: a time up to
 * 20 ms before a birth is taken for after it. */
struct life *truth_find(const struct truth *t, pid_t pid, int64_t time_ms);

/* Who of those with that pid was born nearest to that time, or NULL. Audit
 * dates a birth at its parent's entry into the system call; on a busy host
 * the child follows a good while later. */
struct life *truth_find_born(const struct truth *t, pid_t pid, int64_t time_ms);

struct container_truth *truth_container(const struct truth *t, const char *id);

static inline bool life_audible(const struct life *l)
{
	return l->heard_ms != NEVER;
}

/* After its first n execs, is it inside of its container? */
static inline bool life_inside(const struct life *l, size_t n)
{
	return l->inside && n >= l->entered;
}

/* Which container's id its lines bear after its first n execs, or NULL. */
const char *life_container(const struct life *l, size_t n);

/* Its contree.role after its first n execs. */
const char *life_role(const struct life *l, size_t n);

/* Must it have an end line: it was heard to exit, or its container stopped? */
bool life_must_end(const struct life *l);

#endif
