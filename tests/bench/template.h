/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template: a recorded audit log, taken apart where each repetition must
 * differ: times, serials, host pids, and what containers are called. All
 * else stays as it was recorded.
 */
#ifndef CONTREE_BENCH_TEMPLATE_H
#define CONTREE_BENCH_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum piece_kind {
	PIECE_TEXT,
	PIECE_STAMP,	/* time and serial of the line's event */
	PIECE_PID,	/* of the host */
	PIECE_LOCAL,	/* a child's number in its parent's namespace */
	PIECE_TAG,	/* the number in the names of a recording */
	PIECE_TAG_HEX,
	PIECE_ID,	/* the first TEMPLATE_ID_CHARS of a container's id */
	PIECE_ID_HEX,
};

#define TEMPLATE_ID_CHARS 12

struct piece {
	enum piece_kind kind;
	uint32_t len;		/* of text */
	uint32_t value;		/* a pid, a number, or which id */
	const char *text;
};

struct line {
	struct piece *pieces;
	uint32_t n_pieces;
	uint32_t event;
	uint64_t due_ms;	/* no line before it is of a later time */
};

struct event {
	uint64_t ms;		/* since the template's first */
	uint64_t serial;
	pid_t pid, ppid;	/* 0: its first record names none */
	int syscall;		/* -1: it is none, or failed */
	uint32_t local;		/* its result, if that is a local number */
	uint32_t line;		/* its first */
};

struct template
{
	char *name, *text;
	struct line *lines;
	struct event *events;
	uint32_t n_lines, n_events;
	pid_t low;	/* who is below was there before, and stays */
	pid_t high;
};

/*
 * Reads dir/audit.log, dir/proc.jsonl if there is one (who was there before)
 * and the names of the directories of containers in dir/files. Ends the
 * program where it cannot.
 */
void template_read(struct template *t, const char *dir);
void template_free(struct template *t);

#endif
