/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has, or had, which pid: a hash table that is chained through the
 * processes themselves, which costs each of them two pointers (uthash's
 * handle is seven). The users of one pid are in one chain, the newest first.
 * It grows and shrinks with the tree.
 */
#include "tree_int.h"

#define MIN_BUCKETS 64

static struct proc **end_of(struct proc **chain)
{
	while (*chain)
		chain = &(*chain)->priv->pid_next;
	return chain;
}

/* Chains keep their order, in which the users of a pid are. */
static void resize(struct pids *pids, size_t size)
{
	struct pids old = *pids;
	struct proc *p, *next, **end;

	pids->size = size;
	pids->buckets = calloc(size, sizeof(struct proc *));
	if (!pids->buckets)
		abort();
	for (size_t i = 0; i < old.size; i++) {
		for (p = old.buckets[i]; p; p = next) {
			next = p->priv->pid_next;
			p->priv->pid_next = NULL;
			end = end_of(&pids->buckets[pids_bucket(p->pid, size)]);
			*end = p;
		}
	}
	free(old.buckets);
}

/* p is the newest user of its pid. */
void pids_add(struct pids *pids, struct proc *p)
{
	struct proc **chain;

	if (pids->n >= pids->size / 2)
		resize(pids, pids->size ? 2 * pids->size : MIN_BUCKETS);
	chain = &pids->buckets[pids_bucket(p->pid, pids->size)];
	pids->n_again += pids_user_in(*chain, p->pid) != NULL;
	p->priv->pid_next = *chain;
	*chain = p;
	pids->n++;
}

/* Its pid is another's, or nobody's. It may be so already. */
void pids_remove(struct pids *pids, struct proc *p)
{
	struct proc **at;

	if (!pids->size)
		return;
	at = &pids->buckets[pids_bucket(p->pid, pids->size)];
	while (*at && *at != p)
		at = &(*at)->priv->pid_next;
	if (!*at)
		return;
	*at = p->priv->pid_next;
	p->priv->pid_next = NULL;
	pids->n--;
	pids->n_again -= pids_newest(pids, p->pid) != NULL;
	if (pids->size > MIN_BUCKETS && pids->n < pids->size / 16)
		resize(pids, pids->size / 2);
}

/* The user of p's pid before p; NULL if there is none. */
struct proc *pids_older(const struct proc *p)
{
	return pids_user_in(p->priv->pid_next, p->pid);
}

void pids_free(struct pids *pids)
{
	free(pids->buckets);
}
