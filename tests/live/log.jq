# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the live test asks of the JSON log: of an array of all its lines.

# True, or an error that shows both, and where they differ first
def same($got; $wanted):
	$got == $wanted or
		([($wanted, $got) | paths(scalars)] | map(. as $at | select(
			try ($got | getpath($at)) catch null !=
			try ($wanted | getpath($at)) catch null))[0] as $at |
		"first at \($at)\nwanted \($wanted | tojson)\ngot    \($got |
		tojson)" | error);

# True if the stream is empty, or an error that shows how it begins
def none(f): same([limit(3; f)]; []);

def action($name): .[] | select(.event.action == $name);
def of($id): map(select(.container.id == $id));
def is_inside: .contree.role | IN("init", "exec", "member");

# A line that lacks what every line must have
def is_bare:
	(.["@timestamp"] and .ecs.version and
	 .event.kind == "event" and .event.dataset == "contree.process" and
	 .event.action and .event.type and .event.outcome and
	 (.event.sequence or .contree.source == "inferred") and
	 .contree.role and .contree.source and
	 .process.pid and .process.entity_id) | not;

# The processes by their entity_id, each made of its lines. An end is an exit
# code, or the reason why there is none.
def take($line):
	.id = $line.process.entity_id |
	.pid = $line.process.pid |
	.start = $line.process.start |
	.role = $line.contree.role |
	.container = $line.container.id |
	.executable = $line.process.executable |
	.parent = $line.process.parent |
	.entry = $line.process.entry_leader.entity_id |
	if $line.event.action == "fork" then
		.births += 1 | .born = $line.event.sequence
	elif $line.event.action == "exec" then
		.execs += [$line.process.args]
	elif $line.event.action == "end" then
		.ends += [$line.process.exit_code //
			  $line.contree.exit.reason]
	else . end;
def processes:
	reduce (.[] | select(.process.entity_id)) as $line ({};
		.[$line.process.entity_id] |=
			((. // { births: 0, execs: [], ends: [] }) |
			 take($line)));

# From the parent to the root
def ancestors($all): [recurse($all[.parent.entity_id // ""] // empty)][1:];

# What ran in a container: each process with its role, what it executed, how
# it ended and its children, in the order of birth. (Times are coarse, and pids
# come round; serials tell, where births are told by records.)
def tell($children):
	{ role, execs, ends,
	  children: [$children[.id][]? | tell($children)] };
def story($id):
	of($id) | map(select(is_inside)) | processes as $all |
	[$all[]] | sort_by([.start, .born, .pid]) |
	(reduce .[] as $one ({};
		.[$one.parent.entity_id // ""] += [$one])) as $children |
	map(select($all[.parent.entity_id // ""] | not) | tell($children));

# The words to tell such a story with
def init($argv; $ended; $children):
	{ role: "init", execs: [$argv], ends: [$ended], children: $children };
def visitor($argv; $ended):
	{ role: "exec", execs: [$argv], ends: [$ended], children: [] };
def child($execs; $ended):
	{ role: "member", execs: $execs, ends: [$ended], children: [] };

# How often a container starts and stops, and with which exit code
def bounds($id):
	of($id) | [
		([action("container-start")] | length),
		([action("container-stop")] | length),
		(action("container-stop") | .process.exit_code)];

# The processes that are not known to have ended
def unended: processes | map(select(.ends == []));

# Whether a process inside descends, through its container's own, from runc,
# a shim and containerd, and names the one that brought it in
def has_lineage($all; $containerd):
	[., ancestors($all)[]] as $line |
	([$line[].role] | join(" ") | test(
		"^((init|exec|member) )+(runtime )+(shim )+root$")) and
	([$line[:-1][].container] | unique) == [.container] and
	($line[-1] | .pid == $containerd and
		(.executable | endswith("/containerd"))) and
	.entry == first($line[] | select(.role | IN("init", "exec"))).id;

# Whether the log has a process that was seen in /proc. Its parent there is
# the one it was born of, or, once runc has gone, the shim.
def has_seen($all; $seen):
	any($all[] | select(.pid == $seen.pid);
		.execs[-1] == $seen.args and
		if .role == "member" then .parent.pid == $seen.ppid
		else any(ancestors($all)[]; .role == "shim" and
			.pid == $seen.ppid) end);
