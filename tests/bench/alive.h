/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alive: processes in containers that stay alive while something else goes
 * on. Each container is made as a recorded one was, and held before its init
 * has its first child; then the init has as many children as are wanted,
 * each like the first of the recorded ones that executed something.
 */
#ifndef CONTREE_BENCH_ALIVE_H
#define CONTREE_BENCH_ALIVE_H

#include "play.h"

struct alive_options {
	uint32_t processes;	/* besides inits and shims; 0: nobody */
	uint32_t containers;
	uint64_t pause_ms;	/* after the first container, and after all */
	struct template like;	/* a recording of one container */
};

struct alive;

/* All are born. options is borrowed. Ends the program where it cannot. */
struct alive *alive_rise(const struct alive_options *options, struct stage *s);
/* All end; then each container goes on as it was recorded, to its end. */
void alive_fall(struct alive *a, struct stage *s);
void alive_free(struct alive *a);

#endif
