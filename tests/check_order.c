/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order does not matter: facts that come in any order within the linger
 * time give the same final record of every process. Takes every recorded
 * log, shuffles its facts by many seeds, and compares with the order in
 * which they were recorded. A seed that fails is printed; CONTREE_SEED
 * tries that one alone.
 *
 * And pauses do no harm.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "facts.h"
#include "tree.h"

#define SEEDS 20

/* The final records, a line each, and the tree they come from. */
struct run {
	struct buf *lines;
	size_t n, size;
	struct metrics metrics;
	struct tree *tree;
};

static void on_change(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

static void put_image(struct buf *line, const struct image *i)
{
	buf_printf(line, " comm=%s exe=%s args=", i->comm, i->exe);
	for (size_t at = 0; at < i->args_bytes; at++)
		buf_putc(line, i->args[at] ? i->args[at] : ' ');
}

static void on_final(void *ctx, const struct change *c)
{
	const struct proc *p = c->proc;
	struct run *r = ctx;
	struct buf *line;

	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->lines = reallocarray(r->lines, r->size, sizeof(r->lines[0]));
		if (!r->lines)
			abort();
	}
	line = &r->lines[r->n++];
	memset(line, 0, sizeof(*line));
	buf_printf(line, "pid=%d vpid=%d ppid=%d parent=%d role=%s source=%s",
		   p->pid, p->vpid, p->ppid, p->parent ? p->parent->pid : 0,
		   role_name(p->role), source_name(p->source));
	buf_printf(line, " start=%llu end=%llu reason=%s code=%d uid=%u",
		   (unsigned long long)p->start_ms,
		   (unsigned long long)p->end_ms, exit_reason_name(p->reason),
		   p->exit_code, p->cred->uid);
	buf_printf(line, " container=%s entry=%d",
		   p->container ? p->container->id : "-",
		   p->entry ? p->entry->pid : 0);
	put_image(line, p->image);
	buf_putc(line, '\0');
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct buf *)a)->data,
		      ((const struct buf *)b)->data);
}

static void run(struct run *r, struct fact **list, size_t n)
{
	size_t every = n / 200 + 1;
	const char *wrong;

	memset(r, 0, sizeof(*r));
	r->tree = tree_new(&tree_defaults, "", &r->metrics, on_change, r);
	tree_on_final(r->tree, on_final, r);
	for (size_t i = 0; i < n; i++) {
		tree_apply(r->tree, list[i]);
		wrong = i % every ? NULL : tree_check(r->tree);
		ck_assert_msg(!wrong, "after fact %zu: %s", i, wrong);
	}
	tree_finish(r->tree);
	wrong = tree_check(r->tree);
	ck_assert_msg(!wrong, "at the end: %s", wrong);
	tree_free(r->tree);
	qsort(r->lines, r->n, sizeof(r->lines[0]), by_text);
}

static void run_free(struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		buf_free(&r->lines[i]);
	free(r->lines);
}

struct slot {
	struct fact *fact;
	uint64_t at;
	size_t was;
};

static int by_slot(const void *a, const void *b)
{
	const struct slot *s = a, *t = b;

	if (s->at != t->at)
		return s->at < t->at ? -1 : 1;
	return s->was < t->was ? -1 : 1;
}

static uint64_t random_below(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* Each fact may come up to a linger time late. */
static struct fact **shuffle(const struct facts *facts, uint64_t seed)
{
	struct slot *slots = calloc(facts->n, sizeof(*slots));
	struct fact **list = calloc(facts->n, sizeof(*list));
	uint64_t state = seed * 2654435761u + 1;

	if (!slots || !list)
		abort();
	for (size_t i = 0; i < facts->n; i++) {
		slots[i].fact = facts->list[i];
		slots[i].was = i;
		slots[i].at = facts->list[i]->time_ms +
			      random_below(&state, tree_defaults.linger_ms);
	}
	qsort(slots, facts->n, sizeof(*slots), by_slot);
	for (size_t i = 0; i < facts->n; i++)
		list[i] = slots[i].fact;
	free(slots);
	return list;
}

static void compare(const struct run *want, const struct run *got,
		    const char *path, uint64_t seed)
{
	for (size_t i = 0; i < want->n && i < got->n; i++)
		ck_assert_msg(!by_text(&want->lines[i], &got->lines[i]),
			      "%s, seed %llu:\nwant %s\n got %s", path,
			      (unsigned long long)seed, want->lines[i].data,
			      got->lines[i].data);
	ck_assert_msg(want->n == got->n, "%s, seed %llu: %zu records, not %zu",
		      path, (unsigned long long)seed, got->n, want->n);
}

static void try_seed(const struct facts *facts, const struct run *want,
		     const char *path, uint64_t seed)
{
	struct fact **list = shuffle(facts, seed);
	struct run got;

	run(&got, list, facts->n);
	compare(want, &got, path, seed);
	run_free(&got);
	free(list);
}

static void try_log(const char *path)
{
	const char *one = getenv("CONTREE_SEED");
	struct facts facts = { 0 };
	struct run want;

	ck_assert_msg(!facts_read(&facts, path), "%s cannot be read", path);
	ck_assert(facts.n > 0);
	run(&want, facts.list, facts.n);
	ck_assert(want.n > 10);
	if (one)
		try_seed(&facts, &want, path, strtoull(one, NULL, 10));
	for (uint64_t seed = 1; !one && seed <= SEEDS; seed++)
		try_seed(&facts, &want, path, seed);
	run_free(&want);
	facts_free(&facts);
}

static glob_t logs;

START_TEST(any_order_gives_the_same_records)
{
	try_log(logs.gl_pathv[_i]);
}
END_TEST

/*
 * The stream may pause at any fact for any time, and go on with what was
 * said before the pause.
 */
START_TEST(pauses_do_no_harm)
{
	struct facts facts = { 0 };
	struct metrics metrics = { 0 };
	uint64_t state = 1;
	struct tree *t;
	const char *wrong;

	ck_assert(!facts_read(&facts, logs.gl_pathv[_i]));
	for (int seed = 0; seed < SEEDS; seed++) {
		t = tree_new(&tree_defaults, "", &metrics, on_change, NULL);
		for (size_t i = 0; i < facts.n; i++) {
			tree_apply(t, facts.list[i]);
			if (random_below(&state, 20))
				continue;
			tree_idle(t, random_below(&state, 6000));
			wrong = facts.n < 1000 ? tree_check(t) : NULL;
			ck_assert_msg(!wrong, "%s, fact %zu: %s",
				      logs.gl_pathv[_i], i, wrong);
		}
		tree_finish(t);
		wrong = tree_check(t);
		ck_assert_msg(!wrong, "%s, at the end: %s", logs.gl_pathv[_i],
			      wrong);
		tree_free(t);
	}
	facts_free(&facts);
}
END_TEST

int main(void)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	Suite *suite = suite_create("order");
	TCase *tcase = tcase_create("captures");
	char pattern[4096];
	SRunner *runner;
	int failed;

	snprintf(pattern, sizeof(pattern), "%s/tests/captures/*/audit.log",
		 srcdir);
	if (glob(pattern, 0, NULL, &logs) || !logs.gl_pathc) {
		fprintf(stderr, "check_order: no captures at %s\n", pattern);
		return 1;
	}
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, any_order_gives_the_same_records, 0,
			    (int)logs.gl_pathc);
	tcase_add_loop_test(tcase, pauses_do_no_harm, 0, (int)logs.gl_pathc);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&logs);
	return failed ? 1 : 0;
}
