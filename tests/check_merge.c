/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Witness, census and audit brought into step, as stories: facts in, as they
 * come, and a line for each change of the tree, with a line "--" wherever a
 * story has one, so that it shows what came by when. Time is in ms.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "merge.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Event time and CLOCK_MONOTONIC of a story's beginning */
#define T0 UINT64_C(1700000000000)
#define MONO0 UINT64_C(5000000)

enum kind {
	END_OF_STORY,
	FORK,
	THREAD,
	EXEC,
	EXIT,
	FOUND,
	GONE, /* are put */
	HEARD_EXEC,
	HEARD_EXIT,
	HEARD_SEEN, /* are applied */
	PASS,
	PAUSE, /* who executed something since n owes a record */
	FINISH,
	CLOCK, /* is set, so many ms off from how it began */
	STAMPED, /* so is what is heard from now on */
	TRUST, /* in the witness, since so many ms */
	LINE,
};

struct step {
	unsigned int at;
	enum kind kind;
	pid_t pid, other; /* ppid, or child */
	int n; /* status; of FOUND and GONE its birth, at another time */
	const char *exe;
};

#define CONTAINERD "/usr/bin/containerd"
#define SH "/bin/sh"

/* clang-format off */
#define FOUND_ROOT { 0, FOUND, 10, 0, 0, CONTAINERD }, \
		   { 10, PASS, 0, 0, 0, NULL }
#define F(at, parent, child) { at, FORK, parent, child, 0, NULL }
#define X(at, pid, status) { at, EXIT, pid, 0, status, NULL }
#define W(at, pid) { at, EXEC, pid, 0, 0, NULL }
#define E(at, pid) { at, HEARD_EXEC, pid, 10, 0, SH }
#define AX(at, pid, status) { at, HEARD_EXIT, pid, 10, status, SH }
#define TO(at) { at, PASS, 0, 0, 0, NULL }
#define QUIET(at, since) { at, PAUSE, 0, 0, since, NULL }
#define SEP { 0, LINE, 0, 0, 0, NULL }
#define ALL { 0, FINISH, 0, 0, 0, NULL }
#define SET(at, ms) { at, CLOCK, 0, 0, ms, NULL }
#define OLD { 0, STAMPED, 0, 0, 0, NULL }
#define NEW(ms) { 0, STAMPED, 0, 0, ms, NULL }
#define SINCE(at) { at, TRUST, 0, 0, -60000, NULL }
#define ROOT(at, pid) { at, HEARD_EXEC, pid, 1, 0, CONTAINERD }

struct story {
	const char *name;
	struct step steps[24];
	const char *says[24];
};

static const struct story stories[] = {
	{ "a birth waits until the audit stream has passed it",
	  { FOUND_ROOT, F(100, 10, 20), SEP, TO(99), SEP, TO(100), SEP,
	    TO(101) },
	  { "census 10", "--", "--", "--", "fork 20<-10" } },
	{ "any record is a sign of that",
	  { FOUND_ROOT, F(100, 10, 20), { 100, HEARD_SEEN, 77, 1, 0, NULL },
	    SEP, { 101, HEARD_SEEN, 77, 1, 0, NULL } },
	  { "census 10", "--", "fork 20<-10" } },
	{ "what passes does so in its order",
	  { FOUND_ROOT, F(100, 10, 20), F(101, 20, 21), X(101, 20, 3),
	    X(102, 21, 4), F(103, 10, 22), TO(103), SEP, TO(104) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "end 20 3",
	    "end 21 4", "--", "fork 22<-10" } },
	{ "who speaks is born, and so is whoever was before",
	  { FOUND_ROOT, F(90, 10, 19), F(100, 10, 20), F(101, 10, 21),
	    SEP, E(95, 20), SEP, TO(200) },
	  { "census 10", "--", "fork 19<-10", "fork 20<-10", "exec 20 #1",
	    "--", "fork 21<-10" } },
	{ "by many births that wait",
	  { FOUND_ROOT, F(100, 10, 20), F(101, 20, 21), F(102, 21, 22),
	    E(96, 22) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "fork 22<-21",
	    "exec 22 #1" } },
	{ "an end waits for what its process did",
	  { FOUND_ROOT, F(100, 10, 20), X(110, 20, 3), SEP, E(100, 20),
	    SEP, { 105, HEARD_SEEN, 20, 10, 0, SH }, SEP, TO(111) },
	  { "census 10", "--", "fork 20<-10", "exec 20 #1", "--",
	    "activity 20 #2", "--", "end 20 3" } },
	{ "who is gone may have said how, in a record that is yet to come",
	  { FOUND_ROOT, F(50, 10, 20), TO(60), { 107, GONE, 20, 0, 50, NULL },
	    SEP, AX(100, 20, 3), SEP, TO(108) },
	  { "census 10", "fork 20<-10", "--", "end 20 3 #1 audit", "--" } },
	{ "although the stamps are coarse",
	  { FOUND_ROOT, F(100, 10, 20), X(102, 20, 3), E(95, 20), SEP,
	    AX(96, 20, 3), SEP, TO(103) },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--",
	    "end 20 3 #2 audit", "--" } },
	{ "although audit's clock stood still for longer than a tick",
	  { FOUND_ROOT, F(200, 10, 20), W(201, 20), F(202, 20, 21),
	    X(203, 20, 3), E(187, 20), SEP, AX(187, 20, 3), SEP, TO(203) },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--",
	    "fork 21<-20", "end 20 3 #2 audit", "--" } },
	{ "and then an end waits no less for what its process did",
	  { FOUND_ROOT, F(50, 10, 20), TO(51), F(140, 20, 21), X(141, 20, 3),
	    AX(105, 20, 3), SEP, TO(142) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "end 20 3 #1 audit",
	    "--" } },
	{ "but a stranger's end is not that of who gets his pid",
	  { FOUND_ROOT, F(120, 10, 20), W(121, 20),
	    { 100, HEARD_EXIT, 20, 77, 5, SH }, SEP, E(125, 20), SEP,
	    TO(200) },
	  { "census 10", "--", "fork 20<-10", "exec 20 #2", "--" } },
	{ "nor what he executed",
	  { FOUND_ROOT, F(120, 10, 20), W(121, 20),
	    { 100, HEARD_EXEC, 20, 77, 0, SH }, SEP, E(125, 20), SEP,
	    TO(200) },
	  { "census 10", "--", "fork 20<-10", "exec 20 #2", "--" } },
	{ "but for much longer it does not",
	  { FOUND_ROOT, F(300, 10, 20), W(301, 20), E(199, 20), SEP,
	    TO(303) },
	  { "census 10", "--", "fork 20<-10" } },
	{ "audit's word on an end counts, its children are told before",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(106, 20, 21),
	    X(108, 20, 3), SEP, AX(104, 20, 3), SEP, TO(200) },
	  { "census 10", "fork 20<-10", "--", "fork 21<-20",
	    "end 20 3 #1 audit", "--" } },
	{ "what others did waits",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(106, 10, 22),
	    AX(104, 20, 3), SEP, TO(200) },
	  { "census 10", "fork 20<-10", "end 20 3 #1 audit", "--",
	    "fork 22<-10" } },
	{ "a child is born after what its parent executed before",
	  { FOUND_ROOT, F(100, 10, 20), W(103, 20), F(105, 20, 21),
	    E(102, 20), SEP, TO(106) },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--",
	    "fork 21<-20" } },
	{ "and before what it executed after",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(106, 20, 21),
	    W(108, 20), E(104, 20), SEP, TO(200) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "exec 20 #1",
	    "--" } },
	{ "also if it executes twice",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(104, 20, 21),
	    W(105, 20), F(106, 20, 22), W(107, 20), E(103, 20), SEP,
	    E(104, 20), SEP, TO(200) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "exec 20 #1",
	    "--", "fork 22<-20", "exec 20 #2", "--" } },
	{ "an exec may take its time",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(600, 20, 21),
	    W(700, 20), F(710, 20, 22), W(720, 20), F(730, 20, 23),
	    E(602, 20), SEP, E(715, 20), SEP, TO(1000) },
	  { "census 10", "fork 20<-10", "fork 21<-20", "exec 20 #1",
	    "--", "fork 22<-20", "exec 20 #2", "--", "fork 23<-20" } },
	{ "and one that audit has lost is not awaited for ever",
	  { FOUND_ROOT, F(100, 10, 20), W(103, 20), TO(200), SEP,
	    F(300, 20, 21), W(310, 20), F(320, 20, 22), E(305, 20), SEP,
	    TO(400) },
	  { "census 10", "fork 20<-10", "--", "fork 21<-20",
	    "exec 20 #1", "--", "fork 22<-20" } },
	{ "who had the pid before ended before",
	  { FOUND_ROOT, F(100, 10, 20), E(100, 20), X(150, 20, 1),
	    F(200, 10, 20), AX(145, 20, 1), SEP, E(200, 20), SEP,
	    X(300, 20, 2), ALL },
	  { "census 10", "fork 20<-10", "exec 20 #1", "end 20 1 #2 audit",
	    "--", "fork 20<-10", "exec 20 #3", "--", "end 20 2" } },
	{ "whoever had it before gives nothing of who has it next",
	  { FOUND_ROOT, F(100, 10, 20), W(101, 20), X(105, 20, 0),
	    F(300, 10, 20), W(301, 20), X(310, 20, 1), E(95, 20), SEP,
	    TO(106), SEP, E(300, 20), SEP, ALL },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--", "end 20 0",
	    "--", "fork 20<-10", "exec 20 #2", "--", "end 20 1" } },
	{ "nor does a stranger",
	  { FOUND_ROOT, F(100, 90, 20), W(101, 20), X(105, 20, 0),
	    F(300, 10, 20), W(301, 20), X(310, 20, 1), E(101, 20), SEP,
	    E(300, 20), SEP, ALL },
	  { "census 10", "--", "fork 20<-10", "exec 20 #2", "--",
	    "end 20 1" } },
	{ "an exit is of who had the pid just before, if it is so by its status",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), X(206, 20, 3),
	    F(208, 10, 20), AX(200, 20, 3), SEP, X(300, 20, 4), ALL },
	  { "census 10", "fork 20<-10", "end 20 3 #1 audit", "--",
	    "fork 20<-10", "end 20 4" } },
	{ "whatever the next one does right then",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), X(206, 20, 3),
	    F(207, 10, 20), W(208, 20), AX(200, 20, 3), SEP, E(200, 20), SEP,
	    X(300, 20, 4), ALL },
	  { "census 10", "fork 20<-10", "end 20 3 #1 audit", "--",
	    "fork 20<-10", "exec 20 #2", "--", "end 20 4" } },
	{ "who was found is not who had the pid before",
	  { FOUND_ROOT, F(100, 10, 20), X(150, 20, 0), F(300, 10, 20),
	    { 300, FOUND, 20, 10, 0, SH }, E(101, 20), SEP, E(300, 20), SEP,
	    ALL },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--", "end 20 0",
	    "census 20", "exec 20 #2", "--" } },
	{ "what who was found executed is given, though its birth waits",
	  { FOUND_ROOT, F(100, 10, 20), W(101, 20), F(102, 20, 21),
	    { 100, FOUND, 20, 10, 0, SH }, E(99, 20), SEP, TO(103) },
	  { "census 10", "census 20", "exec 20 #1", "--", "fork 21<-20" } },
	{ "or if a stranger had it, by its parent",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), F(208, 20, 21),
	    { 200, HEARD_EXIT, 21, 90, 0, SH }, SEP, X(300, 21, 4), ALL },
	  { "census 10", "fork 20<-10", "--", "fork 21<-20", "end 21 4" } },
	{ "else of who has it then",
	  { FOUND_ROOT, F(100, 10, 20), TO(101), X(206, 20, 3),
	    F(208, 10, 20), AX(200, 20, 4), SEP, ALL },
	  { "census 10", "fork 20<-10", "end 20 3", "fork 20<-10",
	    "end 20 4 #1 audit", "--" } },
	{ "who is found waits too, and is there when it speaks",
	  { FOUND_ROOT, { 100, FOUND, 20, 10, 0, SH }, SEP, E(95, 20),
	    SEP, { 120, GONE, 20, 0, 0, NULL }, TO(120), SEP, TO(121) },
	  { "census 10", "--", "census 20", "exec 20 #1", "--", "--",
	    "end 20 ? census" } },
	{ "at the end all is told",
	  { FOUND_ROOT, F(100, 10, 20), F(200, 20, 21), X(300, 21, 1), SEP,
	    ALL },
	  { "census 10", "--", "fork 20<-10", "fork 21<-20", "end 21 1" } },
	{ "who is not the tree's is not told of",
	  { FOUND_ROOT, F(100, 90, 91), W(101, 91), X(102, 91, 0),
	    X(103, 90, 0), ALL },
	  { "census 10" } },
	{ "the ends and children of one that turns out to be a root",
	  { F(100, 50, 51), F(101, 51, 52), F(102, 90, 91), X(103, 52, 1),
	    X(104, 91, 1), F(105, 50, 53), ROOT(99, 50), TO(200) },
	  { "census 50 #1", "exec 50 #1", "fork 51<-50", "fork 52<-51",
	    "end 52 1", "fork 53<-50" } },
	{ "its own end, too",
	  { F(100, 50, 51), X(110, 50, 0), ROOT(99, 50), SEP, TO(200),
	    ALL },
	  { "census 50 #1", "exec 50 #1", "--", "fork 51<-50" } },
	{ "whose pid was another's before",
	  { F(100, 50, 51), F(101, 51, 52), X(102, 50, 0), F(110, 1, 50),
	    F(111, 50, 53), X(112, 51, 0), ROOT(111, 50), TO(200) },
	  { "census 50 #1", "exec 50 #1", "fork 53<-50" } },
	{ "whose child's pid was another's before",
	  { F(90, 90, 51), F(91, 51, 92), X(92, 51, 0), F(100, 50, 51),
	    F(101, 51, 52), ROOT(99, 50), TO(200) },
	  { "census 50 #1", "exec 50 #1", "fork 51<-50", "fork 52<-51" } },
	{ "whose child's pid is another's since",
	  { F(100, 50, 51), F(101, 51, 52), X(102, 51, 0), F(110, 90, 51),
	    F(111, 51, 92), ROOT(99, 50), TO(200) },
	  { "census 50 #1", "exec 50 #1", "fork 51<-50", "fork 52<-51",
	    "end 51 0" } },
	{ "whose pids share a list with others'",
	  { F(100, 50, 51), F(101, 50 + 16384, 52), X(102, 51 + 16384, 1),
	    X(103, 51, 2), F(104, 60, 51 + 16384), F(105, 50 + 32768, 50),
	    F(106, 50, 53), ROOT(105, 50), TO(200) },
	  { "census 50 #1", "exec 50 #1", "fork 53<-50" } },
	{ "or share one with those of another root",
	  { F(100, 50, 51), F(101, 50 + 16384, 52), X(102, 51 + 16384, 1),
	    X(103, 51, 2), ROOT(98, 50 + 16384), ROOT(99, 50), TO(200) },
	  { "census 16434 #1", "exec 16434 #1", "census 50 #2", "exec 50 #2",
	    "fork 51<-50", "fork 52<-16434", "end 51 2" } },
	{ "and whose child's pid is another's, of whom no more was told",
	  { F(100, 50, 51), F(110, 90, 51), ROOT(99, 50), TO(200),
	    X(210, 51, 0), TO(300) },
	  { "census 50 #1", "exec 50 #1", "fork 51<-50",
	    "end 51 ?" } },
	{ "what was recalled goes in between",
	  { FOUND_ROOT, F(100, 50, 51), F(101, 10, 20), F(102, 50, 52),
	    F(103, 10, 21), ROOT(99, 50), SEP, TO(200) },
	  { "census 10", "census 50 #1", "exec 50 #1", "--", "fork 51<-50",
	    "fork 20<-10", "fork 52<-50", "fork 21<-10" } },
	{ "in a pause, who owes the record of an exec holds back what follows",
	  { FOUND_ROOT, F(100, 10, 20), W(103, 20), X(110, 20, 3),
	    F(115, 10, 21), QUIET(200, 50), SEP, E(100, 20), SEP,
	    QUIET(200, 50) },
	  { "census 10", "fork 20<-10", "--", "exec 20 #1", "--",
	    "end 20 3", "fork 21<-10" } },
	{ "but not for ever",
	  { FOUND_ROOT, F(100, 10, 20), W(103, 20), X(110, 20, 3),
	    QUIET(200, 103), SEP, QUIET(200, 104) },
	  { "census 10", "fork 20<-10", "--", "end 20 3" } },
	{ "so are those of one that is found, behind it",
	  { FOUND_ROOT, F(100, 30, 31), F(101, 31, 32), X(102, 31, 0),
	    F(103, 90, 91), { 200, FOUND, 30, 10, 0, SH },
	    { 200, FOUND, 32, 30, 101, SH }, SEP, E(150, 32), SEP, TO(201) },
	  { "census 10", "--", "census 30", "census 32", "exec 32 #1", "--",
	    "fork 31<-30", "fork 32<-31", "end 31 0" } },
	{ "who is found early does not make it later for the others",
	  { FOUND_ROOT, SINCE(65000), E(100, 20), AX(110, 20, 1),
	    { 4000, FOUND, 30, 10, 110, SH }, SEP, E(120, 30), E(121, 30), SEP,
	    { 105, HEARD_SEEN, 20, 10, 0, SH } },
	  { "census 10", "fork 20<-10 #1", "exec 20 #1", "end 20 1 #2 audit",
	    "--", "census 30", "exec 30 #3", "exec 30 #4", "--",
	    "activity 20 #5" } },
	{ "a birth that is known better later stays as it was told",
	  { FOUND_ROOT, SINCE(65000), E(104, 20), F(100, 10, 20), TO(120),
	    SEP, X(150, 20, 1), TO(151) },
	  { "census 10", "fork 20<-10 #1", "exec 20 #1", "--", "end 20 1" } },
	{ "a thread is nobody, and its end is not the process's",
	  { FOUND_ROOT, F(100, 10, 20), { 101, THREAD, 20, 0, 0, NULL },
	    X(102, 20, 0), TO(110), SEP, X(120, 20, 5), ALL },
	  { "census 10", "fork 20<-10", "--", "end 20 5" } },
};
/* clang-format on */

#define HOUR 3600000

/*
 * The clock is set from 0 to ms at 150: what was stamped before and comes
 * after, what waits, and what comes later.
 */
/* clang-format off */
#define STEPS(ms)                                                        \
	{ "set by " #ms ": what waited has its turn",                    \
	  { FOUND_ROOT, SET(20, 0), SINCE(20), F(100, 10, 20),           \
	    X(130, 20, 3), SET(150, ms), OLD, E(105, 20), SEP,           \
	    { 125, HEARD_SEEN, 20, 10, 0, SH }, SEP, TO(131), SEP },     \
	  { "census 10", "fork 20<-10", "exec 20 #1", "--",              \
	    "activity 20 #2", "--", "end 20 3", "--" } },                \
	{ "set by " #ms ": and need not wait for the old time",          \
	  { FOUND_ROOT, SET(20, 0), SINCE(20), F(100, 10, 20),           \
	    X(130, 20, 3), SET(150, ms), SET(2000, ms), TO(1000) },      \
	  { "census 10", "fork 20<-10", "end 20 3" } },                  \
	{ "set by " #ms ": what is drained late, and said before",       \
	  { FOUND_ROOT, SET(20, 0), SINCE(20), SET(150, ms),             \
	    F(100, 10, 20), F(140, 10, 21), OLD, E(100, 20), E(140, 21), \
	    SEP, TO(149), SEP },                                         \
	  { "census 10", "fork 20<-10", "exec 20 #1", "fork 21<-10",     \
	    "exec 21 #2", "--", "--" } },                                \
	{ "set by " #ms ": what comes then is trusted, and in step",     \
	  { FOUND_ROOT, SET(20, 0), SINCE(20), SET(150, ms),             \
	    SET(400, ms), E(200, 77), F(250, 10, 20), F(300, 20, 21),    \
	    E(250, 20), SEP, SET(1000, ms), TO(300), SEP, TO(900) },     \
	  { "census 10", "fork 20<-10", "exec 20 #2", "--", "--",        \
	    "fork 21<-20" } },                                           \
	{ "set by " #ms ": strangers, too",                              \
	  { SET(20, 0), SINCE(20), { 30, HEARD_SEEN, 77, 1, 0, NULL },   \
	    F(100, 50, 51), SET(150, ms), SET(1000, ms), ROOT(600, 50),  \
	    TO(700) },                                                   \
	  { "census 50 #2", "exec 50 #2", "fork 51<-50" } },             \
	{ "set by " #ms " and back again",                               \
	  { FOUND_ROOT, SET(20, 0), SINCE(20), F(100, 10, 20),           \
	    SET(150, ms), F(160, 10, 21), SET(200, 0), X(210, 20, 1),    \
	    OLD, E(100, 20), NEW(ms), E(162, 21), SET(1000, 0), TO(210), \
	    SEP, TO(900) },                                              \
	  { "census 10", "fork 20<-10", "exec 20 #1", "fork 21<-10",     \
	    "exec 21 #2", "--", "end 20 1" } }

static const struct story steps_of_clock[] = {
	STEPS(HOUR), STEPS(-HOUR), STEPS(400), STEPS(-400),
	{ "a time that was twice: nobody speaks before his birth",
	  { FOUND_ROOT, SET(20, 0), SINCE(20), SET(150, -100),
	    F(210, 10, 20), SET(300, -100), E(211, 20), SEP, TO(212) },
	  { "census 10", "fork 20<-10", "exec 20 #1", "--" } },
	{ "a stamp from the future is none",
	  { FOUND_ROOT, SET(20, 0), SINCE(20), F(100, 10, 20),
	    SET(150, 0), TO(5000), SEP, E(9000, 20) },
	  { "census 10", "--", "fork 20<-10", "exec 20 #1" } },
};
/* clang-format on */

/* What a process is known by is made of its start, and so that stays. */
static uint64_t start_in(const char *entity_id)
{
	return strtoull(strrchr(entity_id, '-') + 1, NULL, 16);
}

static void say(void *ctx, const struct change *c)
{
	const struct proc *p = c->proc;
	struct buf *out = ctx;

	if (p)
		ck_assert_uint_eq(start_in(p->entity_id), p->start_ms);
	buf_printf(out, "%s %d", change_name(c->kind), p ? (int)p->pid : 0);
	if (c->kind == CHANGE_FORK)
		buf_printf(out, "<-%d", (int)c->parent->pid);
	if (c->kind == CHANGE_END && p->reason == EXIT_UNKNOWN)
		buf_puts(out, " ?");
	else if (c->kind == CHANGE_END)
		buf_printf(out, " %d", p->exit_code);
	if (c->serial)
		buf_printf(out, " #%d", (int)c->serial);
	if (c->kind == CHANGE_END && c->source != SOURCE_WITNESS)
		buf_printf(out, " %s", source_name(c->source));
	buf_putc(out, '\n');
}

/* A merge with the tree behind it. */
struct desk {
	struct metrics metrics;
	struct buf out;
	struct tree *tree;
	struct merge *merge;
	uint64_t puts, serial;
	uint64_t off_ms, stamp_ms; /* CLOCK and STAMPED */
};

static void desk_open(struct desk *d)
{
	*d = (struct desk){ 0 };
	d->tree = tree_new(&tree_defaults, "", &d->metrics, say, &d->out);
	d->merge = merge_new(d->tree, &d->metrics);
	tree_witness(d->tree, 0);
}

static void desk_close(struct desk *d)
{
	merge_free(d->merge);
	tree_free(d->tree);
	buf_free(&d->out);
}

static void put(struct desk *d, const struct step *s)
{
	bool found = s->kind == FOUND || s->kind == GONE;
	unsigned int born = found && s->n ? (unsigned int)s->n : s->at;
	struct fact f = {
		.source = s->kind < FOUND ? SOURCE_WITNESS : SOURCE_CENSUS,
		.time_ms = T0 + s->at + d->off_ms,
		.mono_ns = (MONO0 + s->at) * 1000000 + ++d->puts,
		.start_ms = T0 + born + d->off_ms,
		.born_ms = MONO0 + born,
		.node = "",
		.pid = s->pid,
		.code = s->n,
		.exe = s->exe,
		.thread = s->kind == THREAD,
		.threads = s->kind == FOUND,
	};

	if (s->kind == FOUND)
		f.ppid = s->other;
	else
		f.child = s->other;
	f.kind = s->kind == EXEC  ? FACT_EXEC :
		 s->kind == EXIT  ? FACT_EXIT :
		 s->kind == FOUND ? FACT_FOUND :
		 s->kind == GONE  ? FACT_GONE :
				    FACT_FORK;
	merge_put(d->merge, &f);
}

static void hear(struct desk *d, const struct step *s)
{
	struct fact f = {
		.kind = s->kind == HEARD_EXEC ? FACT_EXEC :
			s->kind == HEARD_EXIT ? FACT_EXIT :
						FACT_SEEN,
		.time_ms = T0 + s->at + d->stamp_ms,
		.serial = ++d->serial,
		.node = "",
		.pid = s->pid,
		.ppid = s->other,
		.code = s->n,
		.exe = s->exe,
		.record = "SYSCALL",
		.outcome = 1,
	};

	merge_apply(d->merge, &f);
}

static void take(struct desk *d, const struct step *s)
{
	switch (s->kind) {
	case FORK:
	case THREAD:
	case EXEC:
	case EXIT:
	case FOUND:
	case GONE:
		put(d, s);
		break;
	case HEARD_EXEC:
	case HEARD_EXIT:
	case HEARD_SEEN:
		hear(d, s);
		break;
	case PASS:
		merge_pass(d->merge, T0 + s->at + d->stamp_ms);
		break;
	case PAUSE:
		merge_pause(d->merge, T0 + s->at, T0 + (uint64_t)s->n);
		break;
	case CLOCK:
		d->off_ms = d->stamp_ms = (uint64_t)(int64_t)s->n;
		merge_clocks(d->merge, (MONO0 + s->at) * 1000000,
			     (T0 + d->off_ms - MONO0) * 1000000);
		break;
	case STAMPED:
		d->stamp_ms = (uint64_t)(int64_t)s->n;
		break;
	case TRUST:
		tree_witness(d->tree, T0 + s->at + (uint64_t)(int64_t)s->n);
		break;
	case FINISH:
		merge_finish(d->merge);
		ck_assert(!merge_waits(d->merge));
		break;
	case LINE:
		buf_puts(&d->out, "--\n");
		break;
	case END_OF_STORY:
		break;
	}
}

static void take_all(struct desk *d, const struct step *steps, const char *name)
{
	const char *wrong;

	for (size_t i = 0; steps[i].kind; i++) {
		take(d, &steps[i]);
		wrong = tree_check(d->tree);
		ck_assert_msg(!wrong, "%s: after step %zu: %s", name, i, wrong);
	}
}

static void check_told(const struct story *story)
{
	_cleanup_buf_ struct buf want = BUF_INIT;
	struct desk d;

	for (size_t i = 0; story->says[i]; i++)
		buf_printf(&want, "%s\n", story->says[i]);
	buf_putc(&want, '\0');
	desk_open(&d);
	take_all(&d, story->steps, story->name);
	buf_putc(&d.out, '\0');
	ck_assert_msg(!strcmp(want.data, d.out.data), "%s\nwant:\n%sgot:\n%s",
		      story->name, want.data, d.out.data);
	desk_close(&d);
}

START_TEST(stories_are_told)
{
	check_told(&stories[_i]);
}
END_TEST

START_TEST(test_steps)
{
	check_told(&steps_of_clock[_i]);
}
END_TEST

/* --- who is whose, while it waits */

/* clang-format off */
static const struct step waiting[] = {
	FOUND_ROOT, { 20, FOUND, 11, 0, 0, CONTAINERD },
	F(100, 10, 20), TO(101),
	F(200, 10, 21), F(201, 21, 22), F(202, 20, 23),
	{ 210, THREAD, 20, 0, 0, NULL },
	{ 220, FOUND, 30, 10, 0, SH }, { 220, FOUND, 31, 30, 0, SH },
	{ 220, FOUND, 32, 31, 0, SH }, { 220, FOUND, 40, 0, 0, CONTAINERD },
	F(230, 40, 41), F(240, 90, 91),
	{ 0, END_OF_STORY, 0, 0, 0, NULL },
};
/* clang-format on */

static const struct {
	const char *name;
	pid_t pid, nearest; /* 0: none */
	bool ours;
} who[] = {
	{ "a root", 10, 10, true },
	{ "who is in the tree", 20, 20, true },
	{ "who waits", 21, 10, true },
	{ "its child", 22, 10, true },
	{ "another's", 23, 20, true },
	{ "who was found", 30, 10, true },
	{ "below it", 31, 10, true },
	{ "and below", 32, 10, true },
	{ "a root that waits", 40, 0, true },
	{ "its child", 41, 0, true },
	{ "a stranger", 90, 0, false },
	{ "a stranger's child", 91, 0, false },
	{ "nobody", 92, 0, false },
};

START_TEST(test_nearest)
{
	const struct proc *p;
	struct desk d;

	desk_open(&d);
	take_all(&d, waiting, who[_i].name);
	p = merge_nearest(d.merge, who[_i].pid);
	ck_assert_msg((p ? p->pid : 0) == who[_i].nearest, "%s: %d",
		      who[_i].name, p ? (int)p->pid : 0);
	ck_assert_msg(merge_ours(d.merge, who[_i].pid) == who[_i].ours, "%s",
		      who[_i].name);
	ck_assert(merge_waits(d.merge));
	merge_finish(d.merge);
	ck_assert(!merge_waits(d.merge));
	p = merge_nearest(d.merge, who[_i].pid);
	ck_assert_msg((p ? p->pid : 0) == (who[_i].ours ? who[_i].pid : 0),
		      "%s", who[_i].name);
	desk_close(&d);
}
END_TEST

/* Pids that are given in a circle must not be followed for ever. */
START_TEST(test_circle)
{
	/* clang-format off */
	static const struct step steps[] = {
		FOUND_ROOT,
		F(100, 10, 20), F(120, 20, 21), X(140, 20, 0), F(160, 21, 20),
		X(180, 21, 0), F(200, 20, 21),
		{ 201, FOUND, 60, 61, 0, SH }, { 201, FOUND, 61, 60, 0, SH },
		{ 201, FOUND, 62, 62, 0, SH },
		{ 0, END_OF_STORY, 0, 0, 0, NULL },
	};
	/* clang-format on */
	struct desk d;

	desk_open(&d);
	take_all(&d, steps, "circle");
	merge_nearest(d.merge, 20);
	merge_nearest(d.merge, 21);
	ck_assert_ptr_null(merge_nearest(d.merge, 60));
	ck_assert_ptr_null(merge_nearest(d.merge, 62));
	ck_assert(merge_ours(d.merge, 20));
	take(&d, &(struct step){ 0, FINISH, 0, 0, 0, NULL });
	buf_putc(&d.out, '\0');
	ck_assert_str_eq(d.out.data, "census 10\nfork 20<-10\nfork 21<-20\n"
				     "end 20 0\nfork 20<-21\nend 21 0\n"
				     "fork 21<-20\n");
	desk_close(&d);
}
END_TEST

/* --- bounds */

#define MOST 65536

START_TEST(test_most)
{
	struct desk d;

	desk_open(&d);
	take(&d, &(struct step){ 0, FOUND, 10, 0, 0, CONTAINERD });
	take(&d, &(struct step)TO(10));
	take(&d, &(struct step)F(100, 10, 20));
	take(&d, &(struct step)F(101, 10, 21));
	for (unsigned int i = 2; i < MOST; i++)
		take(&d, &(struct step){ 102, THREAD, 10, 0, 0, NULL });
	ck_assert_uint_eq(d.metrics.witness_early, 0);
	ck_assert_ptr_null(tree_find(d.tree, 20));
	take(&d, &(struct step)X(103, 21, 3));
	ck_assert_uint_eq(d.metrics.witness_early, 1);
	ck_assert_ptr_nonnull(tree_find(d.tree, 20));
	ck_assert_ptr_null(tree_find(d.tree, 21));
	take(&d, &(struct step)TO(101));
	ck_assert_ptr_null(tree_find(d.tree, 21));
	take(&d, &(struct step){ 0, FINISH, 0, 0, 0, NULL });
	ck_assert_uint_eq(d.metrics.witness_early, 1);
	ck_assert_ptr_null(tree_check(d.tree));
	buf_putc(&d.out, '\0');
	ck_assert_str_eq(d.out.data,
			 "census 10\nfork 20<-10\nfork 21<-10\nend 21 3\n");
	desk_close(&d);
}
END_TEST

/* Strangers without end are forgotten, the newest last. */
START_TEST(test_strangers)
{
	struct desk d;

	desk_open(&d);
	take(&d, &(struct step)F(1, 50, 51));
	for (unsigned int i = 0; i < 3 * MOST; i++)
		take(&d, &(struct step)F(2, 60, (pid_t)(1000 + i)));
	take(&d, &(struct step)F(3, 50, 52));
	ck_assert(!merge_waits(d.merge));
	take(&d, &(struct step)ROOT(2, 50));
	take(&d, &(struct step){ 0, FINISH, 0, 0, 0, NULL });
	ck_assert_ptr_null(tree_check(d.tree));
	buf_putc(&d.out, '\0');
	ck_assert_str_eq(d.out.data, "census 50 #1\nexec 50 #1\nfork 52<-50\n");
	desk_close(&d);
}
END_TEST

/* What waits is freed, and so is what it was copied from before. */
START_TEST(test_copied)
{
	char exe[] = CONTAINERD;
	struct step found = { 0, FOUND, 10, 0, 0, exe };
	struct desk d;

	desk_open(&d);
	take(&d, &found);
	memset(exe, 'x', sizeof(exe) - 1);
	take(&d, &(struct step)TO(1));
	ck_assert_ptr_nonnull(tree_find(d.tree, 10));
	ck_assert_str_eq(tree_find(d.tree, 10)->image->program->exe,
			 CONTAINERD);
	take(&d, &(struct step)F(100, 10, 20));
	ck_assert(merge_waits(d.merge));
	desk_close(&d);
	merge_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("merge");
	TCase *tcase = tcase_create("stories");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stories_are_told, 0, (int)COUNT(stories));
	tcase_add_loop_test(tcase, test_steps, 0, (int)COUNT(steps_of_clock));
	tcase_add_loop_test(tcase, test_nearest, 0, (int)COUNT(who));
	tcase_add_test(tcase, test_circle);
	tcase_add_test(tcase, test_most);
	tcase_add_test(tcase, test_strangers);
	tcase_add_test(tcase, test_copied);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
