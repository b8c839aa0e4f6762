# SPDX-License-Identifier: GPL-2.0-or-later
#
# What restart.sh asks of a long log: of its lines in short.
include "log";
include "lives";

def row:
	{ action: .event.action, pid: .process.pid,
	  entity: .process.entity_id, start: .process.start,
	  at: ."@timestamp", vpid: .process.vpid,
	  parent: .process.parent.entity_id, container: .container.id,
	  role: .contree.role, source: .contree.source,
	  reason: .contree.exit.reason, serial: .event.sequence };

def entities: map(select(.entity)) | group_by(.entity);
def containers($others):
	map(select(.container and (.pid | IN($others[]) | not))) |
	group_by(.container);

# Who was born or found, and has not ended
def unended($others):
	entities[] | select(any(.[]; .action | IN("fork", "census", "exec"))) |
	select(all(.[]; .action != "end")) | .[0] |
	select(.pid | IN($others[]) | not);

# Two entity_ids of one pid, of which the second begins before the first has
# ended, or so soon after it that its pid cannot have come round.
def begin_too_soon:
	(.[1].start | ms) - (.[0].start | ms) < 1000 or
	(.[0].ended and .[0].ended.reason != "unknown" and
	 (.[1].start | ms) <= (.[0].ended.at | ms));
def twins:
	map(select(.entity)) | group_by(.pid)[] | group_by(.entity) |
	select(length > 1) |
	map(.[0] + { ended: map(select(.action == "end"))[0] }) |
	sort_by(.start) | [.[:-1], .[1:]] | transpose[] |
	select(begin_too_soon);

# A child that the kernel told of, and that is told by its number in the
# container alone. Of births that only records tell, numbers are inferred.
def told_by_number:
	map(select(.action == "fork" and .vpid)) |
	group_by([.parent, .vpid])[] |
	select(any(.[]; .pid and .source == "witness") and
		any(.[]; .pid | not));

# /proc shows a reaper where the parent has ended. The kernel may tell who that
# was a moment later: then a fork comes after the census.
def after_census:
	(map(.action) | rindex("fork") // 0) as $from | .[$from:];

# The pids and identities in the log of those that /proc had
def of_seen($seen):
	map(select(.entity)) | group_by(.pid)[] | . as $lines |
	$seen[] | select(.pid == $lines[0].pid) | . as $one |
	($lines | map(select(near(.start | ms; $one.start)) |
		[.pid, .entity, .parent]) | unique[]);

# Whose birth the kernel told. Of one that was born while the plugin was away
# only records tell, and what follows from them may be corrected.
def is_witnessed:
	all(.[] | select(.action | IN("fork", "census")) | .source;
		IN("witness", "census"));
