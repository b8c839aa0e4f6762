/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake: the thread that reads auditd's stream and puts whole lines into
 * a channel, as many at once as a read gave. It waits for nothing but its
 * input: a plugin that stops reading stalls auditd. So what the channel has
 * no room for is dropped, in whole lines, and counted. It parses nothing.
 * Only a file, which nobody is behind, is read no faster than there is room.
 *
 * A message's tag is the number of lines that were dropped right before
 * it; its data may be empty. Only the last message may lack a newline.
 */
#ifndef CONTREE_INTAKE_H
#define CONTREE_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "channel.h"
#include "confine.h"
#include "err.h"

/*
 * A longer line is cut to this, its newline not counted. One byte more than
 * the gate keeps of a line, so that the gate sees that it was too long.
 */
#define INTAKE_LINE_BYTES (((size_t)16 << 10) + 1)
/* What one message can hold: the channel must have more room than that. */
#define INTAKE_MESSAGE_BYTES ((size_t)48 << 10)
/*
 * What comes within so many ms goes on together: a lull, in which it goes on
 * and on with little at a time, may take its time; where so much comes that it
 * must be read more often, the taker hears of it no sooner for that. What comes
 * first after a pause is not kept waiting for longer than in between.
 */
#define INTAKE_GATHER_MS 11
#define INTAKE_CROWD_MS 24
#define INTAKE_LULL_MS 50

struct intake;

/* fd and out are borrowed. NULL, with err set, on failure. */
struct intake *intake_new(int fd, struct channel *out, struct err *err);

/*
 * Starts the thread, confined by confine (borrowed; NULL: not at all). At its
 * end, or fd's, it closes the channel.
 */
int intake_start(struct intake *in, struct confine *confine, struct err *err);

/*
 * From any thread, returns at once: read what is there, wait for no more,
 * and end.
 */
void intake_stop(struct intake *in);

/* Waits for the thread's end, if it was started. */
void intake_join(struct intake *in);
void intake_free(struct intake *in);	/* joins too */

/*
 * After intake_join(): lines cut, and lines dropped, in all; and the error for
 * which nothing more was read, an errno, or 0.
 */
uint64_t intake_cut(const struct intake *in);
uint64_t intake_dropped(const struct intake *in);
int intake_error(const struct intake *in);

#endif
