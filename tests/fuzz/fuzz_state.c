/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint, as a file of any bytes. What is read of it goes back into a
 * tree, which then must hold what it always holds, also when everybody in it
 * ends. And what such a tree saves is read again as the same.
 */
#include "fuzz.h"

#include <string.h>

#include "copies.h"
#include "sinks.h"

#define BOOT "0dd8b7ab-6f7b-4d1e-9c54-6a3f0b6f5b11"
#define NODE "host"

static void emit(void *ctx, const struct change *c)
{
	struct buf *line = ctx;

	buf_clear(line);
	render_text(line, c, false);
	must_be_line(line);
	buf_clear(line);
	render_json(line, c);
	must_be_line(line);
}

static struct tree *restore(const struct state *state, struct metrics *metrics,
			    struct buf *line)
{
	struct tree *t = tree_new(&tree_defaults, NODE, metrics, emit, line);

	copies_restore(t, state);
	return t;
}

static void put_living(struct buf *out, struct tree *t)
{
	struct saved s;

	tree_save_begin(t);
	while (tree_save_next(t, &s))
		if (!s.ended)
			state_line(out, &s);
}

static void must_be_same(const struct buf *first, const struct buf *second)
{
	if (first->len == second->len &&
	    !memcmp(first->data, second->data, first->len))
		return;
	fprintf(stderr, "first:\n%.*s\nagain:\n%.*s\n", (int)first->len,
		first->data, (int)second->len, second->data);
	abort();
}

/*
 * The state of a tree, once more through a file and a tree. The ended are
 * there for those below them, and some of these may have made no sense.
 */
static void must_last(struct tree *t, struct buf *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT, first = BUF_INIT,
				 second = BUF_INIT;
	_cleanup_state_ struct state state = { 0 };
	struct metrics metrics = { 0 };
	const char *path;

	state_head(&text, BOOT, NODE);
	copies_put(&text, t);
	state_head(&first, BOOT, NODE);
	put_living(&first, t);
	path = scratch_put("again", text.data, text.len);
	must(state_load(&state, scratch_fd(), path, BOOT, NODE, NULL, NULL) ==
	     STATE_GOOD);
	t = restore(&state, &metrics, line);
	state_head(&second, BOOT, NODE);
	put_living(&second, t);
	tree_free(t);
	must_be_same(&first, &second);
}

/* /proc has none of them any more. */
static void bury_all(struct tree *t, const struct state *state)
{
	struct fact f = {
		.kind = FACT_GONE,
		.source = SOURCE_CENSUS,
		.time_ms = UINT64_C(1700000000000),
		.mono_ns = UINT64_C(1) << 60,
		.node = NODE,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};

	for (size_t i = 0; i < state->n; i++) {
		f.pid = state->list[i].pid;
		tree_apply(t, &f);
		must_not(tree_check(t));
	}
	tree_idle(t, 100000);
	must_not(tree_check(t));
	tree_finish(t);
	must_not(tree_check(t));
}

/* A log that some marks of the input are within. */
static const struct logfile_found log = { 1, 100, 2, 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = scratch_put("state", data, size);
	_cleanup_state_ struct state state = { 0 };
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct metrics metrics = { 0 };
	struct err err = { 0, "" };
	enum state_found found;
	struct tree *t;

	found = state_load(&state, scratch_fd(), path, BOOT, NODE, &log, &err);
	if (found != STATE_GOOD) {
		must(found == STATE_NONE || *err.text);
		must(!state.n);
		return 0;
	}
	t = restore(&state, &metrics, &line);
	must_last(t, &line);
	bury_all(t, &state);
	tree_free(t);
	return 0;
}
