#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin alone, without auditd, the connector and a container: it finds who
# lives in /proc, and nobody sends it a record. What it is told by its
# configuration, too, is tried here, by hand as an admin would.
#
# CONTREE   the command, ./contree by default; the plugin is beside it
#
# Exit status 77, and why: it cannot run here. With CI set that is a failure.

plugin=$(dirname "${CONTREE:-./contree}")/audisp-contree
LC_ALL=C
export LC_ALL
patience=600	# tenths of a second

. "$(dirname "$0")/ok.sh"

[ "$(id -u)" -eq 0 ] || skip "only root's plugin sees others in /proc"
dir=$(mktemp -d) || exit 99
root_pid=
plugin_pid=
children=

clean_up() {
	exec 7>&-
	for pid in $plugin_pid $children $root_pid; do
		kill "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# await WHAT COMMAND...
await() {
	what=$1
	shift
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if [ $tries -gt $patience ]; then
			ok 1 "$what"
			exit 1
		fi
		sleep 0.1
	done
}

# configure LINE...: with these instead
configure() {
	{
		printf '%s\n' "text_log = $dir/text" "json_log = $dir/json" \
			"log_group = root" "witness = off" "names = off" \
			"roots = alone-root" "linger_ms = 100"
		printf '%s\n' "$@"
	} >"$dir/conf"
}

start_plugin() {
	mkfifo "$dir/input" 2>/dev/null
	"$plugin" -c "$dir/conf" <"$dir/input" 2>"$dir/stderr" &
	plugin_pid=$!
	exec 7>"$dir/input"
}

# Its input ends, and so does it: into $status.
end_plugin() {
	exec 7>&-
	wait "$plugin_pid"
	status=$?
	plugin_pid=
}

count() {
	grep -cs "$1" "$dir/json" || [ -e "$dir/json" ] || echo 0
}

has() {
	[ "$(count "$1")" -ge "$2" ]
}

# A root with two children, each a sleep of its own.
start_tree() {
	cp "$(command -v sh)" "$dir/alone-root"
	# shellcheck disable=SC2016 # its own variable
	"$dir/alone-root" -c 'sleep 1000 & echo $! >"$0.new"
		sleep 1000 & echo $! >>"$0.new"; mv "$0.new" "$0"; wait' \
		"$dir/children" &
	root_pid=$!
	await "its children are there" test -s "$dir/children"
	children=$(cat "$dir/children")
}

# No record tells how auditd calls this host, so it is guessed, after a while.
check_guessed() {
	configure "state = $dir/state"
	start_plugin
	await "the first finds three" has '"action":"census"' 3
	end_plugin
	ok $status "and ends in order"
	first=${children%%[!0-9]*}
	kill "$first"
	start_plugin
	await "the next misses one of them" has '"action":"end"' 1
	# a second time would be with the first, or with the next look around
	sleep 2
	end_plugin
	ok "$((status + $(count '"action":"end"') - 1))" \
		"a start without a record: who has gone ends once"
	ok "$(($(count '"action":"census"') - 3))" \
		"and who lives is not told of again"
	ok "$(count '"action":"lost"')" "nothing is lost"
}

# A directory is the likeliest mistake; it is left as it is.
check_no_file() {
	mkdir -p "$dir/a directory/in it"
	configure "state = $dir/a directory"
	start_plugin
	end_plugin
	ok $status "a state that is a directory: the logs are written"
	test -d "$dir/a directory/in it"
	ok $? "and it is left alone"
	# nothing beside it but what was there
	ok "$(find "$dir" -name 'a directory.*' | wc -l)" \
		"with nothing beside it"
}

check_configuration() {
	configure "state = none"
	out=$("$plugin" -t -c "$dir/conf" 2>&1)
	ok $? "-t: a right configuration"
	configure "state = none" "log_sise = 5"
	out=$("$plugin" -t -c "$dir/conf" 2>&1)
	[ $? -eq 6 ] && [ -z "${out##*conf:9: \"log_sise\"*}" ]
	ok $? "-t: a wrong one, with its line"
	out=$("$plugin" -c "$dir/conf" 2>&1 </dev/null)
	[ $? -eq 6 ] && [ -z "${out##*conf:9: \"log_sise\"*}" ]
	ok $? "and without -t it says the same, terminal or not"
	rm -f "$dir/text" "$dir/json"
	configure "state = none"
	"$plugin" -t -c "$dir/conf" >"$dir/out" 2>&1
	[ ! -e "$dir/text" ] && [ ! -e "$dir/json" ]
	ok $? "-t makes no log"
}

start_tree
check_guessed
check_no_file
check_configuration
# shellcheck disable=SC2154 # of ok.sh
[ $failed = no ]
