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

#define N_PREPARED 16

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

/* One that may start. */
struct prepared {
	char id[65];	/* "": none */
	int fd;
	uint64_t counted;
};

struct oom {
	struct kmsg *kmsg;
	struct watched *all;
	struct prepared prepared[N_PREPARED];
	size_t next;	/* in there, to be used again */
};

struct oom *oom_new(struct kmsg *kmsg)
{
	struct oom *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->kmsg = kmsg;
	return o;
}

static void drop(struct oom *o, struct watched *w)
{
	HASH_DELETE(hh, o->all, w);
	cleanup_close(&w->fd);
	free(w);
}

static void unprepare(struct prepared *p)
{
	if (*p->id)
		close(p->fd);
	*p->id = '\0';
}

void oom_free(struct oom *o)
{
	if (!o)
		return;
	while (o->all)
		drop(o, o->all);
	for (size_t i = 0; i < N_PREPARED; i++)
		unprepare(&o->prepared[i]);
	kmsg_free(o->kmsg);
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

/* Takes fd over. */
static void add(struct oom *o, const void *key, int fd, uint64_t counted)
{
	struct watched *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	if (HASH_COUNT(o->all) >= MAX_WATCHED)
		drop(o, o->all);
	w->key = key;
	w->fd = fd;
	w->counted = counted;
	HASH_ADD_PTR(o->all, key, w);
}

void oom_watch(struct oom *o, const void *key, const char *cgroup,
	       const char *memory_cgroup)
{
	_cleanup_close_ int fd = -1;
	uint64_t count;

	oom_forget(o, key);
	fd = open_any(cgroup, memory_cgroup);
	if (fd >= 0 && read_count(fd, &count))
		add(o, key, steal_fd(&fd), count);
}

bool oom_watches(struct oom *o, const void *key)
{
	return find(o, key) != NULL;
}

static struct prepared *find_prepared(struct oom *o, const char *id)
{
	for (size_t i = 0; *id && i < N_PREPARED; i++)
		if (!strcmp(o->prepared[i].id, id))
			return &o->prepared[i];
	return NULL;
}

/* A cgroup that was removed cannot be read any more. */
static bool is_gone(const struct prepared *p)
{
	uint64_t count;

	return !read_count(p->fd, &count);
}

void oom_prepare(struct oom *o, const char *id, const char *cgroup,
		 const char *memory_cgroup)
{
	struct prepared *p = find_prepared(o, id);
	_cleanup_close_ int fd = -1;
	uint64_t count;

	if (p && !is_gone(p))
		return;
	fd = open_any(cgroup, memory_cgroup);
	if (fd < 0 || !read_count(fd, &count) || strlen(id) >= sizeof(p->id))
		return;
	if (!p) {
		p = &o->prepared[o->next];
		o->next = (o->next + 1) % N_PREPARED;
	}
	unprepare(p);
	strcpy(p->id, id);
	p->fd = steal_fd(&fd);
	p->counted = count;
}

bool oom_begin(struct oom *o, const void *key, const char *id)
{
	struct prepared *p = find_prepared(o, id);

	if (!p || is_gone(p))
		return false;
	oom_forget(o, key);
	add(o, key, p->fd, p->counted);
	*p->id = '\0';
	return true;
}

void oom_forget(struct oom *o, const void *key)
{
	struct watched *w = find(o, key);

	if (w)
		drop(o, w);
}

/* Whether one more was killed in w's cgroup than is accounted for. */
static bool has_risen(struct watched *w)
{
	uint64_t count;

	if (!read_count(w->fd, &count) || count <= w->counted)
		return false;
	w->counted++;
	return true;
}

bool oom_killed(struct oom *o, const void *key, pid_t pid, uint64_t now_ms)
{
	bool named = kmsg_names(o->kmsg, pid, now_ms);
	struct watched *w = find(o, key);

	if (!w)
		return named;
	if (w->last == pid && now_ms < w->last_ms + VICTIM_MS)
		return true;
	if (!has_risen(w) && !named)
		return false;
	w->last = pid;
	w->last_ms = now_ms;
	return true;
}

void oom_tick(struct oom *o, uint64_t now_ms)
{
	kmsg_read(o->kmsg, now_ms);
}
