/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alive.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SYS_CLONE 56
#define SYS_EXECVE 59
#define SYS_EXIT_GROUP 231

/* In a tick of 4 ms, so many are born, or end. */
#define PER_TICK 8
#define TICK_MS 4

struct alive {
	const struct alive_options *options;
	struct play *plays;	/* a container each */
	pid_t *pids;
	uint32_t birth, exec, exit;	/* events: a child's life */
};

/* The first that is of that kind, from an event on. */
static uint32_t find(const struct template *t, uint32_t from, int syscall,
		     pid_t pid, pid_t ppid)
{
	for (uint32_t i = from; i < t->n_events; i++) {
		const struct event *e = &t->events[i];

		if (e->syscall == syscall && (!pid || e->pid == pid) &&
		    (!ppid || e->ppid == ppid))
			return i;
	}
	errx(EXIT_FAILURE, "%s: nobody in it lives as those alive are to",
	     t->name);
}

/* An init's first birth is the first with a local number. */
static void find_life(struct alive *a)
{
	const struct template *t = &a->options->like;
	pid_t init;

	a->birth = find(t, 0, SYS_CLONE, 0, 0);
	while (!t->events[a->birth].local)
		a->birth = find(t, a->birth + 1, SYS_CLONE, 0, 0);
	init = t->events[a->birth].pid;
	a->exec = find(t, 0, SYS_EXECVE, 0, init);
	a->exit = find(t, a->exec, SYS_EXIT_GROUP, t->events[a->exec].pid, 0);
}

static void tick(struct stage *s, uint32_t n)
{
	if (n % PER_TICK == 0)
		stage_pass(s, s->now_ms + TICK_MS);
}

static void rise_container(struct alive *a, struct play *p, struct stage *s)
{
	const struct template *t = &a->options->like;

	play_begin(p, s, t);
	while (p->next < t->events[a->birth].line)
		play_line(p, s, true);
}

static void rise_process(struct alive *a, uint32_t n, struct stage *s)
{
	struct play *p = &a->plays[n % a->options->containers];
	const struct event *events = p->t->events;
	struct guise g = { .local = events[a->birth].local +
				    n / a->options->containers };

	a->pids[n] = stage_pids(s, 1);
	play_event(p, s, a->birth, g);
	g.of = events[a->exec].pid;
	g.is = a->pids[n];
	play_event(p, s, a->exec, g);
	tick(s, n);
}

static void rest(const struct alive *a, struct stage *s)
{
	if (!a->options->pause_ms)
		return;
	stage_flush(s);
	fprintf(stderr, "pause %" PRIu64 "\n", s->bytes);
	stage_pass(s, s->now_ms + a->options->pause_ms);
}

struct alive *alive_rise(const struct alive_options *options, struct stage *s)
{
	struct alive *a = calloc(1, sizeof(*a));

	if (!a)
		err(EXIT_FAILURE, "no memory");
	a->options = options;
	if (!options->processes)
		return a;
	a->plays = calloc(options->containers, sizeof(*a->plays));
	a->pids = calloc(options->processes, sizeof(*a->pids));
	if (!a->plays || !a->pids)
		err(EXIT_FAILURE, "no memory");
	find_life(a);
	for (uint32_t i = 0; i < options->containers; i++) {
		rise_container(a, &a->plays[i], s);
		if (!i)
			rest(a, s);
	}
	for (uint32_t i = 0; i < options->processes; i++)
		rise_process(a, i, s);
	rest(a, s);
	/* pids that come round leave these alone */
	s->first_pid = s->next_pid;
	return a;
}

void alive_fall(struct alive *a, struct stage *s)
{
	const struct alive_options *o = a->options;

	for (uint32_t i = 0; i < o->processes; i++) {
		struct play *p = &a->plays[i % o->containers];
		struct guise g = { .of = p->t->events[a->exit].pid,
				   .is = a->pids[i] };

		play_event(p, s, a->exit, g);
		tick(s, i);
	}
	for (uint32_t i = 0; o->processes && i < o->containers; i++) {
		struct play *p = &a->plays[i];

		/* as many as it has had children meanwhile */
		play_resume(p, s,
			    o->processes / o->containers +
				    (i < o->processes % o->containers));
		while (!play_is_over(p))
			play_line(p, s, true);
	}
}

void alive_free(struct alive *a)
{
	for (uint32_t i = 0; a->plays && i < a->options->containers; i++)
		play_end(&a->plays[i]);
	free(a->plays);
	free(a->pids);
	free(a);
}
