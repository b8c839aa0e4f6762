#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What contree costs, on long logs made of the captures, beside a bare
# auparse feeder (the floor), laurel and cat.
#
#   files   wall, CPU, records a second and memory, over a million records
#   flat    the cost of a record in short logs and in long ones
#   alive   the same while few or many processes are alive
#   births  the cost of a birth while many of one parent are not settled
#   size    memory with 100,000 processes in 1,000 containers, and after
#
# usage: tests/bench.sh [-r ROUNDS] [-n RECORDS] [-d FILE] BUILD_DIR [PART...]
#
#   -r   so many interleaved rounds of files, flat and alive; 5
#   -n   records of files and alive, and the middle one of flat; 1000000
#   -d   the document to put the tables into; none for none
#
# What is built is to be optimised and without sanitizers. The plugin reads
# from a file, with witness, names and state off; laurel has Debian's
# configuration, but stays the user it is started by.

# shellcheck disable=SC2034,SC2154 # variables are shared with bench/*.sh
set -u
LC_ALL=C.UTF-8
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/bench/common.sh"

rounds=5
records=1000000
document=$here/../docs/PERFORMANCE.md
while getopts r:n:d: option; do
	case $option in
	r) rounds=$OPTARG ;;
	n) records=$OPTARG ;;
	d) document=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
build=$(cd "${1:-build}" && pwd) || exit 1
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- files flat alive births size

work=$build/work
out=$work/out
mkdir -p "$work"
find_laurel
trap 'rm -rf "$out" "$work"/*.log "$work"/results*' EXIT
trap 'exit 1' HUP INT TERM

# --- what is measured, and on what

# The fields that stay as they are in the file are laurel's defaults.
configure() {
	for logs in both json; do
		cat >"$work/$logs.conf" <<-END
		text_log = $out/contree.log
		json_log = $out/contree.json
		log_group = $(id -gn)
		state = none
		witness = off
		names = off
		END
	done
	sed -i 's|^text_log = .*|text_log = none|' "$work/json.conf"
	laurel_conf=$(dirname "$laurel")/../../etc/laurel/config.toml
	[ -e "$laurel_conf" ] || laurel_conf=/etc/laurel/config.toml
	sed -e "s|^directory = .*|directory = \"$out\"|" -e '/^user = /d' \
		"$laurel_conf" >"$work/laurel.toml" ||
		bench_die "no configuration of laurel's"
}

# generate NAME ARGUMENT...
generate() {
	log=$work/$1.log
	shift
	# shellcheck disable=SC2046 # none of their names has a blank
	"$build/tests/bench/generate" -h "$here/bench/host" \
		-A "$here/captures/basic" "$@" \
		$(dirname "$here"/captures/*/audit.log) >"$log" \
		2>"$work/plays" || { cat "$work/plays" >&2; exit 1; }
}

# run CONTENDER LOG RESULTS: adds a line, the contender's name in front
run() {
	rm -rf "$out"
	mkdir -p "$out"
	case $1 in
	floor*) set -- "$@" "$build/tests/bench/floor" ;;
	cat) set -- "$@" sh -c "exec cat >$out/cat" ;;
	contree) set -- "$@" "$build/audisp-contree" -c "$work/both.conf" ;;
	json) set -- "$@" "$build/audisp-contree" -c "$work/json.conf" ;;
	laurel) set -- "$@" "$laurel" -c "$work/laurel.toml" ;;
	esac
	contender=$1
	input=$work/$2.log
	results=$3
	shift 3
	took=$("$build/tests/bench/spent" "$input" "$@" 2>"$work/stderr") || {
		cat "$work/stderr" >&2
		exit 1
	}
	echo "$contender $took" >>"$results"
	check_output "$contender"
}

# Fast is only who has done the work.
check_output() {
	case $1 in
	contree | json)
		! grep -q '"action":"lost"' "$out"/contree.json* ||
			bench_die "the plugin dropped something" ;;
	laurel)
		[ -s "$out/audit.log" ] || bench_die "laurel wrote nothing" ;;
	esac
}

lines() {
	wc -l <"$work/$1.log"
}

# column CONTENDER NUMBER RESULTS: its median; CPU is column 0
column() {
	awk -v name="$1" -v column="$2" '$1 == name {
		print column ? $column : $3 + $4 }' "$3" | median
}

# --- files

# In this order. floor-all reads the same as the others; floor what auparse
# can bring to an end.
contenders="floor floor-all cat contree json laurel"

describe() {
	case $1 in
	floor) echo "auparse alone (the floor)" ;;
	floor-all) echo "auparse alone, with ANOM_ABEND¹" ;;
	cat) echo "cat to a file" ;;
	contree) echo "**contree**, both logs" ;;
	json) echo "**contree**, JSON log only" ;;
	laurel) echo "laurel" ;;
	esac
}

part_files() {
	generate million -n "$records"
	grep -av '^type=ANOM_ABEND ' "$work/million.log" >"$work/plain.log"
	rm -f "$work/results"
	for _ in $(seq "$rounds"); do
		for who in $contenders; do
			case $who in
			floor) run "$who" plain "$work/results" ;;
			*) run "$who" million "$work/results" ;;
			esac
		done
	done
	print_files | publish files
	rm -f "$work/plain.log" "$work/million.log"
}

print_files() {
	n=$(lines million)
	echo "$n records, $(($(wc -c <"$work/million.log") / 1000000)) MB;" \
		"medians of $rounds interleaved runs."
	echo
	echo "| | wall s | CPU s | records/s | RSS MiB | wall ÷ floor |" \
		"CPU ÷ floor | wall ÷ laurel | CPU ÷ laurel |"
	echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
	for who in $contenders; do
		echo "$(describe "$who")|$(column "$who" 2 "$work/results")|$(
			column "$who" 0 "$work/results")|$(
			column "$who" 5 "$work/results")|$who"
	done >"$work/results.medians"
	awk -F '|' -v n="$n" '
		NR == FNR { wall[$5] = $2; cpu[$5] = $3; next }
		{ printf "| %s | %.2f | %.2f | %.0f | %.1f | %.2f | %.2f | %.3f | %.3f |\n",
			$1, $2, $3, n / $2, $4 / 1024,
			$2 / wall["floor"], $3 / cpu["floor"],
			$2 / wall["laurel"], $3 / cpu["laurel"] }' \
		"$work/results.medians" "$work/results.medians"
	cat <<-'END'

	¹ An ANOM_ABEND record never completes in auparse: it holds back what
	comes behind it for two seconds of the log's time, and each event that was
	held makes each later call slower. All others read the log with these
	records in it.
	END
}

# --- flat

part_flat() {
	sizes="$((records / 10)) $records $((records * 10))"
	for size in $sizes; do
		generate "$size" -n "$size"
		rm -f "$work/results.$size"
		for _ in $(seq "$rounds"); do
			run contree "$size" "$work/results.$size"
			run json "$size" "$work/results.$size"
		done
		lines "$size" >"$work/results.lines.$size"
		rm -f "$work/$size.log"
	done
	print_flat | publish flat
}

# per_record SECONDS RECORDS: ns
per_record() {
	awk -v s="$1" -v n="$2" 'BEGIN { printf "%.0f", s * 1e9 / n }'
}

print_flat() {
	echo "| records | wall ns/record | CPU ns/record | RSS MiB |" \
		"JSON only: wall | CPU |"
	echo "|---:|---:|---:|---:|---:|---:|"
	for size in $sizes; do
		results=$work/results.$size
		n=$(cat "$work/results.lines.$size")
		echo "| $n" \
			"| $(per_record "$(column contree 2 "$results")" "$n")" \
			"| $(per_record "$(column contree 0 "$results")" "$n")" \
			"| $(($(column contree 5 "$results" | cut -d. -f1) / 1024))" \
			"| $(per_record "$(column json 2 "$results")" "$n")" \
			"| $(per_record "$(column json 0 "$results")" "$n") |"
	done
}

# --- alive

# The records while they are alive cost what is left when the births alone
# are taken off. The records bear the name of another node, so that nobody
# looks for these processes in /proc.
part_alive() {
	for alive in 10 1000 100000; do
		set -- -N far -k -a $alive -c $(((alive + 99) / 100))
		generate births -n 0 "$@"
		generate while -n "$records" "$@"
		rm -f "$work/results.$alive"
		for _ in $(seq "$rounds"); do
			run contree births "$work/results.births"
			run contree while "$work/results.while"
			paste -d' ' "$work/results.births" \
				"$work/results.while" |
				awk '{ print $7 - $2, $8 + $9 - $3 - $4 }' \
					>>"$work/results.$alive"
			rm "$work/results.births" "$work/results.while"
		done
		echo $(($(lines while) - $(lines births))) \
			>"$work/results.lines.$alive"
		rm -f "$work/births.log" "$work/while.log"
	done
	print_alive | publish alive
}

print_alive() {
	echo "| alive | wall ns/record | CPU ns/record |"
	echo "|---:|---:|---:|"
	for alive in 10 1000 100000; do
		n=$(cat "$work/results.lines.$alive")
		wall=$(cut -d' ' -f1 "$work/results.$alive" | median)
		cpu=$(cut -d' ' -f2 "$work/results.$alive" | median)
		echo "| $alive | $(per_record "$wall" "$n")" \
			"| $(per_record "$cpu" "$n") |"
	done
}

# --- births

part_births() {
	rm -f "$work/results.births"
	for _ in $(seq "$rounds"); do
		for unsettled in 10 100 1000 5000; do
			"$build/tests/bench/births" $unsettled \
				>>"$work/results.births" || bench_die "births"
		done
	done
	print_births | publish births
}

print_births() {
	echo "| children that are not settled | CPU ns/birth | births/s |"
	echo "|---:|---:|---:|"
	for unsettled in 10 100 1000 5000; do
		ns=$(column $unsettled 2 "$work/results.births")
		echo "| $unsettled | $ns |" \
			"$(awk -v ns="$ns" 'BEGIN { printf "%.0f", 1e9 / ns }') |"
	done
}

# --- size

pause=20	# seconds of the log's time, where the plugin gets half of it

# measure NAME [-x FILE] LOG AT... -- COMMAND...: its lines are in results.NAME
measure() {
	name=$1
	shift
	set -- "$@"
	rm -rf "$out"
	mkdir -p "$out"
	"$build/tests/bench/resident" "$@" >"$work/results.$name" ||
		bench_die "$name"
}

# Some execute what others do.
measure_alike() {
	generate size -N far -n 0 -a 100000 -c 1000 -w $pause
	# shellcheck disable=SC2046 # numbers
	measure alike $((pause / 2)) "$work/size.log" \
		$(sed -n 's/^pause //p' "$work/plays") -- \
		"$build/audisp-contree" -c "$work/both.conf"
	check_output contree
	rm -f "$work/size.log"
}

# Each executes something of its own, and the state is on. Then the log's
# node is this host, and the plugin would look for them in /proc.
measure_own() {
	crowd=$build/tests/crowd_log
	end=$("$crowd" rise 1700000000000 1000 100 100 0 2>&1 >"$work/own.log")
	rise=$(wc -c <"$work/own.log")
	"$crowd" fall $((end + 1000 * pause)) 1000 100 100 0 2>"$work/stderr" \
		>>"$work/own.log"
	sed "s|^state = .*|state = $out/state|" "$work/both.conf" \
		>"$work/state.conf"
	# shellcheck disable=SC2046 # one word, or none
	measure own -x "$out/state" $((pause / 2)) "$work/own.log" "$rise" \
		$((rise + 20000)) -- \
		unshare -m $(own_root) sh "$here/bench/without_proc.sh" "$build" \
		"$build/audisp-contree" -c "$work/state.conf"
	! grep '"action":"lost"' "$out/contree.json" | grep -qv serials ||
		bench_die "the plugin dropped something"
	[ -s "$out/state" ] || bench_die "there is no state"
	rm -f "$work/own.log"
}

# unshare's option for who is not root
own_root() {
	[ "$(id -u)" -eq 0 ] || echo --map-root-user
}

# rows RESULTS ROW|...: a row for each line that has a name
rows() {
	awk -v names="$2" '
		BEGIN { split(names, name, "|") }
		name[NR] != "" {
			printf "| %s | %.1f | %.1f |\n", name[NR],
				$1 / 1024, $2 / 1024 }' "$work/results.$1"
}

part_size() {
	measure_alike
	measure_own
	{
		echo "| | RSS MiB | at most since the row above |"
		echo "|---|---:|---:|"
		rows alike "before the first record|one container, its init and shim|100,000 processes in 1,000 containers|all of them have ended"
		rows own "the same with the state on: before the first record|100,000 processes, each with arguments of its own|some of them have ended; the state was removed, and is written anew|all of them have ended; likewise"
	} | publish size
}

configure
for part; do
	case $part in
	files | flat | alive | births | size) "part_$part" ;;
	*) bench_die "no part is called $part" ;;
	esac
done
