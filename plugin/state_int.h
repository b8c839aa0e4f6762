/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_int: what state.c, which writes, and state_load.c and state_told.c, which
 * read, share.
 */
#ifndef CONTREE_STATE_INT_H
#define CONTREE_STATE_INT_H

#include <limits.h>

#include "invocation.h"
#include "state.h"

/*
 * The fields of struct saved as the file has them: TEXT and NUMBER, with the
 * highest number that makes sense.
 */
#define FIELDS                          \
	TEXT(parent)                    \
	NUMBER(pid, INT_MAX)            \
	NUMBER(vpid, INT_MAX)           \
	NUMBER(ppid, INT_MAX)           \
	NUMBER(start_ms, INT64_MAX)     \
	NUMBER(born_ms, INT64_MAX)      \
	NUMBER(ended_ms, INT64_MAX)     \
	NUMBER(role, ROLE_MEMBER)       \
	NUMBER(source, SOURCE_INFERRED) \
	NUMBER(flags, 255)              \
	NUMBER(ns_depth, 64)            \
	NUMBER(verb, VERB_SHIM_DELETE)  \
	TEXT(exe)                       \
	TEXT(comm)                      \
	TEXT(inv_id)                    \
	TEXT(inv_ns)                    \
	TEXT(inv_bundle)                \
	TEXT(cgroup)                    \
	TEXT(id)                        \
	TEXT(ns)                        \
	TEXT(bundle)                    \
	NUMBER(started_ms, INT64_MAX)   \
	NUMBER(stopped_ms, INT64_MAX)

struct json_object;
struct json_tokener;

/* state_load.c */

/* The object that is the whole line, but for blanks; NULL if it is none. */
struct json_object *state_parse(struct json_tokener *tokener, const char *data,
				const char *newline);

/* 0 if there is none, or none that makes sense. */
int64_t state_number(struct json_object *line, const char *key, int64_t max);

/* state_told.c */

/*
 * Up to where the log has what the state has: lines of the last number, from the
 * first on that it has not got. A serial comes behind all of them.
 */
const char *state_untold(struct json_tokener *tokener,
			 const struct logfile_found *log, const char *data,
			 const char *end);

/* Lines that tell of a process. */
size_t state_count(const char *data, const char *end);

#endif
