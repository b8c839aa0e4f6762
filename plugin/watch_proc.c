/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc shows of those that the tree holds, and of those it should. */
#include "watch_int.h"

#include <errno.h>
#include <stdlib.h>

/* Those the tree holds, while /proc is looked through. */
struct roll {
	pid_t *pids;
	uint64_t *born_ms;	/* 0: not known */
	size_t n, size;
};

static void call(void *ctx, const struct proc *p)
{
	struct roll *r = ctx;

	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 256;
		r->pids = reallocarray(r->pids, r->size, sizeof(*r->pids));
		r->born_ms =
			reallocarray(r->born_ms, r->size, sizeof(*r->born_ms));
		if (!r->pids || !r->born_ms)
			abort();
	}
	r->pids[r->n] = p->pid;
	r->born_ms[r->n++] = p->born_ms;
}

static void roll_free(struct roll *r)
{
	free(r->pids);
	free(r->born_ms);
}

/*
 * It was looked for and not found, and so has ended by now. (By when the search
 * began it may have been there, and done something.) born_ms is 0 where it is
 * not known.
 */
void watch_put_gone(struct watch *w, pid_t pid, uint64_t born_ms)
{
	struct witness_event e = { .pid = pid };
	struct fact f;

	/* How it ended may have been told meanwhile. */
	watch_listen(w);
	e.mono_ns = census_mono_ns();
	f = watch_fact(w, &e);
	f.kind = FACT_GONE;
	f.source = SOURCE_CENSUS;
	f.born_ms = born_ms;
	merge_put(w->merge, &f);
}

/*
 * Not there, or about to be reaped: whoever is a zombie has ended. Or his pid
 * is another's by now, or a thread's, which /proc shows too when it is asked.
 */
bool watch_is_gone(struct watch *w, pid_t pid, uint64_t born_ms)
{
	struct procfs *p = &w->procfs;

	if (procfs_read(p, w->proc_fd, pid, PROCFS_STAT, 0))
		return errno == ENOENT || errno == ESRCH;
	return (p->state == 'Z' && p->threads < 2) ||
	       (born_ms && !census_is_born(p, born_ms));
}

/* Another process may have the pid of one in the tree by now. */
void watch_put_found(struct watch *w, pid_t pid)
{
	uint64_t mono_ns = census_mono_ns();
	struct fact f;

	if (procfs_read(&w->procfs, w->proc_fd, pid,
			PROCFS_STAT | PROCFS_STATUS | PROCFS_EXE | PROCFS_ARGS |
				PROCFS_CWD | PROCFS_LOGIN,
			w->options.max_args_bytes))
		return;
	census_fact(&f, &w->procfs, mono_ns, &w->clocks);
	merge_put(w->merge, &f);
}

void watch_sweep(struct watch *w)
{
	struct roll r = { 0 };

	w->sweep_ms = watch_now_ms();
	tree_each_alive(w->tree, call, &r);
	for (size_t i = 0; i < r.n; i++)
		if (watch_is_gone(w, r.pids[i], r.born_ms[i]))
			watch_put_gone(w, r.pids[i], r.born_ms[i]);
		else if (!r.born_ms[i])
			watch_put_found(w, r.pids[i]);
	roll_free(&r);
}

/* Everyone who is to be in the tree, and who is there no more. */
bool watch_census(struct watch *w)
{
	struct census_options options = {
		.proc_fd = w->proc_fd,
		.root_fd = w->root_fd,
		.roots = w->roots,
		.shims = w->shims,
		.self = w->self,
		.max_args_bytes = w->options.max_args_bytes,
		.patience = w->patience,
		.clocks = w->clocks,
	};
	_cleanup_census_ struct census census = { 0 };
	struct roll r = { 0 };
	struct err err;

	w->census_ms = w->sweep_ms = watch_now_ms();
	if (w->proc_fd < 0)
		return false;
	if (census_take(&census, &options, &err)) {
		news_tell(&w->news, true, "%s", err.text);
		return false;
	}
	for (size_t i = 0; i < census.n; i++)
		merge_put(w->merge, census.facts[i]);
	tree_each_alive(w->tree, call, &r);
	for (size_t i = 0; i < r.n; i++)
		if (!census_has(&census, r.pids[i]) &&
		    watch_is_gone(w, r.pids[i], r.born_ms[i]))
			watch_put_gone(w, r.pids[i], r.born_ms[i]);
	roll_free(&r);
	return true;
}
