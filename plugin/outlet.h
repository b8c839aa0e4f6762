/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outlet: changes as lines, by the slice, into the channel to the ledger. Owns
 * the lines that are not in there yet, and counts those that found no room;
 * never waits for any.
 */
#ifndef CONTREE_OUTLET_H
#define CONTREE_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "change.h"
#include "channel.h"
#include "ledger.h"

struct outlet;

/* out is borrowed. Never NULL. */
struct outlet *outlet_new(struct channel *out);
void outlet_free(struct outlet *o);

/* A line for each of the logs that are on. True: they are to be flushed. */
bool outlet_put(struct outlet *o, const bool logs[LEDGER_LOGS],
		const struct change *change);

void outlet_flush(struct outlet *o);

/* What outlet_flush() has for the last log that is on, in bytes. */
size_t outlet_pending(const struct outlet *o);

/* Nothing comes for a while: memory of what was flushed is given back. */
void outlet_trim(struct outlet *o);

/* n lines of a log are missing besides. */
void outlet_miss(struct outlet *o, enum ledger_log log, uint64_t n);

/* Lines of a log that are missing since the last call, and what they are. */
uint64_t outlet_take_lost(struct outlet *o, enum ledger_log log,
			  const char **what);

/* Whether there is something to be taken. */
bool outlet_owes(const struct outlet *o);

/* Lines that found no room, in all. */
uint64_t outlet_refused(const struct outlet *o);

#endif
