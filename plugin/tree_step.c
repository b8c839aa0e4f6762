/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In step. Every birth takes the next free number in each namespace it is
 * seen in (alloc_pid() in kernel/pid.c). So the births of a container are
 * in the order of its numbers, and in that of the host's, besides those that
 * others of the host have. Here the two are laid side by side, around one
 * process' birth, so that as much as can be fits together: whoever is heard
 * under the one number was announced by the other, by the parent he shows,
 * and their records are in the usual order. It is what Smith and Waterman do
 * with two strands of DNA.
 */
#include "tree_int.h"

/* How many numbers are laid side by side, to either side of the birth's. */
#define SIDE 24		/* the host's, without those that others have */
#define REACH 40	/* the container's */
#define MAX_CHILDREN 16	/* of one that waits */
#define N_HOST (2 * SIDE + 1)
#define N_OWN (2 * REACH + 1)

/* Mostly fewer tell already. */
#define SIDE_AT_FIRST 8
#define REACH_AT_FIRST 12

/* How far to go for them. */
#define NEARBY 128

/* What it is worth. */
enum worth {
	FITS = 8,
	PROMPT = 9,	/* more, if it speaks at once */
	PROMPTLY = FITS + 2,
	SETTLED = 12,
	MAY_BE_THREAD = -4,
	OUT_OF_ORDER = -2,
	UNLIKELY = -6,	/* who speaks was not announced */
	MISFIT = -16,
	SKIP_SILENT = 4,	/* a number that nobody knows to be another's */
	SKIP_HEARD = 12,
	SKIP_OWN = 12,
	SURE = 14,
	CLEAR = 8,	/* better than any other */
};

/* One of the host's numbers. */
struct host_number {
	pid_t pid;
	const struct proc *who;	/* of the namespace; NULL: nobody was heard */
	const struct proc *shown;	/* as its parent */
};

/* One of the container's. */
struct own_number {
	pid_t vpid;
	struct claim *claim;	/* or NULL */
	const struct proc *by;	/* or who said so, and waits for its place */
	const struct anchor *anchor;	/* or NULL */
	uint64_t serial;	/* of that record */
	/* Its child's first record is usually between. */
	uint64_t after, before;
};

struct alignment {
	const struct pidns *ns;
	size_t side;	/* SIDE or less */
	pid_t reach;	/* REACH or less */
	uint64_t serial;	/* of a record of about that time */
	uint64_t until;	/* what was later does not count */
	struct host_number host[N_HOST];
	size_t n_host, self;	/* where the birth's number is in it */
	struct own_number own[N_OWN];
	size_t first, end;	/* those between which anybody is known */
	size_t n_possible, possible;	/* that may be the birth's; one of them */
	int worth[N_OWN][N_HOST];
	int up[N_OWN][N_HOST];	/* the best that ends with these two, */
	int down[N_OWN][N_HOST];	/* or begins */
};

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
		d = claim_of(c->ns, c->vpid + to * n, c->serial);
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

/* --- the two rows of numbers */

static uint64_t round_near(const struct tree *t, pid_t pid)
{
	uint64_t ms = 2 * t->options.linger_ms;

	for (pid_t n = pid - SIDE; n <= pid + SIDE; n++)
		ms = round_of(t, n, ms);
	return ms;
}

static struct host_number host_number(const struct alignment *a, struct tree *t,
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

/*
 * The host's, in the order in which they were given. While more may come, only
 * what was before counts.
 */
static void lay_host(struct alignment *a, struct tree *t, const struct proc *p,
		     uint64_t at, bool final)
{
	struct around w = { t, a->ns, at, round_near(t, p->pid) / 2 };
	struct proc *below[SIDE], *who;
	pid_t pids[SIDE], pid = p->pid;
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
	pid = p->pid;
	add_host(a, t, p, pid);
	for (int i = 0; final && i < NEARBY && a->n_host <= a->self + a->side;
	     i++) {
		pid = given_beside(t, pid, 1);
		who = member_at(&w, pid, &taken);
		if (!taken)
			add_host(a, t, who, pid);
	}
}

static void lay_own(struct alignment *a, pid_t around)
{
	const struct claim *beside;
	struct own_number *o = a->own;
	struct claim *c;

	for (pid_t n = -REACH; n <= REACH; n++, o++) {
		*o = (struct own_number){ .vpid = around + n,
					  .before = UINT64_MAX };
		if (o->vpid < 1 || n < -a->reach || n > a->reach)
			continue;
		o->anchor = anchor_of(a->ns, o->vpid);
		c = claim_of(a->ns, o->vpid, a->serial);
		if (!c || c->at > a->until)
			continue;
		o->claim = c;
		o->after = o->serial = c->serial;
		if (!waits(c))
			continue;
		beside = claim_beside(c, -1);
		o->after = beside ? beside->serial : 0;
		beside = claim_beside(c, 1);
		if (beside)
			o->before = beside->serial;
	}
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

/* --- laying them side by side */

/* The fewer records are between a birth and what the child said first. */
static int promptness(uint64_t birth, uint64_t first)
{
	uint64_t n = birth < first ? first - birth : birth - first;
	int worth = PROMPT;

	for (; n > 1 && worth; n = n * 3 / 4)
		worth--;
	return worth;
}

/* The number that one who waits announced, and s. */
static int worth_of_pending(const struct alignment *a,
			    const struct own_number *o,
			    const struct host_number *h)
{
	uint64_t first = h->who->priv->first_serial;

	if (h->who == o->by ||
	    (h->shown != o->by &&
	     (h->shown != a->ns->init || !had_gone(o->by, a->until))))
		return MISFIT;
	if (first < o->serial)
		return 0;
	return FITS + promptness(o->serial, first);
}

static int worth_of(const struct alignment *a, const struct own_number *o,
		    const struct host_number *h, bool self)
{
	const struct proc *s = h->who;

	if (o->anchor && (o->anchor->pid == h->pid || !o->claim))
		return o->anchor->pid == h->pid ? SETTLED : UNLIKELY;
	if (!s)
		return 0;
	if (!self && s->priv->settled && s->priv->ns == a->ns && s->vpid)
		return s->vpid == o->vpid ? SETTLED : UNLIKELY;
	if (o->by)
		return worth_of_pending(a, o, h);
	if (!o->claim)
		return s->priv->exact ? 0 : UNLIKELY;
	if (s->priv->exact || !h->shown || !is_claimed(o->claim, s, h->shown))
		return MISFIT;
	if (s->priv->first_serial <= o->after ||
	    s->priv->first_serial >= o->before)
		return waits(o->claim) ? 0 : OUT_OF_ORDER;
	return FITS + (o->claim->call == FORK_CLONE3 ? MAY_BE_THREAD : 0) +
	       promptness(o->serial, s->priv->first_serial);
}

static bool has_number(const struct host_number *h, pid_t vpid)
{
	return h->who && h->who->vpid == vpid;
}

/* Of most pairs nothing is known on either side, or on one. */
static void weigh(struct alignment *a)
{
	static const struct own_number nobody = { 0 };
	const struct own_number *o;
	int unknown[N_HOST];

	for (size_t j = 0; j < a->n_host; j++)
		unknown[j] = worth_of(a, &nobody, &a->host[j], j == a->self);
	for (size_t i = a->first; i < a->end; i++) {
		o = &a->own[i];
		if (!o->claim && !o->by && !o->anchor) {
			for (size_t j = 0; j < a->n_host; j++)
				a->worth[i][j] =
					has_number(&a->host[j], o->vpid) ?
						worth_of(a, o, &a->host[j],
							 j == a->self) :
						unknown[j];
			continue;
		}
		for (size_t j = 0; j < a->n_host; j++)
			a->worth[i][j] = a->host[j].who || o->anchor ?
						 worth_of(a, o, &a->host[j],
							  j == a->self) :
						 0;
	}
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

static int skip(const struct host_number *h)
{
	return h->who ? SKIP_HEARD : SKIP_SILENT;
}

/*
 * The best that can be had up to each pair: from where it is best to begin,
 * host's numbers skipped that are not known to be another's, and own ones.
 */
static void sum_up(struct alignment *a)
{
	int best;	/* of the row before, what was skipped since counted */

	for (size_t i = a->first; i < a->end; i++) {
		best = 0;
		for (size_t j = 0; j < a->n_host; j++) {
			int from = best;

			if (i > a->first && j) {
				best = max(best - skip(&a->host[j - 1]),
					   a->up[i - 1][j - 1]);
				from = max(0, best);
			}
			if (i > a->first + 1 && j)
				from = max(from,
					   a->up[i - 2][j - 1] - SKIP_OWN);
			a->up[i][j] = a->worth[i][j] + from;
		}
	}
}

/* Likewise, from the other end. */
static void sum_down(struct alignment *a)
{
	size_t n = a->n_host;
	int best, from;

	for (size_t i = a->end; i-- > a->first;) {
		best = 0;
		for (size_t j = n; j--;) {
			from = 0;
			if (i + 1 < a->end && j + 1 < n) {
				best = max(best - skip(&a->host[j + 1]),
					   a->down[i + 1][j + 1]);
				from = max(0, best);
			}
			if (i + 2 < a->end && j + 1 < n)
				from = max(from,
					   a->down[i + 2][j + 1] - SKIP_OWN);
			a->down[i][j] = a->worth[i][j] + from;
		}
	}
}

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
	return a->up[i][a->self] + a->down[i][a->self] - a->worth[i][a->self];
}

/*
 * While more may come, only what was before counts, and only who speaks at
 * once can be told. Whether a call that waits was p's birth cannot, if its
 * record came first.
 */
static bool is_clear(const struct best *best, const struct proc *p)
{
	const struct claim *c = best->claim;

	return best->worth - best->second >= CLEAR && best->alone >= PROMPTLY &&
	       !(waits(c) && c->serial < p->priv->first_serial);
}

static void pick(struct best *best, const struct alignment *a,
		 const struct proc *p, const struct proc *q, bool final)
{
	const struct own_number *o = a->own + a->first;
	int worth;

	for (size_t i = a->first; i < a->end; i++, o++) {
		worth = final ? worth_in_all(a, i) : a->up[i][a->self];
		if (worth <= best->second ||
		    (o->claim ? !is_possible(o->claim, p, q) : !o->by))
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
		best->alone = a->worth[i][a->self];
	}
}

/*
 * The numbers of which nothing is known, before the first and behind the last
 * of which something is, add nothing. False if none may be p's.
 */
static bool bound(struct alignment *a, const struct proc *p,
		  const struct proc *q)
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
		if (o->claim ? !is_possible(o->claim, p, q) : !o->by)
			continue;
		a->possible = i;
		a->n_possible++;
	}
	return a->n_possible;
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
static bool is_prompt(const struct alignment *a, struct tree *t,
		      const struct proc *p, const struct proc *q)
{
	const struct host_number h = host_number(a, t, p, p->pid);
	const struct own_number *o = a->own;

	for (size_t i = 0; i < N_OWN; i++, o++)
		if (o->claim && is_possible(o->claim, p, q) &&
		    worth_of(a, o, &h, true) >= PROMPTLY)
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

	a.ns = q->priv->ns;
	a.side = scope->side;
	a.reach = scope->reach;
	a.serial = spot->serial;
	a.until = p->priv->first_at + t->options.linger_ms;
	lay_own(&a, spot->vpid);
	if (!final && only && !is_prompt(&a, t, p, q))
		return;
	lay_host(&a, t, p, spot->at, final);
	for (size_t i = 0; i < a.n_host; i++)
		if (a.host[i].who && a.host[i].who->priv->n_pending)
			lay_pending(&a, a.host[i].who);
	if (!bound(&a, p, q) || (only && is_plain(&a, best)))
		return;
	if (only)
		*best = (struct best){ 0 };
	weigh(&a);
	sum_up(&a);
	if (final)
		sum_down(&a);
	pick(best, &a, p, q, final);
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

/* Whether one of the claims around the recent one may be p's birth, at once. */
static bool has_soon(const struct pidns *ns, const struct proc *p,
		     const struct proc *q)
{
	const struct claim *c;

	for (c = ns->near; c && is_soon(c, p); c = c->next)
		if (is_possible(c, p, q))
			return true;
	for (c = ns->near ? ns->near->prev : NULL; c && is_soon(c, p);
	     c = c->prev)
		if (is_possible(c, p, q))
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
		if (best.claim && best.worth >= SURE && is_clear(&best, p))
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
