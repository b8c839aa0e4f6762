#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The scoreboard: how much of what really happens does contree tell, and is
# all of it true? Runs scenarios in containers (live/scenarios.sh) beside a
# real auditd, contree, containerd and dockerd. Meanwhile a recorder
# (recorder.c) that shares no code with the plugin listens to the kernel's
# proc connector; what it saw is what contree's JSON log is held against
# (accuracy.c). Prints a table, a row a scenario, then each difference in
# words.
#
# usage: tests/scoreboard.sh [-s "SCENARIO..."] [BUILD_DIR [RULES WITNESS]...]
#
#   RULES       full: conf/30-contree.rules; lean: conf/30-contree-lean.rules
#   WITNESS     auto: every process is demanded, with its true end
#               off: of these, what audit lets anyone hear; a vpid that is
#               a neighbour's is shown, and does not count
#   -s          only these scenarios
#   DIFFERENCES=30 (environment) how many of a scenario are shown
#   KEEP=1      (environment) keep the scratch directory. In it, each
#               scenario's directory is a recording: try
#               tests/accuracy --live=all SCRATCH/full-auto/shell
#
# Without RULES and WITNESS: full auto, lean auto, full off. Exit status 1 if
# anything is not 100.0 %; 77, and why, if it cannot run here, which with CI
# set is a failure. Needs root, and is alone with the kernel's audit: a second
# one waits for the first.
#
# As in live.sh, everything runs in a mount namespace with a /run of its own;
# audit's settings, its rules and pid_max are put back at the end.

# shellcheck disable=SC2034,SC2154 # variables are shared with live/*.sh
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
patience=60	# seconds; how long anything is waited for

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/live/ground.sh"
. "$here/live/world.sh"
. "$here/live/runs.sh"
. "$here/live/record.sh"
. "$here/live/scenarios.sh"

usage() {
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
}

check_scoreboard() {
	check_machine
	for command in ${CC:-cc} dmesg nsenter stat; do
		command -v "$command" >/dev/null || skip "there is no $command"
	done
}

if [ -z "${LIVE_OUTSIDE:-}" ]; then
	check_scoreboard
fi
enter_namespace "$0" "$@"

if [ "${1:-}" = -s ]; then
	[ $# -ge 2 ] || usage
	scenarios=$2
	shift 2
fi
build=${1:-$here/../build}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- full auto lean auto full off
[ $(($# % 2)) -eq 0 ] || usage

make_scratch
wrong=no

# --- one table

# set_option NAME VALUE: in the plugin's configuration, if it has that option.
# Without a witness at all is as good as with none.
set_option() {
	sed -i "/^$1 = /d" "$conf"
	if grep -aqw "$1" "$plugin"; then
		echo "$1 = $2" >>"$conf"
	elif [ "$1 $2" != "witness off" ]; then
		die "the plugin has no option $1"
	fi
}

configure_plugin() {
	case $1 in
	auto|off) set_option witness "$1" ;;
	*) die "a witness is auto or off, not $1" ;;
	esac
	set_option log_size 0
	! grep -q '^state = ' "$conf" ||
		set_option state "$scratch/state.$table"
}

load_rule_set() {
	auditctl -D >/dev/null
	case $1 in
	full) file=$etc/rules.d/30-contree.rules ;;
	lean) file=$here/../conf/30-contree-lean.rules ;;
	*) die "no rules are called $1" ;;
	esac
	auditctl -b 65536 >/dev/null || die "auditctl -b"
	auditctl -R "$file" >"$scratch/rules" 2>&1 || {
		cat "$scratch/rules"
		die "auditctl -R $file"
	}
}

# The first time for all, auditd must be before containerd, so that audit
# knows of that.
begin_table() {
	configure_plugin "$2"
	start_auditd
	load_rule_set "$1"
	[ -z "$containerd_pid" ] || return 0
	start_containerd
	start_dockerd
	make_image
}

# No name has forged a line, or can drive a terminal.
check_logs_are_safe() {
	[ "$(wc -l <"$scratch/log/contree.log")" -eq \
		"$(wc -l <"$scratch/log/contree.json")" ] || {
		echo "DIFFERENT: the logs are not of as many lines"
		wrong=yes
	}
	for log in log json; do
		if LC_ALL=C grep -aqP '[\x00-\x08\x0b-\x1f\x7f]' \
			"$scratch/log/contree.$log" ||
		   ! iconv -f UTF-8 -t UTF-8 "$scratch/log/contree.$log" \
			>/dev/null 2>&1; then
			echo "DIFFERENT: contree.$log has bytes it must not"
			wrong=yes
		fi
	done
}

end_table() {
	now_lost=$(audit lost)
	[ "$now_lost" = "$was_lost" ] || {
		echo "DIFFERENT: the kernel lost $((now_lost - was_lost)) records"
		was_lost=$now_lost
		wrong=yes
	}
	stop_auditd
	check_logs_are_safe
	mv "$scratch/log" "$scratch/$table/log"
	mkdir "$scratch/log"
}

run_scenarios() {
	for scenario in $scenarios; do
		if [ "$scenario" = i386 ] && [ -n "$no_i386" ]; then
			[ -z "${CI:-}" ] || wrong=yes
			echo "SKIP: i386: $no_i386"
			continue
		fi
		scenario "$scenario"
		[ "$scenario" != wrap ] || check_wrap
	done
}

# The table, and of each scenario's differences so many
show_said() {
	awk -v most="${DIFFERENCES:-30}" '
		!match($0, /^[a-z0-9]+: /) { print; next }
		n[substr($0, 1, RLENGTH)]++ < most
		END {
			for (name in n)
				if (n[name] > most)
					print name "and " n[name] - most \
						" more differences"
		}' "$1"
}

# Of all tables, once more, what is not as it should be
show_wrong() {
	for said in "$scratch"/*/said; do
		echo
		echo "different in $(basename "$(dirname "$said")"):"
		show_said "$said" | grep -a '^[a-z0-9]*: ' | head -n 30
	done
}

# make_table RULES WITNESS
make_table() {
	table=$1-$2
	echo
	echo "=== rules: $1, witness: $2"
	begin_table "$1" "$2"
	scenario=
	settle
	run_scenarios
	end_table
	demand=all
	[ "$2" != off ] || demand=audible
	set --
	for scenario in $scenarios; do
		[ ! -e "$scratch/$table/$scenario/truth.jsonl" ] ||
			set -- "$@" "$scratch/$table/$scenario"
	done
	echo
	"$build/tests/accuracy" --live=$demand "$@" >"$scratch/$table/said" ||
		wrong=yes
	show_said "$scratch/$table/said"
}

hide_machine
start_syslogd
make -C "$build" tests/accuracy tests/recorder >"$scratch/make" 2>&1 || {
	cat "$scratch/make"
	die "make tests/accuracy tests/recorder"
}
install_plugin
build_programs
while [ $# -gt 0 ]; do
	make_table "$1" "$2"
	shift 2
done
[ $wrong = no ] || show_wrong
[ $wrong = no ]
