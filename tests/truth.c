/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* asprintf, reallocarray */
#include "truth.h"

#include <errno.h>
#include <fts.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define SLACK_MS 20	/* audit's clock ticks in 4 ms, at syscall entry, */
#define TICK_MS 10	/* or in 10 */

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	return v ? json_object_get_string(v) : NULL;
}

static int64_t integer(struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	return v ? json_object_get_int64(v) : 0;
}

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		abort();
	return c;
}

static struct life *newest(const struct truth *t, pid_t pid)
{
	struct life *l;

	HASH_FIND_INT(t->by_pid, &pid, l);
	return l;
}

static struct life *add_life(struct truth *t, pid_t pid, int64_t birth_ns)
{
	struct life *l = calloc(1, sizeof(*l));

	t->lives = reallocarray(t->lives, t->lives_count + 1, sizeof(l));
	if (!l || !t->lives)
		abort();
	t->lives[t->lives_count] = l;
	l->index = t->lives_count++;
	l->pid = pid;
	l->birth_ns = birth_ns;
	l->end_ns = NEVER;
	l->heard_ms = NEVER;
	l->older = newest(t, pid);
	if (l->older)
		HASH_DEL(t->by_pid, l->older);
	HASH_ADD_INT(t->by_pid, pid, l);
	return l;
}

static void add_exec(struct life *l, int64_t time_ns, const char *exe)
{
	l->execs =
		reallocarray(l->execs, l->execs_count + 1, sizeof(*l->execs));
	if (!l->execs)
		abort();
	l->execs[l->execs_count++] = (struct life_exec){
		.time_ns = time_ns,
		.exe = copy(exe),
	};
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* runc; also from its sealed copy, whose name is "/" or a memfd's */
static bool is_runtime(const char *exe)
{
	return !strcmp(exe, "/") || !strcmp(base_name(exe), "runc") ||
	       !strncmp(exe, "/memfd:", 7);
}

static const char *exe_after(const struct life *l, size_t n);

/* What it was born with: what its parent ran then. */
static const char *exe_at_birth(const struct life *l)
{
	const struct life *p = l->parent;
	size_t n = 0;

	if (!p)
		return "";
	while (n < p->execs_count && p->execs[n].time_ns < l->birth_ns)
		n++;
	return exe_after(p, n);
}

static const char *exe_after(const struct life *l, size_t n)
{
	for (; n > 0; n--)
		if (l->execs[n - 1].exe)
			return l->execs[n - 1].exe;
	return exe_at_birth(l);
}

static struct container_truth *by_cgroup(struct truth *t, const char *cgroup)
{
	size_t i;

	for (i = 0; cgroup && i < t->containers_count; i++)
		if (!strcmp(t->containers[i].cgroup, cgroup))
			return &t->containers[i];
	return NULL;
}

/*
 * A container begins where a process of the runtime's, in the container's
 * cgroup by then, executes anything else: the init the first time, what
 * "runc exec" brings in later.
 */
static void enter(struct truth *t, struct life *l, const char *cgroup)
{
	const char *exe = l->execs[l->execs_count - 1].exe;

	if (l->inside || !l->born || !exe || is_runtime(exe) ||
	    !is_runtime(exe_after(l, l->execs_count - 1)))
		return;
	l->inside = cgroup ? by_cgroup(t, cgroup) : l->cgroup;
	if (!l->inside)
		return;
	l->entered = l->execs_count;
	l->entry = true;
	/* Nobody can enter a container whose init is gone. */
	if (!l->inside->init || l->inside->init->end_ns != NEVER) {
		l->inside->init = l;
		l->inside->inits++;
	}
	l->init = l->inside->init;
}

/* What its parent's record calls it is its number in the parent's namespace,
 * and so in the one around its own where it was born as the init of that. */
static void saw_vpid(struct life *l, struct json_object *o)
{
	struct json_object *outer = json_object_object_get(o, "outer");
	size_t n = outer ? json_object_array_length(outer) : 0;

	l->vpid = (pid_t)integer(o, "vpid");
	if (n && l->vpid == 1)
		l->outer = (pid_t)json_object_get_int(
			json_object_array_get_idx(outer, n - 1));
}

static void saw_fork(struct truth *t, struct json_object *o, int64_t now)
{
	struct life *parent = newest(t, (pid_t)integer(o, "ppid"));
	struct life *l = add_life(t, (pid_t)integer(o, "pid"), now);

	saw_vpid(l, o);
	l->parent = parent;
	l->cgroup = by_cgroup(t, text(o, "cg"));
	if (!parent)
		return;
	if (!l->cgroup)
		l->cgroup = parent->cgroup;
	l->born = parent->root || parent->born;
	if (life_inside(parent, parent->execs_count)) {
		l->inside = parent->inside;
		l->init = parent->init;
	}
}

static void saw_exec(struct truth *t, struct json_object *o, int64_t now)
{
	struct life *l = newest(t, (pid_t)integer(o, "pid"));

	if (!l)
		l = add_life(t, (pid_t)integer(o, "pid"), 0);
	/* What exited was the leader, while another thread called execve:
	 * the process lives on. */
	if (l->init == l && l->end_ns != NEVER)
		l->inside->inits_ended--;
	l->end_ns = NEVER;
	if (!l->vpid)
		saw_vpid(l, o);
	add_exec(l, now, text(o, "exe"));
	if (by_cgroup(t, text(o, "cg")))
		l->cgroup = by_cgroup(t, text(o, "cg"));
	enter(t, l, text(o, "cg"));
}

static void saw_exit(struct truth *t, struct json_object *o, int64_t now)
{
	struct life *l = newest(t, (pid_t)integer(o, "pid"));

	if (!l)
		l = add_life(t, (pid_t)integer(o, "pid"), 0);
	if (l->init == l && l->end_ns == NEVER)
		l->inside->inits_ended++;
	l->end_ns = now;
	l->code = (int)integer(o, "code");
	l->signal = (int)integer(o, "signal");
}

static int saw_event(struct truth *t, struct json_object *o, struct err *err)
{
	const char *ev = text(o, "ev");
	int64_t now = integer(o, "t") + t->mono_to_wall_ns;

	if (!ev)
		return err_set(err, 0, "no event");
	if (!strcmp(ev, "begin"))
		t->mono_to_wall_ns = integer(o, "wall") - integer(o, "mono");
	else if (!strcmp(ev, "fork"))
		saw_fork(t, o, now);
	else if (!strcmp(ev, "exec"))
		saw_exec(t, o, now);
	else if (!strcmp(ev, "exit"))
		saw_exit(t, o, now);
	else if (!strcmp(ev, "end") && integer(o, "lost"))
		return err_set(err, 0, "the recording itself lost events");
	return 0;
}

static int saw_proc(struct truth *t, struct json_object *o, struct err *err)
{
	const char *exe = text(o, "exe");
	struct life *l = add_life(t, (pid_t)integer(o, "pid"), 0);

	(void)err;
	l->vpid = l->pid;
	l->root = exe && !strcmp(base_name(exe), "containerd");
	add_exec(l, 0, exe);
	return 0;
}

static int each_line(struct truth *t, const char *dir, const char *name,
		     int (*fn)(struct truth *, struct json_object *,
			       struct err *),
		     struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	struct json_object *o;
	size_t size = 0, n = 0;
	int ret = 0;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	f = fopen(path, "re");
	if (!f)
		return err_set(err, errno, "%s", path);
	while (!ret && getline(&line, &size, f) >= 0) {
		n++;
		o = json_tokener_parse(line);
		ret = o ? fn(t, o, err) : err_set(err, 0, "no JSON");
		json_object_put(o);
	}
	return ret ? err_wrap(err, "%s:%zu", path, n) : 0;
}

static void add_container(struct truth *t, const char *id, const char *cgroup)
{
	t->containers = reallocarray(t->containers, t->containers_count + 1,
				     sizeof(*t->containers));
	if (!t->containers)
		abort();
	t->containers[t->containers_count++] = (struct container_truth){
		.id = copy(id),
		.cgroup = copy(cgroup),
	};
}

/* DIR/…/ID/config.json, with linux.cgroupsPath */
static int read_bundle(struct truth *t, FTSENT *e, struct err *err)
{
	struct json_object *o = json_object_from_file(e->fts_accpath);
	struct json_object *l = json_object_object_get(o, "linux");
	const char *cgroup = l ? text(l, "cgroupsPath") : NULL;

	if (!cgroup) {
		json_object_put(o);
		return err_set(err, 0, "%s: no cgroupsPath", e->fts_path);
	}
	add_container(t, e->fts_parent->fts_name, cgroup);
	json_object_put(o);
	return 0;
}

static int read_bundles(struct truth *t, const char *dir, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	char *paths[2] = { NULL, NULL };
	FTSENT *e;
	FTS *fts;
	int ret = 0;

	if (asprintf(&path, "%s/files", dir) < 0)
		abort();
	paths[0] = path;
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return err_set(err, errno, "%s", path);
	while (!ret && (e = fts_read(fts)))
		if (e->fts_info == FTS_F && !strcmp(e->fts_name, "config.json"))
			ret = read_bundle(t, e, err);
	fts_close(fts);
	return ret;
}

/* NULL with errno if there is no such file. */
static FILE *open_in(const char *dir, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return fopen(path, "re");
}

static int read_containers(struct truth *t, const char *dir, struct err *err)
{
	_cleanup_fclose_ FILE *f = open_in(dir, "containers");
	char id[128], cgroup[512];
	int n;

	if (!f)
		return read_bundles(t, dir, err);
	while ((n = fscanf(f, "%127s %511s", id, cgroup)) == 2)
		if (!truth_container(t, id))
			add_container(t, id, cgroup);
	return n == EOF ? 0 : err_set(err, 0, "%s/containers", dir);
}

/* Of those who had the pid, who was killed */
static int read_victims(struct truth *t, const char *dir, struct err *err)
{
	_cleanup_fclose_ FILE *f = open_in(dir, "victims");
	struct life *l;
	int n, pid;

	while (f && (n = fscanf(f, "%d", &pid)) == 1) {
		for (l = newest(t, pid); l && l->signal != 9; l = l->older)
			;
		if (!l)
			return err_set(err, 0, "victim %d was not killed", pid);
		l->oom = true;
	}
	return 0;
}

int truth_read(struct truth *t, const char *dir, struct err *err)
{
	*t = (struct truth){ 0 };
	if (read_containers(t, dir, err) ||
	    each_line(t, dir, "proc.jsonl", saw_proc, err) ||
	    each_line(t, dir, "truth.jsonl", saw_event, err) ||
	    read_victims(t, dir, err)) {
		truth_free(t);
		return -1;
	}
	return 0;
}

void truth_free(struct truth *t)
{
	struct life *l;
	size_t i, x;

	HASH_CLEAR(hh, t->by_pid);
	for (i = 0; i < t->lives_count; i++) {
		l = t->lives[i];
		for (x = 0; x < l->execs_count; x++)
			free(l->execs[x].exe);
		free(l->execs);
		free(l);
	}
	for (i = 0; i < t->containers_count; i++) {
		free(t->containers[i].id);
		free(t->containers[i].cgroup);
	}
	free(t->lives);
	free(t->containers);
	*t = (struct truth){ 0 };
}

struct life *truth_find(const struct truth *t, pid_t pid, int64_t time_ms)
{
	struct life *l = newest(t, pid);

	while (l && l->birth_ns / 1000000 > time_ms + SLACK_MS)
		l = l->older;
	/* Not born yet, and who had the pid before was still there. */
	if (l && l->older && l->birth_ns / 1000000 > time_ms + TICK_MS &&
	    l->older->end_ns / 1000000 >= time_ms)
		l = l->older;
	return l;
}

struct life *truth_find_born(const struct truth *t, pid_t pid, int64_t time_ms)
{
	struct life *l, *best = newest(t, pid);

	for (l = best; l; l = l->older)
		if (llabs(l->birth_ns / 1000000 - time_ms) <
		    llabs(best->birth_ns / 1000000 - time_ms))
			best = l;
	return best;
}

struct container_truth *truth_container(const struct truth *t, const char *id)
{
	size_t i;

	for (i = 0; id && i < t->containers_count; i++)
		if (!strcmp(t->containers[i].id, id))
			return &t->containers[i];
	return NULL;
}

const char *life_container(const struct life *l, size_t n)
{
	const struct life *p = l->parent;
	size_t before = 0;

	if (life_inside(l, n))
		return l->inside->id;
	for (; n > 0; n--)
		if (l->execs[n - 1].names)
			return l->execs[n - 1].names;
	if (!p || !l->born)
		return NULL;
	while (before < p->execs_count &&
	       p->execs[before].time_ns < l->birth_ns)
		before++;
	return life_container(p, before);
}

const char *life_role(const struct life *l, size_t n)
{
	if (l->root)
		return "root";
	if (life_inside(l, n)) {
		if (!l->entry)
			return "member";
		return l->init == l ? "init" : "exec";
	}
	if (!strncmp(base_name(exe_after(l, n)), "containerd-shim", 15))
		return "shim";
	return "runtime";
}

bool life_must_end(const struct life *l)
{
	if (l->end_ns == NEVER)
		return false;
	return l->exit_heard || l->abend ||
	       (l->init && l->init->end_ns != NEVER);
}
