/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows when a process has got its place, or is said to have a child:
 * what it said meanwhile counts, and whoever waited for that is placed, of
 * whom the same follows. By recursion that would be as deep as limbo is large,
 * or as a container's processes are many; so it is put on a stack of the
 * tree's own, and done when the tree is done with what it was told.
 */
#include "tree_int.h"

/* Kept when nothing is left to do. */
#define FEW 64

/* The latest who wait are tried; the others are settled later. */
#define MAX_TRIES 4

struct following {
	struct proc *p;	/* who waited with these facts; NULL: there are none */
	struct pending pending;
	size_t next;	/* of pending */
	pid_t pid;	/* then, whose children may be placed; or 0 */
	struct pidns *ns;	/* if they wait in this; owns a ref */
};

static void push(struct tree *t, struct following f)
{
	if (t->n_following == t->following_size) {
		t->following_size = t->following_size ? 2 * t->following_size :
							FEW;
		t->following = reallocarray(t->following, t->following_size,
					    sizeof(*t->following));
		if (!t->following)
			abort();
	}
	t->following[t->n_following++] = f;
}

/* p has its place, and waited with these. */
void follow_place(struct tree *t, struct proc *p, struct pending pending)
{
	if (pending.n || first_showing(t, p->pid))
		push(t, (struct following){ p, pending, 0, p->pid, NULL });
}

/* pid has a child: it may be one that waits in ns. */
void follow_claim(struct tree *t, struct pidns *ns, pid_t pid)
{
	if (ns->waiting)
		push(t, (struct following){ .pid = pid, .ns = pidns_ref(ns) });
}

/* What was held can be understood now. */
void release(struct tree *t, struct proc *p)
{
	push(t, (struct following){ p, take_pending(t, p), 0, 0, NULL });
}

/* Those that were put there since then come in the order they were put. */
void follow_in_order(struct tree *t, size_t since)
{
	struct following f;

	for (size_t to = t->n_following; since + 1 < to; since++) {
		f = t->following[since];
		t->following[since] = t->following[--to];
		t->following[to] = f;
	}
}

/* Places one of those who wait for f. False if there is none. */
static bool place_next(struct tree *t, const struct following *f)
{
	struct proc *p;
	int tries = 0;

	if (!f->pid)
		return false;
	if (f->ns) {
		for (p = f->ns->waiting; p && tries < MAX_TRIES;
		     p = p->priv->waiting_next) {
			if (p->priv->first_ppid != f->pid)
				continue;
			if (consider(t, p))
				return true;
			tries++;
		}
		return false;
	}
	for (p = first_showing(t, f->pid); p; p = next_showing(p))
		if (p->priv->state == STATE_LIMBO && consider(t, p))
			return true;
	return false;
}

/* The last one first: who was placed meanwhile comes before who goes on. */
static void follow_one(struct tree *t)
{
	struct following f = t->following[t->n_following - 1];
	struct fact *fact;

	if (f.next < f.pending.n) {
		fact = f.pending.list[f.next];
		t->following[t->n_following - 1].next++;
		apply(t, f.p, fact);
		free(fact);
	} else if (!place_next(t, &f)) {
		free(f.pending.list);
		pidns_unref(f.ns);
		t->n_following--;
	}
}

/* All that follows from what the tree was told. */
void follow(struct tree *t)
{
	while (t->n_following)
		follow_one(t);
	if (t->following_size > FEW) {
		free(t->following);
		t->following = NULL;
		t->following_size = 0;
	}
}
