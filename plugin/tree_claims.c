/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Births that parents announced. In the host's pid namespace the number
 * announced is the child's pid, and all is said. In any other it is a
 * small local number, and the child's pid is learned when it speaks.
 */
#include "tree_int.h"

#include <string.h>

/*
 * By falling serial. They come nearly so, but for those by processes that
 * have waited for their place: these are as old as who is settled now.
 */
static void link_in_ns(struct claim *c, struct pidns *ns)
{
	struct claim *newer = NULL, *older = ns->claims;

	for (int i = 0; i < 2; i++)
		if (ns->near[i] && between(ns->near[i]->serial, c->serial) <
					   between(older->serial, c->serial))
			older = ns->near[i];
	if (older)
		newer = older->prev;
	while (newer && newer->serial < c->serial) {
		older = newer;
		newer = newer->prev;
	}
	while (older && older->serial > c->serial) {
		newer = older;
		older = older->next;
	}
	c->ns = pidns_ref(ns);
	c->prev = newer;
	c->next = older;
	if (older)
		older->prev = c;
	if (newer)
		newer->next = c;
	else
		ns->claims = c;
	ns->n_claims++;
}

/* May free the namespace. */
static void unlink_in_ns(struct claim *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->ns->claims = c->next;
	if (c->next)
		c->next->prev = c->prev;
	for (int i = 0; i < 2; i++)
		if (c->ns->near[i] == c)
			c->ns->near[i] = c->next ? c->next : c->prev;
	c->ns->n_claims--;
	pidns_unref(c->ns);
}

static void link_claim(struct tree *t, struct claim *c)
{
	c->all_next = t->claims;
	if (t->claims)
		t->claims->all_prev = c;
	t->claims = c;
	c->caller->priv->n_claims++;
	if (c->owner != c->caller)
		c->owner->priv->n_claims++;
	t->n_claims++;
}

static struct claimed *numbers_of(struct tree *t, const struct claim *c)
{
	return c->ns->mode == PIDNS_HOST ? &t->host_claims : &c->ns->by_vpid;
}

static void free_claim(struct tree *t, struct claim *c)
{
	claimed_remove(numbers_of(t, c), c);
	unlink_in_ns(c);
	if (c->all_prev)
		c->all_prev->all_next = c->all_next;
	else
		t->claims = c->all_next;
	if (c->all_next)
		c->all_next->all_prev = c->all_prev;
	if (c->answer)
		c->answer->priv->claim = NULL;
	c->caller->priv->n_claims--;
	if (c->owner != c->caller)
		c->owner->priv->n_claims--;
	t->n_claims--;
	timers_cancel(&t->timers, &c->timer);
	free(c);
}

static void move_claim(struct tree *t, struct claim *c, struct pidns *ns)
{
	claimed_remove(numbers_of(t, c), c);
	unlink_in_ns(c);
	link_in_ns(c, ns);
	claimed_add(numbers_of(t, c), c);
}

/* A namespace was found within another: the claims made in it are its own. */
void claims_follow(struct tree *t)
{
	struct pidns *ns;

	for (struct claim *c = t->claims; c; c = c->all_next) {
		ns = c->caller->priv->ns;
		if (ns && ns != c->ns && c->ns->mode == PIDNS_LOCAL &&
		    ns->mode == PIDNS_LOCAL)
			move_claim(t, c, ns);
	}
}

/* Whoever it kept in the tree may go now. */
void claim_drop(struct tree *t, struct claim *c)
{
	struct proc *caller = c->caller;
	struct proc *owner = c->owner;
	bool two = owner != caller && !proc_descends(caller, owner);

	free_claim(t, c);
	/* Pruning goes upwards: if owner is above, it is seen to then. */
	proc_prune(t, caller);
	if (two)
		proc_prune(t, owner);
}

void claims_free(struct tree *t)
{
	while (t->claims)
		free_claim(t, t->claims);
}

/* The namespace is dead: whoever has not spoken never will. */
void claims_drop_in(struct tree *t, struct pidns *ns)
{
	struct claim *c, *next;

	pidns_ref(ns);
	for (c = ns->claims; c; c = next) {
		next = c->next;
		if (!c->answer)
			claim_drop(t, c);
	}
	pidns_unref(ns);
}

/* p's number is open again. */
void claim_unanswer(struct proc *p)
{
	if (!p->priv->claim)
		return;
	p->priv->claim->answer = NULL;
	p->priv->claim = NULL;
	p->vpid = 0;
	p->priv->birth_at = p->priv->first_at;
}

void claim_answer(struct claim *c, struct proc *p)
{
	if (c->unsure && p->vpid == c->vpid)
		p->vpid = 0;
	if (c->answer == p)
		return;
	if (c->answer)
		claim_unanswer(c->answer);
	claim_unanswer(p);
	c->answer = p;
	p->priv->claim = c;
	if (!(c->flags & FLAG_NEWPID && c->call == FORK_CLONE) && !c->unsure)
		p->vpid = c->vpid;
	if (c->at < p->priv->birth_at)
		p->priv->birth_at = c->at;
}

/*
 * Whether the numbers of p's children are lower than its own in ns: they are
 * of another namespace then, which its parent made by unshare. Where numbers
 * have come round, none is below 300 (RESERVED_PIDS in kernel/pid.c). In a
 * crowd it is not asked.
 */
static bool began_namespace(const struct pidns *ns, const struct proc *p)
{
	if (!p->priv->n_claims || is_crowd(ns))
		return false;
	for (const struct claim *c = ns->claims; c; c = c->next)
		if (c->caller == p && c->vpid < p->vpid && c->vpid < 300)
			return true;
	return false;
}

/* Its answer is certain: from now on it measures the others. */
void claim_settle(struct tree *t, struct claim *c)
{
	struct proc *p = c->answer;

	if (!c->unsure)
		pidns_anchor(c->ns, c->vpid, p->pid, c->at);
	p->priv->birth_at = c->at;
	if (p->vpid == c->vpid && began_namespace(c->ns, p)) {
		pidns_begin(c->ns, p);
		p->vpid = 1;
	}
	claim_drop(t, c);
}

/* A child that spoke, and no claim is known to be its own. */
static bool is_unmatched(const struct proc *s)
{
	return !s->priv->settled && !s->priv->exact && s->priv->heard &&
	       !s->priv->claim && s->priv->state == STATE_PLACED;
}

/*
 * The first number announced in a namespace tells what its numbers are.
 * A new namespace begins at 1, and the runtime's own threads are heard
 * before anybody else is born in it.
 */
static void learn_mode(struct pidns *ns, const struct proc *caller, pid_t n)
{
	const struct proc *first = ns->init ? ns->init : caller;

	if (ns->mode == PIDNS_UNKNOWN)
		ns->mode = n > first->pid && n - first->pid < 4096 ?
				   PIDNS_HOST :
				   PIDNS_LOCAL;
	if (ns->mode == PIDNS_LOCAL && ns->init && !ns->init->vpid && n <= 64) {
		ns->init->vpid = 1;
		pidns_anchor(ns, 1, ns->init->pid, ns->init->priv->birth_at);
	}
}

/*
 * A child that vfork let speak first may have waited for this number. There
 * is one at a time, in a program that does so; where there are many, they
 * are settled later.
 */
#define MAX_TRIES 4

static void find_answer(struct tree *t, struct claim *c)
{
	struct proc *owner = c->owner;
	int tries = 0;
	bool sure;

	for (struct proc *s = last_showing(t, owner->pid);
	     s && tries < MAX_TRIES; s = showing_before(s)) {
		if (!is_unmatched(s) || s->parent != owner)
			continue;
		tries++;
		if (!step_may_answer(t, c, s, owner) ||
		    claims_answered(t, s, owner, &sure) != c)
			continue;
		answer(s, c);
		s->priv->sure = sure;
		if (rarely(s->priv)->nested) {
			derive(t, s);
			claims_follow(t);
		}
		return;
	}
}

static struct claim *new_claim(struct tree *t, struct proc *caller,
			       struct proc *owner, const struct fact *f)
{
	struct claim *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->caller = caller;
	c->owner = owner;
	c->vpid = f->child;
	c->call = f->call;
	c->flags = (uint32_t)f->flags;
	c->at = f->time_ms + t->offset;
	c->time_ms = f->time_ms;
	c->serial = to_serial(f->serial);
	link_in_ns(c, caller->priv->ns);
	c->timer.kind = TIMER_CLAIM;
	link_claim(t, c);
	claimed_add(numbers_of(t, c), c);
	timers_set(&t->timers, &c->timer, c->at + t->options.linger_ms);
	return c;
}

/* clone3 on the host: the pid is exact, but it may be a thread's. */
static void host_claim(struct tree *t, struct proc *caller,
		       const struct fact *f)
{
	struct claim *old;
	struct proc *p = proc_find(t, f->child, f->time_ms + t->offset);

	if (p && placed(p))
		return;
	old = claimed_newest(&t->host_claims, f->child);
	if (old)
		claim_drop(t, old);
	new_claim(t, caller, caller, f);
	if (p)
		consider(t, p);
}

/* Any other call on the host: a process, and its pid. */
static void host_birth(struct tree *t, struct proc *caller, struct proc *owner,
		       const struct fact *f)
{
	struct birth b = {
		.parent = owner,
		.source = f->source,
		.caller = caller,
		.call = f->call,
		.flags = f->flags,
		.exact = true,
		.at = f->time_ms + t->offset,
		.time_ms = f->time_ms,
		.serial = f->serial,
	};

	born(t, &b, f->child);
}

/* caller, which is in the tree, says that it has a child. */
void claim_add(struct tree *t, struct proc *caller, const struct fact *f)
{
	struct proc *owner = caller;
	struct pidns *ns = caller->priv->ns;
	struct claim *c;

	if (!(f->flags & FLAG_THREAD))
		learn_mode(ns, caller, f->child);
	if (ns->mode == PIDNS_HOST)
		step_given(t, f->child, f->time_ms + t->offset, t->host_ns);
	else
		given_deny(t, f->child, f->time_ms + t->offset);
	if (f->flags & FLAG_THREAD)
		return;
	if (f->flags & FLAG_PARENT && caller->parent)
		owner = caller->parent;
	if (ns->mode == PIDNS_HOST && f->call != FORK_CLONE3) {
		host_birth(t, caller, owner, f);
		return;
	}
	if (t->n_claims >= t->options.max_claims) {
		t->metrics->claims_evicted++;
		lose(t);
		return;
	}
	if (ns->mode == PIDNS_HOST) {
		host_claim(t, caller, f);
		return;
	}
	c = new_claim(t, caller, owner, f);
	if (is_crowd(ns))
		return;
	find_answer(t, c);
	follow_claim(t, ns, owner->pid);
}

static void report_silent(struct tree *t, struct claim *c)
{
	struct change ch = change_of(t, CHANGE_FORK, NULL);

	c->reported = true;
	t->metrics->claims_unanswered++;
	ch.time_ms = c->time_ms;
	ch.serial = c->serial;
	ch.parent = c->owner;
	ch.container = c->owner->container;
	ch.role = c->owner->role >= ROLE_INIT ? ROLE_MEMBER : ROLE_RUNTIME;
	ch.vpid = c->unsure ? 0 : c->vpid;
	ch.image = c->owner->image;
	t->emit(t->ctx, &ch);
}

/* Whoever answers it within the linger time is settled by now. */
static bool is_old(const struct tree *t, const struct claim *c)
{
	return t->now >= c->at + 3 * t->options.linger_ms;
}

static bool has_unmatched(const struct proc *p)
{
	for (const struct proc *s = p->priv->children; s;
	     s = s->priv->sibling_next)
		if (is_unmatched(s))
			return true;
	return false;
}

/* Somebody spoke whose birth is not settled, and it may be this one. */
static bool may_be_answered(const struct claim *c)
{
	const struct proc *s;

	if (has_unmatched(c->owner))
		return true;
	if (ended(c->owner) && c->ns->init && has_unmatched(c->ns->init))
		return true;
	for (s = c->ns->waiting; s; s = s->priv->waiting_next)
		if (c->at <= s->priv->first_at + COARSE_MS)
			return true;
	return false;
}

/*
 * The linger time has passed. clone3 made a thread, or a child that will
 * be known by the parent it shows. Another claim is a child that has not
 * spoken: it is reported, and kept for when it does. If some child spoke
 * and only its number is open, that is settled first.
 */
void claim_due(struct tree *t, struct claim *c)
{
	uint64_t linger = t->options.linger_ms;

	if (c->answer) {
		/* It goes when its answer is settled. */
		timers_set(&t->timers, &c->timer, t->now + linger);
		return;
	}
	if (c->call == FORK_CLONE3) {
		/* Not before a child that did speak is settled. */
		if (t->now <= c->at + 2 * linger + 2 * COARSE_MS)
			timers_set(&t->timers, &c->timer,
				   c->at + 2 * linger + 2 * COARSE_MS + 1);
		else
			claim_drop(t, c);
		return;
	}
	if (!is_old(t, c)) {
		if (!may_be_answered(c))
			report_silent(t, c);
		timers_set(&t->timers, &c->timer, c->at + 3 * linger);
	} else if (c->owner->priv->n_unmatched) {
		/* One of those that spoke, whichever. */
		c->owner->priv->n_unmatched--;
		claim_drop(t, c);
	} else if (!c->reported) {
		report_silent(t, c);
	}
}

/*
 * A child of q has spoken and answers none of its claims for sure. If all
 * of them were reported as silent, one of them was this child's.
 */
void claims_balance(struct tree *t, struct proc *q)
{
	struct claim *oldest = NULL;

	for (struct claim *c = q->priv->ns->claims; c; c = c->next) {
		if (c->owner != q || c->answer)
			continue;
		if (!is_old(t, c))
			return;
		if (!oldest || c->at < oldest->at)
			oldest = c;
	}
	if (!oldest)
		return;
	q->priv->n_unmatched--;
	claim_drop(t, oldest);
}
