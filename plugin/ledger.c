/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "now.h"
#include "state.h"

#define BATCH_BYTES ((size_t)256 << 10)
#define ANEW_BYTES ((size_t)64 << 10)	/* likewise, of what is written anew */
#define KEPT_BYTES ((size_t)16 << 10)	/* of a batch, between bursts */
#define CALM_MS 1000	/* so long nothing came: no burst */

struct log {
	struct ledger *ledger;
	struct logfile *file;	/* NULL: off */
	struct buf batch;	/* whole lines not written yet */
	bool stuck;		/* could not be replaced, which was told */
	uint64_t lost;		/* under the ledger's lock */
};

struct ledger {
	struct channel *in;
	logfile_news_fn *news;
	void *ctx;
	int ended_fd;
	bool started;
	struct confine *confine;
	pthread_t thread;
	struct log logs[LEDGER_LOGS];
	struct logfile_found found;	/* when it was opened */
	uint64_t flush;			/* which is next; no two plugins' alike */
	struct buf anew;	/* of what the state is to be, not written yet */
	bool is_anew;		/* the state is being written anew */
	bool has_marks;		/* … and has such */
	pthread_mutex_t lock;	/* for what follows, and for lost */
	bool reopen;
	struct ledger_options *options;	/* new ones, or NULL */
};

static void options_free(struct ledger_options *options)
{
	int i;

	if (!options)
		return;
	for (i = 0; i < LEDGER_LOGS; i++)
		free((char *)options->path[i]);
	free(options);
}

static struct ledger_options *options_copy(const struct ledger_options *from)
{
	struct ledger_options *to = malloc(sizeof(*to));
	int i;

	if (!to)
		abort();
	*to = *from;
	for (i = 0; i < LEDGER_LOGS; i++) {
		if (!from->path[i])
			continue;
		to->path[i] = strdup(from->path[i]);
		if (!to->path[i])
			abort();
	}
	return to;
}

/*
 * A log's news: what it lost is counted here, then it goes on to the owner.
 * The keeper is to hear of it at once: only what it writes anew can help. If
 * it is doing so, what the old state loses is in the new one.
 */
static void hear(void *ctx, const struct logfile_news *news)
{
	struct log *log = ctx;
	struct ledger *l = log->ledger;

	pthread_mutex_lock(&l->lock);
	if (log != &l->logs[LEDGER_STATE])
		log->lost += news->lost;
	else if (!l->is_anew)
		log->lost += news->lost + (news->event == LOGFILE_FAILS);
	pthread_mutex_unlock(&l->lock);
	l->news(l->ctx, news);
}

static void set_log(struct log *log, const char *path,
		    const struct logfile_options *options)
{
	if (log->file && path && !strcmp(logfile_path(log->file), path)) {
		logfile_set_options(log->file, options);
		return;
	}
	logfile_free(log->file);
	log->file = path ? logfile_new(path, options, hear, log) : NULL;
}

static void set_options(struct ledger *l, const struct ledger_options *o)
{
	int i;

	static const struct logfile_options state = { .whole = true };

	for (i = 0; i < LEDGER_LOGS; i++)
		set_log(&l->logs[i], o->path[i],
			i == LEDGER_STATE ? &state : &o->logfile);
}

static void reopen_all(struct ledger *l)
{
	int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		if (l->logs[i].file)
			logfile_reopen(l->logs[i].file, now_ms());
}

/* The last that is on: what it has, the others have. */
static const struct log *last_log(const struct ledger *l)
{
	for (int i = LEDGER_LOGS - 1; i > LEDGER_STATE; i--)
		if (l->logs[i].file)
			return &l->logs[i];
	return NULL;
}

struct logfile_found ledger_found(const struct ledger *l)
{
	return l->found;
}

struct ledger *ledger_new(const struct ledger_options *options,
			  struct channel *in, logfile_news_fn *news, void *ctx,
			  struct err *err)
{
	struct ledger *l = calloc(1, sizeof(*l));
	const struct log *last;
	int i;

	if (!l) {
		err_set(err, 0, "no memory");
		return NULL;
	}
	l->in = in;
	l->news = news;
	l->ctx = ctx;
	l->ended_fd = -1;
	l->flush = now_ms();
	pthread_mutex_init(&l->lock, NULL);
	for (i = 0; i < LEDGER_LOGS; i++)
		l->logs[i].ledger = l;
	set_options(l, options);
	reopen_all(l);
	last = last_log(l);
	if (last)
		l->found = logfile_found(last->file);
	return l;
}

static void flush_logs(struct ledger *l)
{
	int i;

	for (i = 0; i < LEDGER_LOGS; i++) {
		struct log *log = &l->logs[i];

		if (log->file)
			logfile_write(log->file, log->batch.data,
				      log->batch.len, now_ms());
		buf_clear(&log->batch);
	}
	l->flush++;
}

/* Whether a burst's memory is still kept. */
static bool is_roomy(const struct ledger *l)
{
	int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		if (l->logs[i].batch.size > KEPT_BYTES)
			return true;
	return l->anew.size > KEPT_BYTES;
}

static void release(struct ledger *l)
{
	int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		if (l->logs[i].batch.size > KEPT_BYTES)
			buf_free(&l->logs[i].batch);
	if (l->anew.size > KEPT_BYTES)
		buf_free(&l->anew);
}

static void obey(struct ledger *l)
{
	struct ledger_options *options;
	bool reopen;

	pthread_mutex_lock(&l->lock);
	reopen = l->reopen;
	options = l->options;
	l->reopen = false;
	l->options = NULL;
	pthread_mutex_unlock(&l->lock);
	if (options)
		set_options(l, options);
	if (reopen)
		reopen_all(l);
	options_free(options);
}

/* Told once when it begins, and once when it is over; err: NULL if it is. */
static void tell_stuck(struct ledger *l, struct log *log, const struct err *err)
{
	const struct logfile_news news = {
		.event = err ? LOGFILE_STUCK : LOGFILE_UNSTUCK,
		.path = logfile_path(log->file),
		.err = err,
	};

	if (log->stuck != (err != NULL))
		l->news(l->ctx, &news);
	log->stuck = err != NULL;
}

/* The keeper is to try again. */
static void fail_anew(struct ledger *l, const struct err *err)
{
	struct log *log = &l->logs[LEDGER_STATE];

	l->is_anew = false;
	buf_clear(&l->anew);
	pthread_mutex_lock(&l->lock);
	log->lost++;
	pthread_mutex_unlock(&l->lock);
	tell_stuck(l, log, err);
}

static void begin_anew(struct ledger *l)
{
	struct logfile *file = l->logs[LEDGER_STATE].file;
	struct err err;

	buf_clear(&l->anew);
	l->has_marks = false;
	l->is_anew = file && !logfile_anew(file, &err);
	if (file && !l->is_anew)
		fail_anew(l, &err);
}

static void flush_anew(struct ledger *l)
{
	struct err err;

	if (l->is_anew && logfile_anew_put(l->logs[LEDGER_STATE].file,
					   l->anew.data, l->anew.len, &err))
		fail_anew(l, &err);
	buf_clear(&l->anew);
}

/* Where in the last log so many bytes will be; nowhere if there is none. */
static struct state_mark make_mark(const struct ledger *l, size_t bytes)
{
	struct state_mark mark = { .bytes = bytes, .number = l->flush };
	const struct log *last = last_log(l);

	if (!last)
		return mark;
	mark.from = logfile_place(last->file);
	mark.from.size += last->batch.len;
	return mark;
}

/* What the state's next lines tell, so many bytes of the log will. */
static void mark_state(struct ledger *l, size_t bytes)
{
	struct state_mark mark = make_mark(l, bytes);

	if (!mark.from.inode)
		return;
	state_mark(&l->logs[LEDGER_STATE].batch, &mark);
	if (l->is_anew)
		state_mark(&l->anew, &mark);
	l->has_marks = l->is_anew;
}

/* The log has got all that the new state tells, or was told to have lost it. */
static void mark_end(struct ledger *l)
{
	struct state_mark mark = make_mark(l, 0);

	if (l->is_anew && l->has_marks)
		state_mark(&l->anew, &mark);
}

/*
 * What the old one was to get is in the new one. Most of that tells of things
 * without a mark, so the logs must have them.
 */
static void end_anew(struct ledger *l)
{
	struct log *log = &l->logs[LEDGER_STATE];
	struct err err;

	flush_logs(l);
	mark_end(l);
	flush_anew(l);
	if (!l->is_anew)
		return;
	if (logfile_anew_end(log->file, now_ms(), &err)) {
		fail_anew(l, &err);
		return;
	}
	l->is_anew = false;
	buf_clear(&log->batch);
	tell_stuck(l, log, NULL);
}

/* It was not finished. Here, since no other thread may remove a file. */
static void drop_anew(struct ledger *l)
{
	if (l->is_anew)
		logfile_anew_drop(l->logs[LEDGER_STATE].file);
	l->is_anew = false;
}

/* A line of the state, or of what is to be it, or both. */
static void collect_state(struct ledger *l, unsigned int tag,
			  const struct channel_msg *msg)
{
	size_t bytes = msg->tag >> LEDGER_TAG_BITS;

	if (bytes)
		mark_state(l, bytes);
	if (tag == LEDGER_STATE)
		buf_put(&l->logs[LEDGER_STATE].batch, msg->data, msg->len);
	if (tag == LEDGER_STATE_ANEW)
		begin_anew(l);
	if (l->is_anew)
		buf_put(&l->anew, msg->data, msg->len);
	if (tag == LEDGER_STATE_END)
		end_anew(l);
}

/* True when it is time to write. */
static bool collect(struct ledger *l, const struct channel_msg *msg)
{
	unsigned int tag = msg->tag & ((1 << LEDGER_TAG_BITS) - 1);
	struct log *log = &l->logs[tag < LEDGER_LOGS ? tag : LEDGER_STATE];

	if (log == &l->logs[LEDGER_STATE])
		collect_state(l, tag, msg);
	else
		buf_put(&log->batch, msg->data, msg->len);
	return log->batch.len >= BATCH_BYTES || l->anew.len >= ANEW_BYTES;
}

static bool is_idle(const struct ledger *l)
{
	int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		if (l->logs[i].batch.len)
			return false;
	return !l->anew.len;
}

static int wait_ms(const struct ledger *l, bool idle)
{
	if (!idle)
		return 0;
	return is_roomy(l) ? CALM_MS : -1;
}

static void *run(void *ctx)
{
	struct ledger *l = ctx;
	struct channel_msg msg;
	uint64_t one = 1;
	bool idle;
	int n;

	confine_enter(l->confine, CONFINE_LEDGER);
	do {
		idle = is_idle(l);
		n = channel_take(l->in, &msg, wait_ms(l, idle));
		if (n > 0) {
			bool full = collect(l, &msg);

			channel_done(l->in);
			if (!full)
				continue;
		}
		flush_logs(l);
		flush_anew(l);
		if (!n && idle)
			release(l);
		obey(l);
	} while (n >= 0);
	drop_anew(l);
	/* an eventfd that was just made has room for 1 */
	if (l->ended_fd >= 0 && write(l->ended_fd, &one, sizeof(one)) < 0)
		abort();
	return NULL;
}

int ledger_start(struct ledger *l, int ended_fd, struct confine *confine,
		 struct err *err)
{
	int code;

	l->ended_fd = ended_fd;
	l->confine = confine;
	code = pthread_create(&l->thread, NULL, run, l);
	if (code)
		return err_set(err, code, "cannot start the ledger's thread");
	l->started = true;
	return 0;
}

void ledger_free(struct ledger *l)
{
	int i;

	if (!l)
		return;
	if (l->started)
		pthread_join(l->thread, NULL);
	for (i = 0; i < LEDGER_LOGS; i++) {
		logfile_free(l->logs[i].file);
		buf_free(&l->logs[i].batch);
	}
	buf_free(&l->anew);
	options_free(l->options);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void ledger_reopen(struct ledger *l, const struct ledger_options *options)
{
	struct ledger_options *old = NULL;
	struct ledger_options *copy = options ? options_copy(options) : NULL;

	pthread_mutex_lock(&l->lock);
	l->reopen = true;
	if (copy) {
		old = l->options;
		l->options = copy;
	}
	pthread_mutex_unlock(&l->lock);
	options_free(old);
	channel_wake(l->in);
}

uint64_t ledger_lost(struct ledger *l, enum ledger_log log)
{
	uint64_t ret;

	pthread_mutex_lock(&l->lock);
	ret = l->logs[log].lost;
	l->logs[log].lost = 0;
	pthread_mutex_unlock(&l->lock);
	return ret;
}
