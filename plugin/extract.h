/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * extract: reads the fields of one assembled event into a fact. System
 * calls are told by libaudit's tables for the record's arch. Owns the
 * strings of the fact it made last.
 */
#ifndef CONTREE_EXTRACT_H
#define CONTREE_EXTRACT_H

#include <auparse.h>

#include "fact.h"
#include "gate.h"
#include "metrics.h"

struct extract;

enum extracted {
	EXTRACT_FACT,		/* here it is */
	EXTRACT_NOTHING,	/* an event that says nothing of a process */
	EXTRACT_BAD,		/* an event that should, but cannot be read */
};

struct extract *extract_new(struct metrics *metrics);
void extract_free(struct extract *x);
void extract_set_args_bytes(struct extract *x, size_t bytes);

/*
 * From the event that auparse stands on. The fact's strings are valid
 * until the next call; its node is the event's.
 */
enum extracted extract_fact(struct extract *x, auparse_state_t *au,
			    const struct gate_event *event, struct fact *f);

#endif
