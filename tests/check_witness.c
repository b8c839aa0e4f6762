/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness with the audit stream behind it. Takes every recorded log and
 * what the kernel's proc connector told meanwhile, lets the audit stream lag
 * as auditd may, and holds the tree against what the kernel did: everyone,
 * heard or not, the birth parent, the end with its status or signal, the
 * container. With all records, and with those of execve alone; and the same
 * at any lag. A seed that fails is printed; CONTREE_SEED tries that alone.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "finals.h"
#include "merge.h"
#include "told.h"

#define SEEDS 12

/* A stamp may be so much older than the call's own end. */
#define LATEST_MS 15

static uint64_t random_below(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* One way for both to come. */
struct way {
	uint64_t seed;
	uint64_t lag_ms;	/* of the audit stream, at the most */
	bool lean;
};

static bool is_lean(const struct fact *f)
{
	return f->kind == FACT_EXEC || f->kind == FACT_FOUND ||
	       (f->kind == FACT_SEEN && f->syscall &&
		!strncmp(f->syscall, "execve", 6));
}

/* The audit stream keeps its order, but not its pace. */
static void run(struct finals *finals, const struct facts *facts,
		const struct told *told, const struct way *way)
{
	struct metrics metrics = { 0 };
	struct tree *t =
		tree_new(&tree_defaults, "", &metrics, finals_ignore, NULL);
	struct merge *m = merge_new(t, &metrics);
	uint64_t state = way->seed * 2654435761u + 1, now = 0, arrival;
	const char *wrong;
	size_t next = 0;

	*finals = (struct finals){ 0 };
	tree_on_final(t, finals_add, finals);
	tree_witness(t, 0);
	for (size_t i = 0; i < facts->n; i++) {
		const struct fact *f = facts->list[i];

		if (way->lean && !is_lean(f))
			continue;
		arrival = f->time_ms + LATEST_MS;
		if (way->lag_ms && !random_below(&state, 50))
			arrival += random_below(&state, way->lag_ms);
		now = arrival > now ? arrival : now;
		while (next < told->n && told->list[next].time_ms <= now)
			merge_put(m, &told->list[next++]);
		merge_apply(m, f);
		wrong = i % 64 ? NULL : tree_check(t);
		ck_assert_msg(!wrong, "after fact %zu: %s", i, wrong);
	}
	while (next < told->n)
		merge_put(m, &told->list[next++]);
	merge_finish(m);
	tree_finish(t);
	wrong = tree_check(t);
	ck_assert_msg(!wrong, "at the end: %s", wrong);
	merge_free(m);
	tree_free(t);
	finals_sort(finals);
}

/* Whether a line has that word and the number right behind it. */
static bool has(const char *line, const char *word, long value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%ld ", word, value);
	return strstr(line, text) != NULL;
}

static const char *find_line(const struct finals *f, pid_t pid)
{
	char start[32];

	snprintf(start, sizeof(start), "pid=%d ", (int)pid);
	for (size_t i = 0; i < f->n; i++)
		if (!strncmp(f->lines[i].data, start, strlen(start)))
			return f->lines[i].data;
	return NULL;
}

static const struct fact *find_end(const struct told *told, pid_t pid)
{
	for (size_t i = 0; i < told->n; i++)
		if (told->list[i].kind == FACT_EXIT && told->list[i].pid == pid)
			return &told->list[i];
	return NULL;
}

static void check_process(const struct told *told, const struct fact *birth,
			  const char *line)
{
	const struct fact *end = find_end(told, birth->child);
	const char *container = strstr(line, " container=");

	ck_assert_msg(has(line, " parent=", birth->pid), "parent %d: %s",
		      (int)birth->pid, line);
	if (!end)
		ck_assert_msg(strstr(line, "reason=running"), "%s", line);
	else if (end->signal)
		ck_assert_msg(has(line,
				  " reason=signaled code=", 128 + end->signal),
			      "signal %d: %s", end->signal, line);
	else
		ck_assert_msg(has(line, " reason=exited code=", end->code),
			      "status %d: %s", end->code, line);
	if (strstr(line, " role=init ") || strstr(line, " role=exec ") ||
	    strstr(line, " role=member "))
		ck_assert_msg(
			!birth->container ||
				!strncmp(container + strlen(" container="),
					 birth->container,
					 strlen(birth->container)),
			"in %s: %s", birth->container, line);
	else
		ck_assert_msg(birth->ns_depth < 2 || strstr(line, "comm=runc"),
			      "in a container, but not a member: %s", line);
}

/* Everyone below containerd, and nobody else. */
static void check_all(const struct told *told, const struct finals *f)
{
	static bool ours[1 << 22];
	size_t expected = 0, births = 0;

	memset(ours, 0, sizeof(ours));
	for (size_t i = 0; i < f->n; i++)
		if (strstr(f->lines[i].data, "role=root"))
			ours[atoi(f->lines[i].data + 4)] = true;
	for (size_t i = 0; i < told->n; i++) {
		const struct fact *birth = &told->list[i];
		const char *line;

		if (birth->kind != FACT_FORK || !ours[birth->pid])
			continue;
		births++;
		ours[birth->child] = true;
		line = find_line(f, birth->child);
		ck_assert_msg(line != NULL, "pid %d is not there",
			      (int)birth->child);
		check_process(told, birth, line);
	}
	for (size_t i = 0; i < f->n; i++)
		expected += !strstr(f->lines[i].data, "role=root");
	ck_assert_uint_gt(births, 10);
	ck_assert_uint_eq(births, expected);
}

/*
 * containerd lived before the recording, and was heard of only by what it
 * forked: the census would have found it.
 */
static void find_root(struct facts *facts, const struct told *told)
{
	struct fact *root = calloc(1, sizeof(*root));

	ck_assert(root != NULL);
	*root = (struct fact){
		.kind = FACT_FOUND,
		.source = SOURCE_CENSUS,
		.time_ms = told->list[0].time_ms - 1000,
		.mono_ns = told->list[0].mono_ns - 1000000000,
		.start_ms = told->list[0].time_ms - 100000,
		.node = "",
		.pid = 3473,
		.ppid = 1,
		.comm = "containerd",
		.exe = "/usr/bin/containerd",
		.threads = 20,
		.ns_depth = 1,
		.vpid = 3473,
	};
	facts->list =
		reallocarray(facts->list, facts->n + 1, sizeof(*facts->list));
	ck_assert(facts->list != NULL);
	memmove(facts->list + 1, facts->list, facts->n * sizeof(*facts->list));
	facts->list[0] = root;
	facts->n++;
}

static glob_t logs;

static void try_ways(const char *path, bool lean)
{
	const char *one = getenv("CONTREE_SEED");
	struct facts facts = { 0 };
	struct told told = { 0 };
	struct finals want, got;
	char *dir = strdup(path);

	*strrchr(dir, '/') = '\0';
	ck_assert(!facts_read(&facts, path));
	ck_assert_msg(!told_read(&told, dir), "%s: no truth", dir);
	ck_assert(told.n > 20);
	find_root(&facts, &told);
	run(&want, &facts, &told, &(struct way){ 0, 0, lean });
	check_all(&told, &want);
	for (uint64_t seed = one ? strtoull(one, NULL, 10) : 1; seed <= SEEDS;
	     seed++) {
		run(&got, &facts, &told, &(struct way){ seed, 5000, lean });
		finals_compare(&want, &got, path, seed);
		finals_free(&got);
	}
	finals_free(&want);
	facts_free(&facts);
	told_free(&told);
	free(dir);
}

START_TEST(all_records)
{
	try_ways(logs.gl_pathv[_i], false);
}
END_TEST

START_TEST(lean_records)
{
	try_ways(logs.gl_pathv[_i], true);
}
END_TEST

int main(void)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	Suite *suite = suite_create("witness");
	TCase *tcase = tcase_create("captures");
	char pattern[4096];
	SRunner *runner;
	int failed;

	snprintf(pattern, sizeof(pattern), "%s/tests/captures/*/audit.log",
		 srcdir);
	if (glob(pattern, 0, NULL, &logs) || !logs.gl_pathc) {
		fprintf(stderr, "check_witness: no captures at %s\n", pattern);
		return 1;
	}
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, all_records, 0, (int)logs.gl_pathc);
	tcase_add_loop_test(tcase, lean_records, 0, (int)logs.gl_pathc);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&logs);
	return failed ? 1 : 0;
}
