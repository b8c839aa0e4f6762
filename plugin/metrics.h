/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics: what was counted. One table, so that no counter lacks a name.
 * Written by the core thread only.
 */
#ifndef CONTREE_METRICS_H
#define CONTREE_METRICS_H

#include <stdint.h>

#define METRICS(X)                                                          \
	X(lines, "lines read")                                              \
	X(lines_dropped, "lines dropped because the queue was full")        \
	X(lines_bad, "lines that are no audit record")                      \
	X(lines_truncated, "lines longer than a record can be")             \
	X(events, "events assembled")                                       \
	X(events_unwanted, "events of processes that are not in the tree")  \
	X(events_aged, "events that never saw their end")                   \
	X(events_evicted, "events closed early because too many were open") \
	X(events_bad, "events that could not be understood")                \
	X(args_truncated, "exec events whose arguments were cut")           \
	X(facts, "facts handed to the tree")                                \
	X(serial_gaps, "audit serials that never came")                     \
	X(processes, "processes that entered the tree")                     \
	X(processes_evicted, "processes forgotten because of the bound")    \
	X(limbo_expired, "processes that turned out to be outside the tree") \
	X(limbo_evicted, "waiting processes dropped because of the bound")  \
	X(facts_dropped, "facts of waiting processes dropped: too many")    \
	X(claims_unanswered, "births whose child never spoke")              \
	X(claims_evicted, "births forgotten because of the bound")          \
	X(witnessed,                                                           \
	  "births and ends that the kernel told of processes in the tree")     \
	X(witness_gaps, "times that the kernel dropped what it had to tell")   \
	X(witness_early,                                                       \
	  "births and ends told before the audit stream was there")            \
	X(found, "processes that /proc told of")                           \
	X(gone, "processes that /proc had no longer")                       \
	X(corrected, "birth parents corrected after they were reported")    \
	X(containers, "containers that started")                            \
	X(containers_evicted, "containers forgotten because of the bound")  \
	X(ghosts_cut, "ended ancestors removed from a chain")               \
	X(nodes_evicted, "nodes forgotten because of the bound")            \
	X(clock_steps, "times that events went back in time")

struct metrics {
#define X(name, help) uint64_t name;
	METRICS(X)
#undef X
};

#endif
