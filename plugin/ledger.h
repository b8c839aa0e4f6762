/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger: the thread that appends lines to the logs. It takes them from a
 * channel whose tags say which log each is for, and gathers what is there
 * into few writes, but never keeps a line for want of another. It is the
 * only one to wait for a disk. Owns the logs; knows nothing of the tree.
 */
#ifndef CONTREE_LEDGER_H
#define CONTREE_LEDGER_H

#include <stdint.h>

#include "channel.h"
#include "confine.h"
#include "err.h"
#include "logfile.h"

/*
 * A log, and the tag of its lines in the channel. The state comes first: what
 * was told must be in it, or it would be told again after a crash.
 */
enum ledger_log {
	LEDGER_STATE,	/* see state.h; never rotated */
	LEDGER_TEXT,
	LEDGER_JSON,
	LEDGER_LOGS,	/* how many there are */
};

/*
 * The lines of the state come before those of the logs that say the same,
 * and their tag says how many bytes these will be, in the last log that is on.
 */
#define LEDGER_TAG_BITS 3

static inline unsigned int ledger_state_tag(size_t bytes)
{
	return LEDGER_STATE | (unsigned int)bytes << LEDGER_TAG_BITS;
}

/*
 * Also tags. The state is written anew: ANEW begins it, MORE is for the new
 * one only, and with END it takes the place of the old one. What comes
 * meanwhile as LEDGER_STATE goes to both. Each brings lines, or none.
 */
enum ledger_anew {
	LEDGER_STATE_ANEW = LEDGER_LOGS,
	LEDGER_STATE_MORE,
	LEDGER_STATE_END,
};

struct ledger_options {
	const char *path[LEDGER_LOGS];	/* NULL: that log is off */
	struct logfile_options logfile;	/* of all but the state */
};

struct ledger;

/*
 * Opens the logs, in the caller's thread and with its rights. A log that
 * cannot be opened is told through news and tried again with its lines.
 * options are copied; in is borrowed. news is called by this thread now and
 * later by the ledger's. NULL, with err set, on failure.
 */
struct ledger *ledger_new(const struct ledger_options *options,
			  struct channel *in, logfile_news_fn *news, void *ctx,
			  struct err *err);

/*
 * How the last log that is on was when it was opened, and its older file; all 0:
 * there is none.
 */
struct logfile_found ledger_found(const struct ledger *l);

/*
 * Starts the thread, confined by confine (borrowed; NULL: not at all). It
 * ends when the channel is closed and everything in
 * it is written; then it writes to ended_fd, an eventfd (-1: none).
 */
int ledger_start(struct ledger *l, int ended_fd, struct confine *confine,
		 struct err *err);

/* Waits for the thread's end, if it was started. */
void ledger_free(struct ledger *l);

/*
 * From another thread: after the lines that are in hand, reopens the logs,
 * with new options first unless they are NULL. Returns at once.
 */
void ledger_reopen(struct ledger *l, const struct ledger_options *options);

/*
 * Lines of that log which the disk refused, since the last call. Only told
 * once the log works again, so that it can be said there.
 */
uint64_t ledger_lost(struct ledger *l, enum ledger_log log);

#endif
