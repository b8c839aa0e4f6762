/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From records to facts: what each kind of event says of a process, on
 * every architecture, RAW and ENRICHED, and who is believed. Arguments
 * have a test of their own, and so have damaged records.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

#define X86_64 "arch=c000003e syscall="
#define I386 "arch=40000003 syscall="
#define AARCH64 "arch=c00000b7 syscall="
#define ARM "arch=40000028 syscall="

/* system calls, by number: SYSCALL record to fact */
static const struct {
	const char *name;
	const char *call;
	const char *fact;	/* up to WHO; NULL: none, the event is bad */
} calls[] = {
	/* x86_64 */
	{ "fork", X86_64 "57 success=yes exit=9 a0=1", "FORK#1 fork child=9" },
	{ "vfork", X86_64 "58 success=yes exit=9 a0=1",
	  "FORK#1 vfork child=9" },
	{ "clone", X86_64 "56 success=yes exit=9 a0=1200011",
	  "FORK#1 clone child=9 flags=1200011" },
	{ "clone of a thread", X86_64 "56 success=yes exit=9 a0=3d0f00",
	  "FORK#1 clone child=9 flags=3d0f00" },
	{ "clone with all flags",
	  X86_64 "56 success=yes exit=9 a0=ffffffffffffffff",
	  "FORK#1 clone child=9 flags=ffffffffffffffff" },
	{ "clone3", X86_64 "435 success=yes exit=9 a0=7ffe710b5830",
	  "FORK#1 clone3 child=9" },
	{ "execve", X86_64 "59 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "execveat", X86_64 "322 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "exit_group", X86_64 "231 a0=0", "EXIT#1 0" },
	{ "exit", X86_64 "60 a0=0", "SEEN#1 SYSCALL exit ?" },
	{ "openat", X86_64 "257 success=yes exit=3 a0=1",
	  "SEEN#1 SYSCALL openat done" },
	{ "openat fails", X86_64 "257 success=no exit=-2 a0=1",
	  "SEEN#1 SYSCALL openat failed" },
	/* i386 on the same host */
	{ "i386 fork", I386 "2 success=yes exit=9 a0=1",
	  "FORK#1 fork child=9" },
	{ "i386 vfork", I386 "190 success=yes exit=9 a0=1",
	  "FORK#1 vfork child=9" },
	{ "i386 clone", I386 "120 success=yes exit=9 a0=1200011",
	  "FORK#1 clone child=9 flags=1200011" },
	{ "i386 clone3", I386 "435 success=yes exit=9 a0=1",
	  "FORK#1 clone3 child=9" },
	{ "i386 execve", I386 "11 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "i386 execveat", I386 "358 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "i386 exit_group", I386 "252 a0=1", "EXIT#1 1" },
	{ "i386 59 is no execve", I386 "59 success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL oldolduname done" },
	/* aarch64 has no fork and no vfork */
	{ "aarch64 clone", AARCH64 "220 success=yes exit=9 a0=11",
	  "FORK#1 clone child=9 flags=11" },
	{ "aarch64 clone3", AARCH64 "435 success=yes exit=9 a0=1",
	  "FORK#1 clone3 child=9" },
	{ "aarch64 execve", AARCH64 "221 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "aarch64 execveat", AARCH64 "281 success=yes exit=0 a0=1",
	  "EXEC#1 0" },
	{ "aarch64 exit_group", AARCH64 "94 a0=7", "EXIT#1 7" },
	{ "aarch64 57 is no fork", AARCH64 "57 success=yes exit=0 a0=3",
	  "SEEN#1 SYSCALL close done" },
	{ "arm execve", ARM "11 success=yes exit=0 a0=1", "EXEC#1 0" },
	{ "arm exit_group", ARM "248 a0=2", "EXIT#1 2" },
	/* others */
	{ "no such arch", "arch=deadbeef syscall=59 success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL - done" },
	{ "arch unreadable", "arch=x syscall=59 success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL - done" },
	{ "no arch", "syscall=59 success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL - done" },
	{ "no syscall", "arch=c000003e success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL - done" },
	{ "no such syscall", X86_64 "9999 success=yes exit=0 a0=1",
	  "SEEN#1 SYSCALL - done" },
	{ "syscall -1", X86_64 "-1 success=no exit=-38 a0=1",
	  "SEEN#1 SYSCALL - failed" },
	{ "syscall beyond an int",
	  X86_64 "4294967355 success=yes exit=0 a0=1", /* 2^32 + 59 */
	  "SEEN#1 SYSCALL - done" },
	{ "huge syscall", X86_64 "99999999999999999999 success=yes a0=1",
	  "SEEN#1 SYSCALL - done" },
	/* exit statuses: what wait() would see of them */
	{ "status 255", X86_64 "231 a0=ff", "EXIT#1 255" },
	{ "status 256", X86_64 "231 a0=100", "EXIT#1 0" },
	{ "status 0x1234", X86_64 "231 a0=1234", "EXIT#1 52" },
	{ "status -1", X86_64 "231 a0=ffffffffffffffff", "EXIT#1 255" },
	{ "status -1 of 32 bits", I386 "252 a0=ffffffff", "EXIT#1 255" },
	/* what failed proves no more than that the caller lives */
	{ "execve fails", X86_64 "59 success=no exit=-2 a0=1",
	  "SEEN#1 SYSCALL execve failed quiet" },
	{ "execveat fails", X86_64 "322 success=no exit=-8 a0=1",
	  "SEEN#1 SYSCALL execveat failed quiet" },
	{ "clone fails", X86_64 "56 success=no exit=-11 a0=11",
	  "SEEN#1 SYSCALL clone failed quiet" },
	{ "clone3 fails", X86_64 "435 success=no exit=-38 a0=1",
	  "SEEN#1 SYSCALL clone3 failed quiet" },
	{ "vfork is interrupted", X86_64 "58 success=no exit=-513 a0=1",
	  "SEEN#1 SYSCALL vfork failed quiet" },
	{ "success is not said", X86_64 "59 a0=1",
	  "SEEN#1 SYSCALL execve ? quiet" },
	/* a birth without a child is none */
	{ "fork of 0", X86_64 "57 success=yes exit=0 a0=1", NULL },
	{ "fork of -1", X86_64 "57 success=yes exit=-1 a0=1", NULL },
	{ "fork of nobody", X86_64 "57 success=yes a0=1", NULL },
	{ "fork of a huge number",
	  X86_64 "57 success=yes exit=99999999999999999999 a0=1", NULL },
	{ "fork beyond an int", X86_64 "57 success=yes exit=4294967305 a0=1",
	  NULL },
};

static void check_text(const char *name, struct stream *s, const char *want)
{
	const char *got = stream_text(s);

	ck_assert_msg(!strcmp(got, want), "%s:\n%snot\n%s", name, got, want);
}

static void put_call(struct buf *in, const char *call)
{
	buf_printf(in, "type=SYSCALL msg=audit(1700000000.100:1): %s%s%s\n",
		   call, IDS, NAMES);
	buf_puts(in, PROCTITLE("1"));
}

START_TEST(test_calls)
{
	_cleanup_buf_ struct buf in = BUF_INIT, want = BUF_INIT;
	struct stream s;

	put_call(&in, calls[_i].call);
	if (calls[_i].fact)
		buf_printf(&want, "%s%s", calls[_i].fact, WHO);
	buf_putc(&want, '\0');
	stream_open(&s);
	gate_feed(s.gate, in.data, in.len);
	check_text(calls[_i].name, &s, want.data);
	ck_assert_uint_eq(s.metrics.events, 1);
	ck_assert_uint_eq(s.metrics.facts, s.n);
	ck_assert_uint_eq(s.metrics.events_bad, !calls[_i].fact);
	stream_close(&s);
}
END_TEST

/* More arches than are remembered, by turns: none is taken for another. */
START_TEST(test_arches)
{
	_cleanup_buf_ struct buf in = BUF_INIT;
	struct stream s;

	stream_open(&s);
	for (unsigned int i = 0; i < 200; i++) {
		buf_clear(&in);
		switch (i % 4) {
		case 0:
			put_call(&in, X86_64 "59 success=yes exit=0 a0=1");
			break;
		case 1:
			put_call(&in, AARCH64 "221 success=yes exit=0 a0=1");
			break;
		case 2:
			put_call(&in, I386 "11 success=yes exit=0 a0=1");
			break;
		default:
			buf_puts(&in, "type=SYSCALL msg=audit(1700000000.100:"
				      "1): syscall=59 pid=7 ");
			buf_printf(&in, "arch=%x\n" EOE("1"), i);
		}
		gate_feed(s.gate, in.data, in.len);
		ck_assert_msg(strncmp(stream_text(&s),
				      i % 4 == 3 ? "SEEN" : "EXEC", 4) == 0,
			      "%u: %s", i, s.text.data);
		buf_clear(&s.text);
	}
	stream_close(&s);
}
END_TEST

#define BEGIN EXECVE_64 " ppid=6 pid=7 "
#define ONE(fields) REC("SYSCALL", "1", BEGIN fields) PROCTITLE("1")
#define RICH \
	"\x1d" \
	"ARCH=x86_64 SYSCALL=execve AUID=\"bob\" UID=\"carl\"" \
	" GID=\"dora\" EUID=\"eve\" SUID=\"f\" EGID=\"g\""
#define USER "pid=7 uid=1000 auid=1000 ses=5 subj=unconfined "
#define MSG(type, text) REC(type, "1", USER "msg='" text "'")

/* Macros in a row, without operators: the formatter cannot indent them. */
/* clang-format off */
static const struct {
	const char *name;
	const char *in;
	const char *facts;
	unsigned int bad;
} events[] = {
	/* who */
	{ "nothing but a pid", ONE(""), "EXEC#1 0 pid=7 ppid=6\n", 0 },
	{ "ids", ONE("auid=1 uid=2 gid=3 euid=4 egid=5 ses=6"),
	  "EXEC#1 0 pid=7 ppid=6 uid=4 gid=5 auid=1 ses=6\n", 0 },
	{ "unset ids", ONE("auid=4294967295 euid=0 egid=0 ses=4294967295"),
	  "EXEC#1 0 pid=7 ppid=6 uid=0 gid=0\n", 0 },
	{ "unset ids of old kernels", ONE("auid=-1 euid=0 egid=0 ses=-1"),
	  "EXEC#1 0 pid=7 ppid=6 uid=0 gid=0\n", 0 },
	{ "great ids", ONE("auid=4294967294 euid=4294967296 ses=99999999999"),
	  "EXEC#1 0 pid=7 ppid=6 auid=4294967294\n", 0 },
	{ "pid 0", REC("SYSCALL", "1", EXECVE_64 " ppid=6 pid=0") EOE("1"), "",
	  1 },
	{ "no pid", REC("SYSCALL", "1", EXECVE_64 " ppid=6") EOE("1"), "", 1 },
	{ "a negative pid", REC("SYSCALL", "1", EXECVE_64 " pid=-7") EOE("1"),
	  "", 1 },
	{ "a huge pid",
	  REC("SYSCALL", "1", EXECVE_64 " pid=99999999999999999999") EOE("1"),
	  "", 1 },
	{ "ppid 0", REC("SYSCALL", "1", EXECVE_64 " ppid=0 pid=7") EOE("1"),
	  "EXEC#1 0 pid=7\n", 0 },
	/* names */
	{ "quoted", ONE("comm=\"sh\" exe=\"/bin/sh\""),
	  "EXEC#1 0 pid=7 ppid=6 comm=sh exe=/bin/sh\n", 0 },
	{ "hex", ONE("comm=612062 exe=2F61090A22FF62"),
	  "EXEC#1 0 pid=7 ppid=6 comm=a b exe=/a\t\n\"\xff" "b\n", 0 },
	{ "hex in small letters", ONE("comm=6a6b"),
	  "EXEC#1 0 pid=7 ppid=6 comm=jk\n", 0 },
	{ "hex looks quoted", ONE("comm=22612220"),
	  "EXEC#1 0 pid=7 ppid=6 comm=\"a\" \n", 0 },
	{ "quoted looks like hex", ONE("comm=\"6162\""),
	  "EXEC#1 0 pid=7 ppid=6 comm=6162\n", 0 },
	{ "an = in quotes", ONE("comm=\"pid=9\" exe=\"/a=b\""),
	  "EXEC#1 0 pid=7 ppid=6 comm=pid=9 exe=/a=b\n", 0 },
	{ "quotes end with what auparse strips", ONE("comm=\"a)\" exe=\"a,\""),
	  "EXEC#1 0 pid=7 ppid=6 comm=a) exe=a,\n", 0 },
	{ "a NUL ends it", ONE("comm=61006200 exe=002F"),
	  "EXEC#1 0 pid=7 ppid=6 comm=a exe=\n", 0 },
	{ "null", ONE("comm=(null) exe=(null) key=(null)"),
	  "EXEC#1 0 pid=7 ppid=6 comm= exe=\n", 0 },
	{ "empty", ONE("comm=\"\" exe=\"\" key=\"\""),
	  "EXEC#1 0 pid=7 ppid=6 comm= exe= key=\n", 0 },
	{ "no value", ONE("comm= exe= key="), "EXEC#1 0 pid=7 ppid=6\n", 0 },
	/* keys */
	{ "a key", ONE("key=\"contree\""),
	  "EXEC#1 0 pid=7 ppid=6 key=contree\n", 0 },
	{ "a key with a space", ONE("key=612062"),
	  "EXEC#1 0 pid=7 ppid=6 key=a b\n", 0 },
	{ "two keys", ONE("key=6162016364"),
	  "EXEC#1 0 pid=7 ppid=6 key=ab,cd\n", 0 },
	{ "three keys, one with a space", ONE("key=61016220630164"),
	  "EXEC#1 0 pid=7 ppid=6 key=a,b c,d\n", 0 },
	{ "three keys and a name after them", ONE("key=610162 comm=\"c\""),
	  "EXEC#1 0 pid=7 ppid=6 comm=c key=a,b\n", 0 },
	/* the user's name */
	{ "enriched", ONE("euid=0 comm=\"sh\" key=\"k\"" RICH),
	  "EXEC#1 0 pid=7 ppid=6 uid=0 user=eve comm=sh key=k\n", 0 },
	{ "enriched, not known",
	  ONE("euid=0\x1d" "UID=\"u\" EUID=\"\""),
	  "EXEC#1 0 pid=7 ppid=6 uid=0\n", 0 },
	{ "enriched, without EUID",
	  ONE("euid=0\x1d" "UID=\"u\" SEUID=\"v\""),
	  "EXEC#1 0 pid=7 ppid=6 uid=0\n", 0 },
	{ "enriched with nothing", ONE("euid=0\x1d"),
	  "EXEC#1 0 pid=7 ppid=6 uid=0\n", 0 },
	{ "raw: nobody is asked", ONE("euid=0"),
	  "EXEC#1 0 pid=7 ppid=6 uid=0\n", 0 },
	/* records that belong to no system call */
	{ "ANOM_ABEND",
	  REC("ANOM_ABEND", "1",
	      "auid=1000 uid=1 gid=2 ses=3 pid=7 comm=\"a\""
	      " exe=\"/a\" sig=11 res=1"),
	  "ABEND#1 11 pid=7 uid=1 gid=2 auid=1000 ses=3 comm=a exe=/a\n", 0 },
	{ "ANOM_ABEND, enriched",
	  REC("ANOM_ABEND", "1",
	      "auid=1000 uid=1 pid=7 comm=\"a\" sig=6 res=1" RICH),
	  "ABEND#1 6 pid=7 uid=1 auid=1000 user=carl comm=a\n", 0 },
	{ "the greatest signal", REC("ANOM_ABEND", "1", "pid=7 sig=64"),
	  "ABEND#1 64 pid=7\n", 0 },
	{ "signal 0", REC("ANOM_ABEND", "1", "pid=7 sig=0"), "", 1 },
	{ "signal 65", REC("ANOM_ABEND", "1", "pid=7 sig=65"), "", 1 },
	{ "a huge signal", REC("ANOM_ABEND", "1", "pid=7 sig=4294967307"), "",
	  1 },
	{ "no signal", REC("ANOM_ABEND", "1", "pid=7"), "", 1 },
	{ "ANOM_ABEND of nobody", REC("ANOM_ABEND", "1", "sig=11"), "", 1 },
	{ "SECCOMP",
	  REC("SECCOMP", "1",
	      "auid=1000 uid=1 gid=2 ses=3 pid=7 comm=\"a\""
	      " exe=\"/a\" sig=31 arch=c000003e syscall=165 compat=0"
	      " ip=0x7f code=0x80000000"),
	  "SEEN#1 SECCOMP - ? pid=7 uid=1 gid=2 auid=1000 ses=3 comm=a"
	  " exe=/a\n",
	  0 },
	{ "AVC of a call",
	  REC("AVC", "1",
	      "avc:  denied  { read write } for  pid=7"
	      " comm=\"a\" name=\"b\" dev=\"c\"")
	  SYSCALL("1", X86_64 "257 success=no exit=-13 a0=1") PROCTITLE("1"),
	  "SEEN#1 AVC openat failed" WHO, 0 },
	{ "AVC with braces in its names",
	  REC("AVC", "1", "apparmor=\"DENIED\" profile=\"{\" name=\"}\"")
	  SYSCALL("1", X86_64 "257 success=no exit=-13 a0=1") EOE("1"),
	  "SEEN#1 AVC openat failed" WHO, 0 },
	{ "AVC alone",
	  REC("AVC", "1", "avc:  denied  { read } for  pid=7") EOE("1"), "",
	  0 },
	{ "CWD alone", REC("CWD", "1", "cwd=\"/\"") EOE("1"), "", 0 },
	{ "EXECVE alone", REC("EXECVE", "1", "argc=1 a0=\"a\"") EOE("1"), "",
	  0 },
	/* messages from user space: only what the kernel put before them */
	{ "a user message",
	  MSG("USER_LOGIN", "op=login id=0 exe=\"/usr/sbin/sshd\" res=success"),
	  "SEEN#1 USER_LOGIN - done pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it failed", MSG("USER_AUTH", "op=a acct=\"b\" res=failed"),
	  "SEEN#1 USER_AUTH - failed pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it says a pid", MSG("USER_CMD", "pid=1 uid=0 auid=0 ses=1 res=1"),
	  "SEEN#1 USER_CMD - done pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it says a comm and a key",
	  MSG("USER_CMD",
	      "comm=\"a\" exe=\"/b\" ppid=1 sig=9 euid=0 key=\"k\""),
	  "SEEN#1 USER_CMD - ? pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it says who logged in, and nobody did",
	  REC("USER_CMD", "1",
	      "pid=7 uid=0 auid=4294967295 ses=4294967295 "
	      "msg='auid=1 ses=1 egid=1'"),
	  "SEEN#1 USER_CMD - ? pid=7 uid=0\n", 0 },
	{ "it ends the message itself",
	  MSG("USER_CMD", "' pid=1 uid=0 auid=0 ses=1 euid=0 msg='x"),
	  "SEEN#1 USER_CMD - ? pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it begins another record",
	  MSG("USER_CMD", "type=SYSCALL msg=audit(1700000000.100:2): pid=1"),
	  "SEEN#1 USER_CMD - ? pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "of a type that has no name here", MSG("USER_NEWS", "res=1"),
	  "SEEN#1 UNKNOWN - done pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it says names as auditd does",
	  MSG("USER_CMD", "a\x1d" "UID=\"root\" AUID=\"root\""),
	  "SEEN#1 USER_CMD - ? pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it says a gid", MSG("USER_CMD", "gid=0 egid=0 res=1"),
	  "SEEN#1 USER_CMD - done pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	{ "it ends before it begins", REC("USER_CMD", "1", "pid=7"),
	  "SEEN#1 USER_CMD - ? pid=7\n", 0 },
	{ "it is empty", REC("USER_CMD", "1", ""), "", 1 },
	{ "ADD_USER", MSG("ADD_USER", "op=adding id=1001 res=success"),
	  "SEEN#1 ADD_USER - done pid=7 uid=1000 auid=1000 ses=5\n", 0 },
	/* order and number of records */
	{ "the other way round",
	  REC("CWD", "1", "cwd=\"/\"") REC("EXECVE", "1", "argc=1 a0=\"a\"")
	  SYSCALL("1", EXECVE_64) PROCTITLE("1"),
	  "EXEC#1 1[a] cwd=/" WHO, 0 },
	{ "each twice",
	  SYSCALL("1", EXECVE_64) SYSCALL("1", X86_64 "231 a0=0")
	  REC("EXECVE", "1", "argc=1 a0=\"a\"")
	  REC("EXECVE", "1", "argc=1 a0=\"b\"")
	  REC("CWD", "1", "cwd=\"/a\"") PROCTITLE("1") EOE("1"),
	  "EXEC#1 1[a] cwd=/a" WHO, 0 },
	{ "by turns",
	  SYSCALL("1", EXECVE_64) REC("EXECVE", "1", "argc=2 a0=\"a\"")
	  SYSCALL("1", EXECVE_64) REC("EXECVE", "1", "a1=\"b\"")
	  PROCTITLE("1"),
	  "EXEC#1 2[a]" WHO, 0 },
	{ "cwd in hex",
	  SYSCALL("1", EXECVE_64) REC("CWD", "1", "cwd=2F20") PROCTITLE("1"),
	  "EXEC#1 0 cwd=/ " WHO, 0 },
	{ "nodes",
	  "node=a " SYSCALL("1", EXECVE_64)
	  "node=b.c " SYSCALL("1", X86_64 "231 a0=1")
	  "node=a " REC("EXECVE", "1", "argc=1 a0=\"a\"")
	  "node=b.c " EOE("1") "node=a " EOE("1"),
	  "b.c EXIT#1 1" WHO "a EXEC#1 1[a]" WHO, 0 },
};
/* clang-format on */

START_TEST(test_events)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 7, 100 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *in = events[_i].in;
	struct stream s;

	stream_open(&s);
	gate_feed(s.gate, in, strlen(in));
	check_text(events[_i].name, &s, events[_i].facts);
	ck_assert_msg(s.metrics.events_bad == events[_i].bad, "%s: %u bad",
		      events[_i].name, (unsigned int)s.metrics.events_bad);
	stream_close(&s);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		stream_run(&out, in, strlen(in), pieces[i]);
		ck_assert_msg(!strcmp(out.data, events[_i].facts), "%s: %s",
			      events[_i].name, out.data);
	}
}
END_TEST

static void check_time(void *ctx, const struct fact *f)
{
	ck_assert_uint_eq(f->time_ms, 1795459341007);
	ck_assert_uint_eq(f->serial, 18446744073);
	ck_assert_str_eq(f->node, "n");
	ck_assert(f->source == SOURCE_AUDIT);
	++*(int *)ctx;
}

START_TEST(test_time)
{
	static const char record[] =
		"node=n type=SYSCALL msg=audit("
		"1795459341.007:18446744073): arch=c000003e pid=7\n";
	const struct gate_event event = {
		"n", 1795459341007, 18446744073,
		record, sizeof(record) - 1, false
	};
	struct metrics metrics = { 0 };
	int n = 0;
	struct assemble *a = assemble_new(&metrics, check_time, &n);

	assemble_event(a, &event);
	ck_assert_int_eq(n, 1);
	assemble_free(a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("extract");
	TCase *t = tcase_create("extract");

	tcase_add_loop_test(t, test_calls, 0, COUNT(calls));
	tcase_add_test(t, test_arches);
	tcase_add_loop_test(t, test_events, 0, COUNT(events));
	tcase_add_test(t, test_time);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
