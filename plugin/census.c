/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "invocation.h"

/* Bundles of one shim's containerd that are looked into for an init.pid. */
#define MAX_BUNDLES 4096

/* How near to each other clocks are read, and how often that is tried. */
#define CLOCK_SLACK_NS 1000000
#define CLOCK_TRIES 10

/* A process, as the first look at it shows it. */
struct entry {
	pid_t pid, ppid;
	uint64_t start_ticks;
	bool is_listed;		/* a root or a shim by its name */
	bool is_shim;
	unsigned int depth;	/* below the topmost listed, from 1; 0: none */
	struct entry *shim;	/* topmost above, or itself */
	bool is_placed;
	struct entry *down;	/* while it is being placed */
};

/* A bundle whose shim has said which process is its init. */
struct bundle {
	pid_t pid;
	char *id, *path;
};

struct taking {
	const struct census_options *options;
	struct procfs procfs;
	struct entry *entries;
	size_t n, size;
	struct bundle *bundles;
	size_t n_bundles;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t census_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void clocks_set(struct clocks *c)
{
	uint64_t mono_ns, later_ns;
	int tries = CLOCK_TRIES;

	/* In one breath: a pause in between would seem to be a step. */
	do {
		mono_ns = census_mono_ns();
		c->wall_ns = clock_ns(CLOCK_REALTIME) - mono_ns;
		c->boot_ns = clock_ns(CLOCK_BOOTTIME) - mono_ns;
		later_ns = census_mono_ns();
	} while (later_ns - mono_ns > CLOCK_SLACK_NS && --tries);
}

static int by_pid(const void *a, const void *b)
{
	const struct entry *d = a, *e = b;

	return d->pid < e->pid ? -1 : d->pid > e->pid;
}

static struct entry *find(const struct taking *t, pid_t pid)
{
	struct entry key = { .pid = pid };

	return bsearch(&key, t->entries, t->n, sizeof(key), by_pid);
}

static const char *program(const struct procfs *p)
{
	return *p->exe ? p->exe : p->comm;
}

/* Kernel threads are nobody's containers; they are most of a small host. */
static int look(void *ctx, pid_t pid)
{
	struct taking *t = ctx;
	struct procfs *p = &t->procfs;
	struct entry *e;

	if (procfs_read(p, t->options->proc_fd, pid, PROCFS_STAT | PROCFS_EXE,
			0) ||
	    p->flags & PROCFS_KTHREAD || (p->state == 'Z' && p->threads < 2))
		return 0;
	if (t->n == t->size) {
		t->size = t->size ? 2 * t->size : 256;
		t->entries =
			reallocarray(t->entries, t->size, sizeof(*t->entries));
		if (!t->entries)
			abort();
	}
	e = &t->entries[t->n++];
	*e = (struct entry){ .pid = pid, .ppid = p->ppid };
	e->start_ticks = p->start_ticks;
	e->is_shim = name_listed(t->options->shims, program(p));
	e->is_listed = e->is_shim || name_listed(t->options->roots, program(p));
	return 0;
}

/*
 * How deep below a root or shim it is. A containerd's or a shim's name makes
 * a root only of what is below no other.
 */
static void place(struct taking *t, struct entry *e)
{
	struct entry *up = NULL, *a = e, *parent;

	/* Up to one who has his place, leaving the way back down. */
	while (a && !a->is_placed) {
		a->is_placed = true;
		a->down = up;
		up = a;
		a = find(t, a->ppid);
	}
	for (parent = a; up; parent = up, up = up->down) {
		up->depth = parent && parent->depth ? parent->depth + 1 :
						      up->is_listed;
		up->shim = parent ? parent->shim : NULL;
		if (!up->shim && up->is_shim)
			up->shim = up;
	}
}

static int by_depth(const void *a, const void *b)
{
	const struct entry *d = *(struct entry *const *)a;
	const struct entry *e = *(struct entry *const *)b;

	if (d->depth != e->depth)
		return d->depth < e->depth ? -1 : 1;
	return by_pid(d, e);
}

/* The number in a file below dir_fd, or 0. */
static pid_t read_pid(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	char text[16];
	ssize_t n;

	fd = openat(dir_fd, name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

static void add_bundle(struct taking *t, int dir_fd, const char *dir,
		       const char *id)
{
	struct bundle *b = &t->bundles[t->n_bundles];
	char name[NAME_MAX + sizeof("/init.pid")];

	snprintf(name, sizeof(name), "%s/init.pid", id);
	b->pid = read_pid(dir_fd, name);
	if (b->pid <= 0)
		return;
	b->id = strdup(id);
	if (!b->id || asprintf(&b->path, "%s/%s", dir, id) < 0)
		abort();
	t->n_bundles++;
}

/*
 * A shim works in the bundle of the container that it was started for, and
 * writes there who its init is; those of its pod have theirs beside it
 * (containerd's runtime/v2/bundle.go, process.InitPidFile).
 */
static void read_bundles(struct taking *t, const char *cwd)
{
	_cleanup_free_ char *dir = strdup(cwd);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	struct dirent *entry;
	DIR *list;
	int fd;

	if (!slash || slash == dir)
		return;
	*slash = '\0';
	fd = openat(t->options->root_fd, dir + 1,
		    O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list)
		return;
	while (t->n_bundles < MAX_BUNDLES && (entry = readdir(list)))
		if (*entry->d_name != '.')
			add_bundle(t, fd, dir, entry->d_name);
	closedir(list);
}

static void forget_bundles(struct taking *t)
{
	while (t->n_bundles) {
		t->n_bundles--;
		free(t->bundles[t->n_bundles].id);
		free(t->bundles[t->n_bundles].path);
	}
}

/* Which container a shim's child is in, if it is in any. */
static void find_container(struct taking *t, struct fact *f)
{
	const struct procfs *p = &t->procfs;

	if (*p->container && strcmp(p->container, t->options->self))
		f->container = p->container;
	for (size_t i = 0; i < t->n_bundles; i++) {
		const struct bundle *b = &t->bundles[i];

		/* One that was left over may have another's pid. */
		if (b->pid == f->pid &&
		    (!f->container || strlen(b->id) != PROCFS_ID_SIZE - 1 ||
		     !strcmp(f->container, b->id))) {
			f->is_init = true;
			f->container = b->id;
			f->bundle = b->path;
			return;
		}
		if (procfs_cgroup_names(p->cgroup_text, b->id)) {
			f->container = b->id;
			f->bundle = b->path;
		}
	}
}

/* /proc has births in clock ticks. */
#define SAME_MS 50

static uint64_t born_ms_of(const struct procfs *p)
{
	return p->start_ticks * (1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

bool census_is_born(const struct procfs *p, uint64_t born_ms)
{
	uint64_t known = born_ms_of(p);

	return known <= born_ms + SAME_MS && born_ms <= known + SAME_MS;
}

void census_fact(struct fact *f, const struct procfs *p, uint64_t mono_ns,
		 const struct clocks *clocks)
{
	uint64_t born_ms = born_ms_of(p);

	*f = (struct fact){
		.kind = FACT_FOUND,
		.source = SOURCE_CENSUS,
		.time_ms = (mono_ns + clocks->wall_ns) / 1000000,
		.mono_ns = mono_ns,
		.node = "",
		.pid = p->pid,
		.ppid = p->ppid,
		.uid = p->uid,
		.gid = p->gid,
		.auid = p->auid,
		.ses = p->ses,
		.comm = p->comm,
		.exe = *p->exe ? p->exe : NULL,
		.args = p->args_count ? p->args : NULL,
		.args_bytes = p->args_count ? p->args_bytes : 0,
		.args_count = p->args_count,
		.argc = p->args_count + p->args_cut,
		.cwd = *p->cwd ? p->cwd : NULL,
		.vpid = p->vpid,
		.ns_depth = p->ns_depth,
		/* A leader that has ended waits for its other threads. */
		.threads = p->threads - (p->state == 'Z'),
		.born_ms = born_ms,
		.start_ms =
			born_ms + (clocks->wall_ns - clocks->boot_ns) / 1000000,
	};
}

static void keep(struct census *census, const struct fact *f)
{
	if (census->n == census->size) {
		census->size = census->size ? 2 * census->size : 64;
		census->facts = reallocarray(census->facts, census->size,
					     sizeof(*census->facts));
		if (!census->facts)
			abort();
	}
	census->facts[census->n++] = fact_copy(f);
}

/* The second, thorough look. The process may have ended, or be another. */
static void report(struct taking *t, struct census *census,
		   const struct entry *e)
{
	uint64_t mono_ns = census_mono_ns();
	struct procfs *p = &t->procfs;
	struct fact f;

	if (procfs_read(p, t->options->proc_fd, e->pid,
			PROCFS_STAT | PROCFS_STATUS | PROCFS_CGROUP |
				PROCFS_EXE | PROCFS_ARGS | PROCFS_CWD |
				PROCFS_LOGIN,
			t->options->max_args_bytes) ||
	    p->start_ticks != e->start_ticks ||
	    (p->state == 'Z' && p->threads < 2))
		return;
	census_fact(&f, p, mono_ns, &t->options->clocks);
	if (e->shim && e->shim->pid == e->ppid && e->shim != e) {
		find_container(t, &f);
	} else if (e->shim == e) {
		forget_bundles(t);
		read_bundles(t, p->cwd);
	}
	f.topmost = e->depth == 1;
	keep(census, &f);
}

/* A shim's children come right after it, while its bundles are known. */
static int by_shim(const void *a, const void *b)
{
	const struct entry *d = *(struct entry *const *)a;
	const struct entry *e = *(struct entry *const *)b;
	pid_t p = d->shim ? d->shim->pid : 0;
	pid_t q = e->shim ? e->shim->pid : 0;

	if (p != q)
		return p < q ? -1 : 1;
	return by_depth(a, b);
}

static void report_all(struct taking *t, struct census *census)
{
	struct entry **order = calloc(t->n + 1, sizeof(*order));
	size_t n = 0;

	if (!order)
		abort();
	for (size_t i = 0; i < t->n; i++)
		place(t, &t->entries[i]);
	for (size_t i = 0; i < t->n; i++)
		if (t->entries[i].depth)
			order[n++] = &t->entries[i];
	qsort(order, n, sizeof(*order), by_shim);
	for (size_t i = 0; i < n; i++)
		report(t, census, order[i]);
	free(order);
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *p = a, *q = b;

	return *p < *q ? -1 : *p > *q;
}

static void list_pids(struct census *census)
{
	census->pids = calloc(census->n + 1, sizeof(*census->pids));
	if (!census->pids)
		abort();
	for (size_t i = 0; i < census->n; i++)
		census->pids[i] = census->facts[i]->pid;
	qsort(census->pids, census->n, sizeof(*census->pids), compare_pids);
}

int census_take(struct census *census, const struct census_options *options,
		struct err *err)
{
	struct taking t = { .options = options };
	int ret;

	*census = (struct census){ 0 };
	t.procfs.patience = options->patience;
	t.bundles = calloc(MAX_BUNDLES, sizeof(*t.bundles));
	if (!t.bundles)
		abort();
	ret = procfs_each(options->proc_fd, look, &t);
	if (ret < 0)
		err_set(err, errno, "/proc cannot be read");
	else
		report_all(&t, census);
	list_pids(census);
	forget_bundles(&t);
	free(t.bundles);
	free(t.entries);
	procfs_free(&t.procfs);
	return ret < 0 ? -1 : 0;
}

bool census_has(const struct census *census, pid_t pid)
{
	return bsearch(&pid, census->pids, census->n, sizeof(pid),
		       compare_pids) != NULL;
}

void census_free(struct census *census)
{
	for (size_t i = 0; i < census->n; i++)
		free(census->facts[i]);
	free(census->facts);
	free(census->pids);
	*census = (struct census){ 0 };
}
