/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of a log: which links to one are followed, what is made, and
 * that a log stays where it was opened until it is opened by its name again.
 */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "logdir.h"
#include "logfile.h"
#include "replace.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char dir[64];
static char path[128];	/* dir/log/x.log */

static void setup(void)
{
	strcpy(dir, "/tmp/check_logdir.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert(!chdir(dir));
	snprintf(path, sizeof(path), "%s/log/x.log", dir);
}

static void shell(const char *command)
{
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void teardown(void)
{
	char command[128];

	ck_assert(!chdir("/"));
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	shell(command);
}

/* Whether two names are of the same directory. */
static bool is_same(int fd, const char *name)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(name, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static const struct {
	const char *name;
	const char *make;
	bool by_root;		/* only root can make it so */
	const char *where;	/* what is opened; NULL: nothing is */
	const char *text;	/* … then the error says */
} cases[] = {
	{ "there", "mkdir log", false, "log", NULL },
	{ "made", "true", false, "log", NULL },
	{ "own link", "mkdir far && ln -s far log", false, "far", NULL },
	{ "own link, absolute", "mkdir far && ln -s $PWD/far log", false, "far",
	  NULL },
	{ "own link out of here", "mkdir -p a/far && ln -s a/../a/far log",
	  false, "a/far", NULL },
	{ "own link to own link", "mkdir far && ln -s far b && ln -s b log",
	  false, "far", NULL },
	{ "own link to nothing", "ln -s far log", false, NULL,
	  "log: a symbolic link: No such file" },
	{ "own link to a file", "touch far && ln -s far log", false, NULL,
	  "log: a symbolic link: Not a directory" },
	{ "own link to itself", "ln -s log log", false, NULL,
	  "log: a symbolic link: Too many levels" },
	{ "another's link", "mkdir far && ln -s far log && chown -h 12345 log",
	  true, NULL, "log: a symbolic link of user 12345's" },
	{ "file", "touch log", false, NULL, "log: open: Not a directory" },
	{ "fifo", "mkfifo log", false, NULL, "log: open: Not a directory" },
};

START_TEST(test_open)
{
	const char *name = cases[_i].name;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };

	if (cases[_i].by_root && geteuid())
		return;
	shell(cases[_i].make);
	fd = logdir_open(path, getegid(), &err);
	if (cases[_i].where)
		ck_assert_msg(fd >= 0 && is_same(fd, cases[_i].where), "%s: %s",
			      name, err.text);
	else
		ck_assert_msg(fd < 0 && strstr(err.text, cases[_i].text),
			      "%s: %s", name, err.text);
}
END_TEST

static const struct {
	const char *path, *where;
} names[] = {
	{ "/x.log", "/" },	{ "/tmp/x.log", "/tmp" }, { "x.log", "." },
	{ "log/x.log", "log" }, { "./log/x.log", "log" },
};

START_TEST(test_names)
{
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };

	fd = logdir_open(names[_i].path, getegid(), &err);
	ck_assert_msg(fd >= 0 && is_same(fd, names[_i].where), "%s: %s",
		      names[_i].path, err.text);
	ck_assert_str_eq(logdir_name(names[_i].path), "x.log");
}
END_TEST

START_TEST(test_made)
{
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	mode_t old = umask(077);
	struct stat st;

	fd = logdir_open(path, geteuid() ? getegid() : 54321, &err);
	umask(old);
	ck_assert_msg(fd >= 0 && !fstat(fd, &st), "%s", err.text);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0750);
	ck_assert_uint_eq(st.st_gid, geteuid() ? getegid() : 54321);
	/* one level, and no more */
	shell("rmdir log");
	ck_assert_int_eq(logdir_open("no/log/x.log", getegid(), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

/* --- what is done there */

static void hear(void *ctx, const struct logfile_news *news)
{
	(void)ctx;
	ck_abort_msg("%s: %s", news->path, news->err ? news->err->text : "");
}

static struct logfile *new_log(uint64_t size)
{
	struct logfile_options options = {
		.gid = getegid(),
		.size_bytes = size,
		.generations = 3,
	};

	return logfile_new(path, &options, hear, NULL);
}

static void write_text(struct logfile *lf, const char *text)
{
	logfile_write(lf, text, strlen(text), 0);
}

/* has FILE TEXT */
static void has(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *f = fopen(name, "re");
	char found[64] = "";

	ck_assert_msg(f != NULL, "%s: none", name);
	found[fread(found, 1, sizeof(found) - 1, f)] = '\0';
	ck_assert_msg(!strcmp(found, text), "%s: %s", name, found);
}

/* A directory that is a link is as good as another. */
START_TEST(test_linked)
{
	struct logfile *lf = new_log(3);

	shell("mkdir far && ln -s far log");
	write_text(lf, "00\n01\n");
	has("far/x.log", "01\n");
	has("far/x.log.1", "00\n");
	shell("mv far/x.log far/moved");
	logfile_reopen(lf, 0);
	write_text(lf, "02\n");
	has("far/x.log", "02\n");
	logfile_free(lf);
}
END_TEST

/* Rotation does not look for the directory; opening by name does. */
START_TEST(test_moved)
{
	struct logfile *lf = new_log(3);

	write_text(lf, "00\n");
	shell("mv log away && mkdir log");
	write_text(lf, "01\n02\n");
	has("away/x.log.2", "00\n");
	has("away/x.log.1", "01\n");
	has("away/x.log", "02\n");
	shell("test -z \"$(ls log)\"");
	logfile_reopen(lf, 0);
	write_text(lf, "03\n04\n");
	has("log/x.log.1", "03\n");
	has("log/x.log", "04\n");
	has("away/x.log", "02\n");
	logfile_free(lf);
}
END_TEST

/* The link is another's by now: it is no longer gone by. */
START_TEST(test_turned)
{
	struct logfile *lf = new_log(3);

	shell("mkdir far evil && ln -s far log");
	write_text(lf, "00\n");
	shell("ln -sfn evil log");
	write_text(lf, "01\n");
	has("far/x.log", "01\n");
	shell("test -z \"$(ls evil)\"");
	logfile_free(lf);
}
END_TEST

static int replace(struct logfile *lf, const char *text, struct err *err)
{
	return logfile_anew(lf, err) ||
			       logfile_anew_put(lf, text, strlen(text), err) ||
			       logfile_anew_end(lf, 0, err) ?
		       -1 :
		       0;
}

/* What replaces the file is where the file was, and so is what follows. */
START_TEST(test_replaced)
{
	struct logfile *lf = new_log(0);
	struct err err = { 0 };

	write_text(lf, "old\n");
	shell("mv log away && mkdir log");
	ck_assert_msg(!replace(lf, "new\n", &err), "%s", err.text);
	write_text(lf, "more\n");
	has("away/x.log", "new\nmore\n");
	shell("test -z \"$(ls log)\" && test \"$(ls away)\" = x.log");
	logfile_free(lf);
}
END_TEST

/* Until it takes the place of the file, it is none. */
START_TEST(test_dropped)
{
	struct logfile *lf = new_log(0);
	struct err err = { 0 };

	write_text(lf, "old\n");
	ck_assert(!logfile_anew(lf, &err));
	ck_assert(!logfile_anew_put(lf, "one\n", 4, &err));
	write_text(lf, "more\n");
	has("log/x.log", "old\nmore\n");
	ck_assert(!logfile_anew(lf, &err));
	ck_assert(!logfile_anew_put(lf, "two\n", 4, &err));
	has("log/x.log.new", "two\n");
	logfile_anew_drop(lf);
	shell("test ! -e log/x.log.new");
	has("log/x.log", "old\nmore\n");
	logfile_free(lf);
}
END_TEST

/* A directory that was removed is made anew; the file need not be there. */
START_TEST(test_replaced_anew)
{
	struct logfile *lf = new_log(0);
	struct err err = { 0 };

	ck_assert_msg(!replace(lf, "first\n", &err), "%s", err.text);
	has("log/x.log", "first\n");
	shell("rm log/x.log");
	ck_assert_msg(!replace(lf, "second\n", &err), "%s", err.text);
	has("log/x.log", "second\n");
	shell("rm -r log");
	ck_assert_msg(!replace(lf, "third\n", &err), "%s", err.text);
	write_text(lf, "more\n");
	has("log/x.log", "third\nmore\n");
	logfile_free(lf);
}
END_TEST

START_TEST(test_not_replaced)
{
	struct logfile *lf = new_log(0);
	struct err err = { 0 };

	write_text(lf, "old\n");
	shell("mkdir log/x.log.new");
	ck_assert_int_eq(replace(lf, "new\n", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "x.log.new: Is a directory"));
	write_text(lf, "more\n");
	has("log/x.log", "old\nmore\n");
	/* and no link is followed */
	shell("rmdir log/x.log.new && echo me >other && "
	      "ln -s ../other log/x.log.new");
	ck_assert_int_eq(replace(lf, "new\n", &err), -1);
	has("other", "me\n");
	logfile_free(lf);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("logdir");
	TCase *t = tcase_create("logdir");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_open, 0, COUNT(cases));
	tcase_add_loop_test(t, test_names, 0, COUNT(names));
	tcase_add_test(t, test_made);
	tcase_add_test(t, test_linked);
	tcase_add_test(t, test_moved);
	tcase_add_test(t, test_turned);
	tcase_add_test(t, test_replaced);
	tcase_add_test(t, test_dropped);
	tcase_add_test(t, test_replaced_anew);
	tcase_add_test(t, test_not_replaced);
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
