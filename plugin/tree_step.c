/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In step. Every birth takes the next free number in each namespace it is
 * seen in (alloc_pid() in kernel/pid.c). So the births of a container are
 * in the order of its numbers, and in that of the host's, besides those that
 * others of the host have. Here the two are laid side by side, around one
 * process' birth, so that as much as can be fits together: whoever is heard
 * under the one number was announced by the other, by the parent he shows,
 * and their records are in the usual order.
 */
#include "tree_align.h"

/* Mostly fewer numbers tell already. */
#define SIDE_AT_FIRST 8
#define REACH_AT_FIRST 12

/* Where to look: around the birth of that number, at that time. */
struct spot {
	pid_t vpid;
	uint64_t at, serial;
};

/* How far, and how. */
struct scope {
	size_t side;	/* SIDE or less */
	pid_t reach;	/* REACH or less */
	bool final;	/* all has come */
	bool only;	/* there is no other spot */
};

/* The claim that p's birth is best laid beside. */
struct best {
	struct claim *claim;	/* NULL: there is none, or several are */
	int worth;
	int second;	/* what the next best is worth */
	int alone;	/* without its neighbours */
};

static int worth_in_all(const struct alignment *a, size_t i)
{
	size_t j = a->self;

	return worth_at(&a->up[j], i) + worth_at(&a->down[j], i) -
	       worth_at(&a->worth[j], i);
}

/* Whether a call that waits was p's birth, if its record came first? */
static bool is_vague(const struct claim *c, const struct proc *p)
{
	return waits(c) && c->serial < p->priv->first_serial;
}

/*
 * While more may come, only what was before counts, and only who speaks at
 * once can be told.
 */
static bool is_clear(const struct best *best, const struct proc *p)
{
	return best->worth - best->second >= CLEAR && best->alone >= PROMPTLY &&
	       !is_vague(best->claim, p);
}

/* That all has come, and more numbers will not change it. */
static bool is_enough(const struct best *best, const struct proc *p)
{
	return best->worth - best->second >= 2 * CLEAR || is_clear(best, p);
}

static void pick(struct best *best, const struct alignment *a, bool final)
{
	const struct own_number *o = a->own + a->first;
	int worth;

	for (size_t i = a->first; i < a->end; i++, o++) {
		worth = final ? worth_in_all(a, i) :
				worth_at(&a->up[a->self], i);
		if (worth <= best->second || (o->claim ? !o->possible : !o->by))
			continue;
		if (worth <= best->worth) {
			if (!o->claim || o->claim != best->claim)
				best->second = worth;
			continue;
		}
		if (!o->claim || o->claim != best->claim)
			best->second = best->worth;
		best->claim = o->claim;
		best->worth = worth;
		best->alone = worth_at(&a->worth[a->self], i);
	}
}

/* The only one there is, that fits by itself: its neighbours change nothing. */
static bool is_plain(const struct alignment *a, struct best *best)
{
	const struct own_number *o = &a->own[a->possible];

	if (a->n_possible > 1 || !o->claim)
		return false;
	best->claim = o->claim;
	best->worth = best->alone = worth_of(a, o, &a->host[a->self], true);
	return best->worth >= SURE;
}

/* Whether p spoke so soon after one of the claims that it may be clear yet. */
static bool is_prompt(const struct alignment *a, struct tree *t)
{
	const struct host_number h = host_number(a, t, a->p, a->p->pid);
	const struct own_number *o = a->own;

	for (size_t i = 0; i < N_OWN; i++, o++)
		if (o->possible && worth_of(a, o, &h, true) >= PROMPTLY)
			return true;
	return false;
}

/* Lays p's birth beside the claims around this one. */
static void align(struct tree *t, struct best *best, const struct proc *p,
		  const struct proc *q, const struct spot *spot,
		  const struct scope *scope)
{
	bool final = scope->final, only = scope->only;
	struct alignment a;

	a.p = p;
	a.q = q;
	a.ns = q->priv->ns;
	a.side = scope->side;
	a.reach = scope->reach;
	a.serial = spot->serial;
	a.until = p->priv->first_at + t->options.linger_ms;
	lay_own(&a, spot->vpid);
	if (!final && only && !is_prompt(&a, t))
		return;
	if (!lay_host(&a, t, spot->at, final) || (only && is_plain(&a, best)))
		return;
	if (only)
		*best = (struct best){ 0 };
	weigh(&a);
	sum_up(&a);
	if (final)
		sum_down(&a);
	pick(best, &a, final);
}

/* Where p was born, if it spoke at once. False if nobody was born then. */
static bool find_recent(struct spot *spot, struct pidns *ns,
			const struct proc *p)
{
	struct claim *c = ns->near ? ns->near : ns->claims;

	while (c && c->serial > p->priv->first_serial && c->next)
		c = c->next;
	while (c && c->prev && c->prev->serial <= p->priv->first_serial)
		c = c->prev;
	ns->near = c;
	if (c)
		*spot = (struct spot){ c->vpid, c->at, c->serial };
	return c;
}

/* Where it was if the birth next below its pid was just before its own. */
static bool find_below(struct spot *spot, struct tree *t,
		       const struct pidns *ns, const struct proc *p)
{
	const struct proc *s;
	pid_t pid = p->pid;

	for (pid_t n = 1; n <= SIDE; n++) {
		pid = given_beside(t, pid, -1);
		for (s = pids_newest(&t->pids, pid); s; s = pids_older(s)) {
			if (!s->priv->settled || s->priv->ns != ns ||
			    !s->vpid || s->priv->birth_at > p->priv->first_at)
				continue;
			*spot = (struct spot){ s->vpid + n, s->priv->birth_at,
					       s->priv->first_serial };
			return true;
		}
	}
	return false;
}

/* Whether p spoke soon after c, or before. */
static bool is_soon(const struct claim *c, const struct proc *p)
{
	return promptness(c->serial, p->priv->first_serial) >= PROMPTLY - FITS;
}

/* Whether c may be clear to be p's birth, while more may come. */
static bool may_be_clear(const struct claim *c, const struct proc *p,
			 const struct proc *q)
{
	bool came_first = c->serial < p->priv->first_serial;

	return (c->owner == q || ended(q)) && came_first == !waits(c) &&
	       is_possible(c, p, q);
}

/* Whether one of the claims around the recent one may. */
static bool has_soon(const struct pidns *ns, const struct proc *p,
		     const struct proc *q)
{
	const struct claim *c;

	for (c = ns->near; c && is_soon(c, p); c = c->next)
		if (may_be_clear(c, p, q))
			return true;
	for (c = ns->near ? ns->near->prev : NULL; c && is_soon(c, p);
	     c = c->prev)
		if (may_be_clear(c, p, q))
			return true;
	return false;
}

/*
 * The claim of q's namespace that p's birth is best laid beside; NULL if
 * that cannot be told, in the end or yet.
 */
struct claim *step_judge(struct tree *t, const struct proc *p,
			 const struct proc *q, bool final)
{
	struct pidns *ns = q->priv->ns;
	struct best best = { NULL, 0, 0, 0 };
	struct spot spot, below;
	bool recent = find_recent(&spot, ns, p);
	bool other = find_below(&below, t, ns, p) &&
		     (!recent || abs(below.vpid - spot.vpid) > REACH / 2);
	const struct scope scope = { SIDE, REACH, final, recent != other };
	const struct scope few = { SIDE_AT_FIRST, REACH_AT_FIRST, true, true };

	if (!final && recent && !other && !has_soon(ns, p, q))
		return NULL;
	if (final && scope.only) {
		align(t, &best, p, q, recent ? &spot : &below, &few);
		if (best.claim && best.worth >= SURE && is_enough(&best, p))
			return best.claim;
		best = (struct best){ 0 };
	}
	if (recent)
		align(t, &best, p, q, &spot, &scope);
	if (other)
		align(t, &best, p, q, &below, &scope);
	if (!best.claim || best.worth < SURE || best.worth == best.second ||
	    (!final && !is_clear(&best, p)))
		return NULL;
	return best.claim;
}
