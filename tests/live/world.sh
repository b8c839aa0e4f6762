# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the live test runs in: auditd with the plugin, containerd, Docker and
# an image. Part of live.sh.

# What is hidden here was never gone outside of the namespace.
hide_machine() {
	mount -t tmpfs -o mode=0755 live /run || die "cannot mount on /run"
	if [ -d /etc/docker ]; then
		mount -t tmpfs -o mode=0755 live /etc/docker ||
			die "cannot mount on /etc/docker"
	else
		made="$made /etc/docker"
	fi
	mkdir -p "$scratch/log" "$scratch/audit" "$scratch/go"
	[ -z "$(find /sys/fs/cgroup -mindepth 1 -maxdepth 1)" ] || return 0
	mount -t cgroup2 live /sys/fs/cgroup || skip "there are no cgroups"
}

# So that what auditd and the plugin say can be shown. Where there is a
# system log, it stays there. Else it is ours alone: /dev is everybody's, but
# /run is not.
start_syslogd() {
	[ ! -e /dev/log ] || return 0
	if [ ! -L /dev/log ]; then
		ln -s "/run/$name.log" /dev/log || return 0
		made="$made /dev/log"
	fi
	mkdir -p "$(dirname "$(readlink -m /dev/log)")"
	busybox syslogd -n -O "$scratch/syslog" 2>/dev/null &
	syslogd_pid=$!
}

# Into a directory; then the configuration is told where that is. A system call
# that the plugin's filter refuses is its end.
install_plugin() {
	make -C "$build" DESTDIR="$scratch/inst" install \
		>"$scratch/make" 2>&1 || {
		cat "$scratch/make"
		die "make install"
	}
	plugin=$(find "$scratch/inst" -type f -name audisp-contree)
	contree=$(find "$scratch/inst" -type f -name contree)
	etc=$(dirname "$(find "$scratch/inst" -type d -name plugins.d)")
	conf=$etc/audisp-contree.conf
	sed -i "s|= /var/log/contree/|= $scratch/log/|
		s|= /var/lib/contree/|= $scratch/lib/|
		s/^seccomp = .*/seccomp = kill/" "$conf"
	sed -i "s|^path = .*|path = $plugin|
		\$a args = -c $conf" "$etc/plugins.d/contree.conf"
}

configure_auditd() {
	cat >"$etc/auditd.conf" <<-END
	local_events = yes
	write_logs = yes
	log_file = $scratch/audit/audit.log
	log_group = root
	log_format = ENRICHED
	flush = INCREMENTAL_ASYNC
	freq = 50
	max_log_file = 64
	max_log_file_action = IGNORE
	name_format = NONE
	space_left = 75
	space_left_action = IGNORE
	admin_space_left = 50
	admin_space_left_action = IGNORE
	disk_full_action = IGNORE
	disk_error_action = IGNORE
	verify_email = no
	q_depth = 20000
	overflow_action = SYSLOG
	max_restarts = 10
	plugin_dir = $etc/plugins.d
	END
	chmod 0640 "$etc/auditd.conf"
}

start_auditd() {
	configure_auditd
	auditd -n -c "$etc" >"$scratch/auditd.out" 2>&1 &
	auditd_pid=$!
	await "auditd starts" has_audit_pid
	await "auditd starts the plugin" find_plugin
	await "the plugin opens its log" test -e "$scratch/log/contree.json"
	first_plugin_pid=$plugin_pid
}

has_audit_pid() {
	[ "$(audit pid)" = "$auditd_pid" ]
}

# auditd's child
find_plugin() {
	plugin_pid=$(grep -ls "^PPid:[[:space:]]*$auditd_pid\$" \
		/proc/[0-9]*/status | tr -dc '0-9\n')
	[ "$(readlink "/proc/$plugin_pid/exe")" = "$plugin" ]
}

load_rules() {
	auditctl -b 8192 >/dev/null || die "auditctl -b"
	auditctl -R "$etc/rules.d/30-contree.rules" >"$scratch/rules" 2>&1 || {
		cat "$scratch/rules"
		die "auditctl -R 30-contree.rules"
	}
}

start_containerd() {
	cat >"$scratch/containerd.toml" <<-END
	version = 2
	root = "$scratch/c"
	state = "$scratch/cs"
	disabled_plugins = ["io.containerd.grpc.v1.cri",
		"io.containerd.internal.v1.opt"]
	[grpc]
	address = "$scratch/c.sock"
	END
	containerd --config "$scratch/containerd.toml" --log-level warn \
		>"$scratch/containerd.out" 2>&1 &
	containerd_pid=$!
	await "containerd answers" ct version
}

# Storage that works on any file system; no network to be set up.
start_dockerd() {
	echo '{}' >"$scratch/daemon.json"
	dockerd --config-file "$scratch/daemon.json" --log-level warn \
		--host "unix://$scratch/d.sock" --pidfile "$scratch/d.pid" \
		--containerd "$scratch/c.sock" --cgroup-parent "/$name" \
		--data-root "$scratch/d" --exec-root "$scratch/ds" \
		--storage-driver vfs --bridge none --iptables=false \
		--ip-forward=false --ip-masq=false \
		>"$scratch/dockerd.out" 2>&1 &
	dockerd_pid=$!
	await "dockerd answers" dk version
}

ct() {
	timeout $patience ctr --address "$scratch/c.sock" \
		--namespace "$name" "$@"
}

dk() {
	timeout $patience docker --config "$scratch/docker" \
		--host "unix://$scratch/d.sock" "$@"
}

# One program, and the libraries of one that is not static, are an image.
make_image() {
	root=$scratch/root
	busybox=$(command -v busybox)
	mkdir -p "$root/bin" "$root/dev" "$root/go" "$root/proc" "$root/sys"
	cp "$busybox" "$root/bin/busybox"
	ldd "$busybox" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		install -D "$lib" "$root$lib"
	done
	for applet in sh ls sleep true; do
		ln -s busybox "$root/bin/$applet"
	done
	chroot "$root" /bin/true || die "busybox does not run by itself"
	# its shell may be built to run ls itself, without executing anything
	ls_runs='[["ls","/"]]'
	if chroot "$root" /bin/sh -c 'PATH=/none; ls /' >/dev/null 2>&1; then
		ls_runs='[]'
	fi
	tar -C "$root" -cf "$scratch/root.tar" .
	dk import --change 'ENV PATH=/bin' "$scratch/root.tar" live:1 \
		>/dev/null || die "docker import"
	dk save --output "$scratch/image.tar" live:1 || die "docker save"
	ct image import --snapshotter native "$scratch/image.tar" \
		>/dev/null || die "ctr image import"
}

stop_auditd() {
	kill -TERM "$auditd_pid"
	await "auditd ends" is_gone "$auditd_pid"
	await "the plugin ends with auditd" is_gone "$plugin_pid"
	check_refused
}

# auditd starts a plugin again that was killed, and so might hide it.
check_refused() {
	{ cat "$scratch/audit/audit.log"; dmesg; } |
		grep -aE "type=(SECCOMP|1326) .*exe=\"$plugin\"" \
			>"$scratch/refused" || return 0
	head -n 5 "$scratch/refused"
	die "the plugin's filter refused a system call of its own"
}
