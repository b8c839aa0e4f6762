# shellcheck shell=sh disable=SC2034 # failed is whoever's that reads this
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How a check that is a script says what came of it.

failed=no

# skip WHY: it cannot run here. With CI set that is a failure.
skip() {
	echo "SKIP: $1"
	[ -z "${CI:-}" ] || exit 1
	exit 77
}

# ok STATUS WHAT
ok() {
	if [ "$1" -eq 0 ]; then
		echo "ok      $2"
	else
		echo "FAILED  $2"
		failed=yes
	fi
}
