/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No byte of a record or of a bundle forges a line, a field or a terminal's
 * escape in any sink. Each hostile name goes the whole way: as comm, exe,
 * arguments, cwd, key and user of processes, as a container's id, name, image,
 * pod and labels; in records as the kernel writes them, and as a hostile
 * sender might. check_forge_proc.c is of /proc.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eyes.h"
#include "forge.h"
#include "hostile.h"
#include "pipeline.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEX64 "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define DOCKER "/var/lib/docker/containers/" HEX64
#define CRI "io.kubernetes.cri."

static char dir[64];
static int root = -1;
static struct buf story;

static void setup(void)
{
	strcpy(dir, "/tmp/check_forge.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
	/* Where there is no UTF-8 locale, the tree is drawn in ASCII. */
	setlocale(LC_ALL, "C.UTF-8");
}

static void clear_dir(const char *below)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -rf %s/%s", dir, below);
	ck_assert_int_eq(system(command), 0);
}

static void teardown(void)
{
	close(root);
	clear_dir("");
	buf_free(&story);
}

/* --- records */

/* How strings stand in records */
enum how {
	AS_HEX,		/* as the kernel writes what is not plain */
	ENRICHED,	/* the same, and what auditd adds */
	AS_IS,		/* as it never would */
};

static void put_value(enum how how, const char *s, size_t len)
{
	if (how == AS_IS) {
		buf_putc(&story, '"');
		buf_put(&story, s, len);
		buf_putc(&story, '"');
		return;
	}
	for (size_t i = 0; i < len; i++)
		buf_printf(&story, "%02X", (unsigned char)s[i]);
}

/* name=PREFIXs */
static void put_field(enum how how, const char *name, const char *prefix,
		      const char *s, size_t len)
{
	_cleanup_buf_ struct buf value = BUF_INIT;

	buf_puts(&value, prefix);
	buf_put(&value, s, len);
	buf_printf(&story, " %s=", name);
	put_value(how, value.data, value.len);
}

static void head(const char *type, int serial)
{
	buf_printf(&story, "type=%s msg=audit(1700000000.%d:%d):", type, serial,
		   serial);
}

static void end(int serial)
{
	buf_putc(&story, '\n');
	head("EOE", serial);
	buf_puts(&story, " \n");
}

static void put_ids(pid_t ppid, pid_t pid)
{
	buf_printf(&story,
		   " a1=0 a2=0 a3=0 items=0 ppid=%d pid=%d auid=4294967295"
		   " uid=7 gid=7 euid=7 suid=7 fsuid=7 egid=7 sgid=7 fsgid=7"
		   " tty=(none) ses=4294967295",
		   (int)ppid, (int)pid);
}

static void syscall_of(int serial, const char *call, pid_t ppid, pid_t pid)
{
	head("SYSCALL", serial);
	buf_printf(&story, " arch=c000003e syscall=%s", call);
	put_ids(ppid, pid);
}

/* One of the runtime's own, whose names are what they are. */
static void put_machine(int serial, const char *call, pid_t ppid, pid_t pid,
			const char *comm, const char *exe)
{
	syscall_of(serial, call, ppid, pid);
	buf_printf(&story, " comm=\"%s\" exe=\"%s\" key=\"contree\"", comm,
		   exe);
}

#define EXECVE "59 success=yes exit=0 a0=1"
#define CLONE(child) "56 success=yes exit=" child " a0=11"
#define OPENAT "257 success=no exit=-13 a0=1"
#define EXIT "231 a0=0"

static void put_shim(enum how how, const char *s, size_t len, bool docker)
{
	put_machine(1, CLONE("101"), 1, 100, "containerd",
		    "/usr/bin/containerd");
	end(1);
	put_machine(2, EXECVE, 100, 101, "containerd-shim",
		    "/usr/bin/containerd-shim-runc-v2");
	buf_putc(&story, '\n');
	head("EXECVE", 2);
	buf_puts(&story, " argc=5 a0=\"containerd-shim-runc-v2\""
			 " a1=\"-namespace\"");
	put_field(how, "a2", "n", s, len);
	buf_puts(&story, " a3=\"-id\"");
	put_field(docker ? AS_IS : how, "a4", docker ? HEX64 : "i", s,
		  docker ? 0 : len);
	end(2);
}

static void put_runc(enum how how, const char *s, size_t len, bool docker)
{
	put_machine(3, EXECVE, 101, 102, "runc", "/usr/bin/runc");
	buf_putc(&story, '\n');
	head("EXECVE", 3);
	buf_puts(&story, " argc=5 a0=\"runc\" a1=\"create\" a2=\"--bundle\"");
	buf_printf(&story, " a3=\"%s\"", docker ? "/b/" HEX64 : "/b");
	put_field(docker ? AS_IS : how, "a4", docker ? HEX64 : "i", s,
		  docker ? 0 : len);
	end(3);
	put_machine(4, CLONE("102"), 1, 101, "containerd-shim",
		    "/usr/bin/containerd-shim-runc-v2");
	end(4);
	put_machine(5, CLONE("103"), 101, 102, "runc", "/usr/bin/runc");
	end(5);
}

/* One of a container: its names are hostile. */
static void put_hostile(enum how how, int serial, const char *call, pid_t ppid,
			pid_t pid, const char *s, size_t len)
{
	syscall_of(serial, call, ppid, pid);
	put_field(how, "comm", "", s, len);
	put_field(how, "exe", "/bin/", s, len);
	put_field(how, "key", "k", s, len);
	if (how != ENRICHED)
		return;
	buf_puts(&story, "\x1d"
			 "ARCH=x86_64 SYSCALL=execve");
	put_field(AS_HEX, "EUID", "u", s, len);
}

static void put_exec(enum how how, int serial, pid_t ppid, pid_t pid,
		     const char *s, size_t len)
{
	put_hostile(how, serial, EXECVE, ppid, pid, s, len);
	buf_putc(&story, '\n');
	head("EXECVE", serial);
	buf_puts(&story, " argc=3");
	put_field(how, "a0", "", s, len);
	put_field(how, "a1", "x", s, len);
	buf_puts(&story, " a2=\"\"\n");
	head("CWD", serial);
	put_field(how, "cwd", "/", s, len);
	end(serial);
}

/* A container in whose life everything is hostile, until it ends */
static void tell_story(enum how how, const char *s, size_t len, bool docker)
{
	buf_clear(&story);
	put_shim(how, s, len, docker);
	put_runc(how, s, len, docker);
	put_exec(how, 6, 102, INIT_PID, s, len);
	put_hostile(how, 7, CLONE("104"), 101, INIT_PID, s, len);
	end(7);
	put_exec(how, 8, INIT_PID, MEMBER_PID, s, len);
	put_hostile(how, 9, OPENAT, INIT_PID, MEMBER_PID, s, len);
	end(9);
	put_hostile(how, 10, EXIT, INIT_PID, MEMBER_PID, s, len);
	end(10);
	put_hostile(how, 11, EXIT, 101, INIT_PID, s, len);
	end(11);
}

/* --- bundles */

static void put_file(const char *path, const struct buf *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", dir, path);
	for (char *s = full + strlen(dir) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		ck_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
	f = fopen(full, "we");
	ck_assert_msg(f && fwrite(text->data, 1, text->len, f) == text->len,
		      "%s", full);
	ck_assert_int_eq(fclose(f), 0);
}

/* "PREFIXs", with what JSON wants escaped so, and nothing else */
static void put_string(struct buf *out, const char *prefix, const char *s,
		       size_t len)
{
	buf_printf(out, "\"%s", prefix);
	for (size_t i = 0; i < len; i++)
		if (s[i] == '"' || s[i] == '\\' || !((unsigned char)s[i] >> 5))
			buf_printf(out, "\\u%04x", (unsigned int)s[i]);
		else
			buf_putc(out, s[i]);
	buf_putc(out, '"');
}

static void put_pair(struct buf *out, const char *name, const char *prefix,
		     const char *s, size_t len)
{
	buf_printf(out, "\"%s\":", name);
	put_string(out, prefix, s, len);
	buf_putc(out, ',');
}

static void put_cri_bundle(const char *s, size_t len)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_puts(&text, "{\"annotations\":{");
	put_pair(&text, CRI "container-name", "", s, len);
	put_pair(&text, CRI "image-name", "img", s, len);
	put_pair(&text, CRI "sandbox-name", "p", s, len);
	put_pair(&text, CRI "sandbox-namespace", "", s, len);
	put_pair(&text, CRI "sandbox-uid", "u", s, len);
	buf_puts(&text, "\"z\":\"\"}}");
	put_file("/b/config.json", &text);
}

/* With labels whose keys only differ in what JSON cannot hold */
static void put_docker_bundle(const char *s, size_t len)
{
	_cleanup_buf_ struct buf spec = BUF_INIT, own = BUF_INIT;

	buf_puts(&spec, "{\"mounts\":[{\"destination\":\"/etc/hostname\","
			"\"source\":\"" DOCKER "/hostname\"}]}");
	put_file("/b/" HEX64 "/config.json", &spec);
	buf_puts(&own, "{\"ID\":\"" HEX64 "\",");
	put_pair(&own, "Name", "/", s, len);
	buf_puts(&own, "\"Config\":{");
	put_pair(&own, "Image", "img", s, len);
	buf_puts(&own, "\"Labels\":{\"a\xff\":\"1\",\"a\xfe\":\"2\","
		       "\"a\xef\xbf\xbd\":\"3\",");
	put_pair(&own, "key", "", s, len);
	put_string(&own, "", s, len);
	buf_puts(&own, ":\"value\"}}}");
	put_file(DOCKER "/config.v2.json", &own);
}

/* --- what it must be told as */

/* PREFIXs, as far as a string can hold it */
static const char *name_of(const char *prefix, const char *s, size_t len)
{
	static char names[16][256];
	static size_t n;
	char *name = names[n++ % COUNT(names)];

	snprintf(name, sizeof(names[0]), "%s%.*s", prefix, (int)len, s);
	return name;
}

static void want_all(struct hostile *want, const char *s, size_t len,
		     bool docker)
{
	bool is_plain_ref = !memchr(s, ':', len) && !memchr(s, '@', len) &&
			    !memchr(s, '/', len);

	*want = (struct hostile){
		.comm = name_of("", s, len),
		.exe = name_of("/bin/", s, len),
		.cwd = name_of("/", s, len),
		/* 0x01 parts keys. */
		.key = memchr(s, 1, len) ? NULL : name_of("k", s, len),
		.args = { name_of("", s, len), name_of("x", s, len), "" },
		.id = docker ? HEX64 : name_of("i", s, len),
		.ns = name_of("n", s, len),
		.name = name_of("", s, len),
		.image = is_plain_ref ? name_of("img", s, len) : NULL,
	};
	/* Docker's own slash goes, and no more. */
	if (docker)
		return;
	want->pod = name_of("p", s, len);
	want->pod_ns = name_of("", s, len);
	want->pod_uid = name_of("u", s, len);
}

/* How many changes were told; of so many processes, if that is not 0 */
static size_t run_story(const char *what, const struct hostile *want,
			size_t processes)
{
	struct forge f;
	struct pipeline *p;

	forge_open(&f, what);
	f.want = *want;
	p = pipeline_new(&pipeline_defaults, forge_change, &f);
	pipeline_set_root(p, root);
	pipeline_feed(p, story.data, story.len);
	pipeline_finish(p);
	must(!processes || !pipeline_metrics(p)->lines_bad, "%s: bad lines",
	     what);
	pipeline_free(p);
	forge_close(&f, processes, dir);
	return f.changes;
}

/*
 * The root; fork and exec of the shim and of runc; fork, exec, start, stop and
 * end of init; fork, exec, activity and end of the member.
 */
#define CHANGES 14
#define PROCESSES 5

static void try_record(enum how how, const char *what, const char *s,
		       size_t len, bool docker)
{
	struct hostile want;
	size_t n;

	want_all(&want, s, len, docker);
	if (how == ENRICHED)
		want.user = name_of("u", s, len);
	tell_story(how, s, len, docker);
	n = run_story(what, &want, PROCESSES);
	must(n == CHANGES, "%s: %zu changes", what, n);
}

static void try_cri(const char *what, const char *s, size_t len)
{
	put_cri_bundle(s, len);
	try_record(AS_HEX, what, s, len, false);
	try_record(ENRICHED, what, s, len, false);
}

static void try_docker(const char *what, const char *s, size_t len)
{
	put_docker_bundle(s, len);
	try_record(AS_HEX, what, s, len, true);
}

/* Such a sender can say what he likes, but not what a sink makes of it. */
static void try_as_is(const char *what, const char *s, size_t len)
{
	const struct hostile any = { 0 };

	put_cri_bundle(s, len);
	tell_story(AS_IS, s, len, false);
	run_story(what, &any, 0);
}

static try_fn *const tries[] = { try_cri, try_docker, try_as_is };

START_TEST(test_record)
{
	hostile_names(tries[_i]);
}
END_TEST

/* Where the tree is drawn in ASCII */
START_TEST(test_ascii)
{
	setlocale(LC_ALL, "C");
	hostile_names(try_cri);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("forge");
	TCase *t = tcase_create("forge");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_record, 0, COUNT(tries));
	tcase_add_test(t, test_ascii);
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
