/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge: brings what the kernel's proc connector and /proc say into step
 * with the audit stream, which comes later: a tree must not hear that a
 * process ended before what it did, nor that it has a child before what it
 * executed. Pure: facts in, facts out to the tree; no I/O, no clock. Owns
 * what waits; the tree is borrowed.
 *
 * It rests on two orders that the kernel keeps. A record is queued for the
 * audit daemon when its call is done (audit_log_end()), so whatever a
 * process did is queued before it is seen to fork next, or to end. And a
 * record's stamp is never later than its queueing. So once a record bears a
 * later stamp than a birth or an end, all that was before that has come.
 */
#ifndef CONTREE_MERGE_H
#define CONTREE_MERGE_H

#include "tree.h"

struct merge;

/* metrics and t are borrowed, and must outlive it. */
struct merge *merge_new(struct tree *t, struct metrics *metrics);
void merge_free(struct merge *m);

/*
 * The process in the tree that pid is, or that it is to become a descendant
 * of by births that wait here; NULL if it is none of the tree's. Borrowed
 * until the next call.
 */
const struct proc *merge_nearest(struct merge *m, pid_t pid);

/* Whether pid is one of the tree's, or will be when its turn comes. */
bool merge_ours(struct merge *m, pid_t pid);

/*
 * A fact of the witness or of the census, in the order in which they
 * happened. It is copied. What is not about the tree's processes is kept
 * for a while, in case it turns out to be.
 */
void merge_put(struct merge *m, const struct fact *f);

/* A fact of the audit stream: goes to the tree, after all that was before. */
void merge_apply(struct merge *m, const struct fact *f);

/* The audit stream has come to that time: what was before it is due. */
void merge_pass(struct merge *m, uint64_t time_ms);

/* How often it has: as long as that stays the same, nothing comes. */
uint64_t merge_heard(const struct merge *m);

/*
 * Whether a record by pid may be of somebody in the tree, be it that he has
 * ended, or of somebody whose birth waits.
 */
bool merge_knows(const struct merge *m, pid_t pid);

/* The audit stream has come to a record, of that time, that tells nothing. */
void merge_skip(struct merge *m, uint64_t time_ms);

/*
 * Nothing more comes, it seems, of what was before that time. But whoever
 * executed something since owed_ms, and of whom no record has said so, shows
 * that the stream is late: what follows that waits on.
 */
void merge_pause(struct merge *m, uint64_t time_ms, uint64_t owed_ms);

/*
 * The host's clocks, as struct clocks has them, before facts are handed in
 * that go by them. If the time of day was set, everything here and in the
 * tree moves with it, and records that were stamped before find their turn.
 */
void merge_clocks(struct merge *m, uint64_t mono_ns, uint64_t wall_ns);

/* The stream is at its end: everything is due. */
void merge_finish(struct merge *m);

/* Whether anything waits. */
bool merge_waits(const struct merge *m);

#endif
