/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose birth was it? A child speaks, and one of several claims may be its
 * own. Two facts of the kernel tell: the parent a child shows is its birth
 * parent unless that one has ended, and every birth takes the next number
 * in each namespace it is seen in (alloc_pid() in kernel/pid.c), so that
 * pids rise in step in both.
 */
#include "tree_int.h"

static bool is_free(const struct claim *c, const struct proc *p)
{
	return !c->answer || c->answer == p || !c->answer->priv->settled;
}

#define SLACK 4	/* a pair may be a neighbour's */

/*
 * Every number of a namespace takes one of the host's: no more of its can be
 * between two births than of the host's are.
 */
static bool has_room_beside(const struct tree *t, const struct anchor *a,
			    const struct claim *c, const struct proc *p)
{
	if (a->at <= t->anew_at ||
	    a->at + LATELY * t->options.linger_ms < t->now ||
	    (p->pid > a->pid) != (c->vpid > a->vpid))
		return true;
	return abs(c->vpid - a->vpid) <= abs(p->pid - a->pid) + SLACK;
}

/* Whether p can have the number that c announced, by those that are known. */
static bool has_room(const struct tree *t, const struct claim *c,
		     const struct proc *p)
{
	const struct pidns *ns = c->ns;
	size_t n = pidns_anchor_from(ns, c->vpid);

	if (n && !has_room_beside(t, &ns->anchors[n - 1], c, p))
		return false;
	if (n < ns->n_anchors && !has_room_beside(t, &ns->anchors[n], c, p))
		return false;
	if (!ns->init || ns->mode != PIDNS_LOCAL)
		return true;
	return has_room_beside(t,
			       &(struct anchor){ 1, ns->init->pid,
						 ns->init->priv->birth_at },
			       c, p);
}

/* What speaks for a birth that c announced being p's, which shows q. */
enum claimant {
	NOBODY,		/* nothing: it is not p's */
	OWN,		/* q announced it */
	ORPHAN,		/* its owner had ended, and q took its children */
	PERHAPS,	/* as ORPHAN, if its owner had ended unheard */
};

/* Both are by c's caller, whose serials rise where stamps are too coarse. */
static bool is_after(uint64_t at, uint64_t serial, const struct claim *c)
{
	return at != c->at ? at > c->at : serial > c->serial;
}

/*
 * exec ends all other threads of a process, so what clone3 made before was
 * a thread, or has spoken by then.
 */
static bool was_thread(const struct claim *c, uint64_t by)
{
	const struct proc_priv *v = c->caller->priv;

	return c->call == FORK_CLONE3 &&
	       ((v->exec_at <= by && is_after(v->exec_at, v->exec_serial, c)) ||
		(v->old_at <= by && is_after(v->old_at, v->old_serial, c)));
}

/*
 * Pids rise, so whoever has a higher one is younger; unless they began anew
 * between the two, and then they are far apart.
 */
#define FAR_APART 512

static bool is_younger(const struct proc *p, const struct proc *than)
{
	return p->pid > than->pid && p->pid - than->pid < FAR_APART;
}

/*
 * p's first record was written before that of owner's end, and so shows the
 * parent of then: nobody had taken owner's children. (do_exit() in kernel/exit.c
 * writes the record first.) Serials tell where stamps are too coarse; that of
 * an end that only follows from another's record is the other's.
 */
static bool spoke_before_end(const struct proc *p, const struct proc *owner)
{
	return ended(owner) && !owner->priv->weak_end &&
	       owner->priv->end_serial && p->priv->first_serial &&
	       p->priv->first_serial < owner->priv->end_serial;
}

static enum claimant claimant(const struct claim *c, const struct proc *p,
			      const struct proc *q)
{
	const struct proc *owner = c->owner;
	uint64_t by = p->priv->first_at + COARSE_MS;

	if (c->at > by || was_thread(c, by))
		return NOBODY;
	if (owner == q)
		return OWN;
	if (owner == p || is_younger(owner, p) ||
	    (c->ns->init != q && !proc_descends(owner, q)))
		return NOBODY;
	if (spoke_before_end(p, owner))
		return NOBODY;
	if (ended(owner) && owner->priv->end_at <= by)
		return ORPHAN;
	/* clone3 mostly makes threads. */
	return c->call == FORK_CLONE3 ? NOBODY : PERHAPS;
}

/* The same, if no settled process has answered c and p has room for it. */
static enum claimant may_be_of(const struct tree *t, const struct claim *c,
			       const struct proc *p, const struct proc *q)
{
	enum claimant who;

	if (!is_free(c, p))
		return NOBODY;
	who = claimant(c, p, q);
	return who != NOBODY && has_room(t, c, p) ? who : NOBODY;
}

/* The claims that may be p's, by who made them. */
struct choice {
	size_t n[PERHAPS + 1];
	struct claim *newest[PERHAPS + 1];
	size_t n_plain;		/* own ones that are no clone3 */
	struct claim *plain;
};

static struct choice choices(const struct tree *t, const struct proc *p,
			     const struct proc *q)
{
	struct choice ch = { 0 };
	enum claimant who;

	for (struct claim *c = q->priv->ns->claims; c; c = c->next) {
		who = may_be_of(t, c, p, q);
		if (who == NOBODY)
			continue;
		if (!ch.n[who]++)
			ch.newest[who] = c;
		if (who == OWN && c->call != FORK_CLONE3) {
			ch.n_plain++;
			ch.plain = c;
		}
	}
	return ch;
}

/* Whether c may be the birth of p, which shows q, */
bool is_claimed(const struct claim *c, const struct proc *p,
		const struct proc *q)
{
	return claimant(c, p, q) != NOBODY;
}

/* and no settled process has answered it, and p has room for it. */
bool is_possible(const struct tree *t, const struct claim *c,
		 const struct proc *p, const struct proc *q)
{
	return may_be_of(t, c, p, q) != NOBODY;
}

/*
 * Whether p is q's child, though which of its claims it answers is not clear.
 * Who waits for his place and says that he has a child has made no claim yet;
 * if he has ended, the init took the child.
 */
static bool is_child(const struct tree *t, const struct proc *p,
		     const struct proc *q)
{
	const struct pidns *ns = q->priv->ns;
	bool own = false, perhaps = false;

	if (ns->init == q && ns->n_hidden)
		return false;
	for (const struct claim *c = ns->claims; c; c = c->next) {
		enum claimant who;

		if (own && c->owner == q)
			continue;
		who = may_be_of(t, c, p, q);
		if (who == ORPHAN)
			return false;
		own = own || who == OWN;
		perhaps = perhaps || who == PERHAPS;
	}
	return own || !perhaps;
}

/*
 * p shows q as its parent. If no claim is clearly its own, it is q's child,
 * unless some orphan's may be. Another may still come: after vfork the child
 * speaks first.
 */
static struct verdict judge(struct tree *t, const struct proc *p,
			    struct proc *q)
{
	struct verdict v = { true, q, NULL, false };

	if (is_crowd(q->priv->ns)) {
		v.decided = q->priv->ns->init != q;
		return v;
	}
	v.claim = step_judge(t, p, q, false, &v.sure);
	/* A claim of q's may come later than an orphan's that fits as well. */
	if (v.claim && (v.claim->owner == q || ended(q))) {
		v.parent = v.claim->owner;
		return v;
	}
	v.claim = NULL;
	v.sure = false;
	v.decided = is_child(t, p, q);
	return v;
}

/*
 * The claim of q's, its parent, that p clearly answers, though more may come;
 * or NULL.
 */
struct claim *claims_answered(struct tree *t, const struct proc *p,
			      const struct proc *q, bool *sure)
{
	struct claim *c;

	if (is_crowd(q->priv->ns))
		return NULL;
	c = step_judge(t, p, q, false, sure);
	return c && c->owner == q ? c : NULL;
}

/* No more can come. Somebody's child it must be. */
static struct verdict judge_finally(struct tree *t, const struct proc *p,
				    struct proc *q)
{
	struct verdict v = { true, q, NULL, false };
	struct choice ch;

	v.claim = step_judge(t, p, q, true, &v.sure);
	if (!v.claim && !is_crowd(q->priv->ns)) {
		ch = choices(t, p, q);
		if (ch.n_plain == 1)
			v.claim = ch.plain;
		else if (ch.n[OWN] == 1)
			v.claim = ch.newest[OWN];
		else if (!ch.n[OWN])
			v.claim = ch.newest[ch.n[ORPHAN] ? ORPHAN : PERHAPS];
	}
	if (v.claim)
		v.parent = v.claim->owner;
	return v;
}

struct verdict claims_judge(struct tree *t, struct proc *p, struct proc *q,
			    bool final)
{
	return final ? judge_finally(t, p, q) : judge(t, p, q);
}
