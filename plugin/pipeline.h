/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pipeline: bytes of an audit stream in, changes out: gate, assemble,
 * extract and one tree per node, in one thread and without a clock. The
 * live core and "contree replay" run this very code.
 */
#ifndef CONTREE_PIPELINE_H
#define CONTREE_PIPELINE_H

#include "change.h"
#include "merge.h"
#include "metrics.h"
#include "tree.h"

struct pipeline;

struct pipeline_options {
	struct tree_options tree;
	size_t max_args_bytes;	/* of one exec's argv, kept */
	size_t max_nodes;
	bool gaps;		/* report missing audit serials as lost */
};

extern const struct pipeline_options pipeline_defaults;

/* emit as in tree_new(). One pipeline per process (auparse < 4.1). */
struct pipeline *pipeline_new(const struct pipeline_options *options,
			      change_fn *emit, void *ctx);
void pipeline_free(struct pipeline *p);
void pipeline_set_options(struct pipeline *p,
			  const struct pipeline_options *options);
void pipeline_on_final(struct pipeline *p, change_fn *final, void *ctx);

/*
 * Where the bundles of every node's containers are, for their names: see
 * nametag.h. root_fd is borrowed; -1: nowhere. Before the first feed.
 */
void pipeline_set_root(struct pipeline *p, int root_fd);

/* Any slice of the stream: lines may be split and joined anywhere. */
void pipeline_feed(struct pipeline *p, const char *data, size_t len);

/* Memory that the trees do not use goes back to the kernel. */
void pipeline_give_back(struct pipeline *p);

/* Nothing came for elapsed_ms since the last feed: see tree_idle(). */
void pipeline_idle(struct pipeline *p, uint64_t elapsed_ms);

/* What waits for the end of others' events waits no longer. */
void pipeline_let_go(struct pipeline *p);

/* n lines were dropped before they got here. */
void pipeline_lost(struct pipeline *p, uint64_t n, const char *what);

/*
 * The node of that name is this host: facts of its own eyes go to its tree,
 * through the merge that is returned (borrowed, never NULL). Once.
 */
struct merge *pipeline_local(struct pipeline *p, const char *node);

/*
 * Called when a record of a node comes that has no tree yet, or none any
 * more, before it goes there. May call pipeline_local().
 */
typedef void pipeline_node_fn(void *ctx, const char *node);
void pipeline_on_node(struct pipeline *p, pipeline_node_fn *fn, void *ctx);

/*
 * Of that node's audit serials all up to this one have come, or were told to
 * be lost; 0: none yet.
 */
uint64_t pipeline_serial(const struct pipeline *p);

/* Of that node all up to serial came before: a hole behind it is a loss. */
void pipeline_expect(struct pipeline *p, uint64_t serial);

/* That node's tree, or NULL. Borrowed. */
struct tree *pipeline_local_tree(struct pipeline *p);

/* All that its trees keep: see tree_size(). */
size_t pipeline_size(const struct pipeline *p);

/* End of the stream; the last line may lack its newline. */
void pipeline_finish(struct pipeline *p);

struct metrics *pipeline_metrics(struct pipeline *p);

#endif
