/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper between a tree and the ledger's channel: what it puts there,
 * when it writes all anew, and what it makes of the file it finds.
 */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "keeper.h"
#include "logdir.h"
#include "replace.h"
#include "state.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define T0 UINT64_C(1700000000000)

static char dir[64], path[128];

static void setup(void)
{
	strcpy(dir, "/tmp/check_keeper.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sub/state", dir);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

struct heard {
	unsigned int good, bad;
	char text[1024]; /* the last */
};

static void hear(void *ctx, bool problem, const char *text)
{
	struct heard *h = ctx;

	h->good += !problem;
	h->bad += problem;
	snprintf(h->text, sizeof(h->text), "%s", text);
}

static void hear_log(void *ctx, const struct logfile_news *news)
{
	(void)ctx;
	(void)news;
}

/* A plugin's life: a keeper, its tree, and the channel. */
struct life {
	struct heard heard;
	struct metrics metrics;
	struct keeper *keeper;
	struct tree *tree;
	struct channel *lines;
	struct ledger *ledger; /* has no log, and does not run */
	struct buf anew; /* as far as it was taken */
	bool is_anew;
	unsigned int written; /* to its end */
	unsigned int census; /* changes of that kind */
	size_t log_bytes; /* what each change comes to in the log */
	size_t gather, gathered; /* so many changes are handed over at once */
	size_t told; /* what these come to */
	size_t log_at; /* so long it is by now */
	size_t untold;
	uint64_t n;
};

static void emit(void *ctx, const struct change *c)
{
	struct life *l = ctx;

	l->census += c->kind == CHANGE_CENSUS;
	l->told += l->log_bytes;
	if (keeper_change(l->keeper, c, l->told) ||
	    ++l->gathered >= l->gather) {
		keeper_flush(l->keeper, l->told);
		l->told = l->gathered = 0;
	}
}

static struct logfile_found found; /* the log, when a life begins */

static void life_begin(struct life *l, size_t channel_bytes)
{
	static const struct ledger_options no_logs;
	struct news news = { hear, &l->heard };
	struct err err = { 0 };

	*l = (struct life){ .n = 0 };
	l->keeper = keeper_new(path, &news, &err);
	ck_assert_msg(l->keeper != NULL, "%s", err.text);
	l->lines = channel_new(channel_bytes);
	l->ledger = ledger_new(&no_logs, l->lines, hear_log, NULL, &err);
	ck_assert(l->lines && l->ledger);
	l->tree = tree_new(&tree_defaults, "", &l->metrics, emit, l);
	l->untold = keeper_restore(l->keeper, l->tree, "", l->lines, found);
	tree_witness(l->tree, 0);
}

static void read_message(struct life *l, const struct channel_msg *msg,
			 struct buf *out)
{
	unsigned int tag = msg->tag & ((1 << LEDGER_TAG_BITS) - 1);
	struct state_mark mark = {
		.from = { 1, l->log_at },
		.bytes = msg->tag >> LEDGER_TAG_BITS,
		.number = 1,
	};

	if (mark.bytes)
		state_mark(out, &mark);
	l->log_at += mark.bytes;
	if (tag == LEDGER_STATE)
		buf_put(out, msg->data, msg->len);
	if (msg->tag == LEDGER_STATE_ANEW) {
		buf_clear(&l->anew);
		l->is_anew = true;
	}
	if (l->is_anew)
		buf_put(&l->anew, msg->data, msg->len);
	if (msg->tag != LEDGER_STATE_END || !l->is_anew)
		return;
	buf_clear(out);
	buf_put(out, l->anew.data, l->anew.len);
	l->is_anew = false;
	l->written++;
}

static void take(struct life *l, struct buf *out)
{
	struct channel_msg msg;

	while (channel_take(l->lines, &msg, 0) > 0) {
		read_message(l, &msg, out);
		channel_done(l->lines);
	}
}

/*
 * What is left in the channel, and what then comes of what is written anew,
 * as the ledger would have it in out; how often that came to its end.
 */
static unsigned int drain(struct life *l, struct buf *out)
{
	unsigned int before = l->written;

	do {
		take(l, out);
		keeper_go_on(l->keeper);
	} while (!channel_is_empty(l->lines));
	return l->written - before;
}

static void life_end(struct life *l)
{
	_cleanup_buf_ struct buf rest = BUF_INIT;

	drain(l, &rest);
	buf_free(&l->anew);
	ledger_free(l->ledger);
	tree_free(l->tree);
	channel_free(l->lines);
	keeper_free(l->keeper);
}

/* --- what happens */

static struct fact fact_of(struct life *l, enum fact_kind kind, pid_t pid)
{
	return (struct fact){
		.kind = kind,
		.time_ms = T0 + ++l->n,
		.mono_ns = 1000000 * l->n,
		.node = "",
		.pid = pid,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
		.record = "SYSCALL",
	};
}

static void find(struct life *l, pid_t pid)
{
	struct fact f = fact_of(l, FACT_FOUND, pid);

	f.source = SOURCE_CENSUS;
	f.exe = "/usr/bin/containerd";
	f.start_ms = T0 - 1000;
	f.threads = 1;
	tree_apply(l->tree, &f);
}

static void make(struct life *l, pid_t pid, pid_t child)
{
	struct fact f = fact_of(l, FACT_FORK, pid);

	f.source = SOURCE_WITNESS;
	f.child = child;
	f.ns_depth = 1;
	tree_apply(l->tree, &f);
}

static void quit(struct life *l, pid_t pid)
{
	struct fact f = fact_of(l, FACT_EXIT, pid);

	f.source = SOURCE_WITNESS;
	tree_apply(l->tree, &f);
}

static void execute(struct life *l, pid_t pid, const char *exe)
{
	struct fact f = fact_of(l, FACT_EXEC, pid);

	f.exe = exe;
	tree_apply(l->tree, &f);
}

static void act(struct life *l, pid_t pid)
{
	struct fact f = fact_of(l, FACT_SEEN, pid);

	f.outcome = 1;
	tree_apply(l->tree, &f);
}

static void put_file(const struct buf *text)
{
	struct err err;
	_cleanup_close_ int fd = logdir_open(path, getegid(), &err);
	_cleanup_close_ int new_fd = -1;

	ck_assert_msg(fd >= 0, "%s", err.text);
	new_fd = replace_begin(fd, path, &err);
	ck_assert_msg(new_fd >= 0 &&
			      !replace_put(new_fd, path, text->data, text->len,
					   &err) &&
			      !replace_end(fd, path, &err),
		      "%s", err.text);
}

static size_t count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

/* What a state that says so much has in it: "pid…", - for the ended. */
static void check_state(const struct buf *text, const char *want)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf got = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	char boot_id[64];

	state_boot_id(boot_id, sizeof(boot_id));
	put_file(text);
	fd = logdir_open(path, getegid(), &err);
	ck_assert_msg(state_load(&state, fd, path, boot_id, "", NULL, &err) ==
			      STATE_GOOD,
		      "%s", err.text);
	for (size_t i = 0; i < state.n; i++)
		buf_printf(&got, "%s%d ", state.list[i].ended ? "-" : "",
			   state.list[i].pid);
	buf_putc(&got, '\0');
	ck_assert_str_eq(got.data, want);
}

/* --- lines */

/* Each change that matters is a line; together they are the state. */
START_TEST(test_lines)
{
	_cleanup_buf_ struct buf out = BUF_INIT, more = BUF_INIT;
	struct life l;

	life_begin(&l, 1 << 20);
	ck_assert_uint_eq(l.heard.good + l.heard.bad, 0);
	ck_assert(keeper_write(l.keeper));
	ck_assert_uint_eq(drain(&l, &out), 1);
	ck_assert_uint_eq(count_lines(&out), 1);
	check_state(&out, "");

	find(&l, 10);
	make(&l, 10, 20);
	execute(&l, 20, "/bin/a");
	make(&l, 20, 21);
	make(&l, 20, 22);
	ck_assert_uint_eq(drain(&l, &more), 0);
	ck_assert_uint_eq(count_lines(&more), 5);
	buf_put(&out, more.data, more.len);
	check_state(&out, "10 20 21 22 ");

	quit(&l, 22);
	quit(&l, 20);
	ck_assert_uint_eq(drain(&l, &out), 0);
	check_state(&out, "10 -20 21 -22 ");

	act(&l, 21);
	tree_lost(l.tree, 7, "lines");
	buf_clear(&more);
	drain(&l, &more);
	ck_assert_uint_eq(more.len, 0);

	/* anew, it says the same */
	ck_assert(keeper_write(l.keeper));
	ck_assert_uint_eq(drain(&l, &more), 1);
	check_state(&more, "10 -20 21 -22 ");
	life_end(&l);
}
END_TEST

/* Who lives by a state that says so much is who lives by the test. */
static void check_lives(const struct buf *text, const bool *lives, size_t n)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_close_ int fd = -1;
	size_t told = 0, want = 0;
	char boot_id[64];

	state_boot_id(boot_id, sizeof(boot_id));
	put_file(text);
	fd = logdir_open(path, getegid(), NULL);
	ck_assert_int_eq(state_load(&state, fd, path, boot_id, "", NULL, NULL),
			 STATE_GOOD);
	for (size_t i = 0; i < state.n; i++) {
		told += !state.list[i].ended;
		ck_assert_msg(state.list[i].ended || lives[state.list[i].pid],
			      "%d", state.list[i].pid);
	}
	for (size_t i = 0; i < n; i++)
		want += lives[i];
	ck_assert_uint_eq(told, want);
}

#define FIRST 100
#define CROWD 3000
#define AT_ONCE ((size_t)300 << 10)

/*
 * It is written anew by pieces, and the tree goes on meanwhile: processes
 * that were written and some that were not, old ones and new ones, end and
 * have children. Both the old and the new one know all of it in the end.
 */
START_TEST(test_pieces)
{
	_cleanup_buf_ struct buf old = BUF_INIT, new = BUF_INIT;
	bool lives[4 * CROWD] = { [10] = true };
	pid_t born = FIRST, gone = FIRST, late;
	unsigned int rounds = 0;
	struct life l;

	life_begin(&l, 4 << 20);
	keeper_write(l.keeper);
	find(&l, 10);
	for (; born < FIRST + CROWD; born++) {
		make(&l, 10, born);
		lives[born] = true;
	}
	drain(&l, &old);
	late = born - 1;
	ck_assert(keeper_write(l.keeper));
	for (; keeper_is_writing(l.keeper); rounds++) {
		size_t before = l.anew.len;

		take(&l, &old);
		ck_assert_uint_le(l.anew.len - before, AT_ONCE);
		check_lives(&old, lives, COUNT(lives));
		keeper_go_on(l.keeper);
		for (int i = 0; i < 100; i++, born++) {
			make(&l, gone, born);
			quit(&l, gone);
			quit(&l, late);
			lives[born] = true;
			lives[gone++] = lives[late--] = false;
		}
		tree_idle(l.tree, 60000);
	}
	ck_assert_uint_ge(rounds, 2);
	ck_assert_uint_eq(drain(&l, &new), 1);
	check_lives(&new, lives, COUNT(lives));
	life_end(&l);
}
END_TEST

/* A container's start and stop, with everything that is said of them. */
static void live(struct life *l)
{
	static const char shim[] = "shim\0-namespace\0ns\0-id\0c1\0-address\0a";
	static const char create[] = "runc\0create\0--bundle\0b\0c1";
	struct fact f = fact_of(l, FACT_EXEC, 21);

	find(l, 10);
	make(l, 10, 21);
	f.time_ms = T0 + ++l->n;
	f.exe = "/usr/bin/containerd-shim-runc-v2";
	f.args = shim;
	f.args_bytes = sizeof(shim);
	f.args_count = f.argc = 7;
	tree_apply(l->tree, &f);
	make(l, 21, 30);
	f = fact_of(l, FACT_EXEC, 30);
	f.exe = "/usr/sbin/runc";
	f.args = create;
	f.args_bytes = sizeof(create);
	f.args_count = f.argc = 5;
	tree_apply(l->tree, &f);
	f = fact_of(l, FACT_FORK, 30);
	f.source = SOURCE_WITNESS;
	f.child = 33;
	f.ns_depth = 2;
	f.vpid = 1;
	tree_apply(l->tree, &f);
	quit(l, 30);
	execute(l, 33, "/bin/sh");
}

START_TEST(test_container)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;

	life_begin(&l, 1 << 20);
	keeper_write(l.keeper);
	live(&l);
	drain(&l, &out);
	check_state(&out, "10 21 -30 33 ");
	life_end(&l);

	life_begin(&l, 1 << 20);
	ck_assert_uint_eq(l.heard.bad, 0);
	ck_assert_ptr_nonnull(tree_find(l.tree, 33));
	ck_assert_ptr_nonnull(tree_find(l.tree, 33)->container);
	ck_assert_str_eq(tree_find(l.tree, 33)->container->id, "c1");
	ck_assert_str_eq(tree_find(l.tree, 33)->container->ns, "ns");
	ck_assert_uint_gt(tree_find(l.tree, 33)->container->start_ms, T0);
	ck_assert_int_eq(tree_find(l.tree, 33)->role, ROLE_INIT);
	ck_assert_int_eq(tree_find(l.tree, 21)->role, ROLE_SHIM);
	ck_assert_ptr_null(tree_find(l.tree, 30));
	life_end(&l);
}
END_TEST

/* From life to life, nobody is told of twice, and each goes by his name. */
START_TEST(test_lives)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	char entity[40];
	struct life l;

	life_begin(&l, 1 << 20);
	keeper_write(l.keeper);
	find(&l, 10);
	make(&l, 10, 20);
	strcpy(entity, tree_find(l.tree, 20)->entity_id);
	for (int i = 0; i < 5; i++) {
		drain(&l, &out);
		put_file(&out);
		life_end(&l);
		buf_clear(&out);
		life_begin(&l, 1 << 20);
		l.n = 100 * (uint64_t)(i + 1);
		ck_assert_ptr_null(tree_check(l.tree));
		ck_assert_uint_eq(l.heard.bad, 0);
		ck_assert_uint_eq(l.heard.good, 1);
		ck_assert_ptr_nonnull(strstr(l.heard.text, path));
		/* nothing is put before it is written anew */
		ck_assert_uint_eq(drain(&l, &out), 0);
		ck_assert_uint_eq(out.len, 0);
		ck_assert(keeper_write(l.keeper));
		find(&l, 10);
		ck_assert_uint_eq(l.census, 0);
		ck_assert_ptr_nonnull(tree_find(l.tree, 20));
		ck_assert_str_eq(tree_find(l.tree, 20)->entity_id, entity);
		ck_assert_ptr_eq(tree_find(l.tree, 20)->parent,
				 tree_find(l.tree, 10));
		make(&l, 20, 30 + i);
	}
	drain(&l, &out);
	check_state(&out, "10 20 30 31 32 33 34 ");
	life_end(&l);
}
END_TEST

/*
 * The plugin was killed when the state had been written, and the log not yet:
 * what that did not get has not happened.
 */
START_TEST(test_untold)
{
	static const struct {
		size_t size; /* of the log, of which each change has 100 */
		size_t untold;
		bool has_20, lives_20, has_21;
	} logs[] = {
		{ 400, 0, true, false, true },	 { 399, 1, true, true, true },
		{ 300, 1, true, true, true },	 { 200, 2, true, true, false },
		{ 199, 3, false, false, false },
	};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;

	life_begin(&l, 1 << 20);
	keeper_write(l.keeper);
	drain(&l, &out);
	l.log_bytes = 100;
	l.gather = 1 + (size_t)_i / COUNT(logs);
	find(&l, 10);
	make(&l, 10, 20);
	make(&l, 20, 21);
	quit(&l, 20);
	keeper_flush(l.keeper, l.told);
	drain(&l, &out);
	ck_assert_uint_eq(l.log_at, 400);
	put_file(&out);
	life_end(&l);

	_i %= (int)COUNT(logs);
	found = (struct logfile_found){ 1, logs[_i].size, 0, 0 };
	life_begin(&l, 1 << 20);
	ck_assert_ptr_nonnull(tree_find(l.tree, 10));
	ck_assert_uint_eq(l.untold, logs[_i].untold);
	ck_assert(tree_knows(l.tree, 20) == logs[_i].has_20);
	ck_assert(!!tree_find(l.tree, 20) == logs[_i].lives_20);
	ck_assert(!!tree_find(l.tree, 21) == logs[_i].has_21);
	life_end(&l);
}
END_TEST

/* --- when it is written anew */

START_TEST(test_tick_idle)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;

	life_begin(&l, 1 << 20);
	keeper_write(l.keeper);
	find(&l, 10);
	make(&l, 10, 20);
	ck_assert_uint_eq(drain(&l, &out), 1);
	keeper_tick(l.keeper, l.ledger);
	ck_assert_uint_eq(drain(&l, &out), 0);
	life_end(&l);
}
END_TEST

/* What serial the tree has come to, so that a restart can tell of a hole. */
START_TEST(test_serial)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;
	struct fact f;

	life_begin(&l, 1 << 20);
	ck_assert_uint_eq(keeper_serial(l.keeper), 0);
	keeper_write(l.keeper);
	find(&l, 10);
	f = fact_of(&l, FACT_EXEC, 10);
	f.exe = "/usr/bin/containerd";
	f.serial = 70;
	tree_apply(l.tree, &f);
	/* told is 70, but between 68 and that some have not come */
	keeper_came(l.keeper, 67, false);
	keeper_tick(l.keeper, l.ledger);
	drain(&l, &out);
	put_file(&out);
	keeper_finish(l.keeper, 72);
	drain(&l, &out);
	life_end(&l);

	life_begin(&l, 1 << 20);
	ck_assert_uint_eq(keeper_serial(l.keeper), 67);
	keeper_came(l.keeper, 90, false);
	ck_assert_uint_eq(keeper_serial(l.keeper), 67);
	keeper_came(l.keeper, 90, true);
	ck_assert_uint_eq(keeper_serial(l.keeper), 90);
	life_end(&l);

	put_file(&out);
	life_begin(&l, 1 << 20);
	ck_assert_uint_eq(keeper_serial(l.keeper), 72);
	keeper_write(l.keeper);
	ck_assert_uint_eq(drain(&l, &out), 1);
	life_end(&l);

	put_file(&out);
	life_begin(&l, 4096);
	ck_assert_uint_eq(keeper_serial(l.keeper), 72);
	life_end(&l);
}
END_TEST

/* A line found no room: all is written, when there is room. */
START_TEST(test_refused)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;

	life_begin(&l, 4096);
	keeper_write(l.keeper);
	find(&l, 10);
	drain(&l, &out);
	for (pid_t pid = 100; !channel_refused(l.lines); pid++)
		make(&l, 10, pid);
	ck_assert(channel_half_full(l.lines));
	quit(&l, 100);
	keeper_tick(l.keeper, l.ledger);
	ck_assert_uint_eq(drain(&l, &out), 0);
	keeper_tick(l.keeper, l.ledger);
	ck_assert_uint_eq(drain(&l, &out), 1);
	ck_assert_uint_eq(count_lines(&out) - 1, l.metrics.processes);
	keeper_tick(l.keeper, l.ledger);
	ck_assert_uint_eq(drain(&l, &out), 0);
	life_end(&l);
}
END_TEST

START_TEST(test_write_refused)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;

	life_begin(&l, 4096);
	while (channel_put(l.lines, LEDGER_STATE, "x\n", 2))
		;
	ck_assert(!keeper_write(l.keeper));
	drain(&l, &out);
	ck_assert(keeper_write(l.keeper));
	ck_assert_uint_eq(drain(&l, &out), 1);
	ck_assert_uint_eq(count_lines(&out), 1);
	life_end(&l);
}
END_TEST

/* What is appended does not grow for ever. */
START_TEST(test_slack)
{
	_cleanup_free_ char *exe = malloc(5000);
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t appended = 0;
	struct life l;

	memset(exe, 'x', 4999);
	exe[4999] = '\0';
	life_begin(&l, 1 << 20);
	keeper_write(l.keeper);
	find(&l, 10);
	make(&l, 10, 20);
	drain(&l, &out);
	for (int i = 0; i < 3000; i++) {
		buf_clear(&out);
		execute(&l, 20, exe);
		keeper_tick(l.keeper, l.ledger);
		if (drain(&l, &out))
			break;
		appended += out.len;
	}
	ck_assert_uint_gt(appended, 1 << 20);
	ck_assert_uint_lt(appended, 10 << 20);
	ck_assert_uint_lt(out.len, 20000);
	check_state(&out, "10 20 ");
	life_end(&l);
}
END_TEST

/* --- with a ledger that writes */

static const char *content(const char *name)
{
	static char data[1 << 16];
	_cleanup_fclose_ FILE *f = fopen(name, "r");
	size_t n = f ? fread(data, 1, sizeof(data) - 1, f) : 0;

	data[n] = '\0';
	return data;
}

static void await(const char *name, const char *text)
{
	while (!strstr(content(name), text))
		sched_yield();
}

/* The disk refused lines: once it takes them again, all is written. */
START_TEST(test_disk)
{
	struct ledger_options options = {
		.path = { [LEDGER_STATE] = path },
	};
	struct life l;
	struct err err;

	if (getegid())
		return; /* the state's group is root's */
	life_begin(&l, 1 << 20);
	ledger_free(l.ledger);
	ck_assert(!mkdir(path, 0700));
	l.ledger = ledger_new(&options, l.lines, hear_log, NULL, &err);
	ck_assert_ptr_nonnull(l.ledger);
	ck_assert_msg(!ledger_start(l.ledger, -1, NULL, &err), "%s", err.text);
	keeper_write(l.keeper);
	find(&l, 10);
	make(&l, 10, 20);
	ck_assert(!rmdir(path));
	ledger_reopen(l.ledger, NULL);
	while (access(path, F_OK))
		sched_yield();
	make(&l, 10, 21);
	/* the news of what was lost may come a little after that line */
	while (!strstr(content(path), "\"contree\":2")) {
		keeper_tick(l.keeper, l.ledger);
		keeper_go_on(l.keeper);
		usleep(1000);
	}
	await(path, "\"pid\":21");
	ck_assert_ptr_nonnull(strstr(content(path), "\"pid\":20"));
	ck_assert_ptr_nonnull(strstr(content(path), "\"pid\":10"));
	make(&l, 10, 22);
	await(path, "\"pid\":22");
	channel_close(l.lines);
	ledger_free(l.ledger);
	l.ledger = NULL;
	life_end(&l);
	life_begin(&l, 4096);
	ck_assert_ptr_nonnull(tree_find(l.tree, 22));
	life_end(&l);
}
END_TEST

/* Much more than goes into the channel at once, and nobody else goes on. */
START_TEST(test_whole)
{
	static const struct ledger_options no_logs;
	struct ledger_options options = {
		.path = { [LEDGER_STATE] = path },
	};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct life l;
	struct err err;

	if (getegid())
		return; /* the state's group is root's */
	life_begin(&l, 1 << 20);
	find(&l, 10);
	for (pid_t pid = 20; pid < 10020; pid++)
		make(&l, 10, pid);
	ledger_free(l.ledger);
	drain(&l, &out);
	l.ledger = ledger_new(&options, l.lines, hear_log, NULL, &err);
	ck_assert_ptr_nonnull(l.ledger);
	ck_assert_msg(!ledger_start(l.ledger, -1, NULL, &err), "%s", err.text);
	ck_assert(keeper_write_whole(l.keeper));
	ck_assert(!keeper_is_writing(l.keeper));
	channel_close(l.lines);
	ledger_free(l.ledger);
	l.ledger = ledger_new(&no_logs, l.lines, hear_log, NULL, &err);
	life_end(&l);
	life_begin(&l, 1 << 20);
	ck_assert_ptr_nonnull(tree_find(l.tree, 20));
	ck_assert_ptr_nonnull(tree_find(l.tree, 10019));
	life_end(&l);
}
END_TEST

/* And with the birth of that child it comes back. */
static void remove_state(struct life *l, pid_t child)
{
	ck_assert(!unlink(path));
	make(l, 10, child);
	while (access(path, F_OK)) {
		keeper_tick(l->keeper, l->ledger);
		keeper_go_on(l->keeper);
		usleep(1000);
	}
}

/* The state was removed: its middle alone would be no use. */
START_TEST(test_removed)
{
	struct ledger_options options = {
		.path = { [LEDGER_STATE] = path },
	};
	struct life l;
	struct err err;

	if (getegid())
		return; /* the state's group is root's */
	life_begin(&l, 1 << 20);
	ledger_free(l.ledger);
	l.ledger = ledger_new(&options, l.lines, hear_log, NULL, &err);
	ck_assert_ptr_nonnull(l.ledger);
	ck_assert_msg(!ledger_start(l.ledger, -1, NULL, &err), "%s", err.text);
	keeper_write(l.keeper);
	find(&l, 10);
	make(&l, 10, 20);
	await(path, "\"pid\":20");
	remove_state(&l, 21);
	/* not a line was written to what came in its place */
	remove_state(&l, 22);
	channel_close(l.lines);
	ledger_free(l.ledger);
	l.ledger = NULL;
	life_end(&l);
	life_begin(&l, 4096);
	ck_assert_ptr_nonnull(tree_find(l.tree, 20));
	ck_assert_ptr_nonnull(tree_find(l.tree, 21));
	ck_assert_ptr_nonnull(tree_find(l.tree, 22));
	ck_assert_uint_eq(l.heard.bad, 0);
	life_end(&l);
}
END_TEST

/* --- the lock */

static struct keeper *open_keeper(struct heard *heard, struct err *err)
{
	struct news news = { hear, heard };

	*heard = (struct heard){ 0 };
	*err = (struct err){ 0 };
	return keeper_new(path, &news, err);
}

START_TEST(test_lock)
{
	struct heard heard;
	struct keeper *k;
	struct err err;
	int pipes[2][2];
	pid_t pid;
	char c = 0;

	ck_assert(!pipe(pipes[0]) && !pipe(pipes[1]));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		k = open_keeper(&heard, &err);
		c = k ? 'y' : 'n';
		if (write(pipes[0][1], &c, 1) != 1 ||
		    read(pipes[1][0], &c, 1) != 1)
			_exit(1);
		keeper_free(k);
		_exit(0);
	}
	ck_assert_int_eq(read(pipes[0][0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	ck_assert_ptr_null(open_keeper(&heard, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(write(pipes[1][1], &c, 1), 1);
	/* it ends, and is waited for */
	k = open_keeper(&heard, &err);
	ck_assert_msg(k != NULL, "%s", err.text);
	keeper_free(k);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	k = open_keeper(&heard, &err);
	ck_assert_msg(k != NULL, "%s", err.text);
	keeper_free(k);
	keeper_free(NULL);
	ck_assert_uint_eq(heard.good + heard.bad, 0);
}
END_TEST

/* No directory can be made; no link is followed. */
START_TEST(test_no_lock)
{
	struct heard heard;
	struct err err;
	char name[160], other[96];

	snprintf(path, sizeof(path), "/nowhere/at/all/state");
	ck_assert_ptr_null(open_keeper(&heard, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
	snprintf(path, sizeof(path), "%s/state", dir);
	snprintf(name, sizeof(name), "%s.lock", path);
	snprintf(other, sizeof(other), "%s/other", dir);
	ck_assert(!symlink(other, name));
	ck_assert_ptr_null(open_keeper(&heard, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(access(other, F_OK), -1);
}
END_TEST

/* What is no file is never moved, nor written to; nor is a lock put there. */
START_TEST(test_no_file)
{
	struct heard heard = { 0 };
	struct err err = { 0 };
	char name[160];
	struct stat st;

	snprintf(name, sizeof(name), "%s/down", dir);
	snprintf(path, sizeof(path), "%s/state", dir);
	switch (_i) {
	case 0:
		ck_assert(!mkdir(path, 0700));
		break;
	case 1:
		ck_assert(!mkfifo(path, 0600));
		break;
	case 2:
		ck_assert(!symlink(name, path));
		break;
	}
	ck_assert_ptr_null(open_keeper(&heard, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "is no regular file"));
	ck_assert(!lstat(path, &st) && !S_ISREG(st.st_mode));
	snprintf(name, sizeof(name), "%s.lock", path);
	ck_assert_int_eq(access(name, F_OK), -1);
	ck_assert(!remove(path));
}
END_TEST

/* A file that others may have written: before the ledger makes it root's own. */
START_TEST(test_foreign)
{
	static const mode_t modes[] = { 0660, 0646, 0640 };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct heard heard = { 0 };
	struct err err = { 0 };
	char name[160];

	snprintf(path, sizeof(path), "%s/state", dir);
	buf_puts(&text, "as it was\n");
	put_file(&text);
	ck_assert(!chmod(path, modes[_i]));
	keeper_free(open_keeper(&heard, &err));
	snprintf(name, sizeof(name), "%s.broken", path);
	ck_assert_int_eq(access(name, F_OK), modes[_i] == 0640 ? -1 : 0);
	ck_assert_int_eq(access(path, F_OK), modes[_i] == 0640 ? 0 : -1);
	ck_assert_int_eq(heard.bad, modes[_i] != 0640);
}
END_TEST

/* --- files of no use */

static const struct {
	const char *name, *text;
	const char *aside; /* its suffix then, or NULL: it stays */
} files[] = {
	{ "empty", "", NULL },
	{ "garbage", "garbage\n", ".broken" },
	{ "no state", "{\"entity\":\"a\",\"pid\":1}\n", ".broken" },
	{ "of another version",
	  "{\"contree\":77}\n{\"entity\":\"a\",\"pid\":1}\n", ".old" },
	{ "of another boot",
	  "{\"contree\":2,\"boot_id\":\"x\"}\n{\"entity\":\"a\",\"pid\":1}\n",
	  ".old" },
};

START_TEST(test_aside)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char aside[160];
	struct life l;

	snprintf(aside, sizeof(aside), "%s/sub", dir);
	ck_assert(!mkdir(aside, 0700));
	buf_puts(&text, files[_i].text);
	put_file(&text);
	life_begin(&l, 1 << 16);
	ck_assert_msg(l.heard.bad == (files[_i].aside ? 1 : 0), "%s: %s",
		      files[_i].name, l.heard.text);
	ck_assert_uint_eq(l.heard.good, 0);
	ck_assert_ptr_null(tree_find(l.tree, 1));
	if (files[_i].aside) {
		snprintf(aside, sizeof(aside), "%s%s", path, files[_i].aside);
		ck_assert_int_eq(access(path, F_OK), -1);
		ck_assert_str_eq(content(aside), files[_i].text);
		ck_assert_ptr_nonnull(strstr(l.heard.text, path));
		ck_assert_ptr_nonnull(strstr(l.heard.text, aside));
	}
	/* and it goes on */
	ck_assert(keeper_write(l.keeper));
	find(&l, 10);
	buf_clear(&text);
	drain(&l, &text);
	check_state(&text, "10 ");
	life_end(&l);
}
END_TEST

/* Whose state it is, before anything of it is used. */
START_TEST(test_node)
{
	static const struct {
		const char *boot_id, *node, *want; /* boot_id NULL: this one */
	} heads[] = {
		{ NULL, "web-1", "web-1" },
		{ NULL, "", "" },
		{ "another", "web-1", NULL },
	};
	char sub[96], boot_id[64];
	struct heard heard;
	struct keeper *k;
	struct err err;
	char *node;

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	ck_assert(!mkdir(sub, 0700));
	state_boot_id(boot_id, sizeof(boot_id));
	k = open_keeper(&heard, &err);
	ck_assert_ptr_null(keeper_node(k));
	for (size_t i = 0; i < COUNT(heads); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		state_head(&text, heads[i].boot_id ? heads[i].boot_id : boot_id,
			   heads[i].node);
		buf_puts(&text, "{\"torn");
		put_file(&text);
		node = keeper_node(k);
		ck_assert(!node == !heads[i].want);
		ck_assert(!node || !strcmp(node, heads[i].want));
		free(node);
	}
	keeper_free(k);
}
END_TEST

/* Lines that make no sense are left out, those below them too. */
START_TEST(test_nonsense)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char boot_id[64], sub[96];
	struct life l;

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	ck_assert(!mkdir(sub, 0700));
	state_boot_id(boot_id, sizeof(boot_id));
	state_head(&text, boot_id, "");
	buf_puts(&text,
		 "{\"entity\":\"a\",\"pid\":1}\n"
		 "{\"entity\":\"b\",\"parent\":\"a\",\"pid\":2,\"role\":2}\n"
		 "{\"entity\":\"c\",\"parent\":\"b\",\"pid\":3,\"role\":5}\n"
		 "{\"entity\":\"d\",\"parent\":\"c\",\"pid\":4,\"role\":5,"
		 "\"id\":\"c1\"}\n"
		 "{\"entity\":\"e\",\"parent\":\"x\",\"pid\":5,\"role\":2}\n"
		 "{\"entity\":\"f\",\"parent\":\"f\",\"pid\":6,\"role\":2}\n");
	put_file(&text);
	life_begin(&l, 1 << 16);
	ck_assert_ptr_null(tree_check(l.tree));
	ck_assert_ptr_nonnull(tree_find(l.tree, 1));
	ck_assert_ptr_nonnull(tree_find(l.tree, 2));
	for (pid_t pid = 3; pid < 7; pid++)
		ck_assert_ptr_null(tree_find(l.tree, pid));
	life_end(&l);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("keeper");
	TCase *t = tcase_create("keeper");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_lines);
	tcase_add_test(t, test_pieces);
	tcase_add_test(t, test_container);
	tcase_add_test(t, test_lives);
	tcase_add_loop_test(t, test_untold, 0, 4 * 5);
	tcase_add_test(t, test_tick_idle);
	tcase_add_test(t, test_serial);
	tcase_add_test(t, test_refused);
	tcase_add_test(t, test_write_refused);
	tcase_add_test(t, test_slack);
	tcase_add_test(t, test_disk);
	tcase_add_test(t, test_removed);
	tcase_add_test(t, test_whole);
	tcase_add_test(t, test_lock);
	tcase_add_test(t, test_no_lock);
	tcase_add_loop_test(t, test_no_file, 0, 3);
	tcase_add_loop_test(t, test_foreign, 0, 3);
	tcase_add_loop_test(t, test_aside, 0, (int)COUNT(files));
	tcase_add_test(t, test_node);
	tcase_add_test(t, test_nonsense);
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
