# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench_live.sh measures.

calm=2		# seconds without a new line, after which no more comes
burst=3000	# executions, each of some 14 records

# laurel and cat as plugins of auditd's, in files that are not read yet.
# laurel has Debian's configuration, but for the user, which is not there.
add_peers() {
	sed -i 's/^log_size = .*/log_size = 0/' "$conf"
	sed -i "s|^state = .*|state = $scratch/log/state|" "$conf"
	mkdir -p "$scratch/laurel" "$scratch/peers"
	install -m 0750 "$laurel" "$scratch/laurel.exe"
	laurel_conf=$(dirname "$laurel")/../../etc/laurel/config.toml
	sed -e "s|^directory = .*|directory = \"$scratch/laurel\"|" \
		-e '/^user = /d' "$laurel_conf" >"$scratch/laurel.toml" ||
		die "no configuration of laurel's"
	printf '#!/bin/sh\nexec /bin/cat >%s\n' "$scratch/stream" \
		>"$scratch/cat.sh"
	chmod 0750 "$scratch/cat.sh"
	describe_plugin laurel "$scratch/laurel.exe" \
		"--config $scratch/laurel.toml"
	describe_plugin cat "$scratch/cat.sh" ""
	mv "$etc/plugins.d/contree.conf" "$scratch/peers/"
}

describe_plugin() {
	cat >"$scratch/peers/$1.conf" <<-END
	active = yes
	direction = out
	path = $2
	type = always
	args = $3
	format = string
	END
	[ -n "$3" ] || sed -i '/^args/d' "$scratch/peers/$1.conf"
	chmod 0640 "$scratch/peers/$1.conf"
}

exe_of() {
	case $1 in
	contree) echo "$plugin" ;;
	laurel) echo "$scratch/laurel.exe" ;;
	cat) readlink -f /bin/cat ;;
	esac
}

# find_child NAME: into $child_pid auditd's child of that name
find_child() {
	for status in $(grep -ls "^PPid:[[:space:]]*$auditd_pid\$" \
			/proc/[0-9]*/status); do
		child_pid=${status#/proc/}
		child_pid=${child_pid%/status}
		[ "$(readlink "/proc/$child_pid/exe")" != "$(exe_of "$1")" ] ||
			return 0
	done
	return 1
}

# auditd_with PLUGIN...: from here on, with our rules
auditd_with() {
	rm -f "$etc/plugins.d"/*.conf "$scratch/audit"/* "$scratch/stream" \
		"$scratch/log"/* "$scratch/laurel"/*
	for each; do
		cp -p "$scratch/peers/$each.conf" "$etc/plugins.d/"
	done
	auditd -n -c "$etc" >"$scratch/auditd.out" 2>&1 &
	auditd_pid=$!
	await "auditd starts" has_audit_pid
	for each; do
		await "auditd starts $each" find_child "$each"
		plugin_pid=$child_pid
	done
	auditctl -D -k contree >/dev/null
	load_rules
}

# --- the load

make_load() {
	${CC:-cc} -D_GNU_SOURCE -static -O1 -Wall -Wextra \
		-o "$scratch/go/execs" "$here/bench/execs.c" ||
		die "cc -static execs.c"
	mkfifo "$scratch/go/todo"
}

# start_load ID: a container that does what it is told through fd 7
start_load() {
	: >"$scratch/go/told"
	exec 7<>"$scratch/go/todo"
	(
		exec 7<&-
		patience=3600
		ctr_run "$1" /go/execs /go/todo /go/told >"$scratch/load.out" 2>&1
	) &
	load_pid=$!
	work_through 0 1
}

# work_through RATE COUNT: into $took the seconds
work_through() {
	: >"$scratch/go/told"
	echo "$1 $2" >&7
	# whoever polls executes something, too
	[ "$1" -eq 0 ] || sleep $(($2 / $1))
	await "the container has executed $2" test -s "$scratch/go/told"
	took=$(cat "$scratch/go/told")
}

stop_load() {
	exec 7>&-
	wait $load_pid
	came $? 0 "the load"
}

# auditd hands on what it hears in order, so that a command executed now comes
# after the load. This script's own commands are in auditd's log and in
# laurel's, too, which therefore are never quiet; contree's is.
mark() {
	marks=$((${marks:-0} + 1))
	/bin/true "$name-mark-$marks"
}

# has_mark FILE...
has_mark() {
	grep -qas "$name-mark-$marks\"" "$@"
}

settle() {
	mark
	await "auditd's log has it all" has_mark "$scratch/audit/audit.log"
	[ ! -e "$scratch/laurel/audit.log" ] ||
		await "laurel's log has it all" has_mark \
			"$scratch/laurel/audit.log" "$scratch/laurel/audit.log.1"
	[ -e "$scratch/log/contree.json" ] || return 0
	size=
	while [ "$size" != "$(stat -c %s "$scratch/log/contree.json")" ]; do
		size=$(stat -c %s "$scratch/log/contree.json")
		sleep $calm
	done
}

# --- beside each other

# cpu_of NAME: ns that auditd's child, or auditd, has used
cpu_of() {
	child_pid=$auditd_pid
	[ "$1" = auditd ] || find_child "$1" || die "$1 is gone"
	cat "/proc/$child_pid/task"/*/schedstat |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

measured="auditd contree laurel"

read_clocks() {
	for who in $measured; do
		echo "$(cpu_of "$who")"
	done
}

# measure_rate RATE COUNT: a line of what 1,000 cost, and of the delay. Whoever
# looks when each line comes is woken by the one who writes it, and is not
# there while that one's CPU is measured.
measure_rate() {
	settle
	records=$(wc -l <"$scratch/audit/audit.log")
	before=$(read_clocks)
	work_through "$1" "$2"
	settle
	after=$(read_clocks)
	records=$(($(wc -l <"$scratch/audit/audit.log") - records))
	cost="$2 $took"
	start_stamp
	work_through "$1" "$2"
	settle
	stop_stamp
	exec_serials load >"$scratch/serials"
	delays >"$scratch/delays"
	# shellcheck disable=SC2086 # numbers
	echo $before $after $cost "$(wc -l <"$scratch/delays")" "$records" |
		awk '{ printf "%d %.0f", $7, $7 / $8
			for (i = 1; i <= 3; i++)
				printf " %.3f", ($(i + 3) - $i) / 1e6 / $7 * 1000
			printf " %d %.1f", $9, $10 / $7 }'
	awk '{ d[NR] = $1 }
		function p(q) { n = int(NR * q / 100 + 0.999999)
			return d[n < 1 ? 1 : n] }
		END { printf " %.1f %.1f\n", p(50), p(99) }' "$scratch/delays"
}

beside_each_other() {
	auditd_with contree laurel
	start_load load
	for rate in 100 300 0; do
		count=$((rate * seconds))
		[ $rate -gt 0 ] || count=$((1000 * seconds))
		measure_rate $rate $count >>"$scratch/costs"
	done
	stop_load
	stop_plugins
}

stop_plugins() {
	kill -TERM "$auditd_pid"
	await "auditd ends" is_gone "$auditd_pid"
	await "its plugin ends" is_gone "$plugin_pid"
	auditd_pid=
}

print_costs() {
	echo "CPU in ms for 1,000 executions; the delay from an audit record's"
	echo "time to its line in contree's JSON log. Records are all that auditd"
	echo "wrote meanwhile, the host's own work included."
	echo
	echo "| executions/s | records each | auditd | contree | laurel |" \
		"contree ÷ laurel | delay p50 ms | p99 ms |"
	echo "|---:|---:|---:|---:|---:|---:|---:|---:|"
	awk '{
		if ($6 != $1)
			missing = missing sprintf("%d of %d lines came at %d/s.\n",
				$6, $1, $2)
		printf "| %d | %.1f | %.0f | %.0f | %.0f | %.2f | %.1f | %.1f |\n",
			$2, $7, $3, $4, $5, $4 / $5, $8, $9
	} END { if (missing) printf "\n%s", missing }' "$scratch/costs"
}

# --- auditd with each

# Until auditd's log has what came after the burst.
measure_burst() {
	auditd_with "$1"
	start_load "burst-$1-$2"
	settle
	lost=$(audit lost)
	size=$(stat -c %s "$scratch/audit/audit.log")
	cpu=$(cpu_of auditd)
	began=$(date +%s.%N)
	work_through 0 $burst
	mark
	until has_mark "$scratch/audit/audit.log"; do
		sleep 0.05
	done
	ended=$(date +%s.%N)
	echo "$1 $began $ended $size $(stat -c %s "$scratch/audit/audit.log")" \
		"$cpu $(cpu_of auditd) $lost $(audit lost) $took" |
		awk '{ s = $3 - $2
			printf "%s %.2f %.2f %.2f %.0f %d\n", $1,
				($5 - $4) / 1e6 / s, $10, s - $10,
				($7 - $6) / 1e6, $9 - $8 }' \
		>>"$scratch/bursts"
	stop_load
	stop_plugins
}

auditd_with_each() {
	for round in $(seq "$rounds"); do
		for each in cat contree laurel; do
			measure_burst $each $round
		done
	done
}

burst_column() {
	awk -v name="$1" -v column="$2" '$1 == name { print $column }' \
		"$scratch/bursts" | median
}

print_bursts() {
	echo
	echo "auditd's own log, while $burst are executed as fast as can be;"
	echo "medians of $rounds interleaved rounds."
	echo
	echo "| auditd's only plugin | MB/s into its log | executed in s |" \
		"the last record after s | auditd's CPU ms | records lost |"
	echo "|---|---:|---:|---:|---:|---:|"
	for each in cat contree laurel; do
		echo "| $each | $(burst_column $each 2) | $(burst_column $each 3)" \
			"| $(burst_column $each 4) | $(burst_column $each 5)" \
			"| $(burst_column $each 6) |"
	done
}
