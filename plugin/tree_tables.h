/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has, or had, which pid, and which birth was announced by which number.
 * Both are asked for numbers that follow each other, one after another, more
 * often than anything else is: so it is done in place. Private to the tree;
 * tree_int.h includes it.
 */
#ifndef CONTREE_TREE_TABLES_H
#define CONTREE_TREE_TABLES_H

/* tree_pids.c */
void pids_add(struct pids *pids, struct proc *p);
void pids_remove(struct pids *pids, struct proc *p);
struct proc *pids_older(const struct proc *p);
void pids_free(struct pids *pids);

/*
 * Eight neighbours, who are often asked for one after another, are in one line
 * of the cache; else those in number are none here (Knuth's multiplier).
 */
static inline size_t pids_bucket(pid_t pid, size_t size)
{
	uint32_t line = ((uint32_t)pid >> 3) * UINT32_C(2654435761) >> 7;

	return (line << 3 | ((uint32_t)pid & 7)) & (size - 1);
}

static inline struct proc *pids_user_in(struct proc *chain, pid_t pid)
{
	while (chain && chain->pid != pid)
		chain = chain->priv->pid_next;
	return chain;
}

static inline struct proc *pids_newest(const struct pids *pids, pid_t pid)
{
	return pids->size ?
		       pids_user_in(pids->buckets[pids_bucket(pid, pids->size)],
				    pid) :
		       NULL;
}

/* tree_claimed.c */
void claimed_add(struct claimed *by, struct claim *c);
void claimed_remove(struct claimed *by, struct claim *c);
struct claim *claimed_older(const struct claim *c);

/*
 * Numbers that follow each other are mostly in buckets that do. Those that
 * somebody has chosen, in steps of a power of two, are not all in one.
 */
static inline size_t claimed_bucket(pid_t number, size_t size)
{
	uint32_t n = (uint32_t)number;

	return (n ^ (n >> 6) * UINT32_C(0x9E3779B1)) & (size - 1);
}

static inline struct claim *claimed_in(struct claim *chain, pid_t number)
{
	while (chain && chain->vpid != number)
		chain = chain->chain;
	return chain;
}

static inline struct claim *claimed_newest(const struct claimed *by,
					   pid_t number)
{
	return by->n ? claimed_in(by->buckets[claimed_bucket(number, by->size)],
				  number) :
		       NULL;
}

#endif
