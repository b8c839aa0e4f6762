/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container is called: the files of recorded containers, files that
 * are not what they should be, and paths that lead elsewhere. What was read
 * is compared as one line of FIELD=VALUE.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"
#include "bundle.h"
#include "cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TASK "/run/containerd/io.containerd.runtime.v2.task/"
#define ENT "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define SIG "fc7a8cbefc621fed032b2ef02a444cf1f6e6eb4945550028c453c378d0de728a"
#define CRI "io.kubernetes.cri."

static char dir[64];
static int root = -1;

/* --- files */

/* Writes len bytes to path below dir, whose directories are made. */
static void put_bytes(const char *path, const char *data, size_t len)
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
	ck_assert_msg(f && fwrite(data, 1, len, f) == len, "%s", full);
	ck_assert_int_eq(fclose(f), 0);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void setup(void)
{
	strcpy(dir, "/tmp/check_bundle.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	char command[128];

	close(root);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* --- what was read, as a line */

static void show(struct buf *out, const char *field, const char *s)
{
	if (s)
		buf_printf(out, "%s%s=%s", out->len ? " " : "", field, s);
}

static void show_names(struct buf *out, const struct bundle_names *n)
{
	show(out, "name", n->name);
	show(out, "image", n->image_name);
	show(out, "tag", n->image_tag);
	show(out, "pod", n->pod_name);
	show(out, "ns", n->pod_ns);
	show(out, "uid", n->pod_uid);
	show(out, "sandbox", n->sandbox_id);
	show(out, "type", n->container_type);
	show(out, "cgroup", n->cgroups_path);
	for (size_t i = 0; i < n->n_labels; i++)
		buf_printf(out, "%s{%s=%s}", out->len ? " " : "",
			   n->labels[i].key, n->labels[i].value);
	if (n->docker)
		buf_printf(out, "%sdocker", out->len ? " " : "");
	buf_putc(out, '\0');
}

static void check_names(int fd, const char *bundle, const char *what,
			const char *want)
{
	_cleanup_bundle_names_ struct bundle_names names;
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct err err = { 0, "" };

	ck_assert_msg(bundle_read(fd, bundle, &names, &err) == 0, "%s: %s",
		      what, err.text);
	show_names(&got, &names);
	ck_assert_msg(!strcmp(got.data, want), "%s:\n got %s\nwant %s", what,
		      got.data, want);
}

/* The error must have the words, and nothing must be there to free. */
static void check_refused(const char *bundle, const char *what,
			  const char *words)
{
	struct bundle_names names, none;
	struct err err = { 0, "" };

	memset(&names, 0xff, sizeof(names));
	memset(&none, 0, sizeof(none));
	ck_assert_msg(bundle_read(root, bundle, &names, &err) == -1, "%s",
		      what);
	ck_assert_msg(strstr(err.text, words), "%s: %s", what, err.text);
	ck_assert_msg(!memcmp(&names, &none, sizeof(names)), "%s", what);
	ck_assert_int_eq(bundle_read(root, bundle, &names, NULL), -1);
	bundle_names_free(&names);
}

/* --- recorded containers */

static const struct {
	const char *capture, *bundle, *want;
} recorded[] = {
	{ "enter", TASK "moby/" ENT,
	  "name=ent-28761 image=bb tag=1 cgroup=/docker/" ENT " docker" },
	{ "enter", "/var" TASK "moby/" ENT,
	  "name=ent-28761 image=bb tag=1 cgroup=/docker/" ENT " docker" },
	{ "enter", TASK "moby/" ENT "//",
	  "name=ent-28761 image=bb tag=1 cgroup=/docker/" ENT " docker" },
	{ "signals", TASK "moby/" SIG,
	  "name=sig-28761 image=bb tag=1 cgroup=/docker/" SIG " docker" },
	{ "signals", TASK "default/signals-28761",
	  "cgroup=/default/signals-28761" },
	{ "basic", TASK "default/basic-28761", "cgroup=/default/basic-28761" },
	{ "pod", TASK "k8s.io/pod-28761-pause",
	  "name=pause image=docker.io/library/bb tag=latest pod=shop-7d9f "
	  "ns=prod uid=uid-28761 sandbox=pod-28761-pause type=sandbox "
	  "cgroup=/kubepods/pod28761/pause" },
	{ "pod", TASK "k8s.io/pod-28761-app",
	  "name=app image=docker.io/library/bb tag=latest pod=shop-7d9f "
	  "ns=prod uid=uid-28761 sandbox=pod-28761-pause type=container "
	  "cgroup=/kubepods/pod28761/app" },
	{ "pod", TASK "k8s.io/pod-28761-side",
	  "name=side image=docker.io/library/bb tag=latest pod=shop-7d9f "
	  "ns=prod uid=uid-28761 sandbox=pod-28761-pause type=container "
	  "cgroup=/kubepods/pod28761/side" },
};

START_TEST(test_recorded)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tests/captures/%s/files", srcdir,
		 recorded[_i].capture);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s", path);
	check_names(fd, recorded[_i].bundle, recorded[_i].bundle,
		    recorded[_i].want);
}
END_TEST

/* --- config.json */

#define TEXT16 "0123456789abcdef"
#define TEXT128 TEXT16 TEXT16 TEXT16 TEXT16 TEXT16 TEXT16 TEXT16 TEXT16
#define TEXT256 TEXT128 TEXT128
#define TEXT512 TEXT256 TEXT256

#define NOTES(notes) "{\"annotations\":{" notes "}}"
#define NERDCTL "\"nerdctl/name\":\"n\""

static const struct {
	const char *json, *want;
} specs[] = {
	{ "{}", "" },
	{ " {\n} \n", "" },
	{ "{\"annotations\":5}", "" },
	{ "{\"annotations\":null,\"linux\":null,\"mounts\":null}", "" },
	{ "{\"annotations\":[\"" CRI "container-name\",\"x\"]}", "" },
	{ "{\"annotations\":\"x\",\"linux\":\"x\",\"mounts\":\"x\"}", "" },
	{ "{\"mounts\":{},\"linux\":[]}", "" },
	{ "{\"mounts\":[],\"linux\":{\"cgroupsPath\":7}}", "" },
	{ "{\"linux\":{\"cgroupsPath\":\"system.slice:docker:x\"}}",
	  "cgroup=system.slice:docker:x" },
	{ "{\"linux\":{\"cgroupsPath\":\"\"}}", "" },
	{ NOTES("\"" CRI "container-name\":5"), "" },
	{ NOTES("\"" CRI "container-name\":{\"a\":\"b\"}"), "" },
	{ NOTES("\"" CRI "container-name\":[\"a\"]"), "" },
	{ NOTES("\"" CRI "container-name\":null"), "" },
	{ NOTES("\"" CRI "container-name\":true"), "" },
	{ NOTES("\"" CRI "container-name\":\"\""), "" },
	{ NOTES("\"" CRI "container-name\":\"a\\u0000b\""), "name=a" },
	{ NOTES("\"" CRI "container-name\":\"\\u0000b\""), "" },
	{ NOTES("\"" CRI "container-name\":\"a\\nb\xff\""), "name=a\nb\xff" },
	{ NOTES("\"" CRI "container-name\":\"" TEXT512 "\""), "name=" TEXT512 },
	{ NOTES("\"" CRI "container-name\":\"" TEXT512 "x\""), "" },
	{ NOTES("\"" CRI "sandbox-name\":\"p\",\"" CRI
		"sandbox-namespace\":\"q\",\"" CRI "sandbox-uid\":\"r\",\"" CRI
		"sandbox-id\":\"s\",\"" CRI "container-type\":\"t\""),
	  "pod=p ns=q uid=r sandbox=s type=t" },
	{ NOTES("\"" CRI "image-name\":\"a/b:1\""), "image=a/b tag=1" },
	{ NOTES("\"" CRI "podsandbox.image-name\":\"pause:3.9\""),
	  "image=pause tag=3.9" },
	{ NOTES("\"" CRI "image-name\":\"a/b\",\"" CRI
		"podsandbox.image-name\":\"pause:3.9\""),
	  "image=a/b" },
	{ NOTES("\"" CRI "podsandbox.image-name\":\"pause:3.9\",\"" CRI
		"image-name\":\"sha256:0123\""),
	  "image=pause tag=3.9" },

	/* nerdctl, and the labels of its older releases */
	{ NOTES(NERDCTL ",\"nerdctl/state-dir\":\"/x\""), "name=n" },
	{ NOTES(NERDCTL ",\"" CRI "container-name\":\"c\""),
	  "name=c {" CRI "container-name=c}" },
	{ NOTES(NERDCTL ",\"containerd.io/restart.status\":\"running\",\"mine\""
			":\"1\",\"io.containerd.image.config.stop-signal\":"
			"\"SIGTERM\",\"com.docker.compose.service\":\"web\""),
	  "name=n {com.docker.compose.service=web} {mine=1}" },
	{ NOTES("\"mine\":\"1\""), "" },
	{ NOTES(NERDCTL ",\"\":\"1\",\"a\":2,\"b\":null,\"c\":\"\",\"d\":{}"),
	  "name=n {c=}" },
	{ NOTES(NERDCTL ",\"a\":\"" TEXT256 "\",\"b\":\"" TEXT256 "x\","
			"\"" TEXT256 "\":\"\",\"" TEXT256 "x\":\"\""),
	  "name=n {a=" TEXT256 "} {" TEXT256 "=}" },
};

START_TEST(test_specs)
{
	put("/b/config.json", specs[_i].json);
	check_names(root, "/b", specs[_i].json, specs[_i].want);
}
END_TEST

static const struct {
	const char *json, *words;
} broken[] = {
	{ "", "/b/config.json: not JSON" },
	{ "{", "/b/config.json: not JSON" },
	{ "{\"annotations\":{\"nerdctl/name\":\"x\"}", "not JSON" },
	{ "{\"a\":}", "not JSON" },
	{ "{\"a\":1,}", "not JSON" },
	{ "{\"a\":\"", "not JSON" },
	{ "{\"a\":\"\\", "not JSON" },
	{ "{'a':1}", "not JSON" },
	{ "{\"a\":'\"'}", "not JSON" },
	{ "/* */{}", "not JSON" },
	{ "{}{}", "not JSON" },
	{ "{} x", "not JSON" },
	{ "[]", "not one JSON object" },
	{ "\"x\"", "not one JSON object" },
	{ "null", "not" },
	{ "5", "not" },
	{ "\xff", "not JSON" },
};

START_TEST(test_broken)
{
	put("/b/config.json", broken[_i].json);
	check_refused("/b", broken[_i].json, broken[_i].words);
}
END_TEST

START_TEST(test_nul_behind)
{
	put_bytes("/b/config.json", "{}\0", 3);
	check_refused("/b", "a NUL", "not one JSON object");
	put_bytes("/b/config.json", "{}\0{\"a\":1}", 10);
	check_refused("/b", "a NUL and more", "not one JSON object");
}
END_TEST

static void put_repeated(const char *begin, const char *unit, size_t n,
			 const char *end)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_puts(&text, begin);
	for (size_t i = 0; i < n; i++)
		buf_puts(&text, unit);
	buf_puts(&text, end);
	put_bytes("/b/config.json", text.data, text.len);
}

START_TEST(test_large)
{
	const size_t max = 1024 * 1024;

	put_repeated("{}", " ", max - 2, "");
	check_names(root, "/b", "1 MiB", "");
	put_repeated("{}", " ", max - 1, "");
	check_refused("/b", "1 MiB and a byte", "larger than 1048576 bytes");
	put_repeated("{}", " ", 2 * max, "");
	check_refused("/b", "2 MiB", "/b/config.json: larger than");
}
END_TEST

START_TEST(test_deep)
{
	put_repeated("{\"a\":", "[", 20, "]]]]]]]]]]]]]]]]]]]]}");
	check_names(root, "/b", "20 deep", "");
	put_repeated("{\"a\":", "[", 40, "");
	check_refused("/b", "40 deep", "nesting");
	put_repeated("", "{\"a\":", 40, "");
	check_refused("/b", "40 deep", "nesting");
	put_repeated("", "[", 1000000, "");
	check_refused("/b", "a million deep", "too many");
}
END_TEST

/* Each of these would take json-c 250 times its own room. */
START_TEST(test_crowded)
{
	put_repeated("{\"a\":[", "{},", 16000, "1]}");
	check_names(root, "/b", "16000 objects", "");
	put_repeated("{\"a\":[", "{},", 17000, "1]}");
	check_refused("/b", "17000 objects", "too many");
	put_repeated("{\"a\":\"", "{[\\\"", 17000, "\"}");
	check_names(root, "/b", "17000 braces in a string", "");
	put_repeated("{'\"':1,\"a\":[", "{},", 17000, "1]}");
	check_refused("/b", "braces that look like a string's", "not JSON");
}
END_TEST

START_TEST(test_many_labels)
{
	_cleanup_bundle_names_ struct bundle_names names;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct bundle_label *last;

	buf_puts(&text, "{\"annotations\":{" NERDCTL);
	for (unsigned int i = 0; i < 100; i++)
		buf_printf(&text, ",\"l%u\":\"%u\"", i, i);
	buf_puts(&text, ",\"com.docker.compose.project\":\"shop\"}}");
	put_bytes("/b/config.json", text.data, text.len);
	ck_assert_int_eq(bundle_read(root, "/b", &names, NULL), 0);
	ck_assert_uint_eq(names.n_labels, BUNDLE_LABELS_MAX);
	ck_assert_str_eq(names.labels[0].key, "com.docker.compose.project");
	last = &names.labels[BUNDLE_LABELS_MAX - 1];
	ck_assert_str_eq(last->key, "l30");
	ck_assert_str_eq(last->value, "30");
}
END_TEST

/* --- image references */

static const struct {
	const char *ref, *want;
} images[] = {
	{ "nginx", "image=nginx" },
	{ "nginx:1.25", "image=nginx tag=1.25" },
	{ "docker.io/library/nginx:1.25",
	  "image=docker.io/library/nginx tag=1.25" },
	{ "localhost:5000/x", "image=localhost:5000/x" },
	{ "localhost:5000/x:2", "image=localhost:5000/x tag=2" },
	{ "localhost:5000/a/b:2", "image=localhost:5000/a/b tag=2" },
	{ "[::1]:5000/x", "image=[::1]:5000/x" },
	{ "[::1]:5000/x:2", "image=[::1]:5000/x tag=2" },
	{ "a/b@sha256:" ENT, "image=a/b" },
	{ "a/b:2@sha256:" ENT, "image=a/b tag=2" },
	{ "localhost:5000/x@sha256:" ENT, "image=localhost:5000/x" },
	{ "a/b:2@", "image=a/b tag=2" },
	{ "a/b:", "image=a/b" },
	{ "a:b:c", "image=a tag=b:c" },
	{ "a/", "image=a/" },
	{ "/", "image=/" },
	{ "a/:1", "image=a/ tag=1" },
	{ ":1", "" },
	{ ":", "" },
	{ "@sha256:" ENT, "" },
	{ "@", "" },
	{ "sha256:" ENT, "" },
	{ "sha256:f6a69a4aac7f", "" },
	{ "sha256:", "" },
	{ "sha256:latest", "image=sha256 tag=latest" },
	{ "sha256", "image=sha256" },
	{ ENT, "" },
	{ "f6a69a4aac7f", "image=f6a69a4aac7f" },
	{ ENT ":1", "image=" ENT " tag=1" },
	{ ENT "0", "image=" ENT "0" },
};

START_TEST(test_images)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"annotations\":{\"" CRI "image-name\":\"%s\"}}",
		 images[_i].ref);
	put("/b/config.json", json);
	check_names(root, "/b", images[_i].ref, images[_i].want);
}
END_TEST

/* --- Docker */

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIB "/var/lib/docker/containers/"
#define BOUND(from, to) "{\"destination\":\"" to "\",\"source\":\"" from "\"}"
#define MOUNTS(mounts)                                                     \
	"{\"mounts\":[" mounts "],\"annotations\":{\"" CRI                 \
	"container-name\":\"noted\",\"" CRI "image-name\":\"note:d\"}}"
#define USUAL MOUNTS(BOUND(LIB ID "/hostname", "/etc/hostname"))
#define RESOLV BOUND(LIB ID "/resolv.conf", "/etc/resolv.conf")
#define USERS                                                      \
	BOUND("/home/me/hostname", "/etc/hostname")                \
	"," BOUND("/home/" ENT "/hosts", "/etc/hosts")
#define OWN "{\"ID\":\"" ID "\",\"Name\":\"/web\","
#define IMAGE(image) OWN "\"Config\":{\"Image\":\"" image "\"}}"
#define NOTED "name=noted image=note tag=d"

static const struct {
	const char *what, *spec, *own, *want;
} dockers[] = {
	{ "usual", USUAL,
	  OWN "\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"z\":\"1\","
	      "\"com.docker.compose.service\":\"s\"}}}\n",
	  "name=web image=nginx tag=1 {com.docker.compose.service=s} {z=1} "
	  "docker" },
	{ "by hosts", MOUNTS(BOUND(LIB ID "/hosts", "/etc/hosts")),
	  IMAGE("nginx"), "name=web image=nginx docker" },
	{ "by resolv.conf", MOUNTS(RESOLV), IMAGE("nginx"),
	  "name=web image=nginx docker" },
	{ "two bound by the user", MOUNTS(USERS "," RESOLV), IMAGE("nginx"),
	  "name=web image=nginx docker" },
	{ "in another's network",
	  MOUNTS(BOUND(LIB ENT "/hostname", "/etc/hostname")), IMAGE("nginx"),
	  "name=web image=nginx docker" },
	{ "image by id", USUAL, IMAGE("sha256:" ENT),
	  "name=web image=note tag=d docker" },
	{ "no slash before the name", USUAL,
	  "{\"ID\":\"" ID "\",\"Name\":\"web\"}",
	  "name=web image=note tag=d docker" },
	{ "no name", USUAL, "{\"ID\":\"" ID "\",\"Name\":\"/\"}",
	  NOTED " docker" },
	{ "other types", USUAL,
	  "{\"ID\":\"" ID "\",\"Name\":{},\"Config\":[1]}", NOTED " docker" },
	{ "other types within", USUAL,
	  OWN "\"Config\":{\"Image\":[],\"Labels\":\"x\"}}",
	  "name=web image=note tag=d docker" },
	{ "labels that are none", USUAL,
	  OWN "\"Config\":{\"Labels\":{\"a\":1,\"b\":[]}}}",
	  "name=web image=note tag=d docker" },

	/* not Docker's, or not this container's */
	{ "broken", USUAL, OWN, NOTED },
	{ "empty", USUAL, "", NOTED },
	{ "another id", USUAL, "{\"ID\":\"" ENT "\",\"Name\":\"/x\"}", NOTED },
	{ "no id", USUAL, "{\"Name\":\"/x\"}", NOTED },
	{ "absent", USUAL, NULL, NOTED },
	{ "no such directory",
	  MOUNTS(BOUND("/nowhere/" ID "/hosts", "/etc/hosts")), IMAGE("x"),
	  NOTED },
	{ "another file", MOUNTS(BOUND(LIB ID "/hosts", "/etc/hostname")),
	  IMAGE("x"), NOTED },
	{ "another destination", MOUNTS(BOUND(LIB ID "/hosts", "/hosts")),
	  IMAGE("x"), NOTED },
	{ "no id in the path", MOUNTS(BOUND(LIB "hosts", "/etc/hosts")),
	  IMAGE("x"), NOTED },
	{ "the host's own", MOUNTS(BOUND("/etc/hosts", "/etc/hosts")),
	  IMAGE("x"), NOTED },
	{ "relative",
	  MOUNTS(BOUND("var/lib/docker/containers/" ID "/hosts", "/etc/hosts")),
	  IMAGE("x"), NOTED },
	{ "dots",
	  MOUNTS(BOUND("/x/../var/lib/docker/containers/" ID "/hosts",
		       "/etc/hosts")),
	  IMAGE("x"), NOTED },
	{ "only an id", MOUNTS(BOUND(ID "/hosts", "/etc/hosts")), IMAGE("x"),
	  NOTED },
	{ "mounts of other types",
	  MOUNTS("5,null,[],{},{\"destination\":5,\"source\":5},"
		 "{\"destination\":\"/etc/hosts\"},"
		 "{\"destination\":\"/etc/hosts\",\"source\":[]},"
		 "{\"source\":\"/x\"}"),
	  IMAGE("x"), NOTED },
};

START_TEST(test_docker)
{
	put("/run/c/moby/" ID "/config.json", dockers[_i].spec);
	if (dockers[_i].own)
		put(LIB ID "/config.v2.json", dockers[_i].own);
	check_names(root, "/run/c/moby/" ID, dockers[_i].what,
		    dockers[_i].want);
}
END_TEST

/* Docker's directory is looked for by an id that the bundle must bear. */
START_TEST(test_docker_bundle)
{
	put(LIB ID "/config.v2.json", IMAGE("nginx"));
	put("/b/config.json", USUAL);
	check_names(root, "/b", "no id", NOTED);
	put("/x" ID "/config.json", USUAL);
	check_names(root, "/x" ID, "more than an id", NOTED);
	put("/" ID "/config.json", USUAL);
	check_names(root, "/" ID, "an id", "name=web image=nginx docker");
}
END_TEST

START_TEST(test_docker_symlink)
{
	char to[256];

	put("/" ID "/config.json", USUAL);
	put("/evil/config.v2.json", IMAGE("nginx"));
	put(LIB "x", "");
	snprintf(to, sizeof(to), "%s" LIB ID, dir);
	ck_assert_int_eq(symlink("/evil", to), 0);
	check_names(root, "/" ID, "a symlink", NOTED);
}
END_TEST

/* --- paths */

static void make_link(const char *target, const char *path)
{
	ck_assert_msg(symlinkat(target, root, path) == 0, "%s", path);
}

static void check_paths(void)
{
	check_names(root, "/b", "plain", "name=n");
	check_names(root, "//b/./", "with more slashes", "name=n");
	check_names(root, "/run/c", "below /run", "name=n");
	check_names(root, "/var/run/c", "below /var/run", "name=n");
	check_names(root, "/b..", "dots in a name", "name=n");
	check_refused("/var/runs/c", "like /var/run", "No such file");

	check_refused("", "empty", "no bundle");
	check_refused("b", "relative", "b/config.json: not an absolute path");
	check_refused("./b", "relative", "not an absolute path");
	check_refused("../b", "relative", "not an absolute path");
	check_refused("/../b", "up", "not an absolute path without");
	check_refused("/b/../b", "up and down", "not an absolute path without");
	check_refused("/b/..", "up at the end", "not an absolute path without");
	check_refused("/var/run/../b", "up from /var/run", "not an absolute");
	check_refused("/none", "absent",
		      "/none/config.json: can't be opened: "
		      "No such file or directory");
	check_refused("/none\n\x1b[31m", "hostile",
		      "/none\\n\\e[31m/config.json: can't be opened");
	check_refused("/b/config.json", "a file", "can't be opened");
	check_refused("/fifo", "a FIFO", "not a regular file");
	check_refused("/dir", "a directory", "not a regular file");

	check_refused("/file-link", "config.json is a symlink", "opened");
	check_refused("/out-link", "it leads out of root", "opened");
	check_refused("/dir-link", "the directory is a symlink", "opened");
	check_refused("/abs-link", "and an absolute one", "opened");
	check_refused("/up-link/b", "a directory above is one", "opened");
	check_refused("/loop", "a loop", "opened");
}

static void make_paths(void)
{
	char outside[128];

	put("/b/config.json", NOTES(NERDCTL));
	put("/b../config.json", NOTES(NERDCTL));
	put("/run/c/config.json", NOTES(NERDCTL));
	put("/var/x", "");
	put("/fifo/x", "");
	put("/dir/config.json/x", "");
	put("/file-link/x", "");
	put("/out-link/x", "");
	ck_assert_int_eq(mkfifoat(root, "fifo/config.json", 0644), 0);
	make_link("../b/config.json", "file-link/config.json");
	snprintf(outside, sizeof(outside), "%s/b/config.json", dir);
	make_link(outside, "out-link/config.json");
	make_link("b", "dir-link");
	make_link("/b", "abs-link");
	make_link(".", "up-link");
	make_link("loop", "loop");
}

START_TEST(test_paths)
{
	make_paths();
	check_paths();
	/* As on most hosts. */
	make_link("/run", "var/run");
	check_names(root, "/var/run/c", "/var/run is a symlink", "name=n");
}
END_TEST

/* A path longer than any; and err must name what fits. */
START_TEST(test_long_path)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	for (int i = 0; i < 3000; i++)
		buf_puts(&path, "/x");
	buf_putc(&path, '\0');
	check_refused(path.data, "long", "/x: can't be opened: File name too");
}
END_TEST

/* Makes openat2 fail with that errno, from now on in this process. */
static void forbid_openat2(unsigned int with)
{
#ifdef SYS_openat2
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | with),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(code), code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program),
			 0);
	ck_assert_int_eq(syscall(SYS_openat2, root, ".", NULL, 0), -1);
	/* valgrind before 3.22 knows no openat2 at all. */
	ck_assert(errno == (int)with || errno == ENOSYS);
#else
	(void)with;
#endif
}

static const unsigned int forbidden[] = { ENOSYS, EPERM };

START_TEST(test_without_openat2)
{
	make_paths();
	forbid_openat2(forbidden[_i]);
	check_paths();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("bundle");
	TCase *t = tcase_create("bundle");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, test_recorded, 0, COUNT(recorded));
	tcase_add_loop_test(t, test_specs, 0, COUNT(specs));
	tcase_add_loop_test(t, test_broken, 0, COUNT(broken));
	tcase_add_test(t, test_nul_behind);
	tcase_add_test(t, test_large);
	tcase_add_test(t, test_deep);
	tcase_add_test(t, test_crowded);
	tcase_add_test(t, test_many_labels);
	tcase_add_loop_test(t, test_images, 0, COUNT(images));
	tcase_add_loop_test(t, test_docker, 0, COUNT(dockers));
	tcase_add_test(t, test_docker_bundle);
	tcase_add_test(t, test_docker_symlink);
	tcase_add_test(t, test_paths);
	tcase_add_test(t, test_long_path);
	/* Last: where tests do not fork, the filter stays. */
	tcase_add_loop_test(t, test_without_openat2, 0, COUNT(forbidden));
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
