/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core: the thread that turns the audit stream into lines of the logs. It
 * takes slices of the stream from one channel, runs the pipeline over them,
 * renders each change and puts it into the ledger's channel. It never waits
 * for a disk: lines that find no room there are counted, and the loss is
 * reported as a change once there is room. Owns the pipeline.
 */
#ifndef CONTREE_CORE_H
#define CONTREE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "config.h"
#include "confine.h"
#include "err.h"
#include "ledger.h"
#include "metrics.h"
#include "keeper.h"
#include "pipeline.h"
#include "watch.h"

struct core_options {
	struct pipeline_options pipeline;
	bool logs[LEDGER_LOGS];		/* which are on */
};

/* What an admin has chosen. Its strings are config's. */
struct core_options core_options_of(const struct config *config);

/* A copy, with its strings, to be freed by core_options_free(). */
struct core_options *core_options_copy(const struct core_options *from);
void core_options_free(struct core_options *options);

struct core;

/*
 * in is the intake's channel, out the one ledger takes from; all are
 * borrowed, and watch and keeper (which may be NULL) are used by the core's
 * thread alone once it is started.
 * options are copied, their strings too. Aborts without memory.
 */
struct core *core_new(const struct core_options *options, struct channel *in,
		      struct channel *out, struct ledger *ledger,
		      struct watch *watch, struct keeper *keeper);

/*
 * Starts the thread, confined by confine (borrowed; NULL: not at all). It
 * ends when its channel is closed and all of it went
 * through; then it closes the ledger's.
 */
int core_start(struct core *c, struct confine *confine, struct err *err);

/* From another thread: takes effect between two slices. Returns at once. */
void core_set_options(struct core *c, const struct core_options *options);

/* Waits for the thread's end, if it was started. */
void core_join(struct core *c);
void core_free(struct core *c);		/* joins too */

/* After core_join(): what was counted, and the lines that got no room. */
const struct metrics *core_metrics(const struct core *c);
uint64_t core_refused(const struct core *c);

#endif
