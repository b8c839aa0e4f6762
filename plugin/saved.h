/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved: what has to be remembered of a process so that the tree goes on
 * after a restart of the plugin as if nothing had been: who it is, whose
 * child, in which container, and what its own invocation said. What /proc
 * tells of the living (arguments, owner, threads) is read there again. A
 * plain value; whoever fills it says who owns the strings.
 */
#ifndef CONTREE_SAVED_H
#define CONTREE_SAVED_H

#include "proc.h"

/* What the tree knows of a birth, as bits. */
enum saved_flag {
	SAVED_EXACT = 1,
	SAVED_BY_PARENT_FLAG = 2,
	SAVED_BY_VFORK = 4,
	SAVED_LAST_STAGE = 8,
	SAVED_INSIDE = 16,
	SAVED_SHIM_INIT = 32,
	SAVED_STARTED = 64,
	SAVED_USER_EXEC = 128,
};

struct saved {
	const char *entity;	/* process.entity_id */
	const char *parent;	/* its birth parent's; "" for a root */
	bool ended;
	uint64_t ended_ms;	/* its records may still come; 0: it is kept for
				 * its descendants' sake alone */
	pid_t pid, vpid, ppid;
	uint64_t start_ms, born_ms;
	enum role role;
	enum source source;
	unsigned int flags, ns_depth;
	int verb;		/* enum verb */
	const char *exe, *comm;
	/* "" where there is none: */
	const char *inv_id, *inv_ns, *inv_bundle, *cgroup;
	const char *id, *ns, *bundle;	/* of its container; id "" for none */
	uint64_t started_ms, stopped_ms;	/* its container */
};

#endif
