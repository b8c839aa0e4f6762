/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: the live plugin's own eyes, beside the audit stream: the kernel's
 * proc connector, /proc, memory cgroups and bundles of this host. What they
 * show becomes facts of the local node's tree, through its merge. Where the
 * connector is not to be had, or drops events, it looks into /proc for those
 * that the tree holds, and never guesses. Runs in the core's thread; owns
 * its files and sockets.
 */
#ifndef CONTREE_WATCH_H
#define CONTREE_WATCH_H

#include "change.h"
#include "merge.h"
#include "news.h"

struct watch;

struct watch_options {
	bool witness;		/* ask the proc connector */
	bool names;		/* read bundles */
	const char *roots, *shims;	/* as of the tree's options */
	size_t max_args_bytes;
	uint64_t linger_ms;
};

/*
 * Opens what needs rights; the rest is for the core's thread. options are
 * copied, their strings too. Without a connector, or without /proc, it does
 * what can be done without. Aborts without memory.
 */
struct watch *watch_new(const struct watch_options *options,
			const struct news *news);
void watch_free(struct watch *w);

/* Starts what reads for it: threads, which call enter(ctx) first. */
void watch_start_readers(struct watch *w, void (*enter)(void *ctx), void *ctx);

/* Takes effect with the next look. witness is taken at the start only. */
void watch_set_options(struct watch *w, const struct watch_options *options);

/* t is this host's tree. All three are borrowed and must outlive it. */
void watch_attach(struct watch *w, struct merge *m, struct tree *t,
		  struct metrics *metrics);

/* A record of another node came before any of this host's own. */
void watch_stranger(struct watch *w, const char *node);

/* Takes the census into the tree, and goes on from there. */
void watch_start(struct watch *w);

/* Readable when there is something for watch_drain(); -1 where never. */
int watch_fd(const struct watch *w);

/*
 * Hands on all that the kernel has told up to now. To be called after audit
 * records were read, and before they are handed on. True if there was any.
 */
bool watch_drain(struct watch *w);

/* What is due from time to time. At least every few seconds. */
void watch_tick(struct watch *w);

/* The tree says c: what is to be looked at because of that. */
void watch_change(struct watch *w, const struct change *c);

/* The time of day that the audit stream must have passed by now, in ms. */
uint64_t watch_passed_ms(const struct watch *w);

#endif
