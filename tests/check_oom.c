/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills for memory, counted in a directory that stands in for the kernel's
 * cgroups: each test has a mount namespace of its own, with files of its own
 * at /sys. Where that is not allowed, there is nothing to test.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "oom.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ms, by a clock that never goes back */
#define NOW UINT64_C(5000000)

#define SKIPPED 77 /* automake's */

#define V2 "/sys/fs/cgroup"
#define V1 "/sys/fs/cgroup/memory"

static int say_to(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* One who is not root becomes it in a namespace: files must be somebody's. */
static int become_root(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned int)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned int)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	    say_to("/proc/self/setgroups", "deny") ||
	    say_to("/proc/self/uid_map", uids))
		return -1;
	return say_to("/proc/self/gid_map", gids);
}

/* Returns 0, or -1 with errno. */
static int enter(void)
{
	if (geteuid() ? become_root() : unshare(CLONE_NEWNS))
		return -1;
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("files", "/sys", "tmpfs", 0, NULL);
}

/* Why it cannot be tried, or 0. */
static int try_to_enter(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(enter() ? errno : 0);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void make_dirs(const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s", path);
	for (char *slash = strchr(name + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(!mkdir(name, 0755) || errno == EEXIST);
		*slash = '/';
	}
}

static void put(const char *path, const char *text)
{
	_cleanup_close_ int fd = -1;

	make_dirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* As the kernel writes them, memory_events_show() in mm/memcontrol.c. */
static void put_v2(const char *cgroup, unsigned int kills)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), V2 "%s/memory.events", cgroup);
	snprintf(text, sizeof(text),
		 "low 0\nhigh 9\nmax 77\noom 5\noom_kill %u\n"
		 "oom_group_kill 8\n",
		 kills);
	put(path, text);
}

/* … and mem_cgroup_oom_control_read() */
static void put_v1(const char *cgroup, unsigned int kills)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), V1 "%s/memory.oom_control", cgroup);
	snprintf(text, sizeof(text),
		 "oom_kill_disable 1\nunder_oom 3\noom_kill %u\n", kills);
	put(path, text);
}

static void setup(void)
{
	ck_assert_int_eq(enter(), 0);
}

/* A count, by a number in each version's file; keys are any address. */
static int c1, c2, c3;

static const struct {
	const char *name;
	void (*put)(const char *cgroup, unsigned int kills);
	const char *cgroup, *memory_cgroup;
} versions[] = {
	{ "unified", put_v2, "/a/b", "" },
	{ "unified, at its root", put_v2, "/", "" },
	{ "unified, though memory's has a path", put_v2, "/a/b", "/x" },
	{ "memory's own", put_v1, "", "/a/b" },
	{ "memory's own, in a hybrid", put_v1, "/a/c", "/a/b" },
};

/* As many as the count has risen by, each for as often as it is asked. */
START_TEST(test_count)
{
	const char *name = versions[_i].name;
	const char *at = *versions[_i].memory_cgroup &&
					 versions[_i].put == put_v1 ?
				 versions[_i].memory_cgroup :
				 versions[_i].cgroup;
	struct oom *o = oom_new(kmsg_new(-1));

	versions[_i].put(at, 4);
	oom_watch(o, &c1, versions[_i].cgroup, versions[_i].memory_cgroup);
	ck_assert_msg(!oom_killed(o, &c1, 100, NOW), "%s", name);
	versions[_i].put(at, 5);
	ck_assert_msg(oom_killed(o, &c1, 101, NOW), "%s", name);
	ck_assert_msg(oom_killed(o, &c1, 101, NOW), "%s", name);
	/* not any more: it is another that has the pid */
	ck_assert_msg(!oom_killed(o, &c1, 101, NOW + 1000), "%s", name);
	ck_assert_msg(!oom_killed(o, &c1, 102, NOW), "%s", name);
	versions[_i].put(at, 7);
	ck_assert_msg(oom_killed(o, &c1, 103, NOW), "%s", name);
	ck_assert_msg(oom_killed(o, &c1, 103, NOW), "%s", name);
	ck_assert_msg(oom_killed(o, &c1, 104, NOW), "%s", name);
	ck_assert_msg(!oom_killed(o, &c1, 105, NOW), "%s", name);
	oom_free(o);
}
END_TEST

/* Each container has its own, as long as it is watched. */
START_TEST(test_several)
{
	struct oom *o = oom_new(kmsg_new(-1));

	put_v2("/a", 0);
	put_v2("/b", 7);
	oom_watch(o, &c1, "/a", "");
	oom_watch(o, &c2, "/b", "");
	put_v2("/a", 1);
	ck_assert(!oom_killed(o, &c3, 1, NOW));
	ck_assert(!oom_killed(o, &c2, 1, NOW));
	ck_assert(oom_killed(o, &c1, 1, NOW));
	put_v2("/b", 8);
	ck_assert(oom_killed(o, &c2, 2, NOW));
	oom_forget(o, &c1);
	put_v2("/a", 2);
	ck_assert(!oom_killed(o, &c1, 3, NOW));
	oom_forget(o, &c1);
	oom_forget(o, &c3);
	/* anew: what was before is not its own */
	oom_watch(o, &c1, "/a", "");
	ck_assert(!oom_killed(o, &c1, 3, NOW));
	put_v2("/a", 3);
	ck_assert(oom_killed(o, &c1, 3, NOW));
	/* and elsewhere */
	put_v2("/c", 3);
	oom_watch(o, &c1, "/c", "");
	put_v2("/a", 4);
	ck_assert(!oom_killed(o, &c1, 4, NOW));
	put_v2("/c", 4);
	ck_assert(oom_killed(o, &c1, 4, NOW));
	oom_free(o);
	oom_free(NULL);
}
END_TEST

/* The cgroup is removed before its last process was heard to end. */
START_TEST(test_removed)
{
	struct oom *o = oom_new(kmsg_new(-1));

	put_v2("/a", 0);
	oom_watch(o, &c1, "/a", "");
	put_v2("/a", 1);
	ck_assert(!unlink(V2 "/a/memory.events"));
	ck_assert(!rmdir(V2 "/a"));
	ck_assert(oom_killed(o, &c1, 1, NOW));
	ck_assert(!oom_killed(o, &c1, 2, NOW));
	oom_free(o);
}
END_TEST

static const struct {
	const char *name, *text;
	bool counts; /* and it is 3 */
} files[] = {
	{ "the count first", "oom_kill 3\nlow 0\n", true },
	{ "the count last", "low 0\noom_kill 3", true },
	{ "empty", "", false },
	{ "without it", "low 0\nhigh 0\nmax 0\noom 3\n", false },
	{ "another's name", "xoom_kill 3\noom_kill_disable 3\n", false },
	{ "no number", "oom_kill\n", false },
};

START_TEST(test_files)
{
	struct oom *o = oom_new(kmsg_new(-1));

	put(V2 "/a/memory.events", files[_i].text);
	oom_watch(o, &c1, "/a", "");
	put(V2 "/a/memory.events", "oom_kill 4\n");
	ck_assert_msg(oom_killed(o, &c1, 1, NOW) == files[_i].counts, "%s",
		      files[_i].name);
	ck_assert_msg(!oom_killed(o, &c1, 2, NOW), "%s", files[_i].name);
	oom_free(o);
}
END_TEST

/* Paths that lead elsewhere are not followed. */
START_TEST(test_paths)
{
	struct oom *o = oom_new(kmsg_new(-1));

	put_v2("/a", 0);
	put_v2("/d", 0);
	make_dirs(V2 "/d/x/");
	ck_assert(!mkdir(V2 "/f", 0755));
	ck_assert(!symlink("../a/memory.events", V2 "/f/memory.events"));
	ck_assert(!mkdir(V2 "/g", 0755));
	ck_assert(!mkfifo(V2 "/g/memory.events", 0600));
	oom_watch(o, &c1, "/d/../a", "");
	oom_watch(o, &c2, "/f", "");
	oom_watch(o, &c3, "/g", "");
	oom_watch(o, &o, "", "");
	oom_watch(o, &errno, "/nowhere", "/nowhere");
	put_v2("/a", 1);
	ck_assert(!oom_killed(o, &c1, 1, NOW));
	ck_assert(!oom_killed(o, &c2, 1, NOW));
	ck_assert(!oom_killed(o, &c3, 1, NOW));
	ck_assert(!oom_killed(o, &o, 1, NOW));
	ck_assert(!oom_killed(o, &errno, 1, NOW));
	oom_free(o);
}
END_TEST

static int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* The oldest goes; no file stays open. */
START_TEST(test_many)
{
	static char keys[2000];
	struct oom *o = oom_new(kmsg_new(-1));
	int before = lowest_fd();

	put_v2("/a", 0);
	for (size_t i = 0; i < COUNT(keys); i++)
		oom_watch(o, &keys[i], "/a", "");
	ck_assert_int_lt(lowest_fd(), 1024);
	put_v2("/a", 1);
	ck_assert(!oom_killed(o, &keys[0], 1, NOW));
	ck_assert(oom_killed(o, &keys[COUNT(keys) - 1], 1, NOW));
	ck_assert(oom_killed(o, &keys[COUNT(keys) - 100], 1, NOW));
	oom_free(o);
	ck_assert_int_eq(lowest_fd(), before);
}
END_TEST

/* Whoever starts may be killed before anybody looks at him. */
START_TEST(test_prepared)
{
	struct oom *o = oom_new(kmsg_new(-1));

	put_v2("/a", 0);
	oom_prepare(o, "id1", "/a", "");
	put_v2("/a", 1);
	oom_prepare(o, "id1", "/a", "");
	ck_assert(!oom_begin(o, &c2, "id2"));
	ck_assert(!oom_begin(o, &c2, ""));
	ck_assert(!oom_watches(o, &c1));
	ck_assert(oom_begin(o, &c1, "id1"));
	ck_assert(oom_watches(o, &c1));
	ck_assert_msg(!oom_begin(o, &c2, "id1"), "once");
	ck_assert(oom_killed(o, &c1, 1, NOW));
	ck_assert(!oom_killed(o, &c1, 2, NOW));
	/* many others since */
	oom_prepare(o, "id3", "/a", "");
	for (int i = 0; i < 16; i++) {
		char id[16];

		snprintf(id, sizeof(id), "x%d", i);
		oom_prepare(o, id, "/a", "");
	}
	ck_assert(!oom_begin(o, &c3, "id3"));
	ck_assert(oom_begin(o, &c3, "x0"));
	oom_prepare(o, "id4", "/nowhere", "/nowhere");
	ck_assert(!oom_begin(o, &c2, "id4"));
	oom_free(o);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("oom");
	TCase *t = tcase_create("oom");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, test_count, 0, (int)COUNT(versions));
	tcase_add_test(t, test_several);
	tcase_add_test(t, test_removed);
	tcase_add_loop_test(t, test_files, 0, (int)COUNT(files));
	tcase_add_test(t, test_paths);
	tcase_add_test(t, test_many);
	tcase_add_test(t, test_prepared);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner;
	int failed, code = try_to_enter();

	if (code) {
		printf("SKIP: no mount namespace to be had: %s\n",
		       strerror(code));
		return SKIPPED;
	}
	runner = srunner_create(suite());
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
