# SPDX-License-Identifier: GPL-2.0-or-later
#
# What restart.sh asks of the JSON log, beyond log.jq.
include "log";

# A date's milliseconds since 1970
def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);

# /proc has a birth in ticks.
def near($a; $b): ($a - $b) | fabs <= 50;

# --- the census

def census($others):
	action("census") | select(.process.pid | IN($others[]) | not);

# What a census line has of what /proc has, and /proc's, in the same words
def found:
	{ pid: .process.pid,
	  ppid: .process.parent.pid,
	  vpid: .process.vpid,
	  role: .contree.role,
	  container: .container.id,
	  args: .process.args };
def expected($seen):
	. as $one |
	(any($seen[]; .pid == $one.ppid and .comm == "containerd-shim")) as
		$of_shim |
	(if .comm == "containerd" then "root"
	 elif .comm == "containerd-shim" then "shim"
	 elif .vpid == 1 then "init"
	 elif $of_shim then "exec"
	 else "member" end) as $role |
	($role | IN("root", "shim")) as $is_top |
	{ pid, ppid: (if $is_top then null else .ppid end), vpid,
	  role: $role, container, args };

def names:
	{ name: .container.name, image: .container.image.name,
	  tag: .container.image.tag,
	  pod: .orchestrator.resource.name, pod_ns: .orchestrator.namespace,
	  pod_uid: .orchestrator.resource.id };

def ends_of_found($others):
	([action("end")] | group_by(.process.entity_id) |
		map({ (.[0].process.entity_id): . }) | add // {}) as $ends |
	[census($others) | .process.entity_id as $id |
		{ pid: .process.pid, role: .contree.role,
		  ends: [($ends[$id] // [])[] |
			[.contree.exit.reason, .process.exit_code]] }] |
	sort_by(.pid);

# --- after a storm

# The pids of those that have been told of and have not ended
def living($others):
	reduce (.[] | select(.process.pid)) as $line ({};
		.[$line.process.entity_id] |= (. // { pid: $line.process.pid }) |
		if $line.event.action == "end" then
			.[$line.process.entity_id].ended = true
		else . end) |
	[.[] | select(.ended | not) | .pid | select(IN($others[]) | not)] | sort;
