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
	struct claim *c;

	HASH_FIND(hh, ns->by_vpid, &vpid, sizeof(vpid), c);
	while (c && c->under &&
	       between(c->under->serial, serial) < between(c->serial, serial))
		c = c->under;
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
	o->possible = is_possible(c, a->p, a->q);
	o->after = o->serial = c->serial;
	if (!waits(c))
		return;
	beside = claim_beside(c, -1);
	o->after = beside ? beside->serial : 0;
	beside = claim_beside(c, 1);
	if (beside)
		o->before = beside->serial;
}

/* The first anchor that is not below vpid. (They are by rising vpid.) */
static size_t anchor_from(const struct pidns *ns, pid_t vpid)
{
	size_t low = 0, high = ns->n_anchors, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (ns->anchors[mid].vpid < vpid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The container's numbers around that one, as far as a->reach. */
void lay_own(struct alignment *a, pid_t around)
{
	size_t n = anchor_from(a->ns, around - a->reach);
	struct own_number *o = a->own;
	struct claim *c;

	for (pid_t vpid = around - REACH; vpid <= around + REACH; vpid++, o++) {
		*o = (struct own_number){ .vpid = vpid, .before = UINT64_MAX };
		if (vpid < 1 || abs(vpid - around) > a->reach)
			continue;
		while (n < a->ns->n_anchors && a->ns->anchors[n].vpid < vpid)
			n++;
		if (n < a->ns->n_anchors && a->ns->anchors[n].vpid == vpid)
			o->anchor = &a->ns->anchors[n];
		c = claim_of(a->ns, vpid, a->serial);
		if (c && c->at <= a->until)
			lay_claim(a, o, c);
	}
}

static uint64_t round_near(const struct tree *t, pid_t pid)
{
	uint64_t ms = 2 * t->options.linger_ms;

	if (!t->pids.n_again)
		return ms;
	for (pid_t n = pid - SIDE; n <= pid + SIDE; n++)
		ms = round_of(t, n, ms);
	return ms;
}

struct host_number host_number(const struct alignment *a, struct tree *t,
			       const struct proc *who, pid_t pid)
{
	struct host_number h = { .pid = pid };

	if (!who || !who->priv->heard || who->priv->first_at > a->until)
		return h;
	h.who = who;
	h.shown = proc_find(t, who->priv->first_ppid, who->priv->first_at);
	return h;
}

static void add_host(struct alignment *a, struct tree *t,
		     const struct proc *who, pid_t pid)
{
	a->host[a->n_host++] = host_number(a, t, who, pid);
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
		    f->child < a->own[0].vpid ||
		    f->child > a->own[N_OWN - 1].vpid)
			continue;
		o = &a->own[f->child - a->own[0].vpid];
		if (o->claim)
			continue;
		o->by = by;
		o->serial = f->serial;
	}
}

/*
 * The numbers of which nothing is known, before the first and behind the last
 * of which something is, add nothing. False if none may be p's.
 */
static bool bound(struct alignment *a)
{
	const struct own_number *o = a->own;

	a->first = N_OWN;
	a->end = a->n_possible = 0;
	for (size_t i = 0; i < N_OWN; i++, o++) {
		if (!o->claim && !o->by && !o->anchor)
			continue;
		if (a->first == N_OWN)
			a->first = i;
		a->end = i + 1;
		if (o->claim ? !o->possible : !o->by)
			continue;
		a->possible = i;
		a->n_possible++;
	}
	return a->n_possible;
}

/*
 * The host's, around the one of the birth at that time, in the order in which
 * they were given. While more may come, only what was before counts. False if
 * none of the container's may be the birth's.
 */
bool lay_host(struct alignment *a, struct tree *t, uint64_t at, bool final)
{
	struct around w = { t, a->ns, at, round_near(t, a->p->pid) / 2 };
	struct proc *below[SIDE], *who;
	pid_t pids[SIDE], pid = a->p->pid;
	size_t n = 0;
	bool taken;

	for (int i = 0; i < NEARBY && n < a->side; i++) {
		pid = given_beside(t, pid, -1);
		who = member_at(&w, pid, &taken);
		below[n] = who;
		pids[n] = pid;
		n += !taken;
	}
	a->n_host = 0;
	a->self = n;
	while (n--)
		add_host(a, t, below[n], pids[n]);
	pid = a->p->pid;
	add_host(a, t, a->p, pid);
	for (int i = 0; final && i < NEARBY && a->n_host <= a->self + a->side;
	     i++) {
		pid = given_beside(t, pid, 1);
		who = member_at(&w, pid, &taken);
		if (!taken)
			add_host(a, t, who, pid);
	}
	for (size_t i = 0; i < a->n_host; i++)
		if (a->host[i].who && a->host[i].who->priv->n_pending)
			lay_pending(a, a->host[i].who);
	return bound(a);
}
