# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How faults.sh provokes a fault under load, and what it can ask afterwards.
# Part of faults.sh.

STALL=${STALL:-10}

# --- the disk of the text log and the state

make_disk() {
	disk=$scratch/disk
	mkdir -p "$disk"
	image=$scratch/disk.img
	truncate -s 32M "$image"
	mkfs.ext4 -q -m 0 "$image" || die "mkfs.ext4"
	mount_disk
	text=$disk/log/contree.log
	json=$scratch/log/contree.json
	: >"$scratch/gone.log"
}

# With an error it becomes read-only, as disks do.
mount_disk() {
	mount -o loop,errors=remount-ro "$image" "$disk" ||
		die "mount -o loop"
}

configure_for_faults() {
	mkdir -p "$disk/state"
	set_option text_log "$text"
	set_option json_log "$json"
	set_option state "$disk/state/state"
	set_option witness auto
	set_option log_size 0
	set_option log_queue_bytes 128M
	set_option log_generations 999
}

# set_option NAME VALUE: in the plugin's configuration
set_option() {
	grep -q "^$1 = " "$conf" || die "the plugin has no option $1"
	sed -i "s|^$1 = .*|$1 = $2|" "$conf"
}

# All there is, and was, of a log: generations, and what was moved or removed.
# A generation that is full is not written to again.
all_of() {
	[ "$1" != "$text" ] || cat "$scratch/gone.log"
	find "${1%/*}" -name "${1##*/}*" -printf '%T@ %p\n' | sort -n |
		cut -d' ' -f2- | xargs -r cat
}

lines_of() {
	all_of "$1" | wc -l
}

# What is about to be removed is still read, to its end; generations have
# come to theirs.
hold_text() {
	find "${text%/*}" -name "${text##*/}.*" -exec cat {} + \
		>>"$scratch/gone.log"
	exec 5<"$text"
}

release_text() {
	cat <&5 >>"$scratch/gone.log"
	exec 5<&-
}

# --- the system log

# said REGEX: how often, since the fault began
said() {
	tail -n +$((syslog_from + 1)) "$scratch/syslog" | grep -acE "$1"
}

has_said() {
	[ "$(said "$1")" -ge "${2:-1}" ]
}

# The number in a message, 0 if there was none
said_number() {
	tail -n +$((syslog_from + 1)) "$scratch/syslog" |
		sed -n "s/.*$1.*/\\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

# --- a fault

# Eight containers, as in restart.sh, that the recorder knows, too
begin_load() {
	for n in 1 2 3 4 5 6 7 8; do
		known "$fault-churn-$n"
	done
	start_churn "$fault"
}

end_load() {
	stop_churn
	remove_churn
}

# fault NAME: run_NAME is what happens under load, after prepare_NAME if there
# is such a function; check_NAME holds what came of it against the promise, and
# sets $seen, for the table. What scenario() runs prints into its directory.
fault() {
	fault=$(echo "$1" | tr - _)
	seen=
	! command -v "prepare_$fault" >/dev/null || "prepare_$fault"
	begin_syslog
	before_pid=$plugin_pid
	json_first=$(lines_of "$json")
	text_first=$(lines_of "$text")
	kernel_lost=$(audit lost)
	failed_before=$failed
	failed=no
	echo
	echo "--- $1: $("promise_$fault" | tr -s '\n\t' '  ')"
	scenario "$fault"
	all_of "$json" | tail -n +$((json_first + 1)) >"$dir/contree.json"
	json_lines=$(wc -l <"$dir/contree.json")
	text_lines=$(($(lines_of "$text") - text_first))
	"check_$fault"
	printf '%s|%s|%s|%s\n' "$1" "$("promise_$fault" | tr -s '\n\t' '  ')" \
		"$seen" "$([ $failed = no ] && echo ok || echo FAILED)" \
		>>"$scratch/table"
	[ $failed = yes ] || failed=$failed_before
}

print_table() {
	echo
	awk -F'|' '{ printf "%-17s %-6s promised: %s\n%25sseen: %s\n", $1, $4,
		$2, "", $3 }' "$scratch/table"
}

# --- what can be asked

# lost REGEX: how much the JSON log says was lost, of what
lost() {
	jq -s --arg what "$1" 'map(select(.event.action == "lost") |
		.contree.lost | select(.what | test($what)) | .count) |
		add // 0' "$dir/contree.json"
}

same_plugin() {
	find_plugin
	same "the plugin is the same process" "$plugin_pid" "$before_pid"
}

# The recorder's processes against the JSON log. That a loss was told is no
# difference by itself: what may be lost is claimed apart.
find_differences() {
	"$build/tests/accuracy" --live=all "$dir" >"$dir/said" 2>&1
	processes=$(awk -v name="$fault" '$1 == name && NF > 5 { print $2 }' \
		"$dir/said")
	grep "^$fault: " "$dir/said" | grep -v 'says that something was lost' \
		>"$dir/differences"
	differences=$(wc -l <"$dir/differences")
}

claim_all_told() {
	find_differences
	cp "$dir/differences" "$scratch/why"
	[ "${processes:-0}" -gt 0 ] && [ "$differences" -eq 0 ]
	ok $? "all ${processes:-0} processes are told, as the kernel had them"
}

claim_nothing_lost() {
	same "the JSON log tells of no loss" "$(lost .)" 0
	same "nor does the kernel" "$(audit lost)" "$kernel_lost"
}

# Both logs have the same events, so that each line the text log has not is
# one that the JSON log says it lost.
claim_text_adds_up() {
	lost_lines=$(lost 'lines of the text log')
	same "text log: $text_lines lines and $lost_lines counted lost are all" \
		$((text_lines + lost_lines)) \
		$((json_lines + $(lost 'lines of the JSON log')))
	all_of "$text" | grep -nvE '^20[0-9-]{8} [0-9:.]{12}Z .' \
		>"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "and each of its lines is whole"
}

claim_text_lost_nothing() {
	claim_text_adds_up
	same "none was lost" "$lost_lines" 0
}

claim_only_text_lost() {
	claim_text_adds_up
	same "and that many are told to the system log" \
		"$(said_number 'contree.log: [^0-9]*, \([0-9]*\) lines were lost')" \
		"$lost_lines"
	same "nothing else was lost" "$(lost .)" "$lost_lines"
}

serials() {
	sed -n 's/^\(node=[^ ]* \)*type=\([A-Z_0-9]*\) msg=audit([0-9.]*:\([0-9]*\)).*/\2 \3/p' |
		grep -v '^DAEMON_' | cut -d' ' -f2
}

# What auditd wrote in front of what was cut out and behind it: a record there
# may be of an event between two of those inside.
beside_cut() {
	head -c "$audit_from" "$scratch/audit/audit.log" | tail -n 1000
	tail -c +$((audit_to + 1)) "$scratch/audit/audit.log" | head -n 1000
}

# Numbers that auditd's own log leaves out, as ranges, in why
find_gaps() {
	beside_cut | serials >"$scratch/beside"
	serials <"$dir/audit.log" | sort -nu >"$scratch/serials"
	first=$(head -n 1 "$scratch/serials")
	last=$(tail -n 1 "$scratch/serials")
	sort -nu "$scratch/serials" "$scratch/beside" |
		awk -v first="$first" -v last="$last" '
			$1 < first || $1 > last { next }
			n && $1 != n + 1 { print n + 1 "-" $1 - 1 }
			{ n = $1 }'
}

claim_auditd_whole() {
	find_gaps >"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "auditd's own log leaves out no serial"
}

# The state is read when a plugin starts: what it has are those who live.
claim_state_whole() {
	jq -r '.ended_entity // .entity // "head"' "$disk/state/state" \
		>"$scratch/why" 2>&1 &&
		[ "$(head -n 1 "$scratch/why")" = head ]
	ok $? "the state is whole"
}
