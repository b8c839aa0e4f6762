#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the running plugin may still do, by the word of /proc/PID/status of
# each of its threads; and that it can do its work so: with seccomp = kill it
# logs, rotates, reloads, reopens, looks into processes and reads a bundle in
# another user's directory. Without auditd: its input is a recording.
#
# usage: tests/privs.sh [BUILD_DIR]
#
#   KEEP=1   (environment) keep the scratch directory
#
# Exit status 77, and why: it cannot run here. With CI set that is a failure.

set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
patience=60	# seconds; how long anything is waited for

here=$(cd "$(dirname "$0")" && pwd) || exit 1
build=${1:-$here/../build}
plugin=$build/audisp-contree
capture=$here/captures/basic/audit.log

skip() {
	if [ -n "${CI:-}" ]; then
		echo "FAILED: not to be skipped in CI: $*"
		exit 1
	fi
	echo "SKIP: $*"
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "this needs root"
for command in setpriv jq; do
	command -v $command >/dev/null || skip "there is no $command"
done
[ -e /proc/self/task/$$/status ] || skip "there is no /proc"
grep -q '^Seccomp:' /proc/self/status || skip "this kernel has no seccomp"
! grep -q '^SANITIZE_CFLAGS = .' "$build/Makefile" ||
	skip "a build with sanitizers has no filter"
[ -x "$plugin" ] || {
	echo "FAILED  there is no $plugin"
	exit 1
}

dir=$(mktemp -d /tmp/ct.XXXXXX) || exit 1
failed=no
plugin_pid=
root_pid=

clean_up() {
	for pid in $plugin_pid $root_pid; do
		kill -KILL "$pid" 2>/dev/null
	done
	if [ -n "${KEEP:-}" ]; then
		echo "kept: $dir"
	else
		rm -rf "$dir"
	fi
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM

# same WHAT GOT WANTED
same() {
	if [ "$2" = "$3" ]; then
		echo "ok      $1"
	else
		echo "FAILED  $1"
		echo "        wanted $3, got $2"
		failed=yes
	fi
}

die() {
	echo "FAILED  $*"
	exit 1
}

# await WHAT COMMAND...: polls until it succeeds. Never judges how soon.
await() {
	what=$1
	shift
	until=$(($(date +%s) + patience))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $until ] || die "$what: not within $patience s"
		sleep 0.1
	done
}

# --- the plugin

# configure SECCOMP WITNESS
configure() {
	rm -rf "$dir/log"
	cat >"$dir/conf" <<-END
	text_log = $dir/log/contree.log
	json_log = $dir/log/contree.json
	state = $dir/log/state
	log_size = 64K
	seccomp = $1
	witness = $2
	END
}

threads() {
	find /proc/"$plugin_pid"/task -mindepth 1 -maxdepth 1 | wc -l
}

# is_confined SECCOMP: all threads are there (main, intake, ledger; the core and
# its four readers), and have come to it.
is_confined() {
	[ "$(threads)" -eq 8 ] && [ "$(field Seccomp | sort -u)" = "$1" ] &&
		[ "$(field CapEff | grep -c '^0*$')" -eq 3 ]
}

# start PREFIX...: its input is open until end_plugin
start() {
	"$@" "$plugin" -c "$dir/conf" <"$dir/in" >/dev/null 2>&1 &
	plugin_pid=$!
	exec 3>"$dir/in"
}

# It is given what it has to lose.
inherited=+chown,+dac_read_search,+net_admin,+sys_ptrace

start_plugin() {
	start setpriv --inh-caps="$inherited" --ambient-caps="$inherited"
	await "the plugin confines its threads" is_confined "$1"
}

# The input ends, and so does the plugin.
end_plugin() {
	exec 3>&-
	wait $plugin_pid
	same "$1: it ends in order" $? 0
	plugin_pid=
}

# field NAME: of each thread
field() {
	cat /proc/"$plugin_pid"/task/*/status | sed -n "s/^$1:[[:space:]]*//p"
}

# all WHAT FIELD WANTED: the same in all eight
all() {
	same "$1" "$(field "$2" | sort | uniq -c | tr -s ' ')" " 8 $3"
}

group() {
	getent group adm | cut -d: -f3 | grep . || echo 0
}

# --- what it may

check_status() {
	none=0000000000000000
	same "$1: DAC_READ_SEARCH and SYS_PTRACE in the core and its readers, none in three" \
		"$(field CapEff | sort | uniq -c | tr -s ' \n' ' ')" \
		" 3 $none 5 0000000000080004 "
	same "$1: and none to be had" "$(field CapPrm)" "$(field CapEff)"
	same "$1: none of those is the first thread" "$(sed -n \
		's/^CapPrm:[[:space:]]*//p' "/proc/$plugin_pid/status")" $none
	all "$1: nothing is left in the bounding set" CapBnd $none
	all "$1: nothing is inheritable" CapInh $none
	all "$1: nothing is ambient" CapAmb $none
	all "$1: no new privileges" NoNewPrivs 1
	all "$1: seccomp" Seccomp "$2"
	all "$1: umask" Umask 0027
	all "$1: no groups but that of the logs" Groups "$(group) "
	same "$1: no core dump" "$(sed -n 's/^Max core file size *//p' \
		"/proc/$plugin_pid/limits" | tr -s ' ')" "0 0 bytes "
}

# Of who may not be dumped, even to a program, /proc's files are root's.
check_dumpable() {
	mkdir "$dir/other"
	sed "s|$dir/log/|$dir/other/|" "$dir/conf" >"$dir/other.conf"
	chmod 0755 "$dir" && chown 12345 "$dir/other"
	cp "$plugin" "$dir/plugin"
	chmod 0755 "$dir/plugin" && chmod 0644 "$dir/other.conf"
	setpriv --reuid 12345 --regid 12345 --clear-groups "$dir/plugin" \
		-c "$dir/other.conf" <"$dir/in" >/dev/null 2>&1 &
	plugin_pid=$!
	exec 3>"$dir/in"
	await "another user's plugin confines its threads" is_nobodys
	same "nobody but root may look into it, be it his own" \
		"$(stat -c %u "/proc/$plugin_pid/mem")" 0
	same "who has no capability gets none" \
		"$(field CapPrm | sort -u)" 0000000000000000
	end_plugin "as another user"
}

is_nobodys() {
	[ "$(threads)" -eq 8 ] && [ "$(field Seccomp | sort -u)" = 2 ]
}

# --- what it can do so

# A root of the tree with all capabilities: who lacks SYS_PTRACE is not told
# by /proc what it executes.
start_root() {
	cp "$(readlink -f "$(command -v sleep)")" "$dir/containerd"
	"$dir/containerd" 1000 &
	root_pid=$!
}

# The recording, but with its bundles where only another user may look.
hide_bundle() {
	id=basic-28761
	mkdir -p "$dir/theirs/$id"
	cat >"$dir/theirs/$id/config.json" <<-END
	{ "annotations": { "io.kubernetes.cri.container-name": "told" } }
	END
	chown -R 12345 "$dir/theirs"
	chmod 0700 "$dir/theirs" "$dir/theirs/$id"
	chmod 0600 "$dir/theirs/$id/config.json"
	sed "s|/run/containerd/io.containerd.runtime.v2.task/default/|$dir/theirs/|g" \
		"$capture" >"$dir/records"
}

check_work() {
	start_root
	hide_bundle
	configure kill off
	start_plugin 2
	await "a census was made" grep -q '"census"' "$dir/log/contree.json"
	same "it looks into a process with all capabilities" \
		"$(jq -r --argjson pid $root_pid 'select(.process.pid == $pid) |
			.process.executable' "$dir/log/contree.json")" \
		"$dir/containerd"
	cat "$dir/records" >&3
	await "the recording was told" \
		grep -q '"container-stop"' "$dir/log/contree.json"
	same "it reads a bundle that only another user may read" \
		"$(jq -r 'select(.event.action == "container-start") |
			.container.name' "$dir/log/contree.json")" told
	# more than fits a log: rotated, by who has no CAP_CHOWN
	for _ in 1 2 3 4 5 6 7 8; do
		cat "$here"/captures/*/audit.log >&3
	done
	await "the log was rotated" test -e "$dir/log/contree.json.2"
	sed -i 's/^log_size = .*/log_size = 32K/' "$dir/conf"
	mv "$dir/log/contree.log" "$dir/log/moved.log"
	kill -HUP $plugin_pid
	await "the log was opened anew" test -e "$dir/log/contree.log"
	end_plugin "after all this"
	same "each log is of mode 0640, root's, and the group's to read" \
		"$(find "$dir/log" -name '*contree*' -printf '%m %U:%G\n' |
			sort -u)" "640 0:$(group)"
	kill $root_pid
	wait $root_pid 2>/dev/null
	root_pid=
}

mkfifo "$dir/in"
for pair in "kill auto 2" "errno auto 2" "off off 0"; do
	# shellcheck disable=SC2086 # three words
	set -- $pair
	configure "$1" "$2"
	start_plugin "$3"
	check_status "seccomp = $1" "$3"
	end_plugin "seccomp = $1"
done
configure kill off
check_dumpable
check_work
[ $failed = no ]
