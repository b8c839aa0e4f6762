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

/* How far to look. Mostly few numbers tell already. */
enum { FEW, MANY };
static const struct {
	size_t side;
	pid_t reach;
} far[] = { [FEW] = { 14, 22 }, [MANY] = { SIDE, REACH } };

/* So many say what is around a spot. */
#define NEIGHBOURS 6

/* The claim that p's birth is best laid beside. */
struct best {
	struct claim *claim;	/* NULL: there is none, or several are */
	int worth;
	int second;	/* what the next best is worth */
	struct claim *rival;	/* that, if it is one */
	int alone;	/* without its neighbours */
};

static int worth_in_all(const struct alignment *a, size_t i)
{
	return worth_at(&a->up[SIDE], i) + worth_at(&a->down[SIDE], i) -
	       worth_at(&a->worth[SIDE], i);
}

/* A call that waits has its record after its child's, or it is not clear. */
static bool is_vague(const struct claim *c, const struct proc *p)
{
	return waits(c) && c->serial < p->priv->first_serial;
}

/* Whether, while more may come, it can be clear that c is p's. */
static bool speaks_at_once(const struct best *best, const struct proc *p)
{
	return best->alone >= PROMPTLY && !is_vague(best->claim, p);
}

/*
 * While more may come, only what was before counts, and only who speaks at
 * once can be told.
 */
static bool is_clear(const struct best *best, const struct proc *p)
{
	return best->worth - best->second >= CLEAR && speaks_at_once(best, p);
}

/*
 * Whether more numbers will not change it: in the end, because there is none
 * nearly as good, and before that, also because it cannot be clear.
 */
static bool is_enough(const struct best *best, const struct alignment *a)
{
	bool at_once = best->claim && speaks_at_once(best, a->p);
	int lead = best->worth - best->second;

	if (!a->final && !at_once)
		return true;
	return best->claim && best->worth >= SURE &&
	       lead >= (a->final && at_once ? CLEAR : 2 * CLEAR);
}

static void pick(struct best *best, const struct alignment *a)
{
	const struct own_number *o = a->own + a->first;
	int worth;

	for (size_t i = a->first; i < a->end; i++, o++) {
		worth = a->final ? worth_in_all(a, i) :
				   worth_at(&a->up[SIDE], i);
		if (worth <= best->second || (o->claim ? !o->possible : !o->by))
			continue;
		if (worth <= best->worth) {
			if (!o->claim || o->claim != best->claim) {
				best->second = worth;
				best->rival = o->claim;
			}
			continue;
		}
		if (!o->claim || o->claim != best->claim) {
			best->second = best->worth;
			best->rival = best->claim;
		}
		best->claim = o->claim;
		best->worth = worth;
		best->alone = worth_at(&a->worth[SIDE], i);
	}
}

/* The only one there is, that fits by itself: its neighbours change nothing. */
static bool is_plain(const struct alignment *a, struct best *best)
{
	const struct own_number *o = &a->own[a->possible];

	if (a->n_possible > 1 || !o->claim)
		return false;
	best->claim = o->claim;
	best->worth = best->alone = worth_of(a, o, &a->host[SIDE]);
	return best->worth >= SURE;
}

/* Whether p spoke so soon after one of the claims that it may be clear yet. */
static bool is_prompt(const struct alignment *a)
{
	for (size_t i = REACH - (size_t)a->reach; i <= REACH + (size_t)a->reach;
	     i++)
		if (a->own[i].possible &&
		    worth_of(a, &a->own[i], &a->host[SIDE]) >= PROMPTLY)
			return true;
	return false;
}

static void align(struct alignment *a, struct best *best)
{
	weigh(a);
	sum_up(a);
	if (a->final)
		sum_down(a);
	pick(best, a);
}

/* No farther than is needed, but so far that what is apart is in it. */
static void align_near(struct alignment *a, struct best *best, pid_t apart)
{
	int n = FEW;

	while (n < MANY && far[n].reach < apart + NEIGHBOURS)
		n++;
	for (; n <= MANY; n++) {
		lay_own(a, far[n].reach);
		if (!a->final && !is_prompt(a))
			return;
		if (!lay_host(a, far[n].side)) {
			if (a->final)
				continue;
			return;
		}
		if (!is_plain(a, best)) {
			*best = (struct best){ 0 };
			align(a, best);
		}
		if (is_enough(best, a))
			return;
	}
}

/* As far as can be, to be compared with what is around another spot. */
static void align_far(struct alignment *a, struct best *best)
{
	lay_own(a, REACH);
	if (lay_host(a, SIDE))
		align(a, best);
}

/* Where p was born, if it spoke at once. False if nobody was born then. */
static bool find_recent(struct spot *spot, struct claim **near,
			struct claim *newest, const struct proc *p)
{
	struct claim *c = *near ? *near : newest;

	while (c && c->serial > p->priv->first_serial && c->next)
		c = c->next;
	while (c && c->prev && c->prev->serial <= p->priv->first_serial)
		c = c->prev;
	*near = c;
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
static bool may_be_clear(const struct tree *t, const struct claim *c,
			 const struct proc *p, const struct proc *q)
{
	bool came_first = c->serial < p->priv->first_serial;

	return (c->owner == q || ended(q)) && came_first == !waits(c) &&
	       is_possible(t, c, p, q);
}

bool step_may_answer(const struct tree *t, const struct claim *c,
		     const struct proc *p, const struct proc *q)
{
	return is_soon(c, p) && may_be_clear(t, c, p, q);
}

/* Whether one of the claims around the recent one may. */
static bool has_soon(const struct tree *t, const struct claim *near,
		     const struct proc *p, const struct proc *q)
{
	const struct claim *c;

	for (c = near; c && is_soon(c, p); c = c->next)
		if (may_be_clear(t, c, p, q))
			return true;
	for (c = near ? near->prev : NULL; c && is_soon(c, p); c = c->prev)
		if (may_be_clear(t, c, p, q))
			return true;
	return false;
}

/* Another may as well be p's: the numbers of both are not told. */
static void doubt(const struct alignment *a, const struct best *best)
{
	const struct own_number *o = &a->own[a->first];

	best->claim->unsure = true;
	if (best->rival)
		best->rival->unsure = true;
	for (size_t i = a->first; i < a->end; i++, o++)
		if (o->possible && worth_in_all(a, i) > best->worth - LIKELY)
			o->claim->unsure = true;
}

/*
 * Others are worth as much, but all are claims of one parent: then whose child
 * p is can be told, and one of them is answered, whichever it is.
 */
static bool is_same_parent(const struct alignment *a, const struct best *best)
{
	const struct own_number *o = &a->own[a->first];

	for (size_t i = a->first; i < a->end; i++, o++)
		if ((o->claim ? o->possible : o->by != NULL) &&
		    worth_in_all(a, i) == best->worth &&
		    o->owner != best->claim->owner)
			return false;
	return true;
}

/*
 * The claim of q's namespace that p's birth is best laid beside; NULL if
 * that cannot be told, in the end or yet. sure: nothing that is to come will
 * change it.
 */
struct claim *step_judge(struct tree *t, const struct proc *p,
			 const struct proc *q, bool final, bool *sure)
{
	struct pidns *ns = q->priv->ns;
	struct best best = { 0 };
	struct spot spot, below;
	struct claim **near = &ns->near[final];
	bool recent = find_recent(&spot, near, ns->claims, p), lower;
	pid_t apart;
	struct alignment a;

	*sure = false;
	if (!final && !has_soon(t, *near, p, q))
		return NULL;
	lower = find_below(&below, t, ns, p);
	apart = recent && lower ? abs(below.vpid - spot.vpid) : 0;
	a.t = t;
	a.p = p;
	a.q = q;
	a.final = final;
	if (apart > REACH / 2) {
		lay_begin(&a, &spot);
		align_far(&a, &best);
		lay_begin(&a, &below);
		align_far(&a, &best);
	} else if (recent || lower) {
		lay_begin(&a, recent ? &spot : &below);
		align_near(&a, &best, apart);
	}
	if (!best.claim || best.worth < SURE ||
	    (final ? best.worth == best.second && !is_same_parent(&a, &best) :
		     !is_clear(&best, p)))
		return NULL;
	if (final && best.worth - best.second < LIKELY)
		doubt(&a, &best);
	*sure = best.worth - best.second >= 2 * CLEAR;
	return best.claim;
}
