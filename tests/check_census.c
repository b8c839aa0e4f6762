/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census of hosts that are trees of files: a directory like /proc, and
 * one with the bundles that shims work in.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "census.h"
#include "cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define A "fc7a8cbefc621fed032b2ef02a444cf1f6e6eb4945550028c453c378d0de728a"
#define B "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define C "0a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e540627"

#define CONTAINERD "/usr/bin/containerd"
#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define RUNC "/usr/sbin/runc"
#define SH "/bin/sh"
#define MOBY "/run/containerd/io.containerd.runtime.v2.task/moby"
#define DEFAULT "/run/containerd/io.containerd.runtime.v2.task/default"

#define DOCKER(id) "0::/system.slice/docker-" id ".scope\n"

static char dir[64];
static int proc_fd = -1, root_fd = -1;

static void setup(void)
{
	char path[128];
	struct err err;

	strcpy(dir, "/tmp/check_census.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/proc", dir);
	ck_assert(!mkdir(path, 0700));
	proc_fd = procfs_open(path, &err);
	snprintf(path, sizeof(path), "%s/root", dir);
	ck_assert(!mkdir(path, 0700));
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert(proc_fd >= 0 && root_fd >= 0);
}

static void teardown(void)
{
	char command[128];

	close(proc_fd);
	close(root_fd);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void put(int dir_fd, const char *name, const char *data, size_t len)
{
	_cleanup_close_ int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s", name);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
}

/* With all directories above. */
static void put_in_root(const char *path, const char *text)
{
	char name[512];

	snprintf(name, sizeof(name), "%s", path + 1);
	for (char *slash = strchr(name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(!mkdirat(root_fd, name, 0700) || errno == EEXIST);
		*slash = '/';
	}
	put(root_fd, name, text, strlen(text));
}

/* A process of a host. */
struct process {
	pid_t pid, ppid;
	const char *comm, *exe; /* exe NULL: it cannot be read */
	const char *args; /* separated by spaces */
	const char *cwd;
	const char *cgroup;
	char state; /* 0: S */
	int threads; /* 0: 1 */
	unsigned int flags, ticks;
	const char *nspid; /* behind its own, with a tab in front */
};

static void put_in_proc(pid_t pid, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	put(proc_fd, path, text, strlen(text));
}

static void link_in_proc(pid_t pid, const char *name, const char *target)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	if (target)
		ck_assert_int_eq(symlinkat(target, proc_fd, path), 0);
}

static void put_args(const struct process *p)
{
	char path[64], args[1024];
	size_t len = strlen(p->args ? p->args : "");

	snprintf(path, sizeof(path), "%d/cmdline", (int)p->pid);
	snprintf(args, sizeof(args), "%s", p->args ? p->args : "");
	for (size_t i = 0; i < len; i++)
		if (args[i] == ' ')
			args[i] = '\0';
	put(proc_fd, path, args, len ? len + 1 : 0);
}

static void put_process(const struct process *p)
{
	char name[32], text[1024];

	snprintf(name, sizeof(name), "%d", (int)p->pid);
	ck_assert_int_eq(mkdirat(proc_fd, name, 0700), 0);
	snprintf(text, sizeof(text),
		 "%d (%s) %c %d 1 1 0 -1 %u 1 0 0 0 7 8 0 0 20 0 %d 0 %u 0 0\n",
		 (int)p->pid, p->comm, p->state ? p->state : 'S', (int)p->ppid,
		 p->flags, p->threads ? p->threads : 1, p->ticks);
	put_in_proc(p->pid, "stat", text);
	snprintf(text, sizeof(text),
		 "Name:\tx\nUid:\t1\t%d\t1\t1\nGid:\t2\t%d\t2\t2\n"
		 "NSpid:\t%d%s\n",
		 1000 + (int)p->pid, 2000 + (int)p->pid, (int)p->pid,
		 p->nspid ? p->nspid : "");
	put_in_proc(p->pid, "status", text);
	put_in_proc(p->pid, "cgroup", p->cgroup ? p->cgroup : "0::/\n");
	put_in_proc(p->pid, "loginuid", "4294967295");
	put_in_proc(p->pid, "sessionid", "17");
	link_in_proc(p->pid, "exe", p->exe);
	link_in_proc(p->pid, "cwd", p->cwd);
	put_args(p);
}

/* --- hosts */

struct host {
	const char *name;
	const char *self; /* a container that the host is; or NULL */
	const char *files[6][2]; /* below its root */
	struct process list[16];
	/* Who is found, in order: pid<-ppid (<= if topmost) threads vpid/depth container
	 * bundle. */
	const char *want;
};

/* clang-format off */
static const struct host hosts[] = {
	{ "nothing", NULL, { { 0 } }, { { 0 } }, "" },
	{ "no containers", NULL, { { 0 } },
	  { { 1, 0, "systemd", "/sbin/init", .ticks = 1 },
	    { 300, 1, "bash", "/bin/bash", .ticks = 2 },
	    { 301, 300, "sleep", "/bin/sleep", .ticks = 3 } },
	  "" },
	{ "docker", NULL,
	  { { MOBY "/" A "/init.pid", "33" }, { MOBY "/" B "/init.pid", "52\n" },
	    { MOBY "/" A "/config.json", "{}" } },
	  { { 1, 0, "systemd", "/sbin/init", .ticks = 1 },
	    { 2, 0, "kthreadd", NULL, .flags = PROCFS_KTHREAD },
	    { 3, 2, "containerd", NULL, .flags = PROCFS_KTHREAD },
	    { 4, 1, "dockerd", .exe = "/usr/bin/dockerd" },
	    { 10, 1, "containerd", CONTAINERD, "containerd", "/",
	      .threads = 20, .ticks = 500 },
	    { 21, 1, "containerd-shim", SHIM, "shim -namespace moby -id " A,
	      MOBY "/" A, .threads = 11 },
	    { 33, 21, "sh", SH, "sh", "/", DOCKER(A), .nspid = "\t1" },
	    { 45, 33, "cat", "/bin/cat", "cat", "/", DOCKER(A),
	      .nspid = "\t8" },
	    { 46, 21, "bash", "/bin/bash", "bash", "/", DOCKER(A),
	      .nspid = "\t9" },
	    { 40, 46, "nl", "/bin/nl", "nl", "/", DOCKER(A),
	      .nspid = "\t10" },
	    { 51, 1, "containerd-shim", SHIM, "shim -namespace moby -id " B,
	      MOBY "/" B, .threads = 12 },
	    { 52, 51, "sh", SH, "sh", "/", DOCKER(B), .nspid = "\t1" },
	    { 60, 21, "runc", RUNC, "runc exec " A, MOBY "/" A,
	      "0::/system.slice/containerd.service\n", .threads = 5 },
	    { 61, 60, "runc:[1:CHILD]", RUNC, "runc init", "/", .cgroup = DOCKER(A) } },
	  "10<=1 20 10/1\n"
	  "21<=1 11 21/1\n"
	  "33<-21 1 1/2 " A " " MOBY "/" A " init\n"
	  "46<-21 1 9/2 " A " " MOBY "/" A "\n"
	  "60<-21 5 60/1\n"
	  "40<-46 1 10/2\n"
	  "45<-33 1 8/2\n"
	  "61<-60 1 61/1\n"
	  "51<=1 12 51/1\n"
	  "52<-51 1 1/2 " B " " MOBY "/" B " init\n" },
	{ "a pod: containers beside that of its shim", NULL,
	  { { DEFAULT "/" A "/init.pid", "33" },
	    { DEFAULT "/" B "/init.pid", "34" },
	    { DEFAULT "/" C "/init.pid", "77" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = DEFAULT "/" A },
	    { 33, 21, "pause", "/pause", NULL, NULL,
	      "0::/kubepods/pod1/" A "\n", .nspid = "\t1" },
	    { 34, 21, "app", "/app", NULL, NULL,
	      "0::/kubepods/pod1/" B "\n", .nspid = "\t1" },
	    { 35, 21, "probe", "/probe", NULL, NULL,
	      "0::/kubepods/pod1/" B "\n", .nspid = "\t9" } },
	  "21<=1 1 21/1\n"
	  "33<-21 1 1/2 " A " " DEFAULT "/" A " init\n"
	  "34<-21 1 1/2 " B " " DEFAULT "/" B " init\n"
	  "35<-21 1 9/2 " B " " DEFAULT "/" B "\n" },
	{ "ids that are words", NULL,
	  { { DEFAULT "/web/init.pid", "33" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = DEFAULT "/web" },
	    { 33, 21, "sh", SH, NULL, NULL, "8:pids:/default/web\n0::/\n",
	      .nspid = "\t1" },
	    { 34, 21, "ls", "/bin/ls", NULL, NULL,
	      "8:pids:/default/web\n0::/\n", .nspid = "\t2" },
	    { 35, 21, "runc", RUNC, NULL, NULL, .cgroup = "8:pids:/default\n0::/\n" },
	    { 36, 21, "x", "/x", NULL, NULL, .cgroup = "8:pids:/default/webs\n" } },
	  "21<=1 1 21/1\n"
	  "33<-21 1 1/2 web " DEFAULT "/web init\n"
	  "34<-21 1 2/2 web " DEFAULT "/web\n"
	  "35<-21 1 35/1\n"
	  "36<-21 1 36/1\n" },
	{ "without bundles the cgroup tells", NULL, { { 0 } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 33, 21, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t1" } },
	  "21<=1 1 21/1\n"
	  "33<-21 1 1/2 " A "\n" },
	{ "and without either nothing", NULL, { { 0 } },
	  { { 21, 1, "containerd-shim", .exe = SHIM },
	    { 33, 21, "sh", SH, .nspid = "\t1" } },
	  "21<=1 1 21/1\n33<-21 1 1/2\n" },
	{ "init.pid is anything", NULL,
	  { { MOBY "/a/init.pid", "" }, { MOBY "/b/init.pid", "x33" },
	    { MOBY "/c/init.pid", "-33" },
	    { MOBY "/d/init.pid", "99999999999999999999999999" },
	    { MOBY "/.e/init.pid", "33" }, { MOBY "/f/init.pid/x", "33" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = MOBY "/a" },
	    { 33, 21, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t1" } },
	  "21<=1 1 21/1\n33<-21 1 1/2 " A "\n" },
	{ "the dead, and the half dead", NULL,
	  { { MOBY "/" A "/init.pid", "33" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 33, 21, "sh", NULL, NULL, NULL, DOCKER(A), 'Z', 4,
	      .nspid = "\t1" },
	    { 34, 21, "sh", NULL, NULL, NULL, DOCKER(A), 'Z', 1,
	      .nspid = "\t2" },
	    { 35, 33, "sh", NULL, NULL, NULL, DOCKER(A), 'Z', 0,
	      .nspid = "\t3" },
	    { 36, 33, "sh", SH, NULL, NULL, DOCKER(A), 'T', 2,
	      .nspid = "\t4" } },
	  "21<=1 1 21/1\n"
	  "33<-21 3 1/2 " A " " MOBY "/" A " init\n"
	  "36<-33 2 4/2\n" },
	{ "names of containerd's inside of a container", NULL,
	  { { MOBY "/" A "/init.pid", "33" },
	    { "/inner/" B "/init.pid", "37" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 33, 21, "dockerd", "/usr/bin/dockerd", NULL, NULL, DOCKER(A),
	      .nspid = "\t1" },
	    { 34, 33, "containerd", CONTAINERD, NULL, NULL, DOCKER(A),
	      .nspid = "\t8" },
	    { 35, 33, "containerd-shim", SHIM, NULL, "/inner/" B, DOCKER(A),
	      .nspid = "\t9" },
	    { 37, 35, "sh", SH, NULL, NULL,
	      "0::/system.slice/docker-" A ".scope/docker/" B "\n",
	      .nspid = "\t10\t1" } },
	  "21<=1 1 21/1\n"
	  "33<-21 1 1/2 " A " " MOBY "/" A " init\n"
	  "34<-33 1 8/2\n"
	  "35<-33 1 9/2\n"
	  "37<-35 1 1/3\n" },
	{ "shims that were not left to pid 1", NULL,
	  { { MOBY "/" A "/init.pid", "33" } },
	  { { 100, 1, "containerd", .exe = CONTAINERD },
	    { 21, 90, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 90, 100, "containerd-shim", .exe = SHIM },
	    { 33, 21, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t1" } },
	  "100<=1 1 100/1\n"
	  "90<-100 1 90/1\n"
	  "21<-90 1 21/1\n"
	  "33<-21 1 1/2\n" },
	{ "the shim works below containerd itself", NULL,
	  { { MOBY "/" A "/init.pid", "33" } },
	  { { 100, 1, "containerd", .exe = CONTAINERD },
	    { 21, 100, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 33, 21, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t1" } },
	  "100<=1 1 100/1\n"
	  "21<-100 1 21/1\n"
	  "33<-21 1 1/2 " A " " MOBY "/" A " init\n" },
	{ "pids that were given anew: children before parents", NULL,
	  { { MOBY "/" A "/init.pid", "30" } },
	  { { 90, 1, "containerd", .exe = CONTAINERD },
	    { 80, 1, "containerd-shim", SHIM, NULL, .cwd = MOBY "/" A },
	    { 30, 80, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t1" },
	    { 20, 30, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t2" },
	    { 10, 20, "sh", SH, NULL, NULL, DOCKER(A), .nspid = "\t3" },
	    { 5, 90, "containerd", .exe = CONTAINERD } },
	  "90<=1 1 90/1\n"
	  "5<-90 1 5/1\n"
	  "80<=1 1 80/1\n"
	  "30<-80 1 1/2 " A " " MOBY "/" A " init\n"
	  "20<-30 1 2/2\n"
	  "10<-20 1 3/2\n" },
	{ "who cannot be read is called what it calls itself", NULL, { { 0 } },
	  { { 10, 1, .comm = "containerd" }, { 11, 10, .comm = "containerd-shim" },
	    { 12, 1, "containerd", .exe = "/opt/other" } },
	  "10<=1 1 10/1\n11<-10 1 11/1\n" },
	{ "upgraded under way", NULL, { { 0 } },
	  { { 10, 1, "containerd", .exe = CONTAINERD " (deleted)" } },
	  "10<=1 1 10/1\n" },
	{ "parents in a circle", NULL, { { 0 } },
	  { { 10, 11, "a", .exe = "/a" }, { 11, 10, "b", .exe = "/b" },
	    { 12, 12, "c", .exe = "/c" }, { 13, 99, "d", .exe = "/d" } },
	  "" },
	{ "the host is a container", A,
	  { { MOBY "/" B "/init.pid", "33" } },
	  { { 10, 1, "containerd", CONTAINERD, NULL, NULL, .cgroup = DOCKER(A) },
	    { 21, 1, "containerd-shim", SHIM, NULL, MOBY "/" B, .cgroup = DOCKER(A) },
	    { 33, 21, "sh", SH, NULL, NULL,
	      "0::/system.slice/docker-" A ".scope/docker/" B "\n",
	      .nspid = "\t1" },
	    { 34, 21, "runc", RUNC, NULL, NULL, .cgroup = DOCKER(A) } },
	  "10<=1 1 10/1\n"
	  "21<=1 1 21/1\n"
	  "33<-21 1 1/2 " B " " MOBY "/" B " init\n"
	  "34<-21 1 34/1\n" },
	{ "bundles of one shim are not another's", NULL,
	  { { "/a/x/init.pid", "33" }, { "/b/y/init.pid", "43" } },
	  { { 21, 1, "containerd-shim", SHIM, NULL, .cwd = "/a/x" },
	    { 33, 21, "sh", .exe = SH },
	    { 34, 21, "sh", SH, NULL, NULL, .cgroup = "0::/default/y\n" },
	    { 41, 1, "containerd-shim", SHIM, NULL, .cwd = "/b/y" },
	    { 43, 41, "sh", .exe = SH },
	    { 44, 41, "sh", SH, NULL, NULL, .cgroup = "0::/default/x\n" } },
	  "21<=1 1 21/1\n"
	  "33<-21 1 33/1 x /a/x init\n"
	  "34<-21 1 34/1\n"
	  "41<=1 1 41/1\n"
	  "43<-41 1 43/1 y /b/y init\n"
	  "44<-41 1 44/1\n" },
};
/* clang-format on */

static struct census_options options_of(const char *self)
{
	struct census_options options = {
		.proc_fd = proc_fd,
		.root_fd = root_fd,
		.roots = "containerd",
		.shims = "containerd-shim*",
		.self = self ? self : "",
		.max_args_bytes = 4096,
	};

	return options;
}

static void print(struct buf *out, const struct fact *f)
{
	buf_printf(out, "%d<%c%d %u %d/%u", f->pid, f->topmost ? '=' : '-',
		   f->ppid, f->threads, f->vpid, f->ns_depth);
	if (f->container)
		buf_printf(out, " %s", f->container);
	if (f->bundle)
		buf_printf(out, " %s", f->bundle);
	if (f->is_init)
		buf_puts(out, " init");
	buf_putc(out, '\n');
}

static void put_host(const struct host *host)
{
	for (size_t i = 0; i < COUNT(host->files) && host->files[i][0]; i++)
		put_in_root(host->files[i][0], host->files[i][1]);
	for (size_t i = 0; i < COUNT(host->list) && host->list[i].pid; i++)
		put_process(&host->list[i]);
}

START_TEST(test_host)
{
	struct census_options options = options_of(hosts[_i].self);
	_cleanup_census_ struct census census = { 0 };
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct err err = { 0 };

	put_host(&hosts[_i]);
	ck_assert_msg(!census_take(&census, &options, &err), "%s: %s",
		      hosts[_i].name, err.text);
	for (size_t i = 0; i < census.n; i++)
		print(&got, census.facts[i]);
	buf_putc(&got, '\0');
	ck_assert_msg(!strcmp(got.data, hosts[_i].want),
		      "%s\nwant:\n%sgot:\n%s", hosts[_i].name, hosts[_i].want,
		      got.data);
}
END_TEST

static const struct process several[] = {
	{ 10, 1, "containerd", CONTAINERD, "containerd -l debug", "/",
	  .threads = 20, .ticks = 500 },
	{ 300, 10, "a b", "/bin/x", "x y", "/tmp", .ticks = 1000 },
	{ 20, 1, "other", "/bin/other", .ticks = 7 },
};

/* What is said of each. */
START_TEST(test_fields)
{
	struct census_options options = options_of(NULL);
	_cleanup_census_ struct census census = { 0 };
	uint64_t before, after, tick_ms;
	const struct fact *f;
	struct err err;

	for (size_t i = 0; i < COUNT(several); i++)
		put_process(&several[i]);
	options.clocks = (struct clocks){ 5000000000000000, 7000000000 };
	tick_ms = 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	before = census_mono_ns();
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	after = census_mono_ns();
	ck_assert_uint_eq(census.n, 2);
	f = census.facts[1];
	ck_assert_int_eq(f->kind, FACT_FOUND);
	ck_assert_int_eq(f->source, SOURCE_CENSUS);
	ck_assert_int_eq(f->pid, 300);
	ck_assert_int_eq(f->ppid, 10);
	ck_assert_uint_eq(f->serial, 0);
	ck_assert_str_eq(f->node, "");
	ck_assert_str_eq(f->comm, "a b");
	ck_assert_str_eq(f->exe, "/bin/x");
	ck_assert_uint_eq(f->args_count, 2);
	ck_assert_uint_eq(f->argc, 2);
	ck_assert_uint_eq(f->args_bytes, 4);
	ck_assert(!memcmp(f->args, "x\0y", 4));
	ck_assert_str_eq(f->cwd, "/tmp");
	ck_assert_uint_eq(f->uid, 1300);
	ck_assert_uint_eq(f->gid, 2300);
	ck_assert_uint_eq(f->auid, ID_UNSET);
	ck_assert_uint_eq(f->ses, 17);
	ck_assert_uint_eq(f->born_ms, 1000 * tick_ms);
	/* the time of day, less what has passed since it booted */
	ck_assert_uint_eq(f->start_ms, 5000000000 - 7000 + 1000 * tick_ms);
	ck_assert(f->mono_ns >= before && f->mono_ns <= after);
	ck_assert_uint_eq(f->time_ms, f->mono_ns / 1000000 + 5000000000);
	ck_assert(census.facts[0]->mono_ns <= f->mono_ns);
}
END_TEST

/* Arguments that are cut, and none that can be read. */
START_TEST(test_args)
{
	struct census_options options = options_of(NULL);
	_cleanup_census_ struct census census = { 0 };
	struct err err;

	for (size_t i = 0; i < COUNT(several); i++)
		put_process(&several[i]);
	options.max_args_bytes = 14;
	ck_assert_int_eq(unlinkat(proc_fd, "300/cmdline", 0), 0);
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	ck_assert_uint_eq(census.n, 2);
	ck_assert_uint_eq(census.facts[0]->args_count, 2);
	ck_assert_uint_eq(census.facts[0]->argc, 3);
	ck_assert_ptr_null(census.facts[1]->args);
	ck_assert_uint_eq(census.facts[1]->args_count, 0);
	ck_assert_uint_eq(census.facts[1]->argc, 0);
}
END_TEST

START_TEST(test_has)
{
	struct census_options options = options_of(NULL);
	_cleanup_census_ struct census census = { 0 };
	struct err err;

	for (size_t i = 0; i < COUNT(several); i++)
		put_process(&several[i]);
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	ck_assert(census_has(&census, 10));
	ck_assert(census_has(&census, 300));
	ck_assert(!census_has(&census, 20));
	ck_assert(!census_has(&census, 1));
	ck_assert(!census_has(&census, 0));
}
END_TEST

/* As deep as pids go, and wide. */
START_TEST(test_many)
{
	struct census_options options = options_of(NULL);
	_cleanup_census_ struct census census = { 0 };
	struct process p = { 1, 0, "containerd", .exe = CONTAINERD };
	struct err err;

	for (int i = 2; i <= 1500; i++) {
		put_process(&p);
		p = (struct process){ i, i < 1000 ? i - 1 : 7, "sh",
				      .exe = SH };
	}
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	ck_assert_uint_eq(census.n, 1499);
	for (size_t i = 1; i < census.n; i++) {
		size_t j = i;

		while (j && census.facts[j]->pid != census.facts[i]->ppid)
			j--;
		ck_assert_msg(census.facts[j]->pid == census.facts[i]->ppid,
			      "%d before its parent", census.facts[i]->pid);
	}
}
END_TEST

/* Directories that are none. */
START_TEST(test_unreadable)
{
	struct census_options options = options_of(NULL);
	struct census census;
	struct err err = { 0 };

	put_process(&several[0]);
	options.proc_fd = -1;
	ck_assert_int_eq(census_take(&census, &options, &err), -1);
	ck_assert_uint_gt(strlen(err.text), 0);
	ck_assert_uint_eq(census.n, 0);
	ck_assert(!census_has(&census, 10));
	census_free(&census);
	census_free(&census);
	options.proc_fd = proc_fd;
	options.root_fd = -1;
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	ck_assert_uint_eq(census.n, 1);
	census_free(&census);
}
END_TEST

/* Bundles are read, not what somebody put in their place. */
START_TEST(test_links)
{
	/* clang-format off */
	static const struct host host = {
		"links", NULL,
		{ { "/elsewhere/x/init.pid", "33" }, { "/b/z/other", "33" } },
		{ { 21, 1, "containerd-shim", SHIM, NULL, .cwd = "/link/x" },
		  { 33, 21, "sh", .exe = SH },
		  { 41, 1, "containerd-shim", SHIM, NULL, .cwd = "/b/y" },
		  { 33 + 10, 41, "sh", .exe = SH } },
		NULL,
	};
	/* clang-format on */
	struct census_options options = options_of(NULL);
	_cleanup_census_ struct census census = { 0 };
	struct err err;

	put_host(&host);
	ck_assert(!symlinkat("elsewhere", root_fd, "link"));
	ck_assert(!symlinkat("other", root_fd, "b/z/init.pid"));
	ck_assert(!mkfifoat(root_fd, "b/z/pipe", 0600));
	ck_assert(!mkdirat(root_fd, "b/q", 0700));
	ck_assert(!mkfifoat(root_fd, "b/q/init.pid", 0600));
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	ck_assert_uint_eq(census.n, 4);
	for (size_t i = 0; i < census.n; i++)
		ck_assert(!census.facts[i]->is_init);
}
END_TEST

/* Whatever runs here: each after its parent, and itself not among them. */
START_TEST(test_real)
{
	struct census_options options = options_of(NULL);
	_cleanup_close_ int real = -1, root = -1;
	_cleanup_census_ struct census census = { 0 };
	struct err err;

	real = procfs_open("/proc", &err);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	options.proc_fd = real;
	options.root_fd = root;
	clocks_set(&options.clocks);
	ck_assert_msg(!census_take(&census, &options, &err), "%s", err.text);
	for (size_t i = 0; i < census.n; i++)
		ck_assert(census_has(&census, census.facts[i]->pid));
	ck_assert_uint_eq(options.clocks.boot_ns >> 62, 0);
	ck_assert_uint_gt(options.clocks.wall_ns, 1500000000000000000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("census");
	TCase *t = tcase_create("census");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_host, 0, (int)COUNT(hosts));
	tcase_add_test(t, test_fields);
	tcase_add_test(t, test_args);
	tcase_add_test(t, test_has);
	tcase_add_test(t, test_many);
	tcase_add_test(t, test_unreadable);
	tcase_add_test(t, test_links);
	tcase_add_test(t, test_real);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
