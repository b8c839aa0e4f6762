/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assemble: one event's records through auparse. Hides auparse's feed: it
 * is handed complete events by the gate, one at a time, and flushed after
 * each, so it never holds one back (see docs/HACKING.md). Owns the auparse
 * state; there may be one per process (auparse < 4.1 keeps globals).
 */
#ifndef CONTREE_ASSEMBLE_H
#define CONTREE_ASSEMBLE_H

#include "extract.h"
#include "gate.h"

struct assemble;

/* The fact is borrowed for the call. */
typedef void assemble_fn(void *ctx, const struct fact *fact);

struct assemble *assemble_new(struct metrics *metrics, assemble_fn *fact,
			      void *ctx);
void assemble_free(struct assemble *a);

/* Bytes of one exec's arguments that are kept. */
void assemble_set_args_bytes(struct assemble *a, size_t bytes);

/* Calls back with the event's fact, if it has one, before it returns. */
void assemble_event(struct assemble *a, const struct gate_event *event);

#endif
