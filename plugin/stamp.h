/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stamp: a time as both logs write it. UTC by integer arithmetic alone: no
 * locale, no time zone file, no state.
 */
#ifndef CONTREE_STAMP_H
#define CONTREE_STAMP_H

#include <stdint.h>

#define STAMP_BYTES 24
#define STAMP_DATE_BYTES 11	/* of them, the date and what separates it */

/*
 * Writes "2026-11-23T19:02:21.586Z", without a NUL; between stands between
 * date and time. A time beyond the year 9999 becomes its last millisecond.
 */
void stamp(char out[STAMP_BYTES], uint64_t time_ms, char between);

#endif
