/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls: which system call a number means, by libaudit's tables for the
 * record's arch. Keeps what it looked up; owns nothing else.
 */
#ifndef CONTREE_CALLS_H
#define CONTREE_CALLS_H

#include <stddef.h>

/* The system calls that make facts of their own. */
enum call {
	CALL_FORK,
	CALL_VFORK,
	CALL_CLONE,
	CALL_CLONE3,
	CALL_EXECVE,
	CALL_EXECVEAT,
	CALL_EXIT_GROUP,
	N_CALLS,
	CALL_OTHER = N_CALLS,
};

#define MAX_ARCHES 4

/* A machine, and how it numbers them. */
struct arch {
	unsigned int elf;	/* arch= of the record */
	int machine;		/* libaudit's name for it, -1 where it has none */
	int numbers[N_CALLS];	/* -1 where the arch has no such call */
};

/* All zero at first. */
struct calls {
	size_t n_arches;
	struct arch arches[MAX_ARCHES];
};

/* elf: arch= of the record. Borrowed until the next call. */
const struct arch *calls_arch(struct calls *calls, unsigned int elf);

enum call arch_call(const struct arch *a, int nr);

#endif
