/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine: what each of the plugin's threads may ask of the kernel. A thread
 * calls confine_enter() before it does anything else, and for good: the
 * capabilities go that it has no use for, and a seccomp filter lets through
 * the system calls of that thread's work and refuses all others. The table of
 * both is at the head of confine.c. Owns the filters; knows none of the work.
 */
#ifndef CONTREE_CONFINE_H
#define CONTREE_CONFINE_H

#include <stdint.h>

#include "err.h"

/* What becomes of a refused call; in the order of the option's words. */
enum confine_filter {
	CONFINE_OFF,	/* there is no filter; capabilities go all the same */
	CONFINE_ERRNO,	/* EPERM, and a record of audit's, type SECCOMP */
	CONFINE_KILL,	/* the end of the process, by SIGSYS; and the record */
};

enum confine_thread {
	CONFINE_MAIN,
	CONFINE_INTAKE,
	CONFINE_CORE,
	CONFINE_LEDGER,
	CONFINE_THREADS,	/* how many there are */
};

struct confine;

/*
 * Makes the filters, for this process; none is in force yet. NULL, with err
 * set, where there can be none: the kernel has no seccomp, or a sanitizer is
 * built in, which needs calls of its own. Aborts without memory.
 */
struct confine *confine_new(enum confine_filter filter, struct err *err);
void confine_free(struct confine *c);

/*
 * Of the calling thread alone. It needs no_new_privs, which privs_drop() sets.
 * A NULL c does nothing: so tests run the threads. Aborts on failure, since
 * nothing that gets rights can.
 */
void confine_enter(struct confine *c, enum confine_thread thread);

/*
 * Makes that thread's filter for a machine, by libseccomp's name for it
 * ("aarch64"), which need not be this one. 1: it lets a call through that
 * the machine has, whatever its arguments must be; 0: it does not; -1, with
 * err set: there is no such filter.
 */
int confine_try(enum confine_thread thread, const char *machine,
		const char *call, struct err *err);

#endif
