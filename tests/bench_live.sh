#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What contree costs under auditd, beside laurel: both are plugins of the
# same auditd, while something in a container executes /bin/true 100 and 300
# times a second, and as often as it can. And whether auditd writes its own
# log as fast with contree as with cat for a plugin, or with laurel.
#
# usage: tests/bench_live.sh [-r ROUNDS] [-s SECONDS] [-d FILE] BUILD_DIR
#
#   -r   so many interleaved rounds of the bursts; 5
#   -s   how long each of the paced parts is to take; 10
#   -d   the document to put the table into; none for none
#
# As root, where no audit daemon runs. As in live.sh, everything runs in a
# mount namespace; audit's settings and rules are put back at the end.

# shellcheck disable=SC2034,SC2154 # variables are shared with */*.sh
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
patience=300	# seconds; how long anything is waited for

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/live/ground.sh"
. "$here/live/world.sh"
. "$here/live/runs.sh"
. "$here/live/delay.sh"
. "$here/bench/common.sh"
. "$here/bench/live.sh"

if [ -z "${LIVE_OUTSIDE:-}" ]; then
	check_machine
fi
enter_namespace "$0" "$@"

rounds=5
seconds=10
document=$here/../docs/PERFORMANCE.md
while getopts r:s:d: option; do
	case $option in
	r) rounds=$OPTARG ;;
	s) seconds=$OPTARG ;;
	d) document=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
build=$(cd "${1:-build}" && pwd) || exit 1
work=$build/work
find_laurel

make_scratch
hide_machine
start_syslogd
install_plugin
configure_auditd
add_peers
start_containerd
start_dockerd
make_image
make_load

beside_each_other
auditd_with_each
{ print_costs; print_bursts; } | publish live
[ $failed = no ]
