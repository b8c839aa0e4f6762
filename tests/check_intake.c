/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The intake's thread: whole lines whatever the reads are, lines without
 * end, a queue that is full, and the ways to end. Its input is a socket
 * pair, as auditd's is, or a pipe; and a file, which can wait.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "intake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINE ((unsigned int)INTAKE_LINE_BYTES)

static void make_pipe(int fds[2])
{
	ck_assert(!pipe(fds));
}

static void make_socket(int fds[2])
{
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static void (*const makers[])(int fds[2]) = { make_pipe, make_socket };

/* An intake at work. */
struct rig {
	int fds[2];	/* what is written to fds[1] it reads */
	struct channel *ch;
	struct intake *in;
};

static void start(struct rig *r, void (*make)(int fds[2]), size_t room_bytes)
{
	struct err err = { 0, "" };

	make(r->fds);
	r->ch = channel_new(room_bytes);
	r->in = intake_new(r->fds[0], r->ch, &err);
	ck_assert_msg(r->in && !intake_start(r->in, NULL, &err), "%s",
		      err.text);
}

static void finish(struct rig *r)
{
	intake_stop(r->in);
	intake_free(r->in);
	channel_free(r->ch);
	close(r->fds[0]);
	if (r->fds[1] >= 0)
		close(r->fds[1]);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Takes all until the channel is closed; only the last may end bare. */
static void collect(struct rig *r, struct buf *all, const char *name)
{
	struct channel_msg msg;
	bool bare = false;

	while (channel_take(r->ch, &msg, -1) == 1) {
		ck_assert_msg(!bare, "%s: a message after half a line", name);
		ck_assert_msg(msg.len <= INTAKE_MESSAGE_BYTES, "%s", name);
		ck_assert_msg(!msg.tag, "%s: %u dropped", name, msg.tag);
		bare = msg.len && msg.data[msg.len - 1] != '\n';
		buf_put(all, msg.data, msg.len);
		channel_done(r->ch);
	}
}

/* What goes in, and what the core gets. */
struct part {
	unsigned int x;		/* so many x */
	const char *text;	/* behind them */
};

static const struct {
	const char *name;
	struct part in[5], out[5];
	unsigned int cut;
} streams[] = {
	{ "nothing", { { 0, NULL } }, { { 0, NULL } }, 0 },
	{ "a line", { { 3, "\n" } }, { { 3, "\n" } }, 0 },
	{ "lines", { { 3, "\na\nb\n\n" } }, { { 3, "\na\nb\n\n" } }, 0 },
	{ "no newline at the end", { { 3, "\nab" } }, { { 3, "\nab" } }, 0 },
	{ "longest line", { { LINE, "\na\n" } }, { { LINE, "\na\n" } }, 0 },
	{ "endless line", { { 1000000, NULL } }, { { LINE, "\n" } }, 1 },
	{ "endless line, then one",
	  { { 1000000, "\nab\n" } },
	  { { LINE, "\nab\n" } },
	  1 },
	{ "two endless lines",
	  { { 200000, "\na\n" }, { 300000, "\nb" } },
	  { { LINE, "\na\n" }, { LINE, "\nb" } },
	  2 },
};

static void describe(struct buf *b, const struct part *parts)
{
	for (; parts->x || parts->text; parts++) {
		unsigned int i;

		for (i = 0; i < parts->x; i++)
			buf_putc(b, 'x');
		if (parts->text)
			buf_puts(b, parts->text);
	}
}

START_TEST(test_streams)
{
	static const size_t chunks[] = { 1, 7, 4096, 16384, 16385, 1 << 20 };
	_cleanup_buf_ struct buf in = BUF_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *name = streams[_i].name;
	size_t i, k, n, at;

	describe(&in, streams[_i].in);
	describe(&out, streams[_i].out);
	for (i = 0; i < COUNT(chunks) * COUNT(makers); i++) {
		_cleanup_buf_ struct buf all = BUF_INIT;
		struct rig r;

		k = chunks[i / COUNT(makers)];
		if (k < 100 && in.len > 100000)
			continue;
		start(&r, makers[i % COUNT(makers)], 4 << 20);
		for (at = 0; at < in.len; at += n) {
			n = in.len - at < k ? in.len - at : k;
			write_all(r.fds[1], in.data + at, n);
		}
		close(steal_fd(&r.fds[1]));
		collect(&r, &all, name);
		intake_join(r.in);
		ck_assert_msg(all.len == out.len &&
				      (!out.len ||
				       !memcmp(all.data, out.data, out.len)),
			      "%s: by %zu: %zu bytes for %zu", name, k, all.len,
			      out.len);
		ck_assert_msg(intake_cut(r.in) == streams[_i].cut,
			      "%s: by %zu: cut", name, k);
		ck_assert_uint_eq(intake_dropped(r.in), 0);
		finish(&r);
	}
}
END_TEST

/* Lines are "N\n". Each gap in the numbers must be what the tag says. */
static unsigned int check_gaps(struct rig *r, unsigned int next)
{
	struct channel_msg msg;

	while (channel_take(r->ch, &msg, -1) == 1) {
		const char *at = msg.data, *end = msg.data + msg.len;

		next += msg.tag;
		while (at < end) {
			char *after;
			unsigned long n = strtoul(at, &after, 10);

			ck_assert_msg(n == next, "%lu for %u", n, next);
			ck_assert_int_eq(*after, '\n');
			at = after + 1;
			next++;
		}
		channel_done(r->ch);
	}
	return next;
}

/* Whoever writes is never held up, though nobody takes anything. */
START_TEST(test_full)
{
	const unsigned int lines = 200000;
	struct rig r;
	unsigned int i;
	char line[16];

	start(&r, makers[_i], 65536);
	for (i = 0; i < lines; i++) {
		snprintf(line, sizeof(line), "%u\n", i);
		write_all(r.fds[1], line, strlen(line));
	}
	close(steal_fd(&r.fds[1]));
	ck_assert_uint_eq(check_gaps(&r, 0), lines);
	intake_join(r.in);
	ck_assert_uint_gt(intake_dropped(r.in), lines / 2);
	finish(&r);
}
END_TEST

/* What is in a file comes through, though the queue is smaller. */
START_TEST(test_file)
{
	const unsigned int lines = 200000;
	FILE *file = tmpfile();
	struct rig r = { .fds = { -1, -1 } };
	struct err err;
	unsigned int i;

	ck_assert(file);
	for (i = 0; i < lines; i++)
		fprintf(file, "%u\n", i);
	rewind(file);
	r.ch = channel_new(65536);
	r.in = intake_new(fileno(file), r.ch, &err);
	ck_assert(r.in && !intake_start(r.in, NULL, &err));
	ck_assert_uint_eq(check_gaps(&r, 0), lines);
	intake_join(r.in);
	ck_assert_uint_eq(intake_dropped(r.in), 0);
	intake_free(r.in);
	channel_free(r.ch);
	fclose(file);
}
END_TEST

/* Not the end of a stream, though nothing more comes. */
START_TEST(test_error)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	struct channel *ch = channel_new(65536);
	struct channel_msg msg;
	struct err err = { 0 };
	struct intake *in = intake_new(fd, ch, &err);

	ck_assert(fd >= 0 && in);
	ck_assert_msg(!intake_start(in, NULL, &err), "%s", err.text);
	ck_assert_int_eq(channel_take(ch, &msg, -1), -1);
	intake_join(in);
	ck_assert_int_eq(intake_error(in), EISDIR);
	intake_free(in);
	channel_free(ch);
	close(fd);
}
END_TEST

/* A loss is told though no other line follows and the input stays open. */
START_TEST(test_loss_told)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct channel_msg msg;
	unsigned int i, lost = 0, seen = 0;
	struct rig r;

	start(&r, make_socket, 65536);
	for (i = 0; i < 20000; i++)
		buf_printf(&b, "%06u\n", i);
	write_all(r.fds[1], b.data, b.len);
	while (seen + lost < 20000 && channel_take(r.ch, &msg, -1) == 1) {
		lost += msg.tag;
		seen += (unsigned int)(msg.len / 7);
		channel_done(r.ch);
	}
	ck_assert_uint_eq(seen + lost, 20000);
	finish(&r);
}
END_TEST

/* What can be read at the stop comes through, also half a line. */
START_TEST(test_stop)
{
	_cleanup_buf_ struct buf in = BUF_INIT;
	_cleanup_buf_ struct buf all = BUF_INIT;
	struct rig r;
	unsigned int i;

	for (i = 0; i < 2000; i++)
		buf_printf(&in, "line %u\n", i);
	buf_puts(&in, "half");
	start(&r, makers[_i], 1 << 20);
	write_all(r.fds[1], in.data, in.len);
	intake_stop(r.in);
	collect(&r, &all, "stop");
	ck_assert_uint_eq(all.len, in.len);
	ck_assert(!memcmp(all.data, in.data, in.len));
	intake_join(r.in);
	ck_assert_int_eq(intake_error(r.in), 0);
	finish(&r);
}
END_TEST

static void *write_for_ever(void *ctx)
{
	static char lines[65536];
	size_t i;

	for (i = 0; i < sizeof(lines); i++)
		lines[i] = i % 64 == 63 ? '\n' : 'y';
	while (send(*(int *)ctx, lines, sizeof(lines), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/*
 * A writer who never pauses cannot keep it from telling of what there is, even
 * a taker who is always waiting, nor from ending.
 */
START_TEST(test_stop_flood)
{
	struct channel_msg msg;
	pthread_t writer;
	struct rig r;

	start(&r, make_socket, 1 << 20);
	ck_assert(!pthread_create(&writer, NULL, write_for_ever, &r.fds[1]));
	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(channel_take(r.ch, &msg, 20000), 1);
		channel_done(r.ch);
	}
	intake_stop(r.in);
	while (channel_take(r.ch, &msg, -1) == 1)
		channel_done(r.ch);
	shutdown(r.fds[0], SHUT_RDWR);
	pthread_join(writer, NULL);
	finish(&r);
}
END_TEST

START_TEST(test_stop_idle)
{
	struct channel_msg msg;
	struct rig r;

	start(&r, make_socket, 65536);
	intake_stop(r.in);
	ck_assert_int_eq(channel_take(r.ch, &msg, -1), -1);
	finish(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("intake");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_streams, 0, COUNT(streams));
	tcase_add_loop_test(t, test_full, 0, COUNT(makers));
	tcase_add_test(t, test_file);
	tcase_add_test(t, test_error);
	tcase_add_test(t, test_loss_told);
	tcase_add_loop_test(t, test_stop, 0, COUNT(makers));
	tcase_add_test(t, test_stop_flood);
	tcase_add_test(t, test_stop_idle);
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
