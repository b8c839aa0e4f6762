/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge_int: what judge.c (who is meant, what is missing, the sums) and
 * judge_line.c (is this line right for that process?) share.
 */
#ifndef CONTREE_TEST_JUDGE_INT_H
#define CONTREE_TEST_JUDGE_INT_H

#include <stdbool.h>
#include <string.h>

#include "judge.h"

/* What was said so far of one process. */
struct verdict {
	size_t forks, execs, execs_right, ends;
	const char *entity;
	int64_t start_ms;	/* as the first line with that entity has it */
	bool parent_wrong, place_wrong, inferred, exit_right, end_right;
	bool vpid_known, vpid_wrong;
	bool silent;		/* a fork with no pid stands for it */
};

/* Who an entity_id belongs to. */
struct owner {
	const char *entity;
	const struct life *life;
	UT_hash_handle hh;
};

struct judge {
	const char *capture;
	const struct truth *truth;
	const struct said *said;
	enum demand demand;
	struct score *score;
	FILE *out;
	struct verdict *verdicts;	/* by life's index */
	const struct life **lives;	/* by line, NULL where none is meant */
	size_t *starts, *stops;		/* by container */
	struct owner *owners;
};

void complain(struct judge *j, pid_t pid, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Holds a line with a pid against the life that it means: what its action
 * says, then what every line says. Counts it in the life's verdict.
 */
void judge_line(struct judge *j, const struct life *l,
		const struct said_line *line);

/* An entity_id is one process's, which has no other, and one start. */
void judge_entity(struct judge *j, const struct life *l,
		  const struct said_line *line);

/* Why a line's reason, status or signal is not how the process ended; NULL
 * if all is right. */
const char *judge_reason(const struct judge *j, const struct life *l,
			 const struct said_line *line);

/* Container and role, after n execs of the process. */
void judge_place(struct judge *j, const struct life *l, size_t n,
		 const struct said_line *line);

/* The init or exec that brought a life into its container. */
const struct life *leader_of(const struct life *l);

static inline bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static inline const char *shown(const char *s)
{
	return s ? s : "none";
}

static inline bool is_fork(const struct said_line *l)
{
	return !strcmp(l->action, "fork");
}

#endif
