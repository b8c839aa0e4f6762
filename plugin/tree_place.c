/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose child is who. A process that speaks and has no place yet waits in
 * limbo until its parent is known; it comes out of there into the tree,
 * or is dropped: most processes of a host are nobody's business here.
 */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static uint64_t settle_at(const struct tree *t, const struct proc *p)
{
	/*
	 * What concerns p's birth is at most as old as p's first record,
	 * and so has come after one linger time; what concerns its
	 * siblings of that time, after two.
	 */
	return p->priv->first_at + 2 * t->options.linger_ms;
}

struct proc *first_showing(struct tree *t, pid_t ppid)
{
	struct parent_shown *l;

	HASH_FIND(hh, t->shown, &ppid, sizeof(ppid), l);
	return l ? l->first : NULL;
}

/* p's first record shows ppid as its parent. */
void show_parent(struct tree *t, struct proc *p, pid_t ppid)
{
	struct proc_priv *v = p->priv;
	struct parent_shown *l;

	unshow_parent(t, p);
	v->first_ppid = ppid;
	HASH_FIND(hh, t->shown, &ppid, sizeof(ppid), l);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			abort();
		l->ppid = ppid;
		HASH_ADD(hh, t->shown, ppid, sizeof(l->ppid), l);
	}
	v->shown_next = l->first;
	if (l->first)
		l->first->priv->shown_prev = p;
	l->first = p;
	v->shown = true;
}

/* Its birth is settled, or p is no more. */
void unshow_parent(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct parent_shown *l;

	if (!v->shown)
		return;
	HASH_FIND(hh, t->shown, &v->first_ppid, sizeof(v->first_ppid), l);
	if (v->shown_prev)
		v->shown_prev->priv->shown_next = v->shown_next;
	else
		l->first = v->shown_next;
	if (v->shown_next)
		v->shown_next->priv->shown_prev = v->shown_prev;
	v->shown_prev = v->shown_next = NULL;
	v->shown = false;
	if (!l->first) {
		HASH_DELETE(hh, t->shown, l);
		free(l);
	}
}

static void stop_waiting(struct proc *p)
{
	struct proc **at = &p->priv->ns->waiting;

	while (*at != p)
		at = &(*at)->priv->waiting_next;
	*at = p->priv->waiting_next;
	p->priv->waiting_next = NULL;
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

	if (v->n_pending == MAX_PENDING || t->n_held >= MAX_HELD) {
		t->metrics->facts_dropped++;
		return;
	}
	if (v->n_pending == v->pending_size) {
		v->pending_size = v->pending_size ? 2 * v->pending_size : 4;
		v->pending = reallocarray(v->pending, v->pending_size,
					  sizeof(struct fact *));
		if (!v->pending)
			abort();
	}
	t->n_held++;
	v->pending[v->n_pending++] = fact_copy(f);
}

/* f is by p, which has no place yet. */
void limbo_add(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;

	if (!v->in_limbo && t->n_limbo >= t->options.max_limbo) {
		t->metrics->limbo_evicted++;
		proc_free(t, p);
		lose(t);
		return;
	}
	t->n_limbo += !v->in_limbo;
	v->in_limbo = true;
	hold(t, p, f);
	note(t, p, f);
	if (v->state == STATE_LIMBO)
		timers_set(&t->timers, &v->timer,
			   v->first_at + t->options.linger_ms + 2 * COARSE_MS);
	consider(t, p);
}

/* Whoever waits for pid may be placed now. */
static void wake(struct tree *t, pid_t pid)
{
	struct proc *p;

again:
	for (p = first_showing(t, pid); p; p = p->priv->shown_next)
		if (p->priv->state == STATE_LIMBO && consider(t, p))
			goto again;	/* the list is another now */
}

static int by_time(const void *a, const void *b)
{
	const struct fact *f = *(struct fact *const *)a;
	const struct fact *g = *(struct fact *const *)b;

	if (f->time_ms != g->time_ms)
		return f->time_ms < g->time_ms ? -1 : 1;
	return f->serial < g->serial ? -1 : f->serial > g->serial;
}

/* The facts that p waited with, in their own order. */
struct pending {
	struct fact **list;
	size_t n;
};

static struct pending take_pending(struct tree *t, struct proc *p)
{
	struct pending pending = { p->priv->pending, p->priv->n_pending };

	if (pending.n)
		qsort(pending.list, pending.n, sizeof(pending.list[0]),
		      by_time);
	t->n_held -= pending.n;
	p->priv->pending = NULL;
	p->priv->n_pending = p->priv->pending_size = 0;
	return pending;
}

static void apply_pending(struct tree *t, struct proc *p,
			  const struct pending *pending)
{
	for (size_t i = 0; i < pending->n; i++) {
		apply(t, p, pending->list[i]);
		free(pending->list[i]);
	}
	free(pending->list);
}

/* What was held can be understood now. */
void release(struct tree *t, struct proc *p)
{
	struct pending pending = take_pending(t, p);

	apply_pending(t, p, &pending);
}

static uint32_t hash_node(const char *node)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *node; node++)
		h = (h ^ (unsigned char)*node) * 16777619u;
	return h;
}

/*
 * Node, pid and birth, as they are known when it is first spoken of. A
 * birth learned more exactly later does not change it.
 */
static void name_entity(const struct tree *t, struct proc *p)
{
	snprintf(p->entity_id, sizeof(p->entity_id), "%08x-%d-%llx",
		 hash_node(t->node), (int)p->pid,
		 (unsigned long long)p->start_ms);
}

/* What the clone call itself tells of the child. */
static void set_birth(struct proc *p, const struct birth *b)
{
	struct proc_priv *v = p->priv;

	if (b->exact) {
		v->exact = true;
		v->birth_at = b->at;
		p->start_ms = b->time_ms;
	}
	if (!b->caller)
		return;
	v->by_vfork = b->call == FORK_VFORK || b->flags & FLAG_VFORK;
	v->by_parent_flag = b->flags & FLAG_PARENT;
	/* runc: stage 0 clones stage 1, which clones the last, as siblings. */
	v->last_stage = v->by_parent_flag && b->caller->priv->by_parent_flag;
}

static void inherit(struct proc *p)
{
	inherit_image(p);
	cred_unref(p->cred);
	p->cred = cred_ref(p->parent->cred);
}

static void tell_birth(struct tree *t, struct proc *p, uint64_t serial)
{
	struct change c = change_of(t, CHANGE_FORK, p);

	c.source = p->source;
	c.time_ms = p->start_ms;
	c.serial = serial;
	if (!p->parent)
		c.kind = CHANGE_CENSUS;
	t->emit(t->ctx, &c);
}

/* A clone with CLONE_NEWPID inside a container: a namespace within. */
static void enter_nested(struct proc *p, const struct claim *c)
{
	if (c->call != FORK_CLONE || !(c->flags & FLAG_NEWPID))
		return;
	p->vpid = 1;
	if (p->priv->nested)
		return;
	p->priv->nested = pidns_new(c->ns);
	p->priv->nested->mode = PIDNS_LOCAL;
	p->priv->nested->init = p;
}

static void answer(struct tree *t, struct proc *p, struct claim *c)
{
	claim_answer(t, c, p);
	enter_nested(p, c);
}

/* Its birth may still turn out to have been another's. */
static bool is_tentative(const struct proc *p)
{
	const struct proc *parent = p->parent;

	return parent && !p->priv->exact &&
	       (!parent->priv->certain ||
		parent->priv->ns->mode != PIDNS_HOST);
}

/* p's first record is another now, or p is new. */
void rearm_settling(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (v->settled)
		return;
	v->timer.kind = TIMER_SETTLE;
	timers_set_ranked(&t->timers, &v->timer, settle_at(t, p),
			  v->first_serial);
}

/* Gives p its place. */
static void place(struct tree *t, struct proc *p, const struct birth *b)
{
	struct proc_priv *v = p->priv;
	uint64_t serial = b->exact ? b->serial : v->first_serial;
	struct pending pending = take_pending(t, p);

	limbo_drop(t, p);
	v->state = STATE_PLACED;
	t->n_placed++;
	t->metrics->processes++;
	timers_cancel(&t->timers, &v->timer);
	v->birth_at = v->first_at;
	p->start_ms = event_ms(t, v->first_at);
	p->source = b->source;
	proc_link(p, b->parent);
	if (b->parent)
		inherit(p);
	else
		v->verb = b->role == ROLE_SHIM ? VERB_SHIM : VERB_NONE;
	set_birth(p, b);
	if (b->claim) {
		answer(t, p, b->claim);
		serial = b->claim->serial;
	}
	name_entity(t, p);
	v->settled = !is_tentative(p);
	rearm_settling(t, p);
	if (v->settled)
		unshow_parent(t, p);
	derive(t, p);
	if (pending.n) {
		identify(p, pending.list[0]);
		v->last_at = v->last_serial = 0;
	}
	tell_birth(t, p, serial);
	apply_pending(t, p, &pending);
	wake(t, p->pid);
}

/* False if the tree is full: p is forgotten then. */
static bool enter(struct tree *t, struct proc *p, const struct birth *b)
{
	if (t->n_placed >= t->options.max_processes) {
		t->metrics->processes_evicted++;
		proc_free(t, p);
		lose(t);
		return false;
	}
	place(t, p, b);
	return true;
}

static bool place_answering(struct tree *t, struct proc *p, struct claim *c)
{
	struct birth b = {
		.parent = c->owner,
		.source = SOURCE_AUDIT,
		.caller = c->caller,
		.call = c->call,
		.exact = true,
		.at = c->at,
		.time_ms = c->time_ms,
		.serial = c->serial,
	};
	bool ret = enter(t, p, &b);

	claim_drop(t, c);
	return ret;
}

static bool place_judged(struct tree *t, struct proc *p, struct proc *q,
			 const struct verdict *v)
{
	struct birth b = {
		.parent = v->parent,
		.source = v->parent == q ? SOURCE_AUDIT : SOURCE_INFERRED,
		.claim = v->claim,
	};

	return enter(t, p, &b);
}

static const char *pending_exe(const struct proc *p, const char *list)
{
	const struct proc_priv *v = p->priv;

	for (size_t i = 0; i < v->n_pending; i++)
		if (v->pending[i]->exe &&
		    name_listed(list, v->pending[i]->exe))
			return v->pending[i]->exe;
	return NULL;
}

static bool place_root(struct tree *t, struct proc *p, enum source source)
{
	struct birth b = { .role = ROLE_ROOT, .source = source };

	return enter(t, p, &b);
}

static void wait_in(struct tree *t, struct proc *p, struct pidns *ns)
{
	if (p->priv->state == STATE_WAITING)
		return;
	p->priv->state = STATE_WAITING;
	proc_set_ns(p, ns);
	p->priv->waiting_next = ns->waiting;
	ns->waiting = p;
	rearm_settling(t, p);
}

/* The parent that p showed first, if it is in the tree. */
static struct proc *shown_parent(struct tree *t, const struct proc *p)
{
	const struct proc_priv *v = p->priv;
	struct proc *q;

	if (!v->first_ppid)
		return NULL;
	q = proc_find(t, v->first_ppid, v->first_at);
	if (!q || q == p || !placed(q) ||
	    (ended(q) && v->first_at > q->priv->end_at + COARSE_MS))
		return NULL;
	return q;
}

/* Places p if it is clear where. True if p left the list it was in. */
bool consider(struct tree *t, struct proc *p)
{
	struct verdict v;
	struct claim *c;
	struct proc *q;

	HASH_FIND(hh, t->host_claims, &p->pid, sizeof(p->pid), c);
	if (c && c->at <= p->priv->first_at + COARSE_MS) {
		place_answering(t, p, c);
		return true;
	}
	if (p->priv->first_ppid == 1 && pending_exe(p, t->roots)) {
		place_root(t, p, SOURCE_AUDIT);
		return true;
	}
	q = shown_parent(t, p);
	if (!q)
		return false;
	v = (struct verdict){ true, q, NULL };
	if (q->priv->ns->mode != PIDNS_HOST)
		v = claims_judge(t, p, q, false);
	if (v.decided) {
		place_judged(t, p, q, &v);
		return true;
	}
	wait_in(t, p, q->priv->ns);
	return p->priv->state != STATE_WAITING;
}

/* More is known than when p was placed: it is another's child. */
static void reparent(struct tree *t, struct proc *p, struct proc *parent,
		     enum source source, uint64_t serial)
{
	if (p->parent == parent || p == parent || proc_descends(parent, p))
		return;
	proc_unlink(p);
	proc_link(p, parent);
	p->source = source;
	derive(t, p);
	t->metrics->corrected++;
	tell_birth(t, p, serial);
}

/* Whether p, if it lives, may be who was born then. */
static bool fits_birth(const struct proc *p, const struct birth *b)
{
	const struct proc_priv *v = p->priv;

	if (v->exact)
		return b->at <= v->birth_at + COARSE_MS;
	return v->first_at + COARSE_MS >= b->at;
}

/* p was placed by the parent it showed; now its birth itself is heard of. */
static void complete_birth(struct tree *t, struct proc *p,
			   const struct birth *b)
{
	if (p->priv->exact)
		return;
	claim_unanswer(t, p);
	set_birth(p, b);
	reparent(t, p, b->parent, b->source, b->serial);
	derive(t, p);
}

/* A process is born, and its pid is said. */
void born(struct tree *t, const struct birth *b, pid_t pid)
{
	struct proc *p = proc_find(t, pid, b->at);
	struct when when = { b->at, b->time_ms, 0 };

	if (p && fits_birth(p, b)) {
		if (placed(p))
			complete_birth(t, p, b);
		else
			enter(t, p, b);
		return;
	}
	/* Whoever had the pid before is gone, and nobody saw how. */
	if (p && placed(p))
		end(t, p, EXIT_UNKNOWN, 0, &when);
	else if (p)
		proc_free(t, p);
	p = proc_new(t, pid, b->at);
	p->priv->first_at = b->at;
	enter(t, p, b);
}

/*
 * A shim whose containerd was never heard, because it lived before
 * auditing was enabled: -publish-binary says who started it. A shim that
 * was started before the stream began has been given to pid 1.
 */
static bool adopt_shim(struct tree *t, struct proc *p)
{
	const struct proc_priv *v = p->priv;
	struct birth b = { .role = ROLE_SHIM, .source = SOURCE_INFERRED };
	struct invocation inv = { 0 };

	if (!pending_exe(p, t->shims))
		return false;
	for (size_t i = 0; i < v->n_pending && !inv.publisher; i++)
		if (v->pending[i]->kind == FACT_EXEC)
			inv = parse_shim(v->pending[i]->args,
					 v->pending[i]->args_count);
	if (v->first_ppid != 1 &&
	    (!inv.publisher || !name_listed(t->roots, inv.publisher)))
		return false;
	if (v->first_ppid > 1) {
		struct proc *root = proc_new(t, v->first_ppid, v->first_at);

		root->priv->first_at = v->first_at;
		b.role = ROLE_ROOT;
		if (!enter(t, root, &b))
			return false;
		proc_set_image(root, image_new(inv.publisher, "", NULL));
		/* That woke p. */
		return true;
	}
	return enter(t, p, &b);
}

/* Nobody in the tree knew p in time. */
void limbo_due(struct tree *t, struct proc *p)
{
	struct proc *q = proc_find(t, p->priv->first_ppid, p->priv->first_at);

	if (q && q != p && !placed(q) && q->priv->timer.place &&
	    q->priv->timer.at >= t->now) {
		timers_set(&t->timers, &p->priv->timer, q->priv->timer.at + 1);
		return;
	}
	if (pending_exe(p, t->roots)) {
		place_root(t, p, SOURCE_AUDIT);
		return;
	}
	if (adopt_shim(t, p))
		return;
	t->metrics->limbo_expired++;
	proc_free(t, p);
}

/* p spoke, but which of q's claims it answers cannot be told. */
static void count_unmatched(struct tree *t, struct proc *q)
{
	q->priv->n_unmatched++;
	claims_balance(t, q);
}

/* False if the tree is full: p is forgotten then. */
static bool settle(struct tree *t, struct proc *p, struct proc *q)
{
	struct verdict v = { true, q, NULL };

	if (q->priv->ns->mode != PIDNS_HOST)
		v = claims_judge(t, p, q, true);
	if (p->priv->state == STATE_WAITING) {
		if (!place_judged(t, p, q, &v))
			return false;
	} else {
		reparent(t, p, v.parent,
			 v.parent == q ? SOURCE_AUDIT : SOURCE_INFERRED,
			 v.claim ? v.claim->serial : p->priv->first_serial);
	}
	if (!v.claim)
		claim_unanswer(t, p);
	else if (p->priv->claim != v.claim)
		answer(t, p, v.claim);
	if (!p->priv->claim && q->priv->ns->mode != PIDNS_HOST)
		count_unmatched(t, v.parent);
	return true;
}

static bool settle_birth(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct proc *q = shown_parent(t, p);

	if (q && !v->exact && !settle(t, p, q))
		return false;
	v->settled = true;
	unshow_parent(t, p);
	if (v->claim)
		claim_settle(t, v->claim);
	if (!v->exec_at && p->parent)
		inherit_image(p);
	return true;
}

/*
 * Its birth was not heard, so what its numbers mean must be told by the
 * numbers themselves.
 */
static void doubt(struct tree *t, struct proc *p)
{
	if (p->priv->nested || p->priv->ns != t->host_ns)
		return;
	p->priv->nested = pidns_new(t->host_ns);
}

/*
 * An ended process is remembered until the births of all that can have
 * shown it as their parent are settled.
 */
void remove_later(struct tree *t, struct proc *p)
{
	p->priv->timer.kind = TIMER_REMOVE;
	timers_set(&t->timers, &p->priv->timer,
		   p->priv->end_at + 2 * t->options.linger_ms + 5 * COARSE_MS);
}

/* Everything that can tell of p's birth has come. */
void settle_due(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (v->state == STATE_WAITING && !shown_parent(t, p)) {
		limbo_due(t, p);
		return;
	}
	if (!v->settled && !settle_birth(t, p))
		return;
	if (!v->certain)
		doubt(t, p);
	v->forced = true;
	derive(t, p);
	if (v->n_pending)
		release(t, p);
	if (ended(p)) {
		remove_later(t, p);
	} else if (p->role >= ROLE_INIT && p->container->stop_ms &&
		   !p->container->priv->timer.place) {
		container_due(t, p->container->priv);
	}
}

/* What a number that p said means is not clear yet. */
void hold_claim(struct tree *t, struct proc *p, const struct fact *f)
{
	hold(t, p, f);
	if (p->priv->timer.place)
		return;
	p->priv->timer.kind = TIMER_SETTLE;
	timers_set(&t->timers, &p->priv->timer,
		   t->now + 2 * t->options.linger_ms);
}
