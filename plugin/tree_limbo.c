/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits, and for whom. A process that speaks and has no place yet is
 * in limbo until its parent is known; it comes out of there into the tree,
 * or is dropped: most processes of a host are nobody's business here.
 * What it said meanwhile is kept.
 */
#include "tree_int.h"

/* Those who show ppid; NULL if nobody does. */
static struct parent_shown *list_of(const struct tree *t, pid_t ppid)
{
	struct parent_shown *l;

	HASH_FIND(hh, t->shown, &ppid, sizeof(ppid), l);
	return l;
}

struct proc *first_showing(struct tree *t, pid_t ppid)
{
	const struct parent_shown *l = list_of(t, ppid);

	return l ? l->first : NULL;
}

struct proc *next_showing(const struct proc *p)
{
	return p->priv->youth->shown_next;
}

struct proc *last_showing(struct tree *t, pid_t ppid)
{
	const struct parent_shown *l = list_of(t, ppid);

	return l ? l->last : NULL;
}

struct proc *showing_before(const struct proc *p)
{
	return p->priv->youth->shown_prev;
}

static struct youth *youth_of(struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (!v->youth)
		v->youth = calloc(1, sizeof(*v->youth));
	if (!v->youth)
		abort();
	return v->youth;
}

/* What it had of its youth is gone. */
static void grow_up(struct proc *p)
{
	if (p->priv->youth->shown || p->priv->youth->pending)
		return;
	free(p->priv->youth);
	p->priv->youth = NULL;
}

/* p's first record shows ppid as its parent. */
void show_parent(struct tree *t, struct proc *p, pid_t ppid)
{
	struct parent_shown *l;
	struct youth *y;

	unshow_parent(t, p);
	p->priv->first_ppid = ppid;
	l = list_of(t, ppid);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			abort();
		l->ppid = ppid;
		HASH_ADD(hh, t->shown, ppid, sizeof(l->ppid), l);
	}
	y = youth_of(p);
	y->shown_prev = l->last;
	if (l->last)
		l->last->priv->youth->shown_next = p;
	else
		l->first = p;
	l->last = p;
	y->shown = true;
}

/* Its birth is settled, or p is no more. */
void unshow_parent(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct youth *y = v->youth;
	struct parent_shown *l;

	if (!y || !y->shown)
		return;
	l = list_of(t, v->first_ppid);
	if (y->shown_prev)
		y->shown_prev->priv->youth->shown_next = y->shown_next;
	else
		l->first = y->shown_next;
	if (y->shown_next)
		y->shown_next->priv->youth->shown_prev = y->shown_prev;
	else
		l->last = y->shown_prev;
	y->shown_prev = y->shown_next = NULL;
	y->shown = false;
	grow_up(p);
	if (!l->first) {
		HASH_DELETE(hh, t->shown, l);
		free(l);
	}
}

/* And not just about to be placed, or freed. */
static bool is_waiting(const struct proc *p)
{
	return p->priv->state == STATE_WAITING && p->priv->ns;
}

static void stop_waiting(struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (v->waiting_prev)
		v->waiting_prev->priv->waiting_next = v->waiting_next;
	else
		v->ns->waiting = v->waiting_next;
	if (v->youth && v->youth->n_forks)
		v->ns->n_hidden--;
	if (v->waiting_next)
		v->waiting_next->priv->waiting_prev = v->waiting_prev;
	v->waiting_prev = v->waiting_next = NULL;
	proc_set_ns(p, NULL);
}

/* It waits no longer: it is about to be placed or freed. */
void limbo_drop(struct tree *t, struct proc *p)
{
	if (p->priv->state == STATE_WAITING)
		stop_waiting(p);
	if (p->priv->in_limbo)
		t->n_limbo--;
	p->priv->in_limbo = false;
}

/* Keeps f until p has its place, or until it is clear what f means. */
void hold(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;
	struct youth *y;

	if (v->n_pending == MAX_PENDING || t->n_held >= MAX_HELD) {
		t->metrics->facts_dropped++;
		return;
	}
	y = youth_of(p);
	if (v->n_pending == y->pending_size) {
		y->pending_size = y->pending_size ? 2 * y->pending_size : 4;
		y->pending = reallocarray(y->pending, y->pending_size,
					  sizeof(struct fact *));
		if (!y->pending)
			abort();
	}
	t->n_held++;
	y->pending[v->n_pending++] = fact_copy(f);
	if (f->kind == FACT_FORK && !y->n_forks++ && is_waiting(p))
		v->ns->n_hidden++;
}

/* f is by p, which has no place yet. */
void limbo_add(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;

	t->n_limbo += !v->in_limbo;
	v->in_limbo = true;
	hold(t, p, f);
	if (v->youth && !v->youth->quit_at &&
	    (f->kind == FACT_EXIT || f->kind == FACT_ABEND)) {
		v->youth->quit_at = f->time_ms + t->offset;
		v->youth->quit_serial = to_serial(f->serial);
	}
	note(t, p, f);
	if (v->state == STATE_LIMBO)
		timers_set(&t->timers, &v->timer,
			   v->first_at + t->options.linger_ms + 2 * COARSE_MS);
	if (consider(t, p))
		return;
	/* A higher number than its own, so likely the host's. */
	if (p->priv->state == STATE_LIMBO && f->kind == FACT_FORK &&
	    f->child > p->pid)
		step_given(t, f->child, f->time_ms + t->offset, t->host_ns);
	if (t->n_limbo > t->options.max_limbo) {
		t->metrics->limbo_evicted++;
		proc_free(t, p);
		lose(t);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct fact *f = *(struct fact *const *)a;
	const struct fact *g = *(struct fact *const *)b;

	if (f->time_ms != g->time_ms)
		return f->time_ms < g->time_ms ? -1 : 1;
	return f->serial < g->serial ? -1 : f->serial > g->serial;
}

struct pending take_pending(struct tree *t, struct proc *p)
{
	struct pending pending = { NULL, p->priv->n_pending };

	if (!pending.n)
		return pending;
	pending.list = p->priv->youth->pending;
	if (p->priv->youth->n_forks && is_waiting(p))
		p->priv->ns->n_hidden--;
	p->priv->youth->n_forks = 0;
	qsort(pending.list, pending.n, sizeof(pending.list[0]), by_time);
	t->n_held -= pending.n;
	p->priv->youth->pending = NULL;
	p->priv->youth->pending_size = 0;
	p->priv->n_pending = 0;
	grow_up(p);
	return pending;
}

/* What p said counts for nothing. */
void drop_pending(struct tree *t, struct proc *p)
{
	struct pending pending = take_pending(t, p);

	for (size_t i = 0; i < pending.n; i++)
		free(pending.list[i]);
	free(pending.list);
}

/*
 * A shim whose containerd was never heard, because it lived before
 * auditing was enabled: -publish-binary says who started it. A shim that
 * was started before the stream began has been given to pid 1. False if p is
 * no such shim.
 */
static bool adopt_shim(struct tree *t, struct proc *p)
{
	const struct proc_priv *v = p->priv;
	struct birth b = { .role = ROLE_SHIM, .source = SOURCE_INFERRED };
	struct invocation inv = { 0 };

	if (!runs_listed(p, t->shims))
		return false;
	for (size_t i = 0; i < v->n_pending && !inv.publisher; i++)
		if (v->youth->pending[i]->kind == FACT_EXEC)
			inv = parse_shim(v->youth->pending[i]->args,
					 v->youth->pending[i]->args_count);
	if (v->first_ppid != 1 &&
	    (!inv.publisher || !name_listed(t->roots, inv.publisher)))
		return false;
	if (v->first_ppid > 1) {
		struct proc *root = proc_new(t, v->first_ppid, v->first_at);

		root->priv->first_at = v->first_at;
		b.role = ROLE_ROOT;
		/* Before it enters, for that wakes p, and its facts go. */
		proc_set_image(root, image_new(inv.publisher, ""));
		return enter(t, root, &b);
	}
	enter(t, p, &b);	/* or, if the tree is full, it is forgotten */
	return true;
}

/* Nobody in the tree knew p in time. */
void limbo_due(struct tree *t, struct proc *p)
{
	struct proc *q = proc_find(t, p->priv->first_ppid, p->priv->first_at);

	uint64_t at = q && q->priv->timer.place ?
			      timers_at(&t->timers, &q->priv->timer) :
			      0;

	if (at && q != p && !placed(q) && at >= t->now &&
	    t->now < p->priv->first_at + 3 * t->options.linger_ms) {
		timers_set(&t->timers, &p->priv->timer, at + 1);
		return;
	}
	/* Whose parent is in the tree: what it runs counts for nothing. */
	if (p->priv->state == STATE_LIMBO && shown_parent(t, p)) {
		consider(t, p);
		return;
	}
	if (p->priv->state == STATE_LIMBO) {
		if (runs_listed(p, t->roots)) {
			place_root(t, p);
			return;
		}
		if (adopt_shim(t, p))
			return;
	}
	t->metrics->limbo_expired++;
	step_given(t, p->pid, p->priv->first_at, t->host_ns);
	proc_free(t, p);
}
