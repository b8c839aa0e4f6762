/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * invocation: what the command line of an OCI runtime or of a containerd
 * shim says: which container, what is to be done with it. Pure functions
 * over a fact's arguments; the strings found point into them.
 *
 * runc's command line: https://github.com/opencontainers/runc (man/);
 * crun and youki follow it. A shim's: containerd's runtime/v2/README.md.
 */
#ifndef CONTREE_INVOCATION_H
#define CONTREE_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verb {
	VERB_NONE,	/* not a runtime, or nothing we know */
	VERB_CREATE,	/* create, run, restore: makes the container's init */
	VERB_EXEC,
	VERB_DELETE,
	VERB_INIT,	/* the runtime re-executing itself as a stage */
	VERB_OTHER,	/* start, kill, state …: names a container, no more */
	VERB_SHIM,	/* the shim that stays */
	VERB_SHIM_START,
	VERB_SHIM_DELETE,
};

struct invocation {
	enum verb verb;
	const char *id;		/* NULL where it names no container */
	const char *bundle;	/* --bundle, or NULL */
	const char *ns;		/* a shim's -namespace, or NULL */
	const char *publisher;	/* a shim's -publish-binary: containerd, or NULL */
};

/* args: count NUL-terminated strings one behind the other. */
struct invocation parse_runtime(const char *args, uint32_t count);
struct invocation parse_shim(const char *args, uint32_t count);

/*
 * Whether the last component of path is on the list: names separated by
 * spaces, a * at a name's end matches anything.
 */
bool name_listed(const char *list, const char *path);

#endif
