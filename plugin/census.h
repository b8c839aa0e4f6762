/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * census: who lives, by /proc: containerd, its shims (by name and argv,
 * since they were given to pid 1), runtimes at work, and every process in
 * every container. Makes facts of it; never knows the tree.
 */
#ifndef CONTREE_CENSUS_H
#define CONTREE_CENSUS_H

#include "err.h"
#include "fact.h"
#include "procfs.h"

/* How this host's clocks stand to each other; see clocks_set(). */
struct clocks {
	uint64_t wall_ns;	/* time of day minus CLOCK_MONOTONIC */
	uint64_t boot_ns;	/* CLOCK_BOOTTIME minus CLOCK_MONOTONIC */
};

/* The clocks drift apart as the time of day is set, and in suspension. */
void clocks_set(struct clocks *c);

struct census_options {
	int proc_fd;		/* /proc, or a tree of files like it */
	int root_fd;		/* "/", for the bundles that shims work in */
	const char *roots, *shims;	/* as of the tree's options */
	const char *self;	/* a container's id that all of this host's
				 * cgroups bear, being one itself; or "" */
	size_t max_args_bytes;
	struct patience *patience;	/* as of struct procfs */
	struct clocks clocks;
};

/* Facts, each an allocation of its own. */
struct census {
	struct fact **facts;
	size_t n, size;
	pid_t *pids;	/* theirs, sorted */
};

/*
 * Takes the census: FACT_FOUND of each process that is, or descends from, a
 * root or a shim, parents first. -1, with err set, if proc_fd cannot be
 * read. census is to be freed whatever the outcome.
 */
int census_take(struct census *census, const struct census_options *options,
		struct err *err);

/* Whether it found that pid. */
bool census_has(const struct census *census, pid_t pid);

void census_free(struct census *census);

#define _cleanup_census_ __attribute__((cleanup(census_free)))

/*
 * FACT_FOUND, of one process. Its strings are p's. What is not in /proc
 * (container, bundle, is_init) is left unset.
 */
void census_fact(struct fact *f, const struct procfs *p, uint64_t mono_ns,
		 const struct clocks *clocks);

/* Whether p was born then, by CLOCK_BOOTTIME: as near as ticks can tell. */
bool census_is_born(const struct procfs *p, uint64_t born_ms);

uint64_t census_mono_ns(void);

#endif
