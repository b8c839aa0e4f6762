/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that cannot be read for now: a FIFO that nobody writes to stands for
 * the cmdline of a process that lets nobody at its memory.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patience.h"
#include "procfs.h"

static char path[64];
static int dir;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void setup(void)
{
	strcpy(path, "/tmp/check_patience.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	put("file", "some text");
	ck_assert(!mkfifoat(dir, "fifo", 0600));
}

static void teardown(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	ck_assert_int_eq(system(command), 0);
	close(dir);
}

/* Whoever is stuck finds an end. */
static void release(void)
{
	int fd = openat(dir, "fifo", O_WRONLY);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(test_read)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct patience *p = patience_new();

	buf_puts(&out, "> ");
	ck_assert_int_eq(patience_read(p, dir, "file", &out, 100), 0);
	ck_assert_int_eq(patience_read(p, dir, "file", &out, 4), 0);
	ck_assert_int_eq(patience_read(p, dir, "nothing", &out, 4), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(patience_read(p, -1, "file", &out, 4), -1);
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, "> some textsome");
	patience_free(p);
	patience_free(NULL);
}
END_TEST

START_TEST(test_stuck)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct patience *p = patience_new();
	int n = 0;

	while (patience_read(p, dir, "fifo", &out, 100) == -1 &&
	       errno == ETIMEDOUT && ++n < 100)
		;
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, 100);
	ck_assert_int_eq(patience_read(p, dir, "file", &out, 100), -1);
	ck_assert_int_eq(errno, EBUSY);
	release();
	while (patience_read(p, dir, "file", &out, 100))
		sched_yield();
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, "some text");
	patience_free(p);
}
END_TEST

/* Whoever is stuck when it is over has what it needs, and leaves nothing. */
START_TEST(test_over)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct patience *p = patience_new();

	ck_assert_int_eq(patience_read(p, dir, "fifo", &out, 100), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	patience_free(p);
	release();
}
END_TEST

/* The rest of such a process is known. */
START_TEST(test_process)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	struct patience *patience = patience_new();
	int fd;

	ck_assert(!mkdirat(dir, "42", 0700));
	ck_assert(!mkfifoat(dir, "42/cmdline", 0600));
	put("42/stat", "42 (sh) S 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 "
		       "3 0 102398 1 2\n");
	put("42/loginuid", "77");
	p.patience = patience;
	ck_assert_int_eq(procfs_read(&p, dir, 42,
				     PROCFS_STAT | PROCFS_ARGS | PROCFS_LOGIN,
				     1000),
			 0);
	ck_assert_str_eq(p.comm, "sh");
	ck_assert_int_eq(p.ppid, 7);
	ck_assert_uint_eq(p.auid, 77);
	ck_assert_uint_eq(p.args_count, 0);
	ck_assert_str_eq(p.args, "");
	ck_assert_ptr_eq(p.patience, patience);
	fd = openat(dir, "42/cmdline", O_WRONLY);
	ck_assert_int_ge(fd, 0);
	close(fd);
	patience_free(patience);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patience");
	TCase *tcase = tcase_create("patience");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_read);
	tcase_add_test(tcase, test_stuck);
	tcase_add_test(tcase, test_over);
	tcase_add_test(tcase, test_process);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
