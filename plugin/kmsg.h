/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmsg: whom the kernel's log says that the kernel killed for want of memory.
 * It names each victim, by its pid on the host (__oom_kill_process() in
 * mm/oom_kill.c), also when its cgroup is gone before that can be asked. Owns
 * the file, which is read when somebody asks.
 */
#ifndef CONTREE_KMSG_H
#define CONTREE_KMSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kmsg;

/*
 * Opens /dev/kmsg, and begins behind what is in it. Needs CAP_SYSLOG where
 * kernel.dmesg_restrict is set; reading needs nothing. Never NULL: without
 * such a file nobody is named. Aborts without memory.
 */
struct kmsg *kmsg_open(void);

/* The same of a file where each read gives one record. Takes fd over. */
struct kmsg *kmsg_new(int fd);
void kmsg_free(struct kmsg *k);

/* Takes in what the log has got. now_ms is by a clock that never goes back. */
void kmsg_read(struct kmsg *k, uint64_t now_ms);

/*
 * pid has just ended, or a thread of it. Whether it is one of the last victims,
 * of not more than some seconds ago: later the pid may be another's. Reads
 * first.
 */
bool kmsg_names(struct kmsg *k, pid_t pid, uint64_t now_ms);

#endif
