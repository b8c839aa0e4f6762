/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sequence of facts into the tree (see tale.h), with a plugin's life
 * around it: pauses, restarts, reloads, the witness on and off. The
 * invariants hold after each, nobody ends twice, and every change is a line
 * in both logs.
 */
#include "fuzz.h"

#include <string.h>

#include "copies.h"
#include "merge.h"
#include "sinks.h"
#include "tale.h"

#define BOOT "0dd8b7ab-6f7b-4d1e-9c54-6a3f0b6f5b11"

/* The bits of the head. */
#define HEAD_TIGHT 1	/* bounds that matter */
#define HEAD_HASTY 2	/* a short linger time */
#define HEAD_MERGE 4	/* the witness's and census's facts come by merge */
#define HEAD_SILENT 8	/* without activity */
#define HEAD_WITNESS 16
#define HEAD_SINKS 32	/* what is said is read, too, which takes time */

struct run {
	struct tree_options options;
	struct metrics metrics;
	struct tree *t;
	struct merge *merge;	/* or NULL */
	struct tale tale;
	struct buf line;
	bool sinks;
	const struct proc *ended[4 * TALE_MAX_STEPS];
	size_t n_ended;
};

/* Its place among those whose end was told, or how many they are. */
static size_t find_ended(const struct run *r, const struct proc *p)
{
	size_t i = 0;

	while (i < r->n_ended && r->ended[i] != p)
		i++;
	return i;
}

static void say(struct run *r, const struct change *c)
{
	buf_clear(&r->line);
	render_text(&r->line, c, false);
	must_be_line(&r->line);
	buf_clear(&r->line);
	render_json(&r->line, c);
	must_be_line(&r->line);
}

static void emit(void *ctx, const struct change *c)
{
	struct run *r = ctx;

	if (r->sinks)
		say(r, c);
	if (c->kind != CHANGE_END)
		return;
	must(find_ended(r, c->proc) == r->n_ended);
	if (r->n_ended < sizeof(r->ended) / sizeof(r->ended[0]))
		r->ended[r->n_ended++] = c->proc;
}

static void final(void *ctx, const struct change *c)
{
	struct run *r = ctx;
	size_t i = find_ended(r, c->proc);

	if (i < r->n_ended)
		r->ended[i] = r->ended[--r->n_ended];
}

static char *must_dup(const char *s)
{
	char *copy = strdup(s);

	must(copy);
	return copy;
}

/* They are the tree's from now on. */
static void give_names(void *ctx, const struct container *c,
		       struct container_names *names)
{
	(void)ctx;
	must(c->bundle && !names->name && !names->labels);
	names->name = must_dup(c->bundle);
	names->pod_name = must_dup("pod");
	names->labels = calloc(1, sizeof(*names->labels));
	must(names->labels);
	names->labels[0].key = must_dup("key");
	names->labels[0].value = must_dup("");
	names->n_labels = 1;
}

static void open_tree(struct run *r)
{
	r->n_ended = 0;
	r->t = tree_new(&r->options, "", &r->metrics, emit, r);
	tree_on_final(r->t, final, r);
	tree_on_bundle(r->t, give_names, NULL);
}

static void close_tree(struct run *r)
{
	merge_free(r->merge);
	tree_free(r->t);
	r->merge = NULL;
}

static void begin(struct run *r, uint8_t head)
{
	r->options = tree_defaults;
	if (head & HEAD_TIGHT) {
		r->options.max_processes = 12;
		r->options.max_limbo = 4;
		r->options.max_claims = 4;
		r->options.max_containers = 2;
	}
	if (head & HEAD_HASTY)
		r->options.linger_ms = 10;
	r->sinks = head & HEAD_SINKS;
	r->options.activity = !(head & HEAD_SILENT);
	tale_begin(&r->tale);
	open_tree(r);
	if (head & HEAD_MERGE)
		r->merge = merge_new(r->t, &r->metrics);
	if (head & HEAD_WITNESS)
		tree_witness(r->t, 0);
}

/* The plugin ends and another takes over its state. */
static void restart(struct run *r)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_state_ struct state state = { 0 };
	bool merging = r->merge;
	const char *path;

	if (merging)
		merge_finish(r->merge);
	state_head(&text, BOOT, "");
	copies_put(&text, r->t);
	path = scratch_put("state", text.data, text.len);
	close_tree(r);
	open_tree(r);
	must(state_load(&state, scratch_fd(), path, BOOT, "", NULL, NULL) ==
	     STATE_GOOD);
	copies_restore(r->t, &state);
	if (merging)
		r->merge = merge_new(r->t, &r->metrics);
}

/* Another configuration is read. Bounds are left: they are kept in time. */
static void reload(struct run *r, const struct tale_step *s)
{
	static const uint64_t lingers[] = { 10, 100, 1000, 60000 };
	struct tree_options options = r->options;

	options.linger_ms = lingers[s->code % 4];
	options.roots = s->bits & TALE_INIT ? "nobody" : options.roots;
	options.shims = s->bits & TALE_BUNDLE ? "nobody" : options.shims;
	options.runtimes = s->bits & TALE_QUIET ? "sh runc" : options.runtimes;
	tree_set_options(r->t, &options);
}

static void take_fact(struct run *r, const struct tale_step *s)
{
	struct fact f;

	tale_fact(&r->tale, s, &f);
	if (!r->merge)
		tree_apply(r->t, &f);
	else if (f.source == SOURCE_AUDIT)
		merge_apply(r->merge, &f);
	else
		merge_put(r->merge, &f);
}

static void look(struct run *r, pid_t pid)
{
	const struct proc *p = tree_find(r->t, pid);

	must(!p || (p->pid == pid && p->reason == EXIT_NOT_YET));
	must(!p || tree_reaper(p) >= 0);
	tree_awaits_exec(r->t, pid, r->tale.now_ms);
	tree_had(r->t, pid, r->tale.now_ms);
	if (r->merge)
		must(!merge_nearest(r->merge, pid) ||
		     merge_ours(r->merge, pid));
}

static void take(struct run *r, const struct tale_step *s)
{
	switch ((enum tale_op)s->op) {
	case TALE_IDLE:
		tree_idle(r->t, (uint64_t)s->code * s->code);
		break;
	case TALE_WITNESS:
		tree_witness(r->t, s->bits & TALE_INIT ? WITNESS_OFF :
							 r->tale.now_ms);
		break;
	case TALE_RESTART:
		restart(r);
		break;
	case TALE_BOUNDS:
		reload(r, s);
		break;
	case TALE_LOST:
		tree_lost(r->t, s->code, "lines");
		break;
	case TALE_PASS:
		if (r->merge)
			merge_pass(r->merge, r->tale.now_ms);
		break;
	case TALE_FORK:
	case TALE_EXEC:
	case TALE_EXIT:
	case TALE_SEEN:
	case TALE_ABEND:
	case TALE_BORN:
	case TALE_EXECUTED:
	case TALE_ENDED:
	case TALE_FOUND:
	case TALE_GONE:
	case N_TALE_OPS:
		take_fact(r, s);
		break;
	}
	look(r, s->pid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { 0 };
	struct tale_step s;

	if (size < TALE_HEAD)
		return 0;
	begin(&r, data[0]);
	data += TALE_HEAD;
	size -= TALE_HEAD;
	for (size_t i = 0; i < TALE_MAX_STEPS && size >= sizeof(s); i++) {
		memcpy(&s, data, sizeof(s));
		s.op %= N_TALE_OPS;
		tale_move(&r.tale, s.later);
		take(&r, &s);
		must_not(tree_check(r.t));
		data += sizeof(s);
		size -= sizeof(s);
	}
	if (r.merge)
		merge_finish(r.merge);
	tree_finish(r.t);
	must_not(tree_check(r.t));
	close_tree(&r);
	buf_free(&r.line);
	return 0;
}
