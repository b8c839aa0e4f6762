/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose arguments are not believed, though they are the runtime's or the
 * shim's by their form: of a process that may have been made by a container.
 */
#include "tree_int.h"

/*
 * The shim's child by the witness's word, which says the same of what a
 * process of a container makes by CLONE_PARENT (copy_process() in
 * kernel/fork.c), and it was gone before /proc could tell where it was.
 */
bool is_doubtful(const struct proc *p)
{
	const struct proc *parent = p->parent;

	return p->source == SOURCE_WITNESS && parent &&
	       parent->role == ROLE_SHIM && parent->priv->verb == VERB_SHIM &&
	       !p->priv->ns_depth && !p->priv->vouched;
}

/* More may be known of p now. derive() is to follow. */
void reconsider(struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (!v->doubted || is_doubtful(p))
		return;
	v->verb = v->doubted;
	v->doubted = VERB_NONE;
}

static void believe(struct tree *t, struct proc *p)
{
	p->priv->vouched = true;
	if (!p->priv->doubted)
		return;
	reconsider(p);
	derive(t, p);
}

static bool is_of_that_time(const struct tree *t, uint64_t birth, uint64_t at)
{
	return birth + COARSE_MS >= at && birth <= at + t->options.linger_ms;
}

/*
 * By p's own record it has made a child: that one is in no container. If the
 * child's birth is not given yet, that is remembered.
 */
void vouch(struct tree *t, const struct proc *p, const struct fact *f)
{
	struct proc *c = find_placed(t, f->child);
	uint64_t at = f->time_ms + t->offset;

	if (p->role >= ROLE_INIT || !p->priv->certain ||
	    p->priv->ns != t->host_ns || f->flags & FLAG_PARENT)
		return;
	t->vouched++;
	if (c && c->parent == p && is_of_that_time(t, c->priv->birth_at, at))
		believe(t, c);
	else if (f->child > 0)
		t->vouchers[f->child % N_VOUCHERS] =
			(struct voucher){ f->child, p->pid, at };
}

uint64_t tree_vouched(const struct tree *t)
{
	return t->vouched;
}

/*
 * By the witness, p is the first child of a parent whose birth it has told, and
 * nothing since was missed: nobody was there to make it in the parent's name.
 * For a sibling is made by a child, or by a descendant that was left to it
 * (find_new_reaper() in kernel/exit.c).
 */
static bool is_first_child(const struct tree *t, const struct proc *p)
{
	const struct proc *parent = p->parent;

	return p->source == SOURCE_WITNESS &&
	       parent->source == SOURCE_WITNESS && !parent->priv->had_child &&
	       parent->priv->birth_at >= t->witness_since;
}

/* p has its place: was it spoken for before, or need not be? */
void recall_vouch(const struct tree *t, struct proc *p)
{
	const struct voucher *v = &t->vouchers[p->pid % N_VOUCHERS];

	if (!p->parent)
		return;
	if (is_first_child(t, p) ||
	    (v->child == p->pid && v->parent == p->parent->pid &&
	     is_of_that_time(t, p->priv->birth_at, v->at)))
		p->priv->vouched = true;
	p->parent->priv->had_child = true;
}

/*
 * p is in the very container that its parent says it makes, or brings
 * somebody into: what is not true of that is about nobody else.
 */
void corroborate(struct tree *t, const struct proc *p)
{
	const struct proc_priv *v = p->priv, *above;

	if (!p->parent || !v->cgroup)
		return;
	above = p->parent->priv;
	if (!rarely(above)->inv_id ||
	    strcmp(rarely(above)->inv_id, v->cgroup->text))
		return;
	if (above->doubted == VERB_EXEC ||
	    (above->doubted == VERB_CREATE && v->ns_depth == 2 && p->vpid == 1))
		believe(t, p->parent);
}

/*
 * The container that p is shown with. Of what is doubted this much is taken:
 * which of its shim's own it is about, if that is there already.
 */
struct container *doubted_container(struct tree *t, const struct proc *p)
{
	struct container *above = p->parent->container;
	struct container_priv *c = NULL;

	switch (p->priv->doubted) {
	case VERB_CREATE:
	case VERB_EXEC:
	case VERB_DELETE:
	case VERB_OTHER:
		if (above && rarely(p->priv)->inv_id)
			c = container_known(t, above->ns,
					    rarely(p->priv)->inv_id);
		break;
	case VERB_NONE:
	case VERB_INIT:
	case VERB_SHIM:
	case VERB_SHIM_START:
	case VERB_SHIM_DELETE:
		break;
	}
	return c && c->shim == p->parent ? &c->self : above;
}
