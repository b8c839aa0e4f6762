# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench.sh and bench_live.sh share: the machine's facts, medians, and
# where a table goes.

bench_die() {
	echo "bench: $*" >&2
	exit 1
}

# laurel from the path, or from where "./dev setup bench" unpacked it
find_laurel() {
	laurel=$(command -v laurel) || laurel=$work/laurel/usr/sbin/laurel
	[ -x "$laurel" ] || bench_die "no laurel: ./dev setup bench"
}

facts() {
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c |
		sed 's/^ *\([0-9]*\) /\1 × /' | paste -sd, -)
	memory=$(awk '/^MemTotal:/ { printf "%.0f GiB", $2 / 1048576 }' \
		/proc/meminfo)
	commit=$(git -c safe.directory='*' -C "$here" describe --always --dirty 2>/dev/null ||
		echo "a release")
	echo "$cpu, $memory; Linux $(uname -r)," \
		"audit $(pkg-config --modversion audit)," \
		"laurel $("$laurel" --version), contree $commit;" \
		"$(date -u +%Y-%m-%d)."
}

# Of the numbers on stdin, one a line
median() {
	sort -g | awk '
		{ n[NR] = $1 }
		END { print NR % 2 ? n[(NR + 1) / 2] : \
			(n[NR / 2] + n[NR / 2 + 1]) / 2 }'
}

# publish NAME: shows the text on stdin, and puts it into the document,
# between the lines "<!-- bench NAME -->" and "<!-- end -->"; what else is
# there is written by hand, and stays.
publish() {
	section=$work/section.$1
	{ echo; facts; echo; cat; echo; } >"$section"
	cat "$section"
	[ "$document" != none ] || return 0
	grep -qx "<!-- bench $1 -->" "$document" ||
		bench_die "$document has no place for $1"
	awk -v mark="<!-- bench $1 -->" -v section="$section" '
		$0 == "<!-- end -->" { skip = 0 }
		!skip { print }
		$0 == mark {
			while ((getline line <section) > 0)
				print line
			skip = 1
		}' "$document" >"$work/document" &&
		cat "$work/document" >"$document"
}
