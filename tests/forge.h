/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forge: reads each change back from every sink, as it comes: the text log,
 * with and without colours, the JSON log, the state and the drawn tree. Says
 * what a story with hostile names in it must be told as, and fails the test
 * if a line, a column, a word or a member is another.
 */
#ifndef CONTREE_TESTS_FORGE_H
#define CONTREE_TESTS_FORGE_H

#include "buf.h"
#include "change.h"
#include "draw.h"

/* Who is in the container: their names are the hostile ones. */
enum { INIT_PID = 103, MEMBER_PID = 104 };

/* What is hostile of a container or of who is in it. NULL: not checked */
struct hostile {
	const char *comm, *exe, *cwd, *key, *user;
	const char *args[3];
	const char *id, *ns, *name, *image, *tag, *pod, *pod_ns, *pod_uid;
};

struct forge {
	const char *what;	/* the row, for what is said of a failure */
	struct hostile want;
	size_t changes;
	struct draw *draw;
	struct buf state;	/* lines of everybody, as the keeper has them */
};

void forge_open(struct forge *f, const char *what);

/* A change_fn */
void forge_change(void *forge, const struct change *c);

/*
 * Draws, and reads the drawing: so many processes, one a line (0: any number).
 * Loads the state from a file in dir.
 */
void forge_close(struct forge *f, size_t processes, const char *dir);

#endif
