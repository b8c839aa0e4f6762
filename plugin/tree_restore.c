/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outlives the plugin: records of processes as values, and back. */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static unsigned int flags_of(const struct proc_priv *v)
{
	return (v->exact ? SAVED_EXACT : 0u) |
	       (v->by_parent_flag ? SAVED_BY_PARENT_FLAG : 0u) |
	       (v->by_vfork ? SAVED_BY_VFORK : 0u) |
	       (v->last_stage ? SAVED_LAST_STAGE : 0u) |
	       (v->inside ? SAVED_INSIDE : 0u) |
	       (v->shim_init ? SAVED_SHIM_INIT : 0u) |
	       (v->started ? SAVED_STARTED : 0u) |
	       (rarely(v)->user_exec.at ? SAVED_USER_EXEC : 0u);
}

void tree_save_one(const struct proc *p, struct saved *s)
{
	const struct container *c = p->container;
	const struct proc_priv *v = p->priv;
	const struct rare *r = rarely(v);

	*s = (struct saved){
		.entity = p->entity_id,
		.parent = p->parent ? p->parent->entity_id : "",
		.ended = ended(p),
		.ended_ms = placed(p) ? p->end_ms : 0,
		.pid = p->pid,
		.vpid = p->vpid,
		.ppid = p->ppid,
		.start_ms = p->start_ms,
		.born_ms = p->born_ms,
		.role = p->role,
		.source = p->source,
		.flags = flags_of(v),
		.ns_depth = v->ns_depth,
		.verb = (int)v->verb,
		.exe = p->image->program->exe,
		.comm = p->image->program->comm,
		.inv_id = or_empty(r->inv_id),
		.inv_ns = or_empty(r->inv_ns),
		.inv_bundle = or_empty(r->inv_bundle),
		.cgroup = v->cgroup ? v->cgroup->text : "",
		.id = c ? c->id : "",
		.ns = c ? c->ns : "",
		.bundle = c ? or_empty(c->bundle) : "",
		.started_ms = c ? c->start_ms : 0,
		.stopped_ms = c ? c->stop_ms : 0,
	};
}

/*
 * A ghost that still has descendants is one of their ancestors; of who has just
 * ended, records may be on their way.
 */
static bool is_to_save(const struct proc *p)
{
	return placed(p) ||
	       (p->priv->state == STATE_GHOST && p->priv->children);
}

void tree_save_begin(struct tree *t)
{
	t->to_save = t->oldest;
}

bool tree_save_next(struct tree *t, struct saved *s)
{
	struct proc *p = t->to_save;

	while (p && !is_to_save(p))
		p = p->priv->all_prev;
	t->to_save = p ? p->priv->all_prev : NULL;
	if (p)
		tree_save_one(p, s);
	return p;
}

static void restore_priv(struct tree *t, struct proc *p, const struct saved *s)
{
	struct proc_priv *v = p->priv;

	v->exact = s->flags & SAVED_EXACT;
	v->by_parent_flag = s->flags & SAVED_BY_PARENT_FLAG;
	v->by_vfork = s->flags & SAVED_BY_VFORK;
	v->last_stage = s->flags & SAVED_LAST_STAGE;
	v->inside = s->flags & SAVED_INSIDE;
	v->shim_init = s->flags & SAVED_SHIM_INIT;
	v->started = s->flags & SAVED_STARTED;
	v->settled = v->certain = v->had_child = true;
	v->ns_depth = (unsigned char)s->ns_depth;
	v->verb = (enum verb)s->verb;
	if (*s->inv_id)
		rare_of(v)->inv_id = must_dup(s->inv_id);
	if (*s->inv_ns)
		rare_of(v)->inv_ns = must_dup(s->inv_ns);
	if (*s->inv_bundle)
		rare_of(v)->inv_bundle = must_dup(s->inv_bundle);
	if (*s->cgroup)
		take_cgroup(p, s->cgroup);
	v->birth_at = v->first_at = s->start_ms + t->offset;
	/* Its first record came to an earlier plugin. */
	v->heard = true;
	v->first_ppid = s->ppid ? s->ppid : 1;
	if (s->flags & SAVED_USER_EXEC)
		rare_of(v)->user_exec = (struct when){ v->birth_at, s->start_ms,
						       0, SOURCE_AUDIT };
}

/* All that was before has been told, if the witness told of that. */
static void note_told(struct tree *t, const struct saved *s)
{
	uint64_t told_ms = s->ended_ms > s->start_ms ? s->ended_ms :
						       s->start_ms;

	if (s->source == SOURCE_WITNESS && told_ms + t->offset > t->told_until)
		t->told_until = told_ms + t->offset;
}

/* Where a newer one has its pid, what comes under that is of the newer one. */
static void restore_end(struct tree *t, struct proc *p, const struct saved *s)
{
	const struct proc *other = pids_older(p);

	p->reason = EXIT_UNKNOWN;
	if (!s->ended_ms) {
		proc_bury(t, p);
		return;
	}
	p->end_ms = s->ended_ms;
	p->priv->end_at = s->ended_ms + t->offset;
	if (other && other->start_ms > p->start_ms)
		pids_remove(&t->pids, p);
	remove_later(t, p);
}

/* What an init says that lives counts, and not what one before it did. */
static void restore_times(struct container_priv *c, struct proc *p,
			  const struct saved *s)
{
	bool lives = p->role == ROLE_INIT && !ended(p) && s->started_ms;

	if (c->init && !lives)
		return;
	if (lives) {
		c->init = p;
		c->self.stop_ms = 0;
	}
	if (s->started_ms)
		c->self.start_ms = s->started_ms;
	/* Nothing stops that never started, whatever the file says. */
	if (s->stopped_ms && c->self.start_ms)
		c->self.stop_ms = s->stopped_ms;
	if (p->role == ROLE_INIT && ended(p) && !c->self.stop_ms)
		c->self.stop_ms = c->self.start_ms;
}

static void restore_container(struct tree *t, struct proc *p,
			      const struct saved *s)
{
	struct container_priv *c;

	if (!*s->id)
		return;
	c = container_of_id(t, s->ns, s->id, *s->bundle ? s->bundle : NULL);
	if (!c)
		return;
	container_join(t, p, &c->self);
	restore_times(c, p, s);
	if (p->role == ROLE_SHIM && p->priv->verb == VERB_SHIM && !ended(p))
		container_set_shim(c, p);
}

/* Whose numbers its children have. */
static void restore_ns(struct tree *t, struct proc *p)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;
	struct pidns *ns = t->host_ns;

	if (p->role >= ROLE_INIT && c) {
		if (!c->ns)
			c->ns = pidns_new(t->host_ns);
		ns = c->ns;
	}
	if (p->role == ROLE_INIT && !ended(p))
		ns->init = p;
	if (p->role == ROLE_MEMBER && p->parent && p->parent->priv->ns)
		ns = p->parent->priv->ns;
	proc_set_ns(p, ns);
}

const struct proc *tree_restore(struct tree *t, const struct saved *s,
				const struct proc *parent)
{
	struct proc *p;

	if ((!parent && s->role != ROLE_ROOT && s->role != ROLE_SHIM) ||
	    (s->role >= ROLE_INIT && !*s->id) ||
	    t->n_placed >= t->options.max_processes)
		return NULL;
	p = proc_new(t, s->pid, s->start_ms + t->offset);
	snprintf(p->entity_id, sizeof(p->entity_id), "%s", s->entity);
	p->vpid = s->vpid;
	p->ppid = s->ppid;
	p->start_ms = s->start_ms;
	p->born_ms = s->born_ms;
	p->role = s->role;
	p->source = s->source;
	p->priv->state = STATE_PLACED;
	t->n_placed++;
	proc_set_image(p, image_get(t, s->exe, s->comm, NULL));
	proc_link(p, parent ? proc_of(parent->priv) : NULL);
	restore_priv(t, p, s);
	if (s->ended)
		restore_end(t, p, s);
	note_told(t, s);
	restore_container(t, p, s);
	restore_ns(t, p);
	if (p->role == ROLE_INIT || p->role == ROLE_EXEC)
		p->entry = p;
	else if (p->role == ROLE_MEMBER && parent)
		p->entry = parent->entry;
	if (p->role >= ROLE_INIT && !p->container) {
		proc_free(t, p);	/* there are too many containers */
		return NULL;
	}
	return p;
}
