/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "patience.h"

/*
 * The most that is read of a file. A line of status has all supplementary
 * groups, up to 65536 (NGROUPS_MAX) of eleven bytes, and NSpid is behind it.
 * A line of cgroup has a path of up to PATH_MAX, and each of the hierarchies
 * has a line.
 */
#define STAT_MAX 4096
#define STATUS_MAX (1024 * 1024)
#define CGROUP_MAX (128 * 1024)
#define ID_MAX 16

#define CHUNK 4096 /* bytes read at a time */

/* The fields of stat that are wanted, numbered as in proc(5). */
enum { PPID = 4, FLAGS = 9, THREADS = 20, START = 22, FIELDS };

/* One read: where text may move, strings are offsets. At 0 there is "". */
struct reading {
	struct procfs *p;
	int dir;	/* /proc/PID */
	size_t comm, exe, cwd, args;
	size_t container, cgroup, memory_cgroup, cgroup_text;
};

/* --- files */

/*
 * Whether a whole line, of which start is a newline and its name, is among what
 * was read last. (Who has very many groups has it far behind.)
 */
static bool has_line(const struct buf *text, const char *start)
{
	size_t len = text->len < 2 * CHUNK ? text->len : 2 * CHUNK;
	const char *end = text->data + text->len;
	const char *at = memmem(end - len, len, start, strlen(start));

	return at && memchr(at + 1, '\n', (size_t)(end - at - 1));
}

/*
 * Appends a file's first max bytes, or all of them; if last is not NULL, what
 * is behind that line may be left out. A read of /proc gives less than was
 * asked for without being at the end.
 */
static int read_up_to(int dir, const char *name, struct buf *out, size_t max,
		      const char *last)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t want;
	ssize_t got;

	if (fd < 0)
		return -1;
	while (max) {
		want = max < CHUNK ? max : CHUNK;
		got = read(fd, buf_reserve(out, want), want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		out->len += (size_t)got;
		max -= (size_t)got;
		if (last && has_line(out, last))
			break;
	}
	return 0;
}

int procfs_read_file(int dir, const char *name, struct buf *out, size_t max)
{
	return read_up_to(dir, name, out, max, NULL);
}

/* The same as a string. A NUL, which the kernel never puts there, ends it. */
static int read_text(int dir, const char *name, struct buf *out, size_t max)
{
	if (procfs_read_file(dir, name, out, max))
		return -1;
	buf_putc(out, '\0');
	return 0;
}

static size_t keep(struct reading *r, struct span a)
{
	size_t at = r->p->text.len;

	buf_put(&r->p->text, a.s, a.len);
	buf_putc(&r->p->text, '\0');
	return at;
}

/* --- stat */

/* Fields 4 to 22. A negative one becomes what none of the wanted can be. */
static bool take_fields(const char *at, uint64_t *fields)
{
	bool negative;

	for (int i = PPID; i < FIELDS; i++) {
		if (*at++ != ' ')
			return false;
		negative = *at == '-';
		at += negative;
		if (!take_number(&at, UINT64_MAX, &fields[i]))
			return false;
		if (negative)
			fields[i] = UINT64_MAX;
	}
	/* else the last may be cut off */
	return *at == ' ' || *at == '\n';
}

/*
 * "PID (COMM) STATE PPID …". Only in status does proc_task_name() in
 * fs/proc/array.c escape a comm, and it may be any 15 bytes (a kernel
 * thread's is longer): its end is the last parenthesis.
 */
static bool parse_stat(struct reading *r, const char *text)
{
	struct procfs *p = r->p;
	uint64_t f[FIELDS], pid;
	const char *at = text;
	const char *end = strrchr(text, ')');

	if (!take_number(&at, INT_MAX, &pid) || pid != (uint64_t)p->pid)
		return false;
	if (strncmp(at, " (", 2) || !end || end < at + 2 || end[1] != ' ')
		return false;
	if ((end[2] | 0x20) < 'a' || (end[2] | 0x20) > 'z')
		return false;
	if (!take_fields(end + 3, f) || f[PPID] > INT_MAX ||
	    f[FLAGS] > UINT32_MAX || f[THREADS] > INT_MAX ||
	    f[START] == UINT64_MAX)
		return false;
	p->state = end[2];
	p->ppid = (pid_t)f[PPID];
	p->flags = (uint32_t)f[FLAGS];
	p->threads = (unsigned int)f[THREADS];
	p->start_ticks = f[START];
	at += 2;
	r->comm = keep(r, (struct span){ at, (size_t)(end - at) });
	return true;
}

static int read_stat(struct reading *r)
{
	_cleanup_buf_ struct buf file = BUF_INIT;

	if (read_text(r->dir, "stat", &file, STAT_MAX))
		return -1;
	if (!parse_stat(r, file.data)) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

/* --- status */

/*
 * The numbers of a line of status: how many there are, the second and the
 * last; 0 if something else is among them, or its end is not there.
 */
static unsigned int take_numbers(const char *at, uint64_t *second,
				 uint64_t *last)
{
	unsigned int count = 0;

	while (*at == '\t' || *at == ' ') {
		at += strspn(at, "\t ");
		if (*at == '\n')
			break;
		if (!take_number(&at, UINT32_MAX, last))
			return 0;
		if (++count == 2)
			*second = *last;
	}
	return *at == '\n' ? count : 0;
}

static void parse_status_line(struct procfs *p, const char *line)
{
	uint64_t second = UINT32_MAX, last = 0;
	unsigned int count;

	/* no CONFIG_PID_NS or a kernel before 4.1: there is no such line */
	if (!strncmp(line, "NSpid:", 6)) {
		count = take_numbers(line + 6, &second, &last);
		if (count && last && last <= INT_MAX) {
			p->vpid = (pid_t)last;
			p->ns_depth = count;
		}
	} else if (!strncmp(line, "Uid:", 4)) {
		/* real, effective, saved, file system */
		if (take_numbers(line + 4, &second, &last) == 4)
			p->uid = (uint32_t)second;
	} else if (!strncmp(line, "Gid:", 4)) {
		if (take_numbers(line + 4, &second, &last) == 4)
			p->gid = (uint32_t)second;
	}
}

/*
 * Here a newline in comm is escaped: no process can forge a line. NSpid is the
 * last that is wanted: proc_pid_status() in fs/proc/array.c.
 */
static int read_status(struct reading *r, int dir, const char *name)
{
	_cleanup_buf_ struct buf file = BUF_INIT;
	const char *line;

	if (read_up_to(dir, name, &file, STATUS_MAX, "\nNSpid:"))
		return -1;
	buf_putc(&file, '\0');
	for (line = file.data; *line; line += *line == '\n') {
		parse_status_line(r->p, line);
		take_until(&line, "\n");
	}
	return 0;
}

/* --- cgroup */

static void read_cgroup(struct reading *r)
{
	_cleanup_buf_ struct buf file = BUF_INIT;
	char id[PROCFS_ID_SIZE];
	struct span path;

	if (procfs_read_file(r->dir, "cgroup", &file, CGROUP_MAX))
		return;
	/* what is cut off would be another's path */
	while (file.len && file.data[file.len - 1] != '\n')
		file.len--;
	buf_putc(&file, '\0');
	r->cgroup_text = keep(r, (struct span){ file.data, file.len - 1 });
	if (procfs_container_id(file.data, id, sizeof(id)))
		r->container = keep(r, (struct span){ id, ID_LEN });
	if (procfs_cgroup_path(file.data, "memory", &path))
		r->memory_cgroup = keep(r, path);
	if (procfs_cgroup_path(file.data, NULL, &path))
		r->cgroup = keep(r, path);
	else if (r->memory_cgroup)
		r->cgroup = r->memory_cgroup;
	else if (procfs_cgroup_path(file.data, "pids", &path))
		r->cgroup = keep(r, path);
}

/* --- the others */

/* do_proc_readlink() in fs/proc/base.c gives no path that is longer. */
static size_t read_link(struct reading *r, const char *name, const char *tail)
{
	char path[PATH_MAX];
	struct span a = { path, 0 };
	ssize_t len = readlinkat(r->dir, name, path, sizeof(path));

	if (len <= 0 || (size_t)len == sizeof(path))
		return 0;
	a.len = (size_t)len;
	cut_tail(&a, tail);
	return keep(r, a);
}

/*
 * A process may have overwritten its arguments, and their last NUL. That is
 * added, and no more than max bytes are kept with it.
 */
static void read_args(struct reading *r, size_t max)
{
	struct procfs *p = r->p;
	struct buf *text = &p->text;
	size_t at = text->len;
	size_t want = max < SIZE_MAX ? max + 1 : max;
	int ret = p->patience ? patience_read(p->patience, r->dir, "cmdline",
					      text, want) :
				procfs_read_file(r->dir, "cmdline", text, want);

	if (ret) {
		text->len = at;
		return;
	}
	if (text->len > at && text->data[text->len - 1])
		buf_putc(text, '\0');
	if (text->len - at > max) {
		p->args_cut = true;
		text->len = at + max;
		if (max)
			text->data[text->len - 1] = '\0';
	}
	p->args_bytes = text->len - at;
	for (size_t i = at; i < text->len; i++)
		p->args_count += !text->data[i];
	if (p->args_bytes)
		r->args = at;
}

/* loginuid and sessionid: a number, and no newline. */
static uint32_t read_id(struct reading *r, const char *name)
{
	_cleanup_buf_ struct buf file = BUF_INIT;
	const char *at;
	uint64_t id;

	if (read_text(r->dir, name, &file, ID_MAX))
		return UINT32_MAX;
	at = file.data;
	if (!take_number(&at, UINT32_MAX, &id))
		return UINT32_MAX;
	at += *at == '\n';
	return *at ? UINT32_MAX : (uint32_t)id;
}

/* --- a process */

int procfs_open(const char *path, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "cannot open %s", path);
	return fd;
}

/* The fd stands for the process: when that has ended, nothing is in it. */
static int open_pid(int proc_fd, pid_t pid)
{
	char name[16];

	if (pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	snprintf(name, sizeof(name), "%d", (int)pid);
	return openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void forget(struct procfs *p, pid_t pid)
{
	struct patience *patience = p->patience;
	struct buf text = p->text;

	buf_clear(&text);
	buf_putc(&text, '\0');
	*p = (struct procfs){
		.pid = pid,
		.uid = UINT32_MAX,
		.gid = UINT32_MAX,
		.auid = UINT32_MAX,
		.ses = UINT32_MAX,
		.text = text,
		.patience = patience,
	};
}

/* Nothing moves any more. */
static void point(struct reading *r)
{
	struct procfs *p = r->p;
	const char *text = p->text.data;

	p->comm = text + r->comm;
	p->exe = text + r->exe;
	p->cwd = text + r->cwd;
	p->args = text + r->args;
	p->container = text + r->container;
	p->cgroup = text + r->cgroup;
	p->memory_cgroup = text + r->memory_cgroup;
	p->cgroup_text = text + r->cgroup_text;
}

/* A look at many who live only for a moment: as few system calls as can be. */
static int read_status_only(struct procfs *p, int proc_fd, pid_t pid)
{
	struct reading r = { .p = p };
	char name[32];

	snprintf(name, sizeof(name), "%d/status", (int)pid);
	point(&r);
	return read_status(&r, proc_fd, name);
}

int procfs_read(struct procfs *p, int proc_fd, pid_t pid, unsigned int parts,
		size_t max_args_bytes)
{
	_cleanup_close_ int dir = -1;
	struct reading r = { .p = p };
	int ret;

	forget(p, pid);
	if (parts == PROCFS_STATUS && pid > 0)
		return read_status_only(p, proc_fd, pid);
	r.dir = dir = open_pid(proc_fd, pid);
	ret = dir < 0 ? -1 : 0;
	if (!ret && (parts & PROCFS_STATUS))
		read_status(&r, dir, "status");
	if (!ret && (parts & PROCFS_CGROUP))
		read_cgroup(&r);
	if (!ret && (parts & PROCFS_EXE))
		r.exe = read_link(&r, "exe", " (deleted)");
	if (!ret && (parts & PROCFS_CWD))
		r.cwd = read_link(&r, "cwd", "");
	if (!ret && (parts & PROCFS_ARGS))
		read_args(&r, max_args_bytes);
	if (!ret && (parts & PROCFS_LOGIN)) {
		p->auid = read_id(&r, "loginuid");
		p->ses = read_id(&r, "sessionid");
	}
	/* Last: if it is there, so was the process all the time. */
	if (!ret && (parts & PROCFS_STAT))
		ret = read_stat(&r);
	point(&r);
	return ret;
}

void procfs_free(struct procfs *p)
{
	buf_free(&p->text);
	*p = (struct procfs){ 0 };
}

/* --- all processes */

static bool parse_pid(const char *name, pid_t *pid)
{
	uint64_t n;

	if (*name == '0' || !take_number(&name, INT_MAX, &n) || *name)
		return false;
	*pid = (pid_t)n;
	return true;
}

/* Appends the pids, as many as there are: at most 2^22 (PID_MAX_LIMIT). */
static int list_pids(int proc_fd, struct buf *pids)
{
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;
	pid_t pid;
	int code;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (parse_pid(entry->d_name, &pid))
			buf_put(pids, &pid, sizeof(pid));
	code = errno;
	closedir(dir);
	errno = code;
	return code ? -1 : 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int procfs_each(int proc_fd, int (*fn)(void *ctx, pid_t pid), void *ctx)
{
	_cleanup_buf_ struct buf list = BUF_INIT;
	const pid_t *pids;
	int ret = list_pids(proc_fd, &list);

	if (ret || !list.len)
		return ret;
	qsort(list.data, list.len / sizeof(pid_t), sizeof(pid_t), compare_pids);
	pids = (const pid_t *)(const void *)list.data;
	for (size_t i = 0; !ret && i < list.len / sizeof(pid_t); i++)
		ret = fn(ctx, pids[i]);
	return ret;
}
