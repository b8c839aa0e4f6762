/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options: the one table of what can be configured. The parser, struct
 * config, conf/audisp-contree.conf and audisp-contree.conf(5) follow it;
 * a test holds the latter two against it.
 *
 * OPTION_PATH(name, default, help): an absolute path, or "none"
 * OPTION_TEXT(name, default, help): words, separated by spaces
 * OPTION_SIZE(name, default, min, max, help): bytes; K, M and G are understood
 * OPTION_NUMBER(name, default, min, max, help): a whole number; the unit is in
 *						  the name
 * OPTION_BOOL(name, default, help): yes or no
 * OPTION_AUTO(name, default, help): auto, which is what the default true means,
 *				     or off
 * OPTION_CHOICE(name, default, words, help): one of these words, kept as its
 *					     place among them, from 0
 */
#ifndef CONTREE_OPTIONS_H
#define CONTREE_OPTIONS_H

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* clang-format off */
#define OPTIONS								\
	OPTION_PATH(text_log, "/var/log/contree/contree.log",		\
		"The log for people, one line an event; none for no text log.") \
	OPTION_PATH(json_log, "/var/log/contree/contree.json",		\
		"The log for machines, JSON Lines in Elastic Common Schema names; none for no JSON log.") \
	OPTION_PATH(state, "/var/lib/contree/state",			\
		"What is remembered over a restart of the plugin; none for nothing.") \
	OPTION_TEXT(log_group, "adm",					\
		"The group that may read the logs; root where there is no such group.") \
	OPTION_SIZE(log_size, 64 * MIB, 0, 64 * GIB,			\
		"A log that would grow beyond this is rotated; 0 leaves that to logrotate.") \
	OPTION_NUMBER(log_generations, 8, 0, 999,			\
		"Rotated logs kept, as NAME.1 (the newest) to NAME.N; 0 keeps none.") \
	OPTION_NUMBER(linger_ms, 1000, 10, 60000,			\
		"How far, in milliseconds, records may be out of order; an ended process is remembered for twice as long.") \
	OPTION_TEXT(roots, "containerd",				\
		"Names of the executables the tree grows under.")	\
	OPTION_TEXT(shims, "containerd-shim*",				\
		"Names of the shims they start; a * at the end matches anything.") \
	OPTION_TEXT(runtimes, "runc crun youki",			\
		"Names of the OCI runtimes whose arguments name the container.") \
	OPTION_AUTO(witness, true,					\
		"Ask the kernel's proc connector for births and ends, too; without it they are as audit and /proc have them.") \
	OPTION_AUTO(names, true,					\
		"Read what containers, images and pods are called from the containers' bundles and Docker's files.") \
	OPTION_BOOL(activity, true,					\
		"Report other audit events of processes in the tree: your own rules, seccomp, logins.") \
	OPTION_CHOICE(seccomp, 1, "off errno kill",			\
		"What becomes of a system call that the plugin has no use for: errno refuses it, kill ends the plugin; off has no filter.") \
	OPTION_NUMBER(max_processes, 200000, 1000, 10000000,		\
		"Processes in the tree at most.")			\
	OPTION_NUMBER(max_limbo, 16384, 100, 1000000,			\
		"Processes that may wait for their parent to be heard.") \
	OPTION_NUMBER(max_claims, 65536, 100, 10000000,			\
		"Births announced by a parent that may wait for the child to speak.") \
	OPTION_NUMBER(max_containers, 16384, 10, 1000000,		\
		"Containers remembered at most.")			\
	OPTION_NUMBER(max_nodes, 64, 1, 10000,				\
		"Nodes (node= of the records) that get a tree of their own.") \
	OPTION_SIZE(max_args_bytes, 16 * KIB, 256, 2 * MIB,		\
		"Bytes kept of one command's arguments.")		\
	OPTION_SIZE(queue_bytes, 16 * MIB, 64 * KIB, 4 * GIB,		\
		"Room between auditd and the tree for a burst of records; beyond it records are dropped and counted.") \
	OPTION_SIZE(log_queue_bytes, 16 * MIB, 64 * KIB, 4 * GIB,	\
		"Room between the tree and a slow disk; beyond it lines are dropped and counted.")
/* clang-format on */

#endif
