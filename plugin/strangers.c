/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strangers.h"

#include <stdlib.h>

/* Powers of two: what is remembered, and the lists that it is in. */
#define MAX_KEPT 16384
#define LISTS 16384

/* What was told. Numbers count from 1, and go on for ever. */
struct stranger {
	uint64_t time_ms, mono_ns, born_ms;
	pid_t pid, child;	/* pid 0: it was handed out */
	int code, signal;
	enum fact_kind kind;
	bool thread;
	uint64_t by_pid;	/* the one before it in the list of pid, */
	uint64_t by_child;	/* and in that of child */
};

struct strangers {
	uint64_t n;		/* of the newest */
	uint64_t pids[LISTS];	/* the newest of pids that share a list */
	uint64_t births[LISTS];	/* … of births, by child */
	struct stranger kept[MAX_KEPT];
};

struct strangers *strangers_new(void)
{
	struct strangers *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	return s;
}

void strangers_free(struct strangers *s)
{
	free(s);
}

static struct stranger *at(struct strangers *s, uint64_t number)
{
	return &s->kept[number % MAX_KEPT];
}

/* A list goes back to what was forgotten meanwhile. */
static bool is_kept(const struct strangers *s, uint64_t number)
{
	return number && number + MAX_KEPT > s->n;
}

static uint64_t *list_of(uint64_t *lists, pid_t pid)
{
	return &lists[(size_t)pid % LISTS];
}

static bool is_birth(const struct stranger *e)
{
	return e->kind == FACT_FORK && !e->thread;
}

void strangers_add(struct strangers *s, const struct fact *f)
{
	struct stranger *e = at(s, ++s->n);

	*e = (struct stranger){
		.time_ms = f->time_ms,
		.mono_ns = f->mono_ns,
		.born_ms = f->born_ms,
		.pid = f->pid,
		.child = f->child,
		.code = f->code,
		.signal = f->signal,
		.kind = f->kind,
		.thread = f->thread,
		.by_pid = *list_of(s->pids, f->pid),
	};
	*list_of(s->pids, f->pid) = s->n;
	if (!is_birth(e))
		return;
	e->by_child = *list_of(s->births, f->child);
	*list_of(s->births, f->child) = s->n;
}

static struct fact fact_of(const struct stranger *e)
{
	return (struct fact){
		.kind = e->kind,
		.source = SOURCE_WITNESS,
		.time_ms = e->time_ms,
		.mono_ns = e->mono_ns,
		.born_ms = e->born_ms,
		.node = "",
		.pid = e->pid,
		.child = e->child,
		.thread = e->thread,
		.code = e->code,
		.signal = e->signal,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};
}

/* The users of a pid that matter: what is told between two births of it. */
struct user {
	pid_t pid;
	uint64_t from, until;	/* numbers of these; until 0: of none */
};

/* The last birth of pid, and of those after since the first one. */
static struct user user_since(struct strangers *s, pid_t pid, uint64_t since)
{
	struct user u = { pid, since, 0 };
	uint64_t i = *list_of(s->births, pid);

	for (; is_kept(s, i) && i > since; i = at(s, i)->by_child) {
		if (at(s, i)->child != pid)
			continue;
		u.until = i;
		if (!since)
			break;
	}
	if (since)
		return u;
	/* The present user: nothing has come after it. */
	return (struct user){ pid, u.until, 0 };
}

/* The numbers of what is told of u, the newest first; malloc'ed. */
static size_t list_told(struct strangers *s, const struct user *u,
			uint64_t **told)
{
	size_t n = 0, size = 0;
	uint64_t i = *list_of(s->pids, u->pid);

	*told = NULL;
	for (; is_kept(s, i) && i > u->from; i = at(s, i)->by_pid) {
		if (at(s, i)->pid != u->pid || (u->until && i > u->until))
			continue;
		if (n == size) {
			size = size ? 2 * size : 16;
			*told = reallocarray(*told, size, sizeof(**told));
			if (!*told)
				abort();
		}
		(*told)[n++] = i;
	}
	return n;
}

/* Those whose turn is yet to come, as a stack. */
struct users {
	struct user *list;
	size_t n, size;
};

static void push(struct users *users, struct user u)
{
	if (users->n == users->size) {
		users->size = users->size ? 2 * users->size : 16;
		users->list = reallocarray(users->list, users->size,
					   sizeof(*users->list));
		if (!users->list)
			abort();
	}
	users->list[users->n++] = u;
}

static void hand_out(struct strangers *s, const struct user *u,
		     struct users *users, strangers_fn *fn, void *ctx)
{
	uint64_t *told;
	size_t n = list_told(s, u, &told);
	struct stranger *e;
	struct fact f;

	while (n) {
		e = at(s, told[--n]);
		f = fact_of(e);
		if (is_birth(e))
			push(users, user_since(s, e->child, told[n]));
		e->pid = 0;
		fn(ctx, &f);
	}
	free(told);
	if (!u->until || !at(s, u->until)->pid)
		return;
	f = fact_of(at(s, u->until));
	fn(ctx, &f);
}

void strangers_recall(struct strangers *s, pid_t pid, strangers_fn *fn,
		      void *ctx)
{
	struct users users = { 0 };
	struct user u;

	push(&users, user_since(s, pid, 0));
	while (users.n) {
		u = users.list[--users.n];
		hand_out(s, &u, &users, fn, ctx);
	}
	free(users.list);
}

void strangers_step(struct strangers *s, int64_t forward_ms)
{
	for (size_t i = 0; i < MAX_KEPT; i++)
		s->kept[i].time_ms += (uint64_t)forward_ms;
}
