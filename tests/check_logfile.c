/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log file: what it refuses to be, who may read it, rotation, reopening
 * and above all that a full disk tears no line.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "logfile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SOME_GID 54321	/* root can give a file to any */

static char dir[64];
static char path[128];	/* dir/log/x.log */

/* What the log told. */
struct heard {
	unsigned int count[5];	/* by event */
	uint64_t lost;
	char text[512];
};

static void hear(void *ctx, const struct logfile_news *news)
{
	struct heard *h = ctx;

	h->count[news->event]++;
	h->lost += news->lost;
	if (news->err)
		snprintf(h->text, sizeof(h->text), "%s", news->err->text);
}

/* fmt is out of this file's own tables. */
static void shell(const char *fmt, const char *arg)
{
	char command[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), fmt, arg);
#pragma GCC diagnostic pop
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void setup(void)
{
	strcpy(dir, "/tmp/check_logfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log/x.log", dir);
}

static void teardown(void)
{
	shell("rm -rf %s", dir);
}

static gid_t some_gid(void)
{
	return geteuid() ? getegid() : SOME_GID;
}

static struct logfile *new_log(struct heard *h, uint64_t size,
			       unsigned int generations)
{
	struct logfile_options options = { some_gid(), size, generations,
					   false };

	memset(h, 0, sizeof(*h));
	return logfile_new(path, &options, hear, h);
}

static void write_text(struct logfile *lf, const char *text, uint64_t now_ms)
{
	logfile_write(lf, text, strlen(text), now_ms);
}

/* The file's content as a string; "(none)" if it is not there. */
static const char *content(const char *name)
{
	static char data[65536];
	_cleanup_fclose_ FILE *f = fopen(name, "r");
	size_t n;

	if (!f)
		return "(none)";
	n = fread(data, 1, sizeof(data) - 1, f);
	data[n] = '\0';
	return data;
}

static const char *generation(unsigned int n)
{
	static char name[160];

	if (!n)
		return path;
	snprintf(name, sizeof(name), "%s.%u", path, n);
	return name;
}

static void put_file(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
}

START_TEST(test_modes)
{
	struct heard h;
	struct logfile *lf;
	struct stat st;
	mode_t old = umask((mode_t)(_i ? 077 : 0));

	lf = new_log(&h, 0, 0);
	logfile_reopen(lf, 0);
	umask(old);
	ck_assert_msg(!stat(path, &st), "%s", h.text);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_gid, some_gid());
	ck_assert_uint_eq(st.st_uid, geteuid());
	shell("test $(stat -c %%a %s/log) = 750", dir);
	/* a file that is there is put right, a directory is left alone */
	shell("chmod 0666 %s", path);
	shell("chmod 0700 %s/log", dir);
	logfile_reopen(lf, 0);
	ck_assert(!stat(path, &st));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	shell("test $(stat -c %%a %s/log) = 700", dir);
	logfile_free(lf);
}
END_TEST

static const struct {
	const char *name;
	const char *make;	/* with the directory for %s; */
	const char *unmake;
	const char *text;	/* what the error says */
} refused[] = {
	{ "link to a file",
	  "cd %s && echo me >other && mkdir log && ln -s ../other log/x.log",
	  "rm %s/log/x.log", "symbolic link" },
	{ "link to nothing",
	  "cd %s && echo me >other && mkdir log && ln -s ../no log/x.log",
	  "rm %s/log/x.log", "symbolic link" },
	{ "directory is a file", "cd %s && echo me >other && cp other log",
	  "rm %s/log", "Not a directory" },
	{ "hard link",
	  "cd %s && echo me >other && mkdir log && ln other log/x.log",
	  "rm %s/log/x.log", "hard link" },
	{ "fifo", "cd %s && echo me >other && mkdir log && mkfifo log/x.log",
	  "rm %s/log/x.log", "no regular file" },
	{ "directory", "cd %s && echo me >other && mkdir -p log/x.log",
	  "rmdir %s/log/x.log", "Is a directory" },
};

START_TEST(test_refused)
{
	const char *name = refused[_i].name;
	char other[160];
	struct heard h;
	struct logfile *lf;

	shell(refused[_i].make, dir);
	lf = new_log(&h, 0, 0);
	logfile_reopen(lf, 0);
	ck_assert_msg(strstr(h.text, refused[_i].text), "%s: %s", name, h.text);
	write_text(lf, "a\nb\n", 10);
	write_text(lf, "c\n", 5000);
	ck_assert_msg(h.count[LOGFILE_FAILS] == 1, "%s: told %u times", name,
		      h.count[LOGFILE_FAILS]);
	snprintf(other, sizeof(other), "%s/other", dir);
	ck_assert_msg(!strcmp(content(other), "me\n"), "%s: written to", name);
	shell(refused[_i].unmake, dir);
	write_text(lf, "d\n", 5999);
	ck_assert_msg(!h.count[LOGFILE_WORKS], "%s: too soon", name);
	write_text(lf, "e\n", 6000);
	ck_assert_msg(h.count[LOGFILE_WORKS] == 1, "%s: %s", name, h.text);
	ck_assert_msg(h.lost == 4, "%s: %u lost", name, (unsigned int)h.lost);
	ck_assert_str_eq(content(path), "e\n");
	logfile_free(lf);
	ck_assert_uint_eq(h.count[LOGFILE_ENDS], 0);
}
END_TEST

START_TEST(test_ends_failing)
{
	struct heard h;
	struct logfile *lf;

	shell("mkdir -p %s/log/x.log", dir);
	lf = new_log(&h, 0, 0);
	write_text(lf, "a\nb\n", 0);
	logfile_free(lf);
	ck_assert_uint_eq(h.count[LOGFILE_FAILS], 1);
	ck_assert_uint_eq(h.count[LOGFILE_ENDS], 1);
	ck_assert_uint_eq(h.lost, 2);
}
END_TEST

/* What a killed writer left at the end, and what is made of it. */
static const struct {
	const char *name;
	const char *before;
	size_t more;	/* so many x behind it */
	const char *after;
} tails[] = {
	{ "empty", "", 0, "" },
	{ "whole", "a\nb\n", 0, "a\nb\n" },
	{ "torn", "a\nbc", 0, "a\n" },
	{ "only a torn line", "abc", 0, "" },
	{ "long torn line", "a\n", 4094, "a\n" },
	{ "longer than a block", "a\n", 4095, "a\n" },
	{ "newline at a block's end", "a\n", 4096, "a\n" },
	{ "very long", "a\nb\n", 30000, "a\nb\n" },
	{ "very long, nothing else", "", 30000, "" },
};

START_TEST(test_tails)
{
	char expected[64];
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 0);
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t i;

	buf_puts(&b, tails[_i].before);
	for (i = 0; i < tails[_i].more; i++)
		buf_putc(&b, 'x');
	buf_putc(&b, '\0');
	shell("mkdir %s/log", dir);
	put_file(path, b.data);
	write_text(lf, "new\n", 0);
	snprintf(expected, sizeof(expected), "%snew\n", tails[_i].after);
	ck_assert_msg(!strcmp(content(path), expected), "%s", tails[_i].name);
	logfile_free(lf);
}
END_TEST

/* Lines "00\n", "01\n", …, and what is in NAME, NAME.1, NAME.2, NAME.3. */
static const struct {
	const char *name;
	uint64_t size;
	unsigned int generations;
	unsigned int lines;
	unsigned int batch;	/* so many in a write */
	const char *files[4];
} rotations[] = {
	{ "never", 0, 3, 4, 1, { "00 01 02 03 ", "(none)" } },
	{ "exactly full", 6, 3, 2, 1, { "00 01 ", "(none)" } },
	{ "one more", 6, 3, 3, 1, { "02 ", "00 01 ", "(none)" } },
	{ "not exact", 7, 3, 5, 1, { "04 ", "02 03 ", "00 01 ", "(none)" } },
	{ "last falls off", 3, 2, 5, 1, { "04 ", "03 ", "02 ", "(none)" } },
	{ "one kept", 6, 1, 5, 1, { "04 ", "02 03 ", "(none)" } },
	{ "none kept", 6, 0, 5, 1, { "04 ", "(none)" } },
	{ "in one write", 6, 3, 7, 7, { "06 ", "04 05 ", "02 03 ", "00 01 " } },
	{ "in odd writes", 6, 3, 7, 3, { "06 ", "04 05 ", "02 03 ", "00 01 " } },
	{ "line over the size", 2, 3, 3, 3, { "02 ", "01 ", "00 ", "(none)" } },
};

START_TEST(test_rotations)
{
	struct heard h;
	struct logfile *lf =
		new_log(&h, rotations[_i].size, rotations[_i].generations);
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned int i;

	for (i = 0; i < rotations[_i].lines; i++) {
		buf_printf(&b, "%02u\n", i);
		if ((i + 1) % rotations[_i].batch == 0 ||
		    i + 1 == rotations[_i].lines) {
			logfile_write(lf, b.data, b.len, 0);
			buf_clear(&b);
		}
	}
	for (i = 0; i < 4 && rotations[_i].files[i]; i++) {
		char found[256], *p;

		snprintf(found, sizeof(found), "%.255s",
			 content(generation(i)));
		for (p = found; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		ck_assert_msg(!strcmp(found, rotations[_i].files[i]),
			      "%s: generation %u is \"%s\"", rotations[_i].name,
			      i, found);
	}
	logfile_free(lf);
	ck_assert_msg(!*h.text, "%s: %s", rotations[_i].name, h.text);
}
END_TEST

START_TEST(test_gap)
{
	struct heard h;
	struct logfile *lf = new_log(&h, 3, 9);

	write_text(lf, "00\n01\n02\n", 0);
	ck_assert(!unlink(generation(1)));
	write_text(lf, "03\n", 0);
	ck_assert_str_eq(content(generation(1)), "02\n");
	ck_assert_str_eq(content(generation(2)), "00\n");
	ck_assert_str_eq(content(generation(3)), "(none)");
	logfile_free(lf);
}
END_TEST

START_TEST(test_stuck)
{
	struct heard h;
	struct logfile *lf = new_log(&h, 3, 1);

	shell("mkdir -p %s/log/x.log.1/y", dir);
	write_text(lf, "00\n", 0);
	write_text(lf, "01\n", 1);
	write_text(lf, "02\n", 20000);
	ck_assert_uint_eq(h.count[LOGFILE_STUCK], 1);
	ck_assert_str_eq(content(path), "00\n01\n02\n");
	shell("rm -r %s/log/x.log.1", dir);
	write_text(lf, "03\n", 29999);
	ck_assert_uint_eq(h.count[LOGFILE_UNSTUCK], 0);
	write_text(lf, "04\n", 30000);
	ck_assert_uint_eq(h.count[LOGFILE_UNSTUCK], 1);
	ck_assert_uint_eq(h.count[LOGFILE_FAILS], 0);
	ck_assert_str_eq(content(generation(1)), "00\n01\n02\n03\n");
	ck_assert_str_eq(content(path), "04\n");
	logfile_free(lf);
}
END_TEST

/* What others do to the file while it is open. */
static const struct {
	const char *name;
	const char *act;	/* in the log's directory */
	bool reopen;
	const char *log, *older;	/* after "a" before and "b" behind it */
} hands[] = {
	{ "nothing", "true", true, "a\nb\n", "(none)" },
	{ "renamed, reopened", "mv x.log x.log.1", true, "b\n", "a\n" },
	{ "renamed, not yet reopened", "mv x.log x.log.1", false, "(none)",
	  "a\nb\n" },
	{ "renamed and made", "mv x.log x.log.1; touch x.log", true, "b\n",
	  "a\n" },
	{ "removed", "rm x.log", false, "b\n", "(none)" },
	{ "copied and cut", "cp x.log x.log.1; truncate -s 0 x.log", false,
	  "b\n", "a\n" },
	{ "directory removed", "rm -r ../log", true, "b\n", "(none)" },
	{ "directory removed, not yet reopened", "rm -r ../log", false, "b\n",
	  "(none)" },
};

START_TEST(test_hands)
{
	const char *name = hands[_i].name;
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);
	char command[256];

	write_text(lf, "a\n", 0);
	snprintf(command, sizeof(command), "cd %%s/log && (%s)", hands[_i].act);
	shell(command, dir);
	if (hands[_i].reopen)
		logfile_reopen(lf, 0);
	write_text(lf, "b\n", 0);
	ck_assert_msg(!strcmp(content(path), hands[_i].log), "%s: log: %s",
		      name, content(path));
	ck_assert_msg(!strcmp(content(generation(1)), hands[_i].older),
		      "%s: older", name);
	ck_assert_msg(!*h.text, "%s: %s", name, h.text);
	logfile_free(lf);
}
END_TEST

/* A log that cannot be reopened goes on where it was, and loses nothing. */
START_TEST(test_reopen_fails)
{
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);

	write_text(lf, "a\n", 0);
	shell("cd %s/log && mv x.log old && mkdir x.log", dir);
	logfile_reopen(lf, 0);
	write_text(lf, "b\n", 0);
	ck_assert_uint_eq(h.count[LOGFILE_STUCK], 1);
	shell("cd %s/log && rmdir x.log", dir);
	write_text(lf, "c\n", 9999);
	write_text(lf, "d\n", 10000);
	ck_assert_uint_eq(h.count[LOGFILE_UNSTUCK], 1);
	ck_assert_uint_eq(h.count[LOGFILE_FAILS], 0);
	ck_assert_str_eq(content(path), "d\n");
	shell("cd %s/log && test \"$(echo $(cat old))\" = 'a b c'", dir);
	logfile_free(lf);
}
END_TEST

/* Where a removed log cannot be made anew, lines go nowhere, and are lost. */
START_TEST(test_in_place)
{
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);

	write_text(lf, "a\n", 0);
	shell("cd %s && rm -r log && touch log", dir);
	write_text(lf, "b\n", 0);
	write_text(lf, "c\n", 999);
	ck_assert_uint_eq(h.count[LOGFILE_FAILS], 1);
	ck_assert_uint_eq(h.count[LOGFILE_STUCK], 0);
	shell("rm %s/log", dir);
	write_text(lf, "d\n", 1000);
	ck_assert_uint_eq(h.count[LOGFILE_WORKS], 1);
	ck_assert_uint_eq(h.lost, 2);
	ck_assert_str_eq(content(path), "d\n");
	logfile_free(lf);
}
END_TEST

static void *remove_once(void *done)
{
	char log_dir[80];

	snprintf(log_dir, sizeof(log_dir), "%s/log", dir);
	unlink(path);
	rmdir(log_dir);
	atomic_store((atomic_bool *)done, true);
	return NULL;
}

/* Whenever it is that the directory is removed, it is made anew at once. */
START_TEST(test_removed)
{
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);

	for (int round = 0; round < 1000; round++) {
		atomic_bool done = false;
		pthread_t thread;

		ck_assert(!pthread_create(&thread, NULL, remove_once, &done));
		while (!atomic_load(&done))
			write_text(lf, "a\n", 0);
		pthread_join(thread, NULL);
		write_text(lf, "b\n", 0);
		ck_assert_msg(!h.count[LOGFILE_FAILS], "%s", h.text);
		ck_assert_ptr_nonnull(strstr(content(path), "b\n"));
	}
	logfile_free(lf);
}
END_TEST

/* A log that fails is looked for by its name: here is a better disk by now. */
START_TEST(test_other_disk)
{
	struct rlimit was, none = { 0, 0 };
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);

	ck_assert(!getrlimit(RLIMIT_FSIZE, &was));
	none.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	write_text(lf, "a\n", 0);
	ck_assert(!setrlimit(RLIMIT_FSIZE, &none));
	write_text(lf, "b\n", 0);
	ck_assert(!setrlimit(RLIMIT_FSIZE, &was));
	shell("cd %s && mv log old", dir);
	write_text(lf, "c\n", 1000);
	ck_assert_uint_eq(h.count[LOGFILE_WORKS], 1);
	ck_assert_uint_eq(h.lost, 1);
	ck_assert_str_eq(content(path), "c\n");
	logfile_free(lf);
}
END_TEST

/* One whose beginning is another's to write is not begun in its middle. */
START_TEST(test_whole)
{
	struct logfile_options options = { .gid = some_gid(), .whole = true };
	struct heard h = { { 0 }, 0, "" };
	struct logfile *lf = logfile_new(path, &options, hear, &h);

	write_text(lf, "head\na\n", 0);
	ck_assert(!unlink(path));
	write_text(lf, "b\n", 0);
	ck_assert_uint_eq(h.count[LOGFILE_FAILS], 1);
	ck_assert_str_eq(content(path), "(none)");
	shell("cp /dev/null %s", path);
	write_text(lf, "c\n", 1000);
	ck_assert_uint_eq(h.lost, 1);
	ck_assert_str_eq(content(path), "c\n");
	logfile_free(lf);
}
END_TEST

/* A write that goes in only in part: by a limit, so without root. */
static const struct {
	const char *name;
	rlim_t limit;	/* bytes of file that there is room for */
	const char *kept;
} limits[] = {
	{ "at a line's end", 6, "one\n" },
	{ "in the first line", 2, "" },
	{ "before its newline", 3, "" },
	{ "just one line", 4, "one\n" },
	{ "in the last line", 13, "one\ntwo\n" },
	{ "no room at all", 0, "" },
};

static void limit_file(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	ck_assert(!setrlimit(RLIMIT_FSIZE, &limit));
}

START_TEST(test_limits)
{
	const char *name = limits[_i].name;
	struct heard h;
	struct logfile *lf = new_log(&h, 0, 3);
	char after[64];
	uint64_t kept = 0;
	const char *p;

	for (p = limits[_i].kept; *p; p++)
		kept += *p == '\n';
	signal(SIGXFSZ, SIG_IGN);
	logfile_reopen(lf, 0);
	limit_file(limits[_i].limit);
	write_text(lf, "one\ntwo\nthree\n", 0);
	write_text(lf, "four\n", 999);
	limit_file(RLIM_INFINITY);
	ck_assert_msg(!strcmp(content(path), limits[_i].kept), "%s: \"%s\"",
		      name, content(path));
	ck_assert_msg(h.count[LOGFILE_FAILS] == 1, "%s", name);
	write_text(lf, "five\n", 1000);
	ck_assert_msg(h.count[LOGFILE_WORKS] == 1, "%s", name);
	ck_assert_msg(h.lost == 4 - kept, "%s: %u lost", name,
		      (unsigned int)h.lost);
	snprintf(after, sizeof(after), "%sfive\n", limits[_i].kept);
	ck_assert_msg(!strcmp(content(path), after), "%s: after", name);
	logfile_free(lf);
}
END_TEST

static bool mount_small(void)
{
	if (!mount("tmpfs", dir, "tmpfs", 0, "size=64k"))
		return true;
	printf("SKIP disk_full: no tmpfs can be mounted: %s\n",
	       strerror(errno));
	return false;
}

/* Lines are "NNNNNN xxx…\n", of any length: whole, in order. */
static unsigned int check_lines(void)
{
	_cleanup_fclose_ FILE *f = fopen(path, "r");
	unsigned int n = 0, number, last = 0;
	char line[256];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(line);

		ck_assert_msg(sscanf(line, "%06u", &number) == 1, "%s", line);
		ck_assert_msg(!n || number > last, "%u after %u", number, last);
		ck_assert_msg(len == 8 + number % 97 && line[len - 1] == '\n',
			      "torn: %s", line);
		last = number;
		n++;
	}
	return n;
}

START_TEST(test_disk_full)
{
	static const char filler[97] = { [0 ... 96] = 'x' };
	_cleanup_buf_ struct buf b = BUF_INIT;
	char ballast[160];
	struct heard h;
	struct logfile *lf;
	unsigned int i;

	if (!mount_small())
		return;
	snprintf(ballast, sizeof(ballast), "%s/ballast", dir);
	shell("head -c 20000 /dev/zero >%s", ballast);
	lf = new_log(&h, 0, 3);
	for (i = 0; i < 2000; i++) {
		buf_printf(&b, "%06u ", i);
		buf_put(&b, filler, i % 97);
		buf_putc(&b, '\n');
		if (i % 7 == 0 || i == 1999) {
			logfile_write(lf, b.data, b.len, i);
			buf_clear(&b);
		}
		if (i == 1000) {
			ck_assert_uint_eq(h.count[LOGFILE_FAILS], 1);
			check_lines();
			ck_assert(!unlink(ballast));
		}
	}
	ck_assert_uint_eq(h.count[LOGFILE_WORKS], 1);
	logfile_free(lf);
	ck_assert_uint_eq(check_lines() + h.lost, 2000);
	ck_assert(!umount(dir));
}
END_TEST

/* Paths that name no file. */
START_TEST(test_no_file)
{
	static const char *const paths[] = { "/", "/tmp/", "/tmp/.", "/tmp/..",
					     "/proc/no/x" };
	size_t i;

	for (i = 0; i < COUNT(paths); i++) {
		struct logfile_options options = { .gid = getegid() };
		struct heard h = { { 0 }, 0, "" };
		struct logfile *lf = logfile_new(paths[i], &options, hear, &h);

		write_text(lf, "a\n", 0);
		ck_assert_msg(h.count[LOGFILE_FAILS] == 1, "%s", paths[i]);
		logfile_free(lf);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("logfile");
	TCase *t = tcase_create("logfile");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_modes, 0, 2);
	tcase_add_loop_test(t, test_refused, 0, COUNT(refused));
	tcase_add_test(t, test_ends_failing);
	tcase_add_loop_test(t, test_tails, 0, COUNT(tails));
	tcase_add_loop_test(t, test_rotations, 0, COUNT(rotations));
	tcase_add_test(t, test_gap);
	tcase_add_test(t, test_stuck);
	tcase_add_test(t, test_in_place);
	tcase_add_test(t, test_removed);
	tcase_add_test(t, test_other_disk);
	tcase_add_test(t, test_whole);
	tcase_add_loop_test(t, test_hands, 0, COUNT(hands));
	tcase_add_test(t, test_reopen_fails);
	tcase_add_loop_test(t, test_limits, 0, COUNT(limits));
	tcase_add_test(t, test_disk_full);
	tcase_add_test(t, test_no_file);
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
