/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state_int: what state.c, which writes, and state_load.c share. */
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

#endif
