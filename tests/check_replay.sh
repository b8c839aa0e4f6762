#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same capture gives the same bytes: on a second run, from a file as
# from stdin, whatever the size of a read, with the ENRICHED tail cut off (but
# for the user names, which only that tail has), without EOE records, with
# two nodes interleaved as with each alone. And a log that breaks off
# anywhere in its last line is no reason to fail.
#
# CONTREE  the program, ./contree by default
# srcdir   the sources, . by default
# Arguments: captures, by default all in tests/captures

contree=${CONTREE:-./contree}
captures=${srcdir:-.}/tests/captures
formats="json text tree"
sizes="1 7 4096 65536"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
checks=0

# Any byte may be in a log; what is drawn must not depend on the terminal.
LC_ALL=C
export LC_ALL
separator=$(printf '\035')	# between a record and what ENRICHED adds

fail() {
	echo "FAIL: $1"
	: >"$dir/failed"	# in a pipe, a variable would not outlive it
}

# replay NAME OUT ARGUMENT…: runs contree replay; it must succeed.
replay() {
	run=$1
	to=$2
	shift 2
	"$contree" replay "$@" >"$to" 2>"$dir/stderr"
	status=$?
	[ $status -eq 0 ] && return
	fail "$run: exit status $status"
	head -n 3 "$dir/stderr"
}

# same NAME WANTED GOT
same() {
	checks=$((checks + 1))
	cmp -s "$2" "$3" && return
	fail "$1: differs"
	diff "$2" "$3" | head -n 4 | cut -c 1-300
}

# Takes the names of users out of what was printed in that format.
without_users() {
	case $1 in
	json) sed 's/\("user":{"id":"[0-9]*"\),"name":"[^"]*"/\1/g' "$2" ;;
	*) sed 's/ user=[^ ]*//' "$2" ;;
	esac
}

# Those lines of an output that are about that node. In a drawing these are
# the ones below the node's name; how far a line is indented and how wide a
# column is depends on what else is drawn, so blanks and branches are left out.
of_node() {
	case $1 in
	json) grep "\"hostname\":\"$2\"" "$3" ;;
	text) grep "^[^ ]* [^ ]* $2 " "$3" ;;
	tree) awk -v node="$2" '
		{ gsub(/[ |`-]+/, "") }
		/^[a-z]+$/ { here = $0 == node; next }
		here { print }' "$3" ;;
	esac
}

# All lines of the output for one node alone, in the form of of_node().
of_one_node() {
	case $1 in
	tree) { echo "$2"; sed 1d "$3"; } >"$dir/drawing"
	      of_node tree "$2" "$dir/drawing" ;;
	*) cat "$3" ;;
	esac
}

check_runs() {
	capture=$1
	format=$2
	log=$3
	name=$capture/$format

	replay "$name" "$dir/base" --format "$format" "$log"
	[ -s "$dir/base" ] || fail "$name: nothing was printed"
	replay "$name/again" "$dir/out" --format "$format" "$log"
	same "$name/again" "$dir/base" "$dir/out"
	# a pipe, where reads are short, and not a file as with <
	# shellcheck disable=SC2002
	cat "$log" | replay "$name/pipe" "$dir/out" --format "$format"
	same "$name/pipe" "$dir/base" "$dir/out"
	for size in $sizes; do
		variant=$name/file-read-$size
		replay "$variant" "$dir/out" --format "$format" \
			--read-size "$size" "$log"
		same "$variant" "$dir/base" "$dir/out"
		variant=$name/stdin-read-$size
		replay "$variant" "$dir/out" --format "$format" \
			--read-size "$size" <"$log"
		same "$variant" "$dir/base" "$dir/out"
	done
}

# Compares with $dir/base, which check_runs left.
check_variants() {
	capture=$1
	format=$2
	name=$capture/$format

	replay "$name/no-eoe" "$dir/out" --format "$format" "$dir/no-eoe.log"
	same "$name/no-eoe" "$dir/base" "$dir/out"

	without_users "$format" "$dir/base" >"$dir/nameless"
	for variant in raw raw-no-eoe; do
		replay "$name/$variant" "$dir/out" --format "$format" \
			"$dir/$variant.log"
		without_users "$format" "$dir/out" >"$dir/out.nameless"
		same "$name/$variant" "$dir/nameless" "$dir/out.nameless"
	done
}

# The last line lacks 1 byte (its newline: nothing is lost), then more.
check_truncated() {
	capture=$1
	log=$2
	bytes=$(($(wc -c <"$log")))

	replay "$capture/json" "$dir/base" --format json "$log"
	for cut in 1 2 17 18 30 50; do
		dd if="$log" of="$dir/cut.log" bs=$((bytes - cut)) count=1 \
			2>/dev/null
		name=$capture/json/truncated-$cut
		replay "$name" "$dir/out" --format json "$dir/cut.log"
		if [ $cut -eq 1 ]; then
			same "$name" "$dir/base" "$dir/out"
		elif grep -qv '^{.*}$' "$dir/out"; then
			fail "$name: not all lines are whole"
		fi
	done
}

# Every line of one log, then a line of the other, as long as there are any.
interleave() {
	sed 's/^/node=alpha /' "$1" >"$dir/alpha.log"
	sed 's/^/node=beta /' "$2" >"$dir/beta.log"
	paste -d '\n' "$dir/alpha.log" "$dir/beta.log" | sed '/^$/d' \
		>"$dir/both.log"
}

check_nodes() {
	name=$1+$2

	interleave "$captures/$1/audit.log" "$captures/$2/audit.log"
	for format in $formats; do
		replay "$name/$format" "$dir/both" --format "$format" \
			"$dir/both.log"
		: >"$dir/filtered.both"
		for node in alpha beta; do
			variant=$name/$format/$node
			replay "$variant" "$dir/out" --format "$format" \
				"$dir/$node.log"
			of_one_node "$format" "$node" "$dir/out" >"$dir/alone"
			[ -s "$dir/alone" ] || fail "$variant: nothing printed"
			of_node "$format" "$node" "$dir/both" >"$dir/filtered"
			same "$variant" "$dir/alone" "$dir/filtered"
			cat "$dir/filtered" >>"$dir/filtered.both"
		done
		[ "$format" = tree ] ||
			[ $(($(wc -l <"$dir/both"))) -eq \
			  $(($(wc -l <"$dir/filtered.both"))) ] ||
			fail "$name/$format: lines of no node"
	done
}

check_capture() {
	log=$captures/$1/audit.log

	grep -v '^type=EOE ' "$log" >"$dir/no-eoe.log"
	sed "s/$separator.*//" "$log" >"$dir/raw.log"
	grep -v '^type=EOE ' "$dir/raw.log" >"$dir/raw-no-eoe.log"
	for each in $formats; do
		check_runs "$1" "$each" "$log"
		check_variants "$1" "$each"
	done
	check_truncated "$1" "$log"
}

if [ $# -eq 0 ]; then
	for log in "$captures"/*/audit.log; do
		set -- "$@" "$(basename "$(dirname "$log")")"
	done
fi

previous=
for each_capture; do
	if [ ! -f "$captures/$each_capture/audit.log" ]; then
		fail "$each_capture: no such capture"
		continue
	fi
	check_capture "$each_capture"
	[ -n "$previous" ] && check_nodes "$previous" "$each_capture"
	previous=$each_capture
done
# a last pair, so that each is once the first and once the second
[ $# -gt 1 ] && check_nodes "$previous" "$1"

# What holds no record is no log on which nothing happened.
for junk in '\037\213\010\000\377\n' 'a line\nand another\n'; do
	# shellcheck disable=SC2059 # its escapes
	printf "$junk" | "$contree" replay >"$dir/out" 2>"$dir/stderr"
	status=$?
	if [ $status -ne 1 ] || [ -s "$dir/out" ] ||
		! grep -q 'no audit record' "$dir/stderr"; then
		fail "no log: $junk"
	fi
done
"$contree" replay </dev/null || fail "an empty log"

echo "$checks comparisons"
[ ! -e "$dir/failed" ]
