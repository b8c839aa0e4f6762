/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * said: what contree says of a capture: the JSON lines that "contree
 * replay --format json" prints, or that the plugin wrote, read into plain
 * values. Strings are borrowed from the lines and live as long as struct
 * said.
 */
#ifndef CONTREE_TEST_SAID_H
#define CONTREE_TEST_SAID_H

#include <json-c/json.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* One line. A number that is not there is 0, a string NULL. */
struct said_line {
	size_t number;			/* in the output, from 1 */
	const char *action;		/* event.action, never NULL */
	int64_t time_ms;		/* @timestamp */
	int64_t start_ms;		/* process.start, else @timestamp */
	pid_t pid, vpid;
	const char *entity;
	const char *executable;
	struct json_object *args;	/* an array, or NULL */
	pid_t parent_pid, leader_pid;
	const char *parent_entity, *leader_entity;
	int exit_code;			/* -1 where there is none */
	const char *reason;
	int signal;
	const char *container;
	const char *role, *source;
	struct json_object *object;
};

struct said {
	struct said_line *lines;
	size_t count;
};

/*
 * Runs program over the log and reads what it prints. It is an error if it
 * exits with anything but 0, or prints a line that is no JSON object or
 * that says no event.action or @timestamp.
 */
int said_read(struct said *s, const char *program, const char *log,
	      struct err *err);

/* Reads a JSON log, with the same demands on each line. */
int said_read_log(struct said *s, const char *path, struct err *err);
void said_free(struct said *s);

#endif
