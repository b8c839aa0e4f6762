/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logfile: one log that whole lines are appended to. It makes its
 * directory, opens, rotates and reopens, and mends what a full disk tore:
 * no reader ever finds a part of a line with something else behind it.
 * Works in the directory it has opened, and looks for that by its name only
 * when it opens the log by its name (logdir.h has which links are followed).
 * Never follows a symbolic link to the file, never writes to anything but a
 * regular file, never reads a clock, never waits to try again: time is handed
 * in. Not for use by two threads at once.
 *
 * The file is 0640, its owner the process's user and its group the one
 * told; a directory that had to be made is 0750. Both need CAP_CHOWN unless
 * the process is in that group.
 */
#ifndef CONTREE_LOGFILE_H
#define CONTREE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct logfile;

struct logfile_options {
	gid_t gid;
	uint64_t size_bytes;	/* rotated rather than beyond this; 0: never */
	unsigned int generations;	/* NAME.1 to NAME.N are kept */
	bool whole;	/* once open it is not made anew when it is gone: its
			 * beginning is the owner's to write, elsewhere */
};

enum logfile_event {
	LOGFILE_FAILS,	/* from now on lines are lost: err says why */
	LOGFILE_WORKS,	/* … no longer; lost says how many were */
	LOGFILE_ENDS,	/* freed while it failed; lost says how many were */
	LOGFILE_STUCK,	/* cannot be rotated or reopened: err says why; the
			 * file that is open goes on being written */
	LOGFILE_UNSTUCK,
};

struct logfile_news {
	enum logfile_event event;
	const char *path;
	const struct err *err;	/* FAILS, STUCK */
	uint64_t lost;		/* lines; WORKS, ENDS */
};

/* Told once when a trouble begins and once when it ends. */
typedef void logfile_news_fn(void *ctx, const struct logfile_news *news);

/* path is absolute, and copied. Opens nothing yet. Aborts without memory. */
struct logfile *logfile_new(const char *path,
			    const struct logfile_options *options,
			    logfile_news_fn *news, void *ctx);
void logfile_free(struct logfile *lf);

const char *logfile_path(const struct logfile *lf);	/* borrowed */

/* Which file is open, and how far it is written; all 0: none. */
struct logfile_place {
	uint64_t inode;
	uint64_t size;
};

struct logfile_place logfile_place(const struct logfile *lf);

/* That, and the same of NAME.1, which goes before it; all 0: there is none. */
struct logfile_found {
	uint64_t inode;
	uint64_t size;
	uint64_t older_inode;
	uint64_t older_size;
};

struct logfile_found logfile_found(const struct logfile *lf);
void logfile_set_options(struct logfile *lf,
			 const struct logfile_options *options);

/*
 * Opens the file by its name, again if it is open: who renamed it away gets
 * it back for good. now_ms is any clock that only goes forward.
 */
void logfile_reopen(struct logfile *lf, uint64_t now_ms);

/*
 * Another file is begun beside it (anew if one was), gets data, of any size,
 * and in the end takes the place of what is in it, or of nothing of it. Each
 * returns -1 on failure, and then the other file is no more.
 */
int logfile_anew(struct logfile *lf, struct err *err);
int logfile_anew_put(struct logfile *lf, const char *data, size_t len,
		     struct err *err);
int logfile_anew_end(struct logfile *lf, uint64_t now_ms, struct err *err);
void logfile_anew_drop(struct logfile *lf);

/*
 * Appends data, which is whole lines. What cannot be written is lost and
 * counted; after a failure it is not tried again for a second.
 */
void logfile_write(struct logfile *lf, const char *data, size_t len,
		   uint64_t now_ms);

#endif
