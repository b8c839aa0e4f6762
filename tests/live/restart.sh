# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin, auditd and containerd end and come back while containers churn.
# Part of restart.sh.

# --- the churn

# shellcheck disable=SC2016 # its own variables
churn_script='n=0; while [ ! -e /go/stop ]; do n=$((n + 1))
	/bin/true $n; (exit 3); (/bin/true; exit 4)
	(/bin/sleep 0.3 &); (sh -c "exec /bin/true"; (exit 1) & wait) &
	/bin/sleep 0.05; done; wait; exit 0'

start_churn() {
	rm -f "$scratch/go/stop"
	churners=
	for n in 1 2 3 4 5 6 7 8; do
		ctr_detached "$1-churn-$n" sh -c "$churn_script"
		churners="$churners $1-churn-$n"
	done
}

stop_churn() {
	: >"$scratch/go/stop"
	for churner in $churners; do
		await "$churner stops" ctr_stopped "$churner"
	done
}

remove_churn() {
	for churner in $churners; do
		ctr_remove "$churner"
	done
}

# --- what befalls them

is_new_plugin() {
	find_plugin && [ "$plugin_pid" != "$old_plugin_pid" ]
}

kill_plugin() {
	old_plugin_pid=$plugin_pid
	kill -KILL "$plugin_pid" || die "the plugin is not there"
	await "auditd starts the plugin again" is_new_plugin
}

# Its plugin may outlive it by a little, as it likes.
restart_auditd() {
	kill -TERM "$auditd_pid"
	await "auditd ends" is_gone "$auditd_pid"
	wait "$auditd_pid"
	start_auditd_again
}

# Its shims live on; so does dockerd, which finds the new one.
restart_containerd() {
	kill -TERM "$containerd_pid"
	await "containerd ends" is_gone "$containerd_pid"
	wait "$containerd_pid"
	start_containerd
}

# What happens, and after how many seconds: each kind as often, at random
make_plan() {
	awk -v seed="$seed" -v rounds="${ROUNDS:-20}" 'BEGIN {
		srand(seed)
		split("kill_plugin restart_auditd restart_containerd", kind)
		for (i = 0; i < rounds; i++)
			plan[i] = kind[1 + i % 3]
		for (i = rounds - 1; i > 0; i--) {
			j = int(rand() * (i + 1))
			was = plan[i]; plan[i] = plan[j]; plan[j] = was
		}
		for (i = 0; i < rounds; i++)
			printf "%s %.3f\n", plan[i], rand() * 2.5
	}'
}

break_things() {
	seed=${SEED:-$(date +%s)}
	make_plan >"$scratch/plan"
	echo "        SEED=$seed: $(cut -d' ' -f1 "$scratch/plan" | sort |
		uniq -c | awk '{ printf "%s%d %s", sep, $1, $2; sep = ", " }')"
	while read -r what_happens after <&5; do
		sleep "$after"
		$what_happens
	done 5<"$scratch/plan"
}

# --- the claims

# The log as short lines; it is long.
shorten() {
	jq -c -L "$here/live" 'include "rows"; row' \
		"$scratch/log/contree.json" 2>"$scratch/why" |
		jq -cs . >"$scratch/lines"
}

# rows WHAT FILTER [JQ ARGUMENT...]
rows() {
	rows_what=$1
	rows_filter=$2
	shift 2
	claim "$rows_what" "include \"lives\"; include \"rows\"; $rows_filter" \
		--slurpfile seen "$scratch/seen.json" \
		--argjson others "$(cat "$scratch/others")" "$@"
}

check_whole() {
	jq -e -n 'reduce inputs as $line (0; . + 1)' \
		"$scratch/log/contree.json" >"$scratch/count" 2>"$scratch/why"
	ok $? "every line is JSON: $(cat "$scratch/count") of them"
}

check_living() {
	look_into_proc
	shorten
	rows "by the log those live who live by /proc" \
		'same([unended($others) | .pid] | sort; [$seen[].pid] | sort)'
	rows "born when /proc says, give or take 50 ms" \
		'none(unended($others) | . as $one | $seen[] |
			select(.pid == $one.pid) |
			select(near(.start; $one.start | ms) | not) |
			[$one, .])'
}

# Not a claim: where auditd was away for longer than the linger time, or with it
# the plugin, an end that the kernel told is not held back for the records that
# come then.
tell_late() {
	jq -r -s 'group_by(.process.entity_id) | map(select(
		any(.[]; .event.action == "end") and
		(last.event.action == "exec"))) | length |
		"        \(.) told to execute something after their end"' \
		"$scratch/log/contree.json"
}

check_rows() {
	rows "an entity_id is of one pid and one start" \
		'none(entities[] | select((map([.pid, .start]) | unique |
			length) > 1) | map([.entity, .pid, .start]) | unique)'
	rows "a process has one entity_id" 'none(twins)'
	rows "nor is one told by its number in the container alone, beside" \
		'none(told_by_number)'
	rows "an entity_id has one end at most" \
		'none(entities[] | select((map(select(.action == "end")) |
			length) > 1))'
	rows "and nothing is told of it after that but late records" \
		'none(entities[] | select(is_witnessed) |
			select(any(.[]; .action == "end") and
			(last.action | IN("end", "container-stop", "exec",
			"container-start") | not)))'
	tell_late
	rows "an entity_id has one birth, which may tell more than a census" \
		'none(entities[] | select(is_witnessed) | select(map(.action |
			select(IN("fork", "census"))) | IN([], ["census"],
			["fork"], ["census", "fork"]) | not))'
	rows "and one parent from then on" \
		'none(entities[] | select(is_witnessed) |
			select((after_census | map(.parent) |
			unique | length) > 1) | map([.entity, .action,
			.parent, .source]) | unique)'
	rows "a container starts once at most" \
		'none(containers($others)[] | select((map(select(.action ==
			"container-start")) | length) > 1) | .[0].container)'
}

# Births whose pid is what a clone within a container returned, in why
find_invented() {
	jq -r 'select(.event.action == "fork" and .process.pid and
		.contree.source == "audit" and .contree.role == "member") |
		[.event.sequence, .process.pid, .process.entity_id] | @tsv' \
		"$scratch/log/contree.json" >"$scratch/forks"
	awk -v clone='^(56|57|58|435)$' '
		FILENAME == ARGV[1] { pid[$1] = $2; line[$1] = $0; next }
		/^(node=[^ ]* )?type=SYSCALL / && match($0, /:[0-9]+\)/) {
			serial = substr($0, RSTART + 1, RLENGTH - 2)
			if (!(serial in pid))
				next
			match($0, / syscall=[0-9]+/)
			call = substr($0, RSTART + 9, RLENGTH - 9)
			match($0, / exit=[-0-9]+/)
			if (call ~ clone && substr($0, RSTART + 6,
					RLENGTH - 6) == pid[serial])
				print "event.sequence, pid, entity_id: " \
					line[serial]
		}' "$scratch/forks" "$scratch/audit/audit.log" >"$scratch/why"
}

# Not a claim: what ended while nobody looked may remain unknown. But its
# record may have waited for the next plugin.
count_unknown() {
	jq -r 'select(.event.action == "end" and .contree.role == "member" and
		.contree.exit.reason == "unknown") | .process.pid as $pid |
		.["@timestamp"] | (.[0:19] + "Z" | fromdate) |
		[$pid, .] | @tsv' "$scratch/log/contree.json" \
		>"$scratch/unknown"
	awk '
		FILENAME == ARGV[1] { at[$1] = $2; n++; next }
		/^(node=[^ ]* )?type=SYSCALL .* syscall=231 / {
			match($0, /audit\([0-9]+/)
			time = substr($0, RSTART + 6, RLENGTH - 6)
			match($0, / pid=[0-9]+/)
			pid = substr($0, RSTART + 5, RLENGTH - 5)
			if (pid in at && time - at[pid] <= 1 &&
					at[pid] - time <= 1)
				heard[pid] = 1
		}
		END {
			for (pid in heard)
				m++
			printf "        %d ends unknown, of which auditd " \
				"logged %d\n", n, m
		}' "$scratch/unknown" "$scratch/audit/audit.log"
}

# Whoever lived long enough to end in order had begun with the state. (The
# first had none.) Somebody else's plugins may be in the syslog, too.
check_goes_on() {
	[ -n "$syslogd_pid" ] || return 0
	tail -n +$((syslog_from + 1)) "$scratch/syslog" | sed -n \
		"s|.*audisp-contree\[\([0-9]*\)\]: started, .* $scratch/.*|\1 ours|p
		"'s/.*audisp-contree\[\([0-9]*\)\]: .*goes on with.*/\1 state/p
		s/.*audisp-contree\[\([0-9]*\)\]: ended: .*/\1 ended/p' |
		awk '$2 == "ours" { ours[$1] = 1 }
			$2 == "state" { has[$1] = 1 }
			$2 == "ended" && ours[$1] && n++ && !has[$1]' \
			>"$scratch/why"
	[ ! -s "$scratch/why" ]
	ok $? "each plugin that lived to end in order went on with the state"
}

# check_stopped ID...
check_stopped() {
	rows "$# stopped containers: each one stop" \
		'same([containers($others)[] | select(.[0].container |
			IN($ids | split(" ")[])) |
			map(select(.action == "container-stop")) | length];
		[range($n) | 1])' --arg ids "$*" --argjson n $#
	rows "and each one's processes have one init" \
		'none(containers($others)[] | select(.[0].container |
			IN($ids | split(" ")[])) |
			map(select(.role == "init") | .entity) | unique |
			select(length != 1))' --arg ids "$*"
}

# Those who lived all along are as they were before the first restart.
check_long_lived() {
	rows "who lived through it has the same entity_id and parent in all lines" \
		'same([of_seen($before)] | sort; $wanted[0])' \
		--slurpfile before "$scratch/before.json" \
		--slurpfile wanted "$scratch/then.json"
}

# One ends while nobody looks, and its pid goes to a stranger.
reuse_pid() {
	reused_pid=$(list_sleepers restart-reused)
	kill -KILL "$reused_pid"
	await "it is gone" test ! -e "/proc/$reused_pid"
	for _ in $(seq 100); do
		echo $((reused_pid - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 1000 &
		stranger_pid=$!
		[ $stranger_pid != "$reused_pid" ] || return 0
		kill $stranger_pid
	done
	echo "SKIP    its pid is not to be had again"
	reused_pid=
}

list_sleepers() {
	for pid in $(six="$1" list_members); do
		[ "$(cat "/proc/$pid/comm")" != sleep ] || echo "$pid"
	done
}

check_reused() {
	[ -n "$reused_pid" ] || return 0
	rows "whose pid a stranger has by now, its end is told" \
		'same([.[] | select(.pid == $pid and .container ==
			"restart-reused") | .action]; ["fork", "exec", "end"])' \
		--argjson pid "$reused_pid"
	kill $stranger_pid
	ct task kill --signal KILL restart-reused || die "ctr task kill"
	ctr_remove restart-reused
}

remember_long_lived() {
	look_into_proc
	cp "$scratch/seen.json" "$scratch/before.json"
	shorten
	jq -L "$here/live" --slurpfile before "$scratch/before.json" \
		'include "rows"; [of_seen($before)] | sort' \
		"$scratch/lines" >"$scratch/then.json"
	same "all that are to live through it are in the log, once" \
		"$(jq length "$scratch/then.json")" \
		"$(jq -s length "$scratch/before.json")"
}

part_restart() {
	begin_syslog
	start_six early
	early="$six"
	early_web=$web_id
	early_visited=$visited_id
	watch
	start_six late
	ctr_detached restart-reused \
		sh -c '/bin/sleep 1000 & wait; exec /bin/sleep 2000'
	settle
	remember_long_lived
	stop_auditd
	reuse_pid
	start_auditd_again

	# Low pids: a container's own numbers soon come to be as high.
	echo 300 2>/dev/null >/proc/sys/kernel/ns_last_pid
	start_churn restart
	break_things
	stop_churn
	remove_churn
	settle
	check_whole
	check_living
	check_reused
	syslog_has 0 'set aside|not used|another plugin has it' \
		"the plugin says nothing of a broken state"
	check_goes_on
	syslog_has 0 'goes on with.*[1-9][0-9]* make no sense' \
		"all of which made sense"

	stop_six late
	late=$six
	six=$early
	web_id=$early_web
	visited_id=$early_visited
	stop_six early
	stop "$dockerd_pid"
	dockerd_pid=
	stop "$containerd_pid"
	containerd_pid=
	settle
	check_living
	check_rows
	check_long_lived
	# shellcheck disable=SC2086 # a list of words
	check_stopped restart-reused $churners $early $late
	find_invented
	[ ! -s "$scratch/why" ]
	ok $? "no number of a container's own is taken for a host's pid"
	count_unknown
	stop_auditd
}
