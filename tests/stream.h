/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream: audit records as text in, facts as text out, for tables that
 * hold both. A stream goes through gate, assemble and extract; each fact
 * it makes becomes one line:
 *
 *	[NODE ]KIND#SERIAL what the kind says pid=7 ppid=6 …
 *
 * Fields that are not known are left out. Owns the text.
 */
#ifndef CONTREE_TESTS_STREAM_H
#define CONTREE_TESTS_STREAM_H

#include <stddef.h>

#include "assemble.h"
#include "buf.h"
#include "gate.h"
#include "metrics.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One record: its type, its serial (both literals) and what follows. */
#define REC_AT(time, type, serial, text)                                   \
	"type=" type " msg=audit(" time ":" serial "): " text "\n"
#define REC(type, serial, text) REC_AT("1700000000.100", type, serial, text)
#define PROCTITLE(serial) REC("PROCTITLE", serial, "proctitle=7368")
#define EOE(serial) REC("EOE", serial, "")

/* A SYSCALL record of a certain process, and what a fact says of it. */
#define IDS                                                                \
	" a1=1 a2=2 a3=3 items=0 ppid=6 pid=7 auid=1000 uid=1 gid=2 euid=3" \
	" suid=1 fsuid=1 egid=4 sgid=2 fsgid=2 tty=(none) ses=5"
#define NAMES " comm=\"sh\" exe=\"/bin/sh\" key=\"k\""
#define SYSCALL(serial, call) REC("SYSCALL", serial, call IDS NAMES)
#define WHO                                                                \
	" pid=7 ppid=6 uid=3 gid=4 auid=1000 ses=5 comm=sh exe=/bin/sh"    \
	" key=k\n"

#define EXECVE_64 "arch=c000003e syscall=59 success=yes exit=0 a0=1"

struct stream {
	struct metrics metrics;
	struct gate *gate;
	struct assemble *assemble;
	struct buf text;	/* of the facts so far */
	size_t n;		/* how many */
	size_t args_bytes;	/* the bound that they must keep, or 0 */
};

/* Only one at a time: see assemble.h. */
void stream_open(struct stream *s);
void stream_close(struct stream *s);
void stream_set_args_bytes(struct stream *s, size_t bytes);

/* The text so far, as a string that is valid until the next call. */
const char *stream_text(struct stream *s);

/* A whole stream, from open to close, in pieces of so many bytes. */
void stream_run(struct buf *out, const char *in, size_t len, size_t piece);

void put_fact(struct buf *out, const struct fact *f);

/* Fails the test if what a fact promises of its strings is not so. */
void check_fact(const struct fact *f, size_t args_bytes);

#endif
