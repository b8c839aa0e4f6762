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

static void list_in_limbo(struct tree *t, struct proc *p)
{
	pid_t ppid = p->priv->first_ppid;
	struct limbo *l;

	HASH_FIND(hh, t->limbo, &ppid, sizeof(ppid), l);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			abort();
		l->ppid = ppid;
		HASH_ADD(hh, t->limbo, ppid, sizeof(l->ppid), l);
	}
	p->priv->wait_next = l->first;
	l->first = p;
	p->priv->listed = true;
}

static void take_from(struct proc **list, struct proc *p)
{
	for (; *list; list = &(*list)->priv->wait_next) {
		if (*list == p) {
			*list = p->priv->wait_next;
			p->priv->wait_next = NULL;
			p->priv->listed = false;
			return;
		}
	}
}

static void unlist(struct tree *t, struct proc *p)
{
	pid_t ppid = p->priv->first_ppid;
	struct limbo *l;

	if (!p->priv->listed)
		return;
	if (p->priv->state == STATE_WAITING) {
		take_from(&p->priv->ns->waiting, p);
		proc_set_ns(p, NULL);
		return;
	}
	HASH_FIND(hh, t->limbo, &ppid, sizeof(ppid), l);
	if (!l)
		return;
	take_from(&l->first, p);
	if (!l->first) {
		HASH_DELETE(hh, t->limbo, l);
		free(l);
	}
}

/* Out of whatever list it waits in; it is about to be placed or freed. */
void limbo_drop(struct tree *t, struct proc *p)
{
	if (p->priv->listed)
		t->n_limbo--;
	unlist(t, p);
}

static void keep_fact(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;

	if (v->n_pending == MAX_PENDING) {
		t->metrics->facts_dropped++;
		return;
	}
	if (!v->pending)
		v->pending = calloc(MAX_PENDING, sizeof(struct fact *));
	if (!v->pending)
		abort();
	v->pending[v->n_pending++] = fact_copy(f);
}

/* f is by p, which has no place yet. */
void limbo_add(struct tree *t, struct proc *p, const struct fact *f)
{
	bool is_new = !p->priv->listed;

	if (is_new && t->n_limbo >= t->options.max_limbo) {
		t->metrics->limbo_evicted++;
		proc_free(t, p);
		lose(t);
		return;
	}
	keep_fact(t, p, f);
	if (p->priv->state == STATE_LIMBO) {
		unlist(t, p);
		note(t, p, f);
		list_in_limbo(t, p);
		t->n_limbo += is_new;
		timers_set(&t->timers, &p->priv->timer,
			   p->priv->first_at + t->options.linger_ms +
				   2 * COARSE_MS);
	} else {
		note(t, p, f);
	}
	consider(t, p);
}

/* Whoever waits for pid may be placed now. */
static void wake(struct tree *t, pid_t pid)
{
	struct proc *p;
	struct limbo *l;

again:
	HASH_FIND(hh, t->limbo, &pid, sizeof(pid), l);
	for (p = l ? l->first : NULL; p; p = p->priv->wait_next)
		if (consider(t, p))
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

static void apply_pending(struct tree *t, struct proc *p)
{
	struct fact **pending = p->priv->pending;
	size_t n = p->priv->n_pending;

	p->priv->pending = NULL;
	p->priv->n_pending = 0;
	for (size_t i = 0; i < n; i++) {
		apply(t, p, pending[i]);
		free(pending[i]);
	}
	free(pending);
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

static enum role child_role(const struct proc *parent)
{
	return parent->role >= ROLE_INIT ? ROLE_MEMBER : ROLE_RUNTIME;
}

/* What the clone call itself tells of the child. */
static void set_birth(struct tree *t, struct proc *p, const struct birth *b)
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
	container_stage(t, p);
}

static void inherit(struct tree *t, struct proc *p, struct proc *parent)
{
	proc_set_ns(p, parent->priv->ns);
	p->role = child_role(parent);
	p->entry = parent->entry;
	proc_set_image(p, image_ref(parent->image));
	cred_unref(p->cred);
	p->cred = cred_ref(parent->cred);
	if (parent->container)
		container_join(t, p, parent->container);
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
	struct pidns *ns;

	if (c->call != FORK_CLONE || !(c->flags & FLAG_NEWPID))
		return;
	ns = pidns_new(c->ns);
	ns->mode = PIDNS_LOCAL;
	ns->init = p;
	p->vpid = 1;
	proc_set_ns(p, ns);
	pidns_unref(ns);
}

static void answer(struct tree *t, struct proc *p, struct claim *c)
{
	claim_answer(t, c, p);
	enter_nested(p, c);
}

/* Gives p, whose pending facts are sorted, its place. */
static void place(struct tree *t, struct proc *p, const struct birth *b)
{
	struct proc_priv *v = p->priv;
	bool local = b->parent && b->parent->priv->ns->mode != PIDNS_HOST;
	uint64_t serial = b->exact ? b->serial : v->first_serial;

	limbo_drop(t, p);
	v->state = STATE_PLACED;
	t->n_placed++;
	t->metrics->processes++;
	timers_cancel(&t->timers, &v->timer);
	v->birth_at = v->first_at;
	p->start_ms = event_ms(t, v->first_at);
	p->source = b->source;
	proc_link(p, b->parent);
	if (b->parent) {
		inherit(t, p, b->parent);
	} else {
		proc_set_ns(p, t->host_ns);
		p->role = b->role;
		v->verb = b->role == ROLE_SHIM ? VERB_SHIM : VERB_NONE;
	}
	set_birth(t, p, b);
	if (b->claim) {
		answer(t, p, b->claim);
		serial = b->claim->serial;
	}
	name_entity(t, p);
	if (v->n_pending) {
		qsort(v->pending, v->n_pending, sizeof(v->pending[0]), by_time);
		identify(p, v->pending[0]);
		v->last_at = v->last_serial = 0;
	}
	tell_birth(t, p, serial);
	v->settled = !local || v->exact;
	if (!v->settled) {
		v->timer.kind = TIMER_SETTLE;
		timers_set(&t->timers, &v->timer, settle_at(t, p));
	}
	apply_pending(t, p);
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
	unlist(t, p);
	p->priv->state = STATE_WAITING;
	proc_set_ns(p, ns);
	p->priv->wait_next = ns->waiting;
	ns->waiting = p;
	p->priv->listed = true;
	p->priv->timer.kind = TIMER_SETTLE;
	timers_set(&t->timers, &p->priv->timer, settle_at(t, p));
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
		v = claims_judge(p, q, false);
	if (v.decided) {
		place_judged(t, p, q, &v);
		return true;
	}
	wait_in(t, p, q->priv->ns);
	return p->priv->state != STATE_WAITING;
}

static void update_entry(struct tree *t, struct proc *p, struct proc *entry)
{
	struct proc *old = p->entry;

	if (old == p || old == entry)
		return;
	for (struct proc *q = t->all; q; q = q->priv->all_next)
		if (q->entry == old && (q == p || proc_descends(q, p)))
			q->entry = entry;
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
	update_entry(t, p, parent->entry);
	if (p->role == ROLE_MEMBER && p->container != parent->container &&
	    parent->container)
		container_join(t, p, parent->container);
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
	set_birth(t, p, b);
	reparent(t, p, b->parent, b->source, b->serial);
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
	    q->priv->timer.at > t->now) {
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

static void settle(struct tree *t, struct proc *p, struct proc *q)
{
	struct verdict v = claims_judge(p, q, true);

	if (p->priv->state == STATE_WAITING) {
		if (!place_judged(t, p, q, &v))
			return;
	} else {
		reparent(t, p, v.parent,
			 v.parent == q ? SOURCE_AUDIT : SOURCE_INFERRED,
			 v.claim ? v.claim->serial : p->priv->first_serial);
	}
	if (!v.claim && v.parent == q)
		v.claim = claims_rank(p, q, p->priv->first_at +
						   t->options.linger_ms);
	if (!v.claim)
		claim_unanswer(t, p);
	else if (p->priv->claim != v.claim)
		answer(t, p, v.claim);
}

/* Everything that can tell of p's birth has come. */
void settle_due(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct proc *q = shown_parent(t, p);
	bool local = q && q->priv->ns->mode != PIDNS_HOST;

	if (v->state == STATE_WAITING && !q) {
		limbo_due(t, p);
		return;
	}
	if (local && !v->exact)
		settle(t, p, q);
	v->settled = true;
	if (v->claim)
		claim_settle(t, v->claim);
	if (ended(p)) {
		v->timer.kind = TIMER_REMOVE;
		timers_set(&t->timers, &v->timer,
			   v->end_at + 2 * t->options.linger_ms);
	}
}
