#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin comes late, and comes back: under a real auditd, beside a real
# containerd and Docker.
#
#   census   it starts after six containers: its log must have who /proc has;
#            so again where the state is of another boot, or damaged
#   delay    how long after a command's record its line is in the log
#   restart  plugin, auditd and containerd are killed and started again while
#            containers churn: nobody is told twice, or lost, or renamed
#
# usage: tests/restart.sh [-p "PART..."] [BUILD_DIR]
#
#   -p       only these parts, in this order
#   ROUNDS=20, SEED=N (environment) of the restarts
#   KEEP=1   (environment) keep the scratch directory
#
# Exit status 77, and why: it cannot run here. With CI set that is a failure.
# It needs a kernel with the proc connector.
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
. "$here/live/delay.sh"
. "$here/live/restart.sh"

if [ -z "${LIVE_OUTSIDE:-}" ]; then
	check_machine
	grep -qsw cn_proc /proc/net/connector ||
		skip "this kernel has no proc connector"
	for command in ${CC:-cc} stat; do
		command -v "$command" >/dev/null || skip "there is no $command"
	done
fi
enter_namespace "$0" "$@"

parts="census delay restart"
if [ "${1:-}" = -p ]; then
	parts=${2:-}
	shift 2
fi
build=${1:-$here/../build}

make_scratch
hide_machine
start_syslogd
install_plugin
configure_plugin
start_containerd
start_dockerd
make_image

for part in $parts; do
	case $part in
	census | delay | restart) "part_$part" ;;
	*) die "no part is called $part" ;;
	esac
done
[ $failed = no ]
