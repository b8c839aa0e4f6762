/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw_int: what draw.c collects and draw_print.c draws; for these two.
 */
#ifndef CONTREE_DRAW_INT_H
#define CONTREE_DRAW_INT_H

#include <uthash.h>

#include "buf.h"
#include "draw.h"

struct libscols_line;

/* A container, as the column says it */
struct place {
	char *id;	/* the key: raw */
	char *label;
	bool named;
	UT_hash_handle hh;
};

/* A process; owned by draw->all */
struct drawn {
	char entity_id[40];	/* the key; "" if silent, and not in the hash */
	char *node;
	char *first_command;	/* NULL if there was but one */
	char *command;		/* what it executes, or its name */
	unsigned int execs;	/* of different command lines */
	char *ending;		/* "running", "exit 3", … */
	struct place *place;	/* or NULL */
	uint64_t start_ms;
	size_t order;		/* of arrival */
	pid_t pid, vpid;	/* 0 where not known */
	enum role role;
	enum exit_reason reason;
	int exit_code;
	bool execed;		/* by itself: the image's args are its own */
	bool silent;		/* only its parent spoke of it */
	struct drawn *parent;	/* never a descendant */
	UT_hash_handle hh;

	/* While drawing */
	struct drawn *first, *last, *next;	/* children, and siblings */
	size_t depth;
	struct libscols_line *line;	/* children hang there */
};

struct draw {
	bool ascii;		/* the locale can't show more */
	struct drawn **all;	/* in order of arrival */
	size_t count, size;
	uint64_t unkept;	/* beyond DRAW_PROCESSES */
	struct drawn *by_id;
	struct place *places;
	struct buf scratch;
};

#endif
