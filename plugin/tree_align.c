/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two rows of numbers, laid side by side so that as much as can be fits
 * together. It is what Smith and Waterman do with two strands of DNA.
 */
#include "tree_align.h"

#define LATE 27	/* records after which a child does not speak at once */

/*
 * The fewer records are between a birth and what the child said first: one
 * less for each quarter.
 */
int promptness(uint64_t birth, uint64_t first)
{
	/* clang-format off */
	static const int8_t worth[LATE] = {
		PROMPT, PROMPT, 8, 7, 6, 6, 5, 5, 4, 4, 4, 3, 3, 3, 3,
		2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1,
	};
	/* clang-format on */
	uint64_t n = birth < first ? first - birth : birth - first;

	return n < LATE ? worth[n] : 0;
}

/* --- what it is worth that two numbers are of one process */

/* The number that one who waits announced, and s. */
static int worth_of_pending(const struct alignment *a,
			    const struct own_number *o,
			    const struct host_number *h)
{
	uint64_t first = h->who->priv->first_serial;

	if (h->who == o->by ||
	    (h->shown != o->owner &&
	     (h->shown != a->ns->init || !had_gone(o->by, a->until))))
		return MISFIT;
	if (first < o->serial)
		return 0;
	return FITS + promptness(o->serial, first);
}

/* Whether h's number in the container is known. */
static bool is_known(const struct alignment *a, const struct host_number *h)
{
	return h->who && h->who != a->p && h->who->priv->settled &&
	       h->who->priv->ns == a->ns && h->who->vpid;
}

static bool has_executed(const struct proc *s)
{
	const struct proc_priv *v = s->priv;

	for (size_t i = 0; i < v->n_pending; i++)
		if (v->youth->pending[i]->kind == FACT_EXEC)
			return true;
	return v->exec_at;
}

/*
 * Who made its parent wait said so before that went on, if it ended: audit
 * comes before exit_mm() in do_exit(), kernel/exit.c. If it executed something,
 * it may be that its parent was faster.
 */
static bool is_too_late(const struct own_number *o, const struct proc *s)
{
	return o->waits && s->priv->first_serial > o->serial &&
	       !has_executed(s);
}

static int worth_of_waiting(const struct own_number *o, const struct proc *s)
{
	uint64_t first = s->priv->first_serial;

	if (first <= o->after || first >= o->before)
		return 0;
	if (is_too_late(o, s))
		return OUT_OF_ORDER;
	return FITS + (o->clone3 ? MAY_BE_THREAD : 0) +
	       promptness(o->serial, first);
}

/* What o is worth by when s spoke first, if it may be his. */
static int worth_of_time(const struct own_number *o, const struct proc *s)
{
	uint64_t first = s->priv->first_serial;

	if (o->waits)
		return worth_of_waiting(o, s);
	if (first <= o->after || first >= o->before)
		return OUT_OF_ORDER;
	return FITS + promptness(o->serial, first);
}

/* That number was announced, and h's is not known. (The innermost loop's.) */
__attribute__((always_inline)) static inline int
worth_of_said(const struct alignment *a, const struct own_number *o,
	      const struct host_number *h)
{
	const struct proc *s = h->who;

	if (o->by)
		return worth_of_pending(a, o, h);
	if (s->priv->exact || !h->shown ||
	    o->at > s->priv->first_at + COARSE_MS)
		return MISFIT;
	/* The parent's own is plainly claimed, unless it may be a thread. */
	if (o->plain != h->shown && !is_claimed(o->claim, s, h->shown))
		return MISFIT;
	return worth_of_time(o, s);
}

int worth_of(const struct alignment *a, const struct own_number *o,
	     const struct host_number *h)
{
	const struct proc *s = h->who;

	if (o->anchor && (o->anchor->pid == h->pid || !o->claim))
		return o->anchor->pid == h->pid ? SETTLED : UNLIKELY;
	if (!s)
		return 0;
	if (is_known(a, h))
		return s->vpid == o->vpid ? SETTLED : UNLIKELY;
	if (o->claim || o->by)
		return worth_of_said(a, o, h);
	return s->priv->exact ? 0 : UNLIKELY;
}

/* --- the same for all of the host's */

static void copy(struct column *restrict to, const struct column *restrict from)
{
	for (size_t i = 0; i < MARGIN + N_CELLS + MARGIN; i++)
		to->cell[i] = from->cell[i];
}

/* Own numbers that follow each other, and of which something is known. */
struct stretch {
	size_t first, end;
	size_t said, end_said;		/* places in alignment.said */
	size_t anchored, end_anchored;	/* likewise */
};

/* The first place in a rising list of n that has i, or more. */
static size_t place_of(const uint8_t *list, size_t n, size_t i)
{
	while (n && list[n - 1] >= i)
		n--;
	return n;
}

static struct stretch stretch(const struct alignment *a, size_t first,
			      size_t end)
{
	return (struct stretch){
		first,
		end,
		place_of(a->said, a->n_said, first),
		place_of(a->said, a->n_said, end),
		place_of(a->anchored, a->n_anchored, first),
		place_of(a->anchored, a->n_anchored, end),
	};
}

/*
 * What it is worth beside a number that nobody was heard under, and beside one
 * that is no matter whose: of most own numbers nothing is known.
 */
static void lay_ground(struct alignment *a)
{
	const struct own_number *o = &a->own[a->first];

	for (size_t i = 0; i < MARGIN + N_CELLS + MARGIN; i++)
		a->silent.cell[i] = a->heard.cell[i] = NEVER;
	a->n_anchored = a->n_said = 0;
	for (size_t i = a->first; i < a->end; i++, o++) {
		bool others = o->anchor && !o->claim;

		*cell(&a->silent, i) = others ? UNLIKELY : 0;
		*cell(&a->heard, i) = UNLIKELY;
		if (o->anchor) {
			a->anchor_pid[a->n_anchored] = o->anchor->pid;
			a->anchored[a->n_anchored++] = (uint8_t)i;
		}
		if (!others && (o->claim || o->by))
			a->said[a->n_said++] = (uint8_t)i;
	}
}

/* Beside one whose number in the container is not known. */
static void weigh_said(struct alignment *a, size_t j, const struct stretch *in)
{
	for (size_t n = in->said; n < in->end_said; n++)
		*cell(&a->worth[j], a->said[n]) = (int16_t)worth_of_said(
			a, &a->own[a->said[n]], &a->host[j]);
}

static void weigh_known(struct alignment *a, size_t j, const struct stretch *in)
{
	pid_t vpid = a->host[j].who->vpid;
	size_t i = (size_t)(vpid - a->around.vpid + REACH);

	if (i >= in->first && i < in->end &&
	    (!a->own[i].anchor || a->own[i].claim))
		*cell(&a->worth[j], i) = SETTLED;
}

static void weigh_stretch(struct alignment *a, size_t j, bool known,
			  const struct stretch *in)
{
	const struct host_number *h = &a->host[j];

	if (known)
		weigh_known(a, j, in);
	else if (h->who)
		weigh_said(a, j, in);
	for (size_t n = in->anchored; n < in->end_anchored; n++)
		if (a->anchor_pid[n] == h->pid)
			*cell(&a->worth[j], a->anchored[n]) = SETTLED;
}

static const struct column *ground(const struct alignment *a, size_t j,
				   bool known)
{
	const struct proc *s = a->host[j].who;

	return s && (known || !s->priv->exact) ? &a->heard : &a->silent;
}

static void weigh_anew(struct alignment *a, size_t j, const struct stretch *all)
{
	bool known = is_known(a, &a->host[j]);

	copy(&a->worth[j], ground(a, j, known));
	weigh_stretch(a, j, known, all);
}

static void weigh_more(struct alignment *a, size_t j, const struct stretch *in)
{
	bool known = is_known(a, &a->host[j]);
	const struct column *from = ground(a, j, known);

	for (size_t i = in->first; i < in->end; i++)
		*cell(&a->worth[j], i) = (int16_t)worth_at(from, i);
	weigh_stretch(a, j, known, in);
}

/* Each of the host's beside each of the container's, unless they were. */
void weigh(struct alignment *a)
{
	const struct part was = a->pending ? (struct part){ 0 } : a->weighed;
	struct stretch all, below, above;

	lay_ground(a);
	all = stretch(a, a->first, a->end);
	below = stretch(a, a->first, was.first);
	above = stretch(a, was.end, a->end);
	for (size_t j = a->left; j < a->right; j++) {
		if (j < was.left || j >= was.right) {
			weigh_anew(a, j, &all);
			continue;
		}
		weigh_more(a, j, &below);
		weigh_more(a, j, &above);
	}
	a->weighed = (struct part){ a->left, a->right, a->first, a->end };
}

/* --- the best that can be had with these two, and others before or behind */

/* The cells between those that are not NEVER, eight by eight. */
struct eights {
	size_t first, end;
};

static struct eights eights(const struct alignment *a)
{
	return (struct eights){ a->first / 8 * 8, (a->end + 7) / 8 * 8 };
}

static int16_t most(int16_t a, int16_t b)
{
	return a > b ? a : b;
}

static int skip(const struct host_number *h)
{
	return h->who ? SKIP_HEARD : SKIP_SILENT;
}

/* Beside those that are summed up nobody can be. */
static void clear_margins(struct column *of, struct eights in)
{
	int16_t *first = cell(of, in.first), *end = cell(of, in.end);

	first[-2] = first[-1] = end[0] = end[1] = NEVER;
}

/*
 * One column, after the one beside it: from where it is best to begin, host's
 * numbers skipped that are not known to be another's, and own ones. The next
 * own number is one cell farther (to: -1 or 1) in that column; best is what it
 * came to up to now, what was skipped since counted. (Values are small; the
 * casts have them stay in 16 bits, eight of them at once.)
 */
static void sum_eight(int16_t *restrict sum, const int16_t *restrict worth,
		      const int16_t *restrict next,
		      const int16_t *restrict over, int16_t *restrict best,
		      int16_t skipped)
{
	for (size_t i = 0; i < 8; i++) {
		int16_t from = most((int16_t)(best[i] - skipped), next[i]);

		best[i] = from;
		from = most(most(from, 0), (int16_t)(over[i] - SKIP_OWN));
		sum[i] = (int16_t)(worth[i] + from);
	}
}

static void sum(struct column *sum, const struct column *worth,
		const struct column *beside, struct eights in, int16_t *best,
		int16_t skipped, int to)
{
	const int16_t *next = beside->cell + MARGIN + to;

	clear_margins(sum, in);
	for (size_t i = in.first; i < in.end; i += 8)
		sum_eight(cell(sum, i), &worth->cell[MARGIN + i], next + i,
			  next + to + i, best + i, skipped);
}

void sum_up(struct alignment *a)
{
	const struct eights in = eights(a);
	int16_t best[N_CELLS] = { 0 };
	size_t j = a->left;

	copy(&a->up[j], &a->worth[j]);
	while (++j < a->right)
		sum(&a->up[j], &a->worth[j], &a->up[j - 1], in, best,
		    (int16_t)skip(&a->host[j - 1]), -1);
}

/* Likewise, from the other end. */
void sum_down(struct alignment *a)
{
	const struct eights in = eights(a);
	int16_t best[N_CELLS] = { 0 };
	size_t j = a->right - 1;

	copy(&a->down[j], &a->worth[j]);
	while (j-- > a->left)
		sum(&a->down[j], &a->worth[j], &a->down[j + 1], in, best,
		    (int16_t)skip(&a->host[j + 1]), 1);
}
