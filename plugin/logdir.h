/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logdir: the directory of a log or of the state, opened once, so that what
 * is done there is done there, whatever becomes of its name meanwhile. Owns
 * nothing.
 */
#ifndef CONTREE_LOGDIR_H
#define CONTREE_LOGDIR_H

#include <sys/types.h>

#include "err.h"

/* The last component of a path, borrowed from it. */
const char *logdir_name(const char *path);

/*
 * Opens the directory that path's file is in; makes it, 0750 and that
 * group's, where only its last component is not there. That one may be a
 * symbolic link if the link is root's or one's own, which is an admin's
 * choice; nobody else is followed, since a directory above may be writable
 * to a group (Ubuntu's /var/log is, to syslog's). The caller closes the fd.
 */
int logdir_open(const char *path, gid_t gid, struct err *err);

/* Owner (oneself), group and mode of what is open, changed where they differ. */
int logdir_own(int fd, gid_t gid, mode_t mode, struct err *err);

#endif
