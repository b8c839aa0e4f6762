/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge: holds what contree says of a capture against the truth, line by
 * line and process by process. Every difference is written out in words;
 * the scores count them.
 */
#ifndef CONTREE_TEST_JUDGE_H
#define CONTREE_TEST_JUDGE_H

#include <stdio.h>

#include "said.h"
#include "truth.h"

/* Of all that there are, this many came out right. */
struct cell {
	size_t good, all;
};

/* Columns of the table: each demands that all are good. */
#define SCORES(X)                                                       \
	X(found, "audible processes that have one fork line with pid")  \
	X(parent, "audible processes with the right birth parent")      \
	X(inferred, "parents no record names: found, and marked so")    \
	X(container, "audible members with the right container, role")  \
	X(execs, "successful execs, in order, with their arguments")    \
	X(exits, "exit_group heard: one end, with the right status")    \
	X(ends, "processes that must have exactly one end")             \
	X(starts, "containers started once")                            \
	X(stops, "containers stopped once")

/* What is demanded. */
enum demand {
	DEMAND_REPLAY,	/* what audit lets anyone hear, of a capture */
	DEMAND_AUDIBLE,	/* the same, of a log that the plugin wrote */
	DEMAND_ALL,	/* everything: the plugin has a witness */
};

/* Columns of the scoreboard's table, for either demand on a plugin's log. */
#define LIVE_SCORES(X)                                                  \
	X(found, "processes that have one fork line, with pid")         \
	X(parent, "of these with the right birth parent")               \
	X(container, "members with the right container and role")       \
	X(execs, "successful execs, in order, with their arguments")    \
	X(right_ends, "processes with one end, which is true")          \
	X(starts, "containers started as often as they were")           \
	X(stops, "containers stopped as often as they were")

struct score {
	size_t born;		/* under containerd */
	size_t audible;		/* of these */
#define X(name, help) struct cell name;
	SCORES(X)
#undef X
	struct cell right_ends;
	struct cell silent;	/* inaudible; a fork without a pid is good */
	size_t vpid_right, vpid_known;	/* of the audible */
	size_t false_lines;	/* about what is not, or not there */
	size_t complaints;
};

/* Complaints go to out, each line beginning with the capture's name. */
void judge(struct score *score, const char *capture, const struct truth *t,
	   const struct said *s, enum demand demand, FILE *out);

#endif
