/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of runtimes and shims, as containerd, Docker, CRI-O and
 * people write them, and the ones nobody should write.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "invocation.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ID "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define TASK "/run/containerd/io.containerd.runtime.v2.task/moby/" ID
#define RUNC                                                             \
	"runc --root /var/run/docker/runtime-runc/moby --log " TASK     \
	"/log.json --log-format json "
#define SHIM "/usr/bin/containerd-shim-runc-v2 -namespace moby "
#define ADDRESS "-address /run/containerd/containerd.sock "
#define PUBLISH "-publish-binary /usr/bin/containerd "

struct row {
	const char *line;	/* '' is an empty argument */
	enum verb verb;
	const char *id, *bundle, *ns, *publisher;
};

static const struct row runtimes[] = {
	/* containerd's shim, as recorded */
	{ RUNC "create --bundle " TASK " --pid-file " TASK "/init.pid " ID,
	  VERB_CREATE, ID, TASK, NULL, NULL },
	{ RUNC "start " ID, VERB_OTHER, ID, NULL, NULL, NULL },
	{ RUNC "kill " ID " 15", VERB_OTHER, ID, NULL, NULL, NULL },
	{ RUNC "kill --all " ID " 9", VERB_OTHER, ID, NULL, NULL, NULL },
	{ RUNC "delete " ID, VERB_DELETE, ID, NULL, NULL, NULL },
	{ RUNC "delete --force " ID, VERB_DELETE, ID, NULL, NULL, NULL },
	{ RUNC
	  "exec --process /tmp/runc-process754984069 --detach --pid-file " TASK
	  "/ed72.pid " ID,
	  VERB_EXEC, ID, NULL, NULL, NULL },
	{ RUNC "exec --process /p --console-socket /tmp/pty1/pty.sock --detach "
	       "--pid-file /x.pid c1",
	  VERB_EXEC, "c1", NULL, NULL, NULL },
	{ RUNC "ps --format json c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "events --stats c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "update --resources - c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "pause c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "resume c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "state c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "--systemd-cgroup create --bundle /b --no-pivot "
	       "--no-new-keyring --console-socket /s --preserve-fds 2 c1",
	  VERB_CREATE, "c1", "/b", NULL, NULL },
	{ RUNC "checkpoint --image-path /i --work-path /w --leave-running "
	       "--tcp-established --ext-unix-sk --shell-job --file-locks "
	       "--empty-ns network c1",
	  VERB_OTHER, "c1", NULL, NULL, NULL },
	{ RUNC "restore --image-path /i --detach --no-subreaper --bundle /b "
	       "--pid-file /p c1",
	  VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc init", VERB_INIT, NULL, NULL, NULL, NULL },
	{ "/proc/self/exe init", VERB_INIT, NULL, NULL, NULL, NULL },
	{ "runc --debug init", VERB_INIT, NULL, NULL, NULL, NULL },

	/* by hand: short flags, one dash or two, = or a space */
	{ "runc run c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc run -b /b c1", VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc run -b=/b c1", VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc run --b /b c1", VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc run -bundle /b c1", VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc run --bundle=/b c1", VERB_CREATE, "c1", "/b", NULL, NULL },
	{ "runc run --bundle=/a=b c1", VERB_CREATE, "c1", "/a=b", NULL, NULL },
	{ "runc run --bundles /b c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc run -d --keep c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc run --detach=false c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc --root=/r --debug run c1", VERB_CREATE, "c1", NULL, NULL,
	  NULL },
	{ "runc --rootless auto run c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc delete -f c1", VERB_DELETE, "c1", NULL, NULL, NULL },
	{ "runc ps -f json c1", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ "runc kill -a c1 KILL", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ "runc exec -t c1 sh -b /x", VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "runc exec -t -d -u 0:0 -e A=b -e C=d -g 5 -c CAP_KILL --cwd /x "
	  "--no-new-privs --ignore-paused c1 sh -c delete",
	  VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "runc exec c1 kill 9", VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "runc run -- c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc run -- -c1", VERB_CREATE, "-c1", NULL, NULL, NULL },
	{ "runc -- run c1", VERB_CREATE, "c1", NULL, NULL, NULL },
	{ "runc run -", VERB_CREATE, "-", NULL, NULL, NULL },
	{ "runc run run", VERB_CREATE, "run", NULL, NULL, NULL },
	{ "runc run init", VERB_CREATE, "init", NULL, NULL, NULL },

	/* crun: glued short flags, other meanings */
	{ "/usr/bin/crun --systemd-cgroup --root=/run/crun create --bundle "
	  "/var/lib/b --pid-file /p c1",
	  VERB_CREATE, "c1", "/var/lib/b", NULL, NULL },
	{ "crun --cgroup-manager=systemd --log=/l --log-level debug start c1",
	  VERB_OTHER, "c1", NULL, NULL, NULL },
	{ "crun run -f /etc/config.json c1", VERB_CREATE, "c1", NULL, NULL,
	  NULL },
	{ "crun run --config=/etc/config.json -b /b c1", VERB_CREATE, "c1",
	  "/b", NULL, NULL },
	{ "crun exec -dt c1 sh", VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "crun exec -td --cgroup=x c1 sh", VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "crun exec -tu 0 c1 sh", VERB_EXEC, "c1", NULL, NULL, NULL },
	{ "crun kill --all c1 9", VERB_OTHER, "c1", NULL, NULL, NULL },
	{ "crun delete --force c1", VERB_DELETE, "c1", NULL, NULL, NULL },

	/* no container */
	{ "", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "''", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc ''", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc '' c1", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc --", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc --version", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc -v", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc --help", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc list", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc features", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc spec --bundle /b", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc creates c1", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create ''", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create --bundle /b", VERB_NONE, NULL, "/b", NULL, NULL },
	{ "runc create --bundle", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create -b", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create --bundle= ''", VERB_NONE, NULL, "", NULL, NULL },
	{ "runc create --", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc create --help", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc --root", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc --root create", VERB_NONE, NULL, NULL, NULL, NULL },
	{ "runc kill -a", VERB_NONE, NULL, NULL, NULL, NULL },
};

static const struct row shims[] = {
	{ SHIM ADDRESS PUBLISH "-id " ID " start", VERB_SHIM_START, ID, NULL,
	  "moby", "/usr/bin/containerd" },
	{ SHIM "-id " ID " " ADDRESS, VERB_SHIM, ID, NULL, "moby", NULL },
	{ SHIM ADDRESS PUBLISH "-id " ID " -bundle " TASK " delete",
	  VERB_SHIM_DELETE, ID, TASK, "moby", "/usr/bin/containerd" },
	{ "shim -namespace=k8s.io -id=c1 -bundle=/b start", VERB_SHIM_START,
	  "c1", "/b", "k8s.io", NULL },
	{ "shim --namespace k8s.io --id c1", VERB_SHIM, "c1", NULL, "k8s.io",
	  NULL },
	{ "shim -debug -namespace k8s.io -id c1", VERB_SHIM, "c1", NULL,
	  "k8s.io", NULL },
	{ "shim -socket /s -namespace k8s.io -id c1 -debug start",
	  VERB_SHIM_START, "c1", NULL, "k8s.io", NULL },
	{ "shim -id start", VERB_SHIM, "start", NULL, NULL, NULL },
	{ "shim -idx c2 -id c1", VERB_SHIM, "c1", NULL, NULL, NULL },
	{ "shim -id c1 stop -id c2", VERB_SHIM, "c1", NULL, NULL, NULL },
	{ "shim -id c1 -- start", VERB_SHIM_START, "c1", NULL, NULL, NULL },
	{ "shim -info", VERB_SHIM, NULL, NULL, NULL, NULL },
	{ "shim -v", VERB_SHIM, NULL, NULL, NULL, NULL },
	{ "shim -id '' start", VERB_SHIM_START, NULL, NULL, NULL, NULL },
	{ "shim -id= start", VERB_SHIM_START, NULL, NULL, NULL, NULL },
	{ "shim -id", VERB_SHIM, NULL, NULL, NULL, NULL },
	{ "shim -namespace", VERB_SHIM, NULL, NULL, NULL, NULL },
	{ "shim", VERB_SHIM, NULL, NULL, NULL, NULL },
	{ "", VERB_SHIM, NULL, NULL, NULL, NULL },
};

/* Words to NUL-terminated strings in a block of just their size. */
static char *split(const char *line, uint32_t *count)
{
	struct buf b = BUF_INIT;
	const char *word = line;
	size_t len;

	for (*count = 0; *word; word += len) {
		word += *word == ' ';
		len = strcspn(word, " ");
		if (!len)
			continue;
		if (strncmp(word, "''", 2))
			buf_put(&b, word, len);
		buf_putc(&b, '\0');
		++*count;
	}
	/* What is read behind the last byte, the sanitizers shall see. */
	b.data = realloc(b.data, b.len ? b.len : 1);
	if (!b.data)
		abort();
	return b.data;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_row(const struct row *r,
		      struct invocation (*parse)(const char *, uint32_t))
{
	uint32_t count;
	char *args = split(r->line, &count);
	struct invocation inv = parse(args, count);

	ck_assert_msg(inv.verb == r->verb, "%s: verb %d", r->line, inv.verb);
	ck_assert_msg(same(inv.id, r->id), "%s: id %s", r->line, inv.id);
	ck_assert_msg(same(inv.bundle, r->bundle), "%s: bundle %s", r->line,
		      inv.bundle);
	ck_assert_msg(same(inv.ns, r->ns), "%s: namespace %s", r->line, inv.ns);
	ck_assert_msg(same(inv.publisher, r->publisher), "%s: publisher %s",
		      r->line, inv.publisher);
	free(args);
}

START_TEST(test_runtimes)
{
	check_row(&runtimes[_i], parse_runtime);
}
END_TEST

START_TEST(test_shims)
{
	check_row(&shims[_i], parse_shim);
}
END_TEST

/* Only the first so many of the arguments are there: argv was too long. */
START_TEST(test_cut)
{
	uint32_t count;
	char *args = split(RUNC "create --bundle /b --pid-file /p " ID, &count);
	struct invocation inv;

	for (uint32_t n = 0; n < count; n++) {
		inv = parse_runtime(args, n);
		ck_assert_msg(!inv.id, "%u: %s", n, inv.id);
	}
	inv = parse_runtime(args, count);
	ck_assert_str_eq(inv.id, ID);
	free(args);
}
END_TEST

static const struct {
	const char *list, *path;
	bool listed;
} names[] = {
	{ "runc", "runc", true },
	{ "runc", "/usr/bin/runc", true },
	{ "runc", "./runc", true },
	{ "runc", "/usr/bin/runc2", false },
	{ "runc", "/usr/bin/run", false },
	{ "runc", "/runc/sh", false },
	{ "runc", "/usr/bin/runc/", false },
	{ "runc", "", false },
	{ "runc", "/", false },
	{ "runc crun youki", "/usr/bin/youki", true },
	{ "runc crun youki", "/usr/bin/crun", true },
	{ "runc, crun\tyouki", "crun", true },
	{ "  runc   crun  ", "crun", true },
	{ "  runc   crun  ", "", false },
	{ "containerd-shim*", "/usr/bin/containerd-shim-runc-v2", true },
	{ "containerd-shim*", "containerd-shim", true },
	{ "containerd-shim*", "containerd", false },
	{ "x containerd-shim* y", "containerd-shim-kata-v2", true },
	{ "con*rd", "containerd", false },
	{ "containerd", "/usr/bin/containerd (deleted)", true },
	{ "containerd", "/usr/bin/x (deleted)", false },
	{ "containerd", "/usr/bin/containerd (x)", false },
	{ "con*rd", "con*rd", true },
	{ "*", "anything", true },
	{ "*", "", true },
	{ "", "runc", false },
	{ "", "", false },
	{ " ", "", false },
	{ "/usr/bin/runc", "/usr/bin/runc", false },
};

START_TEST(test_names)
{
	ck_assert_msg(name_listed(names[_i].list, names[_i].path) ==
			      names[_i].listed,
		      "\"%s\" on \"%s\"", names[_i].path, names[_i].list);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("invocation");
	TCase *t = tcase_create("invocation");

	tcase_add_loop_test(t, test_runtimes, 0, COUNT(runtimes));
	tcase_add_loop_test(t, test_shims, 0, COUNT(shims));
	tcase_add_test(t, test_cut);
	tcase_add_loop_test(t, test_names, 0, COUNT(names));
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
