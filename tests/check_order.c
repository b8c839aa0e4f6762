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

#include "facts.h"
#include "finals.h"
#include "tree.h"

#define SEEDS 20

static void run(struct finals *r, struct fact **list, size_t n)
{
	struct metrics metrics = { 0 };
	size_t every = n / 200 + 1;
	const char *wrong;
	struct tree *t;

	*r = (struct finals){ 0 };
	t = tree_new(&tree_defaults, "", &metrics, finals_ignore, NULL);
	tree_on_final(t, finals_add, r);
	for (size_t i = 0; i < n; i++) {
		tree_apply(t, list[i]);
		wrong = i % every ? NULL : tree_check(t);
		ck_assert_msg(!wrong, "after fact %zu: %s", i, wrong);
	}
	tree_finish(t);
	wrong = tree_check(t);
	ck_assert_msg(!wrong, "at the end: %s", wrong);
	tree_free(t);
	finals_sort(r);
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

static void try_seed(const struct facts *facts, const struct finals *want,
		     const char *path, uint64_t seed)
{
	struct fact **list = shuffle(facts, seed);
	struct finals got;

	run(&got, list, facts->n);
	finals_compare(want, &got, path, seed);
	finals_free(&got);
	free(list);
}

static void try_log(const char *path)
{
	const char *one = getenv("CONTREE_SEED");
	struct facts facts = { 0 };
	struct finals want;

	ck_assert_msg(!facts_read(&facts, path), "%s cannot be read", path);
	ck_assert(facts.n > 0);
	run(&want, facts.list, facts.n);
	ck_assert(want.n > 10);
	if (one)
		try_seed(&facts, &want, path, strtoull(one, NULL, 10));
	for (uint64_t seed = 1; !one && seed <= SEEDS; seed++)
		try_seed(&facts, &want, path, seed);
	finals_free(&want);
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
		t = tree_new(&tree_defaults, "", &metrics, finals_ignore, NULL);
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
