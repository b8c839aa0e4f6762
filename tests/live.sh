#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin where it belongs: under a real auditd, beside a real containerd,
# runc and Docker, all with configurations, directories and sockets of their
# own. Runs containers whose processes, arguments and exit codes are known,
# and holds the logs against that, against /proc and against auditd's log.
# With audit alone, so that a replay of auditd's log must give the same logs;
# scoreboard.sh and restart.sh are of the witness, names and the state.
#
# usage: tests/live.sh [--show] [BUILD_DIR]
#
#   --show   print the text log of a "docker run" as its reader sees it
#   KEEP=1   (environment) keep the scratch directory
#
# Exit status 77, and why: it cannot run here. With CI set that is a failure.
#
# Everything runs in a mount namespace of this script's with a /run of its
# own: what is installed and running is neither asked nor disturbed, and no
# mount can be left behind. Audit rules and settings are the kernel's and are
# put back at the end, however it comes.

# shellcheck disable=SC2034,SC2154 # variables are shared with live/*.sh
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
patience=60	# seconds; how long anything is waited for

here=$(cd "$(dirname "$0")" && pwd) || exit 1
show=no
if [ "${1:-}" = --show ]; then
	show=yes
	shift
fi
build=${1:-$here/../build}

. "$here/live/ground.sh"
. "$here/live/world.sh"
. "$here/live/runs.sh"
. "$here/live/claims.sh"

by_audit_alone() {
	sed -i 's/^witness = .*/witness = off/
		s/^names = .*/names = off/
		s/^state = .*/state = none/' "$conf"
}

[ -n "${LIVE_OUTSIDE:-}" ] || check_machine
[ $show = no ] || set -- --show "$@"
enter_namespace "$0" "$@"
make_scratch

hide_machine
start_syslogd
install_plugin
by_audit_alone
start_auditd
load_rules
start_containerd
start_dockerd
make_image

run_docker
run_ctr
run_sleeper
run_busy
stop_sleeper
run_killed
run_last

look_at_plugin
stop_auditd

gather
check_logs
check_containers
check_processes
check_auditd
[ $failed = no ]
