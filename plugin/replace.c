/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "logdir.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Its directory is root's own, so nobody can have put anything there. */
int replace_file(int dir_fd, const char *path, const char *data, size_t len,
		 struct err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *new = NULL;
	const char *name;

	if (asprintf(&new, "%s.new", path) < 0)
		abort();
	name = logdir_name(new);
	fd = openat(dir_fd, name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC |
			    O_NONBLOCK,
		    0640);
	if (fd < 0)
		return err_set(err, errno, "%s", new);
	if (!write_all(fd, data, len) &&
	    !renameat(dir_fd, name, dir_fd, logdir_name(path)))
		return 0;
	err_set(err, errno, "%s", new);
	unlinkat(dir_fd, name, 0);
	return -1;
}
