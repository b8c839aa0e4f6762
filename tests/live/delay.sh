# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How long after the audit record of a command its line is in the log. The
# record's time is that of the call's entry, and a jiffy coarse. Part of
# restart.sh.

# Two commands a round, and the shell itself
# shellcheck disable=SC2016 # its own variables
paced_script='i=0; while [ $i -lt 300 ]; do i=$((i + 1))
	/bin/true $i; /bin/sleep 0.02; done; exit 0'
paced_execs=601

start_stamp() {
	stamp=$scratch/stamp
	[ -x "$stamp" ] || ${CC:-cc} -D_GNU_SOURCE -O1 -Wall -Wextra \
		-o "$stamp" "$here/live/stamp.c" || die "cc stamp.c"
	"$stamp" "$scratch/log/contree.json" >"$scratch/stamps" \
		2>"$scratch/stamp.out" &
	recorder_pid=$!
	await "stamp is ready" grep -qx ready "$scratch/stamp.out"
}

stop_stamp() {
	stop "$recorder_pid"
	recorder_pid=
}

# Serials of the container's exec lines
exec_serials() {
	jq -r --arg id "$1" 'select(.event.action == "exec" and
		.container.id == $id and (.contree.role |
			IN("init", "exec", "member"))) | .event.sequence' \
		"$scratch/log/contree.json"
}

# Of each serial: when its line came, less the time of its record
delays() {
	awk '
		FILENAME == ARGV[1] { wanted[$1] = 1; next }
		FILENAME == ARGV[2] { if ($2 in wanted) came[$2] = $1; next }
		/^(node=[^ ]* )?type=SYSCALL / && match($0,
				/msg=audit\([0-9.]*:[0-9]*\)/) {
			split(substr($0, RSTART + 10, RLENGTH - 11), at, ":")
			if (at[2] in came)
				printf "%.3f\n", came[at[2]] - at[1] * 1000
		}' "$scratch/serials" "$scratch/stamps" \
		"$scratch/audit/audit.log" | sort -n
}

# measure ID WHAT
measure() {
	start_stamp
	ctr_run "$1" sh -c "$paced_script"
	came $? 0 "ctr run $1"
	[ "$2" = alone ] || stop_churn
	settle
	stop_stamp
	exec_serials "$1" >"$scratch/serials"
	delays >"$scratch/delays"
	same "$2: each command of the container is in the log, once" \
		"$(sort -u "$scratch/serials" | wc -l) $(
			wc -l <"$scratch/serials")" "$paced_execs $paced_execs"
	same "$2: and auditd's log has its record" \
		"$(wc -l <"$scratch/delays")" "$paced_execs"
	awk -v what="$2" '
		{ d[NR] = $1 }
		function p(q) { n = int(NR * q / 100 + 0.999999)
			return d[n < 1 ? 1 : n] }
		END { printf "delay   %s: n %d, p50 %.1f ms, p99 %.1f ms, most %.1f ms\n",
			what, NR, p(50), p(99), p(100) }' "$scratch/delays"
}

part_delay() {
	watch
	measure delay-alone alone
	start_churn delay
	measure delay-beside "beside eight that churn"
	remove_churn
	settle
	stop_auditd
	begin_log delay
	rm -f "$scratch/log/"state*
}
