/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state: the file that outlives the plugin, as text: a line of JSON that
 * says whose it is, then a line for each thing that happened to a process.
 * The last line of an entity_id counts. It is appended to as the tree
 * speaks, and now and then written anew from what the tree holds. A line
 * torn at the end, by a crash, is no line. Knows no tree; only state_load()
 * reads a file, and who writes it is the ledger.
 */
#ifndef CONTREE_STATE_H
#define CONTREE_STATE_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "logfile.h"
#include "saved.h"

#define STATE_VERSION 2

/* Append a line. */
void state_head(struct buf *out, const char *boot_id, const char *node);
void state_line(struct buf *out, const struct saved *s);
void state_end(struct buf *out, const char *entity, uint64_t ended_ms);
void state_serial(struct buf *out, uint64_t serial);

/*
 * What the next lines say, the log says from there on, in so many bytes; and
 * what the line in front of this says, it has said when so many of them are
 * written. Only what has the last number of all may not have come to be
 * written: if the log is too short for that, it never got it, nor what follows.
 */
struct state_mark {
	struct logfile_place from;
	size_t bytes;
	uint64_t number;	/* of what is written together; not 0 */
};

void state_mark(struct buf *out, const struct state_mark *mark);
void state_told(struct buf *out, size_t bytes);

struct stat;

/* Whether nobody but this process's user can have written the file. */
bool state_is_own(const struct stat *st);

enum state_found {
	STATE_NONE,	/* there is no file */
	STATE_FOREIGN,	/* of another boot, another version or another node */
	STATE_BROKEN,	/* not such a file, or damaged */
	STATE_GOOD,
};

/*
 * Those who lived, or had ended a moment ago, and their ancestors, each after
 * its parent.
 */
struct state {
	size_t n;
	struct saved *list;	/* the strings are its own */
	size_t *parents;	/* index of the parent, or SIZE_MAX */
	uint64_t serial;	/* the highest of audit's that was told of; or 0 */
	size_t untold;		/* lines at its end that the log never got */
};

/*
 * Reads the file; path names it, dir_fd is its directory, open. log is how
 * the plugin that wrote it left the log (NULL, or all 0: not known): the
 * state is written first, and a plugin that is killed then has told nobody. err
 * says why it is not STATE_GOOD, but for STATE_NONE. state is to be freed
 * whatever the outcome.
 */
enum state_found state_load(struct state *state, int dir_fd, const char *path,
			    const char *boot_id, const char *node,
			    const struct logfile_found *log, struct err *err);
void state_free(struct state *state);

/* Its node, malloc'ed; NULL if it is no state of that boot. */
char *state_node(int dir_fd, const char *path, const char *boot_id);

#define _cleanup_state_ __attribute__((cleanup(state_free)))

/* The kernel's name for this boot; "" if it cannot be read. */
void state_boot_id(char *out, size_t size);

#endif
