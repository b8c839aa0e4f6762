/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * play: writes a template's lines to stdout, as often as wanted, and each
 * time as if it happened anew: later, to other processes, in containers
 * of other names.
 */
#ifndef CONTREE_BENCH_PLAY_H
#define CONTREE_BENCH_PLAY_H

#include <stdbool.h>

#include "template.h"

/* What all plays share. */
struct stage {
	const char *node;	/* in front of all but auditd's own; or NULL */
	uint64_t now_ms;	/* never goes back */
	uint64_t serial;	/* the last */
	uint64_t records;	/* written */
	uint64_t bytes;		/* likewise, as of stage_flush() */
	uint32_t plays;		/* begun */
	pid_t next_pid;
	pid_t first_pid;	/* that is taken again after the last */
	size_t len;		/* of text, which is not written yet */
	char text[1 << 20];
};

struct seen {
	uint64_t ms, serial;
};

struct play {
	const struct template *t;
	uint32_t n;		/* its number */
	uint32_t next;		/* line */
	uint64_t start_ms;
	pid_t base;		/* stands for t->low */
	pid_t held;		/* the last pid before play_resume(), or 0 */
	pid_t late_base;	/* stands for held + 1 */
	uint32_t late_numbers;	/* added to local numbers after held */
	uint32_t held_line;
	struct seen *seen;	/* events; serial 0: not begun */
};

/* A line told of somebody else than the one in the recording. */
struct guise {
	struct seen stamp;
	pid_t of, is;
	uint32_t local;		/* the child's number */
};

void stage_init(struct stage *s);

/* n pids in a row */
pid_t stage_pids(struct stage *s, pid_t n);

/* The clock goes on to that time. */
void stage_pass(struct stage *s, uint64_t ms);

void play_begin(struct play *p, struct stage *s, const struct template *t);
void play_end(struct play *p);

bool play_is_over(const struct play *p);
/* When the next line is due, by its recording. */
uint64_t play_due_ms(const struct play *p);
/*
 * Writes the next line. Paced: the clock goes on to when it is due, and an
 * event has its time from the recording; else all is as of now.
 */
void play_line(struct play *p, struct stage *s, bool paced);

/*
 * A play that was held before the line next goes on now: who is born from
 * here on gets pids of now, and local numbers after some that others had.
 */
void play_resume(struct play *p, struct stage *s, uint32_t numbers);

/* The pid that stands for the recorded one. */
pid_t play_pid(const struct play *p, pid_t pid);

/* Writes the lines of a recorded event, told of somebody else, as of now. */
void play_event(struct play *p, struct stage *s, uint32_t event,
		struct guise guise);

/* Writes what is not written yet. Ends the program where it cannot. */
void stage_flush(struct stage *s);

#endif
