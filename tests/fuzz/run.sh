#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-s SEED] SOURCE BUILD SECONDS [NAME...]: runs the fuzzers that were
# built in BUILD, or those named, each for so long, as many at once as there
# are processors. Each goes on from where it was, in BUILD/corpus/NAME; with
# -s, it begins anew, and tries the same inputs in the same order each time.
# What it finds is left in BUILD/found. In the end, a line for each: how often
# it ran, which edges of all the code in it were taken, and how many of the
# lines that it is there for.

set -u
all="gate event tree config bundle state"

# The files of plugin/ that a fuzzer is there for.
files_of() {
	case $1 in
	gate) echo gate gaps ;;
	event) echo assemble extract field ;;
	tree) (cd "$source/plugin" && ls tree*.c) | sed 's/\.c$//'
		echo merge timers invocation ;;
	config) echo config option ;;
	bundle) echo bundle beneath nametag ;;
	state) echo state state_load state_told tree_restore ;;
	esac
}

# The share of their lines that were run, of all the time.
coverage() {
	for file in $(files_of "$1"); do
		set -- "$@" "$source/plugin/$file.c"
	done
	program=$build/tests/fuzz/fuzz_$1
	profile=$build/log/$1.profdata
	shift
	llvm-profdata merge -o "$profile" "${profile%data}raw" &&
		llvm-cov report "$program" -instr-profile="$profile" "$@" |
		awk '$1 == "TOTAL" { print $10 }'
}

# What its log says of a finding: what was wrong, every stack without the
# fuzzer's own frames, and the input.
finding() {
	name=$1
	log=$2
	awk '
	/ERROR: |runtime error: / && !found {
		found = 1
		for (i = NR - 3; i < NR; i++)
			print "    " line[i % 3]
	}
	{ line[NR % 3] = $0 }
	found && !/ in (fuzzer::|main |_start |__libc_start)/ { print "    " $0 }
	/^SUMMARY: / { exit }
	END {
		for (i = NR; !found && i < NR + 3; i++)
			print "    " line[(i + 1) % 3]
	}' "$log"
	file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	if [ -f "$file" ]; then
		echo "    The input, for base64 -d | gunzip:"
		gzip -9n <"$file" | base64 | sed 's/^/    /'
	fi
	echo "FOUND by $name: $file; again by" \
		"$build/tests/fuzz/fuzz_$name $file"
}

one() {
	name=$1
	log=$build/log/$name
	corpus=$build/corpus/$name
	set --
	if [ "$seed" ]; then
		corpus=$build/tmp/corpus-$name
		# What else it goes by is addresses and time.
		set -- -seed="$seed" -use_cmp=0 -entropic=0
	fi
	mkdir -p "$corpus" "$build/log" "$build/found"
	rm -f "$log.profraw"
	if ! LLVM_PROFILE_FILE=$log.profraw TMPDIR=$build/tmp \
	   "$build/tests/fuzz/fuzz_$name" "$@" \
		-max_total_time="$seconds" -max_len=16384 -timeout=25 \
		-print_final_stats=1 -artifact_prefix="$build/found/$name-" \
		"$corpus" "$build/seeds/$name" >"$log" 2>&1; then
		finding "$name" "$log" >"$log.found"
		cat "$log.found"	# at once: another may find something
		return 1
	fi
	awk -v name="$name" -v lines="$(coverage "$name")" '
	/INFO: Loaded .* counters/ {
		sub(/.*\(/, "")
		sub(/ .*/, "")
		edges = $0
	}
	/\tDONE / { taken = $4 }
	/number_of_executed_units/ { runs = $2 }
	/average_exec_per_sec/ { rate = $2 }
	END {
		printf "%-8s %10d runs, %6d a second, %5d of %5d edges, %s of its lines\n",
			name, runs, rate, taken, edges, lines
	}' "$log"
}

if [ "$1" = -1 ]; then
	source=$2
	build=$3
	seconds=$4
	seed=$5
	one "$6"
	exit
fi

seed=
if [ "$1" = -s ]; then
	seed=$2
	shift 2
fi
source=$1
build=$2
seconds=$3
shift 3
[ $# -gt 0 ] || set -- $all
for name; do
	case " $all " in
	*" $name "*) ;;
	*) echo "no fuzzer is called $name: $all"; exit 1 ;;
	esac
done
# What a fuzzer that found something could not tidy up is in tmp.
rm -rf "$build/seeds" "$build/tmp"
mkdir -p "$build/tmp"
LLVM_PROFILE_FILE=/dev/null \
	"$source/tests/fuzz/corpora.sh" "$source" "$build" "$build/seeds" || exit 1
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" \
	"$0" -1 "$source" "$build" "$seconds" "$seed"
