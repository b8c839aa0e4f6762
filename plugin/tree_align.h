/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's numbers and the host's, laid side by side around one
 * process' birth (tree_step.c). Private to the tree.
 */
#ifndef CONTREE_TREE_ALIGN_H
#define CONTREE_TREE_ALIGN_H

#include "tree_int.h"

/* How many numbers are laid side by side, to either side of the birth's. */
#define SIDE 24		/* the host's, without those that others have */
#define REACH 40	/* the container's */
#define N_HOST (2 * SIDE + 1)
#define N_OWN (2 * REACH + 1)

/* What it is worth that two of them are of one process. */
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
	LIKELY = 6,	/* not so much better */
	NEVER = -8192,	/* is in none of the rows */
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
	/* Of the claim, or of what is to be one: */
	const struct proc *owner;	/* the parent */
	const struct proc *plain;	/* it, unless by clone3; or NULL */
	uint64_t at;
	bool waits, clone3;
	bool possible;	/* it may be of the birth looked at */
	uint64_t serial;	/* of that record */
	/* Its child's first record is usually between. */
	uint64_t after, before;
};

/*
 * A number of the host's is beside all of the container's: a column. Every
 * column has the same length, so that the compiler can have several numbers
 * summed up by one instruction; before and behind the own numbers is some
 * margin, that nobody can be in.
 */
#define MARGIN 8
#define N_CELLS ((N_OWN + 7) / 8 * 8)

struct column {
	int16_t cell[MARGIN + N_CELLS + MARGIN];
};

/* Where to look: around the birth of that number, at that time. */
struct spot {
	pid_t vpid;
	uint64_t at;
	uint64_t serial;	/* of a record of about then */
};

/* What is laid out can be widened; what was is not asked for again. */
struct alignment {
	struct tree *t;
	const struct proc *p, *q;	/* whose birth it is, and whom it shows */
	struct pidns *ns;
	struct spot around;
	uint64_t until;	/* what was later does not count */
	bool final;	/* nor what comes behind, unless all has come */

	struct host_number host[N_HOST];	/* p's is in the middle, at SIDE */
	size_t left, right;	/* of those, where they begin and end */
	struct way {
		pid_t pid;
		int n;	/* looked at, others' too */
	} down_from, up_from;	/* from where to go on */

	struct own_number own[N_OWN];	/* vpid is in the middle, at REACH */
	pid_t reach;	/* so far to either side */
	size_t first, end;	/* those between which anybody is known */
	size_t n_possible, possible;	/* that may be the birth's; one of them */
	bool pending;	/* some were told by one who waits */

	uint8_t anchored[N_OWN], said[N_OWN];	/* of which something is known */
	size_t n_anchored, n_said;
	pid_t anchor_pid[N_OWN];
	struct part {
		size_t left, right, first, end;
	} weighed;	/* up to now */
	struct column silent, heard;	/* where nothing more is known */
	struct column worth[N_HOST];
	struct column up[N_HOST];	/* the best that ends with these two, */
	struct column down[N_HOST];	/* or begins */
};

/* tree_rows.c */
bool waits(const struct claim *c);
void lay_begin(struct alignment *a, const struct spot *spot);
void lay_own(struct alignment *a, pid_t reach);
bool lay_host(struct alignment *a, size_t side);

/* tree_align.c */
int promptness(uint64_t birth, uint64_t first);
int worth_of(const struct alignment *a, const struct own_number *o,
	     const struct host_number *h);
void weigh(struct alignment *a);
void sum_up(struct alignment *a);
void sum_down(struct alignment *a);

static inline int16_t *cell(struct column *of, size_t i)
{
	return &of->cell[MARGIN + i];
}

static inline int worth_at(const struct column *of, size_t i)
{
	return of->cell[MARGIN + i];
}

#endif
