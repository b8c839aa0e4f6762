# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The faults of disks, logs and files. Part of faults.sh.

text_fails='contree\.log: .*lines are lost from now on|log.*\(which must .*lines are lost from now on'
text_works='contree\.log: works again'

# The last that was said of it
text_log_works() {
	tail -n +$((syslog_from + 1)) "$scratch/syslog" |
		grep -aE "$text_fails|$text_works" | tail -n 1 |
		grep -aqE "$text_works"
}

# --- full

promise_full() {
	echo "lines that a full disk has no room for are counted and told; the"
	echo "log goes on by itself once there is room"
}

# Who gives up writing something there makes a little room, for a moment.
run_full() {
	begin_load
	dd if=/dev/zero of="$disk/filler" bs=64k
	await "the disk is full" has_said "$text_fails"
	sleep 2
	rm "$disk/filler"
	await "the log goes on" text_log_works
	end_load
}

check_full() {
	same_plugin
	claim_all_told
	claim_only_text_lost
	same "each time that it fails is told, and each time that it is over" \
		"$(said "$text_works")" "$(said "$text_fails")"
	claim_state_whole
	seen="$lost_lines of $json_lines lines lost and counted"
}

# --- the log's directory is removed

promise_removed() {
	echo "the directory and the log are made anew at once, the state is"
	echo "written anew; nothing is lost"
}

run_removed() {
	begin_load
	hold_text
	rm -r "$disk/log" "$disk/state/state"
	await "there is a log again" test -s "$text"
	await "there is a state again" test -s "$disk/state/state"
	end_load
	release_text
}

check_removed() {
	same_plugin
	claim_all_told
	claim_text_lost_nothing
	claim_state_whole
	seen="$text_lines lines in the removed log and the new one"
}

# --- a file has the place of the log's directory

promise_in_place() {
	echo "what cannot be written is counted and told; the log goes on by"
	echo "itself once the file is gone"
}

run_in_place() {
	begin_load
	hold_text
	mv "$disk/log" "$disk/moved"
	: >"$disk/log"
	rm -r "$disk/moved"
	await "the log fails" has_said "$text_fails"
	sleep 1
	rm "$disk/log"
	await "the log goes on" text_log_works
	end_load
	release_text
}

check_in_place() {
	same_plugin
	claim_all_told
	claim_only_text_lost
	seen="$lost_lines of $json_lines lines lost and counted"
}

# --- the log's directory is read-only

promise_read_only() {
	echo "a log that is open goes on being written, though it cannot be"
	echo "rotated or reopened; nothing is lost"
}

run_read_only() {
	begin_load
	mount --bind "$disk/log" "$disk/log"
	mount -o remount,bind,ro "$disk/log"
	kill -HUP "$plugin_pid"
	await "it is said" has_said 'contree.log.*still written to'
	sleep 1
	umount -l "$disk/log"
	kill -HUP "$plugin_pid"
	await "it is over" has_said 'contree.log: rotated or reopened again'
	end_load
}

check_read_only() {
	same_plugin
	claim_all_told
	claim_text_lost_nothing
	seen="$text_lines lines, none lost"
}

# --- the disk has an error, and the kernel makes it read-only

promise_error() {
	echo "lines are counted and told; the log and the state go on by"
	echo "themselves once the disk is mounted anew"
}

break_disk() {
	device=$(losetup -j "$image" -O NAME -n | tr -d ' ')
	echo 1 >"/sys/fs/ext4/${device#/dev/}/trigger_fs_error"
}

# The kernel does not let go of the broken one as long as files are open.
replace_disk() {
	cp "$image" "$scratch/mended.img"
	image=$scratch/mended.img
	e2fsck -fp "$image"
	mount_disk
}

run_error() {
	begin_load
	sync -f "$disk"
	break_disk
	await "the log fails" has_said "$text_fails"
	umount -l "$disk"
	replace_disk
	await "the log goes on" text_log_works
	end_load
}

# What a broken disk has taken before it said so nobody can count.
check_error() {
	same_plugin
	claim_all_told
	lost_lines=$(lost 'lines of the text log')
	same "what the JSON log says was lost is told to the system log" \
		"$(said_number 'contree.log: [^0-9]*, \([0-9]*\) lines were lost')" \
		"$lost_lines"
	[ "$lost_lines" -gt 0 ] && [ "$text_lines" -gt 0 ] &&
		[ $((text_lines + lost_lines)) -le "$json_lines" ]
	ok $? "and the text log lacks at least these"
	claim_state_whole
	seen="$lost_lines of $json_lines lines lost and counted,"
	seen="$seen $((json_lines - text_lines - lost_lines)) more on the disk"
}

# --- the disk stalls

promise_stall() {
	echo "auditd and its own log go on; nothing is lost as long as"
	echo "log_queue_bytes last"
}

has_marker() {
	grep -q "$fault-marker" "$scratch/audit/audit.log"
}

run_stall() {
	begin_load
	fsfreeze -f "$disk" || die "fsfreeze"
	sleep "$STALL"
	auditctl -m "$fault-marker"
	await "auditd logs meanwhile" has_marker
	stalled_at=$(wc -l <"$text")
	sleep 1
	still_at=$(wc -l <"$text")
	fsfreeze -u "$disk"
	end_load
}

check_stall() {
	same_plugin
	same "the text log stood still" "$still_at" "$stalled_at"
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	claim_auditd_whole
	seen="$STALL s: $json_lines lines, none lost;"
	seen="$seen $(wc -l <"$dir/audit.log") records in auditd's log"
}

# --- the disk stalls for longer than the queue lasts

promise_queue() {
	echo "what finds no room in log_queue_bytes is counted and told, also at"
	echo "the end of the input"
}

# By itself, with more at once than its queue holds
run_queue() {
	begin_load
	configure_alone "$disk/alone"
	set_alone log_queue_bytes 64K
	mkfifo "$scratch/feed"
	plugin_alone <"$scratch/feed" &
	alone_pid=$!
	exec 6>"$scratch/feed"
	await "it has opened its log" test -e "$disk/alone/contree.json"
	fsfreeze -f "$disk" || die "fsfreeze"
	cat "$here/captures/churn/audit.log" >&6
	exec 6>&-
	sleep 2
	fsfreeze -u "$disk"
	wait $alone_pid
	echo $? >"$dir/status"
	end_load
}

check_queue() {
	same_plugin
	claim_all_told
	claim_text_lost_nothing
	same "it ends in order" "$(cat "$dir/status")" 0
	for form in text json; do
		"$contree" replay --gaps --format $form \
			"$here/captures/churn/audit.log"
	done >"$scratch/replay"
	told=$(jq -s 'map(.contree.lost | select(.what // "" |
		test("^lines of")) | .count) | add // 0' \
		"$disk/alone/contree.json")
	[ "$told" -gt 0 ]
	ok $? "a queue of 64K is too small: $told lines are told lost"
	left=$(grep -hv 'lines of the' "$disk/alone/"* | wc -l)
	same "the $left lines in its logs and those are all" \
		$((left + told)) "$(wc -l <"$scratch/replay")"
	seen="$told of $((left + told)) lines lost and counted"
	rm -r "$disk/alone"
}

# --- rotation

promise_size() {
	echo "a log rotated by size, a hundred times, loses nothing"
}

run_size() {
	find "$scratch/log" "$disk/log" -type f -printf '%i\n' \
		>"$scratch/before"
	set_option log_size 64K
	kill -HUP "$plugin_pid"
	begin_load
	await "a log is rotated a hundred times" test -e "$json.100"
	end_load
	set_option log_size 0
	kill -HUP "$plugin_pid"
	await "it is so no longer" has_said 'configuration reloaded' 2
}

check_size() {
	same_plugin
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	find "$scratch/log" "$disk/log" -name 'contree.*.[0-9]*' \
		-size +64k -printf '%i %s %p\n' |
		awk 'FNR == NR { before[$1] = 1; next } !before[$1]' \
		"$scratch/before" - >"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "and none is of more than that size, but those from before"
	seen="$(find "$scratch/log" -name 'contree.json.*' | wc -l) rotations,"
	seen="$seen $json_lines lines, none lost"
}

promise_logrotate() {
	echo "logs that logrotate moves away, with a HUP behind it, lose nothing"
}

rotate() {
	logrotate -f -s "$scratch/logrotate.state" "$scratch/logrotate.conf" ||
		die "logrotate"
}

run_logrotate() {
	cat >"$scratch/logrotate.conf" <<-END
	su root root
	$scratch/log/contree.json $text {
		rotate 100
		dateext
		dateformat -%s
		missingok
		nocompress
		sharedscripts
		postrotate
			kill -HUP $plugin_pid
		endscript
	}
	END
	begin_load
	for n in 1 2 3 4 5; do
		sleep 1.1	# or it has no new name
		rotate
		await "there is a new log" test -s "$json" -a -s "$text"
	done
	end_load
}

check_logrotate() {
	same_plugin
	claim_all_told
	claim_nothing_lost
	claim_text_lost_nothing
	seen="5 rotations, $json_lines lines, none lost"
}
