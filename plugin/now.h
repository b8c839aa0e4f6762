/* SPDX-License-Identifier: GPL-2.0-or-later */
/* now: the time by which the threads wait; the heart reads no clock. */
#ifndef CONTREE_NOW_H
#define CONTREE_NOW_H

#include <stdint.h>
#include <time.h>

/* By CLOCK_MONOTONIC. */
static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#endif
