/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

/* Several of a pid, where pids come round. */
struct birth {
	struct item *item;
	struct birth *older;	/* of that pid */
	pid_t pid;
	UT_hash_handle hh;	/* the newest only */
};

void queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
}

static struct birth *newest(const struct queue *q, pid_t pid)
{
	struct birth *birth;

	HASH_FIND(hh, q->births, &pid, sizeof(pid), birth);
	return birth;
}

static void set_newest(struct queue *q, struct birth *birth)
{
	struct birth *was = newest(q, birth->pid);

	if (was)
		HASH_DELETE(hh, q->births, was);
	HASH_ADD(hh, q->births, pid, sizeof(birth->pid), birth);
}

void queue_unlist(struct queue *q, struct item *item)
{
	struct birth *birth = item->birth;
	struct birth *at = birth ? newest(q, birth->pid) : NULL;

	if (!birth)
		return;
	if (at == birth && birth->older) {
		set_newest(q, birth->older);
	} else if (at == birth) {
		HASH_DELETE(hh, q->births, birth);
	} else {
		while (at->older != birth)
			at = at->older;
		at->older = birth->older;
	}
	free(birth);
	item->birth = NULL;
}

void queue_list(struct queue *q, struct item *item, pid_t pid)
{
	struct birth *birth = calloc(1, sizeof(*birth));
	struct birth *at = newest(q, pid);

	if (!birth)
		abort();
	birth->item = item;
	birth->pid = pid;
	item->birth = birth;
	if (!at || at->item->mono_ns <= item->mono_ns) {
		birth->older = at;
		set_newest(q, birth);
		return;
	}
	while (at->older && at->older->item->mono_ns > item->mono_ns)
		at = at->older;
	birth->older = at->older;
	at->older = birth;
}

const struct item *queue_newest(const struct queue *q, pid_t pid)
{
	const struct birth *birth = newest(q, pid);

	return birth ? birth->item : NULL;
}

const struct item *queue_oldest(const struct queue *q, pid_t pid)
{
	const struct birth *birth = newest(q, pid);

	while (birth && birth->older)
		birth = birth->older;
	return birth ? birth->item : NULL;
}

uint64_t queue_born_at(const struct item *item)
{
	return item->found ? item->found->start_ms : item->time_ms;
}

const struct item *queue_birth_of(const struct queue *q, const struct fact *f)
{
	const struct birth *birth = newest(q, f->pid);

	while (birth && queue_born_at(birth->item) > f->time_ms + COARSE_MS)
		birth = birth->older;
	return birth ? birth->item : NULL;
}

static struct item *new_item(const struct fact *f)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		abort();
	item->kind = (unsigned char)f->kind;
	item->time_ms = f->time_ms;
	item->mono_ns = f->mono_ns;
	item->pid = f->pid;
	if (f->source != SOURCE_WITNESS) {
		item->found = fact_copy(f);
		return item;
	}
	item->born_ms = f->born_ms;
	item->child = f->child;
	item->vpid = f->vpid;
	item->ns_depth = f->ns_depth;
	item->thread = f->thread;
	item->code = (unsigned char)f->code;
	item->signal = (unsigned char)f->signal;
	item->oom = f->oom;
	item->reaper_died = f->reaper_died;
	if (f->container)
		item->container = strdup(f->container);
	if (f->container && !item->container)
		abort();
	return item;
}

struct item *queue_put(struct queue *q, struct item **at, const struct fact *f)
{
	struct item *item = new_item(f);

	item->next = *at;
	*at = item;
	if (!item->next)
		q->last = &item->next;
	q->n++;
	return item;
}

struct item *queue_take(struct queue *q, struct item **at)
{
	struct item *item = *at;

	*at = item->next;
	if (!*at)
		q->last = at;
	q->n--;
	return item;
}

void queue_drop(struct queue *q, struct item *item)
{
	queue_unlist(q, item);
	free(item->container);
	free(item->found);
	free(item);
}

void queue_clear(struct queue *q)
{
	while (q->first)
		queue_drop(q, queue_take(q, &q->first));
}

void queue_fact(const struct item *item, struct fact *f)
{
	if (item->found) {
		*f = *item->found;
		return;
	}
	*f = (struct fact){
		.kind = (enum fact_kind)item->kind,
		.source = SOURCE_WITNESS,
		.time_ms = item->time_ms,
		.mono_ns = item->mono_ns,
		.born_ms = item->born_ms,
		.node = "",
		.pid = item->pid,
		.child = item->child,
		.vpid = item->vpid,
		.ns_depth = item->ns_depth,
		.container = item->container,
		.thread = item->thread,
		.code = item->code,
		.signal = item->signal,
		.oom = item->oom,
		.reaper_died = item->reaper_died,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};
}
