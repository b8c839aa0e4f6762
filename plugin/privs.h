/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privs: what the process may still do. auditd starts its plugins as root
 * with every capability; hardly any of them is needed. Acts on the calling
 * thread and on the threads it starts later: call before starting any.
 */
#ifndef CONTREE_PRIVS_H
#define CONTREE_PRIVS_H

#include "err.h"

/* umask 027 and no core dumps: memory holds other people's command lines. */
int privs_start(struct err *err);

/* For good: the capabilities, the bounding set, and gains through exec. */
int privs_drop(struct err *err);

#endif
