#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench/generate makes of the captures is a log as auditd would have
# written it, if all that had really happened: serials in order and without
# a gap, and of each recording, as often as it was played, all that contree
# tells of it alone. The host's own records add nothing to that; processes
# that stay alive do so as long as they are to.
#
# CONTREE   the program, ./contree by default
# GENERATE  tests/bench/generate by default
# srcdir    the sources, . by default

contree=${CONTREE:-./contree}
generate=${GENERATE:-tests/bench/generate}
tests=${srcdir:-.}/tests
actions="start stop fork exec end"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
LC_ALL=C
export LC_ALL
checks=0

# same NAME WANTED GOT
same() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] && return
	echo "FAIL: $1: $3, and $2 is wanted"
	: >"$dir/failed"
}

# count LOG: how often each action is told; and then what else is
count() {
	"$contree" replay --gaps --format json "$1" >"$dir/told" ||
		: >"$dir/failed"
	sed 's/.*"action":"\([a-z-]*\)".*/\1/; s/container-//' "$dir/told" |
		awk -v actions="$actions" '
		{ n[$0]++ }
		END {
			count = split(actions, name, " ")
			for (i = 1; i <= count; i++) {
				printf "%d ", n[name[i]]
				delete n[name[i]]
			}
			for (other in n)
				printf "%s:%d", other, n[other]
			print ""
		}'
}

# make ARGUMENT...: with all captures, into $dir/log; plays into $dir/plays
make_log() {
	"$generate" -h "$tests/bench/host" "$@" $captures >"$dir/log" \
		2>"$dir/plays" || {
		cat "$dir/plays"
		exit 1
	}
}

# What the recordings have, each times its plays. Of all, containerd is
# found once.
expected() {
	while read -r capture plays; do
		echo "$plays $(cat "$dir/alone.$capture")"
	done <"$dir/plays" | awk '
		{ for (i = 2; i < NF; i++) sum[i] += $1 * $i }
		END { for (i = 2; i < NF; i++) printf "%d ", sum[i]
			print "census:1" }'
}

# The serials of the kernel's own events, as they first appear: no gap
serials() {
	grep -v '^type=DAEMON_' "$1" | sed 's/.*audit([0-9.]*:\([0-9]*\)).*/\1/' |
		awk '
		$1 > last && last && $1 != last + 1 { print "gap before", $1 }
		$1 > last { last = $1 }
		!first { first = $1 }
		END { if (last - first < 10000) print "only", last - first }'
}

# Lines that are there twice, but for those with nothing of their own in
# front of what is the same for all.
repeated() {
	grep '^type=SYSCALL ' "$1" | sort | uniq -d | wc -l
}

captures=
for log in "$tests"/captures/*/audit.log; do
	captures="$captures $(dirname "$log")"
	count "$log" >"$dir/alone.$(basename "$(dirname "$log")")"
done

make_log -n 60000
same "serials" "" "$(serials "$dir/log")"
same "records that are there twice" 0 "$(repeated "$dir/log")"
same "what is told" "$(expected)" "$(count "$dir/log")"
own=$(grep -c '^type=USER_' "$dir/log")
same "the host has its own" yes "$([ "$own" -gt 50 ] && echo yes)"
cp "$dir/log" "$dir/first"
make_log -n 60000
same "once more" "" "$(cmp "$dir/first" "$dir/log" 2>&1)"

# 200 children of 10 containers, each of which is basic's
make_log -n 0 -a 200 -c 10 -A "$tests/captures/basic"
read -r start stop fork exec end _ <"$dir/alone.basic"
same "alive, then not" "$((10 * start)) $((10 * stop)) $(
	)$((10 * fork + 200)) $((10 * exec + 200)) $((10 * end + 200)) census:1" \
	"$(count "$dir/log")"
make_log -n 20000 -a 200 -c 10 -A "$tests/captures/basic" -k
count "$dir/log" >"$dir/told.kept"
read -r start stop fork exec end _ <"$dir/told.kept"
same "those alive to the end, with an init and a shim each" \
	$((200 + 10 * 2)) $((fork - end))
same "containers alive to the end" 10 $((start - stop))

echo "$checks comparisons"
[ ! -e "$dir/failed" ]
