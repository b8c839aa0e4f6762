/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "logdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define DIR_MODE 0750
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

const char *logdir_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int logdir_own(int fd, gid_t gid, mode_t mode, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, errno, "fstat");
	if ((st.st_uid != geteuid() || st.st_gid != gid) &&
	    fchown(fd, geteuid(), gid))
		return err_set(err, errno, "cannot give it to group %lu",
			       (unsigned long)gid);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode))
		return err_set(err, errno, "cannot make its mode %o",
			       (unsigned int)mode);
	return 0;
}

/* Makes base under parent_fd. It may have appeared meanwhile. */
static int make_dir(int parent_fd, const char *base, gid_t gid, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(parent_fd, base, DIR_MODE))
		return errno == EEXIST ? 0 : err_set(err, errno, "mkdir");
	fd = openat(parent_fd, base, DIR_FLAGS | O_NOFOLLOW);
	if (fd < 0)
		return err_set(err, errno, "open");
	return logdir_own(fd, gid, DIR_MODE, err);
}

/* The link is opened, looked at and read; it cannot become another. */
static int follow(int parent_fd, const char *base, struct err *err)
{
	_cleanup_close_ int link_fd =
		openat(parent_fd, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;
	int fd;

	if (link_fd < 0 || fstat(link_fd, &st))
		return err_set(err, errno, "open");
	if (!S_ISLNK(st.st_mode))
		return err_set(err, ENOTDIR, "open");
	if (st.st_uid && st.st_uid != geteuid())
		return err_set(err, 0, "a symbolic link of user %lu's",
			       (unsigned long)st.st_uid);
	n = readlinkat(link_fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return err_set(err, errno, "readlink");
	target[n] = '\0';
	fd = openat(parent_fd, target, DIR_FLAGS);
	return fd < 0 ? err_set(err, errno, "a symbolic link") : fd;
}

static int open_below(int parent_fd, const char *base, gid_t gid,
		      struct err *err)
{
	int fd = openat(parent_fd, base, DIR_FLAGS | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		if (make_dir(parent_fd, base, gid, err))
			return -1;
		fd = openat(parent_fd, base, DIR_FLAGS | O_NOFOLLOW);
	}
	/* what the kernel says of a link, with O_DIRECTORY and without */
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return follow(parent_fd, base, err);
	return fd < 0 ? err_set(err, errno, "open") : fd;
}

/* Cuts the last component off and returns it: "/a/b" is "/a" and "b". */
static const char *cut_base(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

int logdir_open(const char *path, gid_t gid, struct err *err)
{
	_cleanup_free_ char *dir = strdup(path);
	_cleanup_close_ int parent_fd = -1;
	const char *base;
	int fd;

	if (!dir)
		abort();
	/* The directory is "/", or the one we are in. */
	if (!cut_base(dir) || !*dir) {
		fd = open(*path == '/' ? "/" : ".", DIR_FLAGS);
		return fd < 0 ? err_set(err, errno, "open") : fd;
	}
	base = cut_base(dir);
	parent_fd = open(!base ? "." : *dir ? dir : "/", DIR_FLAGS);
	if (parent_fd < 0)
		return err_set(err, errno, "%s", dir);
	if (!base)
		base = dir;
	fd = open_below(parent_fd, base, gid, err);
	return fd < 0 ? err_wrap(err, "%s", base) : fd;
}
