/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The ring holds messages, each a head and its bytes, none of which wraps:
 *
 *	not wrapped:	0 ... [first ... next) ... size
 *	wrapped:	0 ... next) ... [first ... end) ... size
 *
 * An empty ring begins again at 0, so that a channel that is never much
 * behind stays in the same few pages. What a burst took beyond those goes
 * back to the kernel when the burst is over.
 */
struct head {
	size_t len;
	unsigned int tag;
};

#define ALIGN ((size_t)16)
#define KEPT_BYTES ((size_t)1 << 20)
#define HEAD_BYTES (((sizeof(struct head) + ALIGN - 1) / ALIGN) * ALIGN)

struct channel {
	pthread_mutex_t lock;
	char *ring;
	size_t size;
	size_t first;		/* the oldest message */
	size_t next;		/* where the next one goes */
	size_t end;		/* end of the last before the wrap */
	size_t used;		/* bytes in use */
	size_t touched;		/* the highest byte that was written since */
	uint64_t refused;
	int fd;			/* eventfd: tells a taker that sleeps */
	bool wrapped;
	bool closed;
	bool woken;		/* by channel_wake(), not yet said */
	bool putting;		/* a message is being copied in */
	bool corked;		/* the taker is not told yet */
	bool armed;		/* the taker found nothing: tell it */
	bool told;		/* fd is readable, or is about to be */
};

/* Bytes of the ring that len bytes of message take; 0 if it is too long. */
static size_t room_for(const struct channel *ch, size_t len)
{
	if (len > ch->size || ch->size - len < HEAD_BYTES + ALIGN - 1)
		return 0;
	return HEAD_BYTES + (len + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t bytes)
{
	return (bytes + page() - 1) / page() * page();
}

struct channel *channel_new(size_t size_bytes)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->size = size_bytes / ALIGN * ALIGN;
	ch->ring = ch->size ? aligned_alloc(page(), round_up(ch->size)) : NULL;
	ch->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!ch->ring || ch->fd < 0) {
		int saved = errno;

		if (ch->fd >= 0)
			close(ch->fd);
		free(ch->ring);
		free(ch);
		errno = saved;
		return NULL;
	}
	pthread_mutex_init(&ch->lock, NULL);
	return ch;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	pthread_mutex_destroy(&ch->lock);
	close(ch->fd);
	free(ch->ring);
	free(ch);
}

size_t channel_size(const struct channel *ch)
{
	return ch->size;
}

/* With the lock held. True if say() is to follow, once it is not. */
static bool must_say(struct channel *ch)
{
	bool must = !ch->told;

	ch->armed = false;
	ch->told = true;
	return must;
}

/*
 * Without the lock, which whom it wakes takes at once. Said late it wakes the
 * taker once for nothing. Cannot fail: the counter never gets beyond 1.
 */
static void say(struct channel *ch)
{
	uint64_t one = 1;

	while (write(ch->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* must: as must_say() had it. */
static void unlock_and_say(struct channel *ch, bool must)
{
	pthread_mutex_unlock(&ch->lock);
	if (must)
		say(ch);
}

static void untell(struct channel *ch)
{
	uint64_t count;

	if (ch->told && read(ch->fd, &count, sizeof(count)) > 0)
		ch->told = false;
}

/*
 * Finds a place for need bytes, which the taker does not look at before they
 * are published; NULL if there is none.
 */
static char *place(struct channel *ch, size_t need)
{
	if (!ch->used) {
		ch->first = ch->next = 0;
		ch->wrapped = false;
	}
	if (!ch->wrapped && ch->size - ch->next < need) {
		if (ch->first < need)
			return NULL;
		ch->end = ch->next;
		ch->next = 0;
		ch->wrapped = true;
	}
	if (ch->wrapped && ch->first - ch->next < need)
		return NULL;
	return ch->ring + ch->next;
}

/* Returns as must_say(). */
static bool publish(struct channel *ch, size_t need)
{
	ch->next += need;
	ch->used += need;
	if (ch->next > ch->touched)
		ch->touched = ch->next;
	ch->putting = false;
	return ch->armed && !ch->corked && must_say(ch);
}

bool channel_put(struct channel *ch, unsigned int tag, const char *data,
		 size_t len)
{
	struct head head = { len, tag };
	size_t need = room_for(ch, len);
	char *at = NULL;

	pthread_mutex_lock(&ch->lock);
	if (need && !ch->closed)
		at = place(ch, need);
	ch->putting = at;
	ch->refused += !at;
	pthread_mutex_unlock(&ch->lock);
	if (!at)
		return false;
	/* A long copy keeps nobody waiting: only this thread puts. */
	memcpy(at, &head, sizeof(head));
	if (len)
		memcpy(at + HEAD_BYTES, data, len);
	pthread_mutex_lock(&ch->lock);
	unlock_and_say(ch, publish(ch, need));
	return true;
}

void channel_cork(struct channel *ch, bool corked)
{
	pthread_mutex_lock(&ch->lock);
	ch->corked = corked;
	unlock_and_say(ch, !corked && ch->armed && ch->used && must_say(ch));
}

void channel_close(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	ch->closed = true;
	unlock_and_say(ch, must_say(ch));
}

void channel_wake(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	ch->woken = true;
	unlock_and_say(ch, must_say(ch));
}

/* 1, 0 or -1 as channel_take(); *woken if it is 0 because of a wake. */
static int take_now(struct channel *ch, struct channel_msg *msg, bool *woken)
{
	struct head head;
	int ret = 0;

	*woken = false;
	pthread_mutex_lock(&ch->lock);
	untell(ch);
	if (ch->used) {
		memcpy(&head, ch->ring + ch->first, sizeof(head));
		msg->tag = head.tag;
		msg->data = ch->ring + ch->first + HEAD_BYTES;
		msg->len = head.len;
		ret = 1;
	} else if (ch->closed) {
		ret = -1;
	} else {
		*woken = ch->woken;
		ch->woken = false;
		ch->armed = true;
	}
	pthread_mutex_unlock(&ch->lock);
	return ret;
}

int channel_take(struct channel *ch, struct channel_msg *msg, int timeout_ms)
{
	struct pollfd wait = { ch->fd, POLLIN, 0 };
	bool woken;
	int ret;

	for (;;) {
		ret = take_now(ch, msg, &woken);
		if (ret || woken || !timeout_ms)
			return ret;
		if (!poll(&wait, 1, timeout_ms))
			return 0;
	}
}

/* With the lock held. What is being copied in is not counted as used yet. */
static void give_back(struct channel *ch, size_t kept)
{
	if (ch->used || ch->putting || ch->touched <= kept)
		return;
	madvise(ch->ring + kept, round_up(ch->touched) - kept, MADV_DONTNEED);
	ch->touched = kept;
}

void channel_trim(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	give_back(ch, page());
	pthread_mutex_unlock(&ch->lock);
}

void channel_done(struct channel *ch)
{
	struct head head;
	size_t need;

	pthread_mutex_lock(&ch->lock);
	memcpy(&head, ch->ring + ch->first, sizeof(head));
	need = room_for(ch, head.len);
	ch->first += need;
	ch->used -= need;
	if (ch->wrapped && ch->first == ch->end) {
		ch->first = 0;
		ch->wrapped = false;
	}
	give_back(ch, round_up(KEPT_BYTES));
	pthread_mutex_unlock(&ch->lock);
}

int channel_fd(const struct channel *ch)
{
	return ch->fd;
}

static size_t used(struct channel *ch)
{
	size_t ret;

	pthread_mutex_lock(&ch->lock);
	ret = ch->used;
	pthread_mutex_unlock(&ch->lock);
	return ret;
}

bool channel_is_empty(struct channel *ch)
{
	return !used(ch);
}

bool channel_half_full(struct channel *ch)
{
	return used(ch) > ch->size / 2;
}

uint64_t channel_refused(struct channel *ch)
{
	uint64_t ret;

	pthread_mutex_lock(&ch->lock);
	ret = ch->refused;
	ch->refused = 0;
	pthread_mutex_unlock(&ch->lock);
	return ret;
}
