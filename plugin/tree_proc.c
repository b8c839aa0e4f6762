/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct shared *shared_new(const char *text)
{
	size_t len = strlen(text) + 1;
	struct shared *shared = must(malloc(sizeof(*shared) + len));

	shared->refs = 1;
	memcpy(shared->text, text, len);
	return shared;
}

void shared_unref(struct shared *shared)
{
	if (shared && !--shared->refs)
		free(shared);
}

struct rare *rare_of(struct proc_priv *v)
{
	if (!v->rare)
		v->rare = must(calloc(1, sizeof(*v->rare)));
	return v->rare;
}

static void rare_free(struct proc_priv *v)
{
	if (!v->rare)
		return;
	pidns_unref(v->rare->nested);
	free(v->rare->inv_id);
	free(v->rare->inv_ns);
	free(v->rare->inv_bundle);
	free(v->rare);
}

void proc_set_image(struct proc *p, struct image *image)
{
	image_unref(p->image);
	p->image = image;
}

struct cred *cred_ref(struct cred *cred)
{
	cred->refs++;
	return cred;
}

void cred_unref(struct cred *cred)
{
	if (cred && !--cred->refs)
		free(cred);
}

struct cred *cred_new(const struct fact *f)
{
	const char *user = f && f->user ? f->user : "";
	struct cred *cred = must(malloc(sizeof(*cred) + strlen(user) + 1));

	cred->refs = 1;
	cred->uid = f ? f->uid : ID_UNSET;
	cred->gid = f ? f->gid : ID_UNSET;
	cred->auid = f ? f->auid : ID_UNSET;
	cred->ses = f ? f->ses : ID_UNSET;
	strcpy(cred->user, user);
	return cred;
}

/* What f says of who runs p; p keeps what it has where f says the same. */
void proc_set_cred(struct proc *p, const struct fact *f)
{
	const struct cred *c = p->cred;

	if (c->uid == f->uid && c->gid == f->gid && c->auid == f->auid &&
	    c->ses == f->ses && !strcmp(c->user, f->user ? f->user : ""))
		return;
	cred_unref(p->cred);
	p->cred = cred_new(f);
}

struct proc *proc_new(struct tree *t, pid_t pid, uint64_t at)
{
	struct whole *w = pool_get(&t->pool);
	struct proc *p = &w->proc;
	struct proc_priv *v = &w->priv;

	p->priv = v;
	p->pid = pid;
	p->role = ROLE_RUNTIME;
	p->image = image_ref(t->no_image);
	p->cred = cred_ref(t->no_cred);
	v->birth_at = at;
	v->state = STATE_LIMBO;
	pids_add(&t->pids, p);
	given_new(t, pid);
	v->all_next = t->all;
	if (t->all)
		t->all->priv->all_prev = p;
	else
		t->oldest = p;
	t->all = p;
	return p;
}

/* Whether p is known to have ended before that time. */
bool had_gone(const struct proc *p, uint64_t at)
{
	const struct proc_priv *v = p->priv;

	if (ended(p))
		return at > v->end_at + COARSE_MS;
	return !placed(p) && v->youth && v->youth->quit_at &&
	       at > v->youth->quit_at + COARSE_MS;
}

/*
 * Whoever had this pid at that time; if that one had gone, who is heard of
 * under it next; NULL if nobody the tree knows.
 */
struct proc *proc_find(struct tree *t, pid_t pid, uint64_t at)
{
	struct proc *p = pids_newest(&t->pids, pid);
	struct proc *newer = NULL, *older;

	if (!p)
		return NULL;
	while (p->priv->birth_at > at + COARSE_MS && (older = pids_older(p))) {
		newer = p;
		p = older;
	}
	if (newer && had_gone(p, at) &&
	    newer->priv->birth_at <= at + t->options.linger_ms)
		return newer;
	return p;
}

void proc_link(struct proc *p, struct proc *parent)
{
	p->parent = parent;
	if (!parent)
		return;
	p->priv->sibling_next = parent->priv->children;
	if (parent->priv->children)
		parent->priv->children->priv->sibling_prev = p;
	parent->priv->children = p;
}

void proc_unlink(struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (!p->parent)
		return;
	if (v->sibling_prev)
		v->sibling_prev->priv->sibling_next = v->sibling_next;
	else
		p->parent->priv->children = v->sibling_next;
	if (v->sibling_next)
		v->sibling_next->priv->sibling_prev = v->sibling_prev;
	v->sibling_prev = v->sibling_next = NULL;
	p->parent = NULL;
}

bool proc_descends(const struct proc *p, const struct proc *ancestor)
{
	for (p = p->parent; p; p = p->parent)
		if (p == ancestor)
			return true;
	return false;
}

static void unlist(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (v->all_prev)
		v->all_prev->priv->all_next = v->all_next;
	else
		t->all = v->all_next;
	if (v->all_next)
		v->all_next->priv->all_prev = v->all_prev;
	else
		t->oldest = v->all_prev;
	if (t->to_save == p)
		t->to_save = v->all_prev;
}

static void forget_init(struct proc *p)
{
	struct pidns *nested = rarely(p->priv)->nested;

	for (struct pidns *ns = p->priv->ns; ns; ns = ns->outer)
		if (ns->init == p)
			ns->init = NULL;
	if (nested && nested->init == p)
		nested->init = NULL;
}

/* Takes the record out of every list and frees it. */
void proc_free(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (v->state == STATE_LIMBO || v->state == STATE_WAITING)
		limbo_drop(t, p);
	else
		t->n_placed--;
	unshow_parent(t, p);
	if (v->claim)
		v->claim->answer = NULL;
	if (v->state != STATE_GHOST)
		pids_remove(&t->pids, p);
	timers_cancel(&t->timers, &v->timer);
	container_leave(t, p);
	containers_forget(p);
	proc_unlink(p);
	while (v->children)
		proc_unlink(v->children);
	forget_init(p);
	proc_set_ns(p, NULL);
	unlist(t, p);
	drop_pending(t, p);
	rare_free(v);
	shared_unref(v->cgroup);
	image_unref(p->image);
	image_unref(v->old_image);
	cred_unref(p->cred);
	pool_put(&t->pool, p);
}

void proc_give_final(struct tree *t, struct proc *p)
{
	struct change c;

	if (p->priv->finished || !placed(p))
		return;
	p->priv->finished = true;
	c = change_of(t, ended(p) ? CHANGE_END : CHANGE_CENSUS, p);
	t->final(t->final_ctx, &c);
}

static bool has_present_child(const struct proc *p)
{
	for (struct proc *c = p->priv->children; c; c = c->priv->sibling_next)
		if (c->priv->state != STATE_GHOST)
			return true;
	return false;
}

/*
 * A ghost is needed while a child that is none may have to tell its
 * parent, or a claim its owner. The first process of a container is the
 * entry leader of all below it, and is needed as long as there are any.
 */
static bool is_needed(const struct proc *p)
{
	return p->priv->state != STATE_GHOST || p->priv->n_claims ||
	       has_present_child(p) || (p->priv->children && p->entry == p);
}

/*
 * Lets ghosts go, from p upwards. What is left below one is ghosts too;
 * they move up, and so a chain of ghosts never grows.
 */
void proc_prune(struct tree *t, struct proc *p)
{
	struct proc *parent, *child;

	while (p && !is_needed(p)) {
		parent = p->parent;
		while ((child = p->priv->children)) {
			proc_unlink(child);
			proc_link(child, parent);
			t->metrics->ghosts_cut++;
		}
		proc_free(t, p);
		p = parent;
	}
}

/*
 * From now on it is an ancestor at most, and its pid another's. All births
 * that are settled have inherited its arguments; if none is open, nobody
 * asks for them again.
 */
void proc_bury(struct tree *t, struct proc *p)
{
	if (p->image->args && !p->priv->n_claims)
		proc_set_image(p, image_get(t, p->image->program->exe,
					    p->image->program->comm, NULL));
	pids_remove(&t->pids, p);
	p->priv->state = STATE_GHOST;
}

/*
 * Somebody has shown p as its parent, and waits. It may have done so long
 * after p ended, by what p said: a process may take its time for that, to
 * dump core or to give its memory back.
 */
static bool stay_for_child(struct tree *t, struct proc *p)
{
	for (struct proc *c = first_showing(t, p->pid); c;
	     c = next_showing(c)) {
		if (c->priv->state != STATE_WAITING || shown_parent(t, c) != p)
			continue;
		timers_set(&t->timers, &p->priv->timer,
			   timers_at(&t->timers, &c->priv->timer) + 1);
		return true;
	}
	return false;
}

/* It ended long enough ago: from now on it is an ancestor at most. */
void proc_remove(struct tree *t, struct proc *p)
{
	if (stay_for_child(t, p))
		return;
	if (p->priv->n_pending)
		force(t, p);
	if (p->priv->claim)
		claim_settle(t, p->priv->claim);
	proc_give_final(t, p);
	proc_bury(t, p);
	proc_prune(t, is_needed(p) ? p->parent : p);
}
