/* SPDX-License-Identifier: GPL-2.0-or-later */
/* truth_hear(): what of the truth an audit log lets anyone hear. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "truth.h"

/* Which of the capture's containers the arguments name: the one whose id
 * is an argument of its own, as in "runc … kill ID 9" or "-id ID". */
static const char *named(const struct truth *t, const struct record *r)
{
	struct container_truth *c;
	size_t i;

	for (i = r->args_count; i > 0; i--) {
		c = truth_container(t, r->args[i - 1]);
		if (c)
			return c->id;
	}
	return NULL;
}

/*
 * The nth exec of truth is the nth that audit reports. Where truth could
 * not read the program's name in time, audit's has to do; and where it read
 * "/" (runc from its sealed copy), audit says what there was to be known.
 */
static int hear_exec(const struct truth *t, struct life *l, size_t n,
		     const struct record *r, struct err *err)
{
	struct life_exec *x;

	if (n >= l->execs_count)
		return err_set(err, 0,
			       "serial %llu: pid %d: an exec truth has not",
			       (unsigned long long)r->serial, (int)l->pid);
	x = &l->execs[n];
	x->record = r;
	if (r->exe && (!x->exe || !strcmp(x->exe, "/"))) {
		free(x->exe);
		x->exe = strdup(r->exe);
		if (!x->exe)
			abort();
	}
	if (!life_inside(l, n + 1))
		x->names = named(t, r);
	return 0;
}

/* exit= is a host pid only where the caller is in the host's namespace. */
static void hear_fork(const struct truth *t, const struct life *caller,
		      const struct record *r)
{
	const struct life *parent = r->sibling ? caller->parent : caller;
	struct life *child;

	if (caller->vpid != caller->pid)
		return;
	child = truth_find_born(t, r->child, r->time_ms);
	if (child && child->parent == parent)
		child->claimed = true;
}

static int hear(const struct truth *t, size_t *execs, const struct record *r,
		struct err *err)
{
	struct life *l = truth_find(t, r->pid, r->time_ms);

	if (!l || !(l->born || l->root))
		return 0;
	if (r->time_ms < l->heard_ms)
		l->heard_ms = r->time_ms;
	if (!l->first && r->ppid)
		l->first = r;
	if (l->parent && r->ppid == l->parent->pid)
		l->parent_shown = true;
	switch (r->kind) {
	case RECORD_FORK:
		hear_fork(t, l, r);
		break;
	case RECORD_EXEC:
		if (!l->root)
			return hear_exec(t, l, execs[l->index]++, r, err);
		break;
	case RECORD_EXIT:
		l->exit_heard = true;
		break;
	case RECORD_ABEND:
		l->abend = r->code;
		break;
	case RECORD_OTHER:
		break;
	}
	return 0;
}

/* Of the members the cgroup must tell the same as their descent, and so it
 * must of the runtime's stages that are already in it. */
static int check_cgroup(const struct life *l, struct err *err)
{
	const char *id = life_container(l, l->execs_count);

	if (!l->born || (!l->cgroup && !l->inside))
		return 0;
	if (l->cgroup && id && !strcmp(l->cgroup->id, id))
		return 0;
	return err_set(err, 0,
		       "pid %d: in %s by its cgroup, in %s by its descent",
		       (int)l->pid, l->cgroup ? l->cgroup->id : "none",
		       id ? id : "none");
}

int truth_hear(struct truth *t, const struct log *log, struct err *err)
{
	size_t *execs = calloc(t->lives_count + 1, sizeof(*execs));
	size_t i;
	int ret = 0;

	if (!execs)
		abort();
	for (i = 0; i < log->count && !ret; i++)
		ret = hear(t, execs, &log->records[i], err);
	free(execs);
	for (i = 0; i < t->lives_count && !ret; i++)
		ret = check_cgroup(t->lives[i], err);
	return ret;
}
