/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two rows of numbers that are laid side by side (tree_step.c). */
#include "tree_align.h"

#define MAX_CHILDREN 16	/* of one that waits */

/* How far to go for neighbours. */
#define NEARBY 128

/* Of the births that have that number, the one told nearest to serial. */
static struct claim *claim_of(const struct pidns *ns, pid_t vpid,
			      uint64_t serial)
{
	struct claim *c = claimed_newest(&ns->by_vpid, vpid), *older;

	for (; c && (older = claimed_older(c)); c = older)
		if (between(older->serial, serial) >=
		    between(c->serial, serial))
			break;
	return c;
}

/* The claim next to c's of the same caller: before (-1) or after it (1). */
static const struct claim *claim_beside(const struct claim *c, int to)
{
	const struct claim *d;

	for (pid_t n = 1; n <= NEARBY; n++) {
		d = claim_of(c->ns, c->vpid + to * n, c->serial);
		if (d && d->caller == c->caller)
			return d;
	}
	return NULL;
}

/* Whether c made its parent wait until the child executed something. */
bool waits(const struct claim *c)
{
	/* glibc makes processes by clone3 in posix_spawn only. */
	return c->call == FORK_CLONE3 || c->call == FORK_VFORK ||
	       c->flags & FLAG_VFORK;
}

static void lay_claim(const struct alignment *a, struct own_number *o,
		      struct claim *c)
{
	const struct claim *beside;

	o->claim = c;
	o->owner = c->owner;
	o->at = c->at;
	o->waits = waits(c);
	o->clone3 = c->call == FORK_CLONE3;
	o->plain = o->clone3 ? NULL : c->owner;
	o->possible = is_possible(a->t, c, a->p, a->q);
	o->after = o->serial = c->serial;
	o->before = UINT64_MAX;
	if (!o->waits)
		return;
	beside = claim_beside(c, -1);
	o->after = beside ? beside->serial : 0;
	beside = claim_beside(c, 1);
	if (beside)
		o->before = beside->serial;
}

/* What only comes with a claim, or one that waits, is not looked at without. */
static void lay_numbers(struct alignment *a, size_t i, size_t end)
{
	pid_t vpid = a->around.vpid - REACH + (pid_t)i;
	size_t n = pidns_anchor_from(a->ns, vpid);
	struct claim *c;

	for (struct own_number *o = &a->own[i]; i < end; i++, o++, vpid++) {
		o->vpid = vpid;
		o->claim = NULL;
		o->by = NULL;
		o->anchor = NULL;
		o->plain = NULL;
		o->possible = false;
		while (n < a->ns->n_anchors && a->ns->anchors[n].vpid < vpid)
			n++;
		if (n < a->ns->n_anchors && a->ns->anchors[n].vpid == vpid)
			o->anchor = &a->ns->anchors[n];
		c = claim_of(a->ns, vpid, a->around.serial);
		if (c && c->at <= a->until)
			lay_claim(a, o, c);
	}
}

/* The container's numbers, so far to either side of a->around.vpid. */
void lay_own(struct alignment *a, pid_t reach)
{
	size_t from = REACH - (size_t)reach, to = REACH + 1 + (size_t)reach;

	if (a->reach < 0) {
		lay_numbers(a, from, to);
	} else {
		lay_numbers(a, from, REACH - (size_t)a->reach);
		lay_numbers(a, REACH + 1 + (size_t)a->reach, to);
	}
	a->reach = reach;
}

static uint64_t round_near(const struct tree *t, pid_t pid)
{
	uint64_t ms = last_round(t, 2 * t->options.linger_ms);

	if (!t->pids.n_again)
		return ms;
	for (pid_t n = pid - SIDE; n <= pid + SIDE; n++)
		ms = round_of(t, n, ms);
	return ms;
}

static const struct proc *shown_of(const struct alignment *a,
				   const struct proc *who)
{
	return proc_find(a->t, who->priv->first_ppid, who->priv->first_at);
}

static struct host_number host_number(const struct alignment *a,
				      const struct proc *who, pid_t pid)
{
	struct host_number h = { .pid = pid };

	if (!who || !who->priv->heard || who->priv->first_at > a->until)
		return h;
	h.who = who;
	h.shown = shown_of(a, who);
	return h;
}

/*
 * Nothing is laid out yet but p's own birth, around that spot. t, p,
 * q and final are set.
 */
void lay_begin(struct alignment *a, const struct spot *spot)
{
	a->ns = a->q->priv->ns;
	a->around = *spot;
	a->until = a->p->priv->first_at + a->t->options.linger_ms;
	a->host[SIDE] = host_number(a, a->p, a->p->pid);
	a->left = SIDE;
	a->right = SIDE + 1;
	a->down_from = a->up_from = (struct way){ a->p->pid, 0 };
	a->reach = -1;
	a->pending = false;
	a->weighed = (struct part){ 0 };
}

/* What those said who wait for their place, and so is no claim yet. */
static void lay_pending(struct alignment *a, const struct proc *by)
{
	const struct proc_priv *v = by->priv;
	struct own_number *o;
	const struct fact *f;

	for (size_t i = 0; i < v->n_pending && i < MAX_CHILDREN; i++) {
		f = v->youth->pending[i];
		if (f->kind != FACT_FORK || f->flags & FLAG_THREAD ||
		    f->child < a->around.vpid - a->reach ||
		    f->child > a->around.vpid + a->reach)
			continue;
		o = &a->own[f->child - a->around.vpid + REACH];
		if (o->claim)
			continue;
		o->by = by;
		o->owner = f->flags & FLAG_PARENT ? shown_of(a, by) : by;
		o->serial = f->serial;
		a->pending = true;
	}
}

/*
 * The numbers of which nothing is known, before the first and behind the last
 * of which something is, add nothing. False if none may be p's.
 */
static bool bound(struct alignment *a)
{
	size_t i = REACH - (size_t)a->reach, end = REACH + 1 + (size_t)a->reach;
	const struct own_number *o = &a->own[i];

	a->first = end;
	a->end = a->n_possible = 0;
	for (; i < end; i++, o++) {
		if (!o->claim && !o->by && !o->anchor)
			continue;
		if (a->first == end)
			a->first = i;
		a->end = i + 1;
		if (o->claim ? !o->possible : !o->by)
			continue;
		a->possible = i;
		a->n_possible++;
	}
	return a->n_possible;
}

static bool next_member(struct way *way, const struct around *w, int to,
			const struct proc **who)
{
	bool taken = true;

	while (taken && way->n < NEARBY) {
		way->n++;
		way->pid = given_beside(w->t, way->pid, to);
		*who = member_at(w, way->pid, &taken);
	}
	return !taken;
}

/*
 * The host's, so many to either side of the birth's, in the order in which
 * they were given. While more may come, only what was before counts. False if
 * none of the container's may be the birth's.
 */
bool lay_host(struct alignment *a, size_t side)
{
	struct around w = { a->t, a->ns, a->around.at,
			    round_near(a->t, a->p->pid) / 2 };
	const struct proc *who;

	while (SIDE - a->left < side &&
	       next_member(&a->down_from, &w, -1, &who))
		a->host[--a->left] = host_number(a, who, a->down_from.pid);
	while (a->final && a->right - SIDE <= side &&
	       next_member(&a->up_from, &w, 1, &who))
		a->host[a->right++] = host_number(a, who, a->up_from.pid);
	for (size_t j = a->left; j < a->right; j++)
		if (a->host[j].who && a->host[j].who->priv->n_pending)
			lay_pending(a, a->host[j].who);
	return bound(a);
}
