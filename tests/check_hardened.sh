#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was built is hardened, by readelf's word: position independent, all
# relocations read-only before main(), no memory that is written and executed,
# stack protector, _FORTIFY_SOURCE, and marks of where an indirect jump may go.
#
# CONTREE   the command, ./contree by default; the plugin and the library are
#           beside it
# HARDENED  what configure found the compiler to take

contree=${CONTREE:-./contree}
built=$(dirname "$contree")
flags=" ${HARDENED:-} "
LC_ALL=C
export LC_ALL

. "$(dirname "$0")/ok.sh"

not() {
	! "$@"
}

command -v readelf >/dev/null || skip "there is no readelf"

# Whether a flag is in force, or why a claim is left out
has_flag() {
	case $flags in
	*" $1"*) return 0 ;;
	esac
	echo "SKIP    $2"
	return 1
}

# has OPTION REGEX: what readelf says of $file
has() {
	readelf -W "$1" "$file" 2>/dev/null | grep -Eq "$2"
}

check_program() {
	file=$1
	name=$(basename "$file")
	[ -x "$file" ]
	ok $? "$name: is there"
	has -h '^ *Type: +DYN' && has -d 'FLAGS_1.* PIE'
	ok $? "$name: is a position-independent executable"
	has -l '^ *GNU_RELRO' && has -d 'FLAGS.* (BIND_NOW|NOW)'
	ok $? "$name: full RELRO"
	has -l '^ *GNU_STACK .* RW +0x' && not has -l '^ *GNU_STACK .*RWE'
	ok $? "$name: the stack is not executable"
	not has -l '^ *LOAD .* RWE'
	ok $? "$name: nothing else is both written and executed"
	not has -d '\((TEXTREL|RPATH|RUNPATH)\)'
	ok $? "$name: no relocations in code, no search path of libraries"
	has_flag -fstack-protector-strong "$name: no stack protector known" && {
		has --dyn-syms ' __stack_chk_(fail|guard)'
		ok $? "$name: stack protector"
	}
	has_flag -D_FORTIFY_SOURCE "$name: _FORTIFY_SOURCE is not set here: a sanitizer, or no optimisation" && {
		readelf -W --dyn-syms "$file" | grep -v __stack_chk |
			grep -Eq ' __[a-z_]+_chk[@ ]'
		ok $? "$name: calls glibc's checking functions"
	}
}

# Of the library, since the linker drops the mark if one part of the C
# library's is without. mark FLAG NAME
check_marks() {
	has_flag "$1" "$1: not taken by this compiler" || return 0
	files=$(readelf -W -n "$built/libcontree.a" 2>/dev/null |
		grep -c '^File: ')
	marked=$(readelf -W -n "$built/libcontree.a" 2>/dev/null |
		grep -Ec "feature:.*$2")
	echo "        $marked of $files"
	[ "$files" -gt 0 ] && [ "$marked" -eq "$files" ]
	ok $? "each file of the library has the mark $2"
}

check_program "$built/audisp-contree"
check_program "$contree"
case $(readelf -h "$contree" | sed -n 's/^ *Machine: *//p') in
*X86-64*|*80386*) check_marks -fcf-protection IBT ;;
AArch64) check_marks -mbranch-protection=standard BTI ;;
*) echo "SKIP    marks of where an indirect jump may go: not on this machine" ;;
esac
# shellcheck disable=SC2154 # of ok.sh
[ $failed = no ]
