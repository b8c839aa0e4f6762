/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

static char dir[4000];

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_all(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (*dir)
		return dir;
	snprintf(dir, sizeof(dir), "%s/contree-fuzz.XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	must(mkdtemp(dir));
	atexit(remove_all);
	return dir;
}

int scratch_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(scratch_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static void make_parents(char *path)
{
	for (char *s = path + strlen(dir) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		must(mkdir(path, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
}

const char *scratch_put(const char *path, const void *data, size_t len)
{
	static char full[4096];
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	_cleanup_close_ int fd = -1;

	snprintf(full, sizeof(full), "%s/%s", scratch_dir(), path);
	fd = open(full, flags, 0600);
	if (fd < 0) {
		make_parents(full);
		fd = open(full, flags, 0600);
	}
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	return full;
}
