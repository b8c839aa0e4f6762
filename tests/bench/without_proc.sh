# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# without_proc.sh DIR COMMAND...: becomes the command where there is no /proc,
# in a mount namespace that is its own. DIR is there, too.

dir=$1
shift
root=/mnt
mount -t tmpfs none "$root" || exit 1
for d in /bin /lib /lib64 /usr /etc /dev "$dir"; do
	[ -d "$d" ] || continue
	mkdir -p "$root$d" && mount --rbind "$d" "$root$d" || exit 1
done
exec chroot "$root" "$@"
