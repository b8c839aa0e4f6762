/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose birth was it? A child speaks, and one of several claims may be its
 * own. Two facts of the kernel tell: the parent a child shows is its birth
 * parent unless that one has ended, and every birth takes the next number
 * in each namespace it is seen in (alloc_pid() in kernel/pid.c), so that
 * pids rise in step in both.
 */
#include "tree_int.h"

/* The nearest births below and above p's pid whose both pids are known. */
struct bounds {
	struct anchor low, high;	/* pid 0: there is none */
};

static void narrow(struct bounds *b, const struct proc *p,
		   const struct anchor *a)
{
	if (a->pid < p->pid && (!b->low.pid || a->pid > b->low.pid))
		b->low = *a;
	if (a->pid > p->pid && (!b->high.pid || a->pid < b->high.pid))
		b->high = *a;
}

static struct bounds bounds_of(const struct proc *p, const struct pidns *ns,
			       bool final)
{
	struct bounds b = { { 0, 0, 0 }, { 0, 0, 0 } };

	for (size_t i = 0; i < ns->n_anchors; i++)
		narrow(&b, p, &ns->anchors[i]);
	/* What is not settled yet may depend on the order of facts. */
	for (const struct claim *c = final ? NULL : ns->claims; c; c = c->next)
		if (c->answer && c->answer != p)
			narrow(&b, p,
			       &(struct anchor){ c->vpid, c->answer->pid,
						 c->at });
	return b;
}

/*
 * How many more numbers the host gave out than the namespace, from the
 * birth known below to this one, if c was p's; negative if it cannot be.
 */
static int64_t slack(const struct claim *c, const struct proc *p,
		     const struct bounds *b)
{
	int64_t s = 0;

	if (c->at > p->priv->first_at + COARSE_MS)
		return -1;
	/* Older, and higher: numbers began anew between the two. */
	if (b->high.pid && b->high.at + COARSE_MS >= c->at &&
	    (c->vpid >= b->high.vpid ||
	     b->high.vpid - c->vpid > b->high.pid - p->pid))
		return -1;
	if (b->low.pid && b->low.at <= c->at + COARSE_MS) {
		if (c->vpid <= b->low.vpid)
			return -1;
		s = (int64_t)(p->pid - b->low.pid) - (c->vpid - b->low.vpid);
	}
	return s;
}

static bool is_free(const struct claim *c, const struct proc *p, bool final)
{
	if (!c->answer || c->answer == p)
		return true;
	return final && !c->answer->priv->settled;
}

/*
 * In step with a birth so near that it cannot be chance: no other number
 * was given out between, here or on the host.
 */
#define NEAR 3

static bool is_exact(const struct claim *c, const struct proc *p,
		     const struct bounds *b)
{
	return b->low.pid && p->pid - b->low.pid <= NEAR &&
	       p->pid - b->low.pid == c->vpid - b->low.vpid;
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
#define FAR_APART 1024

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

	if (was_thread(c, p->priv->first_at + COARSE_MS))
		return NOBODY;
	if (owner == q)
		return OWN;
	if (owner == p || is_younger(owner, p) ||
	    (c->ns->init != q && !proc_descends(owner, q)))
		return NOBODY;
	if (spoke_before_end(p, owner))
		return NOBODY;
	if (ended(owner) &&
	    owner->priv->end_at <= p->priv->first_at + COARSE_MS)
		return ORPHAN;
	/* clone3 mostly makes threads. */
	return c->call == FORK_CLONE3 ? NOBODY : PERHAPS;
}

/* The claims that may be p's, by who made them. */
struct choice {
	size_t n[PERHAPS + 1];
	struct claim *nearest[PERHAPS + 1];	/* in step */
	int64_t slack[PERHAPS + 1];
	bool exact[PERHAPS + 1];	/* and near enough to be sure */
	size_t n_plain;		/* own ones that are no clone3 */
	struct claim *plain;
};

static void add_choice(struct choice *ch, enum claimant who, struct claim *c,
		       int64_t s, bool exact)
{
	if (!ch->n[who]++ || s < ch->slack[who]) {
		ch->nearest[who] = c;
		ch->slack[who] = s;
		ch->exact[who] = exact;
	}
	if (who == OWN && c->call != FORK_CLONE3) {
		ch->n_plain++;
		ch->plain = c;
	}
}

static struct choice choices(const struct proc *p, const struct proc *q,
			     bool final)
{
	struct pidns *ns = q->priv->ns;
	struct bounds b = bounds_of(p, ns, final);
	struct choice ch = { 0 };
	enum claimant who;
	int64_t s;

	for (struct claim *c = ns->claims; c; c = c->next) {
		who = is_free(c, p, final) ? claimant(c, p, q) : NOBODY;
		s = who == NOBODY ? -1 : slack(c, p, &b);
		if (s >= 0)
			add_choice(&ch, who, c, s, is_exact(c, p, &b));
	}
	return ch;
}

/*
 * p is q's; which of q's claims is p's answer, if that can be told yet. A
 * lone one may be a sibling's, of whom nothing is heard, while p's own is
 * still to come: in the end it counts in any case.
 */
static struct verdict own_child(const struct choice *ch, const struct proc *p,
				struct proc *q, bool final)
{
	struct verdict v = { true, q, NULL };
	struct claim *lone = NULL;

	if (ch->n_plain == 1)
		lone = ch->plain;
	else if (ch->n[OWN] == 1)
		lone = ch->nearest[OWN];
	if (ch->n[OWN] && ch->exact[OWN])
		v.claim = ch->nearest[OWN];
	else if (lone && (final || step_in_order(lone, p)))
		v.claim = lone;
	return v;
}

/*
 * p shows q as its parent. It is q's own child if no other birth can be
 * p's. If an orphan's can, the one that is exactly in step counts; if none
 * is, more may come, and in the end the nearest in step counts. If q
 * announced none, it may still do so, as after vfork; if it never does,
 * somebody's child it must be.
 */
static struct verdict judge(struct proc *p, struct proc *q, bool final)
{
	struct choice ch = choices(p, q, final);
	struct verdict v = { false, q, NULL };
	enum claimant who = PERHAPS;

	if (!ch.n[ORPHAN] && (ch.n[OWN] || !ch.n[PERHAPS]))
		return own_child(&ch, p, q, final);
	if (ch.n[ORPHAN]) {
		who = ch.n[OWN] && ch.slack[OWN] <= ch.slack[ORPHAN] ? OWN :
								       ORPHAN;
		v.decided = ch.exact[who];
	}
	if (!v.decided && !final)
		return v;
	v.decided = true;
	v.claim = ch.nearest[who];
	v.parent = v.claim->owner;
	return v;
}

static int by_vpid(const void *a, const void *b)
{
	const struct claim *c = *(struct claim *const *)a;
	const struct claim *d = *(struct claim *const *)b;

	return c->vpid < d->vpid ? -1 : c->vpid > d->vpid;
}

/*
 * Whether the children of c's owner were all left to others: none of them
 * has shown it as its parent.
 */
static bool is_orphaned(struct tree *t, const struct claim *c,
			const struct proc *q, uint64_t until)
{
	const struct proc *owner = c->owner;

	return ended(owner) && owner->priv->end_at <= until &&
	       (c->ns->init == q || proc_descends(owner, q)) &&
	       !first_showing(t, owner->pid);
}

/* The claims that count in a ranking of those who show q. */
static bool is_ranked(struct tree *t, const struct claim *c,
		      const struct proc *p, const struct proc *q,
		      uint64_t until, bool threads)
{
	if (c->at > until || !is_free(c, p, true) || was_thread(c, until) ||
	    (!threads && c->call == FORK_CLONE3))
		return false;
	return c->owner == q || is_orphaned(t, c, q, until);
}

/* The n-th of them by number, if there are as many as wanted. */
static struct claim *nth_claim(struct tree *t, const struct proc *p,
			       const struct proc *q, uint64_t until,
			       bool threads, size_t nth, size_t wanted)
{
	struct claim **list, *found = NULL;
	size_t n = 0;

	for (struct claim *c = q->priv->ns->claims; c; c = c->next)
		n += is_ranked(t, c, p, q, until, threads);
	if (n != wanted)
		return NULL;
	list = calloc(n, sizeof(struct claim *));
	if (!list)
		abort();
	n = 0;
	for (struct claim *c = q->priv->ns->claims; c; c = c->next)
		if (is_ranked(t, c, p, q, until, threads))
			list[n++] = c;
	qsort(list, n, sizeof(list[0]), by_vpid);
	found = list[nth];
	free(list);
	return found;
}

/*
 * Several processes have shown q as their parent until then, p among them.
 * If as many births were announced that can be theirs, then ranks tell who
 * is who, since both numbers rise.
 */
static struct claim *rank_until(struct tree *t, const struct proc *p,
				const struct proc *q, uint64_t until)
{
	size_t older = 0, all = 0;
	struct claim *c;

	for (struct proc *s = first_showing(t, q->pid); s;
	     s = next_showing(s)) {
		if (s->priv->exact || s->priv->first_at > until)
			continue;
		older += s->pid < p->pid;
		all++;
	}
	if (older >= all)
		return NULL;
	c = nth_claim(t, p, q, until, true, older, all);
	return c ? c : nth_claim(t, p, q, until, false, older, all);
}

/* The next time after that at which somebody first showed q. */
static uint64_t next_cut(struct tree *t, const struct proc *q, uint64_t after)
{
	uint64_t next = UINT64_MAX;

	for (struct proc *s = first_showing(t, q->pid); s; s = next_showing(s))
		if (s->priv->first_at > after && s->priv->first_at < next)
			next = s->priv->first_at;
	return next;
}

/*
 * Seeks a moment at which everybody who was announced had spoken. At the
 * end of what can be seen now there may always be one who had not.
 */
#define MAX_CUTS 4

static struct claim *rank(struct tree *t, const struct proc *p,
			  const struct proc *q)
{
	uint64_t end = p->priv->first_at + t->options.linger_ms;
	uint64_t cut = p->priv->first_at;
	struct claim *c;

	for (int i = 0; i < MAX_CUTS && cut <= end; i++) {
		c = rank_until(t, p, q, cut);
		if (c)
			return c;
		cut = next_cut(t, q, cut);
	}
	return rank_until(t, p, q, end);
}

/* The same as MAX_JUDGED, for what takes longer. */
#define MAX_RANKED 512

/* Whether c may be the birth of p, which shows q, */
bool is_claimed(const struct claim *c, const struct proc *p,
		const struct proc *q)
{
	return c->at <= p->priv->first_at + COARSE_MS &&
	       claimant(c, p, q) != NOBODY;
}

/* and no settled process has answered it. */
bool is_possible(const struct claim *c, const struct proc *p,
		 const struct proc *q)
{
	return is_free(c, p, true) && is_claimed(c, p, q);
}

/*
 * In the end, what most others are in step with counts, then what is exactly
 * so with a neighbour, then the ranks, then what judge() says.
 */
static struct verdict judge_finally(struct tree *t, struct proc *p,
				    struct proc *q)
{
	struct verdict v = { true, q, step_judge(t, p, q) };
	struct choice ch;

	if (v.claim || q->priv->ns->n_claims > MAX_JUDGED) {
		v.parent = v.claim ? v.claim->owner : q;
		return v;
	}
	ch = choices(p, q, true);
	if (ch.n[OWN] && ch.exact[OWN])
		v.claim = ch.nearest[OWN];
	else if (ch.n[ORPHAN] && ch.exact[ORPHAN])
		v.claim = ch.nearest[ORPHAN];
	else if (q->priv->ns->n_claims <= MAX_RANKED)
		v.claim = rank(t, p, q);
	if (!v.claim)
		return judge(p, q, true);
	v.parent = v.claim->owner;
	return v;
}

struct verdict claims_judge(struct tree *t, struct proc *p, struct proc *q,
			    bool final)
{
	if (final)
		return judge_finally(t, p, q);
	if (q->priv->ns->n_claims > MAX_JUDGED)
		return (struct verdict){ true, q, NULL };
	return judge(p, q, false);
}
