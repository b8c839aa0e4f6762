/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fact: one thing learned of one process, as a plain value with its own
 * time. Whoever reads a source (audit records, the proc connector, /proc)
 * makes facts; the tree consumes them. A fact's strings are raw, untrusted bytes (C strings),
 * borrowed from whoever made it and valid for the call it is handed to,
 * unless it came from fact_copy(), which owns them.
 */
#ifndef CONTREE_FACT_H
#define CONTREE_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Audit stamps are a jiffy coarse: 10 ms where HZ is 100. */
#define COARSE_MS 10

/* How something is known. */
enum source {
	SOURCE_AUDIT,		/* a record says so */
	SOURCE_WITNESS,		/* the kernel's proc connector */
	SOURCE_CENSUS,		/* /proc */
	SOURCE_INFERRED,	/* follows from other facts */
};

enum fact_kind {
	FACT_FORK,	/* pid called fork, vfork, clone or clone3, with success */
	FACT_EXEC,	/* pid called execve or execveat, with success */
	FACT_EXIT,	/* pid called exit_group */
	FACT_SEEN,	/* any other record by pid */
	FACT_ABEND,	/* ANOM_ABEND: pid dies by a core-dumping signal */
	FACT_FOUND,	/* /proc has pid */
	FACT_GONE,	/* /proc had no pid any more */
};

/* Of the witness, FORK, EXEC and EXIT mean what the kernel did:
 *
 * FORK: pid is the birth parent, child the child in the host's namespace;
 *	 where thread is set, pid has one thread more, and that is all.
 * EXEC: pid has one thread from now on. What it executed is audit's to say.
 * EXIT: one thread of pid ended, with code or by signal; of the last one
 *	 that is how the process ended (wait_task_zombie() in kernel/exit.c).
 *	 Of an exit_group, or of a signal that kills, every thread's event
 *	 bears that status (get_signal(), do_group_exit()). Where the threads
 *	 end one by one, by exit, the last one's is the process's since Linux
 *	 6.0 (synchronize_group_exit()); before, wait(2) has the leader's, who
 *	 may have ended first, and the last one's is told here all the same.
 */

/* Which system call made a child: they differ in what they prove. */
enum fork_call {
	FORK_FORK,
	FORK_VFORK,
	FORK_CLONE,	/* flags are known: a0 */
	FORK_CLONE3,	/* flags are behind a pointer: may be a thread */
};

#define ID_UNSET UINT32_MAX	/* uid, gid, auid or ses that is not known/unset */

struct fact {
	enum fact_kind kind;
	enum source source;
	uint64_t time_ms;	/* since the epoch, UTC; audit stamps syscall entry */
	uint64_t serial;	/* audit serial, 0 where there is none */
	const char *node;	/* node= of the record, "" where there is none */
	pid_t pid;		/* thread group, in the host's pid namespace */
	pid_t ppid;		/* the kernel's parent when the record was written;
				 * 0 where the record has none (ANOM_ABEND) */
	uint32_t uid, gid, auid, ses;	/* ID_UNSET where not known */
	const char *user;	/* name of uid, only from ENRICHED; or NULL */
	const char *comm;	/* or NULL */
	const char *exe;	/* or NULL */
	const char *key;	/* the rule's key, or NULL */

	/* FACT_FORK */
	enum fork_call call;
	uint64_t flags;		/* clone's a0, else 0 */
	pid_t child;		/* exit=, in the caller's own pid namespace */
	bool thread;		/* witness only */

	/* FACT_EXEC: args holds args_count strings, each NUL-terminated */
	const char *args;
	size_t args_bytes;	/* with all the NULs */
	uint32_t args_count;	/* those in args */
	uint32_t argc;		/* those the record announced: more if truncated */
	const char *cwd;	/* or NULL */

	/* FACT_EXIT: exit status, 0 to 255. FACT_ABEND: the signal. */
	int code;
	int signal;		/* FACT_EXIT of the witness, if not 0 */
	bool oom;		/* … and the kernel killed for want of memory */
	bool reaper_died;	/* … while its namespace's init was ending */

	/* What /proc said: of pid (FACT_FOUND), of child (FACT_FORK of the
	 * witness). mono_ns is when it was read, or when it happened. */
	uint64_t mono_ns;	/* CLOCK_MONOTONIC; 0 from audit */
	pid_t vpid;		/* in its own namespace, 0 where not known */
	unsigned int ns_depth;	/* 1: in the host's; 0 where not known */
	const char *container;	/* the id that its cgroup names, or NULL */
	unsigned int threads;	/* FACT_FOUND */
	uint64_t start_ms;	/* FACT_FOUND: birth, since the epoch */
	uint64_t born_ms;	/* birth, by CLOCK_BOOTTIME; FACT_GONE: of whom
				 * that pid was, 0 where not known */
	bool topmost;		/* FACT_FOUND: nobody above is in the tree */
	bool is_init;		/* FACT_FOUND: the shim's own word */
	const char *bundle;	/* FACT_FOUND: of its container, or NULL */

	/* FACT_SEEN */
	const char *record;	/* the record's type: "SYSCALL", "SECCOMP", … */
	const char *syscall;	/* its name, or NULL */
	int outcome;		/* 1 success, 0 failure, -1 not said */
	bool quiet;		/* proves that pid lives, but is no activity to report */
};

/* A deep copy in one block of memory: free() it. */
struct fact *fact_copy(const struct fact *f);

#endif
