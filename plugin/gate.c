/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "gate_key.h"
#include "trim.h"

/* Events; a busy host has about as many as cores, and a few that wait. */
#define MAX_OPEN 128
#define MAX_LINE 16384		/* bytes; a record is up to 8970 and its head */
#define MAX_AGE_MS 2000		/* as auparse's own end-of-event timeout */
/* A system call's record is waited for by who has a higher serial, so far. */
#define NEAR_MS 200
#define NEAR_SERIALS 1024
#define PATIENCE 1024		/* lines of any node that one waits for, at most */

/* What a record of a type does to its event. */
enum action {
	DROP,	/* nobody wants it */
	KEEP,	/* belongs to an event, which may go on */
	TRIM,	/* does so too, but for the fields nobody wants */
	ALONE,	/* is an event by itself */
	LAST,	/* not wanted, but it completes its event */
};

struct rule {
	const char *type;	/* or how it begins */
	size_t len;
	enum action action;
	bool begins;
};

/* clang-format off */
#define IS(type, action) { type, sizeof(type) - 1, action, false }
#define BEGINS(type, action) { type, sizeof(type) - 1, action, true }
/* clang-format on */

/*
 * SECCOMP and ANOM_ABEND are written outside the audited system call
 * (before its entry, and at the delivery of a signal), so they come with a
 * serial of their own and no EOE. USER_* are single messages from user
 * space, from inside containers too. First match counts, most frequent
 * first.
 */
static const struct rule rules[] = {
	IS("SYSCALL", TRIM),	IS("EOE", LAST),	 IS("PROCTITLE", LAST),
	IS("EXECVE", KEEP),	IS("CWD", KEEP),	 IS("AVC", KEEP),
	IS("SECCOMP", ALONE),	IS("ANOM_ABEND", ALONE), IS("USER_AVC", DROP),
	IS("USER_TTY", DROP),	BEGINS("USER_", ALONE),	 IS("ADD_USER", ALONE),
	IS("DEL_USER", ALONE),	IS("ADD_GROUP", ALONE),	 IS("DEL_GROUP", ALONE),
	IS("CHUSER_ID", ALONE), IS("CHGRP_ID", ALONE),	 IS("ACCT_LOCK", ALONE),
};

struct open_event {
	uint64_t time_ms;
	uint64_t serial;
	bool cut;
	bool unwanted;		/* nothing of it is kept */
	bool takes_turns;	/* with others of its node */
	bool ended;		/* it waits for its turn */
	uint64_t ended_line;	/* since this one */
	bool awaited;		/* others wait for its end, which will come */
	size_t node_len;
	char node[GATE_MAX_NODE];
	struct buf data;
};

struct gate {
	struct metrics *metrics;
	gate_event_fn *event;
	gate_key_fn *key;
	gate_wants_fn *wants;
	gate_turns_fn *turns;
	void *ctx;
	size_t event_bytes;
	size_t n_open;
	size_t n_ended;		/* of them, which wait for their turn */
	struct open_event *open[MAX_OPEN]; /* n_open in use, oldest first */
	struct gate_last last;
	bool skipping;		/* the rest of a line that was too long */
	struct buf partial;	/* a line whose newline has not come */
};

struct gate *gate_new(struct metrics *metrics, gate_event_fn *event, void *ctx)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	g->metrics = metrics;
	g->event = event;
	g->ctx = ctx;
	g->event_bytes = 128 * 1024;
	return g;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < MAX_OPEN && g->open[i]; i++) {
		buf_free(&g->open[i]->data);
		free(g->open[i]);
	}
	buf_free(&g->partial);
	free(g);
}

void gate_on_key(struct gate *g, gate_key_fn *key)
{
	g->key = key;
}

void gate_on_syscall(struct gate *g, gate_wants_fn *wants)
{
	g->wants = wants;
}

void gate_on_turn(struct gate *g, gate_turns_fn *turns)
{
	g->turns = turns;
}

void gate_set_event_bytes(struct gate *g, size_t bytes)
{
	g->event_bytes = bytes;
}

static enum action action_of(const struct gate_key *k)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if ((k->type_len == r->len ||
		     (r->begins && k->type_len > r->len)) &&
		    !memcmp(k->type, r->type, r->len))
			return r->action;
	}
	return DROP;
}

static bool is_node(const struct open_event *e, const char *node, size_t len)
{
	return e->node_len == len && (!len || !memcmp(e->node, node, len));
}

static bool same_node(const struct open_event *e, const struct gate_key *k)
{
	return is_node(e, k->node, k->node_len);
}

/* Its place; n_open if there is none. */
static size_t find(const struct gate *g, const struct gate_key *k)
{
	for (size_t i = g->n_open; i-- > 0;) {
		const struct open_event *e = g->open[i];

		if (!e->ended && e->serial == k->serial &&
		    e->time_ms == k->time_ms && same_node(e, k))
			return i;
	}
	return g->n_open;
}

/* Hands the event at place i on; its slot's memory is kept for the next. */
static void complete(struct gate *g, size_t i)
{
	struct open_event *e = g->open[i];
	struct gate_event event = {
		.node = e->node,
		.time_ms = e->time_ms,
		.serial = e->serial,
		.data = e->data.data,
		.len = e->data.len,
		.cut = e->cut,
	};

	g->n_open--;
	g->n_ended -= e->ended;
	memmove(&g->open[i], &g->open[i + 1],
		(g->n_open - i) * sizeof(g->open[0]));
	g->open[g->n_open] = e;
	g->metrics->events++;
	g->metrics->events_unwanted += e->unwanted;
	if (!e->unwanted)
		g->event(g->ctx, &event);
	if (e->data.size > 4 * MAX_LINE)
		buf_free(&e->data);
	buf_clear(&e->data);
}

static bool waits_for(const struct open_event *e, const struct open_event *o)
{
	return o->serial < e->serial && e->serial - o->serial < NEAR_SERIALS &&
	       o->awaited && !o->ended && is_node(o, e->node, e->node_len);
}

static bool is_due(const struct gate *g, const struct open_event *e)
{
	if (!e->takes_turns || e->unwanted ||
	    g->metrics->lines - e->ended_line > PATIENCE)
		return true;
	for (size_t i = 0; i < g->n_open; i++)
		if (waits_for(e, g->open[i]))
			return false;
	return true;
}

/* Of those that have ended, by the serials; due: whose turn it is. */
static struct open_event **next_ended(struct gate *g, bool due)
{
	struct open_event **first = NULL;

	for (size_t i = 0; i < g->n_open; i++)
		if (g->open[i]->ended &&
		    (!first || g->open[i]->serial < (*first)->serial) &&
		    (!due || is_due(g, g->open[i])))
			first = &g->open[i];
	return first;
}

static void complete_due(struct gate *g)
{
	struct open_event **due;

	while (g->n_ended && (due = next_ended(g, true)))
		complete(g, (size_t)(due - g->open));
}

static void end_event(struct gate *g, struct open_event *e)
{
	if (!e->ended) {
		g->n_ended++;
		e->ended_line = g->metrics->lines;
	}
	e->ended = true;
}

/* With all that waited for it; mostly nobody did, nor does it wait itself. */
static void finish_event(struct gate *g, size_t i)
{
	end_event(g, g->open[i]);
	if (g->n_ended == 1 && is_due(g, g->open[i]))
		complete(g, i);
	complete_due(g);
}

static void end_aged(struct gate *g, struct open_event *e)
{
	g->metrics->events_aged += !e->ended;
	end_event(g, e);
}

/* One that is complete goes before its turn, or the oldest as it is. */
static void make_room(struct gate *g)
{
	struct open_event **ended = next_ended(g, false);

	g->metrics->events_evicted += !ended;
	complete(g, ended ? (size_t)(ended - g->open) : 0);
	complete_due(g);
}

/* Returns its place. */
static size_t open_event(struct gate *g, const struct gate_key *k)
{
	struct open_event *e;

	if (g->n_open == MAX_OPEN)
		make_room(g);
	e = g->open[g->n_open];
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			abort();
		g->open[g->n_open] = e;
	}
	g->n_open++;
	e->time_ms = k->time_ms;
	e->serial = k->serial;
	e->cut = e->unwanted = e->ended = e->awaited = false;
	e->takes_turns = !g->turns || g->turns(g->ctx, k);
	e->node_len = k->node_len;
	memcpy(e->node, k->node, k->node_len);
	e->node[k->node_len] = '\0';
	return g->n_open - 1;
}

/* Of the same node only: nodes have clocks of their own. */
static void age(struct gate *g, const struct gate_key *k)
{
	bool changed = false;

	for (size_t i = 0; i < g->n_open; i++) {
		struct open_event *e = g->open[i];

		if (e->time_ms + NEAR_MS >= k->time_ms || !same_node(e, k))
			continue;
		changed = changed || e->awaited;
		e->awaited = false;
		if (e->time_ms + MAX_AGE_MS >= k->time_ms)
			continue;
		end_aged(g, e);
		changed = true;
	}
	if (changed)
		complete_due(g);
}

static void add_line(struct gate *g, struct open_event *e, enum action action,
		     const char *line, size_t len)
{
	if (e->data.len && e->data.len + len + 1 > g->event_bytes) {
		e->cut = true;
		return;
	}
	if (action == TRIM)
		trim_syscall(&e->data, line, len);
	else
		buf_put(&e->data, line, len);
	buf_putc(&e->data, '\n');
}

static void take_line(struct gate *g, const char *line, size_t len)
{
	struct open_event *e;
	enum action action;
	struct gate_key k;
	bool again;
	size_t i;

	g->metrics->lines++;
	if (!gate_read_key(&g->last, line, len, &k, &again)) {
		g->metrics->lines_bad += len > 0;
		return;
	}
	if (g->key)
		g->key(g->ctx, &k);
	if (!again)
		age(g, &k);
	/* A node that fell silent is not waited for while others go on. */
	if (g->n_ended && !(g->metrics->lines % PATIENCE))
		complete_due(g);
	action = action_of(&k);
	if (action == DROP)
		return;
	i = find(g, &k);
	if (action == LAST) {
		if (i < g->n_open)
			finish_event(g, i);
		return;
	}
	if (i == g->n_open) {
		i = open_event(g, &k);
		g->open[i]->unwanted = action == TRIM && g->wants &&
				       !g->wants(g->ctx, &k, line, len);
	}
	e = g->open[i];
	if (!e->unwanted) {
		add_line(g, e, action, line, len);
		e->awaited = e->awaited || action == TRIM;
	}
	if (action == ALONE)
		finish_event(g, i);
}

static void keep_partial(struct gate *g, const char *data, size_t len)
{
	if (g->partial.len + len <= MAX_LINE) {
		buf_put(&g->partial, data, len);
		return;
	}
	/* What fits is a truncated record, as auditd sends them too. */
	if (!g->skipping) {
		g->metrics->lines_truncated++;
		buf_put(&g->partial, data, MAX_LINE - g->partial.len);
	}
	g->skipping = true;
}

static void end_partial(struct gate *g)
{
	take_line(g, g->partial.data ? g->partial.data : "", g->partial.len);
	buf_clear(&g->partial);
	g->skipping = false;
}

bool gate_holds(const struct gate *g, const struct gate_key *k)
{
	if (!g->n_ended)
		return false;
	for (size_t i = 0; i < g->n_open; i++)
		if (g->open[i]->ended && same_node(g->open[i], k))
			return true;
	return false;
}

void gate_let_go(struct gate *g)
{
	for (size_t i = 0; i < g->n_open; i++)
		g->open[i]->awaited = false;
	complete_due(g);
}

void gate_feed(struct gate *g, const char *data, size_t len)
{
	const char *end = data + len;
	const char *nl;

	while (data < end) {
		nl = memchr(data, '\n', (size_t)(end - data));
		if (nl && !g->partial.len && nl - data <= MAX_LINE) {
			take_line(g, data, (size_t)(nl - data));
		} else {
			keep_partial(g, data, (size_t)((nl ? nl : end) - data));
			if (nl)
				end_partial(g);
		}
		data = nl ? nl + 1 : end;
	}
}

void gate_idle(struct gate *g, uint64_t elapsed_ms)
{
	if (elapsed_ms <= NEAR_MS)
		return;
	for (size_t i = 0; elapsed_ms > MAX_AGE_MS && i < g->n_open; i++)
		end_aged(g, g->open[i]);
	gate_let_go(g);
}

void gate_finish(struct gate *g)
{
	if (g->partial.len)
		end_partial(g);
	for (size_t i = 0; i < g->n_open; i++)
		end_event(g, g->open[i]);
	complete_due(g);
}
