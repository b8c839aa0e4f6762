/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree_int.h"

static const char *check_links(const struct proc *p)
{
	const struct proc_priv *v = p->priv;
	size_t depth = 0;

	if (proc_of(v) != p || p->priv != v)
		return "a record does not know itself";
	for (const struct proc *a = p->parent; a; a = a->parent)
		if (a == p || ++depth > 10000000)
			return "a process is its own ancestor";
	for (const struct proc *c = v->children; c; c = c->priv->sibling_next)
		if (c->parent != p)
			return "a child has another parent";
	if (p->parent && p->parent->priv->state != STATE_PLACED &&
	    p->parent->priv->state != STATE_GHOST)
		return "a parent has no place in the tree";
	if (p->entry && p->entry != p && !proc_descends(p, p->entry))
		return "an entry leader is no ancestor";
	if (v->claim && v->claim->answer != p)
		return "an answered claim does not know its answer";
	return NULL;
}

static const char *check_state(const struct tree *t, struct proc *p)
{
	const struct proc_priv *v = p->priv;

	switch (v->state) {
	case STATE_LIMBO:
	case STATE_WAITING:
		if (p->parent || !v->timer.place)
			return "a waiting process has a parent or no timer";
		break;
	case STATE_PLACED:
		if (!p->parent && p->role != ROLE_ROOT && p->role != ROLE_SHIM)
			return "a process without parent is no root";
		if (ended(p) && !v->timer.place)
			return "an ended process will never be forgotten";
		if (!*p->entity_id)
			return "a process has no entity_id";
		break;
	case STATE_GHOST:
		if (!ended(p))
			return "a ghost lives";
		/* One of an earlier plugin's has no final record. */
		if (v->finished && !v->children && !v->n_claims)
			return "a ghost is kept for nobody";
		break;
	}
	if (p->role >= ROLE_INIT && !p->container && v->state == STATE_PLACED)
		return "a member is in no container";
	if (v->ns && !v->ns->waiting && v->ns->n_hidden)
		return "nobody waits, yet some have a child";
	if (v->n_pending && !v->youth)
		return "a process waits with facts that it has not";
	(void)t;
	return NULL;
}

static bool says_it_has_a_child(const struct proc *p)
{
	for (size_t i = 0; i < p->priv->n_pending; i++)
		if (p->priv->youth->pending[i]->kind == FACT_FORK)
			return true;
	return false;
}

static const char *check_waiting(const struct proc *p)
{
	const struct pidns *ns = p->priv->ns;
	size_t n = 0;

	if (p->priv->state != STATE_WAITING || ns->waiting != p)
		return NULL;
	for (; p; p = p->priv->waiting_next)
		n += says_it_has_a_child(p);
	return n == ns->n_hidden ? NULL :
				   "who waits with a child is miscounted";
}

/* Whether who may be NULL, or is still there. */
static bool is_there(const struct tree *t, const struct proc *who)
{
	const struct proc *p = t->all;

	while (who && p && p != who)
		p = p->priv->all_next;
	return !who || p;
}

static const char *check_containers(const struct tree *t)
{
	size_t n = 0;

	for (const struct container_priv *c = t->containers; c;
	     c = c->hh.next, n++) {
		size_t refs = 0;

		for (const struct proc *p = c->procs; p;
		     p = p->priv->container_next, refs++)
			if (p->container != &c->self)
				return "a container lists a stranger";
		if (refs != c->refs)
			return "a container miscounts its processes";
		if (!is_there(t, c->shim) || !is_there(t, c->init))
			return "a container's shim or init was forgotten";
		if (c->self.stop_ms && !c->self.start_ms)
			return "a container stopped before it started";
	}
	return n == t->n_containers ? NULL : "containers are miscounted";
}

/* The users of a pid are all found by it; a ghost has none any more. */
static const char *check_pids(const struct tree *t)
{
	size_t n = 0, n_again = 0;

	for (size_t i = 0; i < t->pids.size; i++) {
		for (struct proc *p = t->pids.buckets[i]; p;
		     p = p->priv->pid_next, n++) {
			struct proc *q = pids_newest(&t->pids, p->pid);

			while (q && q != p)
				q = pids_older(q);
			if (!q)
				return "a process is not found by its pid";
			if (p->priv->state == STATE_GHOST)
				return "a ghost has a pid";
			n_again += pids_older(p) != NULL;
		}
	}
	return n == t->pids.n && n_again == t->pids.n_again ?
		       NULL :
		       "pids are miscounted";
}

const char *tree_check(const struct tree *t)
{
	size_t n_placed = 0, n_limbo = 0;
	const char *wrong;

	for (struct proc *p = t->all; p; p = p->priv->all_next) {
		wrong = check_links(p);
		if (!wrong)
			wrong = check_state(t, p);
		if (!wrong)
			wrong = check_waiting(p);
		if (wrong)
			return wrong;
		if (p->priv->state == STATE_LIMBO ||
		    p->priv->state == STATE_WAITING)
			n_limbo++;
		else
			n_placed++;
	}
	wrong = check_pids(t);
	if (wrong)
		return wrong;
	if (n_placed != t->n_placed || n_limbo != t->n_limbo)
		return "processes are miscounted";
	if (t->n_following)
		return "something is left to follow";
	if (t->pids.n > n_placed + n_limbo)
		return "more pids than processes";
	if (t->n_limbo > t->options.max_limbo ||
	    t->n_claims > t->options.max_claims)
		return "a bound is broken";
	return check_containers(t);
}
