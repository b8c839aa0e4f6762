/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded queue: order, whole messages, what happens when it is full,
 * closed or woken, at every position of the ring.
 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A message whose tag tells its content. */
static void fill(char *data, size_t len, unsigned int tag)
{
	memset(data, 'a' + (int)(tag % 26), len);
}

static void check_content(const struct channel_msg *msg, const char *name)
{
	static char expected[65536];

	fill(expected, msg->len, msg->tag);
	ck_assert_msg(!memcmp(msg->data, expected, msg->len),
		      "%s: message %u is wrong", name, msg->tag);
}

/*
 * Each row: puts of put bytes and takes by turns, in bursts, many times
 * round the ring, against a count of what should be there.
 */
static const struct {
	const char *name;
	size_t size, least, most;
	unsigned int puts, takes;	/* in a burst */
} rounds[] = {
	{ "one by one", 256, 5, 5, 1, 1 },
	{ "empty messages", 256, 0, 0, 3, 3 },
	{ "nearly the whole ring", 256, 200, 225, 1, 1 },
	{ "more puts than takes", 512, 1, 100, 5, 4 },
	{ "always full", 512, 1, 300, 9, 1 },
	{ "sizes around the alignment", 1024, 14, 18, 7, 7 },
	{ "big ring", 65536, 0, 9000, 20, 19 },
	{ "mostly empty", 4096, 0, 1500, 2, 5 },
};

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

START_TEST(test_rounds)
{
	struct channel *ch = channel_new(rounds[_i].size);
	const char *name = rounds[_i].name;
	unsigned int put = 0, taken = 0, seed = 1, i, n;
	size_t span = rounds[_i].most - rounds[_i].least + 1;
	static size_t lens[200000];
	static char data[65536];
	struct channel_msg msg;
	uint64_t refused = 0;

	ck_assert_ptr_nonnull(ch);
	for (n = 0; n < 3000; n++) {
		for (i = 0; i < rounds[_i].puts; i++) {
			size_t len =
				rounds[_i].least + next_random(&seed) % span;

			fill(data, len, put);
			lens[put] = len;
			if (channel_put(ch, put, data, len))
				put++;
			else
				refused++;
		}
		for (i = 0; i < rounds[_i].takes; i++) {
			int ret = channel_take(ch, &msg, 0);

			ck_assert_msg(ret == (taken < put),
				      "%s: %d with %u in it", name, ret,
				      put - taken);
			if (!ret)
				break;
			ck_assert_msg(
				msg.tag == taken && msg.len == lens[taken],
				"%s: %u taken for %u", name, msg.tag, taken);
			check_content(&msg, name);
			channel_done(ch);
			taken++;
		}
	}
	ck_assert_msg(put > 2000, "%s: only %u were put", name, put);
	ck_assert_msg(channel_refused(ch) == refused, "%s: refused", name);
	ck_assert_msg(channel_refused(ch) == 0, "%s: counted twice", name);
	channel_free(ch);
}
END_TEST

START_TEST(test_full)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;
	char data[2048] = "";

	ck_assert_msg(!channel_put(ch, 0, data, 1024), "with its head");
	ck_assert_msg(!channel_put(ch, 0, data, sizeof(data)), "too long");
	ck_assert_msg(!channel_put(ch, 0, data, SIZE_MAX), "far too long");
	ck_assert(!channel_half_full(ch));
	ck_assert_msg(channel_put(ch, 1, data, 1024 - 31), "the most");
	ck_assert(channel_half_full(ch));
	ck_assert_msg(!channel_put(ch, 2, data, 1), "no room");
	ck_assert_int_eq(channel_take(ch, &msg, 0), 1);
	ck_assert_msg(!channel_put(ch, 2, data, 1), "taken, not done");
	channel_done(ch);
	ck_assert_msg(channel_put(ch, 3, data, 1), "done");
	ck_assert_uint_eq(channel_refused(ch), 5);
	channel_free(ch);
}
END_TEST

START_TEST(test_close)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;

	ck_assert(channel_put(ch, 7, "x", 1));
	channel_close(ch);
	ck_assert_msg(!channel_put(ch, 8, "y", 1), "put after close");
	ck_assert_int_eq(channel_take(ch, &msg, -1), 1);
	ck_assert_uint_eq(msg.tag, 7);
	channel_done(ch);
	ck_assert_int_eq(channel_take(ch, &msg, -1), -1);
	ck_assert_int_eq(channel_take(ch, &msg, 0), -1);
	channel_free(ch);
}
END_TEST

START_TEST(test_wake)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;

	channel_wake(ch);
	channel_wake(ch);
	ck_assert_msg(channel_take(ch, &msg, -1) == 0, "woken before");
	ck_assert(channel_put(ch, 1, "x", 1));
	channel_wake(ch);
	ck_assert_msg(channel_take(ch, &msg, -1) == 1, "messages first");
	channel_done(ch);
	ck_assert_msg(channel_take(ch, &msg, -1) == 0, "then the wake");
	ck_assert_msg(channel_take(ch, &msg, 1) == 0, "nothing in time");
	channel_free(ch);
}
END_TEST

static bool is_readable(const struct channel *ch)
{
	struct pollfd p = { channel_fd(ch), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void do_put(struct channel *ch)
{
	ck_assert(channel_put(ch, 0, "x", 1));
}

static const struct {
	const char *name;
	void (*act)(struct channel *ch);
} tellers[] = {
	{ "put", do_put },
	{ "wake", channel_wake },
	{ "close", channel_close },
};

/* Messages that go together wake a taker once they are all there. */
START_TEST(test_cork)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;

	ck_assert_int_eq(channel_take(ch, &msg, 0), 0);
	channel_cork(ch, true);
	channel_cork(ch, false);
	ck_assert_msg(!is_readable(ch), "for nothing");
	channel_cork(ch, true);
	do_put(ch);
	do_put(ch);
	ck_assert_msg(!is_readable(ch), "before the cork is off");
	channel_cork(ch, false);
	ck_assert_msg(is_readable(ch), "then");
	ck_assert_int_eq(channel_take(ch, &msg, 0), 1);
	channel_free(ch);
}
END_TEST

START_TEST(test_fd)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(channel_take(ch, &msg, 0), 0);
		ck_assert_msg(!is_readable(ch), "%s: round %d",
			      tellers[_i].name, i);
		do_put(ch);
		ck_assert_int_eq(channel_take(ch, &msg, 0), 1);
		channel_done(ch);
	}
	ck_assert_int_eq(channel_take(ch, &msg, 0), 0);
	tellers[_i].act(ch);
	ck_assert_msg(is_readable(ch), "%s", tellers[_i].name);
	channel_free(ch);
}
END_TEST

#define MANY 100000U

static void *put_many(void *ctx)
{
	struct channel *ch = ctx;
	unsigned int i;
	char data[64];

	for (i = 0; i < MANY; i++) {
		fill(data, i % sizeof(data), i);
		while (!channel_put(ch, i, data, i % sizeof(data)))
			sched_yield();
	}
	channel_close(ch);
	return NULL;
}

START_TEST(test_threads)
{
	struct channel *ch = channel_new(1024);
	struct channel_msg msg;
	unsigned int taken = 0;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, put_many, ch), 0);
	while (channel_take(ch, &msg, -1) == 1) {
		ck_assert_uint_eq(msg.tag, taken);
		ck_assert_uint_eq(msg.len, taken % 64);
		check_content(&msg, "threads");
		channel_done(ch);
		taken++;
	}
	ck_assert_uint_eq(taken, MANY);
	pthread_join(thread, NULL);
	channel_free(ch);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("channel");
	TCase *t = tcase_create("channel");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_rounds, 0, COUNT(rounds));
	tcase_add_test(t, test_full);
	tcase_add_test(t, test_close);
	tcase_add_test(t, test_wake);
	tcase_add_loop_test(t, test_fd, 0, COUNT(tellers));
	tcase_add_test(t, test_cork);
	tcase_add_test(t, test_threads);
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
