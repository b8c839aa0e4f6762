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
	static const int8_t worth[] = { PROMPT, PROMPT, 8, 7, 6, 6, 5, 5, 4, 4,
					4, 3, 3, 3, 3, 2, 2, 2, 2, 2 };
	/* clang-format on */
	uint64_t n = birth < first ? first - birth : birth - first;

	if (n < sizeof(worth))
		return worth[n];
	return n < LATE;
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

/* As is_claimed(), for most of those that are. */
static bool is_own(const struct own_number *o, const struct proc *s,
		   const struct proc *shown)
{
	return o->owner == shown && !o->clone3 &&
	       o->at <= s->priv->first_at + COARSE_MS;
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

/* What o is worth by when s spoke first, if it may be his. */
static int worth_of_time(const struct own_number *o, const struct proc *s)
{
	uint64_t first = s->priv->first_serial;

	if (first <= o->after || first >= o->before)
		return o->waits ? 0 : OUT_OF_ORDER;
	if (is_too_late(o, s))
		return OUT_OF_ORDER;
	return FITS + (o->clone3 ? MAY_BE_THREAD : 0) +
	       promptness(o->serial, first);
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
	    !(is_own(o, s, h->shown) || is_claimed(o->claim, s, h->shown)))
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

/* Those between which are own numbers that something is known of. */
struct range {
	size_t first, end;
};

static void fill(struct column *of, struct range r, int worth)
{
	for (size_t i = r.first; i < r.end; i++)
		*cell(of, i) = (int16_t)worth;
}

static bool is_in(struct range r, size_t i)
{
	return i >= r.first && i < r.end;
}

/* Which of a rising list of n are in that range. */
static struct range within(const uint8_t *list, size_t n, struct range r)
{
	struct range found = { 0, n };

	while (found.end && list[found.end - 1] >= r.end)
		found.end--;
	while (found.first < found.end && list[found.first] < r.first)
		found.first++;
	return found;
}

static void weigh_said(struct alignment *a, size_t j, struct range r)
{
	const struct range in = within(a->said, a->n_said, r);

	for (size_t n = in.first; n < in.end; n++)
		*cell(&a->worth[j], a->said[n]) = (int16_t)worth_of_said(
			a, &a->own[a->said[n]], &a->host[j]);
}

static void weigh_anchored(struct alignment *a, size_t j, struct range r)
{
	const struct range in = within(a->anchored, a->n_anchored, r);
	const struct own_number *o;

	for (size_t n = in.first; n < in.end; n++) {
		o = &a->own[a->anchored[n]];
		if (a->anchor_pid[n] == a->host[j].pid)
			*cell(&a->worth[j], a->anchored[n]) = SETTLED;
		else if (!o->claim)
			*cell(&a->worth[j], a->anchored[n]) = UNLIKELY;
	}
}

/* Of most own numbers nothing is known, or they are known to be another's. */
static void weigh_part(struct alignment *a, size_t j, struct range r)
{
	const struct host_number *h = &a->host[j];
	const struct proc *s = h->who;
	bool known = is_known(a, h);
	size_t i;

	if (r.first >= r.end)
		return;
	fill(&a->worth[j], r, !s || (s->priv->exact && !known) ? 0 : UNLIKELY);
	i = known ? (size_t)(s->vpid - a->around.vpid + REACH) : r.end;
	if (is_in(r, i))
		*cell(&a->worth[j], i) = SETTLED;
	if (s && !known)
		weigh_said(a, j, r);
	weigh_anchored(a, j, r);
}

/* Those of which something is known. */
static void list_own(struct alignment *a)
{
	const struct own_number *o = &a->own[a->first];

	a->n_anchored = a->n_said = 0;
	for (size_t i = a->first; i < a->end; i++, o++) {
		if (o->anchor) {
			a->anchor_pid[a->n_anchored] = o->anchor->pid;
			a->anchored[a->n_anchored++] = (uint8_t)i;
		}
		if (o->claim || o->by)
			a->said[a->n_said++] = (uint8_t)i;
	}
}

/* Each of the host's beside each of the container's, unless they were. */
void weigh(struct alignment *a)
{
	const struct part was = a->pending ? (struct part){ 0 } : a->weighed;

	list_own(a);
	for (size_t j = a->left; j < a->right; j++) {
		if (j < was.left || j >= was.right) {
			fill(&a->worth[j], (struct range){ 0, N_CELLS }, NEVER);
			weigh_part(a, j, (struct range){ a->first, a->end });
			continue;
		}
		weigh_part(a, j, (struct range){ a->first, was.first });
		weigh_part(a, j, (struct range){ was.end, a->end });
	}
	a->weighed = (struct part){ a->left, a->right, a->first, a->end };
}

/* --- the best that can be had with these two, and others before or behind */

static int16_t most(int16_t a, int16_t b)
{
	return a > b ? a : b;
}

static int skip(const struct host_number *h)
{
	return h->who ? SKIP_HEARD : SKIP_SILENT;
}

static void clear_margins(struct column *of)
{
	for (size_t i = 0; i < MARGIN; i++)
		of->cell[i] = of->cell[MARGIN + N_CELLS + i] = NEVER;
}

/*
 * One column, after the one beside it: from where it is best to begin, host's
 * numbers skipped that are not known to be another's, and own ones. The next
 * own number is one cell farther (to: -1 or 1) in that column; best is what it
 * came to up to now, what was skipped since counted. (Values are small; the
 * casts have them stay in 16 bits.)
 */
static void sum(struct column *restrict sum,
		const struct column *restrict worth,
		const struct column *restrict beside, int16_t *restrict best,
		int16_t skipped, int to)
{
	const int16_t *next = beside->cell + MARGIN + to;
	const int16_t *over = next + to;

	for (size_t i = 0; i < N_CELLS; i++) {
		int16_t from = most((int16_t)(best[i] - skipped), next[i]);

		best[i] = from;
		from = most(most(from, 0), (int16_t)(over[i] - SKIP_OWN));
		sum->cell[MARGIN + i] =
			(int16_t)(worth->cell[MARGIN + i] + from);
	}
}

void sum_up(struct alignment *a)
{
	int16_t best[N_CELLS] = { 0 };
	size_t j = a->left;

	a->up[j] = a->worth[j];
	clear_margins(&a->up[j]);
	while (++j < a->right) {
		clear_margins(&a->up[j]);
		sum(&a->up[j], &a->worth[j], &a->up[j - 1], best,
		    (int16_t)skip(&a->host[j - 1]), -1);
	}
}

/* Likewise, from the other end. */
void sum_down(struct alignment *a)
{
	int16_t best[N_CELLS] = { 0 };
	size_t j = a->right - 1;

	a->down[j] = a->worth[j];
	clear_margins(&a->down[j]);
	while (j-- > a->left) {
		clear_margins(&a->down[j]);
		sum(&a->down[j], &a->worth[j], &a->down[j + 1], best,
		    (int16_t)skip(&a->host[j + 1]), 1);
	}
}
