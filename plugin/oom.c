/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define uthash_fatal(msg) abort()
#include <uthash.h>

/* Each has a file open. */
#define MAX_WATCHED 512

/* How long a victim's threads take to end. */
#define VICTIM_MS 1000

struct watched {
	const void *key;
	int fd;
	uint64_t counted;	/* kills that are accounted for */
	pid_t last;		/* the last victim, */
	uint64_t last_ms;	/* and when that was */
	UT_hash_handle hh;	/* in the order of use */
};

struct oom {
	struct watched *all;
};

struct oom *oom_new(void)
{
	struct oom *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	return o;
}

static void drop(struct oom *o, struct watched *w)
{
	HASH_DELETE(hh, o->all, w);
	cleanup_close(&w->fd);
	free(w);
}

void oom_free(struct oom *o)
{
	if (!o)
		return;
	while (o->all)
		drop(o, o->all);
	free(o);
}

/* The kernel's files are a few lines of "name number". */
static bool read_count(int fd, uint64_t *count)
{
	char text[1024];
	const char *at;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strncmp(text, "oom_kill ", 9) ? strstr(text, "\noom_kill ") : text;
	if (!at)
		return false;
	*count = strtoull(at + (*at == '\n') + 9, NULL, 10);
	return true;
}

static int open_counter(const char *root, const char *cgroup, const char *name)
{
	_cleanup_free_ char *path = NULL;

	/* ".." would be seen from a cgroup namespace that is not the host's */
	if (!*cgroup || strstr(cgroup, ".."))
		return -1;
	if (asprintf(&path, "%s%s/%s", root, cgroup, name) < 0)
		abort();
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int open_any(const char *cgroup, const char *memory_cgroup)
{
	int fd = open_counter("/sys/fs/cgroup/memory", memory_cgroup,
			      "memory.oom_control");

	return fd < 0 ?
		       open_counter("/sys/fs/cgroup", cgroup, "memory.events") :
		       fd;
}

static struct watched *find(struct oom *o, const void *key)
{
	struct watched *w;

	HASH_FIND_PTR(o->all, &key, w);
	return w;
}

void oom_watch(struct oom *o, const void *key, const char *cgroup,
	       const char *memory_cgroup)
{
	struct watched *w;
	int fd;

	oom_forget(o, key);
	fd = open_any(cgroup, memory_cgroup);
	if (fd < 0)
		return;
	if (HASH_COUNT(o->all) >= MAX_WATCHED)
		drop(o, o->all);
	w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->key = key;
	w->fd = fd;
	if (!read_count(fd, &w->counted)) {
		close(fd);
		free(w);
		return;
	}
	HASH_ADD_PTR(o->all, key, w);
}

void oom_forget(struct oom *o, const void *key)
{
	struct watched *w = find(o, key);

	if (w)
		drop(o, w);
}

bool oom_killed(struct oom *o, const void *key, pid_t pid, uint64_t now_ms)
{
	struct watched *w = find(o, key);
	uint64_t count;

	if (!w)
		return false;
	if (w->last == pid && now_ms < w->last_ms + VICTIM_MS)
		return true;
	if (!read_count(w->fd, &count) || count <= w->counted)
		return false;
	w->counted++;
	w->last = pid;
	w->last_ms = now_ms;
	return true;
}
