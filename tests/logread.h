/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logread: what the accuracy test needs of a recorded audit.log. It reads
 * the lines by itself, without auparse and without the product's code, so
 * that the test does not look through the eyes it examines. It wants
 * log_format=ENRICHED (a system call's name is in its SYSCALL= field) and
 * says so otherwise. Owns all it hands out.
 */
#ifndef CONTREE_TEST_LOGREAD_H
#define CONTREE_TEST_LOGREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum record_kind {
	RECORD_FORK,	/* fork, vfork, clone, clone3, with success */
	RECORD_EXEC,	/* execve, execveat, with success */
	RECORD_EXIT,	/* exit_group */
	RECORD_ABEND,	/* ANOM_ABEND */
	RECORD_OTHER,	/* anything else that bears a pid */
};

struct record {
	enum record_kind kind;
	int64_t time_ms;	/* since the epoch */
	uint64_t serial;
	pid_t pid;
	pid_t ppid;		/* 0 where the record has none */
	pid_t child;		/* RECORD_FORK: exit= */
	bool sibling;		/* RECORD_FORK: CLONE_PARENT */
	int code;		/* RECORD_EXIT: status; RECORD_ABEND: signal */
	char *exe;		/* decoded, or NULL */
	char **args;		/* RECORD_EXEC, decoded */
	size_t args_count;
};

struct log {
	struct record *records;	/* those with a pid, in the log's order */
	size_t count;
};

int log_read(struct log *log, const char *path, struct err *err);
void log_free(struct log *log);

#endif
