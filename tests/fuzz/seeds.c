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

#define BOOT "0dd8b7ab-6f7b-4d1e-9c54-6a3f0b6f5b11"

#define ROOT "/usr/bin/containerd"

/* Facts in one tale, and how many tales of one recording. */
#define TALE_STEPS 64
#define MAX_TALES 24

/* A recording's containers, by the place that they have in a tale. */
struct ids {
	char name[TALE_IDS][80];
};

static void put_file(const char *dir, const char *kind, const char *name,
		     size_t n, const struct buf *data)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s-%zu", dir, kind, name, n);
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

static uint8_t bits_of(const struct fact *f)
{
	if (f->kind == FACT_SEEN)
		return f->quiet ? TALE_QUIET : 0;
	return (uint8_t)(f->call |
			 (f->flags & 0x10000 ? (unsigned)TALE_THREAD : 0) |
			 (f->flags & 0x8000 ? (unsigned)TALE_PARENT : 0) |
			 (f->flags & 0x4000 ? (unsigned)TALE_VFORK : 0) |
			 (f->flags & 0x20000000 ? (unsigned)TALE_NEWPID : 0));
}

static void put_step(struct buf *out, struct ids *ids, const struct fact *f,
		     int64_t later_ms)
{
	static const uint8_t ops[] = {
		[FACT_FORK] = TALE_FORK,   [FACT_EXEC] = TALE_EXEC,
		[FACT_EXIT] = TALE_EXIT,   [FACT_SEEN] = TALE_SEEN,
		[FACT_ABEND] = TALE_ABEND, [FACT_FOUND] = TALE_FOUND,
		[FACT_GONE] = TALE_GONE,
	};
	struct tale_step s = {
		.op = ops[f->kind],
		.later = tale_later(later_ms),
		.pid = (uint16_t)f->pid,
		.ppid = (uint16_t)f->ppid,
		.child = (uint16_t)f->child,
		.bits = bits_of(f),
		.exe = tale_exe(f->exe),
		.args = args_of(ids, f),
		.code = (uint8_t)f->code,
	};

	buf_put(out, &s, sizeof(s));
}

/*
 * The same as the kernel would have told it: whom pids in the host's own
 * namespace name, and who exits. The rest is for the fuzzer to find.
 */
static void put_witnessed(struct buf *out, const struct fact *f)
{
	struct tale_step s = {
		.pid = (uint16_t)f->pid,
		.child = (uint16_t)f->child,
		.vpid = (uint16_t)f->child,
		.code = (uint8_t)f->code,
		.depth = 1,
	};

	if (f->kind == FACT_FORK && !(f->flags & 0x10000))
		s.op = TALE_BORN;
	else if (f->kind == FACT_EXIT)
		s.op = TALE_ENDED;
	else if (f->kind == FACT_EXEC)
		s.op = TALE_EXECUTED;
	else
		return;
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

/* Every other tale is told by the witness, too, and through merge. */
static void put_tales(const char *dir, const char *name,
		      const struct facts *facts)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	uint16_t root = find_root(facts);
	struct ids ids = { 0 };
	uint64_t before;
	size_t tale = 0;

	for (size_t i = 0; i < facts->n && tale < MAX_TALES; tale++) {
		bool witnessed = tale % 2;

		buf_clear(&out);
		buf_putc(&out, (char)((witnessed ? 4 | 16 : 0) |
				      (tale % 4 < 2 ? 0 : 32)));
		put_root(&out, root);
		before = facts->list[i]->time_ms;
		for (size_t n = 0; n < TALE_STEPS && i < facts->n; n++, i++) {
			const struct fact *f = facts->list[i];

			if (witnessed)
				put_witnessed(&out, f);
			put_step(&out, &ids, f, (int64_t)(f->time_ms - before));
			before = f->time_ms;
		}
		put_file(dir, "tree", name, tale, &out);
	}
}

static void ignore(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

/* Whenever the tree has come a tenth further. */
static void put_states(const char *dir, const char *name,
		       const struct facts *facts)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct metrics metrics = { 0 };
	struct tree *t = tree_new(&tree_defaults, "", &metrics, ignore, NULL);

	for (size_t i = 0; i < facts->n; i++) {
		tree_apply(t, facts->list[i]);
		if (i % (facts->n / 10 + 1))
			continue;
		buf_clear(&out);
		state_head(&out, BOOT, "host");
		copies_put(&out, t);
		put_file(dir, "state", name, i, &out);
	}
	tree_free(t);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		_cleanup_free_ char *path = strdup(argv[i]);
		struct facts facts = { 0 };
		const char *name;

		if (!path || facts_read(&facts, path)) {
			perror(argv[i]);
			return 1;
		}
		name = basename(dirname(path));
		put_tales(argv[1], name, &facts);
		put_states(argv[1], name, &facts);
		facts_free(&facts);
	}
	return 0;
}
