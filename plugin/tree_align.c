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
	static const int8_t worth[] = { PROMPT, PROMPT, 8, 7, 6, 6, 5, 5, 4, 4,
					4,	3,	3, 3, 3, 2, 2, 2, 2, 2 };
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
	    (h->shown != o->by &&
	     (h->shown != a->ns->init || !had_gone(o->by, a->until))))
		return MISFIT;
	if (first < o->serial)
		return 0;
	return FITS + promptness(o->serial, first);
}

/* Whether h's number in the container is known. */
static bool is_known(const struct alignment *a, const struct host_number *h,
		     bool self)
{
	return h->who && !self && h->who->priv->settled &&
	       h->who->priv->ns == a->ns && h->who->vpid;
}

/* As is_claimed(), for most of those that are. */
static bool is_own(const struct claim *c, const struct proc *s,
		   const struct proc *shown)
{
	return c->owner == shown && c->call != FORK_CLONE3 &&
	       c->at <= s->priv->first_at + COARSE_MS;
}

int worth_of(const struct alignment *a, const struct own_number *o,
	     const struct host_number *h, bool self)
{
	const struct proc *s = h->who;

	if (o->anchor && (o->anchor->pid == h->pid || !o->claim))
		return o->anchor->pid == h->pid ? SETTLED : UNLIKELY;
	if (!s)
		return 0;
	if (is_known(a, h, self))
		return s->vpid == o->vpid ? SETTLED : UNLIKELY;
	if (o->by)
		return worth_of_pending(a, o, h);
	if (!o->claim)
		return s->priv->exact ? 0 : UNLIKELY;
	if (s->priv->exact || !h->shown ||
	    !(is_own(o->claim, s, h->shown) ||
	      is_claimed(o->claim, s, h->shown)))
		return MISFIT;
	if (s->priv->first_serial <= o->after ||
	    s->priv->first_serial >= o->before)
		return waits(o->claim) ? 0 : OUT_OF_ORDER;
	return FITS + (o->claim->call == FORK_CLONE3 ? MAY_BE_THREAD : 0) +
	       promptness(o->serial, s->priv->first_serial);
}

static void fill(struct column *of, size_t first, size_t end, int worth)
{
	for (size_t i = first; i < end; i++)
		*cell(of, i) = (int16_t)worth;
}

/* Those of a column that are the same whoever it is: by what he may be. */
static void weigh_unclaimed(const struct alignment *a, struct column *of,
			    int worth)
{
	fill(of, 0, a->first, NEVER);
	fill(of, a->first, a->end, worth);
	fill(of, a->end, N_CELLS, NEVER);
	for (size_t n = 0; n < a->n_anchored; n++)
		if (!a->own[a->anchored[n]].claim)
			*cell(of, a->anchored[n]) = UNLIKELY;
}

/* Which number of the container's h is known to have, if any. */
static void weigh_anchored(struct alignment *a, size_t j)
{
	for (size_t n = 0; n < a->n_anchored; n++) {
		size_t i = a->anchored[n];

		if (a->own[i].anchor->pid == a->host[j].pid)
			*cell(&a->worth[j], i) = SETTLED;
	}
}

static void weigh_said(struct alignment *a, size_t j)
{
	for (size_t n = 0; n < a->n_said; n++) {
		size_t i = a->said[n];

		*cell(&a->worth[j], i) = (int16_t)worth_of(
			a, &a->own[i], &a->host[j], j == a->self);
	}
}

static void weigh_known(struct alignment *a, size_t j)
{
	const struct host_number *h = &a->host[j];
	size_t i = (size_t)(h->who->vpid - a->own[0].vpid);

	if (i >= a->first && i < a->end)
		*cell(&a->worth[j], i) =
			(int16_t)worth_of(a, &a->own[i], h, false);
}

/* The rows of which something is known. */
static void list_own(struct alignment *a)
{
	const struct own_number *o = &a->own[a->first];

	a->n_anchored = a->n_said = 0;
	for (size_t i = a->first; i < a->end; i++, o++) {
		if (o->anchor)
			a->anchored[a->n_anchored++] = (uint8_t)i;
		if (o->claim || o->by)
			a->said[a->n_said++] = (uint8_t)i;
	}
}

/* Each of the host's beside each of the container's. */
void weigh(struct alignment *a)
{
	struct column unlikely, unknown;

	list_own(a);
	weigh_unclaimed(a, &unlikely, UNLIKELY);
	weigh_unclaimed(a, &unknown, 0);
	for (size_t j = 0; j < a->n_host; j++) {
		const struct proc *s = a->host[j].who;
		bool known = is_known(a, &a->host[j], j == a->self);

		a->worth[j] = !s || (s->priv->exact && !known) ? unknown :
								 unlikely;
		if (known)
			weigh_known(a, j);
		else if (s)
			weigh_said(a, j);
		weigh_anchored(a, j);
	}
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

	a->up[0] = a->worth[0];
	clear_margins(&a->up[0]);
	for (size_t j = 1; j < a->n_host; j++) {
		clear_margins(&a->up[j]);
		sum(&a->up[j], &a->worth[j], &a->up[j - 1], best,
		    (int16_t)skip(&a->host[j - 1]), -1);
	}
}

/* Likewise, from the other end. */
void sum_down(struct alignment *a)
{
	int16_t best[N_CELLS] = { 0 };
	size_t j = a->n_host - 1;

	a->down[j] = a->worth[j];
	clear_margins(&a->down[j]);
	while (j--) {
		clear_margins(&a->down[j]);
		sum(&a->down[j], &a->worth[j], &a->down[j + 1], best,
		    (int16_t)skip(&a->host[j + 1]), 1);
	}
}
