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

/* By p's own record it has made a child: that one is in no container. */
void vouch(struct tree *t, const struct proc *p, const struct fact *f)
{
	struct proc *c = find_placed(t, f->child);
	uint64_t at = f->time_ms + t->offset;

	if (c && c->parent == p && p->role < ROLE_INIT && p->priv->certain &&
	    p->priv->ns == t->host_ns && !(f->flags & FLAG_PARENT) &&
	    c->priv->birth_at + COARSE_MS >= at &&
	    c->priv->birth_at <= at + t->options.linger_ms)
		believe(t, c);
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
