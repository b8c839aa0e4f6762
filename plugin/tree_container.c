/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers: named by arguments, started and stopped with their init. */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static void forget_names(struct container_priv *c)
{
	struct container_names *n = &c->self.names;

	free((char *)(uintptr_t)c->self.bundle);
	c->self.bundle = NULL;
	free(n->name);
	free(n->image_name);
	free(n->image_tag);
	free(n->pod_name);
	free(n->pod_ns);
	free(n->pod_uid);
	for (size_t i = 0; i < n->n_labels; i++) {
		free(n->labels[i].key);
		free(n->labels[i].value);
	}
	free(n->labels);
	*n = (struct container_names){ 0 };
}

static void set_bundle(struct tree *t, struct container_priv *c,
		       const char *bundle)
{
	forget_names(c);
	c->self.bundle = must_dup(bundle);
	t->on_bundle(t->bundle_ctx, &c->self, &c->self.names);
}

void tree_on_bundle(struct tree *t, tree_names_fn *fn, void *ctx)
{
	t->on_bundle = fn;
	t->bundle_ctx = ctx;
}

static int by_key(const struct container_priv *a,
		  const struct container_priv *b)
{
	return strcmp(a->key, b->key);
}

/*
 * shim, which may be in another container (a pod's), or NULL. Its containers
 * are in an order that is the same after a restart.
 */
void container_set_shim(struct container_priv *c, struct proc *shim)
{
	if (c->shim)
		DL_DELETE2(c->shim->priv->rare->shim_of, c, shim_prev,
			   shim_next);
	c->shim = shim;
	if (shim)
		DL_INSERT_INORDER2(rare_of(shim->priv)->shim_of, c, by_key,
				   shim_prev, shim_next);
}

void container_prune(struct tree *t, struct container_priv *c)
{
	if (c->refs)
		return;
	container_set_shim(c, NULL);
	HASH_DELETE(hh, t->containers, c);
	t->n_containers--;
	timers_cancel(&t->timers, &c->timer);
	pidns_unref(c->ns);
	free((char *)(uintptr_t)c->self.id);
	free((char *)(uintptr_t)c->self.ns);
	forget_names(c);
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
		container_set_shim(c, NULL);
	c->refs--;
	container_prune(t, c);
}

/*
 * p is about to be freed. Its end, if it was not believed, has left it the
 * shim of containers that outlive it.
 */
void containers_forget(const struct proc *p)
{
	while (rarely(p->priv)->shim_of)
		container_set_shim(p->priv->rare->shim_of, NULL);
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

/* NULL if there is none. */
struct container_priv *container_known(struct tree *t, const char *ns,
				       const char *id)
{
	return find(t, ns, id);
}

/* By what /proc says; NULL if there are too many. bundle may be NULL. */
struct container_priv *container_of_id(struct tree *t, const char *ns,
				       const char *id, const char *bundle)
{
	struct container_priv *c = find(t, ns, id);

	if (!c && t->n_containers >= t->options.max_containers) {
		t->metrics->containers_evicted++;
		return NULL;
	}
	if (!c)
		c = make(t, ns, id);
	if (bundle && !c->self.bundle)
		set_bundle(t, c, bundle);
	return c;
}

/*
 * The one that p's arguments name, in containerd's namespace ns; NULL if
 * there are too many.
 */
struct container_priv *container_named(struct tree *t, const struct proc *p,
				       const char *ns)
{
	return container_of_id(t, ns, rarely(p->priv)->inv_id,
			       rarely(p->priv)->inv_bundle);
}

/*
 * The pid namespace of c's processes. p is the first seen in it: its init,
 * if p's runtime was told to create the container.
 */
struct pidns *container_ns(struct tree *t, struct container_priv *c,
			   struct proc *p)
{
	if (!c->ns)
		c->ns = pidns_new(t->host_ns);
	if (!c->ns->init && p->parent->priv->verb == VERB_CREATE)
		c->ns->init = p;
	return c->ns;
}

/*
 * A stopped container's id is used again, as ctr's users do. The one who
 * does is to join it.
 */
void container_renew(struct tree *t, struct container_priv *c,
		     const char *bundle)
{
	if (!c->self.stop_ms)
		return;
	c->refs++;	/* it may have been only ghosts' */
	container_due(t, c);
	c->refs--;
	timers_cancel(&t->timers, &c->timer);
	c->stop = (struct when){ 0 };
	c->self.start_ms = c->self.stop_ms = 0;
	c->init = NULL;
	c->gone = c->shim_deleted = (struct when){ 0 };
	c->starting = c->drained = false;
	pidns_unref(c->ns);
	c->ns = NULL;
	if (bundle)
		set_bundle(t, c, bundle);
}

static void gone(struct tree *t, struct container_priv *c,
		 const struct when *when);

/* p, its init, has executed the user's program. */
void container_start(struct tree *t, struct container_priv *c, struct proc *p)
{
	const struct when *when = &rarely(p->priv)->user_exec;
	struct change ch;

	p->priv->started = true;
	c->init = p;
	c->self.start_ms = when->time_ms;
	t->metrics->containers++;
	ch = change_of(t, CHANGE_CONTAINER_START, p);
	ch.time_ms = when->time_ms;
	ch.serial = when->serial;
	ch.outcome = 1;
	t->emit(t->ctx, &ch);
}

/* It is known already that it has gone. */
void container_catch_up(struct tree *t, struct container_priv *c)
{
	struct when when = c->gone;

	if (when.at && !c->self.stop_ms)
		gone(t, c, &when);
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
	if (!c->gone.at || when->at < c->gone.at)
		c->gone = *when;
	/* If its init had ended, the witness would have told. */
	if (c->init && !ended(c->init) && is_witnessed(t, when->at))
		return;
	if (c->init && (!ended(c->init) || c->init->priv->weak_end))
		end(t, c->init, EXIT_UNKNOWN, 0, when);
	else if (c->self.start_ms && !c->self.stop_ms)
		stop(t, c, when);
	if (c->self.stop_ms && !c->timer.place)
		timers_set(&t->timers, &c->timer,
			   when->at + t->options.linger_ms + COARSE_MS);
}

/* It is known better when p, whose end was told, ended. */
void container_restamp(struct proc *p)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;

	if (!c || c->init != p || !c->self.stop_ms)
		return;
	c->stop = (struct when){ p->priv->end_at, p->end_ms,
				 p->priv->end_serial, p->end_source };
	c->self.stop_ms = p->end_ms;
}

/* By "shim delete" it is gone, but it has not said so. */
static bool has_shim_left(const struct tree *t, const struct container_priv *c)
{
	return c->shim_deleted.at && c->shim &&
	       c->shim->container == &c->self && !ended(c->shim) &&
	       !is_witnessed(t, c->shim_deleted.at);
}

static uint64_t shim_due_at(const struct tree *t,
			    const struct container_priv *c)
{
	return c->shim_deleted.at + t->options.linger_ms + COARSE_MS;
}

/*
 * The init died, so the kernel killed its namespace; or all is over. A
 * while later whoever has not spoken never will.
 */
void container_due(struct tree *t, struct container_priv *c)
{
	struct pidns *ns = c->ns;
	bool local = ns && ns->mode == PIDNS_LOCAL;
	struct proc *p, *next;
	bool killed;

	c->refs++;	/* stays while we look */
	for (p = c->procs; p; p = next) {
		next = p->priv->container_next;
		if (!placed(p) || ended(p) || p->role < ROLE_INIT ||
		    is_witnessed(t, c->stop.at))
			continue;
		killed = local && is_in(p->priv->ns, ns) &&
			 p->priv->birth_at <= c->stop.at + COARSE_MS;
		if (killed)
			end(t, p, EXIT_INIT_DIED, 0, &c->stop);
		else if (c->gone.at)
			end(t, p, EXIT_UNKNOWN, 0, &c->stop);
	}
	if (local && c->drained)
		claims_drop_in(t, ns);
	if (has_shim_left(t, c) && t->now >= shim_due_at(t, c))
		end(t, c->shim, EXIT_UNKNOWN, 0, &c->shim_deleted);
	if (!c->drained)
		timers_set(&t->timers, &c->timer,
			   t->now + 2 * t->options.linger_ms);
	else if (has_shim_left(t, c))
		timers_set(&t->timers, &c->timer, shim_due_at(t, c));
	c->drained = true;
	c->refs--;
	container_prune(t, c);
}

static void end_shim(struct tree *t, const struct proc *shim,
		     const struct when *when)
{
	struct container_priv *c;

	while ((c = rarely(shim->priv)->shim_of)) {
		container_set_shim(c, NULL);
		gone(t, c, when);
	}
}

/*
 * "shim delete" is containerd's way to clean up after a shim that died, or has
 * hung up (cleanupAfterDeadShim() in its runtime/v2/shim.go): that one may be
 * there a while yet, and say itself that it ends.
 */
static void end_shim_delete(struct tree *t, struct container_priv *c,
			    const struct when *when)
{
	c->shim_deleted = *when;
	gone(t, c, when);
	if (has_shim_left(t, c) && !c->timer.place)
		timers_set(&t->timers, &c->timer, shim_due_at(t, c));
}

/*
 * p has ended: what that means for containers, once it is known what p
 * was.
 */
void container_end(struct tree *t, struct proc *p)
{
	struct container_priv *c = p->container ? p->container->priv : NULL;
	struct when when = { p->priv->end_at, p->end_ms, p->priv->end_serial,
			     SOURCE_INFERRED };

	/*
	 * What is not the shim's or containerd's child by their own word
	 * (see tree_role.c) ends nobody but itself.
	 */
	if (!c || p->priv->end_told ||
	    (p->parent && p->role < ROLE_INIT && !p->priv->exact))
		return;
	p->priv->end_told = true;
	if (c->init == p && !c->self.stop_ms)
		stop(t, c, &when);
	else if (p->role == ROLE_SHIM && p->priv->verb == VERB_SHIM)
		end_shim(t, p, &when);
	else if (p->role == ROLE_SHIM && p->priv->verb == VERB_SHIM_DELETE)
		end_shim_delete(t, c, &when);
	else if (p->role == ROLE_RUNTIME && p->priv->verb == VERB_DELETE &&
		 p->reason == EXIT_EXITED && p->exit_code == 0)
		gone(t, c, &when);
	else
		p->priv->end_told = false;	/* nothing, so far */
}
