/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc read from a tree of files that says what no kernel would, and from
 * the kernel's own.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "procfs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ALL                                                              \
	(PROCFS_STAT | PROCFS_STATUS | PROCFS_CGROUP | PROCFS_EXE |      \
	 PROCFS_ARGS | PROCFS_CWD | PROCFS_LOGIN)

#define A "fc7a8cbefc621fed032b2ef02a444cf1f6e6eb4945550028c453c378d0de728a"
#define B "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define POD "kubepods-burstable-pod8f2b1c0e_1d2f_4c3b_9a10_5f0e4d3c2b1a.slice"

/* Fields 10 to 19 and what is behind 22. */
#define MID " 100 0 0 0 7 8 0 0 20 0"
#define REST " 3133440 383 18446744073709551615 94216579973120\n"
#define STAT "42 (sh) S 7 42 42 0 -1 4194304" MID " 3 0 102398" REST

static char dir[64];
static int proc_fd = -1;

static void setup(void)
{
	struct err err;

	strcpy(dir, "/tmp/check_procfs.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	proc_fd = procfs_open(dir, &err);
	ck_assert_msg(proc_fd >= 0, "%s", err.text);
	ck_assert_int_eq(mkdirat(proc_fd, "42", 0700), 0);
}

static void teardown(void)
{
	char command[128];

	close(proc_fd);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *name, const char *data, size_t len)
{
	_cleanup_close_ int fd = openat(
		proc_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s", name);
	while (len) {
		ssize_t done = write(fd, data, len);

		ck_assert_int_gt(done, 0);
		data += done;
		len -= (size_t)done;
	}
}

static void puts_to(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void link_to(const char *name, const char *target)
{
	unlinkat(proc_fd, name, 0);
	ck_assert_int_eq(symlinkat(target, proc_fd, name), 0);
}

static int read_42(struct procfs *p, unsigned int parts)
{
	return procfs_read(p, proc_fd, 42, parts, 4096);
}

static void check_unknown(const struct procfs *p)
{
	ck_assert_int_eq(p->vpid, 0);
	ck_assert_uint_eq(p->ns_depth, 0);
	ck_assert_uint_eq(p->uid, UINT32_MAX);
	ck_assert_uint_eq(p->gid, UINT32_MAX);
	ck_assert_uint_eq(p->auid, UINT32_MAX);
	ck_assert_uint_eq(p->ses, UINT32_MAX);
	ck_assert_str_eq(p->exe, "");
	ck_assert_str_eq(p->cwd, "");
	ck_assert_str_eq(p->args, "");
	ck_assert_uint_eq(p->args_bytes, 0);
	ck_assert_uint_eq(p->args_count, 0);
	ck_assert(!p->args_cut);
	ck_assert_str_eq(p->container, "");
	ck_assert_str_eq(p->cgroup, "");
	ck_assert_str_eq(p->memory_cgroup, "");
}

START_TEST(test_whole)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	puts_to("42/stat", STAT);
	puts_to("42/status", "Name:\tsh\nUmask:\t0022\nPid:\t42\n"
			     "Uid:\t1000\t0\t1001\t1002\n"
			     "Gid:\t100\t101\t102\t103\nGroups:\t \n"
			     "NStgid:\t42\t8\nNSpid:\t42\t9\nKthread:\t0\n");
	puts_to("42/cgroup", "8:pids:/docker/" A "\n0::/\n");
	puts_to("42/loginuid", "4294967295");
	puts_to("42/sessionid", "17");
	put("42/cmdline", "sh\0-c\0\0ls", 10);
	link_to("42/exe", "/bin/sh (deleted)");
	link_to("42/cwd", "/tmp");
	ck_assert_int_eq(read_42(&p, ALL), 0);
	ck_assert_int_eq(p.pid, 42);
	ck_assert_int_eq(p.ppid, 7);
	ck_assert_int_eq(p.state, 'S');
	ck_assert_uint_eq(p.flags, 4194304);
	ck_assert_uint_eq(p.threads, 3);
	ck_assert_uint_eq(p.start_ticks, 102398);
	ck_assert_str_eq(p.comm, "sh");
	ck_assert_int_eq(p.vpid, 9);
	ck_assert_uint_eq(p.ns_depth, 2);
	ck_assert_uint_eq(p.uid, 0);
	ck_assert_uint_eq(p.gid, 101);
	ck_assert_uint_eq(p.auid, UINT32_MAX);
	ck_assert_uint_eq(p.ses, 17);
	ck_assert_str_eq(p.exe, "/bin/sh");
	ck_assert_str_eq(p.cwd, "/tmp");
	ck_assert_uint_eq(p.args_count, 4);
	ck_assert_uint_eq(p.args_bytes, 10);
	ck_assert(!memcmp(p.args, "sh\0-c\0\0ls", 10));
	ck_assert(!p.args_cut);
	ck_assert_str_eq(p.container, A);
	ck_assert_str_eq(p.cgroup, "/");
	ck_assert_str_eq(p.memory_cgroup, "");

	/* the next read leaves nothing of it */
	ck_assert_int_eq(read_42(&p, PROCFS_STAT), 0);
	ck_assert_str_eq(p.comm, "sh");
	check_unknown(&p);
	ck_assert_int_eq(read_42(&p, 0), 0);
	ck_assert_str_eq(p.comm, "");
	ck_assert_uint_eq(p.start_ticks, 0);
	check_unknown(&p);
}
END_TEST

START_TEST(test_missing)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	ck_assert_int_eq(read_42(&p, ALL), -1);
	ck_assert_int_eq(errno, ENOENT);
	check_unknown(&p);
	ck_assert_int_eq(read_42(&p, ALL & ~PROCFS_STAT), 0);
	check_unknown(&p);
	puts_to("42/stat", STAT);
	ck_assert_int_eq(read_42(&p, ALL), 0);
	ck_assert_str_eq(p.comm, "sh");
	check_unknown(&p);

	ck_assert_int_eq(procfs_read(&p, proc_fd, 43, ALL, 10), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(p.pid, 43);
	ck_assert_str_eq(p.comm, "");
	ck_assert_int_eq(procfs_read(&p, proc_fd, 43, 0, 10), -1);
	ck_assert_int_eq(procfs_read(&p, proc_fd, 0, ALL, 10), -1);
	ck_assert_int_eq(errno, ESRCH);
	ck_assert_int_eq(procfs_read(&p, proc_fd, -42, ALL, 10), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

/* Directories and empty files where files should be. */
START_TEST(test_no_files)
{
	static const char *const names[] = { "42/status",    "42/cgroup",
					     "42/loginuid",  "42/cmdline",
					     "42/sessionid", "42/exe",
					     "42/cwd" };
	_cleanup_procfs_ struct procfs p = { 0 };

	puts_to("42/stat", STAT);
	for (size_t i = 0; i < COUNT(names); i++)
		puts_to(names[i], "");
	ck_assert_int_eq(read_42(&p, ALL), 0);
	check_unknown(&p);
	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(unlinkat(proc_fd, names[i], 0), 0);
		ck_assert_int_eq(mkdirat(proc_fd, names[i], 0700), 0);
	}
	ck_assert_int_eq(read_42(&p, ALL), 0);
	check_unknown(&p);
}
END_TEST

START_TEST(test_open)
{
	struct err err = { 0 };

	puts_to("file", "");
	strcat(dir, "/file");
	ck_assert_int_eq(procfs_open(dir, &err), -1);
	ck_assert_int_eq(err.code, ENOTDIR);
	dir[strlen(dir) - strlen("/file")] = '\0';
	ck_assert_int_eq(procfs_open("/nowhere/at/all", &err), -1);
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
}
END_TEST

/* --- stat */

#define TAIL " S 7 1 1 0 -1 64" MID " 1 0 5" REST

/* comm is NULL where it must not be understood. */
static const struct {
	const char *text, *comm;
} stats[] = {
	{ "42 (sh)" TAIL, "sh" },
	{ "42 ()" TAIL, "" },
	{ "42 (a b)" TAIL, "a b" },
	{ "42 () 1 ()" TAIL, ") 1 (" },
	{ "42 () R 1 1 ()" TAIL, ") R 1 1 (" },
	{ "42 (a\nb)" TAIL, "a\nb" },
	{ "42 (a\n42 (b)" TAIL, "a\n42 (b" },
	{ "42 ())))" TAIL, ")))" },
	{ "42 (((()" TAIL, "(((" },
	{ "42 (\xff\x1b[2J)" TAIL, "\xff\x1b[2J" },
	{ "42 (kworker/u8:2+events_unbound_and_a_long_tail)" TAIL,
	  "kworker/u8:2+events_unbound_and_a_long_tail" },
	{ "42 (x) S 7 -1 -1 0 -1 64" MID " 1 0 5\n", "x" },
	{ "42 (x) S 7 1 1 0 -1 64 1 1 1 1 1 1 1 1 -100 -20 1 0 5\n", "x" },
	{ "42 (x) Z 0 1 1 0 -1 4294967295" MID " 0 0 0\n", "x" },

	{ "", NULL },
	{ "\n", NULL },
	{ "garbage", NULL },
	{ "42", NULL },
	{ "42 ", NULL },
	{ "42 (", NULL },
	{ "42 )", NULL },
	{ "42 ()", NULL },
	{ "42 (sh", NULL },
	{ "42 (sh)", NULL },
	{ "42 (sh) ", NULL },
	{ "42 (sh) S", NULL },
	{ "42 (sh) S ", NULL },
	{ "42 (sh) S\n", NULL },
	{ "42 (sh)S 7", NULL },
	{ "(sh)" TAIL, NULL },
	{ " 42 (sh)" TAIL, NULL },
	{ "42 sh" TAIL, NULL },
	{ "42(sh)" TAIL, NULL },
	{ "43 (sh)" TAIL, NULL },
	{ "-42 (sh)" TAIL, NULL },
	{ "99999999999999999999 (sh)" TAIL, NULL },
	{ "4294967338 (sh)" TAIL, NULL },
	{ "42 (x) ? 7 1 1 0 -1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) 1 7 1 1 0 -1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) \xc9 7 1 1 0 -1 64" MID " 1 0 5" REST, NULL },
	/* ppid, flags, threads, start */
	{ "42 (x) S -7 1 1 0 -1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 2147483648 1 1 0 -1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 -64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 4294967296" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " -1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 2147483648 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1 0 -5" REST, NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1 0 18446744073709551616\n", NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1 0 5", NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1 0 5.", NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1 0\n", NULL },
	{ "42 (x) S 7 1 1 0 -1 64" MID " 1  0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 - 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 --1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 1 1 0 +1 64" MID " 1 0 5" REST, NULL },
	{ "42 (x) S 7 a 1 0 -1 64" MID " 1 0 5" REST, NULL },
};

START_TEST(test_stat)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	const char *comm = stats[_i].comm;
	int ret;

	puts_to("42/stat", stats[_i].text);
	errno = 0;
	ret = read_42(&p, PROCFS_STAT);
	ck_assert_msg(ret == (comm ? 0 : -1), "%s", stats[_i].text);
	if (comm) {
		ck_assert_str_eq(p.comm, comm);
		return;
	}
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_str_eq(p.comm, "");
	ck_assert_int_eq(p.ppid, 0);
	ck_assert_int_eq(p.state, 0);
}
END_TEST

/* At each length, it is right or not understood. */
START_TEST(test_stat_torn)
{
	static const char text[] = STAT;
	_cleanup_procfs_ struct procfs p = { 0 };
	const char *start = strstr(text, "102398");
	int ret;

	for (size_t len = 0; len < sizeof(text); len++) {
		put("42/stat", text, len);
		ret = read_42(&p, PROCFS_STAT);
		ck_assert_int_eq(ret, text + len > start + 6 ? 0 : -1);
		ck_assert_uint_eq(p.start_ticks, ret ? 0 : 102398);
	}
}
END_TEST

START_TEST(test_stat_nul)
{
	static const char early[] = "42 (a\0b) S 7 1 1 0 -1 64" MID " 1 0 5\n";
	static const char late[] = "42 (a)" TAIL "\0)";
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_buf_ struct buf endless = BUF_INIT;

	put("42/stat", early, sizeof(early));
	ck_assert_int_eq(read_42(&p, PROCFS_STAT), -1);
	put("42/stat", late, sizeof(late));
	ck_assert_int_eq(read_42(&p, PROCFS_STAT), 0);
	ck_assert_str_eq(p.comm, "a");

	buf_puts(&endless, "42 (");
	while (endless.len < 10000)
		buf_putc(&endless, 'x');
	buf_puts(&endless, ")" TAIL);
	put("42/stat", endless.data, endless.len);
	ck_assert_int_eq(read_42(&p, PROCFS_STAT), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

/* --- status */

static const struct {
	const char *text;
	pid_t vpid;
	unsigned int depth;
	uint32_t uid, gid;
} statuses[] = {
#define NO UINT32_MAX
	{ "NSpid:\t42\n", 42, 1, NO, NO },
	{ "NSpid:\t42\t7\n", 7, 2, NO, NO },
	{ "NSpid:\t42\t7\t1\n", 1, 3, NO, NO },
	{ "Name:\tsh\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n", 0, 0, 2, 6 },
	{ "Uid:\t4294967295\t4294967294\t0\t0\n", 0, 0, 4294967294u, NO },
	{ "Name:\ta\\nNSpid:\\t1\nNSpid:\t42\t7\n", 7, 2, NO, NO },
	{ "NStgid:\t42\t8\nNSpgid:\t1\t1\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t7", 0, 0, NO, NO },
	{ "NSpid:", 0, 0, NO, NO },
	{ "NSpid:\n", 0, 0, NO, NO },
	{ "NSpid:\t\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t0\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t-7\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t7x\n", 0, 0, NO, NO },
	{ "NSpid:\tx\t7\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t2147483648\n", 0, 0, NO, NO },
	{ "NSpid:\t42\t99999999999999999999\n", 0, 0, NO, NO },
	{ "NSpid:42\n", 0, 0, NO, NO },
	{ " NSpid:\t42\n", 0, 0, NO, NO },
	{ "nspid:\t42\n", 0, 0, NO, NO },
	{ "Uid:\t1\t2\t3\n", 0, 0, NO, NO },
	{ "Uid:\t1\t2\t3\t4\t5\n", 0, 0, NO, NO },
	{ "Uid:\t1\t-2\t3\t4\n", 0, 0, NO, NO },
	{ "Uid:\t1\t4294967296\t3\t4\n", 0, 0, NO, NO },
	{ "Uid:\t1\t2\t3\t4", 0, 0, NO, NO },
	{ "Gid:\t\xff\n\n\n::\n", 0, 0, NO, NO },
#undef NO
};

START_TEST(test_status)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	puts_to("42/status", statuses[_i].text);
	ck_assert_int_eq(read_42(&p, PROCFS_STATUS), 0);
	ck_assert_msg(p.vpid == statuses[_i].vpid &&
			      p.ns_depth == statuses[_i].depth &&
			      p.uid == statuses[_i].uid &&
			      p.gid == statuses[_i].gid,
		      "%s: %d %u %u %u", statuses[_i].text, p.vpid, p.ns_depth,
		      p.uid, p.gid);
}
END_TEST

/* As many groups as can be, and more than is read. */
START_TEST(test_groups)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_puts(&text, "Uid:\t1\t2\t3\t4\nGroups:\t");
	for (int i = 0; i < 65536; i++)
		buf_puts(&text, "4294900000 ");
	buf_puts(&text, "\nNSpid:\t42\t7\n");
	put("42/status", text.data, text.len);
	ck_assert_int_eq(read_42(&p, PROCFS_STATUS), 0);
	ck_assert_int_eq(p.vpid, 7);

	/* as a name it is not the line */
	puts_to("42/status",
		"Name:\tNSpid:\nUid:\t1\t2\t3\t4\nNSpid:\t42\t8\n");
	ck_assert_int_eq(read_42(&p, PROCFS_STATUS), 0);
	ck_assert_int_eq(p.vpid, 8);

	text.len -= strlen("\nNSpid:\t42\t7\n");
	for (int i = 0; i < 65536; i++)
		buf_puts(&text, "4294900000 ");
	buf_puts(&text, "\nNSpid:\t42\t7\n");
	put("42/status", text.data, text.len);
	ck_assert_int_eq(read_42(&p, PROCFS_STATUS), 0);
	ck_assert_int_eq(p.vpid, 0);
	ck_assert_uint_eq(p.uid, 2);
}
END_TEST

/* --- cgroup */

#define HEX63 "c7a8cbefc621fed032b2ef02a444cf1f6e6eb4945550028c453c378d0de728a"

static const struct {
	const char *text, *id;
} containers[] = {
	/* as recorded */
	{ "8:pids:/\n0::/\n", "" },
	{ "8:pids:/docker/" A "\n0::/\n", A },
	{ "8:pids:/default/basic-28761\n0::/\n", "" },
	{ "8:pids:/kubepods/pod28761/app\n0::/\n", "" },
	/* cgroup v2, systemd */
	{ "0::/system.slice/docker-" A ".scope\n", A },
	{ "0::/system.slice/docker-" A ".scope", A },
	{ "0::/kubepods.slice/kubepods-burstable.slice/" POD
	  "/cri-containerd-" A ".scope\n",
	  A },
	{ "0::/kubepods.slice/" POD "/crio-" A ".scope\n", A },
	{ "0::/kubepods.slice/" POD "/crio-" A ".scope/container\n", A },
	{ "0::/machine.slice/libpod-" A ".scope/container\n", A },
	{ "0::/user.slice/user-1000.slice/user@1000.service/user.slice"
	  "/libpod-" A ".scope/container\n",
	  A },
	{ "0::/system.slice/x.service/libpod-payload-" A "\n", A },
	{ "0::/system.slice/" A ".scope\n", A },
	{ "0::/system.slice/docker-" A ".scope (deleted)\n", A },
	/* without systemd */
	{ "0::/docker/" A "\n", A },
	{ "0::/docker/" A " (deleted)\n", A },
	{ "0::/docker/" A "/init.scope\n", A },
	{ "0::/kubepods/burstable/pod8f2b/" A "/sub/cgroup\n", A },
	{ "0::/libpod_parent/libpod-" A "\n", A },
	{ "0::/ecs/0123456789abcdef0123456789abcdef/" A "\n", A },
	{ "0::/../../docker/" A "\n", A },
	{ "0::/" A "\n", A },
	{ "0::/k8s.io/" A "\n", A },
	{ "0::/system.slice/containerd.service/" POD ":cri-containerd:" A "\n",
	  A },
	{ "0::/system.slice:docker:" A "/x\n", A },
	/* cgroup v1 */
	{ "12:memory:/docker/" A "\n11:cpu,cpuacct:/docker/" A
	  "\n1:name=systemd:/docker/" A "\n",
	  A },
	{ "2:cpu:/user.slice\n1:name=systemd:/docker/" A "\n0::/\n", A },
	/* containers in containers */
	{ "0::/docker/" A "/docker/" B "\n", A },
	{ "0::/system.slice/docker-" A ".scope/system.slice/docker-" B
	  ".scope\n",
	  A },
	{ "0::/docker/" B "/kubelet.slice/" POD "/cri-containerd-" A ".scope\n",
	  B },
	{ "5:pids:/docker/" A "\n0::/docker/" A "/" B "\n", A },
	/* the monitor is not in the container */
	{ "0::/machine.slice/libpod-conmon-" A ".scope\n", "" },
	{ "0::/kubepods.slice/" POD "/crio-conmon-" A ".scope\n", "" },
	{ "0::/libpod_parent/libpod-conmon-" A "\n", "" },
	{ "0::/docker/" A "/libpod-conmon-" B ".scope\n", A },
	/* none */
	{ "", "" },
	{ "\n", "" },
	{ "::\n", "" },
	{ ":::::\n", "" },
	{ A "\n", "" },
	{ "0:" A "\n", "" },
	{ "0:/" A ":\n", "" },
	{ "0::" A "\n", "" },
	{ "garbage\n0::/docker/" A "\n", A },
	{ "0::/docker/" HEX63 "\n", "" },
	{ "0::/docker/" A "0\n", "" },
	{ "0::/docker/g" HEX63 "\n", "" },
	{ "0::/docker/F" HEX63 "\n", "" },
	{ "0::/docker/x" A "\n", "" },
	{ "0::/docker/x" A ".scope\n", "" },
	{ "0::/docker/x_" A ".scope\n", "" },
	{ "0::/docker/" A ".service\n", "" },
	{ "0::/docker/docker-" A ".scope.x\n", "" },
	{ "0::/system.slice/var-lib-docker-" A "-shm.mount\n", "" },
	{ "0::/docker/" HEX63 "\nf\n", "" },
	{ "0::/docker/" HEX63 "/f\n", "" },
	{ "0:://///" A "///\n", A },
	{ "0::/a:b:c/" A "\n", A },
	{ "0::/\xff\x1b/" A "\n", A },
};

START_TEST(test_container)
{
	char id[PROCFS_ID_SIZE] = "?";
	bool found = procfs_container_id(containers[_i].text, id, sizeof(id));

	ck_assert_msg(!strcmp(id, containers[_i].id), "%s: %s",
		      containers[_i].text, id);
	ck_assert(found == !!*id);
	/* whoever has it is named by it */
	ck_assert_msg(!found || procfs_cgroup_names(containers[_i].text, id),
		      "%s", containers[_i].text);
}
END_TEST

START_TEST(test_container_size)
{
	char id[PROCFS_ID_SIZE + 1] = "?";

	ck_assert(!procfs_container_id("0::/docker/" A "\n", id, 0));
	ck_assert_int_eq(id[0], '?');
	ck_assert(!procfs_container_id("0::/docker/" A "\n", id, 64));
	ck_assert_str_eq(id, "");
	ck_assert(procfs_container_id("0::/docker/" A "\n", id, 65));
	ck_assert_str_eq(id, A);
}
END_TEST

static const struct {
	const char *text, *id;
	bool named;
} named[] = {
	{ "8:pids:/default/basic-28761\n0::/\n", "basic-28761", true },
	{ "8:pids:/kubepods/pod28761/app\n0::/\n", "app", true },
	{ "8:pids:/kubepods/pod28761/app\n0::/\n", "side", false },
	{ "8:pids:/\n0::/default/basic/init.scope\n", "basic", true },
	{ "0::/default/basic (deleted)\n", "basic", true },
	{ "0::/default/basic", "basic", true },
	{ "0::/system.slice/nerdctl-web.scope\n", "web", true },
	{ "0::/system.slice/cri-containerd-web.scope/x\n", "web", true },
	{ "0::/system.slice:cri-containerd:web\n", "web", true },
	{ "0::/system.slice:cri-containerd:web/x\n", "web", true },
	{ "0::/x/web.scope\n", "web.scope", true },
	{ "0::/x:y:web.scope\n", "web.scope", true },
	{ "0::/docker/" A "/docker/" B "\n", A, true },
	{ "0::/docker/" A "/docker/" B "\n", B, true },
	{ "0::/libpod_parent/libpod-" A "\n", A, true },
	{ "0::/machine.slice/libpod-conmon-" A ".scope\n", A, false },
	{ "0::/machine.slice/libpod-conmon-web.scope\n", "web", false },
	{ "0::/init.scope\n", "init", false },
	{ "0::/x/-web.scope\n", "web", false },
	{ "0::/x/xweb.scope\n", "web", false },
	{ "0::/x/nerdctl-web\n", "web", false },
	{ "0::/x/nerdctl-web.service\n", "web", false },
	{ "0::/x/web2\n", "web", false },
	{ "0::/x/2web\n", "web", false },
	{ "0::/x/we/b\n", "we/b", false },
	{ "0::/x/we\nb\n", "we\nb", false },
	{ "0::/x:web:y\n", "web", false },
	{ "3:web:/x\n", "web", false },
	{ "web:cpu:/x\n", "web", false },
	{ "0::/x//y:\n", "", false },
	{ "0::/x-.scope\n", "", false },
	{ "", "web", false },
	{ "", "", false },
};

START_TEST(test_named)
{
	ck_assert_msg(procfs_cgroup_names(named[_i].text, named[_i].id) ==
			      named[_i].named,
		      "\"%s\" in %s", named[_i].id, named[_i].text);
}
END_TEST

static const struct {
	const char *text, *cgroup, *memory;
} cgroups[] = {
	{ "0::/a/b\n", "/a/b", "" },
	{ "0::/a (deleted)\n", "/a", "" },
	{ "0::/\n4:memory:/m\n", "/", "/m" },
	{ "9:name=systemd:/s\n4:memory:/m\n3:pids:/p\n", "/m", "/m" },
	{ "9:name=systemd:/s\n3:pids:/p\n", "/p", "" },
	{ "9:cpu,memory,pids:/m:x\n", "/m:x", "/m:x" },
	{ "9:memory,cpu:/m\n", "/m", "/m" },
	{ "9:cpu,,memory:/m\n", "/m", "/m" },
	{ "9:name=memory:/s\n8:memory2:/s\n7:xmemory:/s\n", "", "" },
	{ "10::/s\n0:cpu:/s\n::/s\n", "", "" },
	{ "4:memory:m\n", "", "" },
	{ "0::/whole\n4:memory:/cut", "/whole", "" },
	{ "0::/cut", "", "" },
	{ "", "", "" },
	{ "\n\n::::\n0::/a\n", "/a", "" },
	{ "0::/a\n0::/b\n", "/a", "" },
};

START_TEST(test_cgroup)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	puts_to("42/cgroup", cgroups[_i].text);
	ck_assert_int_eq(read_42(&p, PROCFS_CGROUP), 0);
	ck_assert_str_eq(p.cgroup, cgroups[_i].cgroup);
	ck_assert_str_eq(p.memory_cgroup, cgroups[_i].memory);
	ck_assert_str_eq(p.container, "");
}
END_TEST

/* More than is read: what is torn in two is not a path. */
START_TEST(test_cgroup_endless)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_puts(&text, "5:cpu:/docker/" A "\n0::/");
	while (text.len < 300000)
		buf_puts(&text, "deep/");
	buf_puts(&text, "\n");
	put("42/cgroup", text.data, text.len);
	ck_assert_int_eq(read_42(&p, PROCFS_CGROUP), 0);
	ck_assert_str_eq(p.cgroup, "");
	ck_assert_str_eq(p.container, A);
}
END_TEST

/* --- the others */

static const struct {
	const char *data;
	size_t len, max;
	const char *args;
	size_t bytes;
	uint32_t count;
	bool cut;
} cmdlines[] = {
#define S(s) s, sizeof(s) - 1
	{ S(""), 100, S(""), 0, false },	/* a kernel thread */
	{ S("\0"), 100, S("\0"), 1, false },
	{ S("ls\0"), 100, S("ls\0"), 1, false },
	{ S("ls"), 100, S("ls\0"), 1, false },
	{ S("ls\0-l\0"), 100, S("ls\0-l\0"), 2, false },
	{ S("ls\0-l"), 100, S("ls\0-l\0"), 2, false },
	{ S("nginx: worker\0\0\0"), 100, S("nginx: worker\0\0\0"), 3, false },
	{ S("\n\xff\0"), 100, S("\n\xff\0"), 1, false },
	{ S("ls\0-l\0"), 6, S("ls\0-l\0"), 2, false },
	{ S("ls\0-l"), 6, S("ls\0-l\0"), 2, false },
	{ S("ls\0-l\0"), 5, S("ls\0-\0"), 2, true },
	{ S("ls\0-l"), 5, S("ls\0-\0"), 2, true },
	{ S("ls\0-l\0"), 3, S("ls\0"), 1, true },
	{ S("ls\0"), 1, S("\0"), 1, true },
	{ S("ls\0"), 0, S(""), 0, true },
	{ S(""), 0, S(""), 0, false },
	{ S("ls\0"), SIZE_MAX, S("ls\0"), 1, false },
#undef S
};

START_TEST(test_args)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	put("42/cmdline", cmdlines[_i].data, cmdlines[_i].len);
	ck_assert_int_eq(
		procfs_read(&p, proc_fd, 42, PROCFS_ARGS, cmdlines[_i].max), 0);
	ck_assert_uint_eq(p.args_bytes, cmdlines[_i].bytes);
	ck_assert_uint_eq(p.args_count, cmdlines[_i].count);
	ck_assert(!memcmp(p.args, cmdlines[_i].args, cmdlines[_i].bytes));
	ck_assert(p.args_cut == cmdlines[_i].cut);
	ck_assert(p.args_bytes || !*p.args);
}
END_TEST

START_TEST(test_args_long)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	while (text.len < 100 * 1024)
		buf_put(&text, "0123456", 8);
	put("42/cmdline", text.data, text.len);
	puts_to("42/stat", STAT);
	ck_assert_int_eq(procfs_read(&p, proc_fd, 42, ALL, 8190), 0);
	ck_assert(p.args_cut);
	ck_assert_uint_eq(p.args_bytes, 8190);
	ck_assert_uint_eq(p.args_count, 1024);
	ck_assert(!memcmp(p.args, text.data, 8189));
	ck_assert_str_eq(p.args + 1023 * 8, "01234");
	ck_assert_str_eq(p.comm, "sh");
	ck_assert_int_eq(procfs_read(&p, proc_fd, 42, ALL, text.len), 0);
	ck_assert(!p.args_cut);
	ck_assert_uint_eq(p.args_bytes, text.len);
	ck_assert(!memcmp(p.args, text.data, text.len));
}
END_TEST

static const struct {
	const char *text;
	uint32_t id;
} ids[] = {
	{ "0", 0 },
	{ "1000", 1000 },
	{ "1000\n", 1000 },
	{ "4294967294", 4294967294u },
	{ "4294967295", UINT32_MAX },
	{ "4294967296", UINT32_MAX },
	{ "99999999999999999999999999", UINT32_MAX },
	{ "-1", UINT32_MAX },
	{ "", UINT32_MAX },
	{ "\n", UINT32_MAX },
	{ "x", UINT32_MAX },
	{ " 1", UINT32_MAX },
	{ "1 ", UINT32_MAX },
	{ "1\n\n", UINT32_MAX },
};

START_TEST(test_login)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	puts_to("42/loginuid", ids[_i].text);
	ck_assert_int_eq(read_42(&p, PROCFS_LOGIN), 0);
	ck_assert_uint_eq(p.auid, ids[_i].id);
	ck_assert_uint_eq(p.ses, UINT32_MAX);
	puts_to("42/loginuid", "5");
	puts_to("42/sessionid", ids[_i].text);
	ck_assert_int_eq(read_42(&p, PROCFS_LOGIN), 0);
	ck_assert_uint_eq(p.auid, 5);
	ck_assert_uint_eq(p.ses, ids[_i].id);
}
END_TEST

static const struct {
	const char *target, *exe, *cwd;
} links[] = {
	{ "/bin/sh", "/bin/sh", "/bin/sh" },
	{ "/bin/sh (deleted)", "/bin/sh", "/bin/sh (deleted)" },
	{ "/x (deleted) (deleted)", "/x (deleted)", "/x (deleted) (deleted)" },
	{ "/x (deleted)/y", "/x (deleted)/y", "/x (deleted)/y" },
	{ " (deleted)", "", " (deleted)" },
	{ "/memfd:x (deleted)", "/memfd:x", "/memfd:x (deleted)" },
	{ "/\n\xff\x1b", "/\n\xff\x1b", "/\n\xff\x1b" },
};

START_TEST(test_links)
{
	_cleanup_procfs_ struct procfs p = { 0 };

	link_to("42/exe", links[_i].target);
	link_to("42/cwd", links[_i].target);
	ck_assert_int_eq(read_42(&p, PROCFS_EXE | PROCFS_CWD), 0);
	ck_assert_str_eq(p.exe, links[_i].exe);
	ck_assert_str_eq(p.cwd, links[_i].cwd);
}
END_TEST

/* --- all processes */

struct seen {
	pid_t pids[16];
	size_t count;
	pid_t stop;	/* at this one */
};

static int see(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;

	ck_assert_uint_lt(seen->count, COUNT(seen->pids));
	seen->pids[seen->count++] = pid;
	return pid == seen->stop ? 7 : 0;
}

START_TEST(test_each)
{
	static const char *const names[] = {
		"100",	      "9",  "2147483647", "10",
		"self",	      "0",  "007",	  "1a",
		"4294967338", "-3", " 5",	  "99999999999999999",
		"2147483648"
	};
	static const pid_t want[] = { 9, 10, 42, 100, 2147483647 };
	struct seen all = { 0 }, some = { .stop = 42 };

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_int_eq(mkdirat(proc_fd, names[i], 0700), 0);
	ck_assert_int_eq(procfs_each(proc_fd, see, &all), 0);
	ck_assert_uint_eq(all.count, COUNT(want));
	ck_assert(!memcmp(all.pids, want, sizeof(want)));
	ck_assert_int_eq(procfs_each(proc_fd, see, &some), 7);
	ck_assert_uint_eq(some.count, 3);
	ck_assert_int_eq(procfs_each(-1, see, &all), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(test_each_none)
{
	struct seen seen = { 0 };

	ck_assert_int_eq(unlinkat(proc_fd, "42", AT_REMOVEDIR), 0);
	ck_assert_int_eq(procfs_each(proc_fd, see, &seen), 0);
	ck_assert_uint_eq(seen.count, 0);
}
END_TEST

/* --- the kernel's own */

static int open_real(void)
{
	struct err err;
	int fd = procfs_open("/proc", &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	return fd;
}

/* By an fd, because valgrind puts something else under the full name. */
static void check_self_link(const char *name, const char *is)
{
	_cleanup_close_ int self =
		open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[4096];
	ssize_t len = readlinkat(self, name, path, sizeof(path) - 1);

	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	ck_assert_str_eq(is, path);
}

/* A sanitizer may have one of its own. */
static unsigned int count_threads(void)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *tasks = opendir("/proc/self/task");

	ck_assert_ptr_nonnull(tasks);
	while ((entry = readdir(tasks)))
		n += *entry->d_name != '.';
	closedir(tasks);
	return n;
}

START_TEST(test_self)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_close_ int real = open_real();
	char comm[16] = "";

	ck_assert_int_eq(procfs_read(&p, real, getpid(), ALL, 65536), 0);
	prctl(PR_GET_NAME, comm);
	ck_assert_str_eq(p.comm, comm);
	ck_assert_int_eq(p.pid, getpid());
	ck_assert_int_eq(p.ppid, getppid());
	ck_assert_int_eq(p.state, 'R');
	ck_assert_uint_eq(p.threads, count_threads());
	ck_assert_uint_gt(p.start_ticks, 0);
	ck_assert_uint_eq(p.flags & (PROCFS_EXITING | PROCFS_KTHREAD), 0);
	ck_assert_int_eq(p.vpid, getpid());
	ck_assert_uint_ge(p.ns_depth, 1);
	ck_assert_uint_eq(p.uid, geteuid());
	ck_assert_uint_eq(p.gid, getegid());
	check_self_link("exe", p.exe);
	check_self_link("cwd", p.cwd);
	ck_assert_uint_ge(p.args_count, 1);
	ck_assert_int_eq(p.args[p.args_bytes - 1], '\0');
	ck_assert(!p.args_cut);
	ck_assert_int_eq(p.cgroup[0], '/');
}
END_TEST

/* A comm that lies, in stat and in status. */
START_TEST(test_self_comm)
{
	static const char *const names[] = { ") 1 (",	   ") R 1 1 1 (",
					     "a\nUid:\t9", "\nNSpid:\t1\t9\n",
					     "",	   "\\)" };
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_close_ int real = open_real();

	for (size_t i = 0; i < COUNT(names); i++) {
		prctl(PR_SET_NAME, names[i]);
		ck_assert_int_eq(procfs_read(&p, real, getpid(), ALL, 10), 0);
		ck_assert_str_eq(p.comm, names[i]);
		ck_assert_int_eq(p.ppid, getppid());
		ck_assert_int_eq(p.vpid, getpid());
		ck_assert_uint_eq(p.uid, geteuid());
	}
}
END_TEST

/* A zombie; then, nobody. */
START_TEST(test_ended)
{
	_cleanup_procfs_ struct procfs p = { 0 };
	_cleanup_close_ int real = open_real();
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(procfs_read(&p, real, pid, ALL, 100), 0);
	ck_assert_int_eq(p.state, 'Z');
	ck_assert_uint_eq(p.flags & PROCFS_EXITING, PROCFS_EXITING);
	ck_assert_int_eq(p.ppid, getpid());
	ck_assert_int_eq(p.vpid, pid);
	ck_assert_str_eq(p.exe, "");
	ck_assert_str_eq(p.cwd, "");
	ck_assert_uint_eq(p.args_count, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(procfs_read(&p, real, pid, ALL, 100), -1);
	ck_assert(errno == ENOENT || errno == ESRCH);
	ck_assert_str_eq(p.comm, "");
}
END_TEST

struct census {
	int fd;
	pid_t before;
	bool self;
	struct procfs p;
};

static int count_one(void *ctx, pid_t pid)
{
	struct census *census = ctx;

	ck_assert_int_gt(pid, census->before);
	census->before = pid;
	census->self |= pid == getpid();
	if (procfs_read(&census->p, census->fd, pid, ALL, 4096))
		ck_assert_msg(errno == ENOENT || errno == ESRCH, "%d: %s", pid,
			      strerror(errno));
	return 0;
}

/* Whatever runs here is understood, and no fd stays open. */
START_TEST(test_everyone)
{
	struct census census = { .fd = open_real() };
	int before = dup(0), after;

	close(before);
	ck_assert_int_eq(procfs_each(census.fd, count_one, &census), 0);
	ck_assert(census.self);
	procfs_free(&census.p);
	ck_assert_ptr_null(census.p.text.data);
	after = dup(0);
	ck_assert_int_eq(after, before);
	close(after);
	close(census.fd);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("procfs");
	TCase *pure = tcase_create("pure");
	TCase *tree = tcase_create("tree");
	TCase *real = tcase_create("real");

	tcase_add_loop_test(pure, test_container, 0, COUNT(containers));
	tcase_add_test(pure, test_container_size);
	tcase_add_loop_test(pure, test_named, 0, COUNT(named));
	suite_add_tcase(s, pure);

	tcase_add_checked_fixture(tree, setup, teardown);
	tcase_add_test(tree, test_whole);
	tcase_add_test(tree, test_missing);
	tcase_add_test(tree, test_no_files);
	tcase_add_test(tree, test_open);
	tcase_add_loop_test(tree, test_stat, 0, COUNT(stats));
	tcase_add_test(tree, test_stat_torn);
	tcase_add_test(tree, test_stat_nul);
	tcase_add_loop_test(tree, test_status, 0, COUNT(statuses));
	tcase_add_test(tree, test_groups);
	tcase_add_loop_test(tree, test_cgroup, 0, COUNT(cgroups));
	tcase_add_test(tree, test_cgroup_endless);
	tcase_add_loop_test(tree, test_args, 0, COUNT(cmdlines));
	tcase_add_test(tree, test_args_long);
	tcase_add_loop_test(tree, test_login, 0, COUNT(ids));
	tcase_add_loop_test(tree, test_links, 0, COUNT(links));
	tcase_add_test(tree, test_each);
	tcase_add_test(tree, test_each_none);
	suite_add_tcase(s, tree);

	tcase_add_test(real, test_self);
	tcase_add_test(real, test_self_comm);
	tcase_add_test(real, test_ended);
	tcase_add_test(real, test_everyone);
	suite_add_tcase(s, real);
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
