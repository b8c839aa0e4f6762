/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state: what is written is read again, and of what is no state nothing
 * is believed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "invocation.h"
#include "state.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define BOOT "0dd8b7ab-6f7b-4d1e-9c54-6a3f0b6f5b11"

static char dir[64], path[128];
static int dir_fd;

static void setup(void)
{
	strcpy(dir, "/tmp/check_state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state", dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *data, size_t len)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	ck_assert_int_ge(fd, 0);
	while (len) {
		ssize_t n = write(fd, data, len);

		ck_assert_int_gt(n, 0);
		data += n;
		len -= (size_t)n;
	}
}

static enum state_found load_beside(const struct logfile_found *log,
				    struct state *state, struct err *err)
{
	*err = (struct err){ 0 };
	return state_load(state, dir_fd, path, BOOT, "host", log, err);
}

static enum state_found load(struct state *state, struct err *err)
{
	return load_beside(NULL, state, err);
}

static struct saved one(const char *entity, const char *parent, pid_t pid)
{
	struct saved s = {
		.entity = entity,
		.parent = parent,
		.pid = pid,
		.role = *parent ? ROLE_RUNTIME : ROLE_ROOT,
		.exe = "",
		.comm = "",
		.inv_id = "",
		.inv_ns = "",
		.inv_bundle = "",
		.cgroup = "",
		.id = "",
		.ns = "",
		.bundle = "",
	};

	return s;
}

static void begin(struct buf *out)
{
	buf_clear(out);
	state_head(out, BOOT, "host");
}

static void add(struct buf *out, const char *entity, const char *parent,
		pid_t pid)
{
	struct saved s = one(entity, parent, pid);

	state_line(out, &s);
}

/* A file of a head and text. */
static void put_lines(const char *text, size_t len)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	begin(&out);
	buf_put(&out, text, len);
	put(out.data, out.len);
}

static void check_equal(const struct saved *a, const struct saved *b)
{
	ck_assert_str_eq(a->entity, b->entity);
	ck_assert_str_eq(a->parent, b->parent);
	ck_assert_int_eq(a->ended, b->ended);
	ck_assert_uint_eq(a->ended_ms, b->ended_ms);
	ck_assert_int_eq(a->pid, b->pid);
	ck_assert_int_eq(a->vpid, b->vpid);
	ck_assert_int_eq(a->ppid, b->ppid);
	ck_assert_uint_eq(a->start_ms, b->start_ms);
	ck_assert_uint_eq(a->born_ms, b->born_ms);
	ck_assert_int_eq(a->role, b->role);
	ck_assert_int_eq(a->source, b->source);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->ns_depth, b->ns_depth);
	ck_assert_int_eq(a->verb, b->verb);
	ck_assert_str_eq(a->exe, b->exe);
	ck_assert_str_eq(a->comm, b->comm);
	ck_assert_str_eq(a->inv_id, b->inv_id);
	ck_assert_str_eq(a->inv_ns, b->inv_ns);
	ck_assert_str_eq(a->inv_bundle, b->inv_bundle);
	ck_assert_str_eq(a->cgroup, b->cgroup);
	ck_assert_str_eq(a->id, b->id);
	ck_assert_str_eq(a->ns, b->ns);
	ck_assert_str_eq(a->bundle, b->bundle);
	ck_assert_uint_eq(a->started_ms, b->started_ms);
	ck_assert_uint_eq(a->stopped_ms, b->stopped_ms);
}

static const struct saved full = {
	.entity = "00000000-33-18bcfe56800",
	.parent = "00000000-30-18bcfe56700",
	.pid = 2147483647,
	.vpid = 4194303,
	.ppid = 21,
	.start_ms = 1700000000123,
	.born_ms = 98765432101,
	.role = ROLE_INIT,
	.source = SOURCE_INFERRED,
	.flags = 255,
	.ns_depth = 32,
	.verb = VERB_SHIM_DELETE,
	.exe = "/bin/sh",
	.comm = "sh",
	.inv_id = "an id",
	.inv_ns = "moby",
	.inv_bundle = "/run/bundle",
	.cgroup = "cg",
	.id = "c1",
	.ns = "k8s.io",
	.bundle = "/run/other",
	.started_ms = 1700000000456,
	.stopped_ms = 1700000000789,
};

/* Every field, at its highest, at nothing, and each enum's values. */
START_TEST(test_fields)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved s = full;
	struct err err;
	char entity[32];

	begin(&out);
	add(&out, full.parent, "", 30);
	state_line(&out, &full);
	for (int i = 0; i <= VERB_SHIM_DELETE; i++) {
		snprintf(entity, sizeof(entity), "e-%d", i);
		s = one(entity, full.parent, 100 + i);
		s.verb = i;
		s.role = (enum role)(i % (ROLE_MEMBER + 1));
		s.source = (enum source)(i % (SOURCE_INFERRED + 1));
		s.flags = 1u << (i % 8);
		state_line(&out, &s);
	}
	put(out.data, out.len);
	ck_assert_msg(load(&state, &err) == STATE_GOOD, "%s", err.text);
	ck_assert_uint_eq(state.n, 3 + VERB_SHIM_DELETE);
	ck_assert_uint_eq(state.parents[0], SIZE_MAX);
	ck_assert_uint_eq(state.parents[1], 0);
	check_equal(&state.list[1], &full);
	for (int i = 0; i <= VERB_SHIM_DELETE; i++) {
		const struct saved *got = &state.list[2 + i];

		ck_assert_int_eq(got->verb, i);
		ck_assert_int_eq(got->role, i % (ROLE_MEMBER + 1));
		ck_assert_int_eq(got->source, i % (SOURCE_INFERRED + 1));
		ck_assert_uint_eq(got->flags, 1u << (i % 8));
		s = one(got->entity, full.parent, 100 + i);
		s.verb = got->verb;
		s.role = got->role;
		s.source = got->source;
		s.flags = got->flags;
		check_equal(got, &s);
	}
}
END_TEST

/* Bytes of anybody's. same: they come back as they were. */
static const struct {
	const char *bytes;
	bool same;
} texts[] = {
	{ "a b\tc", true },
	{ "\"}\n{\"entity\":\"x\",\"pid\":1}\n", true },
	{ "\\\"\\\\", true },
	{ "\x01\x02\x1b[2J\x7f\r\n\b\f", true },
	{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3", true },
	{ "\xe2\x80\xa8\xe2\x80\xae\xc2\x85\xef\xbb\xbf", true },
	{ "\xf3\xa0\x81\x81", true },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "/", true },
	{ "</script>", true },
	{ "\xff\xfe", false },
	{ "a\xc3", false },
	{ "\xed\xa0\x80", false },
	{ "\xf4\x90\x80\x80", false },
	{ "\xc0\x80", false },
	{ "\xc3\n", false },
};

START_TEST(test_bytes)
{
	const char *bytes = texts[_i].bytes;
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved s = full;
	struct err err;

	s.exe = s.comm = s.cgroup = s.inv_bundle = bytes;
	begin(&out);
	state_line(&out, &s);
	add(&out, "after", "", 44);
	put(out.data, out.len);
	ck_assert_msg(load(&state, &err) == STATE_GOOD, "%s: %s", bytes,
		      err.text);
	ck_assert_uint_eq(state.n, 2);
	ck_assert_msg(!strcmp(state.list[0].exe, bytes) == texts[_i].same,
		      "%s: %s", bytes, state.list[0].exe);
	ck_assert_str_eq(state.list[0].exe, state.list[0].comm);
	ck_assert_str_eq(state.list[0].exe, state.list[0].cgroup);
	s.exe = s.comm = s.cgroup = s.inv_bundle = state.list[0].exe;
	check_equal(&state.list[0], &s);
	ck_assert_str_eq(state.list[1].entity, "after");
}
END_TEST

/* One line a call, whatever is in it. */
START_TEST(test_lines)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved s = full;
	size_t lines = 0;

	s.exe = s.comm = "\n\r\n";
	state_head(&out, "a\nb", "c\nd");
	state_line(&out, &s);
	state_end(&out, "e\nf", 5);
	state_serial(&out, 7);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	ck_assert_uint_eq(lines, 4);
	ck_assert_int_eq(out.data[out.len - 1], '\n');
}
END_TEST

/* The highest counts, wherever it stands. */
START_TEST(test_serial)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_state_ struct state state;
	struct err err;

	state_head(&out, BOOT, "host");
	put(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.serial, 0);
	state_free(&state);
	state_serial(&out, 8);
	state_serial(&out, UINT64_C(5000000000));
	state_serial(&out, 9);
	put(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.serial, UINT64_C(5000000000));
	ck_assert_uint_eq(state.n, 0);
}
END_TEST

/* --- what the log never got */

static const struct {
	const char *name;
	struct logfile_found log;
	const char *want; /* the pids, - for the ended */
	size_t untold;
	uint64_t serial;
} cuts[] = {
	{ "the log is not known", { 0, 0, 0, 0 }, "-1 2 3 4 ", 0, 70 },
	{ "another log, or it was rotated",
	  { 6, 100, 0, 0 },
	  "-1 2 3 4 ",
	  0,
	  70 },
	{ "all of it", { 7, 260, 0, 0 }, "-1 2 3 4 ", 0, 70 },
	{ "and something behind it", { 7, 300, 0, 0 }, "-1 2 3 4 ", 0, 70 },
	{ "all but what came last", { 7, 200, 0, 0 }, "1 2 3 ", 2, 60 },
	{ "a part of that, but no whole line",
	  { 7, 229, 0, 0 },
	  "1 2 3 ",
	  2,
	  60 },
	{ "a part of that, a whole line", { 7, 230, 0, 0 }, "-1 2 3 ", 1, 60 },
	{ "and more of it", { 7, 249, 0, 0 }, "-1 2 3 ", 1, 60 },
	{ "what the state has of it", { 7, 250, 0, 0 }, "-1 2 3 4 ", 0, 60 },
	{ "nothing of the last number", { 7, 100, 0, 0 }, "1 ", 4, 0 },
	{ "a line of it", { 7, 140, 0, 0 }, "1 2 ", 3, 0 },
	{ "emptied by hand", { 7, 0, 0, 0 }, "-1 2 3 4 ", 0, 70 },
	{ "made shorter by hand", { 7, 99, 0, 0 }, "-1 2 3 4 ", 0, 70 },
	{ "rotated when it had all", { 6, 0, 7, 260 }, "-1 2 3 4 ", 0, 70 },
	{ "and written to since", { 6, 50, 7, 260 }, "-1 2 3 4 ", 0, 70 },
	{ "rotated for what came last", { 6, 0, 7, 200 }, "1 2 3 ", 2, 60 },
	{ "a line of which came", { 6, 30, 7, 200 }, "-1 2 3 ", 1, 60 },
	{ "all of which came", { 6, 60, 7, 200 }, "-1 2 3 4 ", 0, 70 },
	{ "rotated in its midst", { 6, 20, 7, 230 }, "-1 2 3 4 ", 0, 60 },
	{ "the one before is another", { 6, 0, 5, 200 }, "-1 2 3 4 ", 0, 70 },
};

static void mark(struct buf *out, uint64_t from, uint64_t to, uint64_t number)
{
	struct state_mark mark = { { 7, from }, (size_t)(to - from), number };

	state_mark(out, &mark);
}

static void check_cut(const struct buf *text, int i)
{
	_cleanup_buf_ struct buf got = BUF_INIT;
	_cleanup_state_ struct state state;
	struct err err;

	put(text->data, text->len);
	ck_assert_int_eq(load_beside(&cuts[i].log, &state, &err), STATE_GOOD);
	for (size_t j = 0; j < state.n; j++)
		buf_printf(&got, "%s%d ", state.list[j].ended ? "-" : "",
			   state.list[j].pid);
	buf_putc(&got, '\0');
	ck_assert_msg(!strcmp(got.data, cuts[i].want), "%s: %s", cuts[i].name,
		      got.data);
	ck_assert_msg(state.untold == cuts[i].untold, "%s: %zu", cuts[i].name,
		      state.untold);
	ck_assert_msg(state.serial == cuts[i].serial, "%s: %lu", cuts[i].name,
		      state.serial);
}

START_TEST(test_untold)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	begin(&out);
	mark(&out, 0, 100, 1);
	add(&out, "a", "", 1);
	state_told(&out, 60);
	mark(&out, 100, 200, 2);
	add(&out, "b", "a", 2);
	state_told(&out, 40);
	add(&out, "c", "a", 3);
	state_told(&out, 100);
	state_serial(&out, 60);
	mark(&out, 200, 260, 2);
	state_end(&out, "a", 5);
	state_told(&out, 30);
	add(&out, "d", "b", 4);
	state_told(&out, 50);
	state_serial(&out, 70);
	check_cut(&out, _i);
}
END_TEST

/*
 * An earlier number is over and done with: what the log had not got then was
 * told to be lost, or the log was emptied since.
 */
START_TEST(test_earlier)
{
	static const struct {
		uint64_t from, to, size;
	} later[] = { { 0, 150, 150 }, { 100, 100, 100 }, { 100, 130, 130 } };
	struct logfile_found log = { 7, later[_i].size, 0, 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_state_ struct state state;
	struct err err;

	begin(&out);
	mark(&out, 100, 200, 1);
	add(&out, "a", "", 1);
	state_told(&out, 100);
	mark(&out, later[_i].from, later[_i].to, 2);
	state_serial(&out, 9);
	put(out.data, out.len);
	ck_assert_int_eq(load_beside(&log, &state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.n, 1);
	ck_assert_uint_eq(state.untold, 0);
	ck_assert_uint_eq(state.serial, 9);
}
END_TEST

/* Of what is no state, nothing was lost. */
START_TEST(test_untold_broken)
{
	static const struct logfile_found log = { 7, 100, 0, 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_state_ struct state state;
	struct err err;

	begin(&out);
	buf_puts(&out, "{\"pid\":1}\n");
	mark(&out, 100, 200, 1);
	add(&out, "a", "", 1);
	state_told(&out, 100);
	put(out.data, out.len);
	ck_assert_int_eq(load_beside(&log, &state, &err), STATE_BROKEN);
	ck_assert_uint_eq(state.untold, 0);
}
END_TEST

/* --- who counts */

static size_t index_of(const struct state *state, const char *entity)
{
	for (size_t i = 0; i < state->n; i++)
		if (!strcmp(state->list[i].entity, entity))
			return i;
	return SIZE_MAX;
}

static void check_parents(const struct state *state)
{
	for (size_t i = 0; i < state->n; i++) {
		size_t parent = state->parents[i];

		if (parent == SIZE_MAX)
			continue;
		ck_assert_uint_lt(parent, i);
		ck_assert_str_eq(state->list[i].parent,
				 state->list[parent].entity);
	}
}

/* In each, + is a process, - its end: entity, parent. */
static const struct {
	const char *name;
	const char *lines[12][2];
	const char *want[8]; /* a - in front: it has ended */
} lives[] = {
	{ "all live",
	  { { "+a", "" }, { "+b", "a" }, { "+c", "b" } },
	  { "a", "b", "c" } },
	{ "who has ended is forgotten",
	  { { "+a", "" }, { "+b", "a" }, { "-b", "" }, { "+c", "a" } },
	  { "a", "c" } },
	{ "but not above one who lives",
	  { { "+a", "" },
	    { "+b", "a" },
	    { "+c", "b" },
	    { "+d", "c" },
	    { "-b", "" },
	    { "-c", "" } },
	  { "a", "-b", "-c", "d" } },
	{ "nor the root",
	  { { "+a", "" }, { "+b", "a" }, { "-a", "" } },
	  { "-a", "b" } },
	{ "a whole branch goes",
	  { { "+a", "" },
	    { "+b", "a" },
	    { "+c", "b" },
	    { "-c", "" },
	    { "-b", "" } },
	  { "a" } },
	{ "all have ended", { { "+a", "" }, { "-a", "" } }, { NULL } },
	{ "an end of nobody", { { "-x", "" }, { "+a", "" } }, { "a" } },
	{ "children first",
	  { { "+d", "c" }, { "+c", "b" }, { "+b", "a" }, { "+a", "" } },
	  { "a", "b", "c", "d" } },
	{ "the last line counts: it has another parent",
	  { { "+a", "" },
	    { "+b", "" },
	    { "+c", "a" },
	    { "+c", "b" },
	    { "-a", "" } },
	  { "b", "c" } },
	{ "the last line counts: it lives",
	  { { "+a", "" }, { "-a", "" }, { "+a", "" } },
	  { "a" } },
	{ "a parent that is nowhere",
	  { { "+b", "a" }, { "+c", "b" } },
	  { "b", "c" } },
	{ "its own parent", { { "+a", "a" }, { "+b", "a" } }, { "a", "b" } },
	{ "a circle",
	  { { "+a", "c" }, { "+b", "a" }, { "+c", "b" }, { "+d", "c" } },
	  { "a", "b", "c", "d" } },
	{ "a circle of the ended",
	  { { "+a", "b" },
	    { "+b", "a" },
	    { "+c", "b" },
	    { "-a", "" },
	    { "-b", "" } },
	  { "-a", "-b", "c" } },
};

static void put_life(const char *const lines[12][2])
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	begin(&out);
	for (size_t i = 0; i < 12 && lines[i][0]; i++) {
		const char *entity = lines[i][0] + 1;

		if (*lines[i][0] == '-')
			state_end(&out, entity, 0);
		else
			add(&out, entity, lines[i][1], *entity);
	}
	put(out.data, out.len);
}

START_TEST(test_lives)
{
	_cleanup_state_ struct state state = { 0 };
	struct err err;
	size_t n = 0, i;

	put_life(lives[_i].lines);
	ck_assert_msg(load(&state, &err) == STATE_GOOD, "%s: %s",
		      lives[_i].name, err.text);
	for (; lives[_i].want[n]; n++) {
		const char *entity = lives[_i].want[n];
		bool ended = *entity == '-';

		i = index_of(&state, entity + ended);
		ck_assert_msg(i != SIZE_MAX, "%s: %s is not there",
			      lives[_i].name, entity);
		ck_assert_msg(state.list[i].ended == ended, "%s: %s",
			      lives[_i].name, entity);
	}
	ck_assert_msg(state.n == n, "%s: %zu", lives[_i].name, state.n);
	check_parents(&state);
}
END_TEST

/* What was saved as ended is so again. */
START_TEST(test_ended)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved s = one("a", "", 1);
	struct err err;

	begin(&out);
	s.ended = true;
	state_line(&out, &s);
	add(&out, "b", "a", 2);
	s = one("c", "b", 3);
	s.ended = true;
	state_line(&out, &s);
	put(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.n, 2);
	ck_assert(state.list[0].ended);
	ck_assert(!state.list[1].ended);
	ck_assert_uint_eq(state.parents[1], 0);
}
END_TEST

/* Whose records may still come is there; when others ended is not said. */
START_TEST(test_recent)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved s = one("long-ago", "", 1);
	struct err err;
	size_t i;

	begin(&out);
	s.ended = true;
	s.ended_ms = 40000;
	state_line(&out, &s);
	add(&out, "lives", "long-ago", 2);
	add(&out, "before", "lives", 3);
	add(&out, "just", "lives", 4);
	add(&out, "last", "just", 5);
	state_end(&out, "before", 49999);
	state_end(&out, "last", 60000);
	state_end(&out, "just", 50000);
	state_end(&out, "nobody", 90000);
	put(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.n, 4);
	ck_assert_uint_eq(index_of(&state, "before"), SIZE_MAX);
	ck_assert_uint_eq(state.list[index_of(&state, "long-ago")].ended_ms, 0);
	ck_assert_uint_eq(state.list[index_of(&state, "lives")].ended_ms, 0);
	i = index_of(&state, "just");
	ck_assert(state.list[i].ended);
	ck_assert_uint_eq(state.list[i].ended_ms, 50000);
	i = index_of(&state, "last");
	ck_assert(state.list[i].ended);
	ck_assert_uint_eq(state.list[i].ended_ms, 60000);
	check_parents(&state);
}
END_TEST

/* A chain of ancestors as long as a plugin's life, and one that is wide. */
START_TEST(test_many)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	char entity[32], parent[32] = "";
	struct err err;

	begin(&out);
	for (int i = 0; i < 20000; i++) {
		snprintf(entity, sizeof(entity), "deep-%d", i);
		add(&out, entity, parent, 1 + i);
		strcpy(parent, entity);
	}
	for (int i = 0; i < 19999; i++) {
		snprintf(entity, sizeof(entity), "deep-%d", i);
		state_end(&out, entity, 0);
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(entity, sizeof(entity), "wide-%d", i);
		add(&out, entity, "deep-7", 1 + i);
	}
	put(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.n, 40000);
	check_parents(&state);
}
END_TEST

/* --- a crash */

START_TEST(test_torn)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct err err;
	size_t whole;

	begin(&out);
	add(&out, "a", "", 1);
	whole = out.len;
	add(&out, "b", "a", 2);
	for (size_t len = whole; len <= out.len; len++) {
		_cleanup_state_ struct state state = { 0 };

		put(out.data, len);
		ck_assert_msg(load(&state, &err) == STATE_GOOD, "%zu: %s", len,
			      err.text);
		ck_assert_uint_eq(state.n, len == out.len ? 2 : 1);
		ck_assert_str_eq(state.list[0].entity, "a");
	}
}
END_TEST

/* Never more is read than a whole line says, at any length. */
START_TEST(test_torn_anywhere)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	enum state_found found;
	struct err err;
	size_t head;

	begin(&out);
	head = out.len;
	add(&out, "a", "", 1);
	for (size_t len = 0; len < out.len; len++) {
		_cleanup_state_ struct state state = { 0 };

		put(out.data, len);
		found = load(&state, &err);
		ck_assert_msg(!len	 ? found == STATE_NONE :
			      len < head ? found != STATE_GOOD :
					   found == STATE_GOOD,
			      "%zu: %d", len, (int)found);
		ck_assert_uint_eq(state.n, 0);
	}
}
END_TEST

/* --- what is none */

#define HEAD(version, boot, node)                                              \
	"{\"contree\":" version ",\"boot_id\":\"" boot "\",\"node\":"          \
	"\"" node "\"}\n"

static const struct {
	const char *name;
	const char *head;
	enum state_found want;
} heads[] = {
	{ "ours", HEAD("2", BOOT, "host"), STATE_GOOD },
	{ "another boot", HEAD("2", "x", "host"), STATE_FOREIGN },
	{ "no boot", HEAD("2", "", "host"), STATE_FOREIGN },
	{ "a boot's beginning", HEAD("2", "0dd8b7ab", "host"), STATE_FOREIGN },
	{ "a later version", HEAD("3", BOOT, "host"), STATE_FOREIGN },
	{ "an earlier version", HEAD("1", BOOT, "host"), STATE_FOREIGN },
	{ "version 0", HEAD("0", BOOT, "host"), STATE_FOREIGN },
	{ "a version in words", HEAD("\"2\"", BOOT, "host"), STATE_FOREIGN },
	{ "another node", HEAD("2", BOOT, "hosts"), STATE_FOREIGN },
	{ "no node", HEAD("2", BOOT, ""), STATE_FOREIGN },
	{ "a boot that is a number",
	  "{\"contree\":2,\"boot_id\":1,\"node\":\"host\"}\n", STATE_FOREIGN },
	{ "none", "{\"entity\":\"a\",\"pid\":1}\n", STATE_BROKEN },
	{ "an empty object", "{}\n", STATE_BROKEN },
	{ "an empty line", "\n", STATE_BROKEN },
	{ "no JSON", "# contree\n", STATE_BROKEN },
	{ "an array", "[1]\n", STATE_BROKEN },
	{ "a number", "1\n", STATE_BROKEN },
	{ "a word", "null\n", STATE_BROKEN },
};

START_TEST(test_heads)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	enum state_found found;
	struct err err;

	buf_puts(&out, heads[_i].head);
	add(&out, "a", "", 1);
	put(out.data, out.len);
	found = load(&state, &err);
	ck_assert_msg(found == heads[_i].want, "%s: %d", heads[_i].name,
		      (int)found);
	ck_assert_uint_eq(state.n, found == STATE_GOOD);
	ck_assert(found == STATE_GOOD || strstr(err.text, path));
}
END_TEST

/* Which boot this is cannot be read: then it may be any. */
START_TEST(test_no_boot)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct err err;

	state_head(&out, "", "");
	add(&out, "a", "", 1);
	put(out.data, out.len);
	ck_assert_int_eq(state_load(&state, dir_fd, path, "", "", NULL, &err),
			 STATE_FOREIGN);
	ck_assert_uint_eq(state.n, 0);
}
END_TEST

START_TEST(test_no_node)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct err err;

	state_head(&out, BOOT, "");
	add(&out, "a", "", 1);
	put(out.data, out.len);
	ck_assert_int_eq(state_load(&state, dir_fd, path, BOOT, "", NULL, &err),
			 STATE_GOOD);
	ck_assert_uint_eq(state.n, 1);
}
END_TEST

#define S(s) s, sizeof(s) - 1
#define A_LINE "{\"entity\":\"a\",\"pid\":1}"

/* A line behind a good head; another good one comes after it. */
static const struct {
	const char *name, *line;
	size_t len;
	enum state_found want;
} lines[] = {
	{ "good", S(A_LINE), STATE_GOOD },
	{ "with spaces", S(" { \"entity\" : \"a\" , \"pid\" : 1 } "),
	  STATE_GOOD },
	{ "with what is not known", S("{\"entity\":\"a\",\"pid\":1,\"x\":[]}"),
	  STATE_GOOD },
	{ "an end", S("{\"ended_entity\":\"x\"}"), STATE_GOOD },
	{ "empty", S(""), STATE_BROKEN },
	{ "garbage", S("garbage"), STATE_BROKEN },
	{ "torn", S("{\"entity\":\"a\",\"pi"), STATE_BROKEN },
	{ "torn in a string", S("{\"entity\":\"a"), STATE_BROKEN },
	{ "garbage in front", S("x" A_LINE), STATE_BROKEN },
	{ "garbage behind", S(A_LINE "x"), STATE_BROKEN },
	{ "two in one", S(A_LINE A_LINE), STATE_BROKEN },
	{ "torn, and another", S("{\"entity\":\"b\",\"pid\":2" A_LINE),
	  STATE_BROKEN },
	{ "an array", S("[" A_LINE "]"), STATE_BROKEN },
	{ "a string", S("\"a\""), STATE_BROKEN },
	{ "a number", S("7"), STATE_BROKEN },
	{ "null", S("null"), STATE_BROKEN },
	{ "nobody", S("{}"), STATE_BROKEN },
	{ "no entity", S("{\"pid\":1}"), STATE_BROKEN },
	{ "an empty entity", S("{\"entity\":\"\",\"pid\":1}"), STATE_BROKEN },
	{ "an entity that is a number", S("{\"entity\":1,\"pid\":1}"),
	  STATE_BROKEN },
	{ "an entity that is an object", S("{\"entity\":{},\"pid\":1}"),
	  STATE_BROKEN },
	{ "an entity as long as there is room for",
	  S("{\"entity\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
	    "\"pid\":1}"),
	  STATE_GOOD },
	{ "a longer one",
	  S("{\"entity\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
	    "\"pid\":1}"),
	  STATE_BROKEN },
	{ "an entity that no tree makes", S("{\"entity\":\"a b\",\"pid\":1}"),
	  STATE_BROKEN },
	{ "an entity with a control character",
	  S("{\"entity\":\"a\\u001bb\",\"pid\":1}"), STATE_BROKEN },
	{ "an empty end", S("{\"ended_entity\":\"\"}"), STATE_BROKEN },
	{ "no pid", S("{\"entity\":\"a\"}"), STATE_BROKEN },
	{ "pid 0", S("{\"entity\":\"a\",\"pid\":0}"), STATE_BROKEN },
	{ "a pid below 0", S("{\"entity\":\"a\",\"pid\":-1}"), STATE_BROKEN },
	{ "a pid in words", S("{\"entity\":\"a\",\"pid\":\"1\"}"),
	  STATE_BROKEN },
	{ "half a pid", S("{\"entity\":\"a\",\"pid\":1.5}"), STATE_BROKEN },
	{ "a pid too high", S("{\"entity\":\"a\",\"pid\":2147483648}"),
	  STATE_BROKEN },
	{ "one much too high",
	  S("{\"entity\":\"a\",\"pid\":99999999999999999"
	    "9999999999999999999999999999999999999}"),
	  STATE_BROKEN },
	{ "one of any height", S("{\"entity\":\"a\",\"pid\":1e999}"),
	  STATE_BROKEN },
	{ "NUL bytes", S("\0\0\0\0"), STATE_BROKEN },
	{ "a NUL byte in front", S("\0" A_LINE), STATE_BROKEN },
	{ "a NUL byte behind", S(A_LINE "\0"), STATE_BROKEN },
	{ "a NUL byte within", S("{\"entity\":\"a\0b\",\"pid\":1}"),
	  STATE_BROKEN },
	{ "not UTF-8", S("\xff\xfe"), STATE_BROKEN },
	{ "deep", S("{\"entity\":\"a\",\"pid\":1,\"x\":[[[[[[]]]]]]}"),
	  STATE_BROKEN },
};

START_TEST(test_line)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	enum state_found found;
	struct err err;

	buf_put(&out, lines[_i].line, lines[_i].len);
	buf_puts(&out, "\n");
	add(&out, "z", "", 9);
	put_lines(out.data, out.len);
	found = load(&state, &err);
	ck_assert_msg(found == lines[_i].want, "%s: %d", lines[_i].name,
		      (int)found);
	if (found == STATE_GOOD) {
		ck_assert_str_eq(state.list[state.n - 1].entity, "z");
		return;
	}
	ck_assert_uint_eq(state.n, 0);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

/* Numbers that make no sense are not known; none gets into another. */
START_TEST(test_numbers)
{
	static const char text[] =
		"{\"entity\":\"a\",\"pid\":1,\"vpid\":-5,\"ppid\":4294967296,"
		"\"start_ms\":1e300,\"born_ms\":-1,\"source\":4,"
		"\"flags\":256,\"ns_depth\":99999999999,\"verb\":9,"
		"\"started_ms\":\"7\",\"stopped_ms\":[7],\"ended\":2,"
		"\"exe\":7,\"comm\":null,\"id\":{},\"ns\":[],\"parent\":3}\n";
	_cleanup_state_ struct state state = { 0 };
	struct saved want = one("a", "", 1);
	struct err err;

	want.role = ROLE_ROOT;
	put_lines(text, sizeof(text) - 1);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_eq(state.n, 1);
	check_equal(&state.list[0], &want);
}
END_TEST

/* As deep as a stack, and as long as a line can be. */
START_TEST(test_huge)
{
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct err err;

	for (int i = 0; i < 1000000; i++)
		buf_puts(&out, i % 2 ? "{\"a\":" : "[");
	buf_putc(&out, '\n');
	put_lines(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_BROKEN);

	buf_clear(&out);
	buf_puts(&out, "{\"entity\":\"a\",\"pid\":1,\"exe\":\"");
	while (out.len < 8000000)
		buf_puts(&out, "xxxxxxxxxxxxxxxx");
	buf_puts(&out, "\"}\n");
	put_lines(out.data, out.len);
	ck_assert_int_eq(load(&state, &err), STATE_GOOD);
	ck_assert_uint_gt(strlen(state.list[0].exe), 7000000);
}
END_TEST

/* --- files */

static enum state_found load_anew(struct err *err)
{
	_cleanup_state_ struct state state = { 0 };
	enum state_found ret = load(&state, err);

	ck_assert(ret == STATE_GOOD || !state.n);
	return ret;
}

static void put_good(void)
{
	put_lines(S(A_LINE "\n"));
}

START_TEST(test_none)
{
	struct err err;

	ck_assert_int_eq(load_anew(&err), STATE_NONE);
	put("", 0);
	ck_assert_int_eq(load_anew(&err), STATE_NONE);
	put_lines("", 0);
	ck_assert_int_eq(load_anew(&err), STATE_GOOD);
	put_good();
	ck_assert_int_eq(load_anew(&err), STATE_GOOD);
}
END_TEST

static const struct {
	const char *name;
	mode_t mode;
	enum state_found want;
} modes[] = {
	{ "as it is made", 0640, STATE_GOOD },
	{ "the owner's", 0600, STATE_GOOD },
	{ "to be read by all", 0644, STATE_GOOD },
	{ "to be written by its group", 0660, STATE_BROKEN },
	{ "by all", 0646, STATE_BROKEN },
	{ "by the group alone", 0420, STATE_BROKEN },
};

START_TEST(test_mode)
{
	struct err err;

	put_good();
	ck_assert(!chmod(path, modes[_i].mode));
	ck_assert_msg(load_anew(&err) == modes[_i].want, "%s", modes[_i].name);
	ck_assert(modes[_i].want == STATE_GOOD || strstr(err.text, path));
}
END_TEST

START_TEST(test_owner)
{
	struct err err;

	put_good();
	if (chown(path, 12345, (gid_t)-1)) {
		ck_assert_int_eq(errno, EPERM);
		return; /* only root can try */
	}
	ck_assert_int_eq(load_anew(&err), STATE_BROKEN);
}
END_TEST

START_TEST(test_symlink)
{
	char other[160];
	struct err err;

	put_good();
	snprintf(other, sizeof(other), "%s.other", path);
	ck_assert(!rename(path, other));
	ck_assert(!symlink(other, path));
	ck_assert_int_eq(load_anew(&err), STATE_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert(!unlink(other));
	ck_assert_int_eq(load_anew(&err), STATE_BROKEN);
}
END_TEST

/* Neither is waited for a writer, nor is it taken for a file. */
START_TEST(test_fifo)
{
	struct err err;

	ck_assert(!mkfifo(path, 0600));
	ck_assert_int_eq(load_anew(&err), STATE_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

START_TEST(test_directory)
{
	struct err err;

	ck_assert(!mkdir(path, 0700));
	ck_assert_int_eq(load_anew(&err), STATE_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

/* As procfs has it: in words of 36 letters and a newline. */
START_TEST(test_boot_id)
{
	char id[64], cut[9];

	state_boot_id(id, sizeof(id));
	ck_assert_uint_eq(strlen(id), 36);
	ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
	state_boot_id(cut, sizeof(cut));
	ck_assert_uint_eq(strlen(cut), 8);
	ck_assert(!strncmp(cut, id, 8));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_fields);
	tcase_add_loop_test(t, test_bytes, 0, (int)COUNT(texts));
	tcase_add_test(t, test_lines);
	tcase_add_test(t, test_serial);
	tcase_add_loop_test(t, test_untold, 0, (int)COUNT(cuts));
	tcase_add_loop_test(t, test_earlier, 0, 3);
	tcase_add_test(t, test_untold_broken);
	tcase_add_loop_test(t, test_lives, 0, (int)COUNT(lives));
	tcase_add_test(t, test_ended);
	tcase_add_test(t, test_recent);
	tcase_add_test(t, test_many);
	tcase_add_test(t, test_torn);
	tcase_add_test(t, test_torn_anywhere);
	tcase_add_loop_test(t, test_heads, 0, (int)COUNT(heads));
	tcase_add_test(t, test_no_boot);
	tcase_add_test(t, test_no_node);
	tcase_add_loop_test(t, test_line, 0, (int)COUNT(lines));
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_huge);
	tcase_add_test(t, test_none);
	tcase_add_loop_test(t, test_mode, 0, (int)COUNT(modes));
	tcase_add_test(t, test_owner);
	tcase_add_test(t, test_symlink);
	tcase_add_test(t, test_fifo);
	tcase_add_test(t, test_directory);
	tcase_add_test(t, test_boot_id);
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
