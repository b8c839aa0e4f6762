/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procfs: what /proc tells of a process, read through a directory fd, so
 * that a tree of files can stand in for it. A process chooses most of these
 * bytes itself: none is believed to have a form, every read is bounded, and
 * what does not read as it should is "not known". Owns the strings of what
 * it read. Never logs, never looks outside of the directory it was given.
 *
 * Pids, uids and gids are those of the namespaces that the directory's
 * mount and the reader are in; cgroup paths are seen from the reader's
 * cgroup namespace.
 *
 * exe and cwd ask for the right to trace the process (proc_fd_access_allowed()
 * in fs/proc/base.c): CAP_SYS_PTRACE, or the same uid and no capability that
 * the reader lacks. The other files are everyone's, unless /proc is mounted
 * with hidepid. Reading cmdline waits while the process maps memory, as ps
 * does (mmap_lock), which it can make last for ever: see patience. Nothing
 * else here waits for it.
 */
#ifndef CONTREE_PROCFS_H
#define CONTREE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

struct patience;

/* PF_* of include/linux/sched.h, as in the flags of stat. */
#define PROCFS_EXITING 0x4u
#define PROCFS_KTHREAD 0x200000u

/* A container's id, with its NUL. */
#define PROCFS_ID_SIZE 65

/* What is to be read, and what comes of it. */
enum {
	PROCFS_STAT = 1,	/* ppid, start_ticks, state, flags, threads,
				 * comm */
	PROCFS_STATUS = 2,	/* vpid, ns_depth, uid, gid */
	PROCFS_CGROUP = 4,	/* container, cgroup, memory_cgroup */
	PROCFS_EXE = 8,
	PROCFS_ARGS = 16,
	PROCFS_CWD = 32,
	PROCFS_LOGIN = 64,	/* auid, ses */
};

/*
 * One process. Begins as zeroes. What was not asked for, or is not known,
 * is 0, UINT32_MAX or "". Strings are raw bytes, live in text and die with
 * the next read.
 */
struct procfs {
	struct patience *patience;	/* for cmdline; NULL: without end.
					 * Borrowed, stays over reads */
	pid_t pid, ppid;
	uint64_t start_ticks;	/* clock ticks since boot */
	char state;		/* a letter */
	uint32_t flags;		/* PROCFS_EXITING, PROCFS_KTHREAD, … */
	unsigned int threads;	/* 0 of a process that is being reaped */
	pid_t vpid;		/* in its own pid namespace */
	unsigned int ns_depth;	/* pid namespaces it is in, from the mount's
				 * on: 1 is no container's */
	uint32_t uid, gid;	/* effective */
	uint32_t auid, ses;	/* UINT32_MAX also where unset */
	const char *comm;	/* without its parentheses */
	const char *exe;	/* without " (deleted)" behind it */
	const char *cwd;
	const char *args;	/* args_count strings, each with its NUL */
	size_t args_bytes;	/* with all NULs */
	uint32_t args_count;
	bool args_cut;		/* more than was wanted: the last is a part */
	const char *container;	/* procfs_container_id() */
	/* paths: in the unified hierarchy if there is one, or else memory's,
	 * or pids'; and in that of cgroup v1 which memory is on */
	const char *cgroup, *memory_cgroup;
	const char *cgroup_text;	/* the whole file */
	struct buf text;
};

/* An fd of the directory, for the functions below; the caller closes it. */
int procfs_open(const char *path, struct err *err);

/*
 * Reads those parts of a process, args up to max_args_bytes. All are of one
 * process, even if it ends meanwhile and its pid is given anew. Returns 0,
 * or -1 with errno: ENOENT or ESRCH where the process is not there, EBADMSG
 * where stat, if it is asked for, is not understood, or what open() says.
 * With PROCFS_STAT a process that ends while it is read is not there;
 * without it, its parts are not known. The id of a thread, which
 * procfs_each() does not give, reads like a process.
 */
int procfs_read(struct procfs *p, int proc_fd, pid_t pid, unsigned int parts,
		size_t max_args_bytes);

void procfs_free(struct procfs *p);

/*
 * Calls fn for each process, in rising order of pid, until it returns
 * something else than 0, and returns that. All pids are collected first: fn
 * may meet one that has ended. -1 with errno if the directory can't be read.
 */
int procfs_each(int proc_fd, int (*fn)(void *ctx, pid_t pid), void *ctx);

/*
 * Finds a container's id, 64 hex digits, in the text of /proc/PID/cgroup:
 * of containers in containers the outermost's, which is what contree counts
 * them as. Writes it to out, or "" and returns false. Who may make cgroups
 * can forge one, but a container only below its own.
 */
bool procfs_container_id(const char *cgroup_file_text, char *out, size_t size);

/*
 * Whether some path in that text is of the container called id, or below
 * it. For ids of any form, such as ctr's: there, too short an id may be
 * another thing's name.
 */
bool procfs_cgroup_names(const char *cgroup_file_text, const char *id);

#define _cleanup_procfs_ __attribute__((cleanup(procfs_free)))

#endif
