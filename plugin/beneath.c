/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define CHUNK_BYTES 16384

/* O_NONBLOCK: a FIFO, or a file under a lease, is not waited for. */
#define FILE_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)
#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/*
 * A component at a time: O_NOFOLLOW heeds only the last one. openat2() would
 * do it at once, but a seccomp filter cannot see what it is asked for.
 */
static int open_plain(int root_fd, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int at = -1;
	char *rest, *name, *more;
	int fd;

	if (!copy)
		abort();
	for (name = strtok_r(copy, "/", &rest); name; name = more) {
		more = strtok_r(NULL, "/", &rest);
		fd = openat(at < 0 ? root_fd : at, name,
			    more ? DIR_FLAGS : FILE_FLAGS);
		if (fd < 0)
			return -1;
		if (at >= 0)
			close(at);
		at = fd;
	}
	return steal_fd(&at);
}

/* Whether path is absolute and has no ".." that could lead out of root. */
static bool is_plain(const char *path)
{
	const char *name = path;

	if (*path != '/')
		return false;
	while ((name = strstr(name, "/.."))) {
		name += 3;
		if (!*name || *name == '/')
			return false;
	}
	return true;
}

static int open_beneath(int root_fd, const char *path)
{
	/* A symlink, on most hosts, and a usual way to write bundles. */
	if (!strncmp(path, "/var/run/", 9))
		path += 4;
	return open_plain(root_fd, path);
}

int read_beneath(int root_fd, const char *path, size_t max_bytes,
		 struct buf *text, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	ssize_t n = 1;

	if (!is_plain(path))
		return err_set(err, 0, "not an absolute path without \"..\"");
	if (strlen(path) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "can't be opened");
	fd = open_beneath(root_fd, path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, errno, "can't be opened");
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "not a regular file");
	while (n) {
		n = read(fd, buf_reserve(text, CHUNK_BYTES), CHUNK_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "can't be read");
		text->len += (size_t)n;
		if (text->len > max_bytes)
			return err_set(err, 0, "larger than %zu bytes",
				       max_bytes);
	}
	return 0;
}
