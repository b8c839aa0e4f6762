/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tale: a sequence of facts as bytes, for fuzz_tree. All steps are of one
 * size and every byte means something, so that whatever libFuzzer does to
 * the bytes, it is facts that come out; programs and arguments are taken
 * from small tables. seeds.c writes recordings so.
 */
#ifndef CONTREE_TESTS_FUZZ_TALE_H
#define CONTREE_TESTS_FUZZ_TALE_H

#include "fact.h"

enum tale_op {
	/* audit */
	TALE_FORK,
	TALE_EXEC,
	TALE_EXIT,
	TALE_SEEN,
	TALE_ABEND,
	/* the witness */
	TALE_BORN,
	TALE_EXECUTED,
	TALE_ENDED,
	/* the census */
	TALE_FOUND,
	TALE_GONE,
	/* no facts: see fuzz_tree.c */
	TALE_IDLE,
	TALE_WITNESS,
	TALE_RESTART,
	TALE_BOUNDS,
	TALE_LOST,
	TALE_PASS,
	N_TALE_OPS,
};

/* What names a container: as many of them, and none at 0. */
#define TALE_IDS 8

/* Steps in one tale; what comes behind them is not read. */
#define TALE_MAX_STEPS 512

/* The first byte, before the steps: how the tree is set up. */
#define TALE_HEAD 1

struct tale_step {
	uint8_t op;	/* modulo N_TALE_OPS */
	uint8_t later;	/* than the step before: see tale_move() */
	uint16_t pid, ppid, child, vpid;
	uint8_t bits;	/* enum tale_bit */
	uint8_t exe;	/* modulo the table */
	uint8_t args;	/* enum tale_args, from bit 4 on the container */
	uint8_t code;	/* status, signal, or how many */
	uint8_t depth;	/* two bits; from bit 2 on the container */
	uint8_t skew;	/* of the birth that /proc shows, in 10 ms */
};

enum tale_bit {
	TALE_CALL = 3,	/* enum fork_call */
	TALE_THREAD = 4,
	TALE_PARENT = 8,
	TALE_VFORK = 16,
	TALE_NEWPID = 32,
	TALE_OOM = 64,
	TALE_REAPER = 128,
	/* where it is no fork and no end */
	TALE_INIT = 4,
	TALE_BUNDLE = 8,
	TALE_QUIET = 16,
};

/* What somebody was invoked to do, on a container or not. */
enum tale_args {
	TALE_NO_ARGS,
	TALE_PLAIN,
	TALE_SHIM,
	TALE_SHIM_START,
	TALE_SHIM_DELETE,
	TALE_CREATE,
	TALE_RUN,
	TALE_STAGE,
	TALE_RUNC_EXEC,
	TALE_RUNC_START,
	TALE_DELETE,
	TALE_KILL,
	N_TALE_ARGS,
};

/* Where the tale has come to. */
struct tale {
	uint64_t now_ms;	/* event time */
	uint64_t mono_ns;	/* never goes back */
	uint64_t serial;
	char args[256], id[16], bundle[32];
};

void tale_begin(struct tale *tale);

/* The step's fact, whose strings are the tale's until the next. */
void tale_fact(struct tale *tale, const struct tale_step *s, struct fact *f);

/* Its place in the table, or that of some other program. */
uint8_t tale_exe(const char *exe);

/* The time moves, forwards or not; and the byte for so many ms, or nearly. */
void tale_move(struct tale *tale, uint8_t later);
uint8_t tale_later(int64_t ms);

#endif
