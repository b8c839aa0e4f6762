/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inherit: what a plugin gets from the auditd that starts it, and must not
 * keep: file descriptors, and how signals are taken. Acts on the process.
 */
#ifndef CONTREE_INHERIT_H
#define CONTREE_INHERIT_H

/* Closes all but 0, 1 and 2, and sees to it that those are open. */
void inherit_fds(void);

/*
 * From here on all signals, but for those that a fault raises, are blocked in
 * every thread and read from the fd that is returned (-1 on failure).
 */
int inherit_signals(void);

#endif
