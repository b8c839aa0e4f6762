/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is whose child: giving a process its place in the tree. */
#include "tree_int.h"

#include <stdio.h>
#include <string.h>

static uint32_t hash_node(const char *node)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *node; node++)
		h = (h ^ (unsigned char)*node) * 16777619u;
	return h;
}

/*
 * Node, pid and birth, as they are known when it is first spoken of. A
 * birth learned more exactly later changes neither the name nor what is told.
 * No kernel has pids of more than seven digits (PID_MAX_LIMIT), and no time is
 * beyond the year 2500.
 */
static void name_entity(const struct tree *t, struct proc *p)
{
	p->start_ms = event_ms(t, p->priv->birth_at);
	snprintf(p->entity_id, sizeof(p->entity_id), "%08x-%u-%llx",
		 hash_node(t->node), (unsigned int)p->pid % 10000000,
		 (unsigned long long)p->start_ms & 0xfffffffffff);
}

/* What the clone call itself tells of the child. */
static void set_birth(struct proc *p, const struct birth *b)
{
	struct proc_priv *v = p->priv;

	if (b->exact) {
		v->exact = true;
		v->birth_at = b->at;
	}
	if (b->looked)
		look_at(p, b->looked);
	if (!b->caller)
		return;
	v->by_vfork = b->call == FORK_VFORK || b->flags & FLAG_VFORK;
	v->by_parent_flag = b->flags & FLAG_PARENT;
	/* runc: stage 0 clones stage 1, which clones the last, as siblings. */
	v->last_stage = v->by_parent_flag && b->caller->priv->by_parent_flag;
}

static void inherit(struct tree *t, struct proc *p)
{
	inherit_image(t, p);
	cred_unref(p->cred);
	p->cred = cred_ref(p->parent->cred);
}

static void tell_birth(struct tree *t, struct proc *p, uint64_t serial)
{
	struct change c = change_of(t, CHANGE_FORK, p);

	c.source = p->source;
	c.time_ms = p->start_ms;
	c.serial = serial;
	if (!p->parent)
		c.kind = CHANGE_CENSUS;
	t->emit(t->ctx, &c);
}

/* It was there, and /proc told. */
static void tell_found(struct tree *t, const struct proc *p,
		       const struct fact *f)
{
	struct change c = change_of(t, CHANGE_CENSUS, p);

	c.source = SOURCE_CENSUS;
	c.time_ms = f->time_ms;
	t->emit(t->ctx, &c);
}

/* What it executes and who runs it, as /proc has it. */
static void take_found(struct tree *t, struct proc *p, const struct fact *f)
{
	proc_set_image(p, image_get(t, f->exe, f->comm, f));
	proc_set_cred(p, f);
	p->ppid = f->ppid;
	classify_exec(t, p, f);
}

/* A clone with CLONE_NEWPID inside a container: a namespace within. */
static void enter_nested(struct proc *p, const struct claim *c)
{
	if (c->call != FORK_CLONE || !(c->flags & FLAG_NEWPID))
		return;
	p->vpid = 1;
	pidns_begin(c->ns, p);
}

void answer(struct proc *p, struct claim *c)
{
	claim_answer(c, p);
	enter_nested(p, c);
}

/* Its birth may still turn out to have been another's. */
static bool is_tentative(const struct proc *p)
{
	const struct proc *parent = p->parent;

	return parent && !p->priv->exact &&
	       (!parent->priv->certain || parent->priv->ns->mode != PIDNS_HOST);
}

/* Gives p its place. */
static void place(struct tree *t, struct proc *p, const struct birth *b)
{
	struct proc_priv *v = p->priv;
	uint64_t serial = b->exact ? b->serial : v->first_serial;
	struct pending pending = take_pending(t, p);
	bool found = b->looked && b->source == SOURCE_CENSUS;

	limbo_drop(t, p);
	v->state = STATE_PLACED;
	t->n_placed++;
	t->metrics->processes++;
	timers_cancel(&t->timers, &v->timer);
	v->birth_at = v->first_at;
	p->source = b->source;
	proc_link(p, b->parent);
	if (b->parent)
		inherit(t, p);
	else
		v->verb = b->role == ROLE_SHIM ? VERB_SHIM : VERB_NONE;
	set_birth(p, b);
	recall_vouch(t, p);
	if (b->claim) {
		answer(p, b->claim);
		serial = b->claim->serial;
	}
	name_entity(t, p);
	v->settled = !is_tentative(p);
	rearm_settling(t, p);
	if (v->settled)
		unshow_parent(t, p);
	if (found)
		take_found(t, p, b->looked);
	corroborate(t, p);
	derive(t, p);
	if (v->heard && v->first_serial < t->serial)
		v->ns->late_at = t->now;
	if (pending.n) {
		identify(t, p, pending.list[0]);
		v->last_at = 0;
		v->last_serial = 0;
	}
	if (found)
		tell_found(t, p, b->looked);
	else
		tell_birth(t, p, serial);
	if (!b->looked)
		t->adopted(t->adopted_ctx, p->pid);
	follow_place(t, p, pending);
}

/* False if the tree is full: p is forgotten then. */
bool enter(struct tree *t, struct proc *p, const struct birth *b)
{
	if (t->n_placed >= t->options.max_processes) {
		t->metrics->processes_evicted++;
		if (b->parent)
			b->parent->priv->had_child = true;
		proc_free(t, p);
		lose(t);
		return false;
	}
	place(t, p, b);
	return true;
}

static bool place_answering(struct tree *t, struct proc *p, struct claim *c)
{
	struct birth b = {
		.parent = c->owner,
		.source = SOURCE_AUDIT,
		.caller = c->caller,
		.call = c->call,
		.exact = true,
		.at = c->at,
		.time_ms = c->time_ms,
		.serial = c->serial,
	};
	bool ret = enter(t, p, &b);

	claim_drop(t, c);
	return ret;
}

bool place_judged(struct tree *t, struct proc *p, struct proc *q,
		  const struct verdict *v)
{
	struct birth b = {
		.parent = v->parent,
		.source = v->parent == q ? SOURCE_AUDIT : SOURCE_INFERRED,
		.claim = v->claim,
	};

	p->priv->sure = v->sure;
	return enter(t, p, &b);
}

/* Whether p, which has no place yet, runs a program that is on the list. */
bool runs_listed(const struct proc *p, const char *list)
{
	const struct proc_priv *v = p->priv;

	for (size_t i = 0; i < v->n_pending; i++)
		if (name_listed(list, program_of(v->youth->pending[i])))
			return true;
	return false;
}

bool place_root(struct tree *t, struct proc *p)
{
	struct birth b = { .role = ROLE_ROOT, .source = SOURCE_AUDIT };

	return enter(t, p, &b);
}

static void wait_in(struct tree *t, struct proc *p, struct pidns *ns)
{
	if (p->priv->state == STATE_WAITING)
		return;
	p->priv->state = STATE_WAITING;
	proc_set_ns(p, ns);
	p->priv->waiting_next = ns->waiting;
	if (ns->waiting)
		ns->waiting->priv->waiting_prev = p;
	ns->waiting = p;
	if (p->priv->youth && p->priv->youth->n_forks)
		ns->n_hidden++;
	rearm_settling(t, p);
}

/*
 * Whether q had ended when p showed its pid: who had it next may have been
 * p's parent, and speak later.
 */
static bool was_gone(const struct proc *q, const struct proc *p)
{
	return ended(q) && q->priv->end_at + COARSE_MS < p->priv->first_at;
}

/* The parent that p showed first, if it is in the tree. */
struct proc *shown_parent(struct tree *t, const struct proc *p)
{
	const struct proc_priv *v = p->priv;
	struct proc *q;

	if (!v->first_ppid)
		return NULL;
	q = proc_find(t, v->first_ppid, v->first_at);
	/* Ended or not: it may take its time, to dump core for one. */
	if (!q || q == p || !placed(q))
		return NULL;
	/* Another had its pid before it was heard, or after it ended. */
	if (q->priv->birth_at > v->first_at + COARSE_MS &&
	    was_given(t, q->pid, v->first_at - 2 * t->options.linger_ms,
		      v->first_at + COARSE_MS))
		return NULL;
	if (was_gone(q, p) && was_given(t, q->pid, q->priv->end_at + 1,
					v->first_at + t->options.linger_ms))
		return NULL;
	return q;
}

/*
 * Whether p may be the process that c announced by its host pid, or whether
 * that was a thread, and the number has come round since: a child shows its
 * parent, or who took that one's children (find_new_reaper() in
 * kernel/exit.c), the host's init or somebody above.
 */
static bool fits_claim(struct tree *t, const struct claim *c,
		       const struct proc *p)
{
	const struct proc *q = shown_parent(t, p);

	if (c->at > p->priv->first_at + COARSE_MS)
		return false;
	if (q == c->owner || p->priv->first_ppid <= 1)
		return true;
	return q && proc_descends(c->owner, q);
}

/* Places p if it is clear where. True if p left the list it was in. */
bool consider(struct tree *t, struct proc *p)
{
	struct verdict v;
	struct claim *c = claimed_newest(&t->host_claims, p->pid);
	struct proc *q;

	if (c && fits_claim(t, c, p)) {
		place_answering(t, p, c);
		return true;
	}
	if (p->priv->first_ppid == 1 && runs_listed(p, t->roots)) {
		place_root(t, p);
		return true;
	}
	q = shown_parent(t, p);
	/* If numbers come round, who had that one next may speak later. */
	if (!q ||
	    (p->priv->state == STATE_LIMBO && t->end_pid && was_gone(q, p) &&
	     t->now <= p->priv->first_at + t->options.linger_ms))
		return false;
	v = (struct verdict){ true, q, NULL, false };
	if (q->priv->ns->mode != PIDNS_HOST)
		v = claims_judge(t, p, q, false);
	if (v.decided) {
		place_judged(t, p, q, &v);
		return true;
	}
	wait_in(t, p, q->priv->ns);
	return p->priv->state != STATE_WAITING;
}

/* More is known than when p was placed: it is another's child. */
void reparent(struct tree *t, struct proc *p, struct proc *parent,
	      enum source source, uint64_t serial)
{
	struct proc *was = p->parent;

	if (was == parent || p == parent || proc_descends(parent, p))
		return;
	proc_unlink(p);
	proc_link(p, parent);
	p->source = source;
	/* As if it had a claim: who is below p may still name it. */
	if (was)
		was->priv->n_claims++;
	derive(t, p);
	t->metrics->corrected++;
	tell_birth(t, p, serial);
	if (was)
		was->priv->n_claims--;
	proc_prune(t, was);
}

/* Whether p, if it lives, may be who was born then. */
static bool fits_birth(const struct proc *p, const struct birth *b)
{
	const struct proc_priv *v = p->priv;

	/* The kernel tells of each birth once. */
	if (b->source == SOURCE_WITNESS && p->source == SOURCE_WITNESS &&
	    ended(p))
		return false;
	if (b->looked && b->looked->born_ms &&
	    !is_born_at(p, b->looked->born_ms))
		return false;
	if (v->exact)
		return b->at <= v->birth_at + COARSE_MS;
	return v->first_at + COARSE_MS >= b->at;
}

/* p was placed by the parent it showed; now its birth itself is heard of. */
static void complete_birth(struct tree *t, struct proc *p,
			   const struct birth *b)
{
	if (p->priv->exact)
		return;
	claim_unanswer(p);
	set_birth(p, b);
	reparent(t, p, b->parent, b->source, b->serial);
	derive(t, p);
}

/* A process is born, and its pid is said. */
void born(struct tree *t, const struct birth *b, pid_t pid)
{
	struct proc *p = proc_find(t, pid, b->at);
	struct when when = { b->at, b->time_ms, b->serial, SOURCE_INFERRED };

	if (p && fits_birth(p, b)) {
		if (placed(p))
			complete_birth(t, p, b);
		else
			enter(t, p, b);
		return;
	}
	/* Whoever had the pid before is gone, and it may be nobody saw how. */
	if (p && p->priv->state == STATE_WAITING && !had_gone(p, b->at)) {
		settle_due(t, p);
		p = proc_find(t, pid, b->at);
	}
	if (p && placed(p))
		end(t, p, EXIT_UNKNOWN, 0, &when);
	else if (p && !had_gone(p, b->at))
		proc_free(t, p);
	p = proc_new(t, pid, b->at);
	p->priv->first_at = b->at;
	enter(t, p, b);
}
