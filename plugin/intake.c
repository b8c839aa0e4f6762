/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intake.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"

#define READ_BYTES (INTAKE_MESSAGE_BYTES - INTAKE_LINE_BYTES)
/* Of so much the taker is not told at most, and of a share of the channel. */
#define HELD_BYTES ((size_t)128 << 10)
#define HELD_SHARE 4
#define TELL_MS 100	/* how soon a loss is told when nothing else comes */
/*
 * Read after intake_stop() at most, so that a writer who never pauses
 * cannot hold up the end. A socket holds some 200 KiB.
 */
#define DRAIN_BYTES ((size_t)4 << 20)

struct intake {
	int fd;
	int stop_fd;		/* eventfd */
	struct channel *out;
	struct confine *confine;
	pthread_t thread;
	bool started;
	int held_ms;		/* how long the taker has not been told, */
	size_t held_bytes;	/* and of how much; */
	size_t most_held_bytes;
	bool patient;		/* what fd is read from can wait */
	bool skipping;		/* the rest of a line that was cut */
	uint64_t untold;	/* lines dropped since the last message */
	uint64_t dropped;
	uint64_t cut;
	int error;		/* errno, why nothing more was read; or 0 */
	size_t len;		/* bytes in data: part of a line */
	char data[INTAKE_MESSAGE_BYTES];
};

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

struct intake *intake_new(int fd, struct channel *out, struct err *err)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (!in) {
		err_set(err, 0, "no memory");
		return NULL;
	}
	in->fd = fd;
	in->out = out;
	in->most_held_bytes = channel_size(out) / HELD_SHARE;
	if (in->most_held_bytes > HELD_BYTES)
		in->most_held_bytes = HELD_BYTES;
	in->patient = is_file(fd);
	in->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->stop_fd < 0) {
		err_set(err, errno, "eventfd");
		free(in);
		return NULL;
	}
	return in;
}

static void wait_for_room(void)
{
	const struct timespec pause = { 0, 1000000 };

	nanosleep(&pause, NULL);
}

static void put(struct intake *in, const char *data, size_t len)
{
	unsigned int tag = in->untold < UINT_MAX ? (unsigned int)in->untold :
						   UINT_MAX;
	uint64_t lines;

	for (;;) {
		if (channel_put(in->out, tag, data, len)) {
			in->untold -= tag;
			return;
		}
		if (!in->patient)
			break;
		wait_for_room();
	}
	lines = lines_count(data, len);
	in->untold += lines;
	in->dropped += lines;
}

/* Behind a line that was cut, all up to its newline is left out. */
static void skip(struct intake *in)
{
	char *nl = memchr(in->data, '\n', in->len);

	if (!nl) {
		in->len = 0;
		return;
	}
	in->skipping = false;
	in->len -= (size_t)(nl + 1 - in->data);
	memmove(in->data, nl + 1, in->len);
}

/* more bytes have come behind the part of a line that was there. */
static void pass_on(struct intake *in, size_t more)
{
	char *from = in->data + in->len;
	char *nl;

	in->len += more;
	if (in->skipping) {
		skip(in);
		from = in->data;
		more = in->len;
	}
	nl = memrchr(from, '\n', more);
	if (nl) {
		put(in, in->data, (size_t)(nl + 1 - in->data));
		in->len -= (size_t)(nl + 1 - in->data);
		memmove(in->data, nl + 1, in->len);
	}
	if (in->len > INTAKE_LINE_BYTES) {
		in->data[INTAKE_LINE_BYTES] = '\n';
		put(in, in->data, INTAKE_LINE_BYTES + 1);
		in->len = 0;
		in->skipping = true;
		in->cut++;
	}
}

/*
 * Reads once. Returns the number of bytes; 0 at the end of the stream, and
 * an error is one; -1 if there was nothing after all.
 */
static ssize_t read_some(struct intake *in)
{
	ssize_t n = read(in->fd, in->data + in->len, READ_BYTES);

	if (n > 0)
		pass_on(in, (size_t)n);
	if (n >= 0 || errno == EINTR || errno == EAGAIN)
		return n;
	in->error = errno;
	return 0;
}

static bool is_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) > 0;
}

static void drain(struct intake *in)
{
	size_t done = 0;

	while (done < DRAIN_BYTES && is_readable(in->fd)) {
		ssize_t n = read_some(in);

		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

/* The input is over: nothing is held up by waiting for room now. */
static void end(struct intake *in)
{
	if (in->len)
		put(in, in->data, in->len);
	while (in->untold) {
		put(in, NULL, 0);
		if (in->untold)
			wait_for_room();
	}
	channel_close(in->out);
}

/*
 * auditd writes record by record, and each would wake two threads. What comes
 * within a few milliseconds is read at once, but not so much that auditd would
 * find its socket full: a record takes about a KiB of the 200 that it has, by
 * the kernel's count. While every pause brings something, nothing else wakes
 * this thread.
 */
#define LITTLE_BYTES 12288
#define MUCH_BYTES 20480
/* Bytes a ms: less is a lull, more a crowd. (An execution is some 2300.) */
#define LULL_RATE 500
#define CROWD_RATE 1200

/* How long is gathered next time, after n bytes in pause_ms this time. */
static int next_pause(int pause_ms, ssize_t n)
{
	int most_ms = n < LULL_RATE * pause_ms ? INTAKE_LULL_MS :
						 INTAKE_GATHER_MS;
	int longer_ms = pause_ms + pause_ms / 4 + 1;

	if (n > MUCH_BYTES)
		return pause_ms / 2;
	if (n > LITTLE_BYTES && pause_ms < most_ms)
		return pause_ms;
	return longer_ms < most_ms ? longer_ms : most_ms;
}

static void tell(struct intake *in)
{
	channel_cork(in->out, false);
	channel_cork(in->out, true);
	in->held_ms = 0;
	in->held_bytes = 0;
}

/* What little was read after a pause may wait for one more that is as long. */
static void tell_in_time(struct intake *in, int pause_ms, ssize_t n)
{
	int most_ms = n > CROWD_RATE * pause_ms ? INTAKE_CROWD_MS :
						  INTAKE_GATHER_MS;

	in->held_ms += pause_ms;
	in->held_bytes += n > 0 ? (size_t)n : 0;
	if (in->held_ms + pause_ms > most_ms ||
	    in->held_bytes > in->most_held_bytes)
		tell(in);
}

static bool must_stop(const struct intake *in, int timeout_ms)
{
	struct pollfd stop = { in->stop_fd, POLLIN, 0 };

	return poll(&stop, 1, timeout_ms) > 0;
}

/* Waits for as long as there is nothing to read, nor to stop for. */
static void await_some(struct intake *in)
{
	struct pollfd fds[] = {
		{ in->fd, POLLIN, 0 },
		{ in->stop_fd, POLLIN, 0 },
	};

	while (poll(fds, 2, in->untold ? TELL_MS : -1) <= 0) {
		if (in->untold) {
			put(in, NULL, 0);
			tell(in);
		}
	}
}

/* From a file, as fast as there is room. */
static void copy(struct intake *in)
{
	while (!must_stop(in, 0))
		if (!read_some(in))
			return;
	drain(in);
}

static void gather(struct intake *in)
{
	int pause_ms = INTAKE_GATHER_MS;
	ssize_t n = 1;

	channel_cork(in->out, true);
	while (n) {
		if (must_stop(in, n < (ssize_t)READ_BYTES ? pause_ms : 0)) {
			channel_cork(in->out, false);
			drain(in);
			return;
		}
		if (!is_readable(in->fd)) {
			tell(in);
			await_some(in);
			if (pause_ms > INTAKE_GATHER_MS)
				pause_ms = INTAKE_GATHER_MS;
			continue;
		}
		n = read_some(in);
		tell_in_time(in, pause_ms, n);
		pause_ms = next_pause(pause_ms, n);
	}
	channel_cork(in->out, false);
}

static void *run(void *ctx)
{
	struct intake *in = ctx;

	confine_enter(in->confine, CONFINE_INTAKE);
	if (in->patient)
		copy(in);
	else
		gather(in);
	end(in);
	return NULL;
}

int intake_start(struct intake *in, struct confine *confine, struct err *err)
{
	int code;

	in->confine = confine;
	code = pthread_create(&in->thread, NULL, run, in);
	if (code)
		return err_set(err, code, "cannot start the intake's thread");
	in->started = true;
	return 0;
}

void intake_stop(struct intake *in)
{
	uint64_t one = 1;

	/* fails only if it is readable already, after 2^64 calls */
	while (write(in->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void intake_join(struct intake *in)
{
	if (in->started)
		pthread_join(in->thread, NULL);
	in->started = false;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	intake_join(in);
	close(in->stop_fd);
	free(in);
}

uint64_t intake_cut(const struct intake *in)
{
	return in->cut;
}

uint64_t intake_dropped(const struct intake *in)
{
	return in->dropped;
}

int intake_error(const struct intake *in)
{
	return in->error;
}
