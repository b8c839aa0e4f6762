# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What must be true of the logs in the end. Part of live.sh.

# ok STATUS WHAT: a failure has left its evidence in the file called why.
ok() {
	if [ "$1" -eq 0 ]; then
		echo "ok      $2"
	else
		echo "FAILED  $2"
		head -n 20 "$scratch/why" | cut -c 1-2000 | sed 's/^/        /'
		failed=yes
	fi
	: >"$scratch/why"
}

# claim WHAT FILTER [JQ ARGUMENT...]: the filter is true of the JSON lines.
claim() {
	what=$1
	filter=$2
	shift 2
	jq -e -L "$here/live" "$@" "include \"log\"; $filter" \
		"$scratch/lines" >"$scratch/why" 2>&1
	ok $? "$what"
}

# same WHAT GOT WANTED
same() {
	echo "wanted $3, got $2" >"$scratch/why"
	[ "$2" = "$3" ]
	ok $? "$1"
}

# status_of_plugin FIELD: of the process, with its unit
status_of_plugin() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$plugin_pid/status"
}

# plugin_status FIELD: of the plugin's threads, how often which
plugin_status() {
	cat /proc/"$plugin_pid"/task/*/status |
		sed -n "s/^$1:[[:space:]]*//p" | sort | uniq -c | tr -s ' \n' ' '
}

# While it is still there
look_at_plugin() {
	same "the audit daemon is auditd, not the plugin" \
		"$(audit pid)" "$auditd_pid"
	find_plugin
	same "one plugin from start to end, whoever sent it TERM" \
		"$plugin_pid" "$first_plugin_pid"
	same "the core and its readers have DAC_READ_SEARCH and SYS_PTRACE, three have nothing" \
		"$(plugin_status CapPrm)" \
		" 3 0000000000000000 5 0000000000080004 "
	same "and all eight have a filter" "$(plugin_status Seccomp)" " 8 2 "
	lost=$(audit lost)
}

# A generation that is full is not written to again, so that from the oldest
# to the newest file is from the first to the last line.
gather() {
	for log in log json; do
		find "$scratch/log" -name "contree.$log*" -printf '%T@ %p\n' |
			sort -n | cut -d' ' -f2- | xargs cat \
			>"$scratch/all.$log"
	done
}

check_logs() {
	jq -s . "$scratch/all.json" >"$scratch/lines" 2>"$scratch/why"
	ok $? "every line of the JSON log is JSON"
	claim "and has what every line must have" 'none(.[] | select(is_bare))'
	same "the text log has as many lines" \
		"$(wc -l <"$scratch/all.log")" "$(wc -l <"$scratch/all.json")"
	group=$(getent group adm >/dev/null && echo adm || echo root)
	same "each log is of mode 0640, root's, and $group's to read" \
		"$(find "$scratch/log" -type f -printf '%m %u:%g\n' | sort -u)" \
		"640 root:$group"
	claim "the plugin says of no loss" 'none(action("lost"))'
	same "nor does the kernel" "$lost" "$was_lost"
}

# A long id as everybody writes it
label() {
	printf 'container %.12s' "$1"
}

check_containers() {
	claim "these containers ran and no others" \
		'same([action("container-start") | .container.id] | sort;
		[$a, $b, $c, "live-busy", "live-ctr", "live-last"] | sort)' \
		--arg a "$docker_id" --arg b "$sleeper_id" --arg c "$killed_id"
	for pair in "$docker_id 3" "$sleeper_id 0" "live-busy 0" \
		"live-ctr 0" "live-last 5"; do
		claim "$(label "${pair% *}"): one start, one stop, ${pair#* }" \
			'same(bounds($id); [1, 1, $code])' \
			--arg id "${pair% *}" --argjson code "${pair#* }"
	done
	claim "$(label "$killed_id"): one start, one stop, 137 or unknown" \
		'none(bounds($id) | select(IN([1, 1, null], [1, 1, 137]) |
			not))' --arg id "$killed_id"
}

# tells WHAT ID STORY [JQ ARGUMENT...]
tells() {
	story_what=$1
	story_id=$2
	story=$3
	shift 3
	claim "$story_what: processes, parents, arguments, ends" \
		"same(story(\$id); $story)" --arg id "$story_id" "$@"
}

check_processes() {
	tells "docker run" "$docker_id" \
		'[init(["sh", "-c", "ls /; (exit 3)"]; 3; [child($ls; 0)])]' \
		--argjson ls "$ls_runs"
	tells "docker run -d, docker exec, docker stop" "$sleeper_id" '[
		init(["sh", "-c",
		      "trap \"exit 0\" TERM; /bin/sleep 1000 & wait"]; 0;
			[child([["/bin/sleep", "1000"]]; "init-died")]),
		visitor(["sh", "-c", "read x; exit 9", "a b", "", "it'\''s",
			 "ünï", "two\nlines", "\"\\"]; 9)]'
	tells "ctr run" live-ctr '[
		init(["sh", "-c", "/bin/ls /; (exit 4); /bin/true; exit 0"]; 0;
			[child([["/bin/ls", "/"]]; 0), child([]; 4),
			 child([["/bin/true"]]; 0)])]'
	tells "$rounds rounds through rotation, reload and a TERM" live-busy '[
		init($init; 0; [range($rounds) | (
			child([["/bin/true", "\(. + 1)"]]; 0),
			child([]; 7))])]' \
		--argjson rounds "$rounds" --argjson init \
		"$(jq -n --arg script "$busy_script" '["sh", "-c", $script]')"
	tells "the last one" live-last '[init(["sh", "-c", "exit 5"]; 5; [])]'
	claim "all of them under runc, a shim and containerd" \
		'processes as $all | none($all[] | select(.role | IN("init", "exec", "member")) |
			select(has_lineage($all; $pid) | not))' \
		--argjson pid "$containerd_pid"
	claim "each process is born once and ends once" \
		'processes as $all | none($all[] | select(.pid != $pid and
			(.births != 1 or (.ends | length) != 1)))' \
		--argjson pid "$containerd_pid"
	claim "the pids and parents are those in /proc" \
		'of($id) | processes as $all | none($seen[] |
			select(has_seen($all; .) | not))' \
		--arg id "$sleeper_id" --slurpfile seen "$scratch/seen.json"
	claim "and Docker's" 'same([of($id) | action("container-start") |
		.process.pid]; [$pid])' \
		--arg id "$sleeper_id" --argjson pid "$sleeper_pid"
}

# Serials of the log that are not in auditd's, in why
find_unheard() {
	sed -n 's/.*msg=audit([0-9.]*:\([0-9]*\)).*/\1/p' \
		"$scratch/audit/audit.log" | sort -u >"$scratch/serials"
	jq '.[].event.sequence // empty' "$scratch/lines" | sort -u |
		comm -23 - "$scratch/serials" >"$scratch/why"
}

# What ausearch says of the execve of docker exec, by the line's serial
ask_ausearch() {
	serial=$(jq -r --arg id "$sleeper_id" '.[] | select(
		.container.id == $id and .contree.role == "exec" and
		.event.action == "exec") | .event.sequence' "$scratch/lines")
	ausearch -if "$scratch/audit/audit.log" -a "$serial" -i \
		>"$scratch/why" 2>&1 </dev/null
	grep -q '^type=EXECVE .* a2=read x; exit 9 ' "$scratch/why"
}

# Without a clock and without /proc, from what auditd wrote to its own log:
# the same lines, in the same order. But /proc may show sooner than the records
# do that a container was killed.
replay() {
	"$contree" replay --format "$1" "$scratch/audit/audit.log" \
		>"$scratch/replay.$2" 2>"$scratch/why" || return 1
	killed=$(printf '%.12s' "$killed_id")
	for side in replay all; do
		grep -v "$killed" "$scratch/$side.$2" >"$scratch/$side.$2.kept"
	done
	diff "$scratch/replay.$2.kept" "$scratch/all.$2.kept" >"$scratch/why"
}

check_auditd() {
	find_unheard
	[ ! -s "$scratch/why" ]
	ok $? "auditd's log has the event of each line"
	ask_ausearch
	ok $? "ausearch finds it by the line's serial"
	replay json json
	ok $? "contree replay of auditd's log gives the very same JSON log"
	replay text log
	ok $? "and the very same text log"
}
