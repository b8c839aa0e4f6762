/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch_int: what watch.c, which hears the kernel, and watch_proc.c, which
 * looks into /proc, share.
 */
#ifndef CONTREE_WATCH_INT_H
#define CONTREE_WATCH_INT_H

#include "census.h"
#include "oom.h"
#include "patience.h"
#include "procfs.h"
#include "watch.h"
#include "witness.h"

#define MAX_ADOPTED 1024

struct watch {
	struct watch_options options;
	char *roots, *shims;
	struct news news;
	struct witness *witness;	/* NULL: there is none */
	int proc_fd, root_fd;		/* -1: neither */
	char self[PROCFS_ID_SIZE];	/* a container that all of this host is
					 * in, or "" */
	struct procfs procfs;
	struct patience *patience;
	struct oom *oom;
	bool started;
	bool met_stranger;
	bool fixed;			/* options were given once */
	struct merge *merge;		/* NULL before watch_attach() */
	struct tree *tree;
	struct metrics *metrics;
	struct clocks clocks;
	uint64_t heard_ns;		/* the witness's last word; monotonic */
	uint64_t whole_ns;		/* since when no event was missed; monotonic */
	uint64_t census_ms, sweep_ms;	/* when they were last made; monotonic */
	uint64_t kmsg_ms;		/* when the kernel's log was last read */
	bool gap;			/* the witness missed something since */
	bool gap_told;
	size_t n_adopted;		/* who is to be looked at */
	pid_t adopted[MAX_ADOPTED];
};

static inline uint64_t watch_now_ms(void)
{
	return census_mono_ns() / 1000000;
}

/* What every fact of this host has; source and kind are to be set. */
struct fact watch_fact(const struct watch *w, const struct witness_event *e);

/* All that the kernel has told up to now; true if there was any. */
bool watch_listen(struct watch *w);

/* watch_proc.c */
bool watch_is_gone(struct watch *w, pid_t pid, uint64_t born_ms);
void watch_put_gone(struct watch *w, pid_t pid, uint64_t born_ms);
void watch_put_found(struct watch *w, pid_t pid);
void watch_sweep(struct watch *w);
bool watch_census(struct watch *w);

#endif
