/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's thread: which line goes where, what a reload does to lines
 * that are on their way, and that none is forgotten at the end.
 */
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "ledger.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char dir[64];
static char text_path[128], json_path[128], other_path[128];

struct heard {
	pthread_mutex_t lock;
	unsigned int fails, works, stuck, unstuck;
};

static void hear(void *ctx, const struct logfile_news *news)
{
	struct heard *h = ctx;

	pthread_mutex_lock(&h->lock);
	h->fails += news->event == LOGFILE_FAILS;
	h->works += news->event == LOGFILE_WORKS;
	h->stuck += news->event == LOGFILE_STUCK;
	h->unstuck += news->event == LOGFILE_UNSTUCK;
	pthread_mutex_unlock(&h->lock);
}

static void setup(void)
{
	strcpy(dir, "/tmp/check_ledger.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(text_path, sizeof(text_path), "%s/x.log", dir);
	snprintf(json_path, sizeof(json_path), "%s/x.json", dir);
	snprintf(other_path, sizeof(other_path), "%s/other.log", dir);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static struct ledger_options both_logs(void)
{
	struct ledger_options ret = {
		.path = { [LEDGER_TEXT] = text_path, [LEDGER_JSON] = json_path },
		.logfile = { .gid = getegid(), .generations = 99 },
	};

	return ret;
}

/* A ledger at work, its channel, and what it told. */
struct desk {
	struct heard heard;
	struct channel *ch;
	struct ledger *ledger;
	int ended_fd;
};

static void open_desk(struct desk *d, const struct ledger_options *options)
{
	struct err err = { 0, "" };

	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->heard.lock, NULL);
	d->ch = channel_new(65536);
	d->ended_fd = eventfd(0, 0);
	d->ledger = ledger_new(options, d->ch, hear, &d->heard, &err);
	ck_assert_msg(d->ledger != NULL, "%s", err.text);
	ck_assert_msg(!ledger_start(d->ledger, d->ended_fd, NULL, &err), "%s",
		      err.text);
}

static void put(struct desk *d, unsigned int tag, const char *line)
{
	while (!channel_put(d->ch, tag, line, strlen(line)))
		sched_yield();
}

/* Waits for the ledger's own word that it has ended. */
static void close_desk(struct desk *d)
{
	uint64_t count;

	channel_close(d->ch);
	ck_assert_int_eq(read(d->ended_fd, &count, sizeof(count)), 8);
	ledger_free(d->ledger);
	channel_free(d->ch);
	close(d->ended_fd);
	pthread_mutex_destroy(&d->heard.lock);
}

static void put_content(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *f = fopen(name, "we");

	ck_assert(f && fputs(text, f) >= 0);
}

static const char *content(const char *name)
{
	static char data[1 << 20];
	_cleanup_fclose_ FILE *f = fopen(name, "r");
	size_t n;

	if (!f)
		return "(none)";
	n = fread(data, 1, sizeof(data) - 1, f);
	data[n] = '\0';
	return data;
}

/* The file is waited for: nothing but the channel says what was done. */
static void await(const char *name, const char *text)
{
	while (!strstr(content(name), text))
		sched_yield();
}

static const struct {
	const char *name;
	bool text, json;	/* which log is on */
	const char *text_log, *json_log;
} logs[] = {
	{ "both", true, true, "t1\nt2\nt3\n", "j1\nj2\n" },
	{ "only text", true, false, "t1\nt2\nt3\n", "(none)" },
	{ "only JSON", false, true, "(none)", "j1\nj2\n" },
	{ "none", false, false, "(none)", "(none)" },
};

START_TEST(test_logs)
{
	struct ledger_options options = both_logs();
	struct desk d;

	if (!logs[_i].text)
		options.path[LEDGER_TEXT] = NULL;
	if (!logs[_i].json)
		options.path[LEDGER_JSON] = NULL;
	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\n");
	put(&d, LEDGER_JSON, "j1\n");
	put(&d, LEDGER_TEXT, "t2\nt3\n");
	put(&d, LEDGER_JSON, "j2\n");
	close_desk(&d);
	ck_assert_msg(!strcmp(content(text_path), logs[_i].text_log), "%s",
		      logs[_i].name);
	ck_assert_msg(!strcmp(content(json_path), logs[_i].json_log), "%s",
		      logs[_i].name);
}
END_TEST

/* A line is written when it comes, not when more have come. */
START_TEST(test_at_once)
{
	struct ledger_options options = both_logs();
	struct desk d;

	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\n");
	await(text_path, "t1\n");
	put(&d, LEDGER_JSON, "j1\n");
	await(json_path, "j1\n");
	close_desk(&d);
}
END_TEST

START_TEST(test_new_path)
{
	struct ledger_options options = both_logs();
	struct desk d;

	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\n");
	await(text_path, "t1\n");
	options.path[LEDGER_TEXT] = other_path;
	options.path[LEDGER_JSON] = NULL;
	ledger_reopen(d.ledger, &options);
	while (!strcmp(content(other_path), "(none)"))
		sched_yield();
	put(&d, LEDGER_TEXT, "t2\n");
	put(&d, LEDGER_JSON, "j2\n");
	close_desk(&d);
	ck_assert_str_eq(content(text_path), "t1\n");
	ck_assert_str_eq(content(other_path), "t2\n");
	ck_assert_str_eq(content(json_path), "");
}
END_TEST

/* As logrotate does: rename, then HUP. */
START_TEST(test_reopen)
{
	struct ledger_options options = both_logs();
	struct desk d;

	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\n");
	await(text_path, "t1\n");
	ck_assert(!rename(text_path, other_path));
	put(&d, LEDGER_TEXT, "t2\n");
	await(other_path, "t2\n");
	ledger_reopen(d.ledger, NULL);
	while (access(text_path, F_OK))
		sched_yield();
	put(&d, LEDGER_TEXT, "t3\n");
	close_desk(&d);
	ck_assert_str_eq(content(other_path), "t1\nt2\n");
	ck_assert_str_eq(content(text_path), "t3\n");
}
END_TEST

/* What a log refused is told once it works again, and only once. */
START_TEST(test_lost)
{
	struct ledger_options options = both_logs();
	struct desk d;

	ck_assert(!mkdir(text_path, 0700));
	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\nt2\n");
	put(&d, LEDGER_TEXT, "t3\n");
	/* written after the text log's share of the same flush */
	put(&d, LEDGER_JSON, "j1\n");
	await(json_path, "j1\n");
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_TEXT), 0);
	ck_assert(!rmdir(text_path));
	ledger_reopen(d.ledger, NULL);
	while (access(text_path, F_OK))
		sched_yield();
	put(&d, LEDGER_TEXT, "t4\n");
	put(&d, LEDGER_JSON, "j2\n");
	await(json_path, "j2\n");
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_TEXT), 3);
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_TEXT), 0);
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_JSON), 0);
	close_desk(&d);
	ck_assert_uint_eq(d.heard.fails, 1);
	ck_assert_uint_eq(d.heard.works, 1);
	ck_assert_str_eq(content(text_path), "t4\n");
}
END_TEST

static void put_state(struct desk *d, const char *text)
{
	put(d, LEDGER_STATE_ANEW, text);
	put(d, LEDGER_STATE_END, "");
}

static void open_state_desk(struct desk *d)
{
	struct ledger_options options = both_logs();

	options.path[LEDGER_STATE] = other_path;
	snprintf(other_path, sizeof(other_path), "%s/state", dir);
	open_desk(d, &options);
}

/* While it is written anew, lines go to the old one and to the new one. */
START_TEST(test_state_anew)
{
	struct desk d;

	open_state_desk(&d);
	put(&d, LEDGER_STATE_MORE, "nothing was begun\n");
	put(&d, LEDGER_STATE_END, "nor this\n");
	put(&d, LEDGER_STATE, "a\n");
	put(&d, LEDGER_STATE_ANEW, "not for long\n");
	put(&d, LEDGER_STATE_ANEW, "head\n");
	put(&d, LEDGER_STATE_MORE, "1\n");
	put(&d, LEDGER_STATE, "b\n");
	put(&d, LEDGER_STATE_MORE, "2\n");
	put(&d, LEDGER_STATE, "c\n");
	await(other_path, "a\nb\nc\n");
	put(&d, LEDGER_STATE_END, "end\n");
	put(&d, LEDGER_STATE, "d\n");
	await(other_path, "head\n1\nb\n2\nc\nend\nd\n");
	put(&d, LEDGER_STATE_ANEW, "never finished\n");
	put(&d, LEDGER_STATE, "e\n");
	close_desk(&d);
	ck_assert_str_eq(content(other_path), "head\n1\nb\n2\nc\nend\nd\ne\n");
	strcat(other_path, ".new");
	ck_assert_int_eq(access(other_path, F_OK), -1);
}
END_TEST

static uint64_t inode(const char *name)
{
	struct stat st;

	ck_assert(!stat(name, &st));
	return st.st_ino;
}

/* The state but for its marks' numbers; these, in order, to numbers. */
static const char *without_numbers(uint64_t *numbers)
{
	static const char key[] = ",\"number\":";
	static char text[1 << 16];
	const char *from = content(other_path), *at;
	size_t len = 0;

	while ((at = strstr(from, key))) {
		memcpy(text + len, from, (size_t)(at - from));
		len += (size_t)(at - from);
		*numbers++ = strtoull(at + strlen(key), (char **)&from, 10);
	}
	strcpy(text + len, from);
	return text;
}

/*
 * In front of the state's lines stands which bytes of the log will say the
 * same: of the JSON log, if it is on. However the lines come to be written.
 */
START_TEST(test_state_marks)
{
	uint64_t numbers[4] = { 0 };
	char want[512];
	struct desk d;

	open_state_desk(&d);
	put(&d, LEDGER_STATE, "serial\n");
	put(&d, ledger_state_tag(3), "a\n");
	put(&d, LEDGER_TEXT, "t\n");
	put(&d, LEDGER_JSON, "j1\n");
	await(json_path, "j1\n");
	put(&d, ledger_state_tag(6), "b\n");
	put(&d, LEDGER_JSON, "j2\nj3\n");
	put(&d, ledger_state_tag(70000), "");
	close_desk(&d);
	snprintf(want, sizeof(want),
		 "serial\n"
		 "{\"log\":%1$lu,\"from\":0,\"bytes\":3}\na\n"
		 "{\"log\":%1$lu,\"from\":3,\"bytes\":6}\nb\n"
		 "{\"log\":%1$lu,\"from\":9,\"bytes\":70000}\n",
		 inode(json_path));
	ck_assert_str_eq(without_numbers(numbers), want);
	ck_assert_uint_gt(numbers[1], numbers[0]);
	ck_assert_uint_ge(numbers[2], numbers[1]);
}
END_TEST

/* What was told before has no mark that counts: it is in the log. */
START_TEST(test_anew_comes_last)
{
	struct ledger_options options = both_logs();
	uint64_t numbers[3] = { 0 };
	char want[256];
	struct desk d;

	options.path[LEDGER_JSON] = NULL;
	snprintf(other_path, sizeof(other_path), "%s/state", dir);
	options.path[LEDGER_STATE] = other_path;
	open_desk(&d, &options);
	put(&d, LEDGER_TEXT, "t1\n");
	put(&d, LEDGER_STATE_ANEW, "head\n");
	put(&d, ledger_state_tag(3), "a\n");
	put(&d, LEDGER_TEXT, "t2\n");
	put(&d, LEDGER_STATE_END, "end\n");
	close_desk(&d);
	snprintf(want, sizeof(want),
		 "head\n{\"log\":%1$lu,\"from\":3,\"bytes\":3}\na\nend\n"
		 "{\"log\":%1$lu,\"from\":6,\"bytes\":0}\n",
		 inode(text_path));
	ck_assert_str_eq(without_numbers(numbers), want);
	ck_assert_uint_gt(numbers[1], numbers[0]);
	ck_assert_str_eq(content(text_path), "t1\nt2\n");
}
END_TEST

/* How the log was found: without what a killed one left of a line. */
START_TEST(test_found)
{
	struct ledger_options options = both_logs();
	struct logfile_found found;
	char older[PATH_MAX];
	struct desk d;

	snprintf(older, sizeof(older), "%s.1", json_path);
	put_content(older, "j0\n");
	put_content(json_path, "j1\nj2\ntor");
	open_desk(&d, &options);
	put(&d, LEDGER_JSON, "j3\n");
	await(json_path, "j1\nj2\nj3\n");
	found = ledger_found(d.ledger);
	ck_assert_uint_eq(found.inode, inode(json_path));
	ck_assert_uint_eq(found.size, 6);
	ck_assert_uint_eq(found.older_inode, inode(older));
	ck_assert_uint_eq(found.older_size, 3);
	close_desk(&d);
	ck_assert(!unlink(older));
	open_desk(&d, &options);
	found = ledger_found(d.ledger);
	ck_assert(found.inode && !found.older_inode && !found.older_size);
	close_desk(&d);
	options.path[LEDGER_TEXT] = options.path[LEDGER_JSON] = NULL;
	open_desk(&d, &options);
	found = ledger_found(d.ledger);
	ck_assert(!found.inode && !found.size);
	close_desk(&d);
}
END_TEST

/* What the old one cannot take is not lost: the new one has it. */
START_TEST(test_state_saved)
{
	struct desk d;

	open_state_desk(&d);
	put(&d, LEDGER_STATE, "a\n");
	put(&d, LEDGER_STATE_ANEW, "head\n");
	await(other_path, "a\n");
	ck_assert(!unlink(other_path));
	put(&d, LEDGER_STATE, "b\n");
	put(&d, LEDGER_JSON, "j\n");
	await(json_path, "j\n");
	put(&d, LEDGER_STATE_END, "end\n");
	put(&d, LEDGER_STATE, "c\n");
	await(other_path, "head\nb\nend\nc\n");
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_STATE), 0);
	close_desk(&d);
	ck_assert_uint_eq(d.heard.fails, 1);
	ck_assert_uint_eq(d.heard.works, 1);
}
END_TEST

/* However often it is tried, it is told once; the keeper hears each time. */
START_TEST(test_state_stuck)
{
	struct desk d;
	char name[160];

	snprintf(name, sizeof(name), "%s/state.new", dir);
	ck_assert(!mkdir(name, 0700));
	open_state_desk(&d);
	put_state(&d, "head\n");
	put_state(&d, "head\n");
	put(&d, LEDGER_JSON, "j1\n");
	await(json_path, "j1\n");
	ck_assert_uint_eq(ledger_lost(d.ledger, LEDGER_STATE), 2);
	ck_assert(!rmdir(name));
	put_state(&d, "head\n");
	put_state(&d, "head2\n");
	close_desk(&d);
	ck_assert_uint_eq(d.heard.stuck, 1);
	ck_assert_uint_eq(d.heard.unstuck, 1);
	ck_assert_str_eq(content(other_path), "head2\n");
}
END_TEST

#define MANY 30000U

/* Every generation from the oldest on, as one. */
static void check_sequence(const char *path)
{
	unsigned int n, i, expected = 0;

	for (n = 99; n + 1 > 0; n--) {
		_cleanup_fclose_ FILE *f = NULL;
		char name[160];

		snprintf(name, sizeof(name), n ? "%s.%u" : "%s", path, n);
		f = fopen(name, "r");
		while (f && fscanf(f, "%u\n", &i) == 1)
			ck_assert_msg(i == expected++, "%s: %u", name, i);
	}
	ck_assert_uint_eq(expected, MANY);
}

/* Rotation, reopening and new options, all the while lines come. */
START_TEST(test_disturbed)
{
	struct ledger_options options = both_logs();
	struct desk d;
	unsigned int i;

	options.logfile.size_bytes = 10000;
	open_desk(&d, &options);
	for (i = 0; i < MANY; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%u\n", i);
		put(&d, LEDGER_TEXT, line);
		put(&d, LEDGER_JSON, line);
		options.logfile.size_bytes = 5000 + i % 10000;
		if (i % 100 == 0)
			ledger_reopen(d.ledger, i % 200 ? NULL : &options);
	}
	close_desk(&d);
	check_sequence(text_path);
	check_sequence(json_path);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_logs, 0, COUNT(logs));
	tcase_add_test(t, test_at_once);
	tcase_add_test(t, test_new_path);
	tcase_add_test(t, test_reopen);
	tcase_add_test(t, test_lost);
	tcase_add_test(t, test_state_anew);
	tcase_add_test(t, test_state_marks);
	tcase_add_test(t, test_anew_comes_last);
	tcase_add_test(t, test_found);
	tcase_add_test(t, test_state_saved);
	tcase_add_test(t, test_state_stuck);
	tcase_add_test(t, test_disturbed);
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
