# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The faults of the plugin, of auditd and of what both live on. Part of
# faults.sh.

# --- the plugin stands still

promise_stopped() {
	echo "what auditd and the kernel kept for it is told late, what they did"
	echo "not keep is counted, and who lives and who has gone is found in"
	echo "/proc"
}

run_stopped() {
	begin_load
	kill -STOP "$plugin_pid"
	sleep "$STALL"
	kill -CONT "$plugin_pid"
	end_load
}

# Each process of which a birth, an exec or an end is not told needs an event
# that was lost.
claim_told_or_counted() {
	find_differences
	grep -E ': (not found|expected ([0-9]+ execs|one end), got 0)' \
		"$dir/differences" >"$scratch/why"
	missing=$(sed -n 's/^[^ ]* pid \([0-9]*\): .*/\1/p' "$scratch/why" |
		sort -u | wc -l)
	lost_events=$(lost '^(serials|lines|kernel events)$')
	[ "${processes:-0}" -gt 0 ] && [ "$missing" -le "$lost_events" ]
	ok $? "of ${processes:-0} processes $missing are not told in full, for $lost_events lost events"
	seen="$missing of $processes processes not told in full,"
	seen="$seen $lost_events events lost and counted"
}

# Rules of every log, whatever happened meanwhile
check_lives() {
	look_into_proc
	jq -c -L "$here/live" 'include "rows"; row' "$dir/contree.json" |
		jq -cs . >"$scratch/lines"
	check_rows
	rows "by the log nobody lives but containerd" \
		'none(unended($others) | select(.role != "root"))'
}

check_stopped() {
	same_plugin
	claim_told_or_counted
	grep -E 'no such process|does not descend' "$dir/differences" \
		>"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "nobody is told of who was not there"
	check_lives
	claim_text_lost_nothing
}

# --- the plugin is killed

promise_killed() {
	echo "auditd starts it again; who lives keeps his entity_id, nobody ends"
	echo "twice, and what was not heard is counted"
}

# Some will hit it when it has written the state, and the logs not yet.
run_killed() {
	begin_load
	for _ in 1 2 3 4 5 6; do
		sleep 0.4
		kill_plugin
	done
	end_load
}

claim_went_on() {
	same "each new plugin went on with the state" \
		"$(said 'goes on with [0-9]* processes that lived, 0 make')" "$1"
	claim_told_or_counted
	check_lives
	claim_state_whole
}

check_killed() {
	claim_went_on 6
}

# --- auditd is killed

promise_auditd_killed() {
	echo "the plugin writes what it has and ends; with the next auditd it"
	echo "goes on like one that was killed"
}

run_auditd_killed() {
	begin_load
	sleep 0.5
	kill -KILL "$auditd_pid"
	await "the plugin ends" is_gone "$plugin_pid"
	wait "$auditd_pid"
	start_auditd_again
	sleep 0.5
	end_load
}

check_auditd_killed() {
	same "the plugin ended in order" "$(said "\[$before_pid\]: ended: ")" 1
	claim_went_on 1
}

# --- auditd is restarted

promise_auditd_restarted() {
	promise_auditd_killed
}

run_auditd_restarted() {
	begin_load
	sleep 0.5
	restart_auditd
	sleep 0.5
	end_load
}

check_auditd_restarted() {
	check_auditd_killed
}

# --- auditd is reconfigured

promise_auditd_hup() {
	echo "auditd passes the HUP on; nothing is lost"
}

run_auditd_hup() {
	begin_load
	for depth in 10000 20000; do
		sed -i "s/^q_depth = .*/q_depth = $depth/" "$etc/auditd.conf"
		kill -HUP "$auditd_pid"
		sleep 1
	done
	await "the plugin is told" has_said 'configuration reloaded'
	end_load
}

check_auditd_hup() {
	same_plugin
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	seen="$processes processes, none lost"
}

# --- HUP fifty times

promise_hup() {
	echo "logs are reopened and the configuration is read each time; nothing"
	echo "is lost"
}

run_hup() {
	begin_load
	for n in $(seq 50); do
		kill -HUP "$plugin_pid"
		sleep 0.05
	done
	end_load
}

check_hup() {
	same_plugin
	same "it reloaded each time" "$(said 'configuration reloaded')" 50
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	seen="50 reloads, $processes processes, none lost"
}

# --- no file descriptor is to be had

promise_descriptors() {
	echo "logs that are open go on being written, lives are told as ever;"
	echo "rotation and reload are tried again"
}

# All that it opens needs a number beyond 2.
limit_files() {
	prlimit --pid "$plugin_pid" --nofile="$1":
}

run_descriptors() {
	set_option log_size 64K
	kill -HUP "$plugin_pid"
	await "it is reloaded" has_said 'configuration reloaded'
	files=$(prlimit --pid "$plugin_pid" --nofile -o SOFT --noheadings |
		tr -d ' ')
	limit_files 3
	begin_load
	await "a log cannot be rotated" has_said 'contree.json.*still written to'
	kill -HUP "$plugin_pid"
	await "the configuration cannot be read" has_said 'stays as it was'
	sleep 1
	limit_files "$files"
	set_option log_size 0
	kill -HUP "$plugin_pid"
	await "logs are rotated again" \
		has_said 'contree.json: rotated or reopened again'
	end_load
}

check_descriptors() {
	same_plugin
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	seen="$processes processes, none lost"
}

# --- no more memory is to be had

promise_memory() {
	echo "it goes on, or ends and is started again and goes on; as with a"
	echo "plugin that was killed, nobody ends twice"
}

# The address space that it has is all it gets. A core dump has none.
run_memory() {
	had=$(status_of_plugin VmSize)
	prlimit --pid "$plugin_pid" --as=$((${had% kB} * 1024))
	begin_load
	sleep 2
	end_load
	find_plugin
	prlimit --pid "$plugin_pid" --as=unlimited:
}

check_memory() {
	claim_told_or_counted
	check_lives
	how="went on"
	[ "$plugin_pid" = "$before_pid" ] || how="was started again"
	seen="$how with $had; $seen"
}

# --- by itself, without auditd and /proc: then it must tell what a replay does

# configure_alone DIR: its logs go there
configure_alone() {
	mkdir -p "$1"
	rm -f "$1/"contree.* "$scratch/feed"
	sed "s|^text_log = .*|text_log = $1/contree.log|
		s|^json_log = .*|json_log = $1/contree.json|
		s|^state = .*|state = none|
		s|^witness = .*|witness = off|" "$conf" >"$scratch/alone.conf"
}

set_alone() {
	sed -i "s|^$1 = .*|$1 = $2|" "$scratch/alone.conf"
}

# plugin_alone [BYTES]: with so much address space
plugin_alone() {
	# shellcheck disable=SC2016 # its own parameters
	unshare --mount sh -c 'umount -l /proc && exec "$@"' sh \
		prlimit --as="${1:-unlimited}" "$plugin" -c "$scratch/alone.conf"
}

# same_as_replay LOG: what it logged of that
same_as_replay() {
	for form in text json; do
		"$contree" replay --gaps --root / --format $form "$1"
	done >"$scratch/replay"
	cat "$scratch/alone/contree.log" "$scratch/alone/contree.json" |
		diff "$scratch/replay" - >"$scratch/why"
}

# --- too little memory to start

promise_memory_start() {
	echo "it says that it cannot start, or does all its work; where memory"
	echo "ends in between it is killed, which auditd sees, and leaves no part"
	echo "of a line"
}

run_memory_start() {
	capture=$here/captures/churn/audit.log
	configure_alone "$scratch/alone"
	: >"$dir/ladder"
	for mib in 20 40 60 80 100 120 140 160 180 200 250 300 400; do
		rm -f "$scratch/alone/"*
		plugin_alone $((mib * 1024 * 1024)) <"$capture"
		status=$?
		same_as_replay "$capture" && whole=whole || whole=not
		[ $whole = whole ] || ! has_torn "$scratch/alone" || whole=torn
		echo "$mib $status $whole" >>"$dir/ladder"
	done
}

has_torn() {
	for log in "$1"/*; do
		[ ! -s "$log" ] || [ -z "$(tail -c 1 "$log")" ] || return 0
	done
	return 1
}

# 134 is abort's; 139 a library's, that does not look at what malloc() gave.
check_memory_start() {
	grep -vE '^[0-9]+ (0 whole|1 not|127 not|13[49] not)$' \
		"$dir/ladder" >"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "whatever it may have, it does not start, is killed, or tells all"
	same "each time that it does not start it says so" \
		"$(said 'cannot start: ')" "$(grep -c ' 1 not' "$dir/ladder")"
	grep -q ' 0 whole' "$dir/ladder" && grep -q ' 1 not' "$dir/ladder"
	ok $? "both happen: from $(awk '$2 == 0 { print $1; exit }' \
		"$dir/ladder") MiB on it starts"
	seen="starts with $(awk '$2 == 0 { print $1; exit }' "$dir/ladder") MiB of address space"
}

# --- the input ends in the middle of a line

promise_eof() {
	echo "all that came is written, and it ends in order"
}

run_eof() {
	: >"$dir/ends"
	configure_alone "$scratch/alone"
	for bytes in 1 100 10007 100003 174200; do
		rm -f "$scratch/alone/"*
		head -c $bytes "$here/captures/enter/audit.log" \
			>"$scratch/cut.log"
		[ "$(tail -c 1 "$scratch/cut.log")" != "" ] ||
			die "$bytes bytes are whole lines"
		plugin_alone <"$scratch/cut.log"
		status=$?
		same_as_replay "$scratch/cut.log" && whole=whole || whole=not
		echo "$bytes $status $whole" >>"$dir/ends"
	done
}

check_eof() {
	grep -v ' 0 whole$' "$dir/ends" >"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "it ends with 0, and tells what a replay of the same bytes does"
	seen="$(wc -l <"$dir/ends") inputs cut in a line"
}

# --- /proc hides other users' processes

promise_hidepid() {
	echo "with CAP_SYS_PTRACE it sees everybody; nothing is lost"
}

# Without a state, so that all it knows of a container is from /proc.
prepare_hidepid() {
	ctr_detached early sh -c '/bin/sleep 1000 & wait'
	six=early
	await "it has a child" has_two
	list_members | sort >"$scratch/members"
	mount -t proc -o hidepid=2 proc /proc || die "mount -o hidepid=2"
	stop_auditd
	rm "$disk/state/state"
	first=$(lines_of "$json")
	start_auditd_again
	await "there is a census" is_listed
	list_census >"$scratch/listed"
	ct task kill --signal KILL early
	ctr_remove early
	settle
}

list_census() {
	all_of "$json" | tail -n +$((first + 1)) | jq -r 'select(
		.event.action == "census" and .container.id == "early" and
		.contree.role != "shim") | .process.pid' | sort
}

is_listed() {
	[ -n "$(list_census)" ]
}

run_hidepid() {
	begin_load
	end_load
	umount -l /proc
}

has_two() {
	[ "$(list_members | wc -l)" -eq 2 ]
}

check_hidepid() {
	diff "$scratch/members" "$scratch/listed" >"$scratch/why"
	ok $? "who was there before is in the census"
	claim_all_told
	claim_nothing_lost
	seen="$processes processes, none lost"
}

# --- there is no group adm

promise_group() {
	echo "the logs are root's group's, which is said; nothing is lost"
}

# Without a state, or it would tell what went by meanwhile. The census is none
# of what is counted next.
start_anew() {
	stop_auditd
	rm "$disk/state/state"
	start_auditd_again
	settle
}

# The group is looked up at the start only.
prepare_group() {
	grep -v '^adm:' /etc/group >"$scratch/group"
	mount --bind "$scratch/group" /etc/group
	start_anew
	await "it is said" has_said 'no group adm, root.s is used'
	await "the logs are root's group's" has_group root
	umount /etc/group
}

run_group() {
	begin_load
	end_load
}

has_group() {
	[ "$(stat -c '%a %U:%G' "$text" "$json" | sort -u)" = "640 root:$1" ]
}

check_group() {
	same_plugin
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	start_anew
	await "the logs are adm's again" has_group adm
	seen="logs of root's group, then of adm's"
}
