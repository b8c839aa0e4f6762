/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "sinks.h"

#define TICK_MS 100	/* how often what waits is looked at in a pause */
/*
 * A pause is followed until nothing can wait any more: an event without an
 * end for two seconds, then the tree for twice the linger time.
 */
#define PAUSE_MS 3000

struct core {
	struct channel *in;
	struct channel *out;
	struct ledger *ledger;
	struct pipeline *pipeline;
	struct core_options *options;	/* in force */
	struct buf line;
	uint64_t lost[LEDGER_LOGS];	/* lines, not reported yet */
	uint64_t refused;		/* lines that got no room, in all */
	uint64_t fed_ms;		/* when the last slice came */
	bool quiet;			/* a pause was followed to its end */
	bool started;
	pthread_t thread;
	pthread_mutex_t lock;		/* for what follows */
	struct core_options *next;	/* to come into force, or NULL */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static const char *copy(const char *s)
{
	char *ret = strdup(s ? s : "");

	if (!ret)
		abort();
	return ret;
}

static struct core_options *options_copy(const struct core_options *from)
{
	struct core_options *to = malloc(sizeof(*to));

	if (!to)
		abort();
	*to = *from;
	to->pipeline.tree.roots = copy(from->pipeline.tree.roots);
	to->pipeline.tree.shims = copy(from->pipeline.tree.shims);
	to->pipeline.tree.runtimes = copy(from->pipeline.tree.runtimes);
	return to;
}

static void options_free(struct core_options *options)
{
	if (!options)
		return;
	free((char *)options->pipeline.tree.roots);
	free((char *)options->pipeline.tree.shims);
	free((char *)options->pipeline.tree.runtimes);
	free(options);
}

static void render_plain(struct buf *out, const struct change *change)
{
	render_text(out, change, false);
}

static const struct {
	void (*render)(struct buf *out, const struct change *change);
	const char *lost;	/* what its lost lines are called */
} sinks[LEDGER_LOGS] = {
	[LEDGER_TEXT] = { render_plain, "lines of the text log" },
	[LEDGER_JSON] = { render_json, "lines of the JSON log" },
};

static void emit(void *ctx, const struct change *change)
{
	struct core *c = ctx;
	unsigned int i;

	for (i = 0; i < LEDGER_LOGS; i++) {
		if (!c->options->logs[i])
			continue;
		buf_clear(&c->line);
		sinks[i].render(&c->line, change);
		if (channel_put(c->out, i, c->line.data, c->line.len))
			continue;
		c->lost[i]++;
		c->refused++;
	}
}

/*
 * Says how many lines are missing from the logs: once there is room to say
 * it, and, where a disk refused them, once that log works again.
 */
static void report_lost(struct core *c)
{
	unsigned int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		c->lost[i] += ledger_lost(c->ledger, i);
	if (channel_half_full(c->out))
		return;
	for (i = 0; i < LEDGER_LOGS; i++) {
		uint64_t n = c->lost[i];

		c->lost[i] = 0;
		if (n)
			pipeline_lost(c->pipeline, n, sinks[i].lost);
	}
}

static bool owes_report(const struct core *c)
{
	unsigned int i;

	for (i = 0; i < LEDGER_LOGS; i++)
		if (c->lost[i])
			return true;
	return false;
}

static void feed(struct core *c, const struct channel_msg *msg)
{
	if (msg->tag)
		pipeline_lost(c->pipeline, msg->tag, "lines");
	if (msg->len)
		pipeline_feed(c->pipeline, msg->data, msg->len);
	c->fed_ms = now_ms();
	c->quiet = false;
}

/*
 * A pause of less than the linger time decides nothing: auditd may just be
 * late, and so every run over the same records says the same, at any pace.
 */
static void idle(struct core *c)
{
	uint64_t linger_ms = c->options->pipeline.tree.linger_ms;
	uint64_t elapsed_ms = now_ms() - c->fed_ms;

	if (c->quiet || elapsed_ms < linger_ms)
		return;
	pipeline_idle(c->pipeline, elapsed_ms);
	c->quiet = elapsed_ms > PAUSE_MS + 2 * linger_ms;
}

static void obey(struct core *c)
{
	struct core_options *next;

	pthread_mutex_lock(&c->lock);
	next = c->next;
	c->next = NULL;
	pthread_mutex_unlock(&c->lock);
	if (!next)
		return;
	pipeline_set_options(c->pipeline, &next->pipeline);
	options_free(c->options);
	c->options = next;
}

/*
 * The one place where the core waits. Whatever else it is to serve (the
 * desk's socket) is one more row here, handled in run() beside obey().
 */
static void wait_for_work(struct core *c)
{
	struct pollfd fds[] = {
		{ channel_fd(c->in), POLLIN, 0 },
	};

	poll(fds, 1, c->quiet && !owes_report(c) ? -1 : TICK_MS);
}

static void *run(void *ctx)
{
	struct core *c = ctx;
	struct channel_msg msg;
	int n;

	while ((n = channel_take(c->in, &msg, 0)) >= 0) {
		if (n > 0) {
			feed(c, &msg);
			channel_done(c->in);
		} else {
			idle(c);
		}
		report_lost(c);
		obey(c);
		if (!n)
			wait_for_work(c);
	}
	pipeline_finish(c->pipeline);
	report_lost(c);
	channel_close(c->out);
	return NULL;
}

struct core *core_new(const struct core_options *options, struct channel *in,
		      struct channel *out, struct ledger *ledger)
{
	struct core *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->in = in;
	c->out = out;
	c->ledger = ledger;
	c->options = options_copy(options);
	c->quiet = true;
	c->pipeline = pipeline_new(&c->options->pipeline, emit, c);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

/*
 * Placing a process may place those who waited for it, and so on: as deep
 * as limbo is large. It is address space, not memory.
 */
#define STACK_BYTES (64u << 20)

int core_start(struct core *c, struct err *err)
{
	pthread_attr_t attr;
	int code;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	code = pthread_create(&c->thread, &attr, run, c);
	pthread_attr_destroy(&attr);
	if (code)
		return err_set(err, code, "cannot start the core's thread");
	c->started = true;
	return 0;
}

void core_set_options(struct core *c, const struct core_options *options)
{
	struct core_options *next = options_copy(options);
	struct core_options *old;

	pthread_mutex_lock(&c->lock);
	old = c->next;
	c->next = next;
	pthread_mutex_unlock(&c->lock);
	options_free(old);
	channel_wake(c->in);
}

void core_join(struct core *c)
{
	if (c->started)
		pthread_join(c->thread, NULL);
	c->started = false;
}

void core_free(struct core *c)
{
	if (!c)
		return;
	core_join(c);
	pipeline_free(c->pipeline);
	options_free(c->options);
	options_free(c->next);
	buf_free(&c->line);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const struct metrics *core_metrics(const struct core *c)
{
	return pipeline_metrics(c->pipeline);
}

uint64_t core_refused(const struct core *c)
{
	return c->refused;
}
