/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate_key: what a line begins with, as the kernel and auditd write it
 * (audit_log_start() in kernel/audit.c, format_event() in auditd-event.c):
 *
 *	[node=NAME ]type=TYPE msg=audit(SEC.MSEC:SERIAL):
 *
 * Private to the gate.
 */
#ifndef CONTREE_GATE_KEY_H
#define CONTREE_GATE_KEY_H

#include "gate.h"

#define GATE_MAX_NODE 256	/* bytes of a node's name (auditd: 255) */
#define GATE_MAX_STAMP 48	/* SEC.MSEC:SERIAL): usually takes 26 bytes */

/* What the line before began with; all zero where there was none. */
struct gate_last {
	uint64_t time_ms;
	uint64_t serial;
	size_t stamp_len;
	char stamp[GATE_MAX_STAMP];
	size_t node_len;
	char node[GATE_MAX_NODE];
};

/*
 * False if the line does not begin like that. The strings of k are in line.
 * *again: node, time and serial are those of the line before.
 */
bool gate_read_key(struct gate_last *last, const char *line, size_t len,
		   struct gate_key *k, bool *again);

#endif
