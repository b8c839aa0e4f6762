/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two logs: each kind of change, as text and as JSON. */
#include <check.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cast.h"
#include "sinks.h"
#include "stamp.h"
#include "words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT "2026-11-23 19:02:21.586Z "

static struct container nameless = {
	.id = HEX64,
	.ns = "",
	.runtime = "containerd",
};

static struct container app = {
	.id = "app-1",
	.ns = "k8s.io",
	.runtime = "containerd",
	.names.name = "app",
	.names.pod_name = "shop-0",
	.names.pod_ns = "default",
	.names.pod_uid = "u-1",
};

/* The changes that the rows below speak of */

static struct change of_fork(void)
{
	return change_of(CHANGE_FORK, &member_proc);
}

static struct change of_shim_fork(void)
{
	return change_of(CHANGE_FORK, &shim_proc);
}

static struct change of_never_heard(void)
{
	struct change c = of_fork();

	c.proc = NULL;
	c.image = NULL;
	c.vpid = 9;
	return c;
}

static struct change of_inferred_fork(void)
{
	struct change c = of_fork();

	c.source = SOURCE_INFERRED;
	return c;
}

static struct change of_exec(void)
{
	return change_of(CHANGE_EXEC, &member_proc);
}

static struct change of_init_exec(void)
{
	return change_of(CHANGE_EXEC, &init_proc);
}

static struct change of_exec_exec(void)
{
	return change_of(CHANGE_EXEC, &exec_proc);
}

static struct change of_shim_exec(void)
{
	return change_of(CHANGE_EXEC, &shim_proc);
}

static struct change of_runc_exec(void)
{
	return change_of(CHANGE_EXEC, &runc_proc);
}

static struct change of_node_exec(void)
{
	struct change c = of_exec();

	c.node = "alpha";
	return c;
}

static struct image evil = {
	PROGRAM(.exe = "/tmp/\033[2J\n", .comm = "# root"),
	ARGS(3, "ls\n2026\0# runtime\0\xff"),
};

static struct change of_evil_exec(void)
{
	static struct container bad;
	struct change c = of_exec();

	bad = web;
	bad.names.name = "\nstop";
	c.image = &evil;
	c.container = &bad;
	return c;
}

static struct image cut = {
	PROGRAM(.exe = "/bin/ls", .comm = "ls"),
	.args = "ls\0-l",
	.args_bytes = 6,
	.args_count = 2,
	.argc = 9,
};

static struct change of_cut_exec(void)
{
	struct change c = of_exec();

	c.image = &cut;
	return c;
}

static struct image nothing = { PROGRAM(.exe = "", .comm = "") };

static struct change of_bare_exec(void)
{
	struct change c = of_exec();

	c.image = &nothing;
	return c;
}

static struct change of_end(struct proc *p, enum exit_reason reason, int code,
			    int sig)
{
	static struct proc gone;

	gone = ended(*p, reason, code, sig);
	return change_of(CHANGE_END, &gone);
}

static struct change of_exit_0(void)
{
	return of_end(&member_proc, EXIT_EXITED, 0, 0);
}

static struct change of_exit_3(void)
{
	return of_end(&member_proc, EXIT_EXITED, 3, 0);
}

static struct change of_signal(void)
{
	return of_end(&member_proc, EXIT_SIGNALED, 128 + SIGSEGV, SIGSEGV);
}

static struct change of_oom(void)
{
	return of_end(&member_proc, EXIT_OOM, 128 + SIGKILL, SIGKILL);
}

static struct change of_init_died(void)
{
	struct change c = of_end(&member_proc, EXIT_INIT_DIED, 0, 0);

	c.source = SOURCE_INFERRED;
	return c;
}

static struct change of_unknown(void)
{
	return of_end(&member_proc, EXIT_UNKNOWN, 0, 0);
}

static struct change of_shim_end(void)
{
	return of_end(&shim_proc, EXIT_EXITED, 1, 0);
}

static struct change of_start(void)
{
	return change_of(CHANGE_CONTAINER_START, &init_proc);
}

static struct change of_nameless_start(void)
{
	struct change c = of_start();

	c.container = &nameless;
	return c;
}

static struct change of_pod_start(void)
{
	struct change c = of_start();

	c.container = &app;
	return c;
}

static struct change of_stop(void)
{
	struct change c = of_end(&init_proc, EXIT_EXITED, 137, 0);

	c.kind = CHANGE_CONTAINER_STOP;
	return c;
}

static struct change of_lone_stop(void)
{
	struct change c = of_stop();

	c.proc = c.parent = NULL;
	c.image = NULL;
	c.vpid = 0;
	c.source = SOURCE_INFERRED;
	c.container = &nameless;
	return c;
}

static struct change of_activity(void)
{
	struct change c = change_of(CHANGE_ACTIVITY, &member_proc);

	c.record = "SYSCALL";
	c.syscall = "openat";
	c.key = "secrets";
	c.outcome = 0;
	return c;
}

static struct change of_seccomp(void)
{
	struct change c = change_of(CHANGE_ACTIVITY, &init_proc);

	c.record = "SECCOMP";
	c.outcome = -1;
	return c;
}

static struct change of_census(void)
{
	struct change c = change_of(CHANGE_CENSUS, &containerd_proc);

	c.source = SOURCE_CENSUS;
	c.serial = 0;
	return c;
}

static struct change of_lost(void)
{
	struct change c = {
		.kind = CHANGE_LOST,
		.time_ms = T0,
		.node = "",
		.lost = 120,
		.lost_what = "lines",
	};

	return c;
}

#define FORK AT "web          fork     29689 <- 29655 sh"
#define EXEC AT "web          exec     29689 "
#define END AT "web          end      29689 "

static const struct {
	const char *name;
	struct change (*make)(void);
	const char *text;
} texts[] = {
	{ "fork", of_fork, FORK "  # vpid=7 user=alice\n" },
	{ "fork of the shim", of_shim_fork,
	  AT "web          fork     29634 <- 3473 containerd  # shim\n" },
	{ "never heard", of_never_heard,
	  AT "web          fork         - <- 29655 sh"
	     "  # vpid=9 never-heard\n" },
	{ "inferred", of_inferred_fork,
	  FORK "  # vpid=7 user=alice inferred\n" },
	{ "exec", of_exec, EXEC "ls /  # user=alice\n" },
	{ "exec of init", of_init_exec,
	  AT "web          exec     29655 sh -c 'ls /; (exit 3)'"
	     "  # init exe=/bin/busybox\n" },
	{ "runc exec", of_exec_exec,
	  AT "web          exec     29683 sh -c 'ls /; (exit 3)'"
	     "  # exec exe=/bin/busybox user=65534\n" },
	{ "exec of the shim", of_shim_exec,
	  AT "web          exec     29634 /usr/bin/containerd-shim-runc-v2 "
	     "-namespace moby -id " SHORT " …  # shim\n" },
	{ "exec of runc", of_runc_exec,
	  AT
	  "web          exec     29645 runc … --log-format json create … " SHORT
	  "  # runtime\n" },
	{ "node", of_node_exec,
	  AT "alpha        web          exec     29689 ls /  # user=alice\n" },
	{ "evil", of_evil_exec,
	  AT "$'\\nstop'    exec     29689 $'ls\\n2026' '# runtime' $'\\xff'"
	     "  # exe=$'/tmp/\\e[2J\\n' user=alice\n" },
	{ "cut by audit", of_cut_exec, EXEC "ls -l …  # user=alice\n" },
	{ "nothing known", of_bare_exec, EXEC "?  # user=alice\n" },
	{ "exit 0", of_exit_0, END "exit 0        0.21s  ls\n" },
	{ "exit 3", of_exit_3, END "exit 3        0.21s  ls\n" },
	{ "signal", of_signal, END "SIGSEGV (11)   0.21s  ls\n" },
	{ "oom", of_oom, END "out of memory   0.21s  ls\n" },
	{ "init died", of_init_died,
	  END "init died     0.21s  ls  # inferred\n" },
	{ "unknown", of_unknown, END "unknown       0.21s  ls\n" },
	{ "end of the shim", of_shim_end,
	  AT "web          end      29634 exit 1        0.21s  "
	     "containerd-shim  # shim\n" },
	{ "start", of_start,
	  AT "web          start    29655 id=" SHORT
	     " image=busybox tag=1.36 runtime=docker namespace=moby\n" },
	{ "start without a name", of_nameless_start,
	  AT SHORT " start    29655 runtime=containerd\n" },
	{ "start in a pod", of_pod_start,
	  AT "app          start    29655 id=app-1 pod=shop-0 "
	     "pod-namespace=default runtime=containerd namespace=k8s.io\n" },
	{ "stop", of_stop,
	  AT "web          stop     29655 exit 137      1m05s  id=" SHORT
	     "\n" },
	{ "stop without its init", of_lone_stop,
	  AT SHORT " stop         -  # inferred\n" },
	{ "activity", of_activity,
	  AT "web          audit    29689 SYSCALL openat failed by ls"
	     "  # user=alice key=secrets\n" },
	{ "seccomp", of_seccomp,
	  AT "web          audit    29655 SECCOMP by sh  # init\n" },
	{ "census", of_census,
	  AT "-            census    3473 containerd  # root\n" },
	{ "lost", of_lost, AT "-            lost         - 120 lines\n" },
};

START_TEST(test_text)
{
	struct change c = texts[_i].make();
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_puts(&out, "before ");
	render_text(&out, &c, false);
	buf_putc(&out, '\0');
	ck_assert_msg(!strcmp(out.data + 7, texts[_i].text),
		      "%s:\n%s is not\n%s", texts[_i].name, out.data + 7,
		      texts[_i].text);
}
END_TEST

/* Without its colours a coloured line is the plain one. */
START_TEST(test_colour)
{
	struct change c = texts[_i].make();
	_cleanup_buf_ struct buf out = BUF_INIT, bare = BUF_INIT;
	bool painted = false;
	size_t i;

	render_text(&out, &c, true);
	for (i = 0; i < out.len; i++) {
		if (out.data[i] != '\033') {
			buf_putc(&bare, out.data[i]);
			continue;
		}
		painted = strncmp(out.data + i, "\033[0m", 4) != 0;
		while (out.data[i] != 'm')
			i++;
	}
	buf_putc(&bare, '\0');
	ck_assert_msg(!strcmp(bare.data, texts[_i].text), "%s:\n%s",
		      texts[_i].name, bare.data);
	ck_assert_msg(!painted, "%s: leaves its colour behind", texts[_i].name);
}
END_TEST

/* Any command stays one line, of bounded length, with the notes behind. */
START_TEST(test_long)
{
	static char args[40000];
	struct image image = {
		PROGRAM(.exe = "/bin/ls", .comm = "ls"),
		.args = args,
		.args_bytes = sizeof(args),
		.args_count = 1,
		.argc = 1,
	};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct change c = of_exec();

	memset(args, 'x', sizeof(args) - 1);
	c.image = &image;
	render_text(&out, &c, false);
	ck_assert_uint_lt(out.len, 700);
	ck_assert_ptr_nonnull(memmem(out.data, out.len, "xxx…  # exe=", 14));
	buf_clear(&out);
	memset(args, 0, sizeof(args));
	image.args_count = image.argc = sizeof(args);
	render_text(&out, &c, false);
	ck_assert_uint_lt(out.len, 2000);
	ck_assert_ptr_nonnull(memmem(out.data, out.len, " '' …", 7));
}
END_TEST

/* Whole lines, as they go to the file */
#define ECS "\"ecs\":{\"version\":\"8.11\"},"
#define EVENT(action, type, outcome)                                           \
	"\"event\":{\"kind\":\"event\",\"category\":[\"process\"],"            \
	"\"dataset\":\"contree.process\",\"action\":\"" action                 \
	"\",\"type\":[\"" type "\"],\"outcome\":\"" outcome "\""
#define HEAD "{\"@timestamp\":\"2026-11-23T19:02:21.586Z\"," ECS
#define PARENT                                                                 \
	"\"parent\":{\"pid\":29655,\"entity_id\":\"e-init\",\"name\":"         \
	"\"sh\",\"executable\":\"/bin/busybox\"}"
#define CONTAINER                                                              \
	"\"container\":{\"id\":\"" HEX64 "\",\"name\":\"web\",\"runtime\""     \
	":\"docker\",\"image\":{\"name\":\"busybox\",\"tag\":[\"1.36\"]}},"

/* clang-format off */
static const struct {
	const char *name;
	struct change (*make)(void);
	const char *json;
} lines[] = {
	{ "exec", of_exec,
	  HEAD EVENT("exec", "start", "success") ",\"sequence\":892},"
	  "\"process\":{\"pid\":29689,\"vpid\":7,\"entity_id\":\"e-member\","
	  "\"name\":\"ls\",\"executable\":\"/bin/ls\",\"args\":[\"ls\",\"/\"],"
	  "\"args_count\":2,\"working_directory\":\"/\","
	  "\"start\":\"2026-11-23T19:02:21.596Z\"," PARENT ","
	  "\"entry_leader\":{\"pid\":29655,\"entity_id\":\"e-init\","
	  "\"executable\":\"/bin/busybox\"},"
	  "\"user\":{\"id\":\"1000\",\"name\":\"alice\"},"
	  "\"group\":{\"id\":\"100\"}},"
	  "\"user\":{\"id\":\"1000\",\"name\":\"alice\"}," CONTAINER
	  "\"contree\":{\"role\":\"member\",\"source\":\"audit\","
	  "\"namespace\":\"moby\",\"auid\":1000,\"ses\":7,"
	  "\"lineage\":[\"containerd\",\"containerd-shim\",\"runc\","
	  "\"sh\"]}}\n" },
	{ "never heard", of_never_heard,
	  HEAD EVENT("fork", "start", "success") ",\"sequence\":892},"
	  "\"process\":{\"vpid\":9," PARENT "}," CONTAINER
	  "\"contree\":{\"role\":\"member\",\"source\":\"audit\","
	  "\"namespace\":\"moby\"}}\n" },
	{ "lost", of_lost,
	  HEAD EVENT("lost", "info", "unknown") "},"
	  "\"contree\":{\"source\":\"audit\",\"lost\":{\"count\":120,"
	  "\"what\":\"lines\"}}}\n" },
};
/* clang-format on */

START_TEST(test_line)
{
	struct change c = lines[_i].make();
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_puts(&out, "before,");
	render_json(&out, &c);
	buf_putc(&out, '\0');
	ck_assert_msg(!strcmp(out.data + 7, lines[_i].json),
		      "%s:\n%s is not\n%s", lines[_i].name, out.data + 7,
		      lines[_i].json);
}
END_TEST

/* One member of one change; NULL: it is not there */
static const struct {
	struct change (*make)(void);
	const char *path;
	const char *json;
} members[] = {
	{ of_fork, "event.action", "\"fork\"" },
	{ of_fork, "event.type", "[\"start\"]" },
	{ of_fork, "process.end", NULL },
	{ of_fork, "host", NULL },
	{ of_fork, "contree.ppid", NULL },
	{ of_fork, "contree.key", NULL },
	{ of_fork, "contree.exit", NULL },
	{ of_fork, "orchestrator", NULL },
	{ of_shim_fork, "contree.ppid", "1" },
	{ of_shim_fork, "contree.role", "\"shim\"" },
	{ of_shim_fork, "contree.auid", NULL },
	{ of_shim_fork, "process.entry_leader", NULL },
	{ of_shim_fork, "process.vpid", NULL },
	{ of_shim_fork, "contree.lineage", "[\"containerd\"]" },
	{ of_inferred_fork, "contree.source", "\"inferred\"" },
	{ of_exec_exec, "process.entry_leader.pid", "29683" },
	{ of_exec_exec, "process.user", "{\"id\":\"65534\"}" },
	{ of_exec_exec, "process.group", NULL },
	{ of_node_exec, "host", "{\"hostname\":\"alpha\",\"name\":\"alpha\"}" },
	{ of_evil_exec, "process.executable", "\"/tmp/\\u001b[2J\\n\"" },
	{ of_evil_exec, "process.args",
	  "[\"ls\\n2026\",\"# runtime\",\"\xef\xbf\xbd\"]" },
	{ of_evil_exec, "container.name", "\"\\nstop\"" },
	{ of_cut_exec, "process.args", "[\"ls\",\"-l\"]" },
	{ of_cut_exec, "process.args_count", "9" },
	{ of_bare_exec, "process.args", NULL },
	{ of_bare_exec, "process.args_count", NULL },
	{ of_bare_exec, "process.name", NULL },
	{ of_exit_0, "event.type", "[\"end\"]" },
	{ of_exit_0, "event.outcome", "\"success\"" },
	{ of_exit_0, "process.end", "\"2026-11-23T19:02:21.806Z\"" },
	{ of_exit_0, "process.exit_code", "0" },
	{ of_exit_0, "contree.exit", "{\"reason\":\"exited\"}" },
	{ of_exit_3, "event.outcome", "\"failure\"" },
	{ of_exit_3, "process.exit_code", "3" },
	{ of_signal, "event.outcome", "\"failure\"" },
	{ of_signal, "process.exit_code", "139" },
	{ of_signal, "contree.exit",
	  "{\"reason\":\"signaled\",\"signal\":11}" },
	{ of_oom, "event.outcome", "\"failure\"" },
	{ of_oom, "contree.exit", "{\"reason\":\"oom\",\"signal\":9}" },
	{ of_init_died, "event.outcome", "\"unknown\"" },
	{ of_init_died, "process.exit_code", NULL },
	{ of_init_died, "contree.exit", "{\"reason\":\"init-died\"}" },
	{ of_unknown, "event.outcome", "\"unknown\"" },
	{ of_unknown, "process.exit_code", NULL },
	{ of_start, "event.action", "\"container-start\"" },
	{ of_start, "event.type", "[\"start\"]" },
	{ of_start, "process.pid", "29655" },
	{ of_start, "contree.role", "\"init\"" },
	{ of_nameless_start, "container.name", NULL },
	{ of_nameless_start, "container.image", NULL },
	{ of_nameless_start, "contree.namespace", NULL },
	{ of_pod_start, "orchestrator",
	  "{\"type\":\"kubernetes\",\"namespace\":\"default\",\"resource\":"
	  "{\"type\":\"pod\",\"name\":\"shop-0\",\"id\":\"u-1\"}}" },
	{ of_stop, "event.action", "\"container-stop\"" },
	{ of_stop, "event.type", "[\"end\"]" },
	{ of_stop, "event.outcome", "\"failure\"" },
	{ of_stop, "process.exit_code", "137" },
	{ of_lone_stop, "process", NULL },
	{ of_lone_stop, "user", NULL },
	{ of_lone_stop, "event.outcome", "\"unknown\"" },
	{ of_lone_stop, "container.id", "\"" HEX64 "\"" },
	{ of_activity, "event.type", "[\"info\"]" },
	{ of_activity, "event.outcome", "\"failure\"" },
	{ of_activity, "contree.record", "\"SYSCALL\"" },
	{ of_activity, "contree.syscall", "\"openat\"" },
	{ of_activity, "contree.key", "\"secrets\"" },
	{ of_seccomp, "event.outcome", "\"unknown\"" },
	{ of_seccomp, "contree.syscall", NULL },
	{ of_census, "event.action", "\"census\"" },
	{ of_census, "event.type", "[\"info\"]" },
	{ of_census, "event.sequence", NULL },
	{ of_census, "process.parent", NULL },
	{ of_census, "container", NULL },
	{ of_census, "contree.ppid", "1" },
	{ of_census, "contree.lineage", NULL },
	{ of_census, "contree.source", "\"census\"" },
	{ of_lost, "process", NULL },
	{ of_lost, "contree.role", NULL },
};

static struct json_object *parse(const struct change *c)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_object *json;

	render_json(&out, c);
	ck_assert_int_eq(out.data[out.len - 1], '\n');
	ck_assert_ptr_null(memchr(out.data, '\n', out.len - 1));
	out.data[out.len - 1] = '\0';
	json = json_tokener_parse(out.data);
	ck_assert_msg(json != NULL, "no JSON: %s", out.data);
	return json;
}

/* What stands at a.b.c, or NULL */
static struct json_object *at(struct json_object *json, const char *path)
{
	char name[64];
	size_t len;

	for (; *path && json; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(json, name, &json))
			return NULL;
	}
	return json;
}

START_TEST(test_member)
{
	const char *path = members[_i].path, *want = members[_i].json;
	struct change c = members[_i].make();
	struct json_object *json = parse(&c), *found = at(json, path);
	const char *got = NULL;

	if (found)
		got = json_object_to_json_string_ext(
			found, JSON_C_TO_STRING_PLAIN |
				       JSON_C_TO_STRING_NOSLASHESCAPE);
	ck_assert_msg(got && want ? !strcmp(got, want) : got == want,
		      "row %d: %s is %s, not %s", _i, path,
		      got ? got : "absent", want ? want : "absent");
	json_object_put(json);
}
END_TEST

START_TEST(test_deep_lineage)
{
	static struct proc chain[200];
	struct change c = of_exec();
	struct json_object *json, *lineage;
	size_t i;

	for (i = 0; i < COUNT(chain); i++) {
		chain[i] = init_proc;
		chain[i].parent = i ? &chain[i - 1] : &shim_proc;
	}
	c.parent = &chain[COUNT(chain) - 1];
	json = parse(&c);
	lineage = at(json, "contree.lineage");
	ck_assert_uint_eq(json_object_array_length(lineage), 64);
	json_object_put(json);
}
END_TEST

static const struct {
	uint64_t ms;
	const char *text;
} stamps[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 951782399999, "2000-02-28T23:59:59.999Z" },
	{ 951782400000, "2000-02-29T00:00:00.000Z" },
	{ 951868800000, "2000-03-01T00:00:00.000Z" },
	{ 1709164800000, "2024-02-29T00:00:00.000Z" },
	{ 1767225599001, "2025-12-31T23:59:59.001Z" },
	{ 1767225600000, "2026-01-01T00:00:00.000Z" },
	{ T0, "2026-11-23T19:02:21.586Z" },
	{ 4107542400000, "2100-03-01T00:00:00.000Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	{ UINT64_MAX, "9999-12-31T23:59:59.999Z" },
};

START_TEST(test_stamp)
{
	char text[STAMP_BYTES + 1] = { 0 };

	stamp(text, stamps[_i].ms, 'T');
	ck_assert_str_eq(text, stamps[_i].text);
}
END_TEST

static const struct {
	const char *name;
	const char *want;
} labels[] = {
	{ "web", "web" },
	{ "twelve-chars", "twelve-chars" },
	{ "pod-28761-app", "pod-28…1-app" },
	{ "pod-28761-side", "pod-28…-side" },
	{ "a b", "'a b'" },
	{ "-", "'-'" },
	{ "", "x" },
	{ "é", "$'\\xc3\\xa9'" },
	{ "日本", "$'\\xe6'…" },
	{ "e\xcc\x81", "$'e\\xcc\\x81'" },
	{ "ls # and more", "'ls # '…more" },
	/* A quote in the part that is left out, and at each side of it */
	{ "AAAAAAAAA' #x", "AAAA…' #x'" },
	{ "''''''''''''", "''\\'''…" },
	{ "x' exec 7 ls y", "'x'\\'''…' y'" },
};

START_TEST(test_label)
{
	struct container c = {
		.id = "x", .names.name = (char *)(uintptr_t)labels[_i].name
	};
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t n = words_container(&out, &c, 12, "…");

	ck_assert_uint_eq(n, words_columns(out.data, out.len));
	ck_assert_uint_le(n, 12);
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, labels[_i].want);
}
END_TEST

static const struct {
	uint64_t ms;
	const char *want;
} durations[] = {
	{ 0, "0.00s" },	       { 8, "0.00s" },
	{ 210, "0.21s" },      { 59999, "59.99s" },
	{ 60000, "1m00s" },    { 3599999, "59m59s" },
	{ 3600000, "1h00m" },  { 86399999, "23h59m" },
	{ 86400000, "1d00h" }, { 86400000 * 400ULL, "400d00h" },
};

START_TEST(test_duration)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	words_duration(&out, durations[_i].ms);
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, durations[_i].want);
}
END_TEST

static const struct {
	int sig;
	const char *want;
} signals[] = {
	{ SIGKILL, "SIGKILL (9)" }, { SIGTERM, "SIGTERM (15)" },
	{ 40, "signal 40" },	    { 0, "signal 0" },
	{ 65, "signal 65" },	    { 255, "signal 255" },
};

START_TEST(test_signal)
{
	struct proc p = ended(member_proc, EXIT_SIGNALED, 0, signals[_i].sig);
	_cleanup_buf_ struct buf out = BUF_INIT;

	words_ending(&out, &p);
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, signals[_i].want);
}
END_TEST

/* A value that its enum does not have is no crash. */
START_TEST(test_names)
{
	ck_assert_str_eq(role_name(ROLE_MEMBER), "member");
	ck_assert_str_eq(source_name(SOURCE_WITNESS), "witness");
	ck_assert_str_eq(exit_reason_name(EXIT_INIT_DIED), "init-died");
	ck_assert_str_eq(change_name(CHANGE_CONTAINER_STOP), "container-stop");
	ck_assert_str_eq(role_name((enum role)99), "unknown");
	ck_assert_str_eq(source_name((enum source)99), "unknown");
	ck_assert_str_eq(exit_reason_name((enum exit_reason)99), "unknown");
	ck_assert_str_eq(change_name((enum change_kind)99), "unknown");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("render");
	TCase *t = tcase_create("render");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_text, 0, COUNT(texts));
	tcase_add_loop_test(t, test_colour, 0, COUNT(texts));
	tcase_add_test(t, test_long);
	tcase_add_loop_test(t, test_line, 0, COUNT(lines));
	tcase_add_loop_test(t, test_member, 0, COUNT(members));
	tcase_add_test(t, test_deep_lineage);
	tcase_add_loop_test(t, test_stamp, 0, COUNT(stamps));
	tcase_add_loop_test(t, test_label, 0, COUNT(labels));
	tcase_add_loop_test(t, test_duration, 0, COUNT(durations));
	tcase_add_loop_test(t, test_signal, 0, COUNT(signals));
	tcase_add_test(t, test_names);
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
