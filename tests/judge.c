/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge_int.h"

#include <stdarg.h>
#include <stdlib.h>

#define LATE_MS 1000	/* a child silent for longer may be given up */

void complain(struct judge *j, pid_t pid, const char *fmt, ...)
{
	va_list ap;

	fprintf(j->out, "%s: ", j->capture);
	if (pid)
		fprintf(j->out, "pid %d: ", (int)pid);
	va_start(ap, fmt);
	vfprintf(j->out, fmt, ap);
	va_end(ap);
	fputc('\n', j->out);
	j->score->complaints++;
}

static bool is_silent(const struct said_line *line)
{
	return !line->pid && is_fork(line);
}

/* A birth that was announced, and whose child never spoke, or so late that
 * it was given up. Somebody of that kind must have been born, under that
 * number if it is told. */
static void judge_silent(struct judge *j, const struct said_line *line)
{
	const struct life *l;
	size_t i;

	for (i = 0; j->demand != DEMAND_ALL && i < j->truth->lives_count; i++) {
		l = j->truth->lives[i];
		if (!l->born || l->parent->pid != line->parent_pid ||
		    (l->vpid && line->vpid && l->vpid != line->vpid &&
		     l->outer != line->vpid) ||
		    j->verdicts[i].silent ||
		    l->heard_ms < l->birth_ns / 1000000 + LATE_MS)
			continue;
		j->verdicts[i].silent = true;
		judge_place(j, l, 0, line);
		return;
	}
	complain(j, 0, "line %zu: parent %d has no unheard child with vpid %d",
		 line->number, (int)line->parent_pid, (int)line->vpid);
	j->score->false_lines++;
}

static bool must_know(const struct judge *j, const struct life *l)
{
	return j->demand == DEMAND_ALL || life_audible(l);
}

static bool must_end(const struct judge *j, const struct life *l)
{
	if (j->demand == DEMAND_ALL)
		return l->end_ns != NEVER;
	return life_must_end(l);
}

static const struct life *find(struct judge *j, const struct said_line *line)
{
	const struct life *l =
		truth_find_born(j->truth, line->pid, line->start_ms);
	const char *wrong = NULL;

	if (!l)
		wrong = "no such process (a thread, or a vpid?)";
	else if (!l->born && !l->root)
		wrong = "does not descend from containerd";
	else if (!l->root && !must_know(j, l))
		wrong = "no record bears its pid: it is a guess";
	if (!wrong)
		return l;
	complain(j, line->pid, "%s on line %zu: %s", line->action, line->number,
		 wrong);
	j->score->false_lines++;
	return NULL;
}

static void judge_process(struct judge *j, const struct said_line *line)
{
	const struct life *l;

	if (is_silent(line)) {
		if (line->vpid)
			judge_silent(j, line);
		return;
	}
	l = find(j, line);
	if (!l)
		return;
	j->lives[line->number - 1] = l;
	judge_line(j, l, line);
}

/* The init that a container's line means, of one started again by its pid;
 * NULL if it is none of the container's. */
static const struct life *init_of(const struct judge *j,
				  const struct container_truth *c,
				  const struct said_line *line)
{
	const struct life *l;

	if (!line->pid)
		return c->init;
	l = truth_find_born(j->truth, line->pid, line->start_ms);
	return l && l->inside == c && l->init == l ? l : NULL;
}

static void judge_container(struct judge *j, const struct said_line *line)
{
	const struct container_truth *c;
	const struct life *init;
	const char *wrong;
	size_t i;

	c = truth_container(j->truth, line->container);
	if (!c || !c->init) {
		complain(j, line->pid, "%s on line %zu: no such container: %s",
			 line->action, line->number, shown(line->container));
		j->score->false_lines++;
		return;
	}
	init = init_of(j, c, line);
	if (!init)
		complain(j, line->pid, "%s of %s: expected the init %d",
			 line->action, c->id, (int)c->init->pid);
	else if (line->pid && line->entity)
		judge_entity(j, init, line);
	i = (size_t)(c - j->truth->containers);
	if (!strcmp(line->action, "container-start")) {
		j->starts[i]++;
		return;
	}
	if (j->stops[i]++ >= j->starts[i])
		complain(j, 0, "%s stops before it starts", c->id);
	wrong = init && j->demand == DEMAND_ALL ? judge_reason(j, init, line) :
						  NULL;
	if (wrong)
		complain(j, init->pid, "stop of %s: %s: %s, code %d", c->id,
			 wrong, shown(line->reason), line->exit_code);
}

static void judge_any(struct judge *j, const struct said_line *line)
{
	if (!strncmp(line->action, "container-", 10))
		judge_container(j, line);
	else if (strcmp(line->action, "lost"))
		judge_process(j, line);
	else if (j->demand != DEMAND_REPLAY)
		complain(j, 0, "line %zu says that something was lost",
			 line->number);
}

/* Once every process has been met: do lines call the others by the
 * entity_id these bear themselves? */
static void judge_references(struct judge *j, const struct said_line *line)
{
	const struct life *l = j->lives[line->number - 1];
	const char *entity;

	if (!l || l->root)
		return;
	entity = j->verdicts[l->parent->index].entity;
	if (entity && !same(entity, line->parent_entity))
		complain(j, l->pid,
			 "its parent's entity_id: expected %s, got %s", entity,
			 shown(line->parent_entity));
	if (!line->leader_pid || !l->inside)
		return;
	entity = j->verdicts[leader_of(l)->index].entity;
	if (entity && !same(entity, line->leader_entity))
		complain(j, l->pid,
			 "its leader's entity_id: expected %s, got %s", entity,
			 shown(line->leader_entity));
}

static void count(struct cell *c, bool good)
{
	c->all++;
	c->good += good;
}

static void sum_up_ends(struct judge *j, const struct life *l,
			const struct verdict *v)
{
	if (l->exit_heard)
		count(&j->score->exits, v->ends == 1 && v->exit_right);
	if (must_end(j, l)) {
		count(&j->score->ends, v->ends == 1);
		count(&j->score->right_ends, v->ends == 1 && v->end_right);
	}
	if (v->ends > 1 || (must_end(j, l) && !v->ends))
		complain(j, l->pid, "expected one end, got %zu", v->ends);
}

static void sum_up_life(struct judge *j, const struct life *l)
{
	const struct verdict *v = &j->verdicts[l->index];
	struct score *s = j->score;

	s->born++;
	s->audible += life_audible(l);
	if (!must_know(j, l)) {
		count(&s->silent, v->silent);
		return;
	}
	if (!v->forks)
		complain(j, l->pid, "not found, born of %d",
			 (int)l->parent->pid);
	count(&s->found, v->forks == 1);
	count(&s->parent, v->forks && !v->parent_wrong);
	if (!l->claimed && !l->parent_shown)
		count(&s->inferred, v->inferred && !v->parent_wrong);
	if (l->inside)
		count(&s->container, v->forks && !v->place_wrong);
	if (v->execs < l->execs_count)
		complain(j, l->pid, "expected %zu execs, got %zu",
			 l->execs_count, v->execs);
	s->execs.all += l->execs_count;
	s->execs.good += v->execs_right;
	sum_up_ends(j, l, v);
	s->vpid_known += v->vpid_known;
	s->vpid_right += v->vpid_known && !v->vpid_wrong;
}

static void sum_up_container(struct judge *j, size_t i)
{
	const struct container_truth *c = &j->truth->containers[i];
	size_t stops = c->inits_ended;

	if (!c->init)
		return;
	if (c->inits == 1 && j->starts[i] != 1)
		complain(j, 0, "container %s: expected one start, got %zu",
			 c->id, j->starts[i]);
	else if (j->starts[i] != c->inits)
		complain(j, 0, "container %s: expected %zu starts, got %zu",
			 c->id, c->inits, j->starts[i]);
	if (j->stops[i] != stops)
		complain(j, 0, "container %s: expected %zu stops, got %zu",
			 c->id, stops, j->stops[i]);
	count(&j->score->starts, j->starts[i] == c->inits);
	if (stops)
		count(&j->score->stops, j->stops[i] == stops);
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		abort();
	return p;
}

static void judge_free(struct judge *j)
{
	struct owner *o, *next;

	HASH_ITER(hh, j->owners, o, next) {
		HASH_DEL(j->owners, o);
		free(o);
	}
	free(j->verdicts);
	free(j->lives);
	free(j->starts);
	free(j->stops);
}

void judge(struct score *score, const char *capture, const struct truth *t,
	   const struct said *s, enum demand demand, FILE *out)
{
	struct judge j = {
		.capture = capture,
		.truth = t,
		.said = s,
		.demand = demand,
		.score = score,
		.out = out,
		.verdicts = zeroed(t->lives_count, sizeof(*j.verdicts)),
		.lives = zeroed(s->count, sizeof(*j.lives)),
		.starts = zeroed(t->containers_count, sizeof(*j.starts)),
		.stops = zeroed(t->containers_count, sizeof(*j.stops)),
	};
	size_t i;

	*score = (struct score){ 0 };
	for (i = 0; i < s->count; i++)
		judge_any(&j, &s->lines[i]);
	/* Those without a number may be any that is left. */
	for (i = 0; i < s->count; i++)
		if (is_silent(&s->lines[i]) && !s->lines[i].vpid)
			judge_silent(&j, &s->lines[i]);
	for (i = 0; i < s->count; i++)
		judge_references(&j, &s->lines[i]);
	for (i = 0; i < t->lives_count; i++)
		if (t->lives[i]->born)
			sum_up_life(&j, t->lives[i]);
	for (i = 0; i < t->containers_count; i++)
		sum_up_container(&j, i);
	if (demand != DEMAND_REPLAY && !score->born)
		complain(&j, 0, "nothing was born under containerd");
	judge_free(&j);
}
