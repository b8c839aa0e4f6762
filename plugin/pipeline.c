/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "assemble.h"
#include "gaps.h"
#include "gate.h"
#include "nametag.h"
#include "screen.h"

#define uthash_fatal(msg) abort()
#include <uthash.h>

/* auditd's own DAEMON_* records have serials that are not the kernel's. */
#define DAEMON "DAEMON_"

/* After a pause as long as the gate's own patience, nothing is under way. */
#define GAPS_CLOSE_MS 2000

struct node {
	char *name;
	struct tree *tree;
	struct gaps gaps;
	UT_hash_handle hh;	/* the least recently used comes first */
};

struct pipeline {
	struct pipeline_options options;
	struct metrics metrics;
	change_fn *emit, *final;
	pipeline_node_fn *on_node;
	void *ctx, *final_ctx, *node_ctx;
	struct gate *gate;
	struct assemble *assemble;
	struct node *nodes;
	struct node *last;	/* whose line came last */
	int root_fd;		/* where bundles are, or -1 */
	struct node *local;	/* this host's, or NULL */
	struct merge *merge;	/* its */
};

const struct pipeline_options pipeline_defaults = {
	.tree = {
		.linger_ms = 1000,
		.roots = "containerd",
		.shims = "containerd-shim*",
		.runtimes = "runc crun youki",
		.max_processes = 200000,
		.max_limbo = 16384,
		.max_claims = 65536,
		.max_containers = 16384,
		.activity = true,
	},
	.max_args_bytes = 16 * 1024,
	.max_nodes = 64,
};

static void free_node(struct pipeline *p, struct node *n)
{
	HASH_DELETE(hh, p->nodes, n);
	if (p->last == n)
		p->last = NULL;
	if (p->local == n) {
		merge_free(p->merge);
		p->merge = NULL;
		p->local = NULL;
	}
	tree_free(n->tree);
	free(n->name);
	free(n);
}

static struct node *new_node(struct pipeline *p, const char *name, size_t len)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->name = strndup(name, len);
	if (!n->name)
		abort();
	n->tree = tree_new(&p->options.tree, n->name, &p->metrics, p->emit,
			   p->ctx);
	if (p->final)
		tree_on_final(n->tree, p->final, p->final_ctx);
	tree_on_bundle(n->tree, nametag_read, &p->root_fd);
	HASH_ADD_KEYPTR(hh, p->nodes, n->name, len, n);
	return n;
}

/* Whoever was not heard for longest; but this host stays. */
static void evict_node(struct pipeline *p)
{
	struct node *n = p->nodes;

	if (n == p->local)
		n = n->hh.next;
	if (!n)
		return;
	p->metrics.nodes_evicted++;
	tree_finish(n->tree);
	free_node(p, n);
}

/* The node of that name, made if need be; the list is kept in order of use. */
static struct node *node_of(struct pipeline *p, const char *name, size_t len)
{
	struct node *n = p->last;

	if (n && !strncmp(n->name, name, len) && !n->name[len])
		return n;
	HASH_FIND(hh, p->nodes, name, len, n);
	if (n) {
		HASH_DELETE(hh, p->nodes, n);
		HASH_ADD_KEYPTR(hh, p->nodes, n->name, len, n);
	} else {
		if (HASH_COUNT(p->nodes) >= p->options.max_nodes)
			evict_node(p);
		n = new_node(p, name, len);
		p->last = n;
		p->on_node(p->node_ctx, n->name);
	}
	p->last = n;
	return n;
}

static void no_node(void *ctx, const char *node)
{
	(void)ctx;
	(void)node;
}

void pipeline_on_node(struct pipeline *p, pipeline_node_fn *fn, void *ctx)
{
	p->on_node = fn;
	p->node_ctx = ctx;
}

static void report_gaps(struct pipeline *p, struct node *n)
{
	uint64_t missing = gaps_take(&n->gaps);

	if (!missing)
		return;
	p->metrics.serial_gaps += missing;
	tree_lost(n->tree, missing, "serials");
}

/*
 * Whether an event can begin so, since the kernel writes SYSCALL, or what an
 * LSM had to say before it, first (audit_log_exit() in kernel/auditsc.c). Of
 * an event that begins otherwise, auditd had room for the end only: nobody
 * understands that, and it is as good as missing.
 */
static bool can_begin(const struct gate_key *k)
{
	static const char *const later[] = { "EOE", "PROCTITLE", "PATH", "CWD",
					     "EXECVE" };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strlen(later[i]) == k->type_len &&
		    !memcmp(later[i], k->type, k->type_len))
			return false;
	return true;
}

static void on_key(void *ctx, const struct gate_key *k)
{
	struct pipeline *p = ctx;
	struct node *n = node_of(p, k->node, k->node_len);

	if (k->type_len >= sizeof(DAEMON) - 1 &&
	    !memcmp(k->type, DAEMON, sizeof(DAEMON) - 1))
		return;
	/* What was before that has come, unless it still waits for its turn. */
	if (n == p->local && !gate_holds(p->gate, k))
		merge_pass(p->merge, k->time_ms);
	if (can_begin(k))
		gaps_see(&n->gaps, k->serial);
	if (gaps_pass(&n->gaps, k->time_ms))
		report_gaps(p, n);
}

static void on_event(void *ctx, const struct gate_event *event)
{
	struct pipeline *p = ctx;

	assemble_event(p->assemble, event);
}

static bool on_syscall(void *ctx, const struct gate_key *k, const char *line,
		       size_t len)
{
	struct pipeline *p = ctx;
	struct node *n = node_of(p, k->node, k->node_len);

	if (n != p->local || gate_holds(p->gate, k) ||
	    screen_wants(p->merge, n->tree, k->time_ms, line, len))
		return true;
	merge_skip(p->merge, k->time_ms);
	return false;
}

/* Where the witness tells of births, nothing is concluded from the order. */
static bool takes_turns(void *ctx, const struct gate_key *k)
{
	struct pipeline *p = ctx;
	struct node *n = node_of(p, k->node, k->node_len);

	return n != p->local || !tree_trusts(n->tree, k->time_ms);
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct pipeline *p = ctx;
	struct node *n = node_of(p, f->node, strlen(f->node));

	if (n == p->local)
		merge_apply(p->merge, f);
	else
		tree_apply(n->tree, f);
}

struct merge *pipeline_local(struct pipeline *p, const char *node)
{
	p->local = node_of(p, node, strlen(node));
	p->merge = merge_new(p->local->tree, &p->metrics);
	return p->merge;
}

struct tree *pipeline_local_tree(struct pipeline *p)
{
	return p->local ? p->local->tree : NULL;
}

uint64_t pipeline_serial(const struct pipeline *p)
{
	return p->local ? gaps_done(&p->local->gaps) : 0;
}

void pipeline_expect(struct pipeline *p, uint64_t serial)
{
	if (p->local && serial)
		gaps_expect(&p->local->gaps, serial);
}

/* Room for the arguments as hex, with their names, and the other records. */
static size_t event_bytes(const struct pipeline_options *options)
{
	return 3 * options->max_args_bytes + 64 * 1024;
}

struct pipeline *pipeline_new(const struct pipeline_options *options,
			      change_fn *emit, void *ctx)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->emit = emit;
	p->ctx = ctx;
	p->on_node = no_node;
	p->root_fd = -1;
	p->gate = gate_new(&p->metrics, on_event, p);
	gate_on_syscall(p->gate, on_syscall);
	gate_on_turn(p->gate, takes_turns);
	p->assemble = assemble_new(&p->metrics, on_fact, p);
	pipeline_set_options(p, options);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	while (p->nodes)
		free_node(p, p->nodes);
	gate_free(p->gate);
	assemble_free(p->assemble);
	free(p);
}

void pipeline_set_options(struct pipeline *p,
			  const struct pipeline_options *options)
{
	p->options = *options;
	gate_on_key(p->gate, options->gaps ? on_key : NULL);
	gate_set_event_bytes(p->gate, event_bytes(options));
	assemble_set_args_bytes(p->assemble, options->max_args_bytes);
	for (struct node *n = p->nodes; n; n = n->hh.next)
		tree_set_options(n->tree, &options->tree);
}

void pipeline_set_root(struct pipeline *p, int root_fd)
{
	p->root_fd = root_fd;
}

void pipeline_on_final(struct pipeline *p, change_fn *final, void *ctx)
{
	p->final = final;
	p->final_ctx = ctx;
}

void pipeline_feed(struct pipeline *p, const char *data, size_t len)
{
	gate_feed(p->gate, data, len);
}

void pipeline_let_go(struct pipeline *p)
{
	gate_let_go(p->gate);
}

void pipeline_idle(struct pipeline *p, uint64_t elapsed_ms)
{
	gate_idle(p->gate, elapsed_ms);
	for (struct node *n = p->nodes; n; n = n->hh.next) {
		if (elapsed_ms > GAPS_CLOSE_MS) {
			gaps_close(&n->gaps);
			report_gaps(p, n);
		}
		tree_idle(n->tree, elapsed_ms);
	}
}

void pipeline_give_back(struct pipeline *p)
{
	for (struct node *n = p->nodes; n; n = n->hh.next)
		tree_give_back(n->tree);
}

void pipeline_lost(struct pipeline *p, uint64_t n, const char *what)
{
	struct node *node = p->last ? p->last : node_of(p, "", 0);

	if (!strcmp(what, "lines")) {
		p->metrics.lines_dropped += n;
		gate_let_go(p->gate);
	}
	tree_lost(node->tree, n, what);
}

size_t pipeline_size(const struct pipeline *p)
{
	size_t size = 0;

	for (const struct node *n = p->nodes; n; n = n->hh.next)
		size += tree_size(n->tree);
	return size;
}

void pipeline_finish(struct pipeline *p)
{
	gate_finish(p->gate);
	if (p->merge)
		merge_finish(p->merge);
	for (struct node *n = p->nodes; n; n = n->hh.next) {
		gaps_close(&n->gaps);
		report_gaps(p, n);
		tree_finish(n->tree);
	}
}

struct metrics *pipeline_metrics(struct pipeline *p)
{
	return &p->metrics;
}
