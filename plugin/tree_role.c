/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process is follows from its parent, its birth and what it
 * executed. Any of these may become known last, so it is derived anew
 * when one does, for the process and for all below it.
 *
 * The arguments of runtime and shim name the container. They are believed
 * only outside of containers: what runs inside could call itself runc and
 * name another's.
 */
#include "tree_int.h"

#include <string.h>

static void take_invocation(struct proc_priv *v, const struct invocation *inv)
{
	struct rare *r = rare_of(v);

	v->verb = inv->verb;
	free(r->inv_id);
	free(r->inv_ns);
	free(r->inv_bundle);
	r->inv_id = inv->id ? must_dup(inv->id) : NULL;
	r->inv_ns = inv->ns ? must_dup(inv->ns) : NULL;
	r->inv_bundle = inv->bundle ? must_dup(inv->bundle) : NULL;
}

/* The executable, or where the record was torn, the program's own name. */
const char *program_of(const struct fact *f)
{
	if (f->exe)
		return f->exe;
	return f->comm ? f->comm : "";
}

/*
 * What the runtime starts is the user's: an image may well call its program
 * runc, and give it arguments that name another container.
 */
static bool is_below_runtime(const struct proc *p)
{
	return p->parent && (p->parent->priv->verb == VERB_CREATE ||
			     p->parent->priv->verb == VERB_EXEC);
}

/* Keeps what f, an exec by p, tells of what p is. */
void classify_exec(struct tree *t, struct proc *p, const struct fact *f)
{
	struct when when = { f->time_ms + t->offset, f->time_ms, f->serial,
			     SOURCE_AUDIT };
	struct proc_priv *v = p->priv;
	const char *args = f->args && f->args_count ? f->args : "";
	uint32_t count = f->args ? f->args_count : 0;
	const char *exe = program_of(f);
	struct invocation inv = { .verb = VERB_NONE };
	struct when first;

	if (p->role >= ROLE_INIT)
		return;
	if (name_listed(t->shims, exe))
		inv = parse_shim(args, count);
	else if (name_listed(t->runtimes, exe) ||
		 name_listed(t->runtimes, args))
		inv = parse_runtime(args, count);
	/* The runtime's last stage executes nothing but the user's program. */
	if (inv.verb == VERB_INIT && (v->ns_depth > 1 || v->last_stage))
		inv = (struct invocation){ .verb = VERB_NONE };
	if (inv.verb == VERB_INIT ||
	    (inv.verb != VERB_NONE && !is_below_runtime(p) &&
	     (inv.id || v->verb == VERB_NONE)))
		take_invocation(v, &inv);
	if (is_doubtful(p)) {
		v->doubted = v->verb;
		v->verb = VERB_NONE;
	}
	/* Below the runtime, even a shim's name may be the user's program. */
	first = rarely(v)->user_exec;
	if (inv.verb != VERB_INIT &&
	    (!first.at || when.at < first.at ||
	     (when.at == first.at && when.serial < first.serial)))
		rare_of(v)->user_exec = when;
}

/* What is derived, for comparing. */
struct derived {
	enum role role;
	struct container *container;
	struct pidns *ns;
	struct proc *entry;
	bool certain;
};

static struct derived derived_of(const struct proc *p)
{
	return (struct derived){ p->role, p->container, p->priv->ns, p->entry,
				 p->priv->certain };
}

static bool names_container(enum verb verb)
{
	switch (verb) {
	case VERB_CREATE:
	case VERB_EXEC:
	case VERB_DELETE:
	case VERB_OTHER:
		return true;
	case VERB_NONE:
	case VERB_INIT:
	case VERB_SHIM:
	case VERB_SHIM_START:
	case VERB_SHIM_DELETE:
		break;
	}
	return false;
}

static bool is_shim(enum verb verb)
{
	return verb == VERB_SHIM || verb == VERB_SHIM_START ||
	       verb == VERB_SHIM_DELETE;
}

static struct proc *shim_above(struct proc *p)
{
	while (p && p->role != ROLE_SHIM)
		p = p->parent;
	return p;
}

/* An ancestor has not been heard to execute anything: it may be a shim. */
static bool may_get_shim(const struct proc *p)
{
	for (; p && p->role == ROLE_RUNTIME; p = p->parent)
		if (p->priv->verb == VERB_NONE &&
		    !rarely(p->priv)->user_exec.at)
			return true;
	return false;
}

/* The runtime's container is in the namespace of the shim that called it. */
static void join_named(struct tree *t, struct proc *p, const char *ns)
{
	struct container_priv *c;

	if (!rarely(p->priv)->inv_id)
		return;
	c = container_named(t, p, ns);
	if (!c)
		return;
	/* What is left of the old one goes, and that may be a ghost itself. */
	if (p->priv->verb == VERB_CREATE && placed(p) &&
	    p->priv->exec_at > c->stop.at)
		container_renew(t, c, rarely(p->priv)->inv_bundle);
	if (p->container == &c->self)
		return;
	container_join(t, p, &c->self);
	if (p->priv->verb == VERB_OTHER)
		c->starting = true;
}

static void derive_shim(struct tree *t, struct proc *p)
{
	p->role = ROLE_SHIM;
	p->entry = NULL;
	proc_set_ns(p, t->host_ns);
	p->priv->certain = true;
	join_named(t, p,
		   rarely(p->priv)->inv_ns ? rarely(p->priv)->inv_ns : "");
	if (p->container && p->priv->verb == VERB_SHIM && !ended(p))
		container_set_shim(p->container->priv, p);
}

static void derive_runtime(struct tree *t, struct proc *p)
{
	struct proc *shim = shim_above(p->parent);
	const char *ns = shim && shim->container ? shim->container->ns : "";

	p->role = ROLE_RUNTIME;
	p->entry = NULL;
	proc_set_ns(p, t->host_ns);
	p->priv->certain = p->parent && p->parent->priv->certain;
	if (!shim && may_get_shim(p->parent))
		return;
	join_named(t, p, ns);
	if (p->container && shim && !p->container->priv->shim &&
	    shim->priv->verb == VERB_SHIM && !ended(shim))
		container_set_shim(p->container->priv, shim);
}

/*
 * /proc said so at its birth: it is in a pid namespace within the host's,
 * or in the container's own cgroup, where the runtime puts its stages and
 * no hook.
 */
static bool is_known_inside(const struct proc *p)
{
	const struct proc_priv *v = p->priv;

	return v->ns_depth > 1 || (v->cgroup && p->container &&
				   !strcmp(v->cgroup->text, p->container->id));
}

static bool has_sibling_inside(const struct proc *p)
{
	for (const struct proc *s = p->parent->priv->children; s;
	     s = s->priv->sibling_next)
		if (is_known_inside(s))
			return true;
	return false;
}

/*
 * A child of the runtime has executed another program than the runtime:
 * the user's, or a hook's. A hook is spawned by vfork while "create" runs
 * (libcontainer/configs, Command.Run); the container's first process is
 * cloned plainly, by runc's stages as their sibling, and executes when
 * "create" is over.
 */
static bool runs_user_program(const struct proc *p)
{
	const struct proc_priv *v = p->priv;
	const struct proc *runtime = p->parent;
	const struct container_priv *c = p->container->priv;

	/*
	 * The shim's child by its own word: a process of a container can
	 * make itself look like one, by clone with CLONE_PARENT.
	 */
	if (!rarely(v)->user_exec.at || !runtime->priv->exact)
		return false;
	if (runtime->priv->verb == VERB_EXEC)
		return true;
	if (runtime->priv->verb != VERB_CREATE)
		return false;
	if (is_known_inside(p))
		return true;
	if (has_sibling_inside(p))
		return false;
	if (v->last_stage || (c->init && c->init != p))
		return v->last_stage;
	if (v->exact && p->source != SOURCE_WITNESS)
		return !v->by_vfork;
	return v->settled && (ended(runtime) || c->starting);
}

/* The kernel's word counts for more than what the runtime was told to do. */
static void join_cgroup(struct tree *t, struct proc *p)
{
	const char *ns = p->parent->container ? p->parent->container->ns : "";
	struct container_priv *c;

	if (p->container && !strcmp(p->container->id, p->priv->cgroup->text))
		return;
	c = container_of_id(t, ns, p->priv->cgroup->text, NULL);
	if (c)
		container_join(t, p, &c->self);
}

/* What its children's numbers are in, if nothing else is known of it. */
static struct pidns *ns_for(const struct proc *p)
{
	struct pidns *nested = rarely(p->priv)->nested;

	return nested ? nested : p->parent->priv->ns;
}

/* Below the runtime: a stage of it, a hook, or the user's first process. */
static void derive_stage(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct proc *parent = p->parent;
	bool told = parent->priv->verb == VERB_CREATE ||
		    parent->priv->verb == VERB_EXEC;
	bool user;

	if (p->role == ROLE_INIT || p->role == ROLE_EXEC)
		return;		/* for good */
	if (parent->container)
		container_join(t, p, doubted_container(t, p));
	if (v->cgroup && told)
		join_cgroup(t, p);
	user = p->container && told && runs_user_program(p);
	if (user) {
		p->role = parent->priv->verb == VERB_CREATE ? ROLE_INIT :
							      ROLE_EXEC;
		p->entry = p;
	} else {
		p->role = ROLE_RUNTIME;
		p->entry = NULL;
	}
	if (p->container && told && (user || v->last_stage))
		proc_set_ns(p, container_ns(t, p->container->priv, p));
	else
		proc_set_ns(p, ns_for(p));
	v->certain = user || rarely(v)->nested ||
		     (parent->priv->certain &&
		      (v->exact || v->verb || parent->priv->ns != t->host_ns) &&
		      (!v->by_parent_flag || (told && p->container)));
}

/*
 * The shim's child, yet in a container: it was brought there before anybody
 * listened, or was made from within by CLONE_PARENT. What it calls itself
 * counts for nothing. So it is with a child of one who may be such.
 */
static bool is_inside(const struct proc *p)
{
	return p->parent &&
	       (p->parent->role == ROLE_SHIM || is_doubtful(p->parent)) &&
	       p->parent->container &&
	       (p->priv->ns_depth > 1 || p->priv->inside);
}

static enum role role_inside(const struct proc *p)
{
	const struct proc_priv *v = p->priv;

	if (p->source != SOURCE_CENSUS)
		return ROLE_MEMBER;
	if (v->shim_init || (p->vpid == 1 && v->ns_depth == 2))
		return ROLE_INIT;
	return ROLE_EXEC;
}

static void derive_inside(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct container_priv *c = p->parent->container->priv;

	if (v->cgroup)
		c = container_of_id(t, c->self.ns, v->cgroup->text,
				    rarely(v)->inv_bundle);
	if (!c)
		c = p->parent->container->priv;
	container_join(t, p, &c->self);
	p->role = role_inside(p);
	p->entry = p->role == ROLE_MEMBER ? NULL : p;
	if (!c->shim)
		container_set_shim(c, shim_above(p->parent));
	if (!c->ns)
		c->ns = pidns_new(t->host_ns);
	if (p->role == ROLE_INIT && !c->init && !c->self.stop_ms) {
		c->init = p;
		c->ns->init = p;
		c->self.start_ms = p->start_ms;
		v->started = true;
	}
	proc_set_ns(p, c->ns);
	v->certain = true;
}

static void derive_member(struct tree *t, struct proc *p)
{
	struct proc *parent = p->parent;

	p->role = ROLE_MEMBER;
	p->entry = parent->entry;
	if (parent->container)
		container_join(t, p, parent->container);
	proc_set_ns(p, ns_for(p));
	p->priv->certain = true;
}

static void derive_one(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (!p->parent && !is_shim(v->verb)) {
		p->role = ROLE_ROOT;
		p->entry = NULL;
		proc_set_ns(p, t->host_ns);
		v->certain = true;
	} else if (p->parent && p->parent->role >= ROLE_INIT) {
		derive_member(t, p);
	} else if (is_inside(p)) {
		derive_inside(t, p);
	} else if (is_below_runtime(p)) {
		derive_stage(t, p);
	} else if (is_shim(v->verb)) {
		derive_shim(t, p);
	} else if (names_container(v->verb)) {
		derive_runtime(t, p);
	} else {
		derive_stage(t, p);
	}
}

/* What is due when p has become what it is. */
static void follow_up(struct tree *t, struct proc *p)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;

	if (p->role == ROLE_INIT && !p->priv->started && c && !c->init &&
	    !c->self.start_ms)
		container_start(t, c, p);
	if (ended(p))
		container_end(t, p);
	if (c && c->init == p)
		container_catch_up(t, c);
}

static struct proc *next_below(struct proc *p, const struct proc *top,
			       bool descend)
{
	if (descend && p->priv->children)
		return p->priv->children;
	while (p != top && !p->priv->sibling_next)
		p = p->parent;
	return p == top ? NULL : p->priv->sibling_next;
}

static bool present(const struct proc *p)
{
	return p->priv->state == STATE_PLACED || p->priv->state == STATE_GHOST;
}

/* Something that p is derived from is known, or known better. */
void derive(struct tree *t, struct proc *top)
{
	size_t following = t->n_following;
	struct derived was, is;
	struct proc *p;
	bool changed;

	for (p = top; p; p = next_below(p, top, changed)) {
		was = derived_of(p);
		if (present(p))
			derive_one(t, p);
		is = derived_of(p);
		changed = was.role != is.role ||
			  was.container != is.container || was.ns != is.ns ||
			  was.entry != is.entry || was.certain != is.certain;
		if (p == top || changed)
			follow_up(t, p);
		/* What it was invoked to do matters to its children too. */
		changed = changed || (p == top && p->role < ROLE_INIT);
		if (p->priv->n_pending && p->priv->certain && placed(p))
			release(t, p);
	}
	follow_in_order(t, following);
}
