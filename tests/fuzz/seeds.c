/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seeds DIR AUDIT_LOG...: what fuzz_tree and fuzz_state begin with, made of
 * recordings, in DIR/tree and DIR/state: their facts as tales, and the
 * states that trees had on the way.
 */
#include "fuzz.h"

#include <libgen.h>
#include <string.h>

#include "cleanup.h"
#include "copies.h"
#include "facts.h"
#include "invocation.h"
#include "tale.h"
#include "told.h"

#define BOOT "0dd8b7ab-6f7b-4d1e-9c54-6a3f0b6f5b11"

#define ROOT "/usr/bin/containerd"

/* Facts in one tale, and how many tales of one recording. */
#define SHORT_STEPS 64
#define LONG_STEPS 400
#define MAX_TALES 12

/* A recording's containers, by the place that they have in a tale. */
struct ids {
	char name[TALE_IDS][80];
};

static void put_file(const char *dir, const char *kind, const char *name,
		     size_t n, const struct buf *data)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%s-%zu", dir, kind, name, n);
	file = fopen(path, "we");
	if (!file || fwrite(data->data, 1, data->len, file) != data->len ||
	    fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* The last one stands for all that there is no room for; 0: none. */
static unsigned int place_of(struct ids *ids, const char *id)
{
	unsigned int i = 1;

	if (!id)
		return 0;
	while (i < TALE_IDS - 1 && *ids->name[i] && strcmp(ids->name[i], id))
		i++;
	snprintf(ids->name[i], sizeof(ids->name[i]), "%s", id);
	return i;
}

static uint8_t args_of(struct ids *ids, const struct fact *f)
{
	static const uint8_t verbs[] = {
		[VERB_NONE] = TALE_PLAIN,
		[VERB_CREATE] = TALE_CREATE,
		[VERB_EXEC] = TALE_RUNC_EXEC,
		[VERB_DELETE] = TALE_DELETE,
		[VERB_INIT] = TALE_STAGE,
		[VERB_OTHER] = TALE_RUNC_START,
		[VERB_SHIM] = TALE_SHIM,
		[VERB_SHIM_START] = TALE_SHIM_START,
		[VERB_SHIM_DELETE] = TALE_SHIM_DELETE,
	};
	struct invocation inv = { .verb = VERB_NONE };

	if (!f->args_count)
		return TALE_NO_ARGS;
	if (f->exe && name_listed("containerd-shim*", f->exe))
		inv = parse_shim(f->args, f->args_count);
	else if (!strcmp(f->args, "runc"))
		inv = parse_runtime(f->args, f->args_count);
	return (uint8_t)(verbs[inv.verb] | place_of(ids, inv.id) << 4);
}

static unsigned int bits_of_fork(const struct fact *f)
{
	return f->call | (f->flags & 0x10000 ? (unsigned)TALE_THREAD : 0) |
	       (f->flags & 0x8000 ? (unsigned)TALE_PARENT : 0) |
	       (f->flags & 0x4000 ? (unsigned)TALE_VFORK : 0) |
	       (f->flags & 0x20000000 ? (unsigned)TALE_NEWPID : 0);
}

static uint8_t op_of(const struct fact *f)
{
	static const uint8_t heard[] = {
		[FACT_FORK] = TALE_FORK,   [FACT_EXEC] = TALE_EXEC,
		[FACT_EXIT] = TALE_EXIT,   [FACT_SEEN] = TALE_SEEN,
		[FACT_ABEND] = TALE_ABEND, [FACT_FOUND] = TALE_FOUND,
		[FACT_GONE] = TALE_GONE,
	};
	static const uint8_t told[] = {
		[FACT_FORK] = TALE_BORN,
		[FACT_EXEC] = TALE_EXECUTED,
		[FACT_EXIT] = TALE_ENDED,
	};

	return f->source == SOURCE_WITNESS ? told[f->kind] : heard[f->kind];
}

static void put_step(struct buf *out, struct ids *ids, const struct fact *f,
		     int64_t later_ms)
{
	struct tale_step s = {
		.op = op_of(f),
		.later = tale_later(later_ms),
		.pid = (uint16_t)f->pid,
		.ppid = (uint16_t)f->ppid,
		.child = (uint16_t)f->child,
		.vpid = (uint16_t)f->vpid,
		.exe = tale_exe(f->exe),
		.args = args_of(ids, f),
		.code = (uint8_t)f->code,
		.depth = (uint8_t)(f->ns_depth | place_of(ids, f->container)
							 << 2),
	};

	if (f->kind == FACT_FORK)
		s.bits = (uint8_t)bits_of_fork(f);
	else if (f->kind == FACT_SEEN && f->quiet)
		s.bits = TALE_QUIET;
	if (f->signal) {
		s.bits = TALE_PARENT;	/* see set_end() in tale.c */
		s.code = (uint8_t)(f->signal - 1);
	}
	buf_put(out, &s, sizeof(s));
}

/* containerd's pid: it lived before, and is known by what it does. */
static uint16_t find_root(const struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		if (tale_exe(facts->list[i]->exe) == tale_exe(ROOT))
			return (uint16_t)facts->list[i]->pid;
	return 1;
}

static void put_root(struct buf *out, uint16_t pid)
{
	struct tale_step s = {
		.op = TALE_FOUND,
		.pid = pid,
		.ppid = 1,
		.exe = tale_exe(ROOT),
		.args = TALE_PLAIN,
		.code = 1,
		.depth = 1,
		.skew = 255,
	};

	buf_put(out, &s, sizeof(s));
}

/* A recording as one list, in the order in which the plugin has it. */
struct order {
	const struct fact **list;
	size_t n;
	uint16_t root;
	const char *name;
	uint8_t head;
};

/* told may be NULL: by audit alone. */
static void put_in_order(struct order *o, const struct facts *facts,
			 const struct told *told)
{
	size_t n = told ? told->n : 0, next = 0;

	o->list = calloc(facts->n + n + 1, sizeof(struct fact *));
	must(o->list);
	for (size_t i = 0; i < facts->n; i++) {
		while (next < n &&
		       told->list[next].time_ms <= facts->list[i]->time_ms + 15)
			o->list[o->n++] = &told->list[next++];
		o->list[o->n++] = facts->list[i];
	}
	o->root = find_root(facts);
}

/* Returns where it ended. */
static size_t put_tale(const char *dir, const struct order *o, size_t from,
		       size_t max)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	uint64_t before = o->list[from]->time_ms;
	struct ids ids = { 0 };
	size_t i = from;

	/* What is said is read every other time: see fuzz_tree.c. */
	buf_putc(&out, (char)(o->head | (from / max % 2 ? 32 : 0)));
	put_root(&out, o->root);
	for (; i < o->n && i < from + max; i++) {
		put_step(&out, &ids, o->list[i],
			 (int64_t)(o->list[i]->time_ms - before));
		before = o->list[i]->time_ms;
	}
	put_file(dir, o->head ? "tree/told" : "tree/heard", o->name,
		 from + (max == LONG_STEPS), &out);
	return i;
}

/* A long one from the beginning, and short ones of all. */
static void put_tales(const char *dir, const struct order *o)
{
	size_t at = 0;

	if (!o->n)
		return;
	put_tale(dir, o, 0, LONG_STEPS);
	for (size_t i = 0; i < MAX_TALES && at < o->n; i++)
		at = put_tale(dir, o, at, SHORT_STEPS);
}

static void ignore(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

/* Whenever the tree has come a tenth further. With a log as fuzz_state has it. */
static void put_states(const char *dir, const char *name,
		       const struct facts *facts)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tree_new(&tree_defaults, "", &metrics, ignore, NULL);
	struct state_mark mark = { { 1, 50 }, 100, 1 };

	for (size_t i = 0; i < facts->n; i++) {
		tree_apply(t, facts->list[i]);
		if (i % (facts->n / 10 + 1))
			continue;
		buf_clear(&out);
		state_head(&out, BOOT, "host");
		copies_put(&out, t);
		state_mark(&out, &mark);
		state_end(&out, "none", 1);
		state_told(&out, 40);
		state_end(&out, "none", 2);
		state_told(&out, 100);
		put_file(dir, "state/at", name, i, &out);
	}
	tree_free(t);
}

static void put_all(const char *dir, const char *name,
		    const struct facts *facts, const struct told *told)
{
	/* Of the heads in fuzz_tree.c: by merge, and with the witness. */
	struct order heard = { .name = name };
	struct order both = { .name = name, .head = 4 | 16 };

	put_in_order(&heard, facts, NULL);
	put_in_order(&both, facts, told);
	put_tales(dir, &heard);
	put_tales(dir, &both);
	put_states(dir, name, facts);
	free(heard.list);
	free(both.list);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		_cleanup_free_ char *path = strdup(argv[i]);
		struct facts facts = { 0 };
		struct told told = { 0 };
		char *dir;

		must(path);
		dir = dirname(path);
		if (facts_read(&facts, argv[i]) || told_read(&told, dir)) {
			perror(argv[i]);
			return 1;
		}
		put_all(argv[1], basename(dir), &facts, &told);
		facts_free(&facts);
		told_free(&told);
	}
	return 0;
}
