/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "merge.h"

#include <stdlib.h>
#include <string.h>

#include "epochs.h"
#include "queue.h"
#include "strangers.h"

#define MAX_WAITING 65536
#define MAX_ADOPTED 256
#define MAX_STEPS 64
/*
 * The clock of audit's stamps goes by ticks (ktime_get_coarse_real_ts64() in
 * kernel/time/timekeeping.c), and stands still for longer than one when there
 * are none: in a virtual machine, the processor that has them may not run while
 * others do. (13 ms were seen.)
 */
#define STALL_MS 100
#define MAX_FURTHER 256	/* items looked at for that */

struct merge {
	struct tree *tree;
	struct metrics *metrics;
	struct epochs epochs;
	struct queue queue;
	struct strangers *strangers;
	uint64_t heard;		/* how often the stream came on */
	size_t n_adopted;
	pid_t adopted[MAX_ADOPTED];
};

static void on_adopted(void *ctx, pid_t pid)
{
	struct merge *m = ctx;

	if (m->n_adopted < MAX_ADOPTED)
		m->adopted[m->n_adopted++] = pid;
}

struct merge *merge_new(struct tree *t, struct metrics *metrics)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->tree = t;
	m->metrics = metrics;
	queue_init(&m->queue);
	m->strangers = strangers_new();
	tree_on_adopted(t, on_adopted, m);
	return m;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	queue_clear(&m->queue);
	strangers_free(m->strangers);
	free(m);
}

bool merge_waits(const struct merge *m)
{
	return m->queue.first != NULL;
}

/* Of the newcomer; 0 for a root. */
static pid_t parent_of(const struct item *birth)
{
	if (!birth->found)
		return birth->pid;
	return birth->found->topmost ? 0 : birth->found->ppid;
}

const struct proc *merge_nearest(struct merge *m, pid_t pid)
{
	const struct item *birth = queue_newest(&m->queue, pid);

	if (birth && birth->stranger)
		return NULL;
	/* Nobody makes a long chain of births but to be looked for. */
	for (size_t i = 0; birth && i < MAX_STEPS; i++) {
		pid = parent_of(birth);
		birth = queue_newest(&m->queue, pid);
	}
	return birth ? NULL : tree_find(m->tree, pid);
}

bool merge_ours(struct merge *m, pid_t pid)
{
	const struct item *birth = queue_newest(&m->queue, pid);

	return birth ? !birth->stranger : tree_find(m->tree, pid) != NULL;
}

/*
 * A stranger is born under a pid that one of the tree's has had: what is
 * told of that pid from now on is none of the tree's.
 */
static bool is_reborn(struct merge *m, const struct fact *f)
{
	const struct item *birth;

	if (f->kind != FACT_FORK || f->thread || merge_ours(m, f->pid))
		return false;
	birth = queue_newest(&m->queue, f->child);
	if (birth)
		return birth->mono_ns < f->mono_ns;
	return tree_had(m->tree, f->child, f->time_ms);
}

/* Out of the queue, into the tree. */
static void give(struct merge *m, struct item **at)
{
	struct item *item = queue_take(&m->queue, at);
	struct fact f;

	/* What the tree asks meanwhile is asked of those who still wait. */
	queue_unlist(&m->queue, item);
	queue_fact(item, &f);
	tree_apply(m->tree, &f);
	queue_drop(&m->queue, item);
}

static void give_first(struct merge *m)
{
	m->metrics->witness_early += m->queue.n > MAX_WAITING;
	give(m, &m->queue.first);
}

/* Who comes to the tree by it; 0: nobody, or he is there. */
static pid_t newcomer(struct merge *m, const struct fact *f)
{
	if (f->kind == FACT_FOUND)
		return tree_find(m->tree, f->pid) ? 0 : f->pid;
	return f->kind == FACT_FORK && !f->thread ? f->child : 0;
}

static void put_at(struct merge *m, struct item **at, const struct fact *f)
{
	bool stranger = is_reborn(m, f);
	struct item *item = queue_put(&m->queue, at, f);
	pid_t pid = newcomer(m, f);

	item->stranger = stranger;
	if (pid)
		queue_list(&m->queue, item, pid);
}

/* In its turn among what waits: that of a fact from the past. */
static void insert(struct merge *m, const struct fact *f)
{
	struct item **at = &m->queue.first;

	while (*at && (*at)->mono_ns <= f->mono_ns)
		at = &(*at)->next;
	put_at(m, at, f);
}

static void put_recalled(void *ctx, const struct fact *f)
{
	struct merge *m = ctx;

	put_at(m, m->queue.last, f);
}

void merge_put(struct merge *m, const struct fact *f)
{
	bool is_known = merge_ours(m, f->pid);

	if (f->source == SOURCE_WITNESS && !is_known) {
		strangers_add(m->strangers, f);
		if (!is_reborn(m, f))
			return;
	}
	put_at(m, m->queue.last, f);
	/* The children of who was found are the tree's only behind him. */
	if (f->kind == FACT_FOUND && !is_known)
		strangers_recall(m->strangers, f->pid, put_recalled, m);
	while (m->queue.n > MAX_WAITING)
		give_first(m);
}

static void on_recalled(void *ctx, const struct fact *f)
{
	insert(ctx, f);
}

static void adopt(struct merge *m)
{
	while (m->n_adopted)
		strangers_recall(m->strangers, m->adopted[--m->n_adopted],
				 on_recalled, m);
}

static void give_until(struct merge *m, uint64_t time_ms)
{
	while (m->queue.first && m->queue.first->time_ms < time_ms)
		give_first(m);
}

/* That item and all before it. */
static void give_through(struct merge *m, const struct item *item)
{
	bool last = false;

	while (item && m->queue.first && !last) {
		last = m->queue.first == item;
		give_first(m);
	}
}

/*
 * Who was found in /proc up to that item, parents first. What else waits goes
 * on waiting: it may be of records that have yet to come.
 */
static void give_found(struct merge *m, const struct item *item)
{
	struct item **at = &m->queue.first;
	bool last = false;

	while (*at && !last) {
		last = *at == item;
		if ((*at)->kind == FACT_FOUND)
			give(m, at);
		else
			at = &(*at)->next;
	}
}

/*
 * By its coarse stamp an exit may be of the one that is born then, or of the
 * one that had the pid until then: whose end waits, or a stranger, who shows
 * another parent. (So does who has just lost his; the witness tells his end.)
 */
static bool ends_predecessor(const struct merge *m, const struct fact *f,
			     const struct item *birth)
{
	if (f->kind != FACT_EXIT)
		return false;
	if (f->time_ms < birth->time_ms && f->ppid &&
	    f->ppid != parent_of(birth))
		return true;
	for (const struct item *i = m->queue.first; i != birth; i = i->next)
		if (i->pid == f->pid && i->kind == FACT_EXIT && !i->signal &&
		    i->code == f->code)
			return true;
	return false;
}

/*
 * pid speaks, and its birth waits: all that was before is due. Returns whose
 * birth it is not, though it is of that time; or NULL.
 */
static const struct item *give_birth(struct merge *m, const struct fact *f)
{
	const struct item *birth = queue_birth_of(&m->queue, f);

	if (birth && birth->kind == FACT_FOUND)
		give_found(m, birth);
	else if (birth && ends_predecessor(m, f, birth))
		return birth;
	else if (birth)
		give_through(m, birth);
	return NULL;
}

/*
 * From here on the pid is another's than whom f speaks of. (If he was found,
 * his own birth may still wait.)
 */
static bool is_next_user(const struct item *i, const struct fact *f)
{
	return i->kind == FACT_FORK && !i->thread && i->child == f->pid &&
	       i->time_ms > f->time_ms + COARSE_MS;
}

/*
 * pid ends, or has executed something: what it did before is due, though it
 * may seem to be later than the stamp, which is coarse. Its end itself may
 * wait, and that it is gone: audit tells more of it. next is by which another
 * gets the pid, if that is known.
 */
static void give_own(struct merge *m, const struct fact *f,
		     const struct item *next)
{
	bool trusted = tree_trusts(m->tree, f->time_ms);
	uint64_t until_ms = f->time_ms + 2 * COARSE_MS;
	size_t further = trusted ? MAX_FURTHER : 0;
	const struct item *last = NULL;

	if ((f->kind != FACT_EXIT && f->kind != FACT_EXEC) ||
	    (!queue_newest(&m->queue, f->pid) && !tree_find(m->tree, f->pid)))
		return;
	/* That it executed this was given; what waits is another exec. */
	if (f->kind == FACT_EXEC &&
	    tree_awaits_exec(m->tree, f->pid, f->time_ms))
		return;
	/* An exec is stamped when it was called, and may take its time. */
	if (f->kind == FACT_EXEC && trusted)
		until_ms = UINT64_MAX;
	for (struct item *i = m->queue.first;
	     i && i != next && !is_next_user(i, f); i = i->next) {
		if (i->time_ms > until_ms &&
		    (i->time_ms > f->time_ms + STALL_MS || !further--))
			break;
		if (i->pid != f->pid || i->kind == FACT_EXIT ||
		    i->kind == FACT_GONE)
			continue;
		last = i;
		if (f->kind == FACT_EXEC && i->kind == FACT_EXEC)
			break;
	}
	if (last && f->kind == FACT_EXEC && last->kind != FACT_EXEC)
		return;		/* its exec was given, this is from after it */
	give_through(m, last);
}

/* The audit stream has come to that stamp: what was before it is due. */
static void come(struct merge *m, uint64_t stamp_ms)
{
	uint64_t time_ms = epochs_earliest(&m->epochs, stamp_ms);

	give_until(m, time_ms);
	epochs_come(&m->epochs, time_ms);
}

/*
 * When he was born who speaks, though by the stamp it was before that; 0 if it
 * was not, or if another may have had the pid until then: one of the tree's, or
 * a stranger, who shows another parent.
 */
static uint64_t born_later(const struct merge *m, const struct fact *f,
			   uint64_t time_ms)
{
	const struct item *birth;
	uint64_t born_ms;

	if (!tree_trusts(m->tree, time_ms))
		return 0;
	birth = queue_oldest(&m->queue, f->pid);
	born_ms = tree_first_born(m->tree, f->pid);
	if (!born_ms && birth && (!f->ppid || f->ppid == parent_of(birth)))
		born_ms = queue_born_at(birth);
	return born_ms > time_ms + COARSE_MS && born_ms <= time_ms + STALL_MS ?
		       born_ms :
		       0;
}

/*
 * Nobody speaks before he is born: not at the first of a time that was twice,
 * and not because the clock stood still.
 */
static uint64_t time_of(struct merge *m, const struct fact *f)
{
	uint64_t earliest = epochs_earliest(&m->epochs, f->time_ms);
	const struct item *birth = queue_newest(&m->queue, f->pid);
	uint64_t time_ms, born_ms;

	time_ms =
		!earliest || (birth && earliest + COARSE_MS < birth->time_ms) ?
			epochs_latest(&m->epochs, f->time_ms) :
			earliest;
	born_ms = born_later(m, f, time_ms);
	return born_ms ? born_ms : time_ms;
}

void merge_apply(struct merge *m, const struct fact *heard)
{
	struct fact f = *heard;

	m->heard++;
	come(m, heard->time_ms);
	f.time_ms = time_of(m, heard);
	give_own(m, &f, give_birth(m, &f));
	tree_apply(m->tree, &f);
	adopt(m);
}

static void pass(struct merge *m, uint64_t time_ms)
{
	come(m, time_ms);
	adopt(m);
}

void merge_pass(struct merge *m, uint64_t time_ms)
{
	m->heard++;
	pass(m, time_ms);
}

uint64_t merge_heard(const struct merge *m)
{
	return m->heard;
}

bool merge_knows(const struct merge *m, pid_t pid)
{
	return queue_newest(&m->queue, pid) || tree_knows(m->tree, pid);
}

void merge_skip(struct merge *m, uint64_t time_ms)
{
	uint64_t earliest = epochs_earliest(&m->epochs, time_ms);

	merge_pass(m, time_ms);
	/* A stamp from the future tells no time. */
	if (earliest)
		tree_pass(m->tree, earliest);
}

/* All our rules have execve and execveat: its record is to come. */
static bool owes_record(const struct item *item, uint64_t owed_ms)
{
	return !item->found && item->kind == FACT_EXEC &&
	       item->time_ms >= owed_ms;
}

void merge_pause(struct merge *m, uint64_t time_ms, uint64_t owed_ms)
{
	const struct item *i = m->queue.first;

	while (i && i->time_ms < time_ms && !owes_record(i, owed_ms))
		i = i->next;
	pass(m, i && i->time_ms < time_ms ? i->time_ms : time_ms);
}

void merge_clocks(struct merge *m, uint64_t mono_ns, uint64_t wall_ns)
{
	int64_t forward_ms = epochs_read(&m->epochs, mono_ns, wall_ns);

	if (!forward_ms)
		return;
	for (struct item *i = m->queue.first; i; i = i->next) {
		i->time_ms += (uint64_t)forward_ms;
		if (!i->found)
			continue;
		i->found->time_ms += (uint64_t)forward_ms;
		i->found->start_ms += (uint64_t)forward_ms;
	}
	strangers_step(m->strangers, forward_ms);
	tree_step(m->tree, forward_ms);
}

void merge_finish(struct merge *m)
{
	while (m->queue.first)
		give_first(m);
	adopt(m);
	while (m->queue.first)
		give_first(m);
}
