/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last word on a birth, when everything that can tell of it has come.
 */
#include "tree_int.h"

static uint64_t settle_at(const struct tree *t, const struct proc *p)
{
	/*
	 * What concerns p's birth is at most as old as p's first record,
	 * and so has come after one linger time; what concerns its
	 * siblings of that time, after two.
	 */
	return p->priv->first_at + 2 * t->options.linger_ms;
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

/* p spoke, but which of q's claims it answers cannot be told. */
static void count_unmatched(struct tree *t, struct proc *q)
{
	q->priv->n_unmatched++;
	claims_balance(t, q);
}

/* Nothing came since that was older than what p's claim was told by. */
static bool is_sure(const struct proc *p)
{
	const struct proc_priv *v = p->priv;

	return v->sure && v->claim && v->claim->ns->late_at < v->first_at;
}

/* False if the tree is full: p is forgotten then. */
static bool settle(struct tree *t, struct proc *p, struct proc *q)
{
	struct verdict v = { true, q, NULL, false };

	if (is_sure(p) && p->parent == q)
		return true;
	if (q->priv->ns->mode != PIDNS_HOST)
		v = claims_judge(t, p, q, true);
	if (p->priv->state == STATE_WAITING) {
		if (!place_judged(t, p, q, &v))
			return false;
		follow(t);
	} else {
		reparent(t, p, v.parent,
			 v.parent == q ? SOURCE_AUDIT : SOURCE_INFERRED,
			 v.claim ? v.claim->serial : p->priv->first_serial);
	}
	if (!v.claim)
		claim_unanswer(p);
	else
		answer(p, v.claim);
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
	step_given(t, p->pid, v->first_at, v->ns);
	v->settled = true;
	unshow_parent(t, p);
	if (v->claim)
		claim_settle(t, v->claim);
	if (!v->exec_at && p->parent)
		inherit_image(t, p);
	return true;
}

/*
 * Its birth was not heard, so what its numbers mean must be told by the
 * numbers themselves.
 */
static void doubt(struct tree *t, struct proc *p)
{
	if (rarely(p->priv)->nested || p->priv->ns != t->host_ns)
		return;
	rare_of(p->priv)->nested = pidns_new(t->host_ns);
}

/* What p said counts now, as well as it can be understood. */
void force(struct tree *t, struct proc *p)
{
	if (!p->priv->certain)
		doubt(t, p);
	p->priv->forced = true;
	derive(t, p);
	if (p->priv->n_pending)
		release(t, p);
	follow(t);
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
	const struct pidns *was = v->ns;

	if (v->state == STATE_WAITING && !shown_parent(t, p)) {
		limbo_due(t, p);
		return;
	}
	if (!v->settled && !settle_birth(t, p))
		return;
	force(t, p);
	if (rarely(v)->nested && v->ns != was)
		claims_follow(t);
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
