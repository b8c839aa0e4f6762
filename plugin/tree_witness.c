/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's proc connector said: births and ends of processes, with
 * host pids, by the kernel's own account. Nothing is inferred from it, and
 * whatever audit says of the same is only a little more.
 */
#include "tree_int.h"

#include <signal.h>
#include <string.h>

static uint64_t since_at(const struct tree *t, uint64_t since_ms)
{
	return since_ms && since_ms != WITNESS_OFF ? since_ms + t->offset :
						     since_ms;
}

void tree_witness(struct tree *t, uint64_t since_ms)
{
	t->births_since = t->witness_since = since_at(t, since_ms);
}

void tree_witness_births(struct tree *t, uint64_t since_ms)
{
	t->births_since = since_at(t, since_ms);
}

void tree_witness_gap(struct tree *t, uint64_t until_ms)
{
	uint64_t until = until_ms + t->offset;

	if (until >= t->witness_since && until > t->told_until)
		t->told_until = until;
	tree_witness(t, WITNESS_OFF);
}

bool is_witnessed(const struct tree *t, uint64_t at)
{
	return at >= t->witness_since || at <= t->told_until;
}

/* A call's stamp may be earlier than the birth that it made. */
bool has_births_told(const struct tree *t, uint64_t at)
{
	return at + COARSE_MS >= t->births_since || at <= t->told_until;
}

void tree_on_adopted(struct tree *t, tree_pid_fn *adopted, void *ctx)
{
	t->adopted = adopted;
	t->adopted_ctx = ctx;
}

struct proc *find_placed(struct tree *t, pid_t pid)
{
	struct proc *p = pids_newest(&t->pids, pid);

	return p && placed(p) ? p : NULL;
}

/* The newest user of a pid is the one who lives, if any does. */
static struct proc *find_alive(struct tree *t, pid_t pid)
{
	struct proc *p = find_placed(t, pid);

	return p && !ended(p) ? p : NULL;
}

bool tree_had(struct tree *t, pid_t pid, uint64_t time_ms)
{
	const struct proc *p = find_placed(t, pid);

	return p && p->priv->birth_at < time_ms + t->offset;
}

const struct proc *tree_find(struct tree *t, pid_t pid)
{
	return find_alive(t, pid);
}

bool tree_knows(const struct tree *t, pid_t pid)
{
	return pids_newest(&t->pids, pid) != NULL;
}

uint64_t tree_first_born(const struct tree *t, pid_t pid)
{
	const struct proc *p = pids_newest(&t->pids, pid), *first = p;

	for (; p; p = pids_older(p))
		first = p;
	return first ? first->priv->birth_at - t->offset : 0;
}

bool tree_trusts(const struct tree *t, uint64_t time_ms)
{
	return time_ms + t->offset >= t->witness_since;
}

bool tree_awaits_exec(struct tree *t, pid_t pid, uint64_t time_ms)
{
	const struct proc *p = find_alive(t, pid);

	return p && p->priv->execs_owed > 0 &&
	       time_ms + t->offset <= p->priv->owed_at + COARSE_MS;
}

pid_t tree_reaper(const struct proc *p)
{
	const struct pidns *nested = rarely(p->priv)->nested;
	const struct pidns *ns = nested ? nested : p->priv->ns;

	while (ns && (!ns->init || ns->init == p))
		ns = ns->outer;
	/* With the host's pid namespace, a container's init reaps nobody. */
	return ns && ns->init->priv->ns_depth > 1 ? ns->init->pid : 0;
}

void tree_each_alive(struct tree *t, tree_proc_fn *fn, void *ctx)
{
	for (const struct proc *p = t->all; p; p = p->priv->all_next)
		if (placed(p) && !ended(p))
			fn(ctx, p);
}

/* A first process of a pid namespace within its parent's. */
static void enter_namespace(struct proc *p)
{
	struct proc_priv *v = p->priv;
	const struct proc *parent = p->parent;
	struct pidns *nested;

	if (rarely(v)->nested || p->vpid != 1 || !parent ||
	    !parent->priv->ns_depth || parent->role < ROLE_INIT ||
	    v->ns_depth <= parent->priv->ns_depth)
		return;
	nested = rare_of(v)->nested = pidns_new(parent->priv->ns);
	nested->mode = PIDNS_LOCAL;
	nested->init = p;
}

/* Mostly that of its parent. */
void take_cgroup(struct proc *p, const char *id)
{
	struct shared *above = p->parent ? p->parent->priv->cgroup : NULL;

	if (above && !strcmp(above->text, id)) {
		above->refs++;
		p->priv->cgroup = above;
	} else {
		p->priv->cgroup = shared_new(id);
	}
}

/* What /proc showed of p at its birth, or when it was found. */
void look_at(struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;

	v->told_ns = f->mono_ns;
	p->born_ms = f->born_ms;
	v->n_threads = f->kind == FACT_FOUND && f->threads ?
			       f->threads & MAX_THREADS :
			       1;
	if (f->ns_depth && f->ns_depth <= UCHAR_MAX)
		v->ns_depth = (unsigned char)f->ns_depth;
	if (f->ns_depth > 1)
		p->vpid = f->vpid;
	if (f->container && !v->cgroup)
		take_cgroup(p, f->container);
	if (f->bundle && !rarely(v)->inv_bundle)
		rare_of(v)->inv_bundle = must_dup(f->bundle);
	v->inside = v->inside || f->container;
	v->shim_init = v->shim_init || f->is_init;
	enter_namespace(p);
}

/* /proc has births in clock ticks. Both count from boot: no clock is set. */
#define SAME_MS 50

bool is_born_at(const struct proc *p, uint64_t born_ms)
{
	uint64_t known = p->born_ms;

	return !known ||
	       (known <= born_ms + SAME_MS && born_ms <= known + SAME_MS);
}

static void witness_fork(struct tree *t, struct proc *parent,
			 const struct fact *f)
{
	struct birth b = {
		.parent = parent,
		.source = SOURCE_WITNESS,
		.exact = true,
		.at = f->time_ms + t->offset,
		.time_ms = f->time_ms,
		.looked = f,
	};
	struct proc *c;

	if (f->thread) {
		if (f->mono_ns > parent->priv->told_ns)
			parent->priv->n_threads += parent->priv->n_threads > 0;
		return;
	}
	c = find_alive(t, f->child);
	if (c && c->source == SOURCE_CENSUS && is_born_at(c, f->born_ms)) {
		/* The reaper that /proc showed is not who it was born of. */
		reparent(t, c, parent, SOURCE_WITNESS, 0);
		return;
	}
	t->metrics->witnessed++;
	born(t, &b, f->child);
}

static enum exit_reason reason_of(const struct fact *f)
{
	if (!f->signal)
		return EXIT_EXITED;
	if (f->oom)
		return EXIT_OOM;
	if (f->reaper_died && f->signal == SIGKILL)
		return EXIT_INIT_DIED;
	return EXIT_SIGNALED;
}

static void witness_exit(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;
	struct when when = { f->time_ms + t->offset, f->time_ms, 0,
			     SOURCE_WITNESS };
	struct leaving leaving = { reason_of(f),
				   f->signal ? f->signal : f->code, when };

	if (f->mono_ns <= v->told_ns)
		return;
	if (v->n_threads != 1) {
		rare_of(v)->leaving = leaving;
		v->n_threads -= v->n_threads > 0;
		return;
	}
	v->n_threads = 0;
	t->metrics->witnessed++;
	end(t, p, leaving.reason, leaving.code, &when);
}

/* A stranger is born under the pid of one in the tree, who so has ended. */
static void witness_stranger(struct tree *t, const struct fact *f)
{
	struct when when = { f->time_ms + t->offset, f->time_ms, 0,
			     SOURCE_WITNESS };
	struct proc *p;

	if (f->kind != FACT_FORK || f->thread)
		return;
	/* Where pids come round quickly, several linger under one. */
	while (tree_had(t, f->child, f->time_ms)) {
		p = find_placed(t, f->child);
		if (!ended(p))
			end(t, p, EXIT_UNKNOWN, 0, &when);
		pids_remove(&t->pids, p);
	}
}

void apply_witnessed(struct tree *t, const struct fact *f)
{
	struct proc *p = find_placed(t, f->pid);

	if (!p) {
		witness_stranger(t, f);
		return;
	}
	/*
	 * Audit may have said already that it ended: who was born before is
	 * born all the same.
	 */
	if (ended(p) && f->kind != FACT_FORK)
		return;
	switch (f->kind) {
	case FACT_FORK:
		witness_fork(t, p, f);
		break;
	case FACT_EXEC:
		/* de_thread() in fs/exec.c */
		if (f->mono_ns <= p->priv->told_ns)
			break;
		p->priv->n_threads = 1;
		p->priv->execs_owed += p->priv->execs_owed < USHRT_MAX;
		p->priv->owed_at = f->time_ms + t->offset;
		break;
	case FACT_EXIT:
		witness_exit(t, p, f);
		break;
	case FACT_SEEN:
	case FACT_ABEND:
	case FACT_FOUND:
	case FACT_GONE:
		break;
	}
}
