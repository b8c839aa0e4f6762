# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Six containers of all kinds, what /proc has of them, and whether the log of
# a plugin that came later has the same. Part of restart.sh.

calm=4	# seconds without a new line, after which no more comes

configure_plugin() {
	sed -i "s|^state = .*|state = $scratch/log/state|
		s/^witness = .*/witness = auto/
		s/^log_size = .*/log_size = 0/" "$conf"
}

# The rules stay when auditd ends.
watch() {
	start_auditd
	auditctl -D -k contree >/dev/null
	load_rules
}

# With more restarts of the plugin than auditd has patience for
start_auditd_again() {
	sed -i 's/^max_restarts = .*/max_restarts = 1000/' "$etc/auditd.conf"
	auditd -n -c "$etc" >>"$scratch/auditd.out" 2>&1 &
	auditd_pid=$!
	await "auditd starts" has_audit_pid
	await "auditd starts the plugin" find_plugin
}

# begin_log NAME: what was logged so far is put there, while nobody logs.
begin_log() {
	mkdir -p "$scratch/$1"
	find "$scratch/log" -name 'contree.*' -exec mv {} "$scratch/$1/" \;
}

is_quiet() {
	for comm in $(grep -lsxE 'runc.*' /proc/[0-9]*/comm); do
		[ "$(readlink "${comm%comm}ns/mnt")" != "$inside" ] || return 1
	done
}

settle() {
	size=$(stat -c %s "$scratch/log/contree.json")
	still=0
	until=$(($(date +%s) + 2 * patience))
	while [ $still -lt $calm ]; do
		sleep 1
		still=$((still + 1))
		before=$size
		size=$(stat -c %s "$scratch/log/contree.json")
		[ "$size" = "$before" ] && is_quiet || still=0
		[ "$(date +%s)" -lt $until ] || die "the log does not settle"
	done
}

begin_syslog() {
	[ -z "$syslogd_pid" ] || syslog_from=$(wc -l <"$scratch/syslog")
}

# syslog_has COUNT REGEX WHAT; where the system log is ours
syslog_has() {
	if [ -z "$syslogd_pid" ]; then
		echo "SKIP    $3: the system log is another's"
		return
	fi
	same "$3" "$(tail -n +$((syslog_from + 1)) "$scratch/syslog" |
		grep -acE "$2")" "$1"
}

# --- the six

# ctr_detached ID ARGUMENT...: with its options in $options
ctr_detached() {
	id=$1
	shift
	# shellcheck disable=SC2086 # options is a list of words
	ct run --detach --snapshotter native --cgroup "/$name/$id" \
		--fifo-dir "$scratch/fifo" ${options:-} \
		--mount "type=bind,src=$scratch/go,dst=/go,options=rbind:rw" \
		docker.io/library/live:1 "$id" "$@" </dev/null ||
		die "ctr run --detach $id"
}

# As Kubernetes' CRI has them made
pod_detached() {
	cri=io.kubernetes.cri
	options="--annotation $cri.sandbox-id=$1-pause"
	options="$options --annotation $cri.sandbox-name=$1-shop"
	options="$options --annotation $cri.sandbox-namespace=prod"
	options="$options --annotation $cri.sandbox-uid=uid-1"
	options="$options --annotation $cri.container-name=$2"
	options="$options --annotation $cri.image-name=live.test/bb:7"
	ctr_detached "$1-$2" /bin/sleep 1000
	options=
}

start_six() {
	ctr_detached "$1-plain" /bin/sleep 1000
	ctr_detached "$1-family" \
		sh -c 'sh -c "/bin/sleep 1000 & wait" "a b" "" & wait'
	web_id=$(docker_run -d --name "$1-web" live:1 \
		sh -c 'trap "exit 5" TERM; /bin/sleep 1000 & wait') ||
		die "docker run -d"
	visited_id=$(docker_run -d --name "$1-visited" live:1 /bin/sleep 1000) ||
		die "docker run -d"
	# shellcheck disable=SC2016 # its own variables
	dk exec -d "$visited_id" sh -c '/bin/sleep 1000 & wait $!; exit $?' ||
		die "docker exec -d"
	pod_detached "$1" pause
	pod_detached "$1" app
	six="$1-plain $1-family $web_id $visited_id $1-pause $1-app"
	await "the six are what they are to be" six_are_there
	await "runc is done" is_quiet
}

# All in the cgroups of $six
list_members() {
	for id in $six; do
		find /sys/fs/cgroup -path "*/$name/$id/cgroup.procs" \
			-exec cat {} + | sort -un
	done
}

six_are_there() {
	sleepers=0
	others=0
	for pid in $(list_members); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" |
				grep -qx '/bin/sleep 1000 '; then
			sleepers=$((sleepers + 1))
		else
			others=$((others + 1))
		fi
	done
	echo "$sleepers sleep, $others do not"
	[ "$sleepers $others" = "7 4" ]
}

# What must be told of the containers of $six and of their ends
six_facts() {
	jq -n --arg six "$six" --arg prefix "$1" '($six | split(" ")) as $ids |
		["signaled", 137] as $killed | ["init-died", null] as $died |
		{ image: "live", tag: ["1"] } as $docker |
		{ image: "live.test/bb", tag: ["7"], pod: ($prefix + "-shop"),
		  pod_ns: "prod", pod_uid: "uid-1" } as $pod | {
		($ids[0]): { ends: { init: $killed } },
		($ids[1]): { ends: { init: $killed, member: $died } },
		($ids[2]): ($docker + { name: ($prefix + "-web"),
			ends: { init: ["exited", 5], member: $died } }),
		($ids[3]): ($docker + { name: ($prefix + "-visited"),
			ends: { init: $killed, exec: ["exited", 143],
				member: ["signaled", 143] } }),
		($ids[4]): ($pod + { name: "pause", ends: { init: $killed } }),
		($ids[5]): ($pod + { name: "app", ends: { init: $killed } }) }'
}

ctr_stopped() {
	ct task ls | grep -q "^$1 .*STOPPED"
}

ctr_remove() {
	await "$1 is stopped" ctr_stopped "$1"
	ct task rm "$1" >/dev/null
	ct container rm "$1" || die "ctr container rm $1"
}

stop_six() {
	# the visitor's child; the visitor then exits by itself
	for pid in $(list_members); do
		if grep -qsx 'sh' "/proc/$(awk '/^PPid:/ { print $2 }' \
				"/proc/$pid/status")/comm" &&
				grep -qs "/$visited_id\$" "/proc/$pid/cgroup"
		then
			kill -TERM "$pid"
		fi
	done
	await "the visitor leaves" visitor_left
	dk stop --time $patience "$web_id" >/dev/null || die "docker stop"
	dk kill "$visited_id" >/dev/null || die "docker kill"
	for id in "$web_id" "$visited_id"; do
		dk wait "$id" >/dev/null
		dk rm "$id" >/dev/null || die "docker rm"
	done
	for id in "$1-plain" "$1-family" "$1-app" "$1-pause"; do
		ct task kill --signal KILL "$id" || die "ctr task kill $id"
		ctr_remove "$id"
	done
}

visitor_left() {
	[ "$(find /sys/fs/cgroup -path "*/$name/$visited_id/cgroup.procs" \
		-exec cat {} + | sort -un | wc -l)" -eq 1 ]
}

# --- /proc

# Roots and shims, and whether they are this test's or the machine's
list_roots() {
	for comm in $(grep -lsxE 'containerd|containerd-shim' \
			/proc/[0-9]*/comm); do
		pid=${comm%/comm}
		pid=${pid#/proc/}
		if [ "$(readlink "/proc/$pid/ns/mnt")" = "$inside" ]; then
			echo "ours $pid"
		else
			echo "others $pid"
		fi
	done
}

# When the host was booted, in ms of the time of day
booted_ms() {
	read -r before _ </proc/uptime
	now=$(date +%s%3N)
	read -r after _ </proc/uptime
	awk -v a="$before" -v b="$after" -v now="$now" \
		'BEGIN { printf "%.0f\n", now - (a + b) / 2 * 1000 }'
}

# Of roots, shims and all below: whose, pid, ppid, start in ms
list_living() {
	booted=$(booted_ms)
	{ list_roots; cat /proc/[0-9]*/stat 2>/dev/null; } | awk \
		-v booted="$booted" -v tick=$((1000 / $(getconf CLK_TCK))) '
		NF == 2 { root[$2] = $1; next }
		{
			pid = $1
			sub(/^.*\) /, "")
			if ($1 ~ /[ZX]/)
				next
			parent[pid] = $2
			start[pid] = booted + $20 * tick
		}
		END {
			for (pid in parent) {
				whose = ""
				for (a = pid; a in parent; a = parent[a])
					if (a in root)
						whose = root[a]
				if (whose != "")
					printf "%s %d %d %.0f\n", whose, pid,
						parent[pid], start[pid]
			}
		}'
}

# describe PID PPID START: as JSON. (The x saves a last NUL.)
describe() {
	{ cat "/proc/$1/cmdline"; echo x; } | jq -Rsc --argjson pid "$1" \
		--argjson ppid "$2" --argjson start "$3" \
		--arg vpid "$(awk '/^NSpid:/ && NF > 2 { print $NF }' \
			"/proc/$1/status")" \
		--arg id "$(sed -n "s|.*/$name/\([^/]*\)\$|\1|p" \
			"/proc/$1/cgroup" | head -n 1)" \
		--arg comm "$(cat "/proc/$1/comm")" \
		'split("\u0000")[:-1] as $args | {
			pid: $pid, ppid: $ppid, start: $start, args: $args,
			vpid: (if $vpid == "" then null else
				($vpid | tonumber) end),
			comm: $comm,
			container: (if $id != "" then $id
				elif $comm == "containerd-shim" then
					$args[($args | index("-id")) + 1]
				else null end) }'
}

# Into seen.json who is in the tree; into others the pids of those who are
# none of this test's business.
look_into_proc() {
	list_living >"$scratch/living"
	sed -n 's/^others \([0-9]*\) .*/\1/p' "$scratch/living" |
		jq -sc . >"$scratch/others"
	while read -r whose pid ppid start; do
		[ "$whose" = others ] || describe "$pid" "$ppid" "$start"
	done <"$scratch/living" >"$scratch/seen.json"
}

# --- the claims

# lives WHAT FILTER [JQ ARGUMENT...]: a claim that knows what /proc had
lives() {
	lives_what=$1
	lives_filter=$2
	shift 2
	claim "$lives_what" "include \"lives\"; $lives_filter" \
		--slurpfile seen "$scratch/seen.json" \
		--slurpfile facts "$scratch/facts.json" \
		--argjson others "$(cat "$scratch/others")" "$@"
}

check_census() {
	look_into_proc
	six_facts "$1" >"$scratch/facts.json"
	jq -s . "$scratch/log/contree.json" >"$scratch/lines"
	same "/proc: those below the shims are those in the cgroups" \
		"$(jq -s -c '[.[] | select(.vpid) | .pid] | sort' \
			"$scratch/seen.json")" \
		"$(list_members | jq -s -c sort)"
	lives "$2: it has exactly these processes, each once" \
		'same([census($others) | .process.pid] | sort;
			[$seen[].pid] | sort)'
	lives "$2: pid, parent, vpid, role, container, arguments are /proc's" \
		'same([census($others) | found] | sort_by(.pid);
			[$seen[] | expected($seen)] | sort_by(.pid))'
	lives "$2: births are /proc's, give or take 50 ms" \
		'none(census($others) | . as $line | $seen[] |
			select(.pid == $line.process.pid) |
			select(near(.start; $line.process.start | ms) | not) |
			[., $line.process.start])'
	lives "$2: names, images and pods" \
		'none(census($others) | select(is_inside) |
			[names, ($facts[0][.container.id] | del(.ends))] |
			select((.[0] | with_entries(select(.value != null))) !=
				.[1]))'
	lives "$2: and nothing else was told, of anybody" \
		'none(.[] | select(.event.action != "census" and
			(.process.pid | IN($others[]) | not)))'
}

check_census_ends() {
	jq -s . "$scratch/log/contree.json" >"$scratch/lines"
	lives "each one found in a container has one end, and the right one" \
		'same(ends_of_found($others) | map(select(.role |
			IN("init", "exec", "member")));
		[$seen[] | expected($seen) | select(.role |
			IN("init", "exec", "member")) |
			{ pid, role, ends: [$facts[0][.container].ends[.role]] }
			] | sort_by(.pid))'
	lives "so do the shims; containerd has none" \
		'same(ends_of_found($others) | map(select(.role |
			IN("root", "shim")));
		[$seen[] | expected($seen) | select(.role |
			IN("root", "shim")) |
			{ pid, role, ends: (if .role == "root" then [] else
				[["exited", 0]] end) }] | sort_by(.pid))'
	lives "each container stops once, with its exit code, and none starts" \
		'same([.[] | select(.event.action | IN("container-stop",
			"container-start")) | select(.container.id |
			IN($facts[0] | keys[])) | [.container.id,
			.event.action, .process.exit_code]] | sort;
		[$facts[0] | to_entries[] | [.key, "container-stop",
			.value.ends.init[1]]] | sort)'
}

part_census() {
	begin_syslog
	start_six found
	watch
	settle
	check_census found "the census"

	stop_auditd
	begin_log census-1
	sed -i '1s/"boot_id":"[^"]*"/"boot_id":"another"/' "$scratch/log/state"
	start_auditd_again
	settle
	check_census found "with a state of another boot"
	[ -s "$scratch/log/state.old" ]
	ok $? "which is kept as state.old"
	syslog_has 1 'from before the host was booted; set aside' \
		"and that is said"

	stop_auditd
	begin_log census-2
	garbage="$(head -c 64 /dev/urandom | tr '\n\0' '..')"
	{ head -n 5 "$scratch/log/state"; echo "$garbage"
	  tail -n +6 "$scratch/log/state"; } >"$scratch/state"
	cat "$scratch/state" >"$scratch/log/state"
	start_auditd_again
	settle
	check_census found "with a damaged state"
	[ -s "$scratch/log/state.broken" ]
	ok $? "which is kept as state.broken"
	syslog_has 1 'is no JSON object; set aside' "and that is said"

	stop_six found
	settle
	check_census_ends
	stop_auditd
	begin_log census-3
	rm -f "$scratch/log/"state*
}
