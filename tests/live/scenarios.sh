# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scoreboard runs. A scenario is a function run_NAME; whatever else
# it demands, its processes must all have ended, or be about to, when it
# returns. Part of scoreboard.sh.

scenarios="shell prefork signals oom threads spawn daemons enter pause restart
	pod nested churn wrap failing names i386"

# The programs that the image needs, static, from tests/scenarios
build_programs() {
	mkdir -p "$scratch/root/bin"
	for source in "$here"/scenarios/*.c; do
		program=$(basename "$source" .c)
		[ "$program" != i386 ] || continue
		${CC:-cc} -D_GNU_SOURCE -static -O1 -Wall -Wextra \
			-o "$scratch/root/bin/$program" "$source" -lpthread \
			>"$scratch/cc.out" 2>&1 || {
			cat "$scratch/cc.out"
			die "cc -static $source"
		}
	done
	build_i386
}

# The compiler may have no 32 bits, and the kernel no int 0x80.
build_i386() {
	no_i386=
	program=$scratch/root/bin/i386
	if ! ${CC:-cc} -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie \
		-fno-stack-protector -O1 -Wall -Wextra -o "$program" \
		"$here/scenarios/i386.c" >"$scratch/cc.out" 2>&1; then
		no_i386="cc -m32: $(head -n 1 "$scratch/cc.out")"
	elif "$program" again; status=$?; [ $status -ne 6 ]; then
		no_i386="this kernel runs no i386 program (status $status)"
	fi
}

# ctr_fore ID ARGUMENT...: a container in the foreground
ctr_fore() {
	known "$1"
	ctr_run "$@"
}

# ctr_back ID ARGUMENT...: in the background, with its options in $options
ctr_back() {
	id=$1
	shift
	known "$id"
	# shellcheck disable=SC2086 # options is a list of words
	ct run --detach --snapshotter native --cgroup "/$name/$id" \
		--fifo-dir "$scratch/fifo" ${options:-} \
		docker.io/library/live:1 "$id" "$@" </dev/null ||
		die "ctr run --detach $id"
}

ctr_end() {
	ct task kill --signal KILL "$1" || die "ctr task kill $1"
	await "$1 is stopped" ctr_stopped "$1"
	ct task rm "$1"
	ct container rm "$1" || die "ctr container rm $1"
}

ctr_stopped() {
	ct task ls | grep -q "^$1 .*STOPPED"
}

# docker_fore ARGUMENT...: docker run, in the foreground
docker_fore() {
	docker_run --cidfile "$scratch/cid" "$@"
	status=$?
	known_cid
	docker_gone "$id"
	return $status
}

# docker_back ARGUMENT...: in the background; its id is $id.
docker_back() {
	docker_run --detach --cidfile "$scratch/cid" "$@" || die "docker run -d"
	known_cid
}

docker_gone() {
	dk rm --force "$1" >/dev/null || die "docker rm"
}

# --- the scenarios

run_shell() {
	# shellcheck disable=SC2016 # its own variables
	ctr_fore shell sh -c 'echo hi; (sleep 0.2 &); ls /; (exit 3)
		x=$(echo a; ls / | true); /bin/true; true
		for i in 1 2 3 4 5; do (exit $i) & sleep 0.05 & done
		wait; (sh -c "exec /bin/true"; exit 9); exec sleep 0.5'
	came $? 0 "the shell"
}

run_prefork() {
	ctr_fore prefork /bin/prefork 5 6
	came $? 7 "prefork"
}

run_signals() {
	# shellcheck disable=SC2016 # its own variables
	ctr_fore signals sh -c 'sleep 100 & kill -9 $!; wait
		sh -c "kill -SEGV \$\$"; sh -c "kill -TERM \$\$"
		(kill -9 $$ & exec sleep 100) & sleep 0.1; exit 7'
	docker_back live:1 sh -c 'sleep 1000 & sleep 1000 & (exit 1); wait'
	sleep 0.5
	dk kill "$id" || die "docker kill"
	docker_gone "$id"
	docker_back live:1 sh -c 'trap "exit 5" TERM; sleep 1000 & wait'
	sleep 0.5
	dk stop "$id" || die "docker stop"
	docker_gone "$id"
}

run_oom() {
	docker_fore --memory 32m live:1 /bin/eater child
	came $? 3 "a container whose child is out of memory"
	docker_fore --memory 32m live:1 /bin/eater self
	came $? 137 "a container whose init is out of memory"
	[ "$(find_victims | wc -l)" -eq 2 ] || die "no two OOM kills in dmesg"
}

run_threads() {
	ctr_fore threads /bin/threads
	came $? 0 "threads"
}

run_spawn() {
	ctr_fore spawn /bin/spawn 300
	came $? 0 "spawn"
}

run_daemons() {
	ctr_fore daemons /bin/daemons 24
	came $? 0 "daemons"
}

# From the host, nsenter brings in what is none of the container's.
run_enter() {
	docker_back live:1 sh -c 'sleep 1000 & wait'
	dk exec "$id" sh -c 'ls /; /bin/true; (exit 3); exit 9'
	came $? 9 "docker exec"
	dk exec --detach "$id" sh -c 'sleep 0.3; exit 8'
	nsenter -t "$(dk inspect -f '{{.State.Pid}}' "$id")" -m -p \
		/bin/sh -c '/bin/true; (exit 2); exit 4'
	came $? 4 "nsenter"
	dk exec "$id" /bin/prefork 2 2
	came $? 7 "docker exec of prefork"
	dk exec "$id" /bin/true
	sleep 0.5
	docker_gone "$id"
	ctr_back enter sh -c 'sleep 1000 & wait'
	ct task exec --fifo-dir "$scratch/fifo" --exec-id one enter \
		sh -c '(exit 2); /bin/true; exit 6'
	came $? 6 "ctr task exec"
	ct task exec --fifo-dir "$scratch/fifo" --exec-id two enter /bin/true
	came $? 0 "ctr task exec"
	ctr_end enter
}

run_pause() {
	docker_back live:1 sh -c 'while true; do /bin/true; (exit 2)
		sleep 0.05; done'
	for _ in 1 2 3; do
		sleep 0.3
		dk pause "$id" || die "docker pause"
		sleep 0.3
		dk unpause "$id" || die "docker unpause"
	done
	dk kill "$id" || die "docker kill"
	docker_gone "$id"
}

# The same id, but other processes
run_restart() {
	docker_back live:1 sh -c '/bin/true; sleep 1000 & wait'
	for _ in 1 2; do
		sleep 0.3
		dk restart --time 0 "$id" || die "docker restart"
	done
	dk exec "$id" sh -c 'exit 4'
	came $? 4 "docker exec"
	docker_gone "$id"
}

# As Kubernetes' CRI makes them: a sandbox, and what shares its shim
run_pod() {
	for part in pause app side; do
		options="--annotation io.kubernetes.cri.sandbox-id=pod-pause"
		options="$options --annotation io.kubernetes.cri.container-name=$part"
		ctr_back pod-$part sh -c '/bin/true; (exit 3); sleep 1000'
	done
	options=
	same_shim || die "the pod's containers are not on one shim"
	ct task exec --fifo-dir "$scratch/fifo" --exec-id one pod-app \
		sh -c '(exit 2); exit 6'
	came $? 6 "ctr task exec"
	for part in side app pause; do
		ctr_end pod-$part
	done
}

same_shim() {
	[ "$(grep -lsx containerd-shim /proc/[0-9]*/comm | wc -l)" -eq 1 ]
}

run_nested() {
	options=--privileged
	ctr_back nested /bin/nested
	options=
	await "the namespaces are over" ctr_stopped nested
	ct task rm nested
	ct container rm nested
}

run_churn() {
	churns=
	for n in 1 2 3 4 5 6 7 8; do
		known churn-$n
	done
	for n in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2016 # its own variables
		ctr_run churn-$n sh -c 'i=0; while [ $i -lt 60 ]; do
			i=$((i + 1)); /bin/true; (exit 3); (/bin/true; exit 4)
			done; exit 0' &
		churns="$churns $!"
	done
	for pid in $churns; do
		wait "$pid"
		came $? 0 "a churning container"
	done
}

# What is none of a container's, and gets the numbers of what is
make_host_noise() {
	while [ -e "$dir/noise" ]; do
		sh -c '/bin/true; (exit 1); /bin/true | (/bin/true; exit 2)'
	done
}

# So few numbers that they come round again and again, inside and outside
run_wrap() {
	: >"$dir/noise"
	make_host_noise &
	noise_pid=$!
	was_pid_max=$(cat /proc/sys/kernel/pid_max)
	max=$((1500 + $(find /proc/[0-9]*/task -mindepth 1 -maxdepth 1 \
		2>/dev/null | wc -l)))
	echo $max >/proc/sys/kernel/pid_max || die "pid_max = $max"
	ctr_fore wrap /bin/wrap 5000
	status=$?
	rm "$dir/noise"
	wait $noise_pid
	echo "$was_pid_max" >/proc/sys/kernel/pid_max
	was_pid_max=
	came $status 0 "wrap"
}

# How often they came round
check_wrap() {
	rounds=$(jq -s '[.[] | select(.ev == "fork") | .pid] |
		[.[:-1], .[1:]] | transpose |
		map(select(.[0] - .[1] > 500)) | length' "$dir/truth.jsonl")
	[ "$rounds" -ge 2 ] || die "pids came round $rounds times, not twice"
	echo "pids came round $rounds times"
}

# Nothing of these may be said to have been in a container, but the last.
run_failing() {
	docker_fore live:1 /bin/none
	came $? 127 "docker run of nothing"
	docker_fore --env A=B --user nobody-known live:1 true
	docker_fore live:1 /proc
	came $? 126 "docker run of a directory"
	ctr_fore fail-exec /bin/none
	ct container rm fail-exec
	known fail-mount
	ct run --rm --snapshotter native --cgroup "/$name/fail-mount" \
		--fifo-dir "$scratch/fifo" \
		--mount type=bind,src=/none,dst=/none,options=rbind:rw \
		docker.io/library/live:1 fail-mount true </dev/null
	ct container rm fail-mount
	docker_back live:1 sleep 1000
	dk exec "$id" /bin/none
	dk exec --workdir /none "$id" true
	docker_gone "$id"
}

run_names() {
	ctr_fore names /bin/names
	came $? 0 "names"
}

run_i386() {
	ctr_fore i386 /bin/i386
	came $? 4 "i386"
}
