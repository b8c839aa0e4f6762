/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words: the phrases that the text log and the tree have in common. Each
 * appends to a buffer, safe to be seen (see safe.h). Where something was
 * cut short stands "more", the caller's mark for that ("…", or "..." where
 * only ASCII can be shown).
 */
#ifndef CONTREE_WORDS_H
#define CONTREE_WORDS_H

#include <stdbool.h>

#include "buf.h"
#include "proc.h"

/* Columns that text takes, if every character takes one. */
size_t words_columns(const char *s, size_t len);

/* The file's name without its directory (borrowed); "" of "" and of "/". */
const char *words_basename(const char *path);

/* What an image goes by (borrowed, raw): its comm, else its exe's name. */
const char *words_program(const struct image *image);

/* One word, of which at most max bytes are taken. */
void words_word(struct buf *out, const char *s, size_t max, const char *more);

/*
 * The command line as a shell would read it back, at most max bytes of it.
 * Only for an image that has args.
 */
void words_command(struct buf *out, const struct image *image, size_t max,
		   const char *more);

/*
 * The command line of a shim or a runtime, without what is the same each
 * time: paths, and the flags they belong to, become one more. Ids as below;
 * stops when it grows beyond max bytes.
 */
void words_invocation(struct buf *out, const struct image *image, size_t max,
		      const char *more);

/* A container's id; one of 64 hex digits is cut to 12, as docker does. */
void words_id(struct buf *out, const char *id, const char *more);

/*
 * One word of ASCII, cut in the middle to columns: names that differ differ
 * at their ends (web-1, web-2). Returns how many it takes. "-" is quoted: bare
 * it means that there is none.
 */
size_t words_label(struct buf *out, const char *s, size_t columns,
		   const char *more);

/* A container's name, else its id, as a label, else "-". */
size_t words_container(struct buf *out, const struct container *container,
		       size_t columns, const char *more);

/* Root, shims and runtimes: what starts containers, not what runs in them */
bool words_is_machinery(enum role role);

/* How it ended: "exit 3", "SIGKILL (9)", "oom", "init died", … */
void words_ending(struct buf *out, const struct proc *proc);

/* The terminal's colour (SGR) for that; "" where it is nothing special. */
const char *words_ending_colour(enum exit_reason reason, int exit_code);

/* How long it took, in about five columns: "0.21s", "2m05s", "3d04h". */
void words_duration(struct buf *out, uint64_t ms);

#endif
