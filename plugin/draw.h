/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw: the tree of every process that was in it, drawn once all is known.
 * Takes changes and copies what it needs of them; draws through
 * libsmartcols. Untrusted bytes become printable on their way in.
 *
 * Bounded: processes beyond DRAW_PROCESSES are counted, not kept; lines
 * deeper than DRAW_DEPTH hang at that depth and say so.
 */
#ifndef CONTREE_DRAW_H
#define CONTREE_DRAW_H

#include <stdbool.h>
#include <stdio.h>

#include "change.h"

#define DRAW_PROCESSES 500000
#define DRAW_DEPTH 100

struct draw;

/*
 * Unicode where the locale at this time is a UTF-8 one, else ASCII: the
 * program calls setlocale() before. Never fails.
 */
struct draw *draw_new(void);
void draw_free(struct draw *d);

/*
 * A change_fn: draw is a struct draw *. Takes changes as they come and
 * final records alike; the last word on a process counts, but its parent is
 * the one that its last CHANGE_FORK or CHANGE_CENSUS named.
 */
void draw_change(void *draw, const struct change *change);

/*
 * Prints what it has so far. Lines are cut to width columns; 0: not at all,
 * and then the same changes give the same bytes wherever it goes to.
 */
void draw_print(struct draw *d, FILE *to, bool colour, size_t width);

#endif
