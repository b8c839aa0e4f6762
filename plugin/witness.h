/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * witness: the kernel's proc connector (drivers/connector/cn_proc.c), which
 * tells of every birth, exec and end on this host as it happens, with host
 * pids. Turns its messages into plain values; what they mean for the tree is
 * not its business. Owns the socket.
 *
 * An event is queued on the socket before the process it is about can do the
 * next thing, so whoever drains the socket after an audit record has come
 * has everything that was before it.
 */
#ifndef CONTREE_WITNESS_H
#define CONTREE_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum witness_kind {
	WITNESS_FORK,	/* parent made pid; or, where tid differs, a thread */
	WITNESS_EXEC,	/* pid executed something: its other threads are gone */
	WITNESS_EXIT,	/* thread tid of pid ended */
};

struct witness_event {
	enum witness_kind kind;
	pid_t pid;		/* thread group */
	pid_t tid;
	pid_t parent;		/* WITNESS_FORK: the birth parent's thread group:
				 * with CLONE_PARENT the caller's own parent */
	int status;		/* WITNESS_EXIT: as wait(2) has it */
	uint64_t mono_ns;	/* CLOCK_MONOTONIC */
};

/* What a read came to. */
enum witness_state {
	WITNESS_EMPTY,	/* there was nothing */
	WITNESS_LAST,	/* that is all for now, be it of no interest */
	WITNESS_MORE,	/* there may be more */
	WITNESS_GAP,	/* the kernel dropped events before these */
	WITNESS_BROKEN,	/* the socket is of no use any more */
};

struct witness;

/*
 * Subscribes. Needs CAP_NET_ADMIN, the host's own pid and user namespace
 * (else the kernel stays silent: cn_proc_mcast_ctl()) and CONFIG_PROC_EVENTS.
 * NULL, with err set, where there is none of it.
 */
struct witness *witness_open(struct err *err);
void witness_close(struct witness *w);

/* Readable when there are events. Borrowed. */
int witness_fd(const struct witness *w);

/* Room for what one read can bring. */
#define WITNESS_BATCH 64

/*
 * Never waits. *n is how many events were put into events, in the order in
 * which the kernel queued them; valid with any state.
 */
enum witness_state witness_read(struct witness *w,
				struct witness_event events[WITNESS_BATCH],
				size_t *n);

/* How many events were dropped since the last call, as far as is known. */
uint64_t witness_missed(struct witness *w);

#endif
