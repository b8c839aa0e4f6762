#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What can go wrong around the plugin, each provoked for real under a real
# auditd, beside eight containers that churn; and whether it keeps what
# docs/FAULTS.md promises. Meanwhile a recorder (recorder.c) listens to the
# kernel, and what contree told is held against that.
#
# The JSON log is on the machine's own disk and must be whole whatever befalls
# the text log and the state, which are on a small disk of their own: an ext4
# in a file, that can be filled, frozen and broken.
#
# usage: tests/faults.sh [-f "FAULT..."] [BUILD_DIR]
#
#   -f       only these faults, in this order
#   STALL=10 (environment) seconds for which a disk, or the plugin, stands still
#   KEEP=1   (environment) keep the scratch directory
#
# Exit status 77, and why: it cannot run here. With CI set that is a failure.
# It needs a kernel with the proc connector, loop devices and ext4.
#
# As in live.sh, everything runs in a mount namespace with a /run of its own;
# audit's settings and rules are put back at the end.

# shellcheck disable=SC2034,SC2154 # variables are shared with live/*.sh
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
patience=60	# seconds; how long anything is waited for

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/live/ground.sh"
. "$here/live/world.sh"
. "$here/live/runs.sh"
. "$here/live/claims.sh"
. "$here/live/census.sh"
. "$here/live/restart.sh"
. "$here/live/record.sh"
. "$here/live/provoke.sh"
. "$here/live/faults_disk.sh"
. "$here/live/faults_life.sh"

check_faults() {
	check_machine
	grep -qsw cn_proc /proc/net/connector ||
		skip "this kernel has no proc connector"
	for command in dmesg e2fsck fsfreeze logrotate losetup mkfs.ext4 \
		prlimit stat; do
		command -v "$command" >/dev/null || skip "there is no $command"
	done
	probe=$(mktemp) && truncate -s 8M "$probe" && mkfs.ext4 -q "$probe"
	unshare --mount mount -o loop "$probe" /mnt 2>/dev/null
	status=$?
	rm -f "$probe"
	[ $status -eq 0 ] || skip "mount -o loop is denied"
}

[ -n "${LIVE_OUTSIDE:-}" ] || check_faults
enter_namespace "$0" "$@"

faults="group hup auditd-hup descriptors full removed in-place read-only error
	stall queue size logrotate stopped killed auditd-killed
	auditd-restarted hidepid memory memory-start eof"
if [ "${1:-}" = -f ]; then
	faults=${2:-}
	shift 2
fi
build=${1:-$here/../build}
table=faults

make_scratch
hide_machine
start_syslogd
[ -n "$syslogd_pid" ] || skip "the system log is another's"
make -C "$build" tests/accuracy tests/recorder >"$scratch/make" 2>&1 || {
	cat "$scratch/make"
	die "make tests/accuracy tests/recorder"
}
install_plugin
make_disk
configure_for_faults
start_auditd
load_rules
start_containerd
start_dockerd
make_image
stop "$dockerd_pid"
dockerd_pid=
scenario=start
settle

for fault in $faults; do
	fault "$fault"
done
stop_auditd
print_table
[ $failed = no ]
