/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oom: whether a container's process was killed for want of memory. The
 * kernel counts such kills by memory cgroup (oom_kill in memory.events, or
 * in cgroup v1's memory.oom_control) before it sends the SIGKILL, so when a
 * killed process ends, the count of its container has risen. And it names the
 * victim in its log, which helps where the cgroup was gone too soon. Owns the
 * files, which are kept open.
 */
#ifndef CONTREE_OOM_H
#define CONTREE_OOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kmsg.h"

struct oom;

/* Takes kmsg over. */
struct oom *oom_new(struct kmsg *kmsg);
void oom_free(struct oom *o);

/*
 * From now on the container of that key (any that stays the same) has its
 * count watched. cgroup is its path in the unified hierarchy, memory_cgroup
 * the one in cgroup v1's memory hierarchy; either may be "".
 */
void oom_watch(struct oom *o, const void *key, const char *cgroup,
	       const char *memory_cgroup);
bool oom_watches(struct oom *o, const void *key);
void oom_forget(struct oom *o, const void *key);

/*
 * A process was born in the cgroup of the container with that id, which may
 * have yet to start, and then be over before it can be looked at. A few such
 * counts are kept, the last ones.
 */
void oom_prepare(struct oom *o, const char *id, const char *cgroup,
		 const char *memory_cgroup);

/*
 * The container with that id has started: its count is watched as it was when
 * it was prepared. False if it was not, or that cgroup is gone.
 */
bool oom_begin(struct oom *o, const void *key, const char *id);

/*
 * pid, in that container, has just ended by SIGKILL. True if the kernel
 * killed it for memory: who its log names, and others, as many as the count
 * has risen by. May be asked again for each thread of pid, which end together;
 * a second later the pid may be another's. now_ms never goes back.
 */
bool oom_killed(struct oom *o, const void *key, pid_t pid, uint64_t now_ms);

/* What the kernel's log has got since is read, for it has not much room. */
void oom_tick(struct oom *o, uint64_t now_ms);

#endif
