/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue: facts that wait, each in its turn, and who comes by them. Owns copies
 * of them; knows no tree, and not when it is whose turn.
 */
#ifndef CONTREE_QUEUE_H
#define CONTREE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact.h"

struct birth;

/*
 * A fact that waits. In a burst there are many, nearly all of the witness's:
 * of those there is kept what it can tell, of the census's all.
 */
struct item {
	struct item *next;
	struct birth *birth;	/* listed as that, or NULL */
	struct fact *found;	/* of the census; else NULL, and: */
	char *container;	/* or NULL */
	uint64_t time_ms, mono_ns, born_ms;
	pid_t pid, child, vpid;
	unsigned int ns_depth;
	unsigned char kind, code, signal;
	bool thread : 1, oom : 1, reaper_died : 1;
	bool stranger : 1;	/* brings somebody who is none of the tree's */
};

struct queue {
	struct item *first, **last;
	size_t n;
	struct birth *births;	/* by pid */
};

void queue_init(struct queue *q);

/* Frees what is in it. */
void queue_clear(struct queue *q);

/* A copy of f in front of what at points to; q->last: at the end. */
struct item *queue_put(struct queue *q, struct item **at, const struct fact *f);

/* Takes the item that at points to out. It is the caller's, to be dropped. */
struct item *queue_take(struct queue *q, struct item **at);
void queue_drop(struct queue *q, struct item *item);

/* f borrows the item's strings. */
void queue_fact(const struct item *item, struct fact *f);

/*
 * Who comes by an item, and is to be found by pid until it is unlisted or
 * dropped; of several under a pid, each in the order of time.
 */
void queue_list(struct queue *q, struct item *item, pid_t pid);
void queue_unlist(struct queue *q, struct item *item);

/* By which the newest user of pid comes; NULL: none waits. */
const struct item *queue_newest(const struct queue *q, pid_t pid);

/* By which he comes of whom a record speaks. */
const struct item *queue_birth_of(const struct queue *q, const struct fact *f);

/* The first of the births under pid that wait; NULL if none does. */
const struct item *queue_oldest(const struct queue *q, pid_t pid);

/* When that birth was, in ms: of who was found, before it waited. */
uint64_t queue_born_at(const struct item *item);

#endif
