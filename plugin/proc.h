/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc: the records the tree keeps of a process, of what it executes, of
 * who runs it and of its container. The tree owns all of them and is the
 * only one to write; a sink may read them while it is handed a change.
 * All strings are raw, untrusted bytes.
 */
#ifndef CONTREE_PROC_H
#define CONTREE_PROC_H

#include "fact.h"

/* A program, and where it is executed. Shared by all who do so. */
struct program {
	unsigned int refs;
	const char *exe;	/* "" where not known */
	const char *comm;	/* "" where not known */
	const char *cwd;	/* NULL where not known */
	char data[];
};

/* What a process executes. Shared by a parent and the children it forks. */
struct image {
	unsigned int refs;
	uint32_t args_count;	/* strings in args */
	uint32_t argc;		/* as announced; more than args_count if cut */
	uint32_t args_bytes;
	struct program *program;	/* never NULL */
	const char *args;	/* args_count NUL-terminated strings; NULL if the
				 * process was never heard to exec */
	char data[];
};

/* Who runs a process. Shared like an image. */
struct cred {
	unsigned int refs;
	uint32_t uid, gid, auid, ses;	/* ID_UNSET where not known */
	char user[];			/* uid's name, "" where not known */
};

enum role {
	ROLE_ROOT,	/* containerd itself */
	ROLE_SHIM,	/* containerd-shim-* */
	ROLE_RUNTIME,	/* runc, its stages and hooks, containerd's other helpers */
	ROLE_INIT,	/* the container's first process, from its first exec on */
	ROLE_EXEC,	/* brought in by runc exec, from its first exec on */
	ROLE_MEMBER,	/* everything below those two */
};

enum exit_reason {
	EXIT_NOT_YET,
	EXIT_EXITED,	/* exit_code is the status */
	EXIT_SIGNALED,	/* exit_signal; exit_code is 128 + signal */
	EXIT_OOM,	/* killed for memory; needs the witness */
	EXIT_INIT_DIED,	/* its pid namespace's init ended, so it was killed */
	EXIT_UNKNOWN,	/* it ended, how is not known */
};

struct label {
	char *key, *value;
};

/* What people call a container. NULL where not known. */
struct container_names {
	char *name;
	char *image_name, *image_tag;
	char *pod_name, *pod_ns, *pod_uid;
	size_t n_labels;
	struct label *labels;
};

struct container {
	const char *id;		/* container.id */
	const char *ns;		/* containerd's namespace, "" where not known */
	const char *runtime;	/* "docker" or "containerd" (ECS) */
	const char *bundle;	/* --bundle, NULL where not known */
	struct container_names names;
	uint64_t start_ms, stop_ms;	/* 0 where it has not */
	struct container_priv *priv;	/* the tree's own */
};

struct proc {
	pid_t pid;		/* in the host's pid namespace */
	pid_t vpid;		/* in its own pid namespace, 0 where not known */
	pid_t ppid;		/* the kernel's parent as last seen, 0 if unknown */
	unsigned char exit_signal;	/* EXIT_SIGNALED, EXIT_OOM */
	enum role role : 8;
	enum source source : 8;	/* how its birth parent is known */
	enum source end_source : 8;	/* how its end is known */
	enum exit_reason reason : 8;
	unsigned char exit_code;	/* EXIT_EXITED, EXIT_SIGNALED, EXIT_OOM */
	char entity_id[30];	/* stable, unique, printable */
	uint64_t start_ms;	/* birth, as it was first told */
	uint64_t born_ms;	/* … by CLOCK_BOOTTIME; 0 where not known */
	uint64_t end_ms;	/* 0 while it lives */
	struct proc *parent;	/* birth parent; NULL for a root */
	struct proc *entry;	/* nearest self-or-ancestor that is ROLE_INIT or
				 * ROLE_EXEC, or NULL */
	struct container *container;	/* or NULL */
	struct image *image;	/* never NULL */
	struct cred *cred;	/* never NULL */
	struct proc_priv *priv;	/* the tree's own */
};

const char *role_name(enum role role);
const char *source_name(enum source source);
const char *exit_reason_name(enum exit_reason reason);

#endif
