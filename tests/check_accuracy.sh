#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Can the accuracy test fail? Its oracle prints what a contree without fault
# would say of a capture. Of that it must find nothing to say; and of every
# way to spoil it, tabled below, it must say what is wrong.
#
# ACCURACY  the test program, tests/accuracy by default
# srcdir    the sources, . by default

accuracy=${ACCURACY:-tests/accuracy}
captures=${srcdir:-.}/tests/captures
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0
rows=0

# Stands in for contree: the oracle's lines, spoilt by an awk program.
cat >"$dir/contree" <<'EOF'
#!/bin/sh
for log; do :; done
"$accuracy" --oracle "${log%/audit.log}" | awk -f "$dir/spoil.awk"
EOF
chmod +x "$dir/contree"
export accuracy dir
CONTREE=$dir/contree
export CONTREE

# What the rows below are written with. first() is true once, for the first
# line that has all it is asked for.
cat >"$dir/prelude.awk" <<'EOF'
function act(name) { return index($0, "\"action\":\"" name "\"") }
function role(name) { return index($0, "\"role\":\"" name "\"") }
function first(test) { return test && !done++ }
function pid() {
	match($0, /"process":[{]"pid":[0-9]+/)
	return substr($0, RSTART + 17, RLENGTH - 17)
}
EOF

fail() {
	echo "FAIL: $1"
	failed=1
}

# row NAME CAPTURE WORDS PROGRAM: spoilt so, accuracy must exit with 1 and
# say WORDS (an extended regular expression).
row() {
	rows=$((rows + 1))
	{ cat "$dir/prelude.awk"; echo "$4"; echo '{ print }'; } \
		>"$dir/spoil.awk"
	"$accuracy" "$captures/$2" >"$dir/out" 2>&1
	status=$?
	if [ $status -ne 1 ]; then
		fail "$1: exit status $status"
	elif ! grep -Eq "^$2: .*$3" "$dir/out"; then
		fail "$1: not said: $3"
		grep "^$2: " "$dir/out" | head -n 5
	fi
}

echo '{ print }' >"$dir/spoil.awk"
"$accuracy" >"$dir/out" 2>&1 || {
	fail "the oracle itself"
	tail -n 20 "$dir/out"
}

# One process of a capture, given the pid of another that ended before it was
# born: two lives with one pid.
mkdir "$dir/reuse"
cp -R "$captures/basic/files" "$dir/reuse/"
for f in audit.log truth.jsonl proc.jsonl; do
	sed 's/28840/28799/g' "$captures/basic/$f" >"$dir/reuse/$f"
done
"$accuracy" "$dir/reuse" >"$dir/out" 2>&1 || {
	fail "a pid used twice"
	tail -n 5 "$dir/out"
}

row "no output" basic 'not found, born of' \
	'{ next }'
row "no JSON" basic 'is no JSON object' \
	'NR == 3 { print "contree: warning" }'
row "half a line at the end" basic 'is no JSON object' \
	'{ last = $0 } END { printf "%s", substr(last, 1, 40) }'
row "an exit status" basic 'exited with 3' \
	'END { exit 3 }'

row "a process not found" forkonly 'not found, born of' \
	'first(act("fork") && role("member")) { gone = pid() }
	pid() == gone { next }'
row "a thread taken for a process" threads 'no such process' \
	'first(act("fork") && role("member")) {
		print; sub(/"pid":[0-9]+/, "\"pid\":999999") }'
row "a local pid taken for a host pid" basic 'no such process' \
	'first(act("fork") && role("member")) {
		print; sub(/"pid":[0-9]+/, "\"pid\":7") }'
row "nsenter from the host" enter 'does not descend from containerd' \
	'first(act("fork") && pid() == 29728) {
		print; sub(/"pid":[0-9]+/, "\"pid\":29720") }'
row "a birth that never was" basic 'has no unheard child with vpid' \
	'first(act("fork") && role("member")) {
		print; sub(/"pid":[0-9]+,/, "") }'

row "a wrong parent" churn 'parent on its fork: expected' \
	'first(act("fork") && role("member")) {
		sub(/"parent":[{]"pid":/, "&1") }'
row "a parent that changes" churn 'parent on its end: expected' \
	'first(act("end") && role("member")) {
		sub(/"parent":[{]"pid":/, "&1") }'
row "an inferred parent not marked" basic 'not marked as inferred' \
	'{ sub(/"source":"inferred"/, "\"source\":\"audit\"") }'
row "a plain parent marked" basic 'called inferred, yet plain' \
	'first(act("fork")) { sub(/"source":"audit"/,
		"\"source\":\"inferred\"") }'
row "a wrong vpid" basic 'vpid: expected' \
	'first(act("fork") && role("member")) { sub(/"vpid":/, "&1") }'

row "a wrong container" churn 'container of its fork: expected' \
	'first(act("fork") && role("member")) {
		sub(/churn-[1-7]-/, "churn-8-") || sub(/churn-8-/, "churn-1-") }'
row "no container" churn 'container of its exec: expected .*, got none' \
	'first(act("exec") && role("member")) {
		sub(/"container":[{][^}]*[}],/, "") }'
row "the shim instead of the pod" pod 'container of its exec: expected' \
	'first(act("exec") && role("runtime") && /pod-28761-app/) {
		gsub(/"id":"pod-28761-app"/, "\"id\":\"pod-28761-pause\"") }'
row "the runtime as a member" basic 'is runtime in no container, but' \
	'first(act("exec") && role("runtime")) {
		sub(/"role":"runtime"/, "\"role\":\"member\"") }'
row "an init called a member" basic 'role of its exec: expected init' \
	'first(act("exec") && role("init")) {
		sub(/"role":"init"/, "\"role\":\"member\"") }'
row "an exec called an init" enter 'role of its exec: expected exec' \
	'{ sub(/"role":"exec"/, "\"role\":\"init\"") }'
row "a wrong entry leader" enter 'leader of its exec: expected' \
	'first(act("exec") && role("exec")) {
		sub(/"entry_leader":[{]"pid":/, "&1") }'

row "an exec not seen" churn 'expected 1 execs, got 0' \
	'first(act("exec") && role("member")) { next }'
row "a failed exec reported" basic 'exec 2: expected none' \
	'first(act("exec") && role("shim")) { print }'
row "execs in the wrong order" basic 'exec 1: expected' \
	'act("exec") && pid() == 28807 && !held { held = $0; next }
	act("exec") && pid() == 28807 { print; $0 = held }'
row "a wrong executable" spawn 'exec 1: expected' \
	'first(act("exec") && role("member")) {
		sub(/"executable":"/, "&/nowhere") }'
row "a wrong argument" spawn 'arguments of' \
	'first(act("exec") && role("member")) { sub(/"args":\["/, "&x") }'
row "a missing argument" spawn 'arguments of' \
	'first(act("exec") && role("member")) {
		sub(/"args":\["[^"]*",/, "\"args\":[") }'

row "no end" churn 'expected one end, got 0' \
	'first(act("end") && role("member")) { next }'
row "no end of an init killed in silence" enter 'expected one end, got 0' \
	'first(act("end") && role("init")) { next }'
row "two ends" churn 'expected one end, got 2' \
	'first(act("end") && role("member")) { print }'
row "a wrong status" forkonly 'end: status' \
	'first(act("end") && /"exit_code":12/) {
		sub(/"exit_code":12/, "\"exit_code\":13") }'
row "an end by exit_group called unknown" forkonly 'it called exit_group' \
	'first(act("end") && role("member")) {
		sub(/"reason":"exited"/, "\"reason\":\"unknown\"") }'
row "a guessed exit" signals 'nobody heard it exit' \
	'first(act("end") && /"reason":"unknown"/) {
		sub(/"unknown"/, "\"exited\""); sub(/"vpid"/,
		"\"exit_code\":0,&") }'
row "a guessed signal" signals 'end: signal' \
	'first(act("end") && /"reason":"unknown"/) {
		sub(/"reason":"unknown"/, "\"reason\":\"signaled\"," \
		"\"signal\":15"); sub(/"vpid"/, "\"exit_code\":143,&") }'
row "a wrong signal" signals 'ANOM_ABEND|end: signal' \
	'{ sub(/"signal":11/, "\"signal\":6") }'
row "ANOM_ABEND not heeded" signals 'ANOM_ABEND says so' \
	'{ sub(/"reason":"signaled"/, "\"reason\":\"unknown\"") }'
row "init-died of an init" enter 'its init did not die before' \
	'act("end") && role("init") {
		sub(/"reason":"unknown"/, "\"reason\":\"init-died\"") }'
row "an end of what lives" basic 'an end, but it lives' \
	'act("end") && !done++ {
		print; sub(/"pid":[0-9]+/, "\"pid\":3473") }'

row "an exec before its fork" basic 'an exec before its fork' \
	'first(act("fork")) { held = $0; who = pid(); next }
	held && act("exec") && pid() == who { print; $0 = held; held = "" }'
row "an exec after its end" basic 'an exec after its end' \
	'act("exec") && pid() == 28826 { held = $0; next }
	act("end") && pid() == 28826 { print; $0 = held }'
row "two forks" basic 'a fork line that is not its first' \
	'first(act("fork")) { print }'
row "an entity_id that changes" basic 'two entity_ids' \
	'first(act("exec")) { sub(/"entity_id":"/, "&x") }'
row "a start that changes" basic 'its start changes' \
	'first(act("exec")) { sub(/"start":"2/, "&1") }'
row "an entity_id of two" basic "is pid [0-9]+'s too" \
	'act("fork") { sub(/"entity_id":"[^"]*"/, "\"entity_id\":\"one\"") }'
row "no entity_id" basic 'has no entity_id' \
	'first(act("fork")) { sub(/"entity_id":"[^"]*",/, "") }'
row "another parent's entity_id" basic "its parent's entity_id: expected" \
	'first(act("fork") && role("member")) {
		sub(/"parent":[{]"pid":[0-9]+,"entity_id":"/, "&x") }'

row "no start" pod 'expected one start, got 0' \
	'first(act("container-start")) { next }'
row "two starts" pod 'expected one start, got 2' \
	'first(act("container-start")) { print }'
row "no stop" pod 'expected 1 stops, got 0' \
	'first(act("container-stop")) { next }'
row "two stops" pod 'expected 1 stops, got 2' \
	'first(act("container-stop")) { print }'
row "a stop before its start" basic 'stops before it starts' \
	'act("container-start") { stop = $0;
		sub(/container-start/, "container-stop", stop); print stop }'
row "a container that is none" basic 'no such container' \
	'act("container-start") { gsub(/basic-28761/, "nobody") }'
row "an unknown action" basic 'unknown action' \
	'first(act("exec")) { sub(/"action":"exec"/, "\"action\":\"run\"") }'

# --- the same of what a plugin with a witness wrote

# live_row NAME CAPTURE WORDS PROGRAM: as row, of a log with everything in it.
live_row() {
	rows=$((rows + 1))
	rec=$dir/live/$2
	[ -d "$rec" ] || { mkdir -p "$dir/live"; cp -R "$captures/$2" "$rec"; }
	{ cat "$dir/prelude.awk"; echo "$4"; echo '{ print }'; } \
		>"$dir/spoil.awk"
	"$accuracy" --oracle=all "$captures/$2" |
		awk -f "$dir/spoil.awk" >"$rec/contree.json"
	"$accuracy" --live=all "$rec" >"$dir/out" 2>&1
	status=$?
	if [ -z "$3" ]; then
		[ $status -eq 0 ] && return
		fail "$1: exit status $status"
		tail -n 5 "$dir/out"
	elif [ $status -ne 1 ]; then
		fail "$1: exit status $status"
	elif ! grep -Eq "^$2: .*$3" "$dir/out"; then
		fail "$1: not said: $3"
		grep "^$2: " "$dir/out" | head -n 5
	fi
}

for capture in basic churn enter forkonly pod signals spawn threads; do
	live_row "the oracle of all that was, $capture" $capture '' ''
done
live_row "a process not told" signals 'not found, born of' \
	'act("fork") && role("member") && !done++ { gone = pid() }
	pid() == gone { next }'
live_row "a birth without pid" forkonly 'has no unheard child with vpid' \
	'first(act("fork") && role("member")) {
		print; sub(/"pid":[0-9]+,/, "") }'
live_row "a kill called unknown" enter 'it is known how it ended' \
	'act("end") { sub(/"reason":"signaled"/, "\"reason\":\"unknown\"") }'
live_row "a kill called an exit" enter 'it was killed' \
	'act("end") { sub(/"reason":"signaled"/, "\"reason\":\"exited\"") }'
live_row "an exit called a kill" forkonly 'it exited' \
	'first(act("end") && role("member")) {
		sub(/"reason":"exited"/, "\"reason\":\"signaled\"") }'
live_row "another signal" signals 'end: signal' \
	'{ sub(/"signal":9/, "\"signal\":15") }'
live_row "another status" forkonly 'end: status' \
	'first(act("end") && /"exit_code":12/) {
		sub(/"exit_code":12/, "\"exit_code\":13") }'
live_row "init-died of an init" enter 'its init did not die then' \
	'first(act("end") && role("init") && /"signal":9/) {
		sub(/"reason":"signaled"/, "\"reason\":\"init-died\"") }'
live_row "an OOM kill that was none" signals 'OOM killer did not kill it' \
	'first(act("end") && /"signal":9/) {
		sub(/"reason":"signaled"/, "\"reason\":\"oom\"") }'
live_row "a stop with another reason" enter 'stop of .*it is known how' \
	'act("container-stop") {
		sub(/"reason":"signaled"/, "\"reason\":\"unknown\"") }'
live_row "an end not told" signals 'expected one end, got 0' \
	'first(act("end") && /"signal":9/) { next }'
live_row "a loss" basic 'says that something was lost' \
	'first(1) { print; sub(/"action":"[^"]*"/, "\"action\":\"lost\"") }'
live_row "an empty log" basic 'not found, born of' '{ next }'

# A victim of the OOM killer, of whom another reason is told
rec=$dir/live/signals
pid=$("$accuracy" --oracle=all "$captures/signals" | awk '
	/"action":"end"/ && /"signal":9/ && match($0, /"pid":[0-9]+/) {
		print substr($0, RSTART + 6, RLENGTH - 6); exit }')
echo "$pid" >"$rec/victims"
live_row "an OOM kill called a kill" signals 'the OOM killer killed it' ''
live_row "an OOM kill" signals '' "act(\"end\") && pid() == $pid {
	sub(/\"reason\":\"signaled\"/, \"\\\"reason\\\":\\\"oom\\\"\") }
	act(\"container-stop\") && pid() == $pid {
	sub(/\"reason\":\"signaled\"/, \"\\\"reason\\\":\\\"oom\\\"\") }"

echo "$rows rows"
exit $failed
