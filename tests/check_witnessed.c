/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree's rules while births and ends are witnessed, as stories: facts
 * in, a line for each change out. The invariants are checked after every
 * fact. A story's time is in ms.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "tree_int.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Event time, CLOCK_MONOTONIC and CLOCK_BOOTTIME of a story's beginning */
#define T0 UINT64_C(1700000000000)
#define MONO0 UINT64_C(5000000)
#define BOOT0 UINT64_C(6000000)

enum kind {
	END_OF_STORY,
	FORK,
	THREAD,
	EXEC,
	EXIT, /* of the witness */
	FOUND,
	GONE, /* of the census */
	HEARD_EXEC,
	HEARD_EXIT,
	HEARD_CLONE,
	HEARD_SEEN,
	HEARD_ABEND,
	IDLE,
};

struct step {
	unsigned int at;
	enum kind kind;
	pid_t pid, ppid;
	long n; /* child, status, ms */
	const char *exe, *args; /* args are separated by spaces */
	int signal;
	bool oom, reaper_died;
	pid_t vpid;
	unsigned int depth; /* of pid namespaces */
	const char *id; /* the container that the cgroup names */
	bool is_init;
	unsigned int threads; /* FOUND; 0 is one */
	int born; /* FOUND: at that time */
	unsigned int looked; /* GONE: not at the fact's time */
};

#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define RUNC "/usr/sbin/runc"
#define CONTAINERD "/usr/bin/containerd"

/* clang-format off */
#define F(at, parent, child) { at, FORK, parent, 0, child, .depth = 1 }
#define IN(at, parent, child, num) \
	{ at, FORK, parent, 0, child, .depth = 2, .vpid = num }
#define E(at, pid, program, words) \
	{ at, HEARD_EXEC, pid, 1, .exe = program, .args = words }
#define X(at, pid, status) { at, EXIT, pid, .n = status }
#define KILLED(at, pid, sig) { at, EXIT, pid, .signal = sig }
#define WAIT(at) { at, IDLE, .n = 9000 }
#define GONE_BY(at, parent, child) { at, FORK, parent, 0, child, .depth = 0 }

/*
 * containerd 10, its shim 21 (started by 20), runc create 30 with stages
 * 31, 32 and 33, which becomes the container's init as sh.
 */
#define BEGIN { 0, FOUND, 10, 0, 0, CONTAINERD, "containerd", \
		.threads = 20, .depth = 1, .vpid = 10, .born = -99999 }
#define MADE_SHIM                                                        \
	BEGIN,                                                           \
	F(1, 10, 20),                                                    \
	E(2, 20, SHIM, "shim -namespace ns -id c1 start"),               \
	F(3, 20, 21),                                                    \
	E(4, 21, SHIM, "shim -namespace ns -id c1 -address a"),          \
	X(20, 20, 0)
#define CREATING                                                         \
	MADE_SHIM,                                                       \
	F(30, 21, 30),                                                   \
	E(31, 30, RUNC, "runc --root r create --bundle b c1"),           \
	F(40, 30, 31),                                                   \
	E(41, 31, RUNC, "runc init"),                                    \
	F(50, 30, 32)
#define CONTAINER                                                        \
	CREATING,                                                        \
	{ 51, FORK, 30, 0, 33, .depth = 2, .vpid = 1, .id = "c1" },      \
	X(60, 32, 0),                                                    \
	X(61, 31, 0),                                                    \
	X(80, 30, 0),                                                    \
	E(90, 33, "/bin/sh", "sh -c x"),                                 \
	{ 91, EXEC, .pid = 33 }

#define SHIM_SAYS                                                        \
	"census 10 root census", "fork 20<-10 runtime",                  \
	"exec 20 shim c1", "fork 21<-20 runtime c1", "exec 21 shim c1",  \
	"end 20 exited 0"
#define CREATING_SAYS                                                    \
	SHIM_SAYS, "fork 30<-21 runtime c1", "exec 30 runtime c1",       \
	"fork 31<-30 runtime c1", "exec 31 runtime c1",                  \
	"fork 32<-30 runtime c1"
#define CONTAINER_SAYS                                                   \
	CREATING_SAYS, "fork 33<-30 runtime c1 vpid=1",                  \
	"end 32 exited 0", "end 31 exited 0", "end 30 exited 0",         \
	"start c1 33", "exec 33 init c1"

/* runc exec 40, which brings 43 in; it is left to the shim. */
#define EXECED                                                           \
	CONTAINER,                                                       \
	F(500, 21, 40),                                                  \
	E(501, 40, RUNC, "runc exec --process p c1"),                    \
	F(510, 40, 41),                                                  \
	E(511, 41, RUNC, "runc init"),                                   \
	{ 512, FORK, 40, 0, 43, .depth = 2, .vpid = 7, .id = "c1" },     \
	X(520, 41, 0),                                                   \
	E(530, 43, "/bin/bash", "bash"),                                 \
	X(540, 40, 0)
#define EXECED_SAYS                                                      \
	CONTAINER_SAYS, "fork 40<-21 runtime c1", "exec 40 runtime c1",  \
	"fork 41<-40 runtime c1", "exec 41 runtime c1",                  \
	"fork 43<-40 runtime c1 vpid=7", "end 41 exited 0",              \
	"exec 43 exec c1", "end 40 exited 0"

/* What /proc has of the same, as a whole */
#define ALL_FOUND                                                        \
	BEGIN,                                                           \
	{ 0, FOUND, 21, 0, 0, SHIM, "shim -namespace ns -id c1 -address a", \
	  .threads = 11, .depth = 1, .vpid = 21, .born = -9000 },        \
	{ 0, FOUND, 33, 21, 0, "/bin/sh", "sh", .depth = 2, .vpid = 1,   \
	  .id = "c1", .is_init = true, .born = -8000 },                  \
	{ 0, FOUND, 43, 21, 0, "/bin/bash", "bash", .depth = 2,          \
	  .vpid = 7, .id = "c1", .born = -7000 },                        \
	{ 0, FOUND, 45, 33, 0, "/bin/cat", "cat", .depth = 2,            \
	  .vpid = 8, .born = -7500 },                                    \
	{ 0, FOUND, 46, 43, 0, "/bin/nl", "nl", .depth = 2,              \
	  .vpid = 9, .born = -6000 }
#define ALL_FOUND_SAYS                                                   \
	"census 10 root census", "census 21 shim c1 census",             \
	"census 33 init c1 vpid=1 census",                               \
	"census 43 exec c1 vpid=7 census",                               \
	"census 45 member c1 vpid=8 census",                             \
	"census 46 member c1 vpid=9 census"

struct story {
	const char *name;
	struct step steps[48];
	const char *says[60];
};

static const struct story stories[] = {
	{ "a container is made by runc's stages",
	  { CONTAINER, WAIT(9000) },
	  { CONTAINER_SAYS } },
	{ "a member is born, executes and ends, with its status",
	  { CONTAINER, IN(1000, 33, 45, 8), { 1001, EXEC, .pid = 45 },
	    E(1001, 45, "/bin/ls", "ls /"), X(1100, 45, 3) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "exec 45 member c1", "end 45 exited 3" } },
	{ "or by a signal",
	  { CONTAINER, IN(1000, 33, 45, 8), KILLED(1100, 45, SIGKILL),
	    IN(1200, 33, 46, 9), KILLED(1300, 46, SIGSEGV) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 signaled 137/9", "fork 46<-33 member c1 vpid=9",
	    "end 46 signaled 139/11" } },
	{ "or for want of memory",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, EXIT, 45, .signal = SIGKILL, .oom = true } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 oom 137/9" } },
	{ "the init is killed for want of memory",
	  { CONTAINER, { 1100, EXIT, 33, .signal = SIGKILL, .oom = true } },
	  { CONTAINER_SAYS, "end 33 oom 137/9", "stop c1 33" } },
	{ "or because the init of its namespace ends",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, EXIT, 45, .signal = SIGKILL, .reaper_died = true },
	    X(1101, 33, 0), WAIT(1101) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 init-died", "end 33 exited 0", "stop c1 33" } },
	{ "which kills by SIGKILL alone",
	  { CONTAINER, IN(1000, 33, 45, 8), IN(1000, 33, 46, 9),
	    { 1100, EXIT, 45, .signal = SIGTERM, .reaper_died = true },
	    { 1100, EXIT, 46, .n = 5, .reaper_died = true } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "fork 46<-33 member c1 vpid=9", "end 45 signaled 143/15",
	    "end 46 exited 5" } },
	{ "nobody's end is inferred from the init's",
	  { CONTAINER, IN(1000, 33, 45, 8), X(1101, 33, 0), WAIT(1101),
	    KILLED(1102, 45, SIGKILL) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 33 exited 0", "stop c1 33", "end 45 signaled 137/9" } },
	{ "nor the init's from the shim's",
	  { CONTAINER, KILLED(1000, 21, SIGKILL), WAIT(1000),
	    X(20000, 33, 4) },
	  { CONTAINER_SAYS, "end 21 signaled 137/9", "end 33 exited 4",
	    "stop c1 33" } },
	{ "a process ends with its last thread",
	  { CONTAINER, IN(1000, 33, 45, 8), { 1010, THREAD, .pid = 45 },
	    { 1020, THREAD, .pid = 45 }, X(1030, 45, 0), X(1040, 45, 0),
	    IN(1050, 45, 46, 11), X(1060, 45, 7) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "fork 46<-45 member c1 vpid=11", "end 45 exited 7" } },
	{ "a thread executes: the others end, the process does not",
	  { CONTAINER, IN(1000, 33, 45, 8), { 1010, THREAD, .pid = 45 },
	    { 1020, THREAD, .pid = 45 }, X(1030, 45, 0), X(1030, 45, 0),
	    { 1031, EXEC, .pid = 45 }, E(1029, 45, "/bin/ls", "ls"),
	    X(1050, 45, 2) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "exec 45 member c1", "end 45 exited 2" } },
	{ "a found process has the threads that /proc counts",
	  { ALL_FOUND, X(100, 21, 0), { 110, THREAD, .pid = 21 }, X(120, 21, 0),
	    X(130, 21, 0), X(140, 45, 3) },
	  { ALL_FOUND_SAYS, "end 45 exited 3" } },
	{ "what audit says of births counts for nothing",
	  { CONTAINER, { 1000, HEARD_CLONE, 33, 21, 8, .args = "11" },
	    { 1000, HEARD_CLONE, 33, 21, 9, .args = "0" }, WAIT(1000),
	    { 9500, HEARD_SEEN, 33, .ppid = 21 } },
	  { CONTAINER_SAYS, "activity 33" } },
	{ "who is not in the tree is nobody's business",
	  { CONTAINER, { 1000, HEARD_SEEN, 77, .ppid = 33 },
	    { 1000, HEARD_EXEC, 77, 33, .exe = "/bin/ls", .args = "ls" },
	    { 1000, HEARD_EXEC, 78, 10, .exe = SHIM, .args = "shim -id c2 -address a" },
	    { 1000, HEARD_EXIT, 77, 33, .n = 1 },
	    { 1000, HEARD_ABEND, 79, .n = 11 }, WAIT(1000) },
	  { CONTAINER_SAYS } },
	{ "nor are its births and ends",
	  { CONTAINER, F(1000, 77, 78), { 1001, EXEC, .pid = 78 }, X(1002, 78, 1),
	    { 1003, GONE, .pid = 78 }, { 1004, THREAD, .pid = 77 } },
	  { CONTAINER_SAYS } },
	{ "a root is known by what it executes",
	  { CONTAINER, E(1000, 77, CONTAINERD, "containerd"),
	    F(1100, 77, 78) },
	  { CONTAINER_SAYS, "census 77 root audit", "exec 77 root",
	    "fork 78<-77 runtime" } },
	{ "a pid is given anew before its owner's end was seen",
	  { CONTAINER, IN(1000, 33, 45, 8), IN(5000, 33, 45, 9),
	    X(6000, 45, 1) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 unknown inferred", "fork 45<-33 member c1 vpid=9",
	    "end 45 exited 1" } },
	{ "and after it",
	  { CONTAINER, IN(1000, 33, 45, 8), X(1100, 45, 0),
	    IN(1200, 33, 45, 9), X(1300, 45, 1) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 0", "fork 45<-33 member c1 vpid=9",
	    "end 45 exited 1" } },
	{ "audit tells of an end first: it is told once",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, HEARD_EXIT, 45, 33, .n = 3 }, X(1101, 45, 3), WAIT(1101) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 3 audit" } },
	{ "the witness does: it is told once",
	  { CONTAINER, IN(1000, 33, 45, 8), X(1101, 45, 3),
	    { 1100, HEARD_EXIT, 45, 33, .n = 3 }, WAIT(1101) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 3" } },
	{ "who is born before its parent is gone is born",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, HEARD_EXIT, 45, 33, .n = 3 }, IN(1101, 45, 46, 9),
	    X(1102, 45, 3), X(1200, 46, 0) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 3 audit", "fork 46<-45 member c1 vpid=9",
	    "end 46 exited 0" } },
	{ "runc exec brings a process in",
	  { EXECED, IN(1000, 43, 45, 9) },
	  { EXECED_SAYS, "fork 45<-43 member c1 vpid=9" } },
	{ "a sibling made from within is a member, whatever it executes",
	  { EXECED,
	    { 1000, FORK, 21, 0, 60, .depth = 2, .vpid = 9, .id = "c1" },
	    E(1001, 60, RUNC, "runc create --bundle b other"),
	    IN(1010, 60, 61, 10), E(1011, 61, RUNC, "runc init"),
	    IN(1012, 61, 62, 11), E(1020, 62, "/bin/sh", "sh"),
	    X(1030, 61, 0), X(1040, 60, 0), WAIT(1040) },
	  { EXECED_SAYS, "fork 60<-21 member c1 vpid=9",
	    "exec 60 member c1", "fork 61<-60 member c1 vpid=10",
	    "exec 61 member c1", "fork 62<-61 member c1 vpid=11",
	    "exec 62 member c1", "end 61 exited 0", "end 60 exited 0" } },
	{ "and deletes nobody",
	  { EXECED,
	    { 1000, FORK, 21, 0, 60, .depth = 2, .vpid = 9, .id = "c1" },
	    E(1001, 60, RUNC, "runc delete c1"), X(1010, 60, 0),
	    { 1020, FORK, 21, 0, 61, .depth = 2, .vpid = 10, .id = "c1" },
	    E(1021, 61, SHIM, "shim -namespace ns -id c1 delete"),
	    X(1030, 61, 0), WAIT(1040) },
	  { EXECED_SAYS, "fork 60<-21 member c1 vpid=9",
	    "exec 60 member c1", "end 60 exited 0",
	    "fork 61<-21 member c1 vpid=10", "exec 61 member c1",
	    "end 61 exited 0" } },
	{ "nor does one that was gone before /proc could tell",
	  { EXECED, GONE_BY(1000, 21, 60),
	    E(1001, 60, RUNC, "runc delete c1"), X(1010, 60, 0),
	    GONE_BY(1020, 21, 61),
	    E(1021, 61, RUNC, "runc create --bundle b other"),
	    IN(1022, 61, 62, 10), E(1023, 62, "/bin/sh", "sh"),
	    X(1024, 61, 0), GONE_BY(1030, 21, 63),
	    E(1031, 63, SHIM, "shim -namespace ns -id c2 -address a"),
	    GONE_BY(1032, 63, 64), E(1033, 64, RUNC, "runc exec c1"),
	    X(1034, 64, 0), X(1035, 63, 0), X(1040, 33, 0), WAIT(1040) },
	  { EXECED_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "end 60 exited 0", "fork 61<-21 runtime c1",
	    "exec 61 runtime c1", "fork 62<-61 member c1 vpid=10",
	    "exec 62 member c1", "end 61 exited 0",
	    "fork 63<-21 runtime c1", "exec 63 runtime c1",
	    "fork 64<-63 runtime c1", "exec 64 runtime c1",
	    "end 64 exited 0", "end 63 exited 0", "end 33 exited 0",
	    "stop c1 33" } },
	{ "the first child of a new shim is its own: nobody else was there",
	  { MADE_SHIM, GONE_BY(30, 21, 30),
	    E(31, 30, RUNC, "runc --root r create --bundle b c1"),
	    GONE_BY(40, 30, 31), E(41, 31, RUNC, "runc init"),
	    GONE_BY(50, 30, 32), GONE_BY(51, 30, 33), X(60, 32, 0),
	    X(61, 31, 0), X(80, 30, 0), GONE_BY(85, 21, 34),
	    E(86, 34, RUNC, "runc start c1"), X(87, 34, 0),
	    E(90, 33, "/bin/sh", "sh -c x"), X(95, 33, 7) },
	  { CREATING_SAYS, "fork 33<-30 runtime c1", "end 32 exited 0",
	    "end 31 exited 0", "end 30 exited 0", "fork 34<-21 runtime c1",
	    "exec 34 runtime c1", "end 34 exited 0", "start c1 33",
	    "exec 33 init c1", "end 33 exited 7", "stop c1 33" } },
	{ "but not of one that was found",
	  { ALL_FOUND, GONE_BY(30, 21, 60),
	    E(31, 60, RUNC, "runc exec c2") },
	  { ALL_FOUND_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1" } },
	{ "it is shown with one of its shim's own, at most",
	  { EXECED, F(600, 21, 50),
	    E(601, 50, RUNC, "runc create --bundle b c2"),
	    { 602, FORK, 50, 0, 53, .depth = 2, .vpid = 1, .id = "c2" },
	    X(603, 50, 0), E(604, 53, "/bin/sh", "sh"),
	    GONE_BY(1000, 21, 60), E(1001, 60, RUNC, "runc delete c2"),
	    X(1010, 60, 0), GONE_BY(1020, 21, 61),
	    E(1021, 61, RUNC, "runc kill c3") },
	  { EXECED_SAYS, "fork 50<-21 runtime c1", "exec 50 runtime c2",
	    "fork 53<-50 runtime c2 vpid=1", "end 50 exited 0",
	    "start c2 53", "exec 53 init c2",
	    "fork 60<-21 runtime c1", "exec 60 runtime c2",
	    "end 60 exited 0", "fork 61<-21 runtime c1",
	    "exec 61 runtime c1" } },
	{ "but the shim vouches for its own",
	  { EXECED, GONE_BY(1000, 21, 60),
	    E(1001, 60, RUNC, "runc exec c2"),
	    { 999, HEARD_CLONE, 21, 1, 60, .args = "4111" },
	    IN(1002, 60, 61, 20), E(1003, 61, "/bin/sh", "sh") },
	  { EXECED_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "fork 61<-60 runtime c2 vpid=20", "exec 61 exec c2" } },
	{ "and may do so before the birth is given",
	  { EXECED, { 999, HEARD_CLONE, 21, 1, 60, .args = "4111" },
	    GONE_BY(1000, 21, 60), E(1001, 60, RUNC, "runc exec c2"),
	    IN(1002, 60, 61, 20), E(1003, 61, "/bin/sh", "sh") },
	  { EXECED_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c2",
	    "fork 61<-60 runtime c2 vpid=20", "exec 61 exec c2" } },
	{ "for nobody else, whatever else has such a number",
	  { EXECED, IN(900, 33, 50, 20), GONE_BY(2000, 21, 60),
	    E(2001, 60, RUNC, "runc exec c2"),
	    { 1999, HEARD_CLONE, 50, 33, 60, .args = "8011" },
	    { 1999, HEARD_CLONE, 33, 21, 60, .args = "8011" },
	    { 900, HEARD_CLONE, 21, 1, 60, .args = "4111" },
	    { 1999, HEARD_CLONE, 21, 1, 61, .args = "4111" },
	    IN(2002, 60, 61, 20), E(2003, 61, "/bin/sh", "sh") },
	  { EXECED_SAYS, "fork 50<-33 member c1 vpid=20",
	    "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "fork 61<-60 member c1 vpid=20", "exec 61 member c1" } },
	{ "and so does the container that it brings somebody into",
	  { EXECED, GONE_BY(1000, 21, 60),
	    E(1001, 60, RUNC, "runc create --bundle b c2"),
	    { 1002, FORK, 60, 0, 61, .depth = 2, .vpid = 1, .id = "c2" },
	    X(1003, 60, 0), E(1004, 61, "/bin/sh", "sh"),
	    GONE_BY(1010, 21, 70), E(1011, 70, RUNC, "runc exec c2"),
	    { 1012, FORK, 70, 0, 71, .depth = 2, .vpid = 2, .id = "c2" },
	    X(1013, 70, 0), E(1014, 71, "/bin/ls", "ls") },
	  { EXECED_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "fork 61<-60 runtime c2 vpid=1", "end 60 exited 0",
	    "start c2 61", "exec 61 init c2", "fork 70<-21 runtime c1",
	    "exec 70 runtime c2", "fork 71<-70 runtime c2 vpid=2",
	    "end 70 exited 0", "exec 71 exec c2" } },
	{ "or /proc, when it is asked again",
	  { EXECED, GONE_BY(1000, 21, 60),
	    E(1001, 60, RUNC, "runc exec c2"),
	    { 1001, FOUND, 60, 21, 0, RUNC, "runc exec c2", .depth = 1,
	      .vpid = 60, .born = 1000 },
	    IN(1002, 60, 61, 20), E(1003, 61, "/bin/sh", "sh") },
	  { EXECED_SAYS, "fork 60<-21 runtime c1", "exec 60 runtime c1",
	    "fork 61<-60 runtime c2 vpid=20", "exec 61 exec c2" } },
	{ "it is a member where its cgroup is",
	  { EXECED,
	    { 1000, FORK, 21, 0, 60, .depth = 2, .vpid = 9, .id = "c2" },
	    { 1001, FORK, 21, 0, 61, .depth = 2, .vpid = 10 } },
	  { EXECED_SAYS, "fork 60<-21 member c2 vpid=9",
	    "fork 61<-21 member c1 vpid=10" } },
	{ "one made so while the runtime is at work is of the container too",
	  { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 2, .vpid = 1, .id = "c2" },
	    E(90, 33, "/bin/sh", "sh") },
	  { CREATING_SAYS, "fork 33<-30 runtime c2 vpid=1",
	    "start c2 33", "exec 33 init c2" } },
	{ "a hook is the runtime's",
	  { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 2, .vpid = 1, .id = "c1" },
	    F(52, 30, 34), E(53, 34, "/usr/bin/hook", "hook"),
	    F(54, 34, 35), E(55, 35, "/bin/ip", "ip link"),
	    X(56, 35, 0), X(57, 34, 0), X(60, 32, 0), X(61, 31, 0),
	    X(80, 30, 0), E(90, 33, "/bin/sh", "sh") },
	  { CREATING_SAYS, "fork 33<-30 runtime c1 vpid=1",
	    "fork 34<-30 runtime c1", "exec 34 runtime c1",
	    "fork 35<-34 runtime c1", "exec 35 runtime c1",
	    "end 35 exited 0", "end 34 exited 0", "end 32 exited 0",
	    "end 31 exited 0", "end 30 exited 0", "start c1 33",
	    "exec 33 init c1" } },
	{ "also when it outlives runc, and executes once more",
	  { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 2, .vpid = 1, .id = "c1" },
	    F(52, 30, 34), E(53, 34, "/usr/bin/hook", "hook"),
	    KILLED(60, 30, SIGKILL), E(70, 34, "/usr/bin/agent", "agent"),
	    E(90, 33, "/bin/sh", "sh") },
	  { CREATING_SAYS, "fork 33<-30 runtime c1 vpid=1",
	    "fork 34<-30 runtime c1", "exec 34 runtime c1",
	    "end 30 signaled 137/9", "exec 34 runtime c1", "start c1 33",
	    "exec 33 init c1" } },
	{ "the user's program may be called runc, and so may its arguments",
	  { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 2, .vpid = 1, .id = "c1" },
	    X(80, 30, 0), E(90, 33, RUNC, "runc init") },
	  { CREATING_SAYS, "fork 33<-30 runtime c1 vpid=1",
	    "end 30 exited 0", "start c1 33", "exec 33 init c1" } },
	{ "in the host's pid namespace the cgroup tells",
	  { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 1, .vpid = 33, .id = "c1" },
	    X(60, 32, 0), X(61, 31, 0), X(80, 30, 0),
	    E(90, 33, "/bin/sh", "sh"), F(100, 33, 45), X(110, 33, 0),
	    WAIT(110) },
	  { CREATING_SAYS, "fork 33<-30 runtime c1", "end 32 exited 0",
	    "end 31 exited 0", "end 30 exited 0", "start c1 33",
	    "exec 33 init c1", "fork 45<-33 member c1", "end 33 exited 0",
	    "stop c1 33" } },
	{ "all were there before",
	  { ALL_FOUND, X(100, 46, 0), X(200, 33, 2), WAIT(200) },
	  { ALL_FOUND_SAYS, "end 46 exited 0", "end 33 exited 2",
	    "stop c1 33" } },
	{ "who is found makes children and executes as all do",
	  { ALL_FOUND, IN(100, 45, 47, 12), E(110, 47, "/bin/ls", "ls"),
	    E(120, 45, RUNC, "runc create --bundle b other"),
	    F(130, 21, 50), E(131, 50, RUNC, "runc exec c1"),
	    { 132, FORK, 50, 0, 53, .depth = 2, .vpid = 13, .id = "c1" },
	    E(140, 53, "/bin/ls", "ls") },
	  { ALL_FOUND_SAYS, "fork 47<-45 member c1 vpid=12",
	    "exec 47 member c1", "exec 45 member c1",
	    "fork 50<-21 runtime c1", "exec 50 runtime c1",
	    "fork 53<-50 runtime c1 vpid=13", "exec 53 exec c1" } },
	{ "who is found again is no news",
	  { ALL_FOUND,
	    { 100, FOUND, 45, 33, 0, "/bin/cat", "cat", .depth = 2,
	      .vpid = 8, .born = -7450 },
	    { 200, FOUND, 46, 43, 0, "/bin/nl", "nl", .depth = 2,
	      .vpid = 9, .born = -6050 },
	    { 300, FOUND, 33, 21, 0, "/bin/sh", "sh", .depth = 2,
	      .vpid = 1, .id = "c1", .is_init = true, .born = -8000 },
	    { 400, FOUND, 10, 0, 0, CONTAINERD, "containerd",
	      .threads = 21, .depth = 1, .vpid = 10, .born = -99999 } },
	  { ALL_FOUND_SAYS } },
	{ "who was witnessed is found: no news",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, FOUND, 45, 33, 0, "/bin/sh", "sh", .depth = 2,
	      .vpid = 8, .born = 1000 } },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8" } },
	{ "another has the pid: the old one ended unseen",
	  { ALL_FOUND,
	    { 100, FOUND, 45, 33, 0, "/bin/wc", "wc", .depth = 2,
	      .vpid = 80, .born = 50 },
	    X(200, 45, 1) },
	  { ALL_FOUND_SAYS, "end 45 unknown census",
	    "census 45 member c1 vpid=80 census", "end 45 exited 1" } },
	{ "so it is with the init",
	  { ALL_FOUND,
	    { 100, FOUND, 33, 43, 0, "/bin/wc", "wc", .depth = 2,
	      .vpid = 80, .born = 50 } },
	  { ALL_FOUND_SAYS, "end 33 unknown census", "stop c1 33",
	    "census 33 member c1 vpid=80 census" } },
	{ "who is not there has ended",
	  { ALL_FOUND, { 100, GONE, .pid = 45 }, { 110, GONE, .pid = 45 },
	    { 120, GONE, .pid = 33 }, WAIT(120) },
	  { ALL_FOUND_SAYS, "end 45 unknown census",
	    "end 33 unknown census", "stop c1 33" } },
	{ "but who was born since /proc was looked at is not meant",
	  { CONTAINER, IN(1000, 33, 45, 8),
	    { 1100, GONE, 45, .looked = 990 }, X(1200, 45, 0) },
	  { CONTAINER_SAYS, "fork 45<-33 member c1 vpid=8",
	    "end 45 exited 0" } },
	{ "of whose threads nobody knows: how the last one seen ended",
	  { CONTAINER, E(1000, 77, CONTAINERD, "containerd"),
	    X(1100, 77, 3), KILLED(1200, 77, SIGTERM), { 1300, GONE, .pid = 77 } },
	  { CONTAINER_SAYS, "census 77 root audit", "exec 77 root",
	    "end 77 signaled 143/15" } },
	{ "and nothing of it, if none was",
	  { CONTAINER, E(1000, 77, CONTAINERD, "containerd"),
	    { 1300, GONE, .pid = 77 } },
	  { CONTAINER_SAYS, "census 77 root audit", "exec 77 root",
	    "end 77 unknown census" } },
	{ "an exec leaves one thread",
	  { CONTAINER, E(1000, 77, CONTAINERD, "containerd"),
	    X(1100, 77, 3), { 1200, EXEC, .pid = 77 }, X(1300, 77, 4) },
	  { CONTAINER_SAYS, "census 77 root audit", "exec 77 root", "end 77 exited 4" } },
	{ "a birth seen before /proc was looked at is told of whom it was",
	  { ALL_FOUND, IN(1000, 43, 48, 20), IN(1001, 48, 49, 21),
	    X(1002, 48, 0),
	    { 1010, FOUND, 49, 33, 0, "/bin/ls", "ls", .depth = 2,
	      .vpid = 21, .born = 1001 } },
	  { ALL_FOUND_SAYS, "fork 48<-43 member c1 vpid=20",
	    "fork 49<-48 member c1 vpid=21", "end 48 exited 0" } },
	{ "strangers of /proc are nobody's",
	  { BEGIN,
	    { 10, FOUND, 90, 1, 0, "/bin/ls", "ls", .born = -100 },
	    { 10, FOUND, 91, 0, 0, "/bin/ls", "ls", .born = -100 } },
	  { "census 10 root census" } },
};
/* clang-format on */

static void say_more(struct buf *out, const struct change *c)
{
	const struct proc *p = c->proc;

	if (c->container)
		buf_printf(out, " %s", c->container->id);
	if (c->vpid && c->kind != CHANGE_EXEC)
		buf_printf(out, " vpid=%d", c->vpid);
	if (c->source != SOURCE_WITNESS && c->kind != CHANGE_EXEC)
		buf_printf(out, " %s", source_name(c->source));
	/* Nobody executes, or ends, before his birth. */
	if (p)
		ck_assert_uint_ge(c->time_ms, p->start_ms);
}

static void say_end(struct buf *out, const struct change *c)
{
	const struct proc *p = c->proc;

	buf_printf(out, "end %d %s", p->pid, exit_reason_name(p->reason));
	if (p->exit_signal)
		buf_printf(out, " %d/%d", p->exit_code, p->exit_signal);
	else if (p->reason == EXIT_EXITED)
		buf_printf(out, " %d", p->exit_code);
	if (c->source != SOURCE_WITNESS)
		buf_printf(out, " %s", source_name(c->source));
	ck_assert_int_eq(c->source, p->end_source);
	ck_assert_uint_eq(c->time_ms, p->end_ms);
}

static void say(void *ctx, const struct change *c)
{
	struct buf *out = ctx;

	switch (c->kind) {
	case CHANGE_CONTAINER_START:
	case CHANGE_CONTAINER_STOP:
		buf_printf(out, "%s %s %d",
			   change_name(c->kind) + strlen("container-"),
			   c->container->id, c->proc ? c->proc->pid : 0);
		break;
	case CHANGE_FORK:
		buf_printf(out, "fork %d<-%d %s", c->proc ? c->proc->pid : 0,
			   c->parent->pid, role_name(c->role));
		say_more(out, c);
		break;
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
		buf_printf(out, "%s %d %s", change_name(c->kind), c->proc->pid,
			   role_name(c->role));
		say_more(out, c);
		break;
	case CHANGE_END:
		say_end(out, c);
		break;
	case CHANGE_ACTIVITY:
		buf_printf(out, "activity %d", c->proc->pid);
		break;
	case CHANGE_LOST:
		buf_printf(out, "lost %llu", (unsigned long long)c->lost);
		break;
	}
	buf_putc(out, '\n');
}

static void witnessed(struct fact *f, const struct step *s)
{
	f->source = SOURCE_WITNESS;
	f->born_ms = BOOT0 + s->at;
	f->thread = s->kind == THREAD;
	f->code = s->signal ? 0 : (int)s->n;
	f->signal = s->signal;
	f->oom = s->oom;
	f->reaper_died = s->reaper_died;
	f->kind = s->kind == EXIT ? FACT_EXIT :
		  s->kind == EXEC ? FACT_EXEC :
				    FACT_FORK;
	f->child = s->kind == FORK ? (pid_t)s->n : 0;
}

static void taken(struct fact *f, const struct step *s)
{
	f->source = SOURCE_CENSUS;
	f->kind = s->kind == FOUND ? FACT_FOUND : FACT_GONE;
	f->threads = s->threads ? s->threads : 1;
	if (s->kind == FOUND)
		f->born_ms = (uint64_t)((int64_t)BOOT0 + s->born);
	f->start_ms = (uint64_t)((int64_t)T0 + s->born);
	f->is_init = s->is_init;
	if (s->looked) {
		f->mono_ns = (MONO0 + s->looked) * 1000000;
		f->time_ms = T0 + s->looked;
	}
}

static void heard(struct fact *f, const struct step *s)
{
	f->mono_ns = 0;
	f->ppid = s->ppid;
	f->record = "SYSCALL";
	f->outcome = 1;
	f->code = (int)s->n;
	f->kind = FACT_SEEN;
	if (s->kind == HEARD_EXEC)
		f->kind = FACT_EXEC;
	else if (s->kind == HEARD_EXIT)
		f->kind = FACT_EXIT;
	else if (s->kind == HEARD_ABEND)
		f->kind = FACT_ABEND;
	if (s->kind != HEARD_CLONE)
		return;
	f->kind = FACT_FORK;
	f->call = FORK_CLONE;
	f->flags = strtoull(s->args, NULL, 16);
	f->child = (pid_t)s->n;
}

/* Args become NUL-terminated strings in place. */
static void set_args(struct fact *f, const char *args, char *room, size_t size)
{
	if (!args)
		return;
	snprintf(room, size, "%s", args);
	f->args = room;
	f->args_bytes = strlen(room) + 1;
	f->args_count = 1;
	for (char *c = room; *c; c++) {
		if (*c == ' ') {
			*c = '\0';
			f->args_count++;
		}
	}
	f->argc = f->args_count;
}

static void take(struct tree *t, const struct step *s, uint64_t serial)
{
	char args[256];
	struct fact f = {
		.time_ms = T0 + s->at,
		.mono_ns = (MONO0 + s->at) * 1000000 + serial,
		.node = "",
		.pid = s->pid,
		.ppid = s->ppid,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
		.exe = s->exe,
		.vpid = s->vpid,
		.ns_depth = s->depth,
		.container = s->id,
	};

	if (s->kind == IDLE) {
		tree_idle(t, (uint64_t)s->n);
		return;
	}
	if (s->kind < FOUND)
		witnessed(&f, s);
	else if (s->kind < HEARD_EXEC)
		taken(&f, s);
	else
		heard(&f, s);
	f.serial = f.source == SOURCE_AUDIT ? serial : 0;
	set_args(&f, s->args, args, sizeof(args));
	tree_apply(t, &f);
}

static struct tree *tell(const struct story *story, struct metrics *metrics,
			 struct buf *out)
{
	struct tree *t = tree_new(&tree_defaults, "", metrics, say, out);
	const char *wrong;

	tree_witness(t, T0);
	for (size_t i = 0; story->steps[i].kind; i++) {
		take(t, &story->steps[i], i + 1);
		wrong = tree_check(t);
		ck_assert_msg(!wrong, "%s: after step %zu: %s", story->name, i,
			      wrong);
	}
	return t;
}

START_TEST(stories_are_told)
{
	const struct story *story = &stories[_i];
	_cleanup_buf_ struct buf want = BUF_INIT;
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct metrics metrics = { 0 };

	for (size_t i = 0; story->says[i]; i++)
		buf_printf(&want, "%s\n", story->says[i]);
	buf_putc(&want, '\0');
	tree_free(tell(story, &metrics, &got));
	buf_putc(&got, '\0');
	ck_assert_msg(!strcmp(want.data, got.data), "%s\nwant:\n%sgot:\n%s",
		      story->name, want.data, got.data);
}
END_TEST

/* --- who reaps whom */

/* clang-format off */
static const struct {
	const char *name;
	struct story story;
	pid_t pid, reaper;
} reapers[] = {
#define NESTED                                                        \
	CONTAINER, IN(1000, 33, 45, 8),                               \
	{ 1001, FORK, 45, 0, 46, .depth = 3, .vpid = 1 },             \
	{ 1002, FORK, 46, 0, 47, .depth = 3, .vpid = 2 },             \
	{ 1003, FORK, 45, 0, 48, .depth = 3, .vpid = 3 },             \
	IN(1004, 33, 49, 20)
	{ "the init's own is the host's", { "", { NESTED }, { 0 } }, 33, 0 },
	{ "a member's", { "", { NESTED }, { 0 } }, 45, 33 },
	{ "that of the first in a namespace within",
	  { "", { NESTED }, { 0 } }, 46, 33 },
	{ "that of its child", { "", { NESTED }, { 0 } }, 47, 46 },
	{ "a member beside it", { "", { NESTED }, { 0 } }, 49, 33 },
	{ "containerd's", { "", { NESTED }, { 0 } }, 10, 0 },
	{ "a shim's", { "", { NESTED }, { 0 } }, 21, 0 },
	{ "an exec'd one's", { "", { EXECED }, { 0 } }, 43, 33 },
	{ "in the host's pid namespace",
	  { "", { CREATING,
	    { 51, FORK, 30, 0, 33, .depth = 1, .vpid = 33, .id = "c1" },
	    E(90, 33, "/bin/sh", "sh"), F(100, 33, 45) }, { 0 } }, 45, 0 },
	{ "of who was found", { "", { ALL_FOUND }, { 0 } }, 45, 33 },
	{ "of who was found, exec'd", { "", { ALL_FOUND }, { 0 } }, 46, 33 },
	{ "of the init found", { "", { ALL_FOUND }, { 0 } }, 33, 0 },
};
/* clang-format on */

START_TEST(test_reaper)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&reapers[_i].story, &metrics, &out);
	const struct proc *p = tree_find(t, reapers[_i].pid);

	ck_assert_msg(p != NULL, "%s", reapers[_i].name);
	ck_assert_msg(tree_reaper(p) == reapers[_i].reaper, "%s: %d, not %d",
		      reapers[_i].name, (int)tree_reaper(p),
		      (int)reapers[_i].reaper);
	tree_free(t);
}
END_TEST

/* --- what a process is known by */

static const struct story reused = {
	"reused",
	{ CONTAINER, IN(1000, 33, 45, 8), IN(1300, 33, 45, 9) },
	{ 0 },
};

START_TEST(test_identity)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&reused, &metrics, &out);
	const struct proc *p = tree_find(t, 45);
	const struct proc *old;

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->vpid, 9);
	ck_assert_int_eq(p->source, SOURCE_WITNESS);
	ck_assert_uint_eq(p->start_ms, T0 + 1300);
	ck_assert_uint_eq(p->born_ms, BOOT0 + 1300);
	ck_assert_ptr_eq(p->parent, tree_find(t, 33));
	ck_assert_ptr_eq(p->entry, tree_find(t, 33));
	ck_assert_ptr_null(tree_find(t, 30));
	ck_assert_ptr_null(tree_find(t, 77));
	old = pids_older(p);
	ck_assert_ptr_nonnull(old);
	ck_assert_str_ne(old->entity_id, p->entity_id);
	ck_assert_int_eq(old->reason, EXIT_UNKNOWN);
	tree_free(t);
}
END_TEST

static void count(void *ctx, const struct proc *p)
{
	size_t *n = ctx;

	ck_assert_int_eq(p->reason, EXIT_NOT_YET);
	(*n)++;
}

static const struct story found = { "found", { ALL_FOUND }, { 0 } };

/* What /proc said is kept: when, whose child, and of what container. */
START_TEST(test_found)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&found, &metrics, &out);
	const struct proc *init = tree_find(t, 33), *p = tree_find(t, 46);
	size_t n = 0;

	ck_assert_ptr_nonnull(init);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(init->start_ms, T0 - 8000);
	ck_assert_uint_eq(init->container->start_ms, T0 - 8000);
	ck_assert_str_eq(init->container->ns, "ns");
	ck_assert_ptr_eq(p->entry, tree_find(t, 43));
	ck_assert_ptr_eq(p->parent, tree_find(t, 43));
	ck_assert_ptr_eq(tree_find(t, 43)->parent, tree_find(t, 21));
	ck_assert_ptr_eq(p->container, init->container);
	ck_assert_str_eq(p->image->program->exe, "/bin/nl");
	tree_each_alive(t, count, &n);
	ck_assert_uint_eq(n, 6);
	ck_assert_uint_eq(metrics.found, 6);
	tree_free(t);
}
END_TEST

/* After a gap nobody knows whether it is the first. */
START_TEST(test_first_child)
{
	static const struct step steps[] = {
		GONE_BY(1000, 21, 30),
		E(1001, 30, RUNC, "runc create --bundle b c2"),
	};
	static const struct story begin = { "first", { MADE_SHIM }, { 0 } };

	for (int gap = 0; gap < 2; gap++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct metrics metrics = { 0 };
		struct tree *t = tell(&begin, &metrics, &out);

		if (gap)
			tree_witness(t, T0 + 900);
		take(t, &steps[0], 100);
		take(t, &steps[1], 101);
		ck_assert_str_eq(tree_find(t, 30)->container->id,
				 gap ? "c1" : "c2");
		tree_free(t);
	}
}
END_TEST

/* What the tree has said, which is its end. */
static void check_said(struct tree *t, struct buf *out, const char *want)
{
	ck_assert_ptr_null(tree_check(t));
	buf_putc(out, '\0');
	ck_assert_str_eq(out->data, want);
	tree_free(t);
}

/* From some time on, and no longer: before and after it audit counts. */
START_TEST(test_since)
{
	static const struct step clones[] = {
		{ 1000, HEARD_CLONE, 33, 21, 8, .args = "11" },
		{ 2000, HEARD_CLONE, 33, 21, 9, .args = "11" },
		{ 3000, HEARD_CLONE, 33, 21, 10, .args = "11" },
	};
	static const struct story begin = { "since", { CONTAINER }, { 0 } };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&begin, &metrics, &out);

	buf_clear(&out);
	tree_witness(t, T0 + 2000);
	take(t, &clones[0], 100);
	take(t, &clones[1], 101);
	tree_witness(t, WITNESS_OFF);
	take(t, &clones[2], 102);
	tree_idle(t, 60000);
	check_said(t, &out,
		   "fork 0<-33 member c1 vpid=8 audit\n"
		   "fork 0<-33 member c1 vpid=10 audit\n");
}
END_TEST

/* Whose children are told by their parents' own records: outside, and as pids. */
START_TEST(test_vouched)
{
	static const struct step steps[] = {
		{ 1000, HEARD_CLONE, 21, 10, 30, .args = "11" },
		{ 1001, HEARD_CLONE, 33, 21, 8, .args = "11" },
		{ 1002, HEARD_CLONE, 10, 1, 31, .args = "11" },
	};
	static const uint64_t want[] = { 1, 1, 2 };
	static const struct story begin = { "vouched", { CONTAINER }, { 0 } };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&begin, &metrics, &out);
	uint64_t before = tree_vouched(t);

	for (size_t i = 0; i < COUNT(steps); i++) {
		take(t, &steps[i], 100 + i);
		ck_assert_uint_eq(tree_vouched(t) - before, want[i]);
	}
	tree_free(t);
}
END_TEST

/*
 * Audit's clock stood still: a call has a stamp from before its caller's birth,
 * and from before the witness. Who was born of one that it told, it tells, too.
 */
START_TEST(test_stamp_before_birth)
{
	static const struct step steps[] = {
		F(2010, 33, 40),
		{ 1985, HEARD_CLONE, 40, 33, 8, .args = "11" },
		{ 1985, HEARD_CLONE, 33, 21, 9, .args = "11" },
	};
	static const struct story begin = { "stamp", { CONTAINER }, { 0 } };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tell(&begin, &metrics, &out);

	buf_clear(&out);
	tree_witness(t, T0 + 2000);
	for (size_t i = 0; i < COUNT(steps); i++)
		take(t, &steps[i], 100 + i);
	tree_idle(t, 60000);
	check_said(t, &out,
		   "fork 40<-33 member c1\n"
		   "fork 0<-33 member c1 vpid=9 audit\n");
}
END_TEST

/*
 * Births are told since before the witness is trusted. A root that comes to be
 * in between is one at once: what its children execute is theirs to tell.
 */
START_TEST(test_root_before_trust)
{
	static const struct step steps[] = {
		{ 50, HEARD_EXEC, 10, 5, .exe = CONTAINERD,
		  .args = "containerd" },
		F(110, 10, 20),
		E(112, 20, "/bin/true", "true"),
	};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);

	tree_witness(t, T0 + 100);
	tree_witness_births(t, T0);
	for (size_t i = 0; i < COUNT(steps); i++)
		take(t, &steps[i], 100 + i);
	check_said(t, &out,
		   "census 10 root audit\nexec 10 root\n"
		   "fork 20<-10 runtime\nexec 20 runtime\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("witnessed");
	TCase *tcase = tcase_create("stories");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stories_are_told, 0, (int)COUNT(stories));
	tcase_add_loop_test(tcase, test_reaper, 0, (int)COUNT(reapers));
	tcase_add_test(tcase, test_identity);
	tcase_add_test(tcase, test_found);
	tcase_add_test(tcase, test_first_child);
	tcase_add_test(tcase, test_since);
	tcase_add_test(tcase, test_vouched);
	tcase_add_test(tcase, test_stamp_before_birth);
	tcase_add_test(tcase, test_root_before_trust);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
