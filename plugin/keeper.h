/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper: sees to it that this host's tree outlives the plugin. What the
 * tree says of its processes goes to the state, through the ledger, in front
 * of the log lines that say it; at the start the state is read and put back.
 * Runs in the core's thread. Owns the lock of the state; never writes it.
 */
#ifndef CONTREE_KEEPER_H
#define CONTREE_KEEPER_H

#include "change.h"
#include "channel.h"
#include "ledger.h"
#include "news.h"
#include "tree.h"

struct keeper;

/*
 * path is copied. Takes the lock, for which it waits a little: an auditd that
 * ends may still have a plugin. Sets a file aside that another user owns or may
 * write to. NULL, with err set, if somebody else has the lock, or what path names
 * is no regular file.
 */
struct keeper *keeper_new(const char *path, const struct news *news,
			  struct err *err);
void keeper_free(struct keeper *k);

/* The node whose state it is, malloc'ed; NULL if there is none of this boot. */
char *keeper_node(const struct keeper *k);

/*
 * Puts back who is in the state, into the fresh tree of that node. What is
 * no use is set aside, and that is told. lines is the ledger's channel,
 * borrowed; found is what ledger_found() says. Returns how many lines of the
 * log were lost with the last plugin, since it was killed when it had written
 * the state: of these the state is not believed.
 */
size_t keeper_restore(struct keeper *k, struct tree *t, const char *node,
		      struct channel *lines, struct logfile_found found);

/*
 * The tree says c. Its line is gathered with others until keeper_flush(); the
 * log's, with those since then, has come to log_bytes (0: there is no log). True
 * if they have become many: then it is time for that.
 */
bool keeper_change(struct keeper *k, const struct change *c, size_t log_bytes);

/*
 * Puts what was gathered into the channel, before the log lines that tell it,
 * which have come to log_bytes. Nothing if there are neither.
 */
void keeper_flush(struct keeper *k, size_t log_bytes);

/* Nothing comes for a while: memory is given back. */
void keeper_trim(struct keeper *k);

/* All audit serials up to this were told of, by the state; 0: not known. */
uint64_t keeper_serial(const struct keeper *k);

/*
 * All up to that serial has come, or was told to be lost; if quiet, it has
 * been told of, too: nothing of it waits in the tree.
 */
void keeper_came(struct keeper *k, uint64_t serial, bool quiet);

/*
 * Writes the state anew if it has grown too long, or lost lines, and now and
 * then to it what serial the tree has come to.
 */
void keeper_tick(struct keeper *k, struct ledger *ledger);

/*
 * The last word: all up to that serial has come and been told of. False if
 * the state was never whole: keeper_tick() and keeper_go_on() are to be called,
 * and this again.
 */
bool keeper_finish(struct keeper *k, uint64_t serial);

/* Begins to write it anew. False if the channel has no room for that now. */
bool keeper_write(struct keeper *k);

/*
 * Writes it anew as a whole, for which it waits for the ledger, but not for ever:
 * at the start only, before anything is told. False if the state is still what it
 * was; what was begun may be gone on with.
 */
bool keeper_write_whole(struct keeper *k);

/*
 * Goes on with it: to be called when the channel was empty, and all that the
 * logs are to get is in it. Whether there is anything to go on with.
 */
void keeper_go_on(struct keeper *k);
bool keeper_is_writing(const struct keeper *k);

#endif
