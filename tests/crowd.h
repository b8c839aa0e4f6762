/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crowd: a host with many containers, each with many processes, as facts: a
 * containerd, a shim for each container, runc and its stages, an init, and
 * the init's children, of which some execute a program of their own and the
 * others go on as what they were forked from. First all are born, then all
 * end. A plain function of its options: no state, no clock.
 */
#ifndef CONTREE_TESTS_CROWD_H
#define CONTREE_TESTS_CROWD_H

#include "buf.h"
#include "fact.h"

struct crowd {
	const char *node;	/* "" for none */
	uint64_t time_ms;	/* of the first fact */
	unsigned int containers;
	unsigned int members;	/* of each, its init not counted */
	unsigned int executing;	/* of a hundred members */
	bool witness;		/* the kernel's word on births and ends comes
				 * too, and audit tells of what is executed */
};

/* The facts are in the order of their times; each is valid for the call. */
typedef void crowd_fn(void *ctx, const struct fact *f);

/* Everybody is born. Returns the time of the last fact. */
uint64_t crowd_rise(const struct crowd *c, crowd_fn *fn, void *ctx);

/* Everybody but containerd ends, from that time on. The same. */
uint64_t crowd_fall(const struct crowd *c, uint64_t time_ms, crowd_fn *fn,
		    void *ctx);

/* A fact of audit's as the records that auditd hands to its plugins. */
void crowd_records(struct buf *out, const struct fact *f);

#endif
