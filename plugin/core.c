/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "heap.h"
#include "host.h"
#include "looks.h"
#include "now.h"
#include "outlet.h"

#define TICK_MS 100	/* how often what waits is looked at in a pause */
/*
 * A pause is followed until nothing can wait any more: an event without an
 * end for two seconds, then the tree for twice the linger time.
 */
#define PAUSE_MS 3000
#define START_MS 2000	/* how long a record of this host is waited for */
#define OWED 4	/* linger times that auditd may be late */
#define AUDITD_CONF "/etc/audit/auditd.conf"
#define SLOW_TICK_MS 1000	/* how often else there is a look around */
#define MAX_RUSH 8	/* slices that are told of together, at most */
#define SHORT_TICK_MS 5		/* … while the state is written anew */
struct core {
	struct channel *in;
	struct channel *out;
	struct ledger *ledger;
	struct watch *watch;
	struct keeper *keeper;		/* or NULL */
	struct host *host;
	char *node;			/* how auditd calls this host */
	char *old_node;			/* how it did, by the state; or NULL */
	struct merge *merge;		/* of this host's node; NULL before its
					 * name is known */
	struct pipeline *pipeline;
	struct core_options *options;	/* in force */
	struct outlet *outlet;
	uint64_t fed_ms;		/* when the last slice came */
	uint64_t looked_ms;		/* when it was last looked for */
	uint64_t own_ms;		/* when a record of this host last came */
	uint64_t own_heard;		/* up to then */
	size_t peak;			/* of what the trees kept since memory was
					 * given back */
	bool quiet;			/* a pause was followed to its end */
	struct looks looks;
	unsigned int rush;		/* slices, since it was settled up */
	bool started;
	struct confine *confine;
	pthread_t thread;
	pthread_mutex_t lock;		/* for what follows */
	struct core_options *next;	/* to come into force, or NULL */
};

/* The state goes first: see ledger.h. */
static void flush(struct core *c)
{
	if (c->keeper)
		keeper_flush(c->keeper, outlet_pending(c->outlet));
	outlet_flush(c->outlet);
}

static void hand_over(struct core *c)
{
	channel_cork(c->out, true);
	flush(c);
	channel_cork(c->out, false);
}

static void emit(void *ctx, const struct change *change)
{
	struct core *c = ctx;
	bool full = outlet_put(c->outlet, c->options->logs, change);

	if (c->merge && !strcmp(change->node, c->node)) {
		watch_change(c->watch, change);
		if (c->keeper &&
		    keeper_change(c->keeper, change, outlet_pending(c->outlet)))
			full = true;
	}
	if (full)
		hand_over(c);
}

/*
 * Says how many lines are missing from the logs: once there is room to say
 * it, and, where a disk refused them, once that log works again.
 */
static void report_lost(struct core *c)
{
	const char *what;
	unsigned int i;
	uint64_t n;

	for (i = LEDGER_TEXT; i < LEDGER_LOGS; i++)
		outlet_miss(c->outlet, i, ledger_lost(c->ledger, i));
	if (channel_half_full(c->out))
		return;
	for (i = 0; i < LEDGER_LOGS; i++) {
		n = outlet_take_lost(c->outlet, i, &what);
		if (n)
			pipeline_lost(c->pipeline, n, what);
	}
}

static const struct timespec moment = { 0, 1000000 };

/* At the end. The ledger ends only when all is written: room will come. */
static void report_all_lost(struct core *c)
{
	report_lost(c);
	hand_over(c);
	while (outlet_owes(c->outlet)) {
		nanosleep(&moment, NULL);
		report_lost(c);
		hand_over(c);
	}
}

static void finish_state(struct core *c)
{
	while (!keeper_finish(c->keeper, pipeline_serial(c->pipeline))) {
		nanosleep(&moment, NULL);
		keeper_tick(c->keeper, c->ledger);
		keeper_go_on(c->keeper);
	}
}

/*
 * Where lines are missing, the state has more than the logs, and that can be seen
 * only until something is added to it. If this plugin, too, is killed before the
 * state is right, the next one is to see it again.
 */
static void restore(struct core *c, struct tree *t)
{
	bool json = c->options->logs[LEDGER_JSON];
	size_t lost = keeper_restore(c->keeper, t, c->node, c->out,
				     ledger_found(c->ledger));

	if (lost)
		keeper_write_whole(c->keeper);
	outlet_miss(c->outlet, json ? LEDGER_JSON : LEDGER_TEXT, lost);
	pipeline_expect(c->pipeline, keeper_serial(c->keeper));
}

/* How auditd calls this host is known now. */
static void start_watch(struct core *c, const char *node)
{
	struct tree *t;

	c->node = strdup(node);
	if (!c->node)
		abort();
	c->merge = pipeline_local(c->pipeline, c->node);
	t = pipeline_local_tree(c->pipeline);
	watch_attach(c->watch, c->merge, t, pipeline_metrics(c->pipeline));
	if (c->keeper)
		restore(c, t);
	watch_start(c->watch);
	if (c->keeper)
		keeper_write(c->keeper);
}

/*
 * The first record of this host's own tells its name: auditd sends one when
 * it starts, and it starts its plugins. It may not be the first of all.
 */
static void on_node(void *ctx, const char *node)
{
	struct core *c = ctx;

	/* Known, or guessed: then it is start_watch() that makes the node. */
	if (c->node)
		return;
	if (host_is(c->host, node, c->old_node))
		start_watch(c, node);
	else
		watch_stranger(c->watch, node);
}

/*
 * How long nothing has come. While the whole plugin stood still (SIGSTOP, a
 * host that was short of time) nothing could: that is no pause of the stream.
 */
static uint64_t measure_pause(struct core *c)
{
	uint64_t now = now_ms();

	if (now > c->looked_ms + 2 * SLOW_TICK_MS) {
		c->fed_ms += now - c->looked_ms;
		c->own_ms += now - c->looked_ms;
	}
	if (c->fed_ms > now)
		c->fed_ms = now;
	c->looked_ms = now;
	return now - c->fed_ms;
}

static void look_around(struct core *c)
{
	if (watch_drain(c->watch))
		looks_found(&c->looks, now_ms(),
			    tree_vouched(pipeline_local_tree(c->pipeline)));
}

static void feed(struct core *c, const struct channel_msg *msg)
{
	measure_pause(c);
	look_around(c);
	if (msg->tag)
		pipeline_lost(c->pipeline, msg->tag, "lines");
	if (msg->len)
		pipeline_feed(c->pipeline, msg->data, msg->len);
	c->fed_ms = c->looked_ms = now_ms();
	if (c->merge && merge_heard(c->merge) != c->own_heard) {
		c->own_heard = merge_heard(c->merge);
		c->own_ms = c->fed_ms;
	}
	c->quiet = false;
}

static void trim(struct core *c)
{
	pipeline_give_back(c->pipeline);
	heap_give_back();
}

/*
 * A pause of less than the linger time decides nothing: auditd may just be
 * late, and so every run over the same records says the same, at any pace.
 */
static void idle(struct core *c)
{
	uint64_t linger_ms = c->options->pipeline.tree.linger_ms;
	uint64_t elapsed_ms = measure_pause(c);
	uint64_t passed_ms;
	const char *node = c->merge || elapsed_ms <= START_MS ?
				   NULL :
				   host_guess(c->host, c->old_node);

	if (node)
		start_watch(c, node);
	if (looks_due(&c->looks, now_ms()))
		look_around(c);
	/* Others' records may go on while this host has none. */
	if (c->merge && c->own_ms + linger_ms <= now_ms()) {
		pipeline_let_go(c->pipeline);
		passed_ms = watch_passed_ms(c->watch);
		merge_pause(c->merge, passed_ms, passed_ms - OWED * linger_ms);
	}
	if (elapsed_ms < linger_ms || c->quiet)
		return;
	pipeline_idle(c->pipeline, elapsed_ms);
	c->quiet = elapsed_ms > PAUSE_MS + 2 * linger_ms;
	if (c->quiet) {
		outlet_trim(c->outlet);
		if (c->keeper)
			keeper_trim(c->keeper);
		channel_trim(c->in);
		channel_trim(c->out);
		trim(c);
	}
}

static void set_watch_options(struct watch *w, const struct core_options *o)
{
	const struct watch_options options = {
		.roots = o->pipeline.tree.roots,
		.shims = o->pipeline.tree.shims,
		.max_args_bytes = o->pipeline.max_args_bytes,
		.linger_ms = o->pipeline.tree.linger_ms,
	};

	watch_set_options(w, &options);
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
	set_watch_options(c->watch, next);
	core_options_free(c->options);
	c->options = next;
}

/*
 * The one place where the core waits. Whatever else it is to serve (the
 * desk's socket) is one more row here, handled in run() beside obey().
 */
static void wait_for_work(struct core *c)
{
	uint64_t now = now_ms();
	bool sees = c->merge && looks_due(&c->looks, now);
	struct pollfd fds[] = {
		{ channel_fd(c->in), POLLIN, 0 },
		{ sees ? watch_fd(c->watch) : -1, POLLIN, 0 },
	};
	bool still = c->quiet && !outlet_owes(c->outlet) &&
		     (c->merge ? !merge_waits(c->merge) :
				 now - c->fed_ms > START_MS);
	int timeout_ms = still ? SLOW_TICK_MS : TICK_MS;

	if (!looks_due(&c->looks, now))
		timeout_ms = (int)(c->looks.due_ms - now);
	if (c->keeper && keeper_is_writing(c->keeper))
		timeout_ms = SHORT_TICK_MS;
	poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms);
}

#define MANY 8192

/* When many have ended, their memory goes back to the kernel. */
static void give_back(struct core *c)
{
	size_t size = pipeline_size(c->pipeline);

	if (size > c->peak)
		c->peak = size;
	if (c->peak < MANY || size > c->peak / 2)
		return;
	trim(c);
	c->peak = size;
}

/* When the new state is whole, the logs have all that it tells. */
static void go_on_writing(struct core *c)
{
	if (!keeper_is_writing(c->keeper) || !channel_is_empty(c->out))
		return;
	hand_over(c);
	keeper_go_on(c->keeper);
}

/*
 * What was told goes out, and what of it was lost is told. The ledger is woken
 * last, when no lock that both take is needed here any more.
 */
static void settle_up(struct core *c)
{
	channel_cork(c->out, true);
	flush(c);
	if (c->keeper) {
		keeper_came(c->keeper, pipeline_serial(c->pipeline), c->quiet);
		keeper_tick(c->keeper, c->ledger);
	}
	report_lost(c);
	flush(c);
	channel_cork(c->out, false);
}

/* Counts this slice. Whether it may go out together with what waits already. */
static bool rush_on(struct core *c, int n)
{
	if (!n || channel_is_empty(c->in) || c->rush == MAX_RUSH)
		c->rush = 0;
	else
		c->rush++;
	return c->rush;
}

/* The core's own, and its readers', who do its work. */
static void confine(void *ctx)
{
	const struct core *c = ctx;

	confine_enter(c->confine, CONFINE_CORE);
}

static void *run(void *ctx)
{
	struct core *c = ctx;
	struct channel_msg msg;
	int n;

	watch_start_readers(c->watch, confine, c);
	confine(c);
	while ((n = channel_take(c->in, &msg, 0)) >= 0) {
		if (n > 0) {
			feed(c, &msg);
			channel_done(c->in);
		} else {
			idle(c);
		}
		if (c->keeper)
			go_on_writing(c);
		watch_tick(c->watch);
		if (!rush_on(c, n))
			settle_up(c);
		obey(c);
		give_back(c);
		if (!n)
			wait_for_work(c);
	}
	watch_drain(c->watch);
	pipeline_finish(c->pipeline);
	hand_over(c);
	report_all_lost(c);
	if (c->keeper)
		finish_state(c);
	channel_close(c->out);
	return NULL;
}

struct core *core_new(const struct core_options *options, struct channel *in,
		      struct channel *out, struct ledger *ledger,
		      struct watch *watch, struct keeper *keeper)
{
	struct core *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->in = in;
	c->out = out;
	c->outlet = outlet_new(out);
	c->ledger = ledger;
	c->watch = watch;
	c->keeper = keeper;
	c->fed_ms = c->looked_ms = c->own_ms = now_ms();
	c->options = core_options_copy(options);
	c->quiet = true;
	c->pipeline = pipeline_new(&c->options->pipeline, emit, c);
	pipeline_on_node(c->pipeline, on_node, c);
	c->host = host_new(AUDITD_CONF);
	c->old_node = keeper ? keeper_node(keeper) : NULL;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

int core_start(struct core *c, struct confine *confine, struct err *err)
{
	int code;

	c->confine = confine;
	code = pthread_create(&c->thread, NULL, run, c);
	if (code)
		return err_set(err, code, "cannot start the core's thread");
	c->started = true;
	return 0;
}

void core_set_options(struct core *c, const struct core_options *options)
{
	struct core_options *next = core_options_copy(options);
	struct core_options *old;

	pthread_mutex_lock(&c->lock);
	old = c->next;
	c->next = next;
	pthread_mutex_unlock(&c->lock);
	core_options_free(old);
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
	core_options_free(c->options);
	core_options_free(c->next);
	outlet_free(c->outlet);
	free(c->node);
	free(c->old_node);
	host_free(c->host);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const struct metrics *core_metrics(const struct core *c)
{
	return pipeline_metrics(c->pipeline);
}

uint64_t core_refused(const struct core *c)
{
	return outlet_refused(c->outlet);
}
