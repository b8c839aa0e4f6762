# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the live test runs: containers, and what befalls the plugin and its
# logs meanwhile. Part of live.sh.

# came STATUS WANTED WHAT
came() {
	[ "$1" -eq "$2" ] || die "$3: exit status $1, $2 is wanted"
}

# ctr_run ID ARGUMENT...
ctr_run() {
	id=$1
	shift
	ct run --rm --snapshotter native --fifo-dir "$scratch/fifo" \
		--cgroup "/$name/$id" \
		--mount "type=bind,src=$scratch/go,dst=/go,options=rbind:rw" \
		docker.io/library/live:1 "$id" "$@" </dev/null
}

docker_run() {
	dk run --network none "$@"
}

run_docker() {
	before=$(wc -l <"$scratch/log/contree.log")
	docker_run --rm --cidfile "$scratch/id" live:1 \
		sh -c 'ls /; (exit 3)' >/dev/null
	came $? 3 "docker run"
	docker_id=$(cat "$scratch/id")
	await "all that served a container is seen to end" \
		has_ended "$docker_id"
	[ $show = yes ] || return 0
	echo "docker run --rm live:1 sh -c 'ls /; (exit 3)'"
	tail -n +$((before + 1)) "$scratch/log/contree.log"
}

has_ended() {
	jq -s -e -L "$here/live" --arg id "$1" 'include "log";
		bounds($id)[1] == 1 and (of($id) | unended == [])' \
		"$scratch/log/contree.json"
}

run_ctr() {
	ctr_run live-ctr sh -c '/bin/ls /; (exit 4); /bin/true; exit 0' \
		>/dev/null
	came $? 0 "ctr run"
}

# A container with a child of its own and a visitor; /proc tells of all three
# while the visitor waits for its input to end.
run_sleeper() {
	sleeper_id=$(docker_run -d live:1 \
		sh -c 'trap "exit 0" TERM; /bin/sleep 1000 & wait') ||
		die "docker run -d"
	sleeper_pid=$(dk inspect -f '{{.State.Pid}}' "$sleeper_id")
	mkfifo "$scratch/hold"
	dk exec -i "$sleeper_id" sh -c 'read x; exit 9' 'a b' '' "it's" 'ünï' \
		"$(printf 'two\nlines')" '"\' <"$scratch/hold" &
	exec_pid=$!
	exec 3>"$scratch/hold"
	await "docker exec runs" has_visitor
	while read -r pid; do
		observe "$pid"
	done <"$scratch/procs" >"$scratch/seen.json"
	exec 3>&-
	wait $exec_pid
	came $? 9 "docker exec"
}

# Init, its child and the visitor are there, and have become what they are.
has_visitor() {
	find /sys/fs/cgroup -path "*/$sleeper_id/cgroup.procs" -exec cat {} + |
		sort -u >"$scratch/procs"
	[ "$(wc -l <"$scratch/procs")" -eq 3 ] || return 1
	while read -r pid; do
		[ "$(readlink "/proc/$pid/exe")" = /bin/busybox ] || return 1
	done <"$scratch/procs"
}

# A process as /proc has it. (The x saves a last NUL from jq's reader.)
observe() {
	{ cat "/proc/$1/cmdline"; echo x; } | jq -Rsc --argjson pid "$1" \
		--argjson ppid "$(awk '/^PPid:/ { print $2 }' \
			"/proc/$1/status")" \
		'{ pid: $pid, ppid: $ppid, args: split("\u0000")[:-1] }'
}

stop_sleeper() {
	dk stop --time $patience "$sleeper_id" >/dev/null || die "docker stop"
	came "$(dk wait "$sleeper_id")" 0 "docker stop"
	dk rm "$sleeper_id" >/dev/null || die "docker rm"
}

run_killed() {
	killed_id=$(docker_run -d live:1 sleep 1000) || die "docker run -d"
	dk kill "$killed_id" >/dev/null || die "docker kill"
	came "$(dk wait "$killed_id")" 137 "docker kill"
	dk rm "$killed_id" >/dev/null || die "docker rm"
}

# A container that is busy until it is told to stop, and then says how many
# rounds it made. Meanwhile the plugin is reloaded, its logs are rotated by
# itself and moved away as logrotate does, and a stranger wants it to end.
run_busy() {
	# shellcheck disable=SC2016 # its own variables
	busy_script='n=0
		while [ ! -e /go/stop ]; do
			n=$((n + 1))
			/bin/true $n
			(exit 7)
		done
		echo $n >/go/rounds'
	ctr_run live-busy sh -c "$busy_script" &
	busy_pid=$!
	await "the busy container is in the log" \
		grep -q '"id":"live-busy"' "$scratch/log/contree.json"
	reload_plugin
	move_logs
	kill -TERM "$plugin_pid"
	: >"$scratch/mark"
	await "after a stranger's TERM the log goes on" \
		test "$scratch/log/contree.json" -nt "$scratch/mark"
	: >"$scratch/go/stop"
	wait $busy_pid
	came $? 0 "ctr run of the busy container"
	rounds=$(cat "$scratch/go/rounds")
}

reload_plugin() {
	sed -i 's/^log_size = .*/log_size = 64K/
		s/^log_generations = .*/log_generations = 999/' "$conf"
	kill -HUP "$plugin_pid"
	await "reloaded, the plugin rotates its log by size" \
		test -e "$scratch/log/contree.json.9"
}

move_logs() {
	for log in contree.log contree.json; do
		mv "$scratch/log/$log" "$scratch/log/$log.moved"
	done
	kill -HUP "$plugin_pid"
	for log in contree.log contree.json; do
		await "the plugin makes a new log for one moved away" \
			test -s "$scratch/log/$log"
	done
}

# The end of a container a moment before auditd's: nothing waits any more.
run_last() {
	ctr_run live-last sh -c 'exit 5'
	came $? 5 "the last ctr run"
	await "auditd hears of the last container's end" \
		grep -q 'type=EXECVE .*="delete" .*="live-last"' \
		"$scratch/audit/audit.log"
}
