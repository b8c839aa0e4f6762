/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In step. Every birth takes the next free number in each namespace it is
 * seen in (alloc_pid() in kernel/pid.c). So between two births in a
 * container there are as many numbers of the host's as of the container's,
 * besides those that others of the host have: the strangers. If a claim is
 * a process' birth, its neighbours in the container are, number by number,
 * its neighbours on the host.
 */
#include "tree_int.h"

/* How far neighbours are looked at, to either side. */
#define NEARBY 32

/* How many claims are tried. */
#define MAX_TRIED 64

/* Whose the pids were that were given out lately. */
#define MAX_GIVEN 2048

struct given {
	pid_t pid;
	uint32_t at;	/* the low bits of tree time */
	const struct pidns *ns;	/* only to be compared; it may be gone */
};

/* pid was given to a process or thread of that namespace. */
void step_given(struct tree *t, pid_t pid, uint64_t at, const struct pidns *ns)
{
	if (pid <= 0)
		return;
	if (!t->given) {
		t->given = calloc(MAX_GIVEN, sizeof(*t->given));
		if (!t->given)
			abort();
	}
	t->given[pid % MAX_GIVEN] = (struct given){ pid, (uint32_t)at, ns };
}

/* The first who was heard under pid, and not before at. */
static struct proc *heard_since(struct tree *t, pid_t pid, uint64_t at)
{
	struct proc *first = NULL, *p;

	for (p = pids_newest(&t->pids, pid); p; p = pids_older(p))
		if (p->priv->heard && p->priv->first_at + COARSE_MS >= at)
			first = p;
	return first;
}

static uint64_t between(uint64_t a, uint64_t b)
{
	return a < b ? b - a : a - b;
}

/* Who was heard under pid, and for the first time nearest to at. */
static struct proc *heard_near(struct tree *t, pid_t pid, uint64_t at)
{
	struct proc *near = NULL, *p;

	for (p = pids_newest(&t->pids, pid); p; p = pids_older(p))
		if (p->priv->heard &&
		    (!near || between(p->priv->first_at, at) <
				      between(near->priv->first_at, at)))
			near = p;
	return near;
}

/* Whether s has a number in ns. */
static bool is_within(const struct proc *s, const struct pidns *ns)
{
	const struct pidns *n;

	if (s->priv->state == STATE_LIMBO)
		return false;
	for (n = s->priv->ns; n; n = n->outer)
		if (n == ns)
			return true;
	return false;
}

/* A walk from a process' number on, over those that may be of its namespace. */
struct walk {
	struct tree *t;
	const struct pidns *ns;
	uint64_t at;	/* of the birth it starts from, */
	uint64_t until;	/* and of the last record that counts */
	pid_t pid;
};

/* Whether pid was not to be had for a birth in the namespace. */
static bool is_stranger(const struct walk *w, pid_t pid)
{
	const struct proc *s = heard_near(w->t, pid, w->at);
	uint64_t near = w->t->options.linger_ms / 8;
	const struct given *known;

	if (s && between(s->priv->first_at, w->at) <= near)
		return !is_within(s, w->ns);
	s = proc_find(w->t, pid, w->at);
	if (s && placed(s) && s->priv->birth_at <= w->at &&
	    (!ended(s) || s->priv->end_at > w->at))
		return true;
	if (!w->t->given)
		return false;
	known = &w->t->given[pid % MAX_GIVEN];
	return known->pid == pid && known->ns != w->ns &&
	       between(known->at, (uint32_t)w->at) <= near;
}

/* To the next number, up (1) or down (-1). False if there is none nearby. */
static bool step(struct walk *w, int to)
{
	for (int i = 0; i < NEARBY; i++) {
		w->pid += to;
		if (w->pid <= 1)
			return false;
		if (!is_stranger(w, w->pid))
			return true;
	}
	return false;
}

struct claim *claim_of(const struct pidns *ns, pid_t vpid)
{
	struct claim *c;

	HASH_FIND(hh, ns->by_vpid, &vpid, sizeof(vpid), c);
	return c;
}

/* The other number of a birth that is settled; NULL if it is none of ns'. */
static const struct anchor *anchor_of(const struct pidns *ns, pid_t vpid)
{
	size_t low = 0, high = ns->n_anchors, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (ns->anchors[mid].vpid < vpid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < ns->n_anchors && ns->anchors[low].vpid == vpid ?
		       &ns->anchors[low] :
		       NULL;
}

/* The claim next to c's of the same caller: before (-1) or after it (1). */
static const struct claim *claim_beside(const struct claim *c, int to)
{
	const struct claim *d;

	for (pid_t n = 1; n <= NEARBY; n++) {
		d = claim_of(c->ns, c->vpid + to * n);
		if (d && d->caller == c->caller)
			return d;
	}
	return NULL;
}

/* Whether c made its parent wait until the child executed something. */
static bool waits(const struct claim *c)
{
	/* glibc makes processes by clone3 in posix_spawn only. */
	return c->call == FORK_CLONE3 || c->call == FORK_VFORK ||
	       c->flags & FLAG_VFORK;
}

/*
 * Whether the records are in the order that is usual for c and its child s:
 * s speaks after its parent's call before c has returned, and if that waits,
 * before its next one has. The parent's threads, each with calls of its own,
 * may have it otherwise.
 */
static bool is_in_order(const struct claim *c, const struct proc *s)
{
	const struct claim *before = claim_beside(c, -1);
	const struct claim *after = waits(c) ? claim_beside(c, 1) : NULL;
	uint64_t first = s->priv->first_serial;

	return (!before || before->serial < first) &&
	       (!after || first < after->serial);
}

/* The same while more may come: a call that waits is told after its child. */
bool step_in_order(const struct claim *c, const struct proc *s)
{
	return is_in_order(c, s) &&
	       (!waits(c) || s->priv->first_serial < c->serial);
}

/* What speaks for the birth numbered vpid having been that of w->pid. */
static size_t in_step(const struct walk *w, pid_t vpid)
{
	const struct anchor *a = anchor_of(w->ns, vpid);
	const struct claim *d = claim_of(w->ns, vpid);
	struct proc *s, *shown;

	if (a && a->pid == w->pid)
		return 1;
	if (!d || d->at > w->until)
		return 0;
	s = heard_since(w->t, w->pid, d->at);
	if (!s || s->priv->exact || s->priv->first_at > w->until)
		return 0;
	shown = s->priv->first_ppid == d->owner->pid ?
			d->owner :
			proc_find(w->t, s->priv->first_ppid, s->priv->first_at);
	if (!shown || !is_claimed(d, s, shown))
		return 0;
	return is_in_order(d, s);
}

static size_t support_to(const struct walk *start, pid_t vpid, int to)
{
	struct walk w = *start;
	size_t n = 0;

	for (int i = 0; i < NEARBY; i++) {
		vpid += to;
		if (vpid < 1 || !step(&w, to))
			break;
		n += in_step(&w, vpid);
	}
	return n;
}

static struct walk walk_from(struct tree *t, const struct proc *p,
			     const struct pidns *ns, uint64_t at)
{
	return (struct walk){
		.t = t,
		.ns = ns,
		.at = at,
		.until = p->priv->first_at + t->options.linger_ms,
		.pid = p->pid,
	};
}

/* How much speaks for c being p's birth. */
static size_t support(struct tree *t, const struct claim *c,
		      const struct proc *p)
{
	struct walk w = walk_from(t, p, c->ns, c->at);

	return support_to(&w, c->vpid, 1) + support_to(&w, c->vpid, -1) +
	       is_in_order(c, p);
}

/* The claims that most support, of those looked at. */
struct poll {
	struct claim *best;	/* NULL if several are */
	size_t most;
};

static void ask(struct tree *t, struct poll *poll, struct claim *c,
		const struct proc *p)
{
	size_t n = support(t, c, p);

	if (n == poll->most && c != poll->best)
		poll->best = NULL;
	if (n > poll->most) {
		poll->best = c;
		poll->most = n;
	}
}

/* The birth known nearest below p's number; its pid 0: there is none. */
static struct anchor anchor_below(const struct proc *p, const struct pidns *ns)
{
	struct anchor low = { 0, 0, 0 };
	const struct anchor *a;

	for (size_t i = 0; i < ns->n_anchors; i++) {
		a = &ns->anchors[i];
		if (a->pid < p->pid && a->pid > low.pid &&
		    a->at <= p->priv->first_at + COARSE_MS)
			low = *a;
	}
	return low;
}

/* The latest birth known that was not after p's; its pid 0: none. */
static struct anchor anchor_before(const struct proc *p, const struct pidns *ns)
{
	struct anchor last = { 0, 0, 0 };
	const struct anchor *a;

	for (size_t i = 0; i < ns->n_anchors; i++) {
		a = &ns->anchors[i];
		if (a->at <= p->priv->first_at + COARSE_MS && a->at >= last.at)
			last = *a;
	}
	return last;
}

/* When the birth numbered vpid was, or one close below; 0: not known. */
static uint64_t time_of(const struct pidns *ns, pid_t vpid)
{
	const struct claim *c = NULL;

	for (int i = 0; i < NEARBY && !c; i++)
		c = claim_of(ns, vpid - i);
	return c ? c->at : 0;
}

/*
 * The first number after that, of a birth not much older than at. Numbers
 * rise with time.
 */
#define MAX_SEARCHED 8192

static pid_t number_at(const struct pidns *ns, pid_t after, uint64_t at)
{
	pid_t low = after, high = after + MAX_SEARCHED, mid;
	uint64_t when;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		when = time_of(ns, mid);
		if (when && when + COARSE_MS <= at)
			low = mid;
		else
			high = mid;
	}
	return high;
}

/* Tries the claims of these numbers. */
static void ask_from(struct tree *t, struct poll *poll, pid_t vpid, pid_t n,
		     const struct proc *p, const struct proc *q)
{
	struct claim *c;

	for (; n > 0; n--, vpid++) {
		c = claim_of(q->priv->ns, vpid);
		if (c && is_possible(c, p, q))
			ask(t, poll, c, p);
	}
}

/*
 * The claim of q's namespace that most of its and p's neighbours are in
 * step with, if it is one and they are two at least; else NULL. Claims are
 * tried as p's pid allows; or if no birth near it is known, all; or if they
 * are many, those of p's time.
 */
struct claim *step_judge(struct tree *t, const struct proc *p,
			 const struct proc *q)
{
	const struct pidns *ns = q->priv->ns;
	struct anchor low = anchor_below(p, ns);
	struct poll poll = { NULL, 1 };

	if (low.pid && p->pid - low.pid <= MAX_TRIED) {
		ask_from(t, &poll, low.vpid + 1, p->pid - low.pid, p, q);
	} else if (ns->n_claims <= MAX_TRIED) {
		for (struct claim *c = ns->claims; c; c = c->next)
			if (is_possible(c, p, q))
				ask(t, &poll, c, p);
	} else {
		low = anchor_before(p, ns);
		ask_from(t, &poll, number_at(ns, low.vpid, p->priv->first_at),
			 MAX_TRIED, p, q);
	}
	return poll.best;
}
