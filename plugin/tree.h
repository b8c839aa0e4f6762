/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree: the process tree under containerd, one per node. It takes facts
 * and yields changes. It does no I/O, reads no clock and logs nothing: the
 * same facts give the same changes. It owns every record it hands out.
 *
 * Time is event time, in milliseconds, as the facts bear it.
 */
#ifndef CONTREE_TREE_H
#define CONTREE_TREE_H

#include "change.h"
#include "metrics.h"
#include "saved.h"

struct tree;

struct tree_options {
	uint64_t linger_ms;	/* how far facts may be out of order */
	const char *roots;	/* names, separated by spaces; a trailing * matches */
	const char *shims;	/* … of the shims */
	const char *runtimes;	/* … of runc and its like */
	size_t max_processes;	/* in the tree, the ended ones that linger too */
	size_t max_limbo;	/* processes that wait for a parent */
	size_t max_claims;	/* births announced but not answered */
	size_t max_containers;
	bool activity;		/* report CHANGE_ACTIVITY */
};

/* tree_witness(): nothing is witnessed. */
#define WITNESS_OFF UINT64_MAX

extern const struct tree_options tree_defaults;

/*
 * emit is called from within the other functions, in the order of the
 * changes. metrics is borrowed and must outlive the tree. Never fails.
 */
struct tree *tree_new(const struct tree_options *options, const char *node,
		      struct metrics *metrics, change_fn *emit, void *ctx);
void tree_free(struct tree *t);

/* Replaces lists, times and bounds; the option's strings are copied. */
void tree_set_options(struct tree *t, const struct tree_options *options);

/*
 * Called with each process's record as it stands when it leaves the tree,
 * or at tree_finish(): the final word on it. For tests and the drawing.
 */
void tree_on_final(struct tree *t, change_fn *final, void *ctx);

void tree_apply(struct tree *t, const struct fact *f);

/*
 * Nothing has come for so long: what waits may be decided. elapsed_ms is
 * counted from the last fact.
 */
void tree_idle(struct tree *t, uint64_t elapsed_ms);

/* The input is at its end: everything that waits is decided now. */
void tree_finish(struct tree *t);

/* Reports n lost things under this node, at the tree's current time. */
void tree_lost(struct tree *t, uint64_t n, const char *what);

/*
 * From this event time on, births and ends are all told by facts of the
 * witness, each before the first record of its process: what audit says of
 * a process that the tree does not know is nobody's business then, nothing
 * is inferred, and fork's numbers count for nothing. WITNESS_OFF: no longer.
 */
void tree_witness(struct tree *t, uint64_t since_ms);

/*
 * To be called after that: the births have been told since that earlier time,
 * also those by parents that are only now found. What audit says of births from
 * then on counts for nothing.
 */
void tree_witness_births(struct tree *t, uint64_t since_ms);

/*
 * The witness has told all until then, and missed something since. No more is
 * it to be trusted, until tree_witness().
 */
void tree_witness_gap(struct tree *t, uint64_t until_ms);

/*
 * The host's time of day was set forward by so much (back, if negative), and
 * facts from now on bear times of the clock as it is now: the tree's time
 * goes on as if nothing had been.
 */
void tree_step(struct tree *t, int64_t forward_ms);

/*
 * Called when a process gets its place by anything else than the witness or
 * the census: births and ends told before were not the tree's. From within
 * tree_apply() and the like; it must not call the tree.
 */
typedef void tree_pid_fn(void *ctx, pid_t pid);
void tree_on_adopted(struct tree *t, tree_pid_fn *adopted, void *ctx);

/*
 * Called when it is known where a container's bundle is, to have its names;
 * what is put into names (malloc'ed, NULL so far) becomes the tree's. It
 * must not call the tree.
 */
typedef void tree_names_fn(void *ctx, const struct container *c,
			   struct container_names *names);
void tree_on_bundle(struct tree *t, tree_names_fn *fn, void *ctx);

/* Memory that it does not use goes back to the kernel. */
void tree_give_back(struct tree *t);

/* How many processes and births it keeps, whether they live or wait. */
size_t tree_size(const struct tree *t);

/* Who has that pid in the tree and lives, or NULL. Borrowed. */
const struct proc *tree_find(struct tree *t, pid_t pid);

/*
 * Whether that pid was used by one in the tree who is older than that, be it
 * that he has ended. Who is born under it then is another.
 */
bool tree_had(struct tree *t, pid_t pid, uint64_t time_ms);

/*
 * When the first of those was born who had that pid and are not forgotten, in
 * ms; 0 if nobody is known.
 */
uint64_t tree_first_born(const struct tree *t, pid_t pid);

/* Whether somebody in the tree, or waiting for it, has or had that pid. */
bool tree_knows(const struct tree *t, pid_t pid);

/*
 * How many children a process outside of containers has told of by its own
 * record. While none does, as by the lean rules, who is the shim's child is to
 * be learned from /proc, and soon.
 */
uint64_t tree_vouched(const struct tree *t);

/* Whether that is the program of a root, by its path or name. */
bool tree_is_root(const struct tree *t, const char *exe);

/* The stream has come to that time, as it does with a fact. */
void tree_pass(struct tree *t, uint64_t time_ms);

/* Whether the witness is on, and was at that time. */
bool tree_trusts(const struct tree *t, uint64_t time_ms);

/*
 * Whether an exec of that pid was witnessed that audit has yet to tell of, by
 * a record that may be of then.
 */
bool tree_awaits_exec(struct tree *t, pid_t pid, uint64_t time_ms);

/* The init of the pid namespace that p is in; 0 if not known, or the host's. */
pid_t tree_reaper(const struct proc *p);

/* Everyone in the tree who lives. fn must not call the tree. */
typedef void tree_proc_fn(void *ctx, const struct proc *p);
void tree_each_alive(struct tree *t, tree_proc_fn *fn, void *ctx);

/* What is to be remembered of p; the strings are p's. */
void tree_save_one(const struct proc *p, struct saved *s);

/*
 * That of everybody who lives, and of their ancestors, oldest first, one by
 * one: false if there is no more. The tree may change meanwhile: who was
 * handed out already, or came since, was told of by a change.
 */
void tree_save_begin(struct tree *t);
bool tree_save_next(struct tree *t, struct saved *s);

/*
 * Puts back what was saved; nothing is said of it. parent is what this
 * returned for its parent, or NULL. The strings are copied. NULL if there is
 * no room, or no sense in it. Only while the tree is fresh, and before the
 * census.
 */
const struct proc *tree_restore(struct tree *t, const struct saved *s,
				const struct proc *parent);

/*
 * The invariants: every parent in the tree, no cycles, one process per
 * pid, counters that agree with the lists. Returns NULL if all hold, else
 * which one does not (static text). For tests.
 */
const char *tree_check(const struct tree *t);

#endif
