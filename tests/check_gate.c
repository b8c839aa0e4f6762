/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: which records come out together, and when. Each stream of the
 * table is fed whole, byte by byte, and cut in two at every place, and
 * must give the same events each time.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

/* What came out: "NODE SERIAL:TYPE+TYPE! ", the ! where it was cut. */
struct out {
	struct metrics metrics;
	struct gate *gate;
	struct buf text;
	unsigned int keys;
};

static void put_types(struct buf *text, const struct gate_event *event)
{
	const char *at = event->data, *end = at + event->len, *type, *nl;
	char sign = ':';

	for (; at < end; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		ck_assert_msg(nl, "a record without newline");
		type = memmem(at, (size_t)(nl - at), "type=", 5);
		ck_assert_msg(type, "a record without type");
		type += 5;
		buf_putc(text, sign);
		buf_put(text, type, strcspn(type, " "));
		sign = '+';
	}
}

static void on_event(void *ctx, const struct gate_event *event)
{
	struct out *o = ctx;

	if (*event->node)
		buf_printf(&o->text, "%s ", event->node);
	buf_printf(&o->text, "%llu", (unsigned long long)event->serial);
	put_types(&o->text, event);
	buf_puts(&o->text, event->cut ? "! " : " ");
}

static void on_key(void *ctx, const struct gate_key *key)
{
	struct out *o = ctx;

	(void)key;
	o->keys++;
}

static void out_open(struct out *o)
{
	memset(o, 0, sizeof(*o));
	o->gate = gate_new(&o->metrics, on_event, o);
}

static void out_close(struct out *o)
{
	gate_free(o->gate);
	buf_free(&o->text);
}

static const char *out_text(struct out *o)
{
	buf_putc(&o->text, '\0');
	o->text.len--;
	return o->text.data;
}

#define CALL(serial) REC("SYSCALL", serial, "arch=c000003e syscall=59")
#define EXECVE(serial) REC("EXECVE", serial, "argc=1 a0=\"a\"")
#define CWD(serial) REC("CWD", serial, "cwd=\"/\"")
#define AVC(serial) REC("AVC", serial, "avc:  denied  { read } for  pid=7")
#define AT(sec, serial) REC_AT("17000000" sec ".100", "SYSCALL", serial, "")
#define NODE(node, record) "node=" node " " record
#define BAD(line) line "\n"
#define STREAM(text) text, sizeof(text) - 1

/* Macros in a row, without operators: the formatter cannot indent them. */
/* clang-format off */
static const struct {
	const char *name;
	const char *in;
	size_t len;
	const char *out;	/* "| " is the end of the stream */
	unsigned int bad, aged;
} streams[] = {
	{ "nothing", STREAM(""), "| ", 0, 0 },
	{ "PROCTITLE ends", STREAM(CALL("1") EXECVE("1") PROCTITLE("1")),
	  "1:SYSCALL+EXECVE | ", 0, 0 },
	{ "EOE after PROCTITLE",
	  STREAM(CALL("1") EXECVE("1") CWD("1") PROCTITLE("1") EOE("1")),
	  "1:SYSCALL+EXECVE+CWD | ", 0, 0 },
	{ "EOE ends", STREAM(CALL("1") EXECVE("1") EOE("1")),
	  "1:SYSCALL+EXECVE | ", 0, 0 },
	{ "no end at all", STREAM(CALL("1") EXECVE("1")), "| 1:SYSCALL+EXECVE ",
	  0, 0 },
	{ "ends of nothing", STREAM(PROCTITLE("1") EOE("1") EOE("2")), "| ", 0,
	  0 },
	{ "no last newline",
	  STREAM(CALL("1") "type=EOE msg=audit(1700000000.100:1): "),
	  "| 1:SYSCALL ", 0, 0 },
	{ "interleaved",
	  STREAM(CALL("1") CALL("2") EXECVE("1") CALL("3") EXECVE("2") CWD("2")
		 PROCTITLE("2") CWD("1") EOE("3") EOE("1")),
	  "1:SYSCALL+EXECVE+CWD 2:SYSCALL+EXECVE+CWD 3:SYSCALL | ", 0, 0 },
	{ "open ones come out by their serials",
	  STREAM(CALL("3") CALL("1") CALL("2") EXECVE("3")),
	  "| 1:SYSCALL 2:SYSCALL 3:SYSCALL+EXECVE ", 0, 0 },
	{ "a lower one that begins later was not waited for",
	  STREAM(CALL("2") EOE("2") CALL("1") EOE("1")),
	  "2:SYSCALL 1:SYSCALL | ", 0, 0 },
	{ "a lower one that begins meanwhile is waited for, too",
	  STREAM(CALL("1") CALL("3") EOE("3") CALL("2") EOE("1") EOE("2")),
	  "1:SYSCALL 2:SYSCALL 3:SYSCALL | ", 0, 0 },
	{ "a lower one that has ended is not",
	  STREAM(CALL("1") EOE("1") CALL("2") EOE("2")),
	  "1:SYSCALL 2:SYSCALL | ", 0, 0 },
	{ "a higher one is not",
	  STREAM(CALL("2") CALL("1") EOE("1") EOE("2")),
	  "1:SYSCALL 2:SYSCALL | ", 0, 0 },
	{ "one that may have no end is not",
	  STREAM(AVC("1") CALL("2") EOE("2")), "2:SYSCALL | 1:AVC ", 0, 0 },
	{ "one of another node is not",
	  STREAM(NODE("a", CALL("1")) NODE("b", CALL("2")) CALL("3")
		 NODE("b", EOE("2")) EOE("3")),
	  "b 2:SYSCALL 3:SYSCALL | a 1:SYSCALL ", 0, 0 },
	{ "one from long ago is not",
	  STREAM(CALL("1") CALL("1024") CALL("1025") EOE("1025") EOE("1024")),
	  "1025:SYSCALL | 1:SYSCALL 1024:SYSCALL ", 0, 0 },
	{ "200 ms are waited",
	  STREAM(REC_AT("1700000000.100", "SYSCALL", "1", "")
		 REC_AT("1700000000.100", "SYSCALL", "2", "")
		 REC_AT("1700000000.100", "EOE", "2", "")
		 REC_AT("1700000000.300", "PATH", "3", "")),
	  "| 1:SYSCALL 2:SYSCALL ", 0, 0 },
	{ "and no more: its end was lost",
	  STREAM(REC_AT("1700000000.100", "SYSCALL", "1", "")
		 REC_AT("1700000000.200", "SYSCALL", "2", "")
		 REC_AT("1700000000.200", "EOE", "2", "")
		 REC_AT("1700000000.301", "PATH", "3", "")),
	  "2:SYSCALL | 1:SYSCALL ", 0, 0 },
	{ "another time is another event",
	  STREAM(AT("00", "1") AT("01", "1") REC("EOE", "1", "")),
	  "1:SYSCALL | 1:SYSCALL ", 0, 0 },
	{ "a late record", STREAM(CALL("1") PROCTITLE("1") CWD("1") EOE("1")),
	  "1:SYSCALL 1:CWD | ", 0, 0 },
	{ "an AVC comes first", STREAM(AVC("1") CALL("1") PROCTITLE("1")),
	  "1:AVC+SYSCALL | ", 0, 0 },
	{ "unwanted types",
	  STREAM(CALL("1") REC("BPRM_FCAPS", "1", "fver=0") EXECVE("1")
		 REC("PATH", "1", "item=0") REC("SOCKADDR", "1", "saddr=0")
		 REC("UNKNOWN[1420]", "1", "x=1") PROCTITLE("1")),
	  "1:SYSCALL+EXECVE | ", 0, 0 },
	{ "auditd's serials are its own",
	  STREAM(CALL("1") REC("DAEMON_START", "1", "op=start")
		 REC("DAEMON_END", "2", "") EXECVE("1") PROCTITLE("1")),
	  "1:SYSCALL+EXECVE | ", 0, 0 },
	{ "alone",
	  STREAM(REC("ANOM_ABEND", "1", "pid=7 sig=11")
		 REC("USER_LOGIN", "2", "pid=7") CALL("3")),
	  "1:ANOM_ABEND 2:USER_LOGIN | 3:SYSCALL ", 0, 0 },

	/* nodes */
	{ "a node", STREAM(NODE("a", CALL("1")) NODE("a", EOE("1"))),
	  "a 1:SYSCALL | ", 0, 0 },
	{ "the same key on two nodes",
	  STREAM(NODE("a", CALL("1")) NODE("b", CALL("1")) CALL("1")
		 NODE("b", CWD("1")) NODE("a", EXECVE("1"))
		 NODE("b", EOE("1")) EOE("1") NODE("a", EOE("1"))),
	  "b 1:SYSCALL+CWD 1:SYSCALL a 1:SYSCALL+EXECVE | ", 0, 0 },
	{ "one name begins another",
	  STREAM(NODE("ab", CALL("1")) NODE("a", EOE("1"))), "| ab 1:SYSCALL ",
	  0, 0 },

	/* age */
	{ "two seconds younger", STREAM(AT("00", "1") AT("02", "2")),
	  "| 1:SYSCALL 2:SYSCALL ", 0, 0 },
	{ "more than two seconds", STREAM(AT("00", "1") AT("03", "2")),
	  "1:SYSCALL | 2:SYSCALL ", 0, 1 },
	{ "an unwanted record shows the time",
	  STREAM(AT("00", "1") REC_AT("1700000003.100", "PATH", "2", "")),
	  "1:SYSCALL | ", 0, 1 },
	{ "older ones do not", STREAM(AT("09", "1") AT("00", "2")),
	  "| 1:SYSCALL 2:SYSCALL ", 0, 0 },
	{ "only those that are due",
	  STREAM(AT("03", "1") AT("00", "2") AT("02", "3") AT("04", "4")),
	  "2:SYSCALL | 1:SYSCALL 3:SYSCALL 4:SYSCALL ", 0, 1 },
	{ "each node has its clock",
	  STREAM(NODE("a", AT("00", "1")) NODE("b", AT("09", "1"))
		 NODE("a", AT("03", "2"))),
	  "a 1:SYSCALL | b 1:SYSCALL a 2:SYSCALL ", 0, 1 },

	/* what is no record */
	{ "empty lines", STREAM("\n\n" CALL("1") "\n" EOE("1") "\n"),
	  "1:SYSCALL | ", 0, 0 },
	{ "garbage",
	  STREAM(BAD("x") CALL("1") BAD("\xff\xfe") BAD(" ") BAD("type=")
		 BAD("node=") BAD("node=a") BAD("type=SYSCALL")
		 BAD("msg=audit(1.100:1):") EXECVE("1") EOE("1")),
	  "1:SYSCALL+EXECVE | ", 8, 0 },
	{ "NUL bytes",
	  STREAM("\0\0\n" CALL("1") "type=\0SYSCALL\n\0" EXECVE("1") EOE("1")),
	  "1:SYSCALL | ", 3, 0 },
	{ "a node with a NUL byte, which would be another's name",
	  STREAM("node=a\0b " CALL("1") "node=a\0b " EOE("1")
		 "node=a " CALL("1") "node=a " EOE("1")),
	  "a 1:SYSCALL | ", 2, 0 },
	{ "a node with an empty name, which is not the same as none",
	  STREAM("node= " CALL("1") CALL("1") "node= " EOE("1") EOE("1")),
	  "1:SYSCALL | ", 2, 0 },
	{ "a type with one",
	  STREAM(REC("USER_\0LOGIN", "1", "") CALL("1") EOE("1")),
	  "1:SYSCALL | ", 1, 0 },
	{ "a node with the byte that begins what ENRICHED adds",
	  STREAM("node=a\x1d" "b " CALL("1") "node=a\x1d" "b " EOE("1")
		 "node=a " CALL("1") "node=a " EOE("1")),
	  "a 1:SYSCALL | ", 2, 0 },
	{ "broken keys",
	  STREAM(CALL("1") BAD("type=EOE msg=audit(1700000000.100:1)")
		 BAD("type=EOE msg=audit(1700000000.100:1:):")
		 BAD("type=EOE msg=audit(1700000000.:1):")
		 BAD("type=EOE msg=audit(1700000000:1):")
		 BAD("type=EOE msg=audit(.100:1):")
		 BAD("type=EOE msg=audit(-1.100:1):")
		 BAD("type=EOE msg=audit(1700000000.100:):")
		 BAD("type=EOE msg=audit(1700000000.1000:1):")
		 BAD("type=EOE" "  msg=audit(1700000000.100:1):")
		 BAD("type=EOE msg=audit( 1700000000.100:1):")
		 BAD("type=EOE msg=audit(17000000000000000000.100:1):")
		 BAD("type=EOE msg=audit(1700000000.100:18446744073709551617):")
		 BAD("type=EOE msg=audit(1700000000.100:0x1):")
		 BAD(" type=EOE msg=audit(1700000000.100:1):")
		 BAD("node=a" "  type=EOE msg=audit(1700000000.100:1):")),
	  "| 1:SYSCALL ", 15, 0 },
	{ "great numbers",
	  STREAM(REC_AT("9223372036854775.999", "SYSCALL",
			"9999999999999999999", "") CALL("1")),
	  "| 1:SYSCALL 9999999999999999999:SYSCALL ", 0, 0 },
	{ "a type nobody knows",
	  STREAM(REC("", "1", "") REC("*", "1", "") REC("SYSCALLS", "1", "")
		 REC("SYSCAL", "1", "") REC("USER", "1", "")),
	  "| ", 0, 0 },
};
/* clang-format on */

/* In two pieces, the first of so many bytes, or all in pieces of so many. */
static void check_pieces(int row, size_t first, size_t piece)
{
	const char *name = streams[row].name;
	size_t at = 0, n = first, len = streams[row].len;
	struct out o;

	out_open(&o);
	for (; at < len; at += n, n = piece) {
		n = n < len - at ? n : len - at;
		gate_feed(o.gate, streams[row].in + at, n);
	}
	buf_puts(&o.text, "| ");
	gate_finish(o.gate);
	ck_assert_msg(!strcmp(out_text(&o), streams[row].out),
		      "%s, %zu bytes, then %zu at a time: %s", name, first,
		      piece, o.text.data);
	ck_assert_msg(o.metrics.lines_bad == streams[row].bad, "%s: %u bad",
		      name, (unsigned int)o.metrics.lines_bad);
	ck_assert_msg(o.metrics.events_aged == streams[row].aged, "%s: %u aged",
		      name, (unsigned int)o.metrics.events_aged);
	out_close(&o);
}

START_TEST(test_streams)
{
	size_t len = streams[_i].len + 1;

	for (size_t first = 0; first < len; first++)
		check_pieces(_i, first, len);
	for (size_t piece = 1; piece < len && piece < 100; piece++)
		check_pieces(_i, piece, piece);
}
END_TEST

static const char *const standalone[] = {
	REC("AVC", "1", "avc:  denied  { read } for  pid=7 comm=\"a\""),
	REC("SECCOMP", "1", "auid=0 uid=0 gid=0 ses=1 pid=7 sig=31"),
	REC("BPF", "1", "prog-id=7 op=LOAD"),
	REC("CONFIG_CHANGE", "1", "op=add_rule key=\"k\" list=4 res=1"),
	REC("ANOM_ABEND", "1", "auid=0 uid=0 gid=0 ses=1 pid=7 sig=11"),
	REC("ANOM_PROMISCUOUS", "1", "dev=veth0 prom=256"),
	REC("NETFILTER_CFG", "1", "table=nat family=2 entries=5"),
	REC("TTY", "1", "tty pid=7 data=00"),
	REC("LOGIN", "1", "pid=7 uid=0 old-auid=1 auid=2"),
	REC("INTEGRITY_RULE", "1", "file=\"/a\" hash=\"b\""),
	REC("USER_CMD", "1", "pid=7 uid=0 auid=0 ses=1 msg='cmd=6C73'"),
	REC("USER_AVC", "1", "pid=7 uid=0 msg='avc:  denied'"),
	REC("ADD_USER", "1", "pid=7 uid=0 auid=0 ses=1 msg='op=a'"),
	REC("SERVICE_START", "1", "pid=1 uid=0 msg='unit=a'"),
	REC("DAEMON_ROTATE", "2", "op=rotate-logs"),
	REC("UNKNOWN[1337]", "1", "x=y"),
	"garbage\n",
	"type=SYSCALL msg=audit(17\n",
};

/* Whatever came before, an exec comes out with its own last record. */
START_TEST(test_at_once)
{
	const char *before = standalone[_i];
	size_t len;
	struct out o;

	out_open(&o);
	gate_feed(o.gate, before, strlen(before));
	gate_feed(o.gate, before, strlen(before));
	len = o.text.len;
	gate_feed(o.gate, STREAM(CALL("2") EXECVE("2") CWD("2")));
	ck_assert_msg(o.text.len == len, "%stoo early", before);
	gate_feed(o.gate, STREAM(PROCTITLE("2")));
	ck_assert_msg(!strcmp(out_text(&o) + len, "2:SYSCALL+EXECVE+CWD "),
		      "%s%s", before, o.text.data);
	out_close(&o);
}
END_TEST

static bool wants(void *ctx, const struct gate_key *key, const char *line,
		  size_t len)
{
	(void)ctx;
	ck_assert(!memcmp(line, "type=SYSCALL", 12) && line[len - 1] != '\n');
	return key->serial != 2;
}

/* Of an event that is not wanted nothing comes; of the others all. */
START_TEST(test_unwanted)
{
	struct out o;

	out_open(&o);
	gate_on_syscall(o.gate, wants);
	gate_feed(o.gate, STREAM(CALL("1") CALL("2") EXECVE("2") EXECVE(
				  "1") CWD("2") CWD("1") PROCTITLE("2")
					 PROCTITLE("1") CALL("3") EOE("3")));
	ck_assert_str_eq(out_text(&o), "1:SYSCALL+EXECVE+CWD 3:SYSCALL ");
	ck_assert_uint_eq(o.metrics.events_unwanted, 1);
	/* The rest of one that is over is an event of its own. */
	gate_feed(o.gate, STREAM(CWD("2") EOE("2")));
	ck_assert_str_eq(out_text(&o), "1:SYSCALL+EXECVE+CWD 3:SYSCALL 2:CWD ");
	out_close(&o);
}
END_TEST

static void feed_type(struct out *o, const char *type, unsigned int serial)
{
	char line[128];
	int len = snprintf(line, sizeof(line),
			   "type=%s msg=audit(1700000000.100:%u): \n", type,
			   serial);

	gate_feed(o->gate, line, (size_t)len);
}

/*
 * Who is complete and waits gives way before who is not; and so does the one
 * whom all wait for, when a thousand lines have come meanwhile.
 */
START_TEST(test_bound_waiting)
{
	struct out o;

	out_open(&o);
	gate_feed(o.gate, STREAM(CALL("1")));
	for (unsigned int i = 2; i <= 600; i++) {
		feed_type(&o, "SYSCALL", i);
		feed_type(&o, "EOE", i);
	}
	ck_assert_uint_eq(o.metrics.events_evicted, 0);
	gate_feed(o.gate, STREAM(EXECVE("1") EOE("1")));
	out_text(&o);
	ck_assert_ptr_nonnull(strstr(o.text.data, " 1:SYSCALL+EXECVE "));
	ck_assert_uint_eq(o.metrics.events, 600);
	out_close(&o);
}
END_TEST

/* The other node's lines bring it out, not the end of the stream. */
START_TEST(test_silent_node)
{
	struct out o;

	out_open(&o);
	gate_feed(o.gate, STREAM(NODE("a", CALL("1")) NODE("a", CALL("2"))
					 NODE("a", EOE("2"))));
	ck_assert_uint_eq(o.text.len, 0);
	for (unsigned int i = 1; i <= 1100; i++) {
		feed_type(&o, "SYSCALL", i);
		feed_type(&o, "EOE", i);
	}
	ck_assert_ptr_nonnull(strstr(out_text(&o), "a 2:SYSCALL "));
	ck_assert_ptr_null(strstr(o.text.data, "a 1:SYSCALL "));
	out_close(&o);
}
END_TEST

static bool no_turns(void *ctx, const struct gate_key *key)
{
	(void)ctx;
	return key->serial != 2;
}

START_TEST(test_turns)
{
	const struct gate_key key = { .node = "", .node_len = 0 };
	const struct gate_key other = { .node = "a", .node_len = 1 };
	struct out o;

	out_open(&o);
	gate_on_turn(o.gate, no_turns);
	gate_feed(o.gate, STREAM(CALL("1") CALL("2") CALL("3") EOE("2")));
	ck_assert_str_eq(out_text(&o), "2:SYSCALL ");
	ck_assert(!gate_holds(o.gate, &key));
	gate_feed(o.gate, STREAM(EOE("3")));
	ck_assert_str_eq(out_text(&o), "2:SYSCALL ");
	ck_assert(gate_holds(o.gate, &key));
	ck_assert(!gate_holds(o.gate, &other));
	gate_let_go(o.gate);
	ck_assert_str_eq(out_text(&o), "2:SYSCALL 3:SYSCALL ");
	ck_assert(!gate_holds(o.gate, &key));
	out_close(&o);
}
END_TEST

/* The oldest gives way; what comes of it later is an event of its own. */
START_TEST(test_bound)
{
	struct out o, want;

	out_open(&o);
	out_open(&want);
	for (unsigned int i = 1; i <= 1000; i++)
		feed_type(&o, "SYSCALL", i);
	ck_assert_uint_eq(o.metrics.events_evicted, 1000 - 128);
	gate_feed(o.gate, STREAM(CWD("5") EOE("5") CWD("1000")));
	gate_finish(o.gate);
	for (unsigned int i = 1; i <= 1000 - 127; i++)
		buf_printf(&want.text, "%u:SYSCALL ", i);
	buf_puts(&want.text, "5:CWD ");
	for (unsigned int i = 1000 - 126; i < 1000; i++)
		buf_printf(&want.text, "%u:SYSCALL ", i);
	buf_puts(&want.text, "1000:SYSCALL+CWD ");
	ck_assert_str_eq(out_text(&o), out_text(&want));
	ck_assert_uint_eq(o.metrics.events, 1001);
	out_close(&want);
	out_close(&o);
}
END_TEST

static const struct {
	const char *name;
	size_t len;		/* of the line, with its key */
	size_t piece;
	unsigned int truncated;
} lengths[] = {
	{ "the longest", 16384, 16385, 0 },
	{ "the longest, in two", 16384, 10000, 0 },
	{ "the longest, its newline alone", 16384, 16384, 0 },
	{ "too long", 16385, 16386, 1 },
	{ "too long, in two", 16385, 10000, 1 },
	{ "too long, its newline alone", 16385, 16385, 1 },
	{ "a megabyte", 1 << 20, 1 << 20, 1 },
	{ "a megabyte, as auditd's socket gives it", 1 << 20, 4096, 1 },
	{ "a megabyte by bytes", 1 << 20, 1, 1 },
};

START_TEST(test_long_lines)
{
	size_t len = lengths[_i].len, piece = lengths[_i].piece;
	char *line = malloc(len + 1);
	struct out o;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', len);
	memcpy(line, STREAM("type=SYSCALL msg=audit(1700000000.100:1): "));
	line[len] = '\n';
	out_open(&o);
	for (size_t at = 0; at <= len; at += piece)
		gate_feed(o.gate, line + at,
			  piece <= len - at ? piece : len + 1 - at);
	ck_assert_uint_eq(o.metrics.lines, 1);
	ck_assert_msg(o.metrics.lines_truncated == lengths[_i].truncated, "%s",
		      lengths[_i].name);
	gate_feed(o.gate, STREAM(CALL("2") EOE("2") EOE("1")));
	ck_assert_msg(!strcmp(out_text(&o), "1:SYSCALL 2:SYSCALL "), "%s: %s",
		      lengths[_i].name, o.text.data);
	free(line);
	out_close(&o);
}
END_TEST

/* A line that never ends, of no record at all. */
START_TEST(test_endless)
{
	char x[4096];
	struct out o;

	memset(x, 'x', sizeof(x));
	out_open(&o);
	for (int i = 0; i < 256; i++)
		gate_feed(o.gate, x, sizeof(x));
	ck_assert_uint_eq(o.metrics.lines_truncated, 1);
	gate_feed(o.gate, STREAM("\n" CALL("2") EOE("2")));
	ck_assert_str_eq(out_text(&o), "2:SYSCALL ");
	ck_assert_uint_eq(o.metrics.lines_bad, 1);
	for (int i = 0; i < 256; i++)
		gate_feed(o.gate, x, sizeof(x));
	gate_finish(o.gate);
	ck_assert_uint_eq(o.metrics.lines_bad, 2);
	out_close(&o);
}
END_TEST

/* The first record is kept whatever its size; then whichever fits. */
START_TEST(test_event_bytes)
{
	struct out o;

	out_open(&o);
	gate_set_event_bytes(o.gate, 1);
	gate_feed(o.gate, STREAM(CALL("1") CWD("1") EOE("1")));
	gate_feed(o.gate, STREAM(CALL("2") EOE("2")));
	gate_set_event_bytes(o.gate, sizeof(CALL("1") CWD("1")) - 1);
	gate_feed(o.gate, STREAM(CALL("3") CWD("3") EOE("3")));
	gate_feed(o.gate, STREAM(CALL("4") EXECVE("4") CWD("4") EOE("4")));
	ck_assert_str_eq(out_text(&o), "1:SYSCALL! 2:SYSCALL 3:SYSCALL+CWD "
				       "4:SYSCALL+CWD! ");
	out_close(&o);
}
END_TEST

START_TEST(test_idle)
{
	struct out o;

	out_open(&o);
	gate_feed(o.gate, STREAM(CALL("1") CALL("2") "type=SYSC"));
	gate_idle(o.gate, 2000);
	ck_assert_uint_eq(o.text.len, 0);
	gate_idle(o.gate, 2001);
	ck_assert_str_eq(out_text(&o), "1:SYSCALL 2:SYSCALL ");
	ck_assert_uint_eq(o.metrics.events_aged, 2);
	gate_feed(o.gate, STREAM("ALL msg=audit(1.100:3): \n"));
	gate_finish(o.gate);
	gate_finish(o.gate);
	ck_assert_str_eq(out_text(&o), "1:SYSCALL 2:SYSCALL 3:SYSCALL ");
	out_close(&o);
}
END_TEST

/* Every line with a key is shown, the unwanted too. */
START_TEST(test_keys)
{
	struct out o;

	out_open(&o);
	gate_on_key(o.gate, on_key);
	gate_feed(o.gate, STREAM(CALL("1") "x\n\n" EOE("1") REC("PATH", "2", "")
					 REC("DAEMON_START", "3", "")));
	ck_assert_uint_eq(o.keys, 4);
	gate_on_key(o.gate, NULL);
	gate_feed(o.gate, STREAM(CALL("1")));
	ck_assert_uint_eq(o.keys, 4);
	out_close(&o);
}
END_TEST

START_TEST(test_node_bytes)
{
	char line[400], node[300];
	struct out o;
	int len;

	memset(node, 'n', sizeof(node));
	out_open(&o);
	for (int n = 250; n < 300; n++) {
		len = snprintf(line, sizeof(line), "node=%.*s " CALL("1"), n,
			       node);
		gate_feed(o.gate, line, (size_t)len);
	}
	gate_finish(o.gate);
	ck_assert_uint_eq(o.metrics.events, 6);
	ck_assert_uint_eq(o.metrics.lines_bad, 44);
	out_close(&o);
}
END_TEST

/*
 * Each that is complete, which is when it has five records, and before which
 * there is none that has begun and is not.
 */
static void put_due(struct buf *want, const unsigned int *at, unsigned int n,
		    unsigned int low, bool *out)
{
	for (unsigned int e = low; e < n && (at[e] == 0 || at[e] >= 5); e++) {
		if (at[e] >= 5 && !out[e])
			buf_printf(want, "%u:SYSCALL+EXECVE+CWD ", e);
		out[e] = out[e] || at[e] >= 5;
	}
}

/* Many events at once, their records dealt out at random, in any pieces. */
START_TEST(test_random)
{
	static const char *const types[] = { "SYSCALL", "EXECVE", "PATH",
					     "CWD", "PROCTITLE", "EOE" };
	unsigned int seed = (unsigned int)_i + 1, at[1000] = { 0 }, e;
	_cleanup_buf_ struct buf in = BUF_INIT, want = BUF_INIT;
	bool out[COUNT(at)] = { false };
	struct out o;
	size_t n;

	for (unsigned int low = 0; low < COUNT(at);) {
		seed = seed * 1103515245 + 12345;
		e = low + (seed >> 8) % 100;
		if (e < COUNT(at) && at[e] < COUNT(types)) {
			buf_printf(&in, "type=%s msg=audit(1.100:%u): \n",
				   types[at[e]], e);
			at[e]++;
			put_due(&want, at, COUNT(at), low, out);
		}
		while (low < COUNT(at) && at[low] == COUNT(types))
			low++;
	}
	buf_putc(&want, '\0');
	out_open(&o);
	for (size_t i = 0; i < in.len; i += n) {
		seed = seed * 1103515245 + 12345;
		n = (seed >> 8) % 200;
		n = n < in.len - i ? n : in.len - i;
		gate_feed(o.gate, in.data + i, n);
	}
	ck_assert_str_eq(out_text(&o), want.data);
	out_close(&o);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("gate");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_streams, 0, COUNT(streams));
	tcase_add_loop_test(t, test_at_once, 0, COUNT(standalone));
	tcase_add_test(t, test_unwanted);
	tcase_add_test(t, test_bound);
	tcase_add_test(t, test_bound_waiting);
	tcase_add_test(t, test_silent_node);
	tcase_add_test(t, test_turns);
	tcase_add_loop_test(t, test_long_lines, 0, COUNT(lengths));
	tcase_add_test(t, test_endless);
	tcase_add_test(t, test_event_bytes);
	tcase_add_test(t, test_idle);
	tcase_add_test(t, test_keys);
	tcase_add_test(t, test_node_bytes);
	tcase_add_loop_test(t, test_random, 0, 10);
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
