#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# corpora.sh SOURCE BUILD DIR: makes what each fuzzer begins with, in DIR/NAME,
# from the recordings and the shipped configuration. SOURCE is the source
# tree, BUILD where tests/fuzz/seeds was built.

set -eu
source=$1
build=$2
dir=$3
captures=$source/tests/captures
# Docker's and the bundle's place in fuzz_bundle.c
id=f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062

mkdir -p "$dir/gate" "$dir/event" "$dir/tree" "$dir/config" "$dir/bundle" \
	"$dir/state"

# Slices of the stream. The first byte is how the rest is cut: see
# fuzz_gate.c. Every other slice is a node's, and ends in the middle of a line.
gate() {
	awk -v out="$dir/gate/$1" '
	NR % 400 <= 40 && n < 12 {
		text = text (n % 2 ? "node=host" n % 3 " " : "") $0 "\n"
	}
	NR % 400 == 41 && n < 12 {
		if (n % 2)
			text = substr(text, 1, length(text) - 20)
		printf "%c%s", 33 + n * 7, text >(out "-" n)
		close(out "-" n++)
		text = ""
	}' "$2"
}

# Events without their heads: see fuzz_event.c. One of each kind, which is its
# records, its call and how that went.
event() {
	awk -v out="$dir/event/$1" '
	function flush() {
		if (text != "" && !(kind in seen) && n < 60) {
			printf "%c%s", 48 + n % 2, text >(out "-" n)
			close(out "-" n++)
		}
		seen[kind] = 1
		text = kind = ""
	}
	{
		type = substr($1, 6)
		if ($2 != event)
			flush()
		event = $2
		kind = kind " " type
		if (type == "SYSCALL")
			kind = kind $3 $4 $5
		sub(/^type=/, "")
		sub(/ msg=audit\([^)]*\):/, "")
		text = text $0 "\n"
	}
	END { flush() }' "$2"
}

bundle() {
	n=0
	find "$captures" -name config.json | sort | while read -r spec; do
		own=$(basename "$(dirname "$spec")")
		docker=$(find "$captures" -path "*/$own/config.v2.json")
		{
			cat "$spec"
			[ -z "$docker" ] || printf '\n--\n'
			# shellcheck disable=SC2086 # one file or none
			[ -z "$docker" ] || cat $docker
		} | sed "s/$own/$id/g" >"$dir/bundle/$n"
		n=$((n + 1))
	done
}

# The least that has all of it.
bundle_small() {
	docker=/var/lib/docker/containers/$id
	printf '{"mounts":[{"destination":"/etc/hosts","source":"%s"}]}\n--\n' \
		"$docker/hosts"
	printf '{"ID":"%s","Name":"/web","Config":{"Image":"r:5/a:1@b","Labels":{' \
		$id
	printf '"a":"b","com.docker.compose.project":"p","nerdctl/x":""}}}'
}

bundle_noted() {
	cri=io.kubernetes.cri
	printf '{"annotations":{"nerdctl/name":"n","x":"y","%s.image-name":"i:1",' \
		$cri
	printf '"%s.sandbox-name":"s","%s.sandbox-id":"7"},' $cri $cri
	printf '"linux":{"cgroupsPath":"a:b:c"}}'
}

config() {
	cp "$source/conf/audisp-contree.conf" "$dir/config/shipped"
	# every option by itself, as it is by default and set
	grep '^[a-z_]* = ' "$source/conf/audisp-contree.conf" |
		while read -r line; do
			echo "$line" >"$dir/config/${line%% *}"
		done
	printf '# all\ntext_log = none\njson_log = none\nlog_size = 1M\n' \
		>"$dir/config/set"
}

for log in "$captures"/*/audit.log; do
	name=$(basename "$(dirname "$log")")
	gate "$name" "$log"
	event "$name" "$log"
done
# auditd's own names, without the one that is looked for
printf '0SYSCALL arch=c000003e syscall=231 a0=0 ppid=1 pid=2\035UID="root"\n' \
	>"$dir/event/unnamed"
bundle
bundle_small >"$dir/bundle/small"
bundle_noted >"$dir/bundle/noted"
config
"$build/tests/fuzz/seeds" "$dir" "$captures"/*/audit.log
