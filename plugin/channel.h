/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel: a bounded queue of bytes between two threads, one that puts and
 * one that takes. It never grows, never splits what was put in one call,
 * and counts what found no room. Used twice: intake to core, core to
 * ledger.
 */
#ifndef CONTREE_CHANNEL_H
#define CONTREE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;

/* A message's tag is the putter's own business (which log it is for…). */
struct channel_msg {
	unsigned int tag;
	const char *data;	/* borrowed until channel_done() */
	size_t len;
};

/*
 * Each message takes its own length and up to 31 bytes more of size_bytes.
 * NULL, with errno set, if there is no memory or no file descriptor.
 */
struct channel *channel_new(size_t size_bytes);
void channel_free(struct channel *ch);

size_t channel_size(const struct channel *ch);

/* Never waits. False if there is no room: nothing was put, and it counts. */
bool channel_put(struct channel *ch, unsigned int tag, const char *data,
		 size_t len);

/*
 * While it is corked, what is put wakes no taker: several messages that go
 * together wake him once, when it is not corked any more. By the putter.
 */
void channel_cork(struct channel *ch, bool corked);

/* No more will be put; what is in it can still be taken. */
void channel_close(struct channel *ch);

/*
 * Waits up to timeout_ms (-1: for ever, 0: not at all) for a message.
 * 1: here it is, give it back with channel_done(). 0: none came in time,
 * or channel_wake() was called. -1: closed and empty.
 */
int channel_take(struct channel *ch, struct channel_msg *msg, int timeout_ms);
void channel_done(struct channel *ch);

/*
 * The taker's current or next channel_take() that finds no message returns
 * 0 at once: there is something else to look at. From any thread.
 */
void channel_wake(struct channel *ch);

/*
 * For a taker that waits for other things too: once channel_take() with no
 * timeout has returned 0, this can be polled for reading, and becomes
 * readable at the next put, wake or close. Borrowed; never read it.
 */
int channel_fd(const struct channel *ch);

/* Nothing comes for a while: the memory of what was in it is given back. */
void channel_trim(struct channel *ch);

/* No byte of it is in use. */
bool channel_is_empty(struct channel *ch);

/* More than half of its bytes are in use. */
bool channel_half_full(struct channel *ch);

/* Messages refused since the last call. */
uint64_t channel_refused(struct channel *ch);

#endif
