/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_int.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "nametag.h"

/* How often /proc is asked whether those in the tree are there. */
#define SWEEP_MS 5000
#define KMSG_MS 1000	/* whom it names has just ended, so it is read often */
#define SWEEP_WITNESSED_MS 60000

/* Not more often than this is the whole of /proc read after a gap. */
#define CENSUS_MS 1000

static char *copy(const char *s)
{
	char *to = strdup(s);

	if (!to)
		abort();
	return to;
}

void watch_set_options(struct watch *w, const struct watch_options *options)
{
	char *roots = copy(options->roots);
	char *shims = copy(options->shims);
	struct watch_options fixed;

	free(w->roots);
	free(w->shims);
	/* Some are taken at the start only. */
	fixed = w->fixed ? w->options : *options;
	w->options = *options;
	w->options.witness = fixed.witness;
	w->options.names = fixed.names;
	w->fixed = true;
	w->options.roots = w->roots = roots;
	w->options.shims = w->shims = shims;
}

static uint64_t wall_ms(const struct watch *w)
{
	return (census_mono_ns() + w->clocks.wall_ns) / 1000000;
}

/* Before anything is made a fact, and as often as can be. */
static void read_clocks(struct watch *w)
{
	clocks_set(&w->clocks);
	merge_clocks(w->merge, census_mono_ns(), w->clocks.wall_ns);
}

static void find_self(struct watch *w)
{
	if (!procfs_read(&w->procfs, w->proc_fd, getpid(), PROCFS_CGROUP, 0))
		snprintf(w->self, sizeof(w->self), "%s", w->procfs.container);
}

struct watch *watch_new(const struct watch_options *options,
			const struct news *news)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct err err;

	if (!w)
		abort();
	watch_set_options(w, options);
	w->news = *news;
	w->oom = oom_new(kmsg_open());
	w->procfs.patience = w->patience = patience_new();
	w->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	w->proc_fd = procfs_open("/proc", &err);
	if (w->proc_fd < 0)
		news_tell(&w->news, true, "%s: what lives already is not known",
			  err.text);
	else
		find_self(w);
	if (!options->witness)
		return w;
	w->witness = witness_open(&err);
	w->whole_ns = census_mono_ns();
	if (!w->witness)
		news_tell(
			&w->news, true,
			"no witness: %s; births and ends are told by audit and /proc alone",
			err.text);
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	witness_close(w->witness);
	oom_free(w->oom);
	procfs_free(&w->procfs);
	patience_free(w->patience);
	cleanup_close(&w->proc_fd);
	cleanup_close(&w->root_fd);
	free(w->roots);
	free(w->shims);
	free(w);
}

void watch_start_readers(struct watch *w, void (*enter)(void *ctx), void *ctx)
{
	patience_start(w->patience, enter, ctx);
}

int watch_fd(const struct watch *w)
{
	return w->witness ? witness_fd(w->witness) : -1;
}

uint64_t watch_passed_ms(const struct watch *w)
{
	return wall_ms(w) - w->options.linger_ms;
}

/* --- the witness's facts */

struct fact watch_fact(const struct watch *w, const struct witness_event *e)
{
	return (struct fact){
		.source = SOURCE_WITNESS,
		.time_ms = (e->mono_ns + w->clocks.wall_ns) / 1000000,
		.mono_ns = e->mono_ns,
		.born_ms = (e->mono_ns + w->clocks.boot_ns) / 1000000,
		.node = "",
		.pid = e->pid,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};
}

static const char *container_of(const struct watch *w)
{
	const char *id = w->procfs.container;

	return *id && strcmp(id, w->self) ? id : NULL;
}

static bool ends_before(const struct witness_event *e,
			const struct witness_event *end)
{
	for (const struct witness_event *next = e + 1; next < end; next++)
		if (next->kind == WITNESS_EXIT && next->tid == e->pid)
			return true;
	return false;
}

/*
 * The child lives a little, mostly long enough to be looked at. If its end has
 * been heard of it is gone, or keeps nothing but its status: its cgroup is
 * worth the try, its vpid is not.
 */
static void look_at_child(struct watch *w, struct fact *f,
			  const struct witness_event *e,
			  const struct witness_event *end)
{
	const struct proc *near;
	bool inside;

	/* Most births of a host are nobody's business. */
	if (!merge_ours(w->merge, f->pid) || w->proc_fd < 0)
		return;
	near = merge_nearest(w->merge, f->pid);
	inside = near && near->role >= ROLE_INIT;
	if (inside && ends_before(e, end))
		return;
	if (procfs_read(&w->procfs, w->proc_fd, f->child,
			PROCFS_STATUS | (inside ? 0 : PROCFS_CGROUP), 0))
		return;
	f->vpid = w->procfs.vpid;
	f->ns_depth = w->procfs.ns_depth;
	if (inside)
		return;
	f->container = container_of(w);
	if (f->container)
		oom_prepare(w->oom, f->container, w->procfs.cgroup,
			    w->procfs.memory_cgroup);
}

static void put_fork(struct watch *w, const struct witness_event *e,
		     const struct witness_event *end)
{
	struct fact f = watch_fact(w, e);

	f.kind = FACT_FORK;
	if (e->tid != e->pid) {
		f.thread = true;
	} else {
		f.pid = e->parent;
		f.child = e->pid;
		look_at_child(w, &f, e, end);
	}
	merge_put(w->merge, &f);
}

/*
 * The init of a pid namespace ends last: zap_pid_ns_processes() in
 * kernel/pid_namespace.c kills the others and waits for them, and until
 * then it shows as exiting. If it has gone already, it did so too.
 */
static bool reaper_is_ending(struct watch *w, const struct proc *near)
{
	pid_t reaper = tree_reaper(near);

	if (!reaper || w->proc_fd < 0)
		return false;
	return procfs_read(&w->procfs, w->proc_fd, reaper, PROCFS_STAT, 0) ||
	       w->procfs.flags & PROCFS_EXITING;
}

/* Its start may not have been told yet. */
static bool was_oom(struct watch *w, const struct container *c,
		    const struct fact *f)
{
	if (!oom_watches(w->oom, c))
		oom_begin(w->oom, c, c->id);
	return oom_killed(w->oom, c, f->pid, f->mono_ns / 1000000);
}

static void put_exit(struct watch *w, const struct witness_event *e)
{
	struct fact f = watch_fact(w, e);
	const struct proc *near;

	f.kind = FACT_EXIT;
	if (WIFSIGNALED(e->status))
		f.signal = WTERMSIG(e->status);
	else
		f.code = WEXITSTATUS(e->status);
	near = f.signal == SIGKILL ? merge_nearest(w->merge, f.pid) : NULL;
	if (near && near->container)
		f.oom = was_oom(w, near->container, &f);
	if (near)
		f.reaper_died = reaper_is_ending(w, near);
	merge_put(w->merge, &f);
}

/* end: of those that were read with it. */
static void put_event(struct watch *w, const struct witness_event *e,
		      const struct witness_event *end)
{
	struct fact f;

	switch (e->kind) {
	case WITNESS_FORK:
		put_fork(w, e, end);
		break;
	case WITNESS_EXEC:
		f = watch_fact(w, e);
		f.kind = FACT_EXEC;
		merge_put(w->merge, &f);
		break;
	case WITNESS_EXIT:
		put_exit(w, e);
		break;
	}
}

void watch_attach(struct watch *w, struct merge *m, struct tree *t,
		  struct metrics *metrics)
{
	w->merge = m;
	w->tree = t;
	w->metrics = metrics;
	if (w->options.names)
		tree_on_bundle(t, nametag_read, &w->root_fd);
	read_clocks(w);
}

void watch_stranger(struct watch *w, const char *node)
{
	if (!w->met_stranger)
		news_tell(
			&w->news, false,
			"node %s is another host: until a record of this one comes, births and ends are told by audit alone",
			*node ? node : "without a name");
	w->met_stranger = true;
}

/* --- gaps */

static void lose_witness(struct watch *w)
{
	uint64_t missed;

	tree_witness_gap(w->tree, (w->heard_ns + w->clocks.wall_ns) / 1000000);
	w->whole_ns = census_mono_ns();
	w->metrics->witness_gaps++;
	missed = witness_missed(w->witness);
	if (missed)
		tree_lost(w->tree, missed, "kernel events");
	w->gap = true;
	if (!w->gap_told)
		news_tell(
			&w->news, true,
			"the proc connector dropped events: /proc is read instead");
	w->gap_told = true;
}

/* /proc has shown what was missed: from here on the witness is trusted. */
static void trust_witness(struct watch *w)
{
	tree_witness(w->tree, wall_ms(w));
	tree_witness_births(w->tree,
			    (w->whole_ns + w->clocks.wall_ns) / 1000000);
}

static void mend_gap(struct watch *w)
{
	w->gap = !watch_census(w);
	if (!w->gap)
		trust_witness(w);
}

static void break_witness(struct watch *w)
{
	news_tell(
		&w->news, true,
		"the proc connector broke: births and ends are told by audit and /proc alone");
	tree_witness(w->tree, WITNESS_OFF);
	witness_close(w->witness);
	w->witness = NULL;
	w->gap = false;
}

bool watch_listen(struct watch *w)
{
	struct witness_event events[WITNESS_BATCH];
	uint64_t until = census_mono_ns();
	enum witness_state state = WITNESS_EMPTY;
	bool late, any = false;
	size_t n;

	if (!w->witness)
		return false;
	do {
		state = witness_read(w->witness, events, &n);
		if (state == WITNESS_GAP)
			lose_witness(w);
		for (size_t i = 0; i < n; i++)
			put_event(w, &events[i], &events[n]);
		/* The socket was open when the first of all happened. */
		if (n && !w->heard_ns && !w->metrics->witness_gaps &&
		    events[0].mono_ns < w->whole_ns)
			w->whole_ns = events[0].mono_ns;
		if (n)
			w->heard_ns = events[n - 1].mono_ns;
		any = any || state != WITNESS_EMPTY;
		/* What is later than the call is not owed to the caller, and
		 * in a storm of births there would be no end of it. */
		late = n && w->heard_ns > until;
	} while ((state == WITNESS_MORE || state == WITNESS_GAP) && !late);
	if (state == WITNESS_BROKEN)
		break_witness(w);
	return any;
}

bool watch_drain(struct watch *w)
{
	bool any;

	if (!w->started)
		return false;
	read_clocks(w);
	any = watch_listen(w);
	if (w->gap && watch_now_ms() >= w->census_ms + CENSUS_MS)
		mend_gap(w);
	return any;
}

/* p is the init of a container: its cgroup is the container's. */
static void watch_memory(void *ctx, const struct proc *p)
{
	struct watch *w = ctx;

	if (p->role != ROLE_INIT || !p->container || w->proc_fd < 0 ||
	    procfs_read(&w->procfs, w->proc_fd, p->pid, PROCFS_CGROUP, 0))
		return;
	oom_watch(w->oom, p->container, w->procfs.cgroup,
		  w->procfs.memory_cgroup);
}

/*
 * What was told since the socket was opened comes first: it may be of those
 * that a state has put back. All of it, and the census, waits for the audit
 * stream like anything else: records may have waited for the plugin.
 */
void watch_start(struct watch *w)
{
	w->started = true;
	watch_drain(w);
	watch_census(w);
	tree_each_alive(w->tree, watch_memory, w);
	if (w->witness)
		trust_witness(w);
}

static void look_at_adopted(struct watch *w)
{
	pid_t pid;

	while (w->n_adopted) {
		pid = w->adopted[--w->n_adopted];
		if (watch_is_gone(w, pid, 0))
			watch_put_gone(w, pid, 0);
		else
			watch_put_found(w, pid);
	}
}

void watch_tick(struct watch *w)
{
	uint64_t every = w->witness ? SWEEP_WITNESSED_MS : SWEEP_MS;

	if (!w->started || w->proc_fd < 0)
		return;
	if (watch_now_ms() >= w->kmsg_ms + KMSG_MS) {
		w->kmsg_ms = watch_now_ms();
		oom_tick(w->oom, w->kmsg_ms);
	}
	if (w->n_adopted)
		look_at_adopted(w);
	if (w->sweep_ms && watch_now_ms() < w->sweep_ms + every)
		return;
	watch_sweep(w);
	/* A quiet minute: a gap from now on is news again. */
	w->gap_told = w->gap;
}

/* --- what the tree says */

void watch_change(struct watch *w, const struct change *c)
{
	const struct proc *p = c->proc;

	if (c->kind == CHANGE_CONTAINER_STOP && c->container) {
		oom_forget(w->oom, c->container);
		return;
	}
	if (!p || w->proc_fd < 0)
		return;
	if (c->kind == CHANGE_CENSUS ||
	    (c->kind == CHANGE_CONTAINER_START && p->container &&
	     !oom_begin(w->oom, p->container, p->container->id)))
		watch_memory(w, p);
	/* Placed by what audit said: /proc knows its threads, and if it is
	 * there still. */
	if (!w->witness || c->source == SOURCE_WITNESS ||
	    c->source == SOURCE_CENSUS ||
	    (c->kind != CHANGE_FORK && c->kind != CHANGE_CENSUS))
		return;
	if (w->n_adopted < MAX_ADOPTED)
		w->adopted[w->n_adopted++] = p->pid;
	else
		w->sweep_ms = 0;	/* so many: everybody is looked at */
}
