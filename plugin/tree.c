/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree_int.h"

#include <string.h>

/* Further back than this is no disorder: the clock was set. */
#define CLOCK_STEP_MS 60000
#define CLOCK_STEP_FACTS 16

const struct tree_options tree_defaults = {
	.linger_ms = 1000,
	.roots = "containerd",
	.shims = "containerd-shim*",
	.runtimes = "runc crun youki",
	.max_processes = 200000,
	.max_limbo = 16384,
	.max_claims = 65536,
	.max_containers = 16384,
	.activity = true,
};

static void no_final(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

static void no_names(void *ctx, const struct container *c,
		     struct container_names *names)
{
	(void)ctx;
	(void)c;
	(void)names;
}

static void no_adopted(void *ctx, pid_t pid)
{
	(void)ctx;
	(void)pid;
}

void tree_set_options(struct tree *t, const struct tree_options *options)
{
	char *roots = must_dup(options->roots);
	char *shims = must_dup(options->shims);
	char *runtimes = must_dup(options->runtimes);

	free(t->roots);
	free(t->shims);
	free(t->runtimes);
	t->options = *options;
	t->options.roots = t->roots = roots;
	t->options.shims = t->shims = shims;
	t->options.runtimes = t->runtimes = runtimes;
}

struct tree *tree_new(const struct tree_options *options, const char *node,
		      struct metrics *metrics, change_fn *emit, void *ctx)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->pool.size = sizeof(struct whole);
	tree_set_options(t, options);
	t->node = must_dup(node);
	t->metrics = metrics;
	t->emit = emit;
	t->ctx = ctx;
	t->final = no_final;
	t->adopted = no_adopted;
	t->on_bundle = no_names;
	t->witness_since = t->births_since = WITNESS_OFF;
	t->no_image = image_new("", "");
	t->no_cred = cred_new(NULL);
	t->host_ns = pidns_new(NULL);
	t->host_ns->mode = PIDNS_HOST;
	t->lost_timer.kind = TIMER_LOST;
	return t;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	claims_free(t);
	given_forget(t);
	free(t->following);
	while (t->all)
		proc_free(t, t->all);
	while (t->containers)
		container_prune(t, t->containers);
	pidns_unref(t->host_ns);
	pool_free(&t->pool);
	pids_free(&t->pids);
	images_free(t);
	image_unref(t->no_image);
	cred_unref(t->no_cred);
	timers_free(&t->timers);
	free(t->roots);
	free(t->shims);
	free(t->runtimes);
	free(t->node);
	free(t);
}

void tree_on_final(struct tree *t, change_fn *final, void *ctx)
{
	t->final = final;
	t->final_ctx = ctx;
}

uint64_t event_ms(const struct tree *t, uint64_t at)
{
	return at - t->offset;
}

struct change change_of(const struct tree *t, enum change_kind kind,
			const struct proc *p)
{
	struct change c = {
		.kind = kind,
		.source = SOURCE_AUDIT,
		.node = t->node,
		.outcome = -1,
		.role = ROLE_RUNTIME,
	};

	if (p) {
		c.proc = p;
		c.parent = p->parent;
		c.container = p->container;
		c.role = p->role;
		c.vpid = p->vpid;
		c.image = p->image;
	}
	return c;
}

/* A bound cost something. It is reported once for all within the linger time. */
void lose(struct tree *t)
{
	t->lost++;
	if (!t->lost_timer.place)
		timers_set(&t->timers, &t->lost_timer,
			   t->now + t->options.linger_ms);
}

void tree_lost(struct tree *t, uint64_t n, const char *what)
{
	struct change c = change_of(t, CHANGE_LOST, NULL);

	c.time_ms = event_ms(t, t->now ? t->now : t->found_at);
	c.lost = n;
	c.lost_what = what;
	t->emit(t->ctx, &c);
}

#define OWNER(timer_ptr, type) \
	((type *)(void *)((char *)(timer_ptr)-offsetof(type, timer)))

static void due(struct tree *t, struct timer *timer)
{
	uint64_t lost = t->lost;

	switch ((enum timer_kind)timer->kind) {
	case TIMER_LIMBO:
		limbo_due(t, proc_of(OWNER(timer, struct proc_priv)));
		break;
	case TIMER_SETTLE:
		settle_due(t, proc_of(OWNER(timer, struct proc_priv)));
		break;
	case TIMER_REMOVE:
		proc_remove(t, proc_of(OWNER(timer, struct proc_priv)));
		break;
	case TIMER_CLAIM:
		claim_due(t, OWNER(timer, struct claim));
		break;
	case TIMER_DYING:
		container_due(t, OWNER(timer, struct container_priv));
		break;
	case TIMER_LOST:
		t->lost = 0;
		tree_lost(t, lost, "processes");
		break;
	}
	follow(t);
}

static void run_due(struct tree *t, uint64_t until)
{
	struct timer *timer;
	uint64_t at;

	while ((timer = timers_take(&t->timers, until, &at))) {
		if (at > t->now)
			t->now = at;
		due(t, timer);
	}
}

static void advance(struct tree *t, uint64_t to)
{
	run_due(t, to);
	if (to > t->now)
		t->now = to;
}

/*
 * Event time to tree time. Where the clock was set back, tree time goes on
 * from where it is.
 */
static uint64_t fact_at(struct tree *t, uint64_t time_ms)
{
	uint64_t at = time_ms + t->offset;
	uint64_t step = CLOCK_STEP_MS + t->options.linger_ms;

	/*
	 * One that is late is a system call that took long, as vfork may.
	 * Many in a row, and none of now among them: a clock set back.
	 */
	if (at + step >= t->now)
		t->n_late = 0;
	else if (++t->n_late >= CLOCK_STEP_FACTS) {
		t->n_late = 0;
		t->metrics->clock_steps++;
		t->offset += t->now - at;
		at = t->now;
	}
	return at;
}

void tree_pass(struct tree *t, uint64_t time_ms)
{
	advance(t, fact_at(t, time_ms));
	t->last_fact = t->now;
}

bool tree_is_root(const struct tree *t, const char *exe)
{
	return name_listed(t->roots, exe);
}

/* What waits in limbo is in its own times. */
void tree_step(struct tree *t, int64_t forward_ms)
{
	t->offset -= (uint64_t)forward_ms;
	t->metrics->clock_steps++;
	for (struct proc *p = t->all; p; p = p->priv->all_next)
		for (size_t i = 0; i < p->priv->n_pending; i++)
			p->priv->youth->pending[i]->time_ms +=
				(uint64_t)forward_ms;
}

/*
 * Every birth in the tree is witnessed, and so whoever is not there is
 * nobody's child. A root is known by what it executes.
 */
static bool witnessed_root(struct tree *t, const struct fact *f, uint64_t at)
{
	struct proc *p;

	if (!tree_is_root(t, program_of(f)))
		return false;
	p = proc_new(t, f->pid, at);
	hold(t, p, f);
	note(t, p, f);
	place_root(t, p);
	return true;
}

/* Of the record by which p said that it ends; 0: it did not. */
static serial_t last_word(const struct proc *p)
{
	const struct proc_priv *v = p->priv;

	if (ended(p))
		return v->weak_end ? 0 : v->end_serial;
	return !placed(p) && v->youth ? v->youth->quit_serial : 0;
}

/*
 * p's own exit_group was its last word, and the parent shown is not p's: the
 * pid may be another's some ms later.
 */
static bool is_after_end(const struct proc *p, const struct fact *f)
{
	serial_t last = last_word(p);

	return last && f->serial > last && f->ppid && p->ppid &&
	       f->ppid != p->ppid;
}

/*
 * Whether the record is by another process than p, which used the pid
 * before: p has ended, or the parent shown is nobody that p could have
 * been given to (find_new_reaper() in kernel/exit.c).
 */
static bool is_successor(const struct tree *t, const struct proc *p,
			 const struct fact *f, uint64_t at)
{
	const struct proc_priv *v = p->priv;

	if (ended(p) || (!placed(p) && v->youth && v->youth->quit_at))
		return had_gone(p, at) || is_after_end(p, f);
	/* Births and ends are told, so this is none. */
	if (is_witnessed(t, at))
		return false;
	if (!placed(p) || !v->heard || !v->settled || !f->ppid || !p->ppid ||
	    f->ppid == p->ppid || at <= v->last_at)
		return false;
	/* Nobody below the init of a namespace is ever given to the host's. */
	if (f->ppid == 1 && (p->role < ROLE_INIT || p->role == ROLE_INIT ||
			     v->ns->mode != PIDNS_LOCAL))
		return false;
	for (const struct pidns *ns = v->ns; ns; ns = ns->outer)
		if (ns->init && ns->init->pid == f->ppid)
			return false;
	for (const struct proc *a = p->parent; a; a = a->parent)
		if (a->pid == f->ppid)
			return false;
	return true;
}

/* What audit says of a process. */
static void apply_heard(struct tree *t, const struct fact *f, uint64_t at)
{
	struct proc *p;

	p = proc_find(t, f->pid, at);
	if (p && is_successor(t, p, f, at)) {
		struct when when = { at, f->time_ms, f->serial,
				     SOURCE_INFERRED };

		if (placed(p))
			end(t, p, EXIT_UNKNOWN, 0, &when);
		p = NULL;
	}
	/* A root that was made while the witness was not trusted yet is one. */
	if (!p && f->kind == FACT_EXEC && has_births_told(t, at) &&
	    witnessed_root(t, f, at))
		return;
	if (!p && is_witnessed(t, at))
		return;
	if (!p)
		p = proc_new(t, f->pid, at);
	if (placed(p))
		apply(t, p, f);
	else
		limbo_add(t, p, f);
}

/*
 * What /proc shows is given before its turn, and so is no sign of how far the
 * stream has come. If an earlier plugin was later, the clock was set back.
 */
static void note_found(struct tree *t, uint64_t at)
{
	t->found_at = at;
	if (t->told_until > at)
		t->told_until = at;
}

/* Serials that are lower than that begin anew: the host has, too. */
#define FAR_BACK_SERIALS 100000

static void note_late(struct tree *t, pid_t pid, uint64_t at)
{
	const struct proc *p = proc_find(t, pid, at);

	if (p && placed(p) && p->priv->ns)
		p->priv->ns->late_at = t->now;
}

/* What comes late may change what was told of its namespace. */
static void note_order(struct tree *t, const struct fact *f, uint64_t at)
{
	if (f->serial >= t->serial ||
	    t->serial - f->serial > FAR_BACK_SERIALS) {
		t->serial = f->serial;
		return;
	}
	note_late(t, f->pid, at);
	note_late(t, f->ppid, at);
}

void tree_apply(struct tree *t, const struct fact *f)
{
	uint64_t at = fact_at(t, f->time_ms);

	if (f->kind == FACT_FOUND)
		note_found(t, at);
	else
		advance(t, at);
	t->last_fact = t->now;
	if (f->pid <= 0)
		return;
	switch (f->source) {
	case SOURCE_WITNESS:
		apply_witnessed(t, f);
		break;
	case SOURCE_CENSUS:
		apply_census(t, f);
		break;
	case SOURCE_AUDIT:
	case SOURCE_INFERRED:
		note_order(t, f, at);
		apply_heard(t, f, at);
		break;
	}
	follow(t);
}

size_t tree_size(const struct tree *t)
{
	return t->n_placed + t->n_limbo + t->n_claims;
}

void tree_idle(struct tree *t, uint64_t elapsed_ms)
{
	if (t->last_fact)
		advance(t, t->last_fact + elapsed_ms);
	images_forget(t);
	if (elapsed_ms > 4 * (uint64_t)t->options.linger_ms)
		given_forget(t);
}

void tree_give_back(struct tree *t)
{
	pool_trim(&t->pool);
}

void tree_finish(struct tree *t)
{
	struct proc *p;

	run_due(t, UINT64_MAX);
	for (p = t->oldest; p; p = p->priv->all_prev)
		proc_give_final(t, p);
}
