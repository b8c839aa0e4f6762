/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "logdir.h"

/* NAME for 0, NAME.n for the others. The caller frees it. */
static char *generation(const char *name, unsigned int n)
{
	char *ret;

	if ((n ? asprintf(&ret, "%s.%u", name, n) :
		 asprintf(&ret, "%s", name)) < 0)
		abort();
	return ret;
}

/* The first that can be given away: none has it, or the last. */
static unsigned int first_gap(int dir_fd, const char *name, unsigned int kept)
{
	unsigned int n;

	for (n = 1; n < kept; n++) {
		_cleanup_free_ char *each = generation(name, n);
		struct stat st;

		if (fstatat(dir_fd, each, &st, AT_SYMLINK_NOFOLLOW) &&
		    errno == ENOENT)
			break;
	}
	return n;
}

int generations_shift(int dir_fd, const char *path, unsigned int kept,
		      struct err *err)
{
	const char *name = logdir_name(path);
	unsigned int n;

	if (!kept) {
		if (unlinkat(dir_fd, name, 0) && errno != ENOENT)
			return err_set(err, errno, "%s: unlink", path);
		return 0;
	}
	for (n = first_gap(dir_fd, name, kept); n > 0; n--) {
		_cleanup_free_ char *from = generation(name, n - 1);
		_cleanup_free_ char *to = generation(name, n);

		if (renameat(dir_fd, from, dir_fd, to) && errno != ENOENT)
			return err_set(err, errno, "%s: cannot become %s", path,
				       to);
	}
	return 0;
}

int generations_find(int dir_fd, const char *path, struct stat *st)
{
	_cleanup_free_ char *name = generation(logdir_name(path), 1);

	return fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW) ||
			       !S_ISREG(st->st_mode) ?
		       -1 :
		       0;
}
