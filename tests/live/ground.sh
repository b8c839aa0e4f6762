# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ground that live.sh and scoreboard.sh stand on: whether the machine can
# run them, a mount namespace with a scratch directory, waiting, and the end,
# at which everything is put back.

skip() {
	if [ -n "${CI:-}" ]; then
		echo "FAILED: not to be skipped in CI: $*"
		exit 1
	fi
	echo "SKIP: $*"
	exit 77
}

# audit FIELD: as the kernel has it now
audit() {
	auditctl -s | sed -n "s/^$1 //p"
}

check_machine() {
	[ "$(id -u)" -eq 0 ] || skip "this needs root"
	for command in auditd auditctl ausearch containerd ctr runc dockerd \
		docker busybox jq unshare; do
		command -v $command >/dev/null || skip "there is no $command"
	done
	[ -n "$(audit enabled)" ] || skip "this kernel has no audit"
	[ "$(audit pid)" = 0 ] ||
		skip "an audit daemon is running, pid $(audit pid)"
	[ "$(audit enabled)" != 2 ] || skip "the audit rules are immutable"
	[ "$(auditctl -l)" = "No rules" ] || skip "audit rules are loaded"
	unshare --mount true 2>/dev/null || skip "unshare --mount is denied"
}

# enter_namespace SCRIPT ARGUMENT...: the script once more from the top, in
# the namespace; there it goes on.
enter_namespace() {
	if [ -z "${LIVE_OUTSIDE:-}" ]; then
		LIVE_OUTSIDE=$(readlink /proc/self/ns/mnt)
		export LIVE_OUTSIDE
		exec unshare --mount --propagation private "$@"
	fi
	inside=$(readlink /proc/self/ns/mnt)
	if [ "$inside" = "$LIVE_OUTSIDE" ]; then
		echo "$1: not in a mount namespace of its own" >&2
		exit 1
	fi
}

# Short: a line of plugins.d has 160 bytes at most, a socket's path 108.
make_scratch() {
	scratch=$(mktemp -d /tmp/ct.XXXXXX) || exit 1
	name=${scratch##*/}
	exec 4>&1	# where a failure is said, wherever it happens
	failed=no
	made=	# files outside of the scratch directory
	auditd_pid=
	containerd_pid=
	dockerd_pid=
	syslogd_pid=
	recorder_pid=
	was_pid_max=	# if it has been changed
	was_enabled=$(audit enabled)
	was_backlog=$(audit backlog_limit)
	was_lost=$(audit lost)
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM
}

die() {
	echo "FAILED  $*" >&4
	failed=yes
	exit 1
}

# --- processes

# A child that is dead is a zombie until it is waited for.
is_gone() {
	! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

# await WHAT COMMAND...: polls until it succeeds. Never judges how soon.
await() {
	what=$1
	shift
	until=$(($(date +%s) + patience))
	until "$@" >"$scratch/why" 2>&1; do
		if [ "$(date +%s)" -ge $until ]; then
			tail -n 5 "$scratch/why"
			die "$what: not within $patience s"
		fi
		sleep 0.1
	done
}

# stop PID: TERM, and if that is of no use, KILL
stop() {
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null
	for _ in $(seq 100); do
		is_gone "$1" && break
		sleep 0.1
	done
	is_gone "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
}

# --- the end

cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*/$name*"
}

# Whoever was killed leaves its cgroup a little later.
drop_cgroups() {
	for _ in $(seq 50); do
		for dir in $(cgroups); do
			while read -r pid; do
				[ "$pid" = 0 ] || kill -KILL "$pid"
			done <"$dir/cgroup.procs"
			rmdir "$dir"
		done
		[ -n "$(cgroups)" ] || break
		sleep 0.1
	done
}

# What is in its cgroups and in its namespace is this test's, and all of it.
end_processes() {
	stop "$recorder_pid"
	stop "$dockerd_pid"
	stop "$containerd_pid"
	auditctl -D -k contree >/dev/null
	stop "$auditd_pid"
	stop "$syslogd_pid"
	for dir in /proc/[0-9]*; do
		if [ "$(readlink "$dir/ns/mnt")" = "$inside" ] &&
		   [ "${dir#/proc/}" != $$ ]; then
			kill -KILL "${dir#/proc/}"
		fi
	done
	drop_cgroups
}

clean_up() {
	[ -z "$was_pid_max" ] ||
		echo "$was_pid_max" >/proc/sys/kernel/pid_max
	end_processes 2>/dev/null
	auditctl -e "$was_enabled" >/dev/null
	auditctl -b "$was_backlog" >/dev/null
	cut -d' ' -f5 /proc/self/mountinfo | grep "^$scratch/" | sort -r |
		xargs -r umount -l
	for file in $made; do
		rm -rf "$file"
	done
	if [ -n "${KEEP:-}" ]; then
		echo "kept: $scratch"
	else
		rm -rf --one-file-system "$scratch"
	fi
}

print_logs() {
	for file in log/contree.log syslog auditd.out containerd.out \
		dockerd.out; do
		[ -s "$scratch/$file" ] || continue
		echo
		echo "--- the end of $file"
		tail -n 20 "$scratch/$file" | cut -c 1-240
	done
}

finish() {
	status=$?
	trap '' EXIT HUP INT PIPE TERM
	[ $failed = no ] || print_logs
	clean_up
	[ $failed = no ] || exit 1
	exit $status
}
