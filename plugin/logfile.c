/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "generations.h"
#include "lines.h"
#include "logdir.h"
#include "replace.h"

_Static_assert(sizeof(off_t) == 8, "needs _FILE_OFFSET_BITS=64");

#define FILE_MODE 0640
#define FAIL_RETRY_MS 1000
#define STUCK_RETRY_MS 10000
#define MAX_TRIES 20

struct trouble {
	bool on;
	uint64_t retry_ms;	/* not before */
	uint64_t lost;		/* lines, since it began */
};

struct logfile {
	char *path;
	const char *name;	/* in path */
	struct logfile_options options;
	logfile_news_fn *news;
	void *ctx;
	int dir_fd;		/* -1 or the directory of fd */
	int fd;
	int anew_fd;		/* -1 or of what is to take its place */
	bool stale;		/* fd is not, or no longer, what path names */
	bool was_open;		/* at some time */
	size_t torn_bytes;	/* of a partial line at the file's end */
	struct trouble failing;	/* lines are lost */
	struct trouble stuck;	/* rotation or reopening fails */
};

struct logfile *logfile_new(const char *path,
			    const struct logfile_options *options,
			    logfile_news_fn *news, void *ctx)
{
	struct logfile *lf = calloc(1, sizeof(*lf));

	if (!lf)
		abort();
	lf->path = strdup(path);
	if (!lf->path)
		abort();
	lf->name = logdir_name(lf->path);
	lf->options = *options;
	lf->news = news;
	lf->ctx = ctx;
	lf->dir_fd = lf->fd = lf->anew_fd = -1;
	return lf;
}

const char *logfile_path(const struct logfile *lf)
{
	return lf->path;
}

struct logfile_place logfile_place(const struct logfile *lf)
{
	struct logfile_place ret = { 0 };
	struct stat st;

	if (lf->fd < 0 || fstat(lf->fd, &st))
		return ret;
	ret.inode = st.st_ino;
	ret.size = (uint64_t)st.st_size - lf->torn_bytes;
	return ret;
}

struct logfile_found logfile_found(const struct logfile *lf)
{
	struct logfile_place place = logfile_place(lf);
	struct logfile_found ret = { .inode = place.inode, .size = place.size };
	struct stat st;

	if (place.inode && !generations_find(lf->dir_fd, lf->path, &st)) {
		ret.older_inode = st.st_ino;
		ret.older_size = (uint64_t)st.st_size;
	}
	return ret;
}

void logfile_set_options(struct logfile *lf,
			 const struct logfile_options *options)
{
	lf->options = *options;
}

static void say(struct logfile *lf, enum logfile_event event,
		const struct err *err, uint64_t lost)
{
	struct logfile_news news = { event, lf->path, err, lost };

	lf->news(lf->ctx, &news);
}

static bool is_due(const struct trouble *t, uint64_t now_ms)
{
	return !t->on || now_ms >= t->retry_ms;
}

static void fail(struct logfile *lf, uint64_t now_ms, const struct err *err)
{
	lf->failing.retry_ms = now_ms + FAIL_RETRY_MS;
	if (lf->failing.on)
		return;
	lf->failing.on = true;
	say(lf, LOGFILE_FAILS, err, 0);
}

static void work(struct logfile *lf)
{
	uint64_t lost = lf->failing.lost;

	if (!lf->failing.on)
		return;
	lf->failing.on = false;
	lf->failing.lost = 0;
	say(lf, LOGFILE_WORKS, NULL, lost);
}

static void stick(struct logfile *lf, uint64_t now_ms, const struct err *err)
{
	lf->stuck.retry_ms = now_ms + STUCK_RETRY_MS;
	if (lf->stuck.on)
		return;
	lf->stuck.on = true;
	say(lf, LOGFILE_STUCK, err, 0);
}

static void unstick(struct logfile *lf)
{
	if (!lf->stuck.on)
		return;
	lf->stuck.on = false;
	say(lf, LOGFILE_UNSTUCK, NULL, 0);
}

/*
 * Whoever was killed while writing can have left part of a line: the end
 * goes back to behind the last newline.
 */
static int drop_torn_tail(int fd, struct err *err)
{
	char block[4096];
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end;

	while (from > 0) {
		size_t want = from < (off_t)sizeof(block) ? (size_t)from :
							    sizeof(block);
		ssize_t n = pread(fd, block, want, from - (off_t)want);
		char *nl;

		if (n != (ssize_t)want)
			return err_set(err, n < 0 ? errno : EIO, "read");
		nl = memrchr(block, '\n', want);
		from -= (off_t)want;
		if (nl) {
			from += nl + 1 - block;
			break;
		}
	}
	if (from != end && ftruncate(fd, from))
		return err_set(err, errno, "truncate");
	return 0;
}

static int open_file(const struct logfile *lf, int dir_fd, struct err *err)
{
	int create = lf->options.whole && lf->was_open ? 0 : O_CREAT;
	_cleanup_close_ int fd = -1;
	struct stat st;

	/* O_NONBLOCK: not to be held up by a FIFO that has this name */
	fd = openat(dir_fd, lf->name,
		    O_RDWR | O_APPEND | create | O_NOFOLLOW | O_CLOEXEC |
			    O_NOCTTY | O_NONBLOCK,
		    FILE_MODE);
	if (fd < 0)
		return errno == ELOOP ? err_set(err, 0, "is a symbolic link") :
					err_set(err, errno, "open");
	if (fstat(fd, &st))
		return err_set(err, errno, "fstat");
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "is no regular file");
	if (st.st_nlink > 1)
		return err_set(err, 0, "has another name (hard link)");
	if (logdir_own(fd, lf->options.gid, FILE_MODE, err) ||
	    drop_torn_tail(fd, err))
		return -1;
	return steal_fd(&fd);
}

/* Takes away the part of a line that is at the file's end. */
static int mend(struct logfile *lf, struct err *err)
{
	struct stat st;

	if (!lf->torn_bytes)
		return 0;
	if (fstat(lf->fd, &st))
		return err_set(err, errno, "fstat");
	/* smaller: someone else has truncated it meanwhile */
	if (st.st_size >= (off_t)lf->torn_bytes &&
	    ftruncate(lf->fd, st.st_size - (off_t)lf->torn_bytes))
		return err_set(err, errno, "truncate");
	lf->torn_bytes = 0;
	return 0;
}

static void close_file(struct logfile *lf)
{
	if (lf->fd >= 0) {
		mend(lf, NULL);
		close(lf->fd);
	}
	lf->fd = -1;
	lf->torn_bytes = 0;
}

/* What is open stays so until the new one is. */
static int open_in(struct logfile *lf, int dir_fd, struct err *err)
{
	int fd = open_file(lf, dir_fd, err);

	if (fd < 0)
		return err_wrap(err, "%s", lf->path);
	close_file(lf);
	lf->fd = fd;
	lf->stale = false;
	lf->was_open = true;
	return 0;
}

/* The directory, too, is what has this name now. */
static int try_by_name(struct logfile *lf, struct err *err)
{
	int dir_fd = logdir_open(lf->path, lf->options.gid, err);

	if (dir_fd < 0)
		return err_wrap(err, "%s", lf->path);
	if (open_in(lf, dir_fd, err)) {
		close(dir_fd);
		return -1;
	}
	cleanup_close(&lf->dir_fd);
	lf->dir_fd = dir_fd;
	return 0;
}

/*
 * Who removes the directory may do so just when it has been opened; and until
 * he is done it can be opened still (vfs_rmdir() in fs/namei.c).
 */
static int open_by_name(struct logfile *lf, struct err *err)
{
	const struct timespec moment = { 0, 1000000 };
	int tries = 0;

	while (try_by_name(lf, err)) {
		if (err->code != ENOENT || ++tries == MAX_TRIES)
			return -1;
		nanosleep(&moment, NULL);
	}
	return 0;
}

/*
 * Sees to it that a file is open, if possible the one that path names. What
 * is written to a file without a name nobody will read: that is a failure.
 * Where writing fails, the name may lead to a better disk by now.
 */
static int settle(struct logfile *lf, uint64_t now_ms, struct err *err)
{
	struct stat st;
	bool gone;

	if (lf->fd < 0)
		return open_by_name(lf, err);
	gone = !fstat(lf->fd, &st) && !st.st_nlink;
	if ((gone || lf->failing.on) && !open_by_name(lf, err))
		unstick(lf);
	else if (gone)
		return -1;
	if (!lf->stale || !is_due(&lf->stuck, now_ms))
		return 0;
	if (open_by_name(lf, err))
		stick(lf, now_ms, err);
	else
		unstick(lf);
	return 0;
}

void logfile_reopen(struct logfile *lf, uint64_t now_ms)
{
	struct err err;

	lf->stale = true;
	lf->failing.retry_ms = lf->stuck.retry_ms = now_ms;
	if (settle(lf, now_ms, &err))
		fail(lf, now_ms, &err);
}

/*
 * A directory that was removed is looked for by its name again, and so is one
 * where writing fails: there may be a better disk by now.
 */
static int settle_dir(struct logfile *lf, struct err *err)
{
	struct stat st;
	int fd;

	if (lf->dir_fd >= 0 && !lf->failing.on && !fstat(lf->dir_fd, &st) &&
	    st.st_nlink)
		return 0;
	fd = logdir_open(lf->path, lf->options.gid, err);
	if (fd < 0)
		return err_wrap(err, "%s", lf->path);
	cleanup_close(&lf->dir_fd);
	lf->dir_fd = fd;
	return 0;
}

static void close_anew(struct logfile *lf)
{
	cleanup_close(&lf->anew_fd);
	lf->anew_fd = -1;
}

int logfile_anew(struct logfile *lf, struct err *err)
{
	if (settle_dir(lf, err))
		return -1;
	close_anew(lf);
	lf->anew_fd = replace_begin(lf->dir_fd, lf->path, err);
	return lf->anew_fd < 0 ? -1 : 0;
}

void logfile_anew_drop(struct logfile *lf)
{
	if (lf->anew_fd >= 0)
		replace_drop(lf->dir_fd, lf->path);
	close_anew(lf);
}

int logfile_anew_put(struct logfile *lf, const char *data, size_t len,
		     struct err *err)
{
	if (!replace_put(lf->anew_fd, lf->path, data, len, err))
		return 0;
	logfile_anew_drop(lf);
	return -1;
}

int logfile_anew_end(struct logfile *lf, uint64_t now_ms, struct err *err)
{
	if (replace_end(lf->dir_fd, lf->path, err)) {
		logfile_anew_drop(lf);
		return -1;
	}
	close_anew(lf);
	lf->stale = true;
	lf->failing.retry_ms = now_ms;
	if (open_in(lf, lf->dir_fd, err))
		return -1;
	lf->failing.lost = 0;	/* it is in there */
	work(lf);
	return 0;
}

/* 0: what is open now is a new file. Else the old one stays in use. */
static int rotate(struct logfile *lf, uint64_t now_ms)
{
	struct err err;

	if (lf->stale || !is_due(&lf->stuck, now_ms))
		return -1;
	if (generations_shift(lf->dir_fd, lf->path, lf->options.generations,
			      &err)) {
		stick(lf, now_ms, &err);
		return -1;
	}
	if (open_in(lf, lf->dir_fd, &err)) {
		lf->stale = true;
		stick(lf, now_ms, &err);
		return -1;
	}
	unstick(lf);
	return 0;
}

/*
 * How many of the len bytes to write now, in whole lines, after rotating
 * the log if none fits.
 */
static size_t share(struct logfile *lf, const char *data, size_t len,
		    uint64_t now_ms)
{
	uint64_t limit = lf->options.size_bytes;
	uint64_t size;
	struct stat st;
	size_t n;

	if (!limit || fstat(lf->fd, &st) || !st.st_size)
		return limit ? lines_within(data, len, limit) : len;
	size = (uint64_t)st.st_size;
	if (size < limit) {
		n = lines_within(data, len, limit - size);
		if (n <= limit - size)
			return n;
	}
	return rotate(lf, now_ms) ? len : lines_within(data, len, limit);
}

/*
 * *done: how many bytes were written, in whole lines. A line that only
 * went in part is taken away again: the next one must not stick to it.
 */
static int append(struct logfile *lf, const char *data, size_t len,
		  size_t *done, struct err *err)
{
	size_t written = 0;
	const char *nl;
	int code;

	*done = 0;
	if (mend(lf, err))
		return err_wrap(err, "%s", lf->path);
	while (written < len) {
		ssize_t n = write(lf->fd, data + written, len - written);

		if (n > 0)
			written += (size_t)n;
		else if (!n || errno != EINTR)
			break;
	}
	if (written == len) {
		*done = len;
		return 0;
	}
	code = errno;
	nl = written ? memrchr(data, '\n', written) : NULL;
	*done = nl ? (size_t)(nl + 1 - data) : 0;
	lf->torn_bytes = written - *done;
	mend(lf, NULL);
	return err_set(err, code, "%s: write", lf->path);
}

void logfile_write(struct logfile *lf, const char *data, size_t len,
		   uint64_t now_ms)
{
	struct err err;

	if (!len)
		return;
	while (len && is_due(&lf->failing, now_ms)) {
		size_t done = 0;

		if (settle(lf, now_ms, &err) ||
		    append(lf, data, share(lf, data, len, now_ms), &done, &err))
			fail(lf, now_ms, &err);
		data += done;
		len -= done;
	}
	if (len)
		lf->failing.lost += lines_count(data, len);
	else
		work(lf);
}

void logfile_free(struct logfile *lf)
{
	if (!lf)
		return;
	close_file(lf);
	close_anew(lf);
	cleanup_close(&lf->dir_fd);
	if (lf->failing.on)
		say(lf, LOGFILE_ENDS, NULL, lf->failing.lost);
	free(lf->path);
	free(lf);
}
