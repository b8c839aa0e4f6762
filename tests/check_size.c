/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What grows with the input has a bound: memory that is resident, for a host
 * with many processes and for input that is meant to
 * grow it without end. Afterwards it is back, the invariants hold, and a
 * story is told as if nothing had been.
 */
#include <check.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"
#include "merge.h"
#include "pipeline.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define T0 UINT64_C(1700000000000)
#define MB ((size_t)1 << 20)

/* Of tens of megabytes. Half of it and more is the code that has run meanwhile. */
#define LEFT (2 * MB)

/* A sanitizer takes what it wants. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif
#if defined(__GLIBC__) && !defined(SANITIZED)
#define IS_MEASURED true
#else
#define IS_MEASURED false
#endif

/*
 * Bytes that are resident; 0 if they tell nothing: then only what is counted
 * in processes is held against its bounds.
 */
static size_t in_use(void)
{
	unsigned long all, resident = 0;
	FILE *f = IS_MEASURED ? fopen("/proc/self/statm", "r") : NULL;

	if (f && fscanf(f, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* A tree that is told facts, and what it says while somebody listens. */
struct host {
	struct metrics metrics;
	struct tree *tree;
	struct merge *merge;	/* NULL: by audit alone */
	struct buf *says;	/* NULL: nobody listens */
	size_t before, peak;	/* bytes */
	size_t n;		/* facts */
	uint64_t lost;
};

/* As in "fork 45<-33 member c0de00000000" */
static void say(void *ctx, const struct change *c)
{
	struct host *h = ctx;

	if (c->kind == CHANGE_LOST)
		h->lost += c->lost;
	if (!h->says)
		return;
	buf_printf(h->says, "%s %d<-%d", change_name(c->kind),
		   c->proc ? (int)c->proc->pid : 0,
		   c->parent ? (int)c->parent->pid : 0);
	if (c->proc)
		buf_printf(h->says, " %s", role_name(c->role));
	if (c->container)
		buf_printf(h->says, " %.12s", c->container->id);
	if (c->kind == CHANGE_END)
		buf_printf(h->says, " %s", exit_reason_name(c->proc->reason));
	buf_putc(h->says, '\n');
}

static void host_open(struct host *h, bool witness)
{
	*h = (struct host){ 0 };
	h->tree = tree_new(&tree_defaults, "", &h->metrics, say, h);
	if (witness) {
		h->merge = merge_new(h->tree, &h->metrics);
		tree_witness(h->tree, T0);
	}
	h->before = h->peak = in_use();
}

static void host_close(struct host *h)
{
	merge_free(h->merge);
	tree_free(h->tree);
}

static void tell(void *ctx, const struct fact *f)
{
	struct host *h = ctx;
	size_t now;

	if (f->source == SOURCE_WITNESS)
		merge_put(h->merge, f);
	else if (h->merge)
		merge_apply(h->merge, f);
	else
		tree_apply(h->tree, f);
	if (++h->n % 1024)
		return;
	now = in_use();
	if (now > h->peak)
		h->peak = now;
}

/* A pause, after which nothing can wait any more. */
static void pause_until(struct host *h, uint64_t time_ms)
{
	if (h->merge)
		merge_pass(h->merge, time_ms);
	tree_idle(h->tree, 60000);
	ck_assert_ptr_null(tree_check(h->tree));
}

static size_t grown(const struct host *h)
{
	size_t now;

	if (h->tree)
		tree_give_back(h->tree);
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	now = in_use();

	return now > h->before ? now - h->before : 0;
}

/* --- after all of these */

/*
 * A container with one member, by what crowd.h says of it. Written by hand:
 * containerd makes shim 2001 by 2000, which has runc 2002 make 2005 by stages
 * 2003 and 2004; 2006 is its member.
 */
#define C " c0de00000000"
static const char truth[] = "exec 1000<-0 root\n"
			    "fork 2000<-1000 runtime\n"
			    "exec 2000<-1000 shim" C "\n"
			    "fork 2001<-2000 runtime" C "\n"
			    "exec 2001<-2000 shim" C "\n"
			    "end 2000<-1000 shim" C " exited\n"
			    "fork 2002<-2001 runtime" C "\n"
			    "exec 2002<-2001 runtime" C "\n"
			    "fork 2003<-2002 runtime" C "\n"
			    "exec 2003<-2002 runtime" C "\n"
			    "fork 2004<-2002 runtime" C "\n"
			    "fork 2005<-2002 runtime" C "\n"
			    "end 2004<-2002 runtime" C " exited\n"
			    "end 2003<-2002 runtime" C " exited\n"
			    "end 2002<-2001 runtime" C " exited\n"
			    "container-start 2005<-2002 init" C "\n"
			    "exec 2005<-2002 init" C "\n"
			    "fork 2006<-2005 member" C "\n"
			    "exec 2006<-2005 member" C "\n"
			    "end 2006<-2005 member" C " exited\n"
			    "end 2005<-2002 init" C " exited\n"
			    "container-stop 2005<-2002 init" C "\n"
			    "end 2001<-2000 shim" C " exited\n";

static const struct crowd small = {
	.node = "",
	.containers = 1,
	.members = 1,
	.executing = 100,
};

/* Containerd is in the tree, and nobody else any more. */
static void check_truth(struct host *h, uint64_t time_ms)
{
	struct buf says = BUF_INIT;
	struct crowd crowd = small;

	crowd.witness = h->merge;
	crowd.time_ms = time_ms;
	h->says = &says;
	time_ms = crowd_rise(&crowd, tell, h);
	time_ms = crowd_fall(&crowd, time_ms, tell, h);
	if (h->merge)
		merge_finish(h->merge);
	h->says = NULL;
	buf_putc(&says, '\0');
	ck_assert_str_eq(says.data, truth);
	buf_free(&says);
	pause_until(h, time_ms + 60000);
}

/* --- many processes */

static const struct {
	const char *name;
	bool witness;
	unsigned int executing;	/* of a hundred */
	size_t most;		/* while all of them end */
} crowds[] = {
	{ "by audit, half of them execute", false, 50, 60 * MB },
	{ "by the witness, none executes", true, 0, 60 * MB },
	{ "by the witness, half of them execute", true, 50, 60 * MB },
	{ "by audit, all of them execute", false, 100, 60 * MB },
	{ "by the witness, all of them execute", true, 100, 65 * MB },
};

/*
 * 100,000 processes in 1,000 containers, and with them the whole plugin, fit
 * into 64 MiB, whatever they execute. When all of them end, and the witness's
 * ends wait for the audit stream, these come on top. What is not the tree is
 * some 3.5 MiB.
 */
START_TEST(test_crowd)
{
	struct crowd crowd = {
		.node = "",
		.time_ms = T0,
		.containers = 1000,
		.members = 100,
		.executing = crowds[_i].executing,
		.witness = crowds[_i].witness,
	};
	struct host h;
	uint64_t time_ms;

	host_open(&h, crowd.witness);
	time_ms = crowd_rise(&crowd, tell, &h);
	pause_until(&h, time_ms + 60000);
	ck_assert_uint_ge(tree_size(h.tree), 102001);
	ck_assert_uint_eq(h.metrics.processes_evicted, 0);
	ck_assert_msg(grown(&h) <= 60 * MB, "%s: %zu bytes", crowds[_i].name,
		      grown(&h));
	time_ms = crowd_fall(&crowd, time_ms + 60000, tell, &h);
	ck_assert_msg(h.peak - h.before <= crowds[_i].most,
		      "%s: %zu bytes at most", crowds[_i].name,
		      h.peak - h.before);
	pause_until(&h, time_ms + 60000);
	ck_assert_uint_eq(tree_size(h.tree), 1);
	ck_assert_msg(grown(&h) <= LEFT, "%s: %zu bytes are left",
		      crowds[_i].name, grown(&h));
	host_close(&h);
}
END_TEST

/* --- without end */

#define INIT 2005

/* The container of the truth, without members; returns when it was made. */
static uint64_t make_container(struct host *h)
{
	struct crowd crowd = small;

	crowd.members = 0;
	crowd.witness = h->merge;
	crowd.time_ms = T0;
	return crowd_rise(&crowd, tell, h);
}

static uint64_t end_container(struct host *h, uint64_t time_ms)
{
	struct crowd crowd = small;

	crowd.members = 0;
	crowd.witness = h->merge;
	time_ms = crowd_fall(&crowd, time_ms, tell, h);
	pause_until(h, time_ms + 60000);
	return time_ms + 60000;
}

static struct fact fact_by(enum fact_kind kind, pid_t pid, pid_t ppid,
			   uint64_t time_ms, uint64_t serial)
{
	return (struct fact){
		.kind = kind,
		.time_ms = time_ms,
		.serial = serial,
		.node = "",
		.pid = pid,
		.ppid = ppid,
		.comm = "sh",
		.exe = "/bin/sh",
		.call = FORK_CLONE,
		.quiet = true,
	};
}

#define MANY 1000000

/* 100 a millisecond, and nobody who was announced ever speaks. */
START_TEST(test_claims)
{
	struct host h;
	struct fact f;
	uint64_t time_ms;

	host_open(&h, false);
	time_ms = make_container(&h);
	for (int i = 0; i < MANY; i++) {
		f = fact_by(FACT_FORK, INIT, 2001, time_ms + (uint64_t)i / 100,
			    1000 + (uint64_t)i);
		f.child = 2 + i;
		tell(&h, &f);
	}
	ck_assert_uint_le(tree_size(h.tree), tree_defaults.max_claims + 10);
	ck_assert_uint_ge(h.metrics.claims_evicted,
			  MANY - tree_defaults.max_claims);
	ck_assert_uint_gt(h.lost, 0);
	ck_assert_msg(h.peak - h.before <= 16 * MB, "%zu bytes at most",
		      h.peak - h.before);
	pause_until(&h, 0);
	time_ms = end_container(&h, time_ms + MANY / 100);
	ck_assert_uint_eq(h.metrics.claims_unanswered,
			  tree_defaults.max_claims);
	ck_assert_uint_eq(h.lost, h.metrics.claims_evicted);
	ck_assert_uint_eq(tree_size(h.tree), 1);
	ck_assert_msg(grown(&h) <= LEFT, "%zu bytes are left", grown(&h));
	check_truth(&h, time_ms);
	host_close(&h);
}
END_TEST

#define LINKS 200000

/* Each process forks the next and ends, one a millisecond. */
static uint64_t tell_chain(struct host *h, uint64_t time_ms)
{
	pid_t parent = INIT, child = 3000;
	struct fact f;

	for (int i = 0; i < LINKS; i++, parent = child++) {
		time_ms++;
		f = fact_by(FACT_FORK, parent, i ? 3000 + i - 2 : 2001, time_ms,
			    1000 + 3 * (uint64_t)i);
		f.child = h->merge ? child : 2 + i;
		f.source = h->merge ? SOURCE_WITNESS : SOURCE_AUDIT;
		f.mono_ns = time_ms * 1000000;
		f.born_ms = time_ms;
		if (i < 2)
			f.ppid = i ? INIT : 2001;
		tell(h, &f);
		f = fact_by(FACT_SEEN, child, parent, time_ms,
			    1001 + 3 * (uint64_t)i);
		tell(h, &f);
		f = fact_by(FACT_EXIT, parent, f.ppid, time_ms,
			    1002 + 3 * (uint64_t)i);
		f.source = h->merge ? SOURCE_WITNESS : SOURCE_AUDIT;
		f.mono_ns = time_ms * 1000000 + 1;
		if (i)
			tell(h, &f);
	}
	f = fact_by(FACT_EXIT, parent, INIT, time_ms + 1, 1000 + 3 * LINKS);
	f.source = h->merge ? SOURCE_WITNESS : SOURCE_AUDIT;
	f.mono_ns = (time_ms + 1) * 1000000;
	tell(h, &f);
	return time_ms + 1;
}

/* Those that linger, and a few above them. */
START_TEST(test_chain)
{
	struct host h;
	uint64_t time_ms;

	host_open(&h, _i);
	time_ms = tell_chain(&h, make_container(&h));
	ck_assert_uint_le(tree_size(h.tree), 8000);
	ck_assert_msg(h.peak - h.before <= 8 * MB, "%zu bytes at most",
		      h.peak - h.before);
	ck_assert_uint_ge(h.metrics.ghosts_cut, LINKS / 2);
	pause_until(&h, time_ms);
	time_ms = end_container(&h, time_ms);
	ck_assert_uint_eq(tree_size(h.tree), 1);
	ck_assert_msg(grown(&h) <= LEFT, "%zu bytes are left", grown(&h));
	check_truth(&h, time_ms);
	host_close(&h);
}
END_TEST

/* --- more processes than may be */

/* Who came first stays, who finds no room is counted, and told as lost. */
START_TEST(test_full)
{
	struct tree_options options = tree_defaults;
	struct crowd crowd = {
		.node = "",
		.time_ms = T0,
		.containers = 10,
		.members = 500,
		.executing = 100,
	};
	struct host h;
	uint64_t time_ms;

	host_open(&h, false);
	options.max_processes = 1000;
	tree_set_options(h.tree, &options);
	time_ms = crowd_rise(&crowd, tell, &h);
	pause_until(&h, 0);
	ck_assert_uint_le(tree_size(h.tree), 1000 + 10 * 500);
	ck_assert_uint_gt(h.metrics.processes_evicted, 0);
	ck_assert_uint_eq(h.lost, h.metrics.processes_evicted);
	ck_assert_ptr_nonnull(tree_find(h.tree, 2005));
	time_ms = crowd_fall(&crowd, time_ms + 60000, tell, &h);
	pause_until(&h, 0);
	ck_assert_uint_eq(tree_size(h.tree), 1);
	check_truth(&h, time_ms + 60000);
	host_close(&h);
}
END_TEST

/* --- many nodes */

#define NODES 1000

struct wire {
	struct pipeline *pipeline;
	struct buf records;
};

static void send(void *ctx, const struct fact *f)
{
	struct wire *w = ctx;

	buf_clear(&w->records);
	crowd_records(&w->records, f);
	pipeline_feed(w->pipeline, w->records.data, w->records.len);
}

START_TEST(test_nodes)
{
	struct host h = { 0 };
	struct wire w = { .records = BUF_INIT };
	struct crowd crowd = small;
	struct buf says = BUF_INIT;
	char node[32];

	h.before = in_use();
	w.pipeline = pipeline_new(&pipeline_defaults, say, &h);
	crowd.time_ms = T0;
	crowd.members = 10;
	for (int i = 0; i < NODES; i++) {
		snprintf(node, sizeof(node), "host-%d.example.org", i);
		crowd.node = node;
		crowd_rise(&crowd, send, &w);
	}
	ck_assert_uint_eq(pipeline_metrics(w.pipeline)->nodes_evicted,
			  NODES - pipeline_defaults.max_nodes);
	ck_assert_msg(grown(&h) <= 8 * MB, "%zu bytes", grown(&h));
	/* One that was forgotten is a new one. */
	crowd = small;
	crowd.node = "host-0.example.org";
	crowd.time_ms = T0 + 60000;
	h.says = &says;
	crowd.time_ms = crowd_rise(&crowd, send, &w);
	crowd_fall(&crowd, crowd.time_ms, send, &w);
	buf_putc(&says, '\0');
	ck_assert_msg(strstr(says.data, truth), "%s", says.data);
	pipeline_free(w.pipeline);
	buf_free(&w.records);
	buf_free(&says);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("size");
	TCase *t = tcase_create("size");

	tcase_set_timeout(t, 300);
	if (!IS_MEASURED)
		puts("SKIP crowd: what is resident here tells nothing");
	else
		tcase_add_loop_test(t, test_crowd, 0, COUNT(crowds));
	tcase_add_test(t, test_claims);
	tcase_add_loop_test(t, test_chain, 0, 2);
	tcase_add_test(t, test_full);
	tcase_add_test(t, test_nodes);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
