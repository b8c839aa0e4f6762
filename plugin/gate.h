/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate: what stands in front of auparse. It splits the stream into lines,
 * reads each line's key (node, time, serial) and type, drops the types and
 * the events nobody wants, and of a SYSCALL record the fields (see trim.h),
 * and hands on the records of one event at a time, when that event is
 * complete. So auparse never holds more than one event.
 *
 * An event is complete with its PROCTITLE (the last record the kernel
 * writes before EOE: audit_log_exit() in kernel/auditsc.c), with its EOE
 * where PROCTITLE is excluded by rule, with its only record for types
 * that the kernel writes outside a system call, and otherwise when events
 * two seconds younger have come.
 *
 * Where two processors write at once, their records come in each other's
 * midst. Events are handed on by their serials all the same: what happened
 * first is told first. So a complete event waits for those with lower ones
 * whose SYSCALL record has come, since they will end; but where records were
 * lost, not for longer than 200 ms of its node's time, or a thousand lines.
 *
 * Owns the lines of the open events, bounded in number and size.
 */
#ifndef CONTREE_GATE_H
#define CONTREE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"

struct gate;

/* One event's records, each with its newline; borrowed for the call. */
struct gate_event {
	const char *node;	/* "" where the lines bear none */
	uint64_t time_ms;
	uint64_t serial;
	const char *data;
	size_t len;
	bool cut;	/* records were left out because there were too many */
};

typedef void gate_event_fn(void *ctx, const struct gate_event *event);

/* What a line begins with. The strings are not terminated. */
struct gate_key {
	const char *node;
	size_t node_len;	/* 0 where the line bears none */
	const char *type;
	size_t type_len;
	uint64_t time_ms;
	uint64_t serial;
};

/* Each line with a readable key, wanted or not: for watching the serials. */
typedef void gate_key_fn(void *ctx, const struct gate_key *key);

/*
 * A SYSCALL record that begins an event, without its newline: whether the
 * event is wanted at all.
 */
typedef bool gate_wants_fn(void *ctx, const struct gate_key *key,
			   const char *line, size_t len);

/*
 * Whether a node's events that begin at that time take turns; else each is
 * handed on when it is complete.
 */
typedef bool gate_turns_fn(void *ctx, const struct gate_key *key);

struct gate *gate_new(struct metrics *metrics, gate_event_fn *event, void *ctx);
void gate_free(struct gate *g);
void gate_on_key(struct gate *g, gate_key_fn *key);
void gate_on_syscall(struct gate *g, gate_wants_fn *wants);
void gate_on_turn(struct gate *g, gate_turns_fn *turns);	/* none: all do */

/* The bytes that one event's records may take; more are left out. */
void gate_set_event_bytes(struct gate *g, size_t bytes);

void gate_feed(struct gate *g, const char *data, size_t len);

/* Whether complete events of key's node wait for their turn. */
bool gate_holds(const struct gate *g, const struct gate_key *key);

/* What they wait for will not come, or not soon: nobody waits any longer. */
void gate_let_go(struct gate *g);

/* Nothing came for elapsed_ms: events open for longer are complete. */
void gate_idle(struct gate *g, uint64_t elapsed_ms);

/* End of the stream: a last line without newline counts, all is complete. */
void gate_finish(struct gate *g);

#endif
