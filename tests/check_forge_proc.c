/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As check_forge.c, of what /proc and a shim's directories say: a tree of
 * files is a host's, in whose container everybody has hostile names. And what
 * goes to syslog: shown by the plugin itself, on a terminal.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "census.h"
#include "cleanup.h"
#include "eyes.h"
#include "forge.h"
#include "hostile.h"
#include "pipeline.h"

#define CONTAINERD "/usr/bin/containerd"
#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define BUNDLES "/run/b"

static char dir[64];
static int proc_fd = -1, root_fd = -1;

static int make_dir(const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", dir, path);
	ck_assert(!mkdir(full, 0700) || errno == EEXIST);
	return open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void setup(void)
{
	strcpy(dir, "/tmp/check_forge.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	proc_fd = make_dir("/proc");
	root_fd = make_dir("/root");
	close(make_dir("/root/run"));
	close(make_dir("/root" BUNDLES));
	ck_assert(proc_fd >= 0 && root_fd >= 0);
}

static void clear(const char *below)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -rf %s%s", dir, below);
	ck_assert_int_eq(system(command), 0);
}

static void teardown(void)
{
	close(proc_fd);
	close(root_fd);
	clear("");
}

/* --- a process of the host */

struct process {
	pid_t pid, ppid;
	const char *comm, *exe, *cwd, *cgroup;
	const struct buf *args;
};

static void put(int dir_fd, const char *name, const struct buf *text)
{
	_cleanup_close_ int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s", name);
	ck_assert_int_eq(write(fd, text->data, text->len), (ssize_t)text->len);
}

/* As the kernel writes them: a comm is in stat as it is. */
static void put_process(const struct process *p)
{
	_cleanup_buf_ struct buf stat = BUF_INIT, status = BUF_INIT,
				 cgroup = BUF_INIT;
	_cleanup_close_ int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)p->pid);
	fd = make_dir(path);
	buf_printf(&stat,
		   "%d (%s) S %d 1 1 0 -1 0 1 0 0 0 7 8 0 0 20 0 1 0 %d 0 0\n",
		   (int)p->pid, p->comm, (int)p->ppid, (int)p->pid);
	put(fd, "stat", &stat);
	buf_printf(&status, "Uid:\t7\t7\t7\t7\nGid:\t7\t7\t7\t7\nNSpid:\t%d\n",
		   (int)p->pid);
	put(fd, "status", &status);
	buf_printf(&cgroup, "0::%s\n", p->cgroup);
	put(fd, "cgroup", &cgroup);
	put(fd, "cmdline", p->args);
	ck_assert(!symlinkat(p->exe, fd, "exe"));
	ck_assert(!symlinkat(p->cwd, fd, "cwd"));
}

/* --- the host */

static void put_machinery(const char *bundle)
{
	static const char shim_args[] = SHIM "\0-namespace\0n\0-id\0i";
	const struct buf none = BUF_INIT;
	const struct buf args = { (char *)(uintptr_t)shim_args,
				  sizeof(shim_args), sizeof(shim_args) };
	const struct process machinery[] = {
		{ 100, 1, "containerd", CONTAINERD, "/", "/", &none },
		{ 101, 1, "containerd-shim", SHIM, bundle, "/", &args },
	};

	put_process(&machinery[0]);
	put_process(&machinery[1]);
}

/* The shim's word on who the container's init is, in a hostile directory */
static void put_bundle(const char *bundle)
{
	struct buf pid = { (char *)(uintptr_t) "103", 3, 3 };
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "/root%s", bundle);
	fd = make_dir(path);
	put(fd, "init.pid", &pid);
	close(fd);
}

static void put_container(const struct hostile *want, const char *name)
{
	_cleanup_buf_ struct buf args = BUF_INIT, cgroup = BUF_INIT;

	for (size_t i = 0; i < 3; i++)
		buf_put(&args, want->args[i], strlen(want->args[i]) + 1);
	buf_printf(&cgroup, "/x/%s", name);
	buf_putc(&cgroup, '\0');
	put_process(&(struct process){ INIT_PID, 101, want->comm, want->exe,
				       want->cwd, cgroup.data, &args });
	put_process(&(struct process){ MEMBER_PID, INIT_PID, want->comm,
				       want->exe, want->cwd, cgroup.data,
				       &args });
}

static size_t tell_census(const char *what, const struct hostile *want)
{
	const struct census_options options = {
		.proc_fd = proc_fd,
		.root_fd = root_fd,
		.roots = "containerd",
		.shims = "containerd-shim*",
		.self = "",
		.max_args_bytes = 4096,
		.clocks = { .wall_ns = 1700000000000000000 },
	};
	_cleanup_census_ struct census census = { 0 };
	struct merge *merge;
	struct pipeline *p;
	struct forge f;
	struct err err;

	forge_open(&f, what);
	f.want = *want;
	p = pipeline_new(&pipeline_defaults, forge_change, &f);
	pipeline_set_root(p, root_fd);
	merge = pipeline_local(p, "");
	ck_assert_int_eq(census_take(&census, &options, &err), 0);
	for (size_t i = 0; i < census.n; i++)
		merge_put(merge, census.facts[i]);
	pipeline_finish(p);
	pipeline_free(p);
	forge_close(&f, 4, dir);
	return f.changes;
}

/*
 * No string of the kernel's has a NUL. A name in a directory has no slash,
 * and one of a cgroup no newline.
 */
static void try_proc(const char *what, const char *s, size_t len)
{
	struct hostile want = { .ns = "n" };
	char comm[128], exe[160], cwd[160], arg[160], id[160];
	char bundle[sizeof(BUNDLES) + 160];
	size_t n;

	if (memchr(s, '\0', len))
		return;
	snprintf(comm, sizeof(comm), "%.*s", (int)len, s);
	snprintf(exe, sizeof(exe), "/bin/%s", comm);
	snprintf(cwd, sizeof(cwd), "/%s", comm);
	snprintf(arg, sizeof(arg), "x%s", comm);
	snprintf(id, sizeof(id), "i%s", comm);
	for (char *slash = id; (slash = strchr(slash, '/'));)
		*slash = '_';
	snprintf(bundle, sizeof(bundle), BUNDLES "/%s", id);
	want.comm = comm;
	want.exe = exe;
	want.cwd = cwd;
	want.args[0] = comm;
	want.args[1] = arg;
	want.args[2] = "";
	want.id = id;
	put_machinery(bundle);
	put_bundle(bundle);
	put_container(&want, strchr(id, '\n') ? "x" : id);
	n = tell_census(what, &want);
	must(n == 4, "%s: %zu changes", what, n);
	clear("/proc/1*");
	clear("/root" BUNDLES "/*");
}

START_TEST(test_proc)
{
	hostile_names(try_proc);
}
END_TEST

/* --- syslog */

/* What the plugin says of a configuration, as it came to its terminal */
static void hear_plugin(struct buf *said, const char *conf)
{
	_cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;
	const char *path;
	pid_t pid;
	int tty, status;
	ssize_t n;

	ck_assert(master >= 0 && !grantpt(master) && !unlockpt(master));
	path = ptsname(master);
	tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert(tty >= 0 && !tcgetattr(tty, &raw));
	cfmakeraw(&raw);
	ck_assert(!tcsetattr(tty, TCSANOW, &raw));
	pid = fork();
	if (!pid) {
		dup2(tty, STDERR_FILENO);
		execl("./audisp-contree", "audisp-contree", "-c", conf, NULL);
		_exit(99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 6,
		      "status %d", status);
	n = read(master, buf_reserve(said, 8192), 8192);
	ck_assert_int_gt(n, 0);
	said->len = (size_t)n;
	close(tty);
}

/* One line, whatever is in the file, of anybody's bytes */
static void try_syslog(const char *what, const char *s, size_t len)
{
	_cleanup_buf_ struct buf conf = BUF_INIT, said = BUF_INIT;
	char path[128];

	buf_puts(&conf, "json_log = ");
	buf_put(&conf, s, len);
	buf_puts(&conf, "\nx");
	buf_put(&conf, s, len);
	buf_puts(&conf, " = 1\n");
	put(root_fd, "conf", &conf);
	snprintf(path, sizeof(path), "%s/root/conf", dir);
	hear_plugin(&said, path);
	must(said.data[said.len - 1] == '\n', "%s: no line", what);
	eyes_printable(said.data, said.len - 1, what);
	must(!strncmp(said.data, "audisp-contree: ", 16), "%s: %.*s", what,
	     (int)said.len, said.data);
}

START_TEST(test_syslog)
{
	hostile_names(try_syslog);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("forge_proc");
	TCase *t = tcase_create("forge_proc");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_proc);
	tcase_add_test(t, test_syslog);
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
