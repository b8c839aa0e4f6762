# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the scoreboard records a scenario: what the kernel saw, what auditd
# wrote and what contree wrote, each in a file of the scenario's directory,
# which is all that tests/accuracy needs. Part of scoreboard.sh.

calm=4	# seconds without a new line, after which no more comes

# known ID: a container that this script starts has this id and this cgroup.
known() {
	echo "$1 /$name/$1" >>"$dir/containers"
}

# known_cid: likewise, of the last docker run; it need not have started.
known_cid() {
	id=$(cat "$scratch/cid") || die "docker run made no container"
	rm -f "$scratch/cid"
	known "$id"
}

size_of() {
	stat -c %s "$1"
}

# Everything under containerd, as far as it can be seen at this moment
is_quiet() {
	for comm in $(grep -lsxE 'containerd-shim|runc.*' /proc/[0-9]*/comm)
	do
		[ "$(readlink "${comm%comm}ns/mnt")" != "$inside" ] || return 1
	done
}

# And for good: nothing of it is told any more.
settle() {
	size=$(size_of "$scratch/log/contree.json")
	still=0
	until=$(($(date +%s) + 2 * patience))
	while [ $still -lt $calm ]; do
		sleep 1
		still=$((still + 1))
		before=$size
		size=$(size_of "$scratch/log/contree.json")
		[ "$size" = "$before" ] && is_quiet || still=0
		[ "$(date +%s)" -lt $until ] || die "$scenario does not end"
	done
}

start_recorder() {
	"$build/tests/recorder" "$dir" >"$dir/ready" 2>"$dir/recorder.out" &
	recorder_pid=$!
	await "the recorder listens" grep -qx ready "$dir/ready"
}

stop_recorder() {
	kill -TERM $recorder_pid
	wait $recorder_pid || {
		cat "$dir/recorder.out"
		die "the recorder missed something"
	}
	recorder_pid=
}

# The pids that the kernel's log says its OOM killer killed meanwhile
find_victims() {
	dmesg | sed "1,/$mark/d" | sed -n \
		's/.*Memory cgroup out of memory: Killed process \([0-9]*\) .*/\1/p'
}

# cut_log LOG FROM TO: not beyond what was recorded, or a number used again
# would be of somebody nobody has seen.
cut_log() {
	tail -c +$(($2 + 1)) "$1" | head -c $(($3 - $2)) \
		>"$dir/$(basename "$1")"
}

# scenario NAME: runs run_NAME, which starts containers and says which; the
# next begins when all is over.
scenario() {
	scenario=$1
	dir=$scratch/$table/$scenario
	mkdir -p "$dir"
	: >"$dir/containers"
	json_from=$(size_of "$scratch/log/contree.json")
	audit_from=$(size_of "$scratch/audit/audit.log")
	mark="the scoreboard's $scenario in $scratch, $table"
	mark=$(echo "$mark" | tr / .)	# for a pattern
	echo "$mark" >/dev/kmsg
	start_recorder
	"run_$scenario" >"$dir/out" 2>&1
	settle
	json_to=$(size_of "$scratch/log/contree.json")
	audit_to=$(size_of "$scratch/audit/audit.log")
	stop_recorder
	cut_log "$scratch/log/contree.json" "$json_from" "$json_to"
	cut_log "$scratch/audit/audit.log" "$audit_from" "$audit_to"
	find_victims >"$dir/victims"
	echo "ran $scenario: $(grep -c '"ev": "fork"' "$dir/truth.jsonl") births"
}
