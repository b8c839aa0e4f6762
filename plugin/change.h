/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change: what the tree says after a fact. A sink is handed one at a time
 * and renders it; everything a change points to is borrowed for that call.
 */
#ifndef CONTREE_CHANGE_H
#define CONTREE_CHANGE_H

#include "proc.h"

enum change_kind {
	CHANGE_CONTAINER_START,
	CHANGE_CONTAINER_STOP,
	CHANGE_FORK,
	CHANGE_EXEC,
	CHANGE_END,
	CHANGE_ACTIVITY,
	CHANGE_CENSUS,
	CHANGE_LOST,
};

struct change {
	enum change_kind kind;
	enum source source;	/* how this change is known */
	uint64_t time_ms;	/* the event's own time, UTC */
	uint64_t serial;	/* audit serial of the event that says so; 0 if none */
	const char *node;	/* "" where the records bear none */

	/*
	 * The process. NULL for CHANGE_LOST; for a CHANGE_FORK whose child
	 * never spoke (only vpid and parent are known); and for a
	 * container's start or stop when its init is not known.
	 */
	const struct proc *proc;
	const struct proc *parent;	/* its birth parent, NULL for a root */
	const struct container *container;	/* or NULL */
	enum role role;		/* of the process: also where proc is NULL */
	pid_t vpid;		/* in its own namespace, 0 where not known */

	/* What ran at that time; for CHANGE_EXEC, what it executed. May be
	 * NULL where proc is NULL. */
	const struct image *image;

	/* CHANGE_ACTIVITY: the record */
	const char *record;	/* its type, "SECCOMP" */
	const char *syscall;	/* or NULL */
	const char *key;	/* or NULL; for other kinds the rule's key too */
	int outcome;		/* 1 success, 0 failure, -1 unknown */

	/* CHANGE_LOST */
	uint64_t lost;		/* how many */
	const char *lost_what;	/* of what: "lines", "serials", "facts", … */
};

typedef void change_fn(void *ctx, const struct change *change);

const char *change_name(enum change_kind kind);	/* "container-start", … */

#endif
