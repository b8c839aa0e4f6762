/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "logdir.h"

static char *name_of_new(const char *path)
{
	char *new;

	if (asprintf(&new, "%s.new", path) < 0)
		abort();
	return new;
}

/* Its directory is root's own, so nobody can have put anything there. */
int replace_begin(int dir_fd, const char *path, struct err *err)
{
	_cleanup_free_ char *new = name_of_new(path);
	int fd = openat(dir_fd, logdir_name(new),
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC |
				O_NONBLOCK,
			0640);

	return fd < 0 ? err_set(err, errno, "%s", new) : fd;
}

int replace_put(int fd, const char *path, const char *data, size_t len,
		struct err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return err_set(err, errno, "%s.new", path);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int replace_end(int dir_fd, const char *path, struct err *err)
{
	_cleanup_free_ char *new = name_of_new(path);

	if (renameat(dir_fd, logdir_name(new), dir_fd, logdir_name(path)))
		return err_set(err, errno, "%s", new);
	return 0;
}

void replace_drop(int dir_fd, const char *path)
{
	_cleanup_free_ char *new = name_of_new(path);

	unlinkat(dir_fd, logdir_name(new), 0);
}
