/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers and roles. The runtime's and the shim's arguments name the
 * container. They are believed only outside of containers: what runs
 * inside could call itself runc and name another's.
 */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static char *must_dup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		abort();
	return copy;
}

void container_prune(struct tree *t, struct container_priv *c)
{
	if (c->refs)
		return;
	HASH_DELETE(hh, t->containers, c);
	t->n_containers--;
	timers_cancel(&t->timers, &c->timer);
	pidns_unref(c->ns);
	free((char *)(uintptr_t)c->self.id);
	free((char *)(uintptr_t)c->self.ns);
	free((char *)(uintptr_t)c->self.bundle);
	free(c->key);
	free(c);
}

void container_leave(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;
	struct container_priv *c = p->container ? p->container->priv : NULL;

	if (!c)
		return;
	if (v->container_prev)
		v->container_prev->priv->container_next = v->container_next;
	else
		c->procs = v->container_next;
	if (v->container_next)
		v->container_next->priv->container_prev = v->container_prev;
	v->container_prev = v->container_next = NULL;
	p->container = NULL;
	if (c->init == p)
		c->init = NULL;
	if (c->shim == p)
		c->shim = NULL;
	c->refs--;
	container_prune(t, c);
}

void container_join(struct tree *t, struct proc *p, struct container *container)
{
	struct container_priv *c = container->priv;

	if (p->container == container)
		return;
	c->refs++;
	container_leave(t, p);
	p->priv->container_next = c->procs;
	if (c->procs)
		c->procs->priv->container_prev = p;
	c->procs = p;
	p->container = container;
}

static struct container_priv *find(struct tree *t, const char *ns,
				   const char *id)
{
	size_t len = strlen(ns) + strlen(id) + 2;
	char *key = malloc(len);
	struct container_priv *c;

	if (!key)
		abort();
	snprintf(key, len, "%s\n%s", ns, id);
	HASH_FIND(hh, t->containers, key, len - 1, c);
	free(key);
	return c;
}

static struct container_priv *make(struct tree *t, const char *ns,
				   const char *id)
{
	size_t len = strlen(ns) + strlen(id) + 2;
	struct container_priv *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->self.priv = c;
	c->self.id = must_dup(id);
	c->self.ns = must_dup(ns);
	/* dockerd's own namespace; the rest is containerd's, CRI included. */
	c->self.runtime = strcmp(ns, "moby") ? "containerd" : "docker";
	c->tree = t;
	c->timer.kind = TIMER_DYING;
	c->key = malloc(len);
	if (!c->key)
		abort();
	snprintf(c->key, len, "%s\n%s", ns, id);
	HASH_ADD_KEYPTR(hh, t->containers, c->key, len - 1, c);
	t->n_containers++;
	return c;
}

/* p names it, and so carries it from now on. */
static struct container_priv *name_container(struct tree *t, struct proc *p,
					     const char *ns,
					     const struct invocation *inv)
{
	struct container_priv *c = find(t, ns, inv->id);

	if (!c && t->n_containers >= t->options.max_containers) {
		t->metrics->containers_evicted++;
		return NULL;
	}
	/* A stopped one's id may be used again, as ctr's users do. */
	if (!c)
		c = make(t, ns, inv->id);
	if (inv->bundle && !c->self.bundle)
		c->self.bundle = must_dup(inv->bundle);
	container_join(t, p, &c->self);
	return c;
}

static struct proc *shim_above(struct proc *p)
{
	while (p && p->role != ROLE_SHIM)
		p = p->parent;
	return p;
}

static void exec_shim(struct tree *t, struct proc *p, const struct fact *f)
{
	struct invocation inv = parse_shim(f->args, f->args_count);
	struct container_priv *c;

	p->role = ROLE_SHIM;
	p->priv->verb = inv.verb;
	if (!inv.id)
		return;
	c = name_container(t, p, inv.ns ? inv.ns : "", &inv);
	if (c && inv.verb == VERB_SHIM)
		c->shim = p;
}

/* The container is made anew under an id that was used before. */
static void renew(struct tree *t, struct container_priv *c)
{
	if (!c->self.stop_ms)
		return;
	timers_cancel(&t->timers, &c->timer);
	container_due(t, c);
	c->self.start_ms = c->self.stop_ms = 0;
	c->init = NULL;
	c->dead = c->starting = false;
	pidns_unref(c->ns);
	c->ns = NULL;
}

static void exec_runtime(struct tree *t, struct proc *p,
			 const struct invocation *inv)
{
	struct proc *shim = shim_above(p);
	const char *ns = shim && shim->container ? shim->container->ns : "";
	struct container_priv *c;

	p->priv->verb = inv->verb;
	c = inv->id ? name_container(t, p, ns, inv) : NULL;
	if (!c)
		return;
	if (inv->verb == VERB_CREATE)
		renew(t, c);
	if (inv->verb == VERB_OTHER)
		c->starting = true;
	if (!c->shim && shim && shim->priv->verb == VERB_SHIM && !ended(shim))
		c->shim = shim;
}

/* The runtime's last stage lives in the container's pid namespace already. */
void container_stage(struct tree *t, struct proc *p)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;
	enum verb verb = p->parent ? p->parent->priv->verb : VERB_NONE;

	if (!p->priv->last_stage || !c ||
	    (verb != VERB_CREATE && verb != VERB_EXEC))
		return;
	if (!c->ns) {
		c->ns = pidns_new(t->host_ns);
		if (verb == VERB_CREATE)
			c->ns->init = p;
	}
	proc_set_ns(p, c->ns);
}

static void start(struct tree *t, struct container_priv *c, struct proc *p,
		  const struct fact *f)
{
	struct change ch;

	p->role = ROLE_INIT;
	p->priv->last_stage = true;
	c->init = p;
	c->self.start_ms = f->time_ms;
	t->metrics->containers++;
	ch = change_of(t, CHANGE_CONTAINER_START, p);
	ch.source = f->source;
	ch.time_ms = f->time_ms;
	ch.serial = f->serial;
	ch.outcome = 1;
	t->emit(t->ctx, &ch);
}

/*
 * A child of the runtime runs another program than the runtime: the
 * user's, or a hook's. A hook is spawned by vfork while "create" runs
 * (libcontainer/configs, Command.Run); the container's first process is
 * cloned plainly by a stage, and goes on when "create" is over.
 */
static bool is_hook(const struct proc *p, const struct container_priv *c)
{
	const struct proc *runtime = p->parent;

	if (runtime->priv->verb == VERB_EXEC || p->priv->last_stage ||
	    p->priv->by_parent_flag)
		return false;
	if (c->init)
		return true;
	return p->priv->by_vfork || !(ended(runtime) || c->starting ||
				      p->priv->exact);
}

static void exec_user(struct tree *t, struct proc *p, const struct fact *f)
{
	struct container_priv *c = p->container->priv;
	enum verb verb = p->parent->priv->verb;

	if (is_hook(p, c))
		return;
	if (verb == VERB_CREATE)
		start(t, c, p, f);
	else
		p->role = ROLE_EXEC;
	p->entry = p;
	p->priv->last_stage = true;
	container_stage(t, p);
}

/* p executes something: it may be somebody else now. */
void container_exec(struct tree *t, struct proc *p, const struct fact *f)
{
	const char *exe = f->exe ? f->exe : "";
	const char *arg0 = f->args && f->args_count ? f->args : "";
	enum verb above = p->parent ? p->parent->priv->verb : VERB_NONE;
	struct invocation inv;

	if (p->role == ROLE_ROOT || p->role >= ROLE_INIT)
		return;
	if (name_listed(t->shims, exe)) {
		exec_shim(t, p, f);
		return;
	}
	inv = parse_runtime(f->args ? f->args : "", f->args ? f->args_count : 0);
	if (!name_listed(t->runtimes, exe) && !name_listed(t->runtimes, arg0))
		inv.verb = VERB_NONE;
	if (inv.verb != VERB_NONE && inv.verb != VERB_INIT)
		exec_runtime(t, p, &inv);
	else if (inv.verb == VERB_NONE && p->container &&
		 (above == VERB_CREATE || above == VERB_EXEC))
		exec_user(t, p, f);
}

static bool is_in(const struct pidns *ns, const struct pidns *outer)
{
	for (; ns; ns = ns->outer)
		if (ns == outer)
			return true;
	return false;
}

static void stop(struct tree *t, struct container_priv *c,
		 const struct when *when)
{
	struct change ch = change_of(t, CHANGE_CONTAINER_STOP, c->init);

	c->stop = *when;
	c->self.stop_ms = when->time_ms;
	ch.container = &c->self;
	ch.source = c->init ? c->init->end_source : SOURCE_INFERRED;
	ch.time_ms = when->time_ms;
	ch.serial = when->serial;
	t->emit(t->ctx, &ch);
	/* What the rest said before they were killed may still come. */
	timers_set(&t->timers, &c->timer,
		   when->at + t->options.linger_ms + COARSE_MS);
}

/* The runtime or the shim has done away with it. */
static void gone(struct tree *t, struct container_priv *c,
		 const struct when *when)
{
	struct when seen = { when->at, when->time_ms, 0 };

	c->dead = true;
	if (c->init && !ended(c->init))
		end(t, c->init, EXIT_UNKNOWN, 0, &seen);
	else if (c->self.start_ms && !c->self.stop_ms)
		stop(t, c, when);
	else if (c->self.stop_ms && !c->timer.place)
		timers_set(&t->timers, &c->timer,
			   when->at + t->options.linger_ms + COARSE_MS);
}

/* The init died, so the kernel killed its namespace; or all is over. */
void container_due(struct tree *t, struct container_priv *c)
{
	struct pidns *ns = c->ns;
	struct proc *p, *next;
	bool killed;

	c->refs++;	/* stays while we look */
	for (p = c->procs; p; p = next) {
		next = p->priv->container_next;
		if (!placed(p) || ended(p) || p->role < ROLE_INIT)
			continue;
		killed = ns && ns->mode != PIDNS_HOST &&
			 is_in(p->priv->ns, ns) &&
			 p->priv->birth_at <= c->stop.at + COARSE_MS;
		if (killed)
			end(t, p, EXIT_INIT_DIED, 0, &c->stop);
		else if (c->dead)
			end(t, p, EXIT_UNKNOWN, 0, &c->stop);
	}
	if (ns && ns->mode != PIDNS_HOST)
		claims_drop_in(t, ns);
	c->refs--;
	container_prune(t, c);
}

static void end_shim(struct tree *t, const struct proc *shim,
		     const struct when *when)
{
	struct container_priv *c, *next;

	HASH_ITER(hh, t->containers, c, next) {
		if (c->shim == shim) {
			c->shim = NULL;
			gone(t, c, when);
		}
	}
}

/* "shim delete" is containerd's way to clean up after a shim that died. */
static void end_shim_delete(struct tree *t, struct container_priv *c,
			    const struct when *when)
{
	struct when seen = { when->at, when->time_ms, 0 };
	struct proc *shim = c->shim;

	if (shim && shim->container == &c->self && !ended(shim))
		end(t, shim, EXIT_UNKNOWN, 0, &seen);
	gone(t, c, when);
}

/* p has ended: what that means for containers. */
void container_end(struct tree *t, struct proc *p, const struct when *when)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;

	if (!c)
		return;
	if (p->role == ROLE_INIT && c->init == p && !c->self.stop_ms) {
		stop(t, c, when);
		return;
	}
	switch (p->priv->verb) {
	case VERB_SHIM:
		end_shim(t, p, when);
		break;
	case VERB_SHIM_DELETE:
		end_shim_delete(t, c, when);
		break;
	case VERB_DELETE:
		if (p->reason == EXIT_EXITED && p->exit_code == 0)
			gone(t, c, when);
		break;
	case VERB_NONE:
	case VERB_CREATE:
	case VERB_EXEC:
	case VERB_INIT:
	case VERB_OTHER:
	case VERB_SHIM_START:
		break;
	}
}
