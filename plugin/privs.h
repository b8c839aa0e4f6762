/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privs: what the process may still do. auditd starts its plugins as root
 * with every capability; hardly any of them is needed. Acts on the calling
 * thread and on the threads it starts later: call before starting any. confine.h has
 * what is left to each of them.
 */
#ifndef CONTREE_PRIVS_H
#define CONTREE_PRIVS_H

#include <sys/types.h>

#include "err.h"

/* umask 027 and no core dumps: memory holds other people's command lines. */
int privs_start(struct err *err);

/*
 * For good: the capabilities but two, the bounding set, gains through exec,
 * and all groups but the process's own and gid, to which files are given. What
 * of this the threads have no use for, confine takes from them.
 */
int privs_drop(gid_t gid, struct err *err);

#endif
