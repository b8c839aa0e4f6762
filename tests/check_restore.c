/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree that is saved and put back goes on as if nothing had been: what is
 * in it is the same, and whatever happens next makes both say the same.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "tree_int.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define T0 UINT64_C(1700000000000)
#define MONO0 UINT64_C(5000000)
#define BOOT0 UINT64_C(6000000)

enum kind {
	END_OF_STORY,
	FORK,
	EXIT, /* of the witness */
	FOUND,
	GONE, /* of the census */
	HEARD_EXEC,
	HEARD_EXIT,
	HEARD_CLONE,
	HEARD_SEEN,
	IDLE,
};

struct step {
	unsigned int at;
	enum kind kind;
	pid_t pid, ppid;
	long n; /* child, status, ms */
	const char *exe, *args; /* args are separated by spaces */
	int signal;
	pid_t vpid;
	unsigned int depth;
	const char *id;
	const char *bundle;
};

#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define RUNC "/usr/sbin/runc"
#define CONTAINERD "/usr/bin/containerd"

/* clang-format off */
#define F(at, parent, child) { at, FORK, parent, 0, child, .depth = 1 }
#define IN(at, parent, child, num) \
	{ at, FORK, parent, 0, child, .depth = 2, .vpid = num }
#define LAST(at, parent, child, num, name) \
	{ at, FORK, parent, 0, child, .depth = 2, .vpid = num, .id = name }
#define E(at, pid, program, words) \
	{ at, HEARD_EXEC, pid, 1, .exe = program, .args = words }
#define X(at, pid, status) { at, EXIT, pid, .n = status }
#define AX(at, pid, status) { at, HEARD_EXIT, pid, 1, .n = status }
#define IS(pid, ppid, program, d, num) \
	{ 9000, FOUND, pid, ppid, 0, program, program, .vpid = num, .depth = d }
#define WAIT(at) { at, IDLE, .n = 9000 }

/*
 * containerd 10; shim 21, left by its starter 20; of c1 the init 33, left by
 * runc 30, exec'd 43 with its child 46, members 45, 49 (whose parent 48
 * ended), 50 (in a pid namespace within) with its child 51; of c2 in the
 * same shim the init 63 and its child 64; of c3, whose runc 70 is at work,
 * the stage 73; of c4, whose init 83 has ended, 85 in the host's namespace.
 * 52 of c1 has just ended, and so have runc 56 and the init 57 of c5, of which
 * nobody has said yet that it executed anything.
 */
static const struct step life[] = {
	{ 0, FOUND, 10, 0, 0, CONTAINERD, "containerd", .depth = 1 },
	F(10, 10, 20), E(11, 20, SHIM, "shim -namespace ns -id c1 start"),
	F(12, 20, 21),
	E(13, 21, SHIM, "shim -namespace ns -id c1 -address a"),
	X(14, 20, 0),

	F(30, 21, 30), E(31, 30, RUNC, "runc create --bundle /b/c1 c1"),
	F(40, 30, 31), E(41, 31, RUNC, "runc init"), F(50, 30, 32),
	LAST(51, 30, 33, 1, "c1"), X(60, 32, 0), X(61, 31, 0), X(80, 30, 0),
	E(90, 33, "/bin/sh", "sh"),

	F(500, 21, 40), E(501, 40, RUNC, "runc exec --process p c1"),
	F(510, 40, 41), E(511, 41, RUNC, "runc init"),
	LAST(512, 40, 43, 7, "c1"), X(520, 41, 0),
	E(530, 43, "/bin/bash", "bash"), X(540, 40, 0),

	IN(600, 33, 45, 8), IN(601, 43, 46, 9), E(602, 46, "/bin/nl", "nl"),
	IN(603, 33, 48, 10), IN(604, 48, 49, 11), X(605, 48, 1),
	{ 606, FORK, 33, 0, 50, .depth = 3, .vpid = 1 },
	{ 607, FORK, 50, 0, 51, .depth = 3, .vpid = 2 },

	F(700, 21, 60), E(701, 60, RUNC, "runc create --bundle /b/c2 c2"),
	LAST(702, 60, 63, 1, "c2"), X(710, 60, 0),
	E(711, 63, "/bin/sh", "sh"), IN(712, 63, 64, 2),

	F(800, 21, 80), E(801, 80, RUNC, "runc create --bundle /b/c4 c4"),
	{ 802, FORK, 80, 0, 83, .depth = 1, .vpid = 83, .id = "c4" },
	X(810, 80, 0), E(811, 83, "/bin/sh", "sh"), F(812, 83, 85),
	X(820, 83, 7),

	F(8000, 21, 70), E(8001, 70, RUNC, "runc create --bundle /b/c3 c3"),
	F(8002, 70, 71), E(8003, 71, RUNC, "runc init"),
	LAST(8004, 70, 73, 1, "c3"),

	IN(8010, 33, 52, 12), X(8020, 52, 4),
	F(8011, 21, 56), E(8011, 56, RUNC, "runc create --bundle /b/c5 c5"),
	LAST(8012, 56, 57, 1, "c5"), X(8013, 56, 0), X(8014, 57, 3),
	{ .kind = END_OF_STORY },
};

/* What /proc shows of it afterwards, as the census finds it. */
static const struct step found[] = {
	IS(10, 0, CONTAINERD, 1, 10), IS(21, 0, SHIM, 1, 21),
	IS(33, 21, "/bin/sh", 2, 1), IS(43, 21, "/bin/bash", 2, 7),
	IS(45, 33, "/bin/sh", 2, 8), IS(46, 43, "/bin/nl", 2, 9),
	IS(49, 33, "/bin/sh", 2, 11), IS(50, 33, "/bin/sh", 3, 1),
	IS(51, 50, "/bin/sh", 3, 2), IS(63, 21, "/bin/sh", 2, 1),
	IS(64, 63, "/bin/sh", 2, 2), IS(85, 21, "/bin/sh", 1, 85),
	IS(70, 21, RUNC, 1, 70), IS(71, 70, RUNC, 1, 71),
	IS(73, 70, RUNC, 2, 1),
	{ .kind = END_OF_STORY },
};

struct story {
	const char *name;
	bool unwitnessed;
	struct step steps[16];
	const char *says[16];
};

static const struct story stories[] = {
	{ "the init ends", false,
	  { X(9100, 33, 3), WAIT(9100) },
	  { "end 33 exited 3", "stop c1 33" } },
	{ "audit says so, and the kernel kills the rest", true,
	  { AX(9100, 63, 3), { 9101, GONE, .pid = 64 }, WAIT(9101) },
	  { "end 63 exited 3 audit", "stop c2 63",
	    "end 64 init-died inferred" } },
	{ "a member executes", false,
	  { E(9100, 45, "/bin/ls", "ls"), E(9200, 49, RUNC, "runc delete c1"),
	    X(9300, 49, 0) },
	  { "exec 45 member c1", "exec 49 member c1", "end 49 exited 0" } },
	{ "a member makes a child", false,
	  { IN(9100, 45, 90, 20), IN(9101, 90, 91, 21), IN(9102, 46, 92, 22),
	    IN(9103, 64, 93, 3), F(9104, 85, 94), X(9105, 45, 0),
	    X(9106, 91, 2) },
	  { "fork 90<-45 member c1 vpid=20", "fork 91<-90 member c1 vpid=21",
	    "fork 92<-46 member c1 vpid=22", "fork 93<-64 member c2 vpid=3",
	    "fork 94<-85 member c4", "end 45 exited 0", "end 91 exited 2" } },
	{ "runc exec brings another in", false,
	  { F(9100, 21, 90), E(9101, 90, RUNC, "runc exec c1"),
	    LAST(9102, 90, 91, 20, "c1"), E(9103, 91, "/bin/ls", "ls"),
	    X(9104, 91, 0), X(9105, 90, 0) },
	  { "fork 90<-21 runtime c1", "exec 90 runtime c1",
	    "fork 91<-90 runtime c1 vpid=20", "exec 91 exec c1",
	    "end 91 exited 0", "end 90 exited 0" } },
	{ "a sibling is made from within", false,
	  { LAST(9100, 21, 90, 20, "c1"),
	    E(9101, 90, RUNC, "runc create --bundle /b/x x") },
	  { "fork 90<-21 member c1 vpid=20", "exec 90 member c1" } },
	{ "the runtime at work ends it", false,
	  { X(9100, 71, 0), X(9110, 70, 0), E(9120, 73, "/bin/sh", "sh"),
	    IN(9130, 73, 90, 2), X(9140, 73, 0) },
	  { "end 71 exited 0", "end 70 exited 0", "start c3 73",
	    "exec 73 init c3", "fork 90<-73 member c3 vpid=2",
	    "end 73 exited 0", "stop c3 73" } },
	{ "or fails", false,
	  { { 9100, EXIT, 73, .signal = SIGKILL }, X(9110, 71, 1),
	    X(9120, 70, 1) },
	  { "end 73 signaled 137", "end 71 exited 1", "end 70 exited 1" } },
	{ "a hook runs", false,
	  { F(9100, 70, 90), E(9101, 90, "/usr/bin/hook", "hook"),
	    X(9102, 90, 0) },
	  { "fork 90<-70 runtime c3", "exec 90 runtime c3",
	    "end 90 exited 0" } },
	{ "of a container that stopped the last one ends", false,
	  { X(9100, 85, 0), WAIT(9100) },
	  { "end 85 exited 0" } },
	{ "a container is made anew under its old id", false,
	  { X(9100, 33, 0), F(9200, 21, 90),
	    E(9201, 90, RUNC, "runc create --bundle /b/n c1"),
	    LAST(9202, 90, 91, 1, "c1"), X(9203, 90, 0),
	    E(9204, 91, "/bin/sh", "sh") },
	  { "end 33 exited 0", "stop c1 33", "fork 90<-21 runtime c1",
	    "exec 90 runtime c1", "fork 91<-90 runtime c1 vpid=1",
	    "end 90 exited 0", "start c1 91", "exec 91 init c1" } },
	{ "the one that stopped, too", false,
	  { F(9200, 21, 90), E(9201, 90, RUNC, "runc create --bundle /b/n c4"),
	    LAST(9202, 90, 91, 1, "c4"), X(9203, 90, 0),
	    E(9204, 91, "/bin/sh", "sh") },
	  { "fork 90<-21 runtime c1", "exec 90 runtime c4",
	    "fork 91<-90 runtime c4 vpid=1", "end 90 exited 0",
	    "start c4 91", "exec 91 init c4" } },
	{ "runc deletes what nobody saw end", true,
	  { F(9200, 21, 90), E(9201, 90, RUNC, "runc delete c2"),
	    X(9203, 90, 0) },
	  { "fork 90<-21 runtime c1", "exec 90 runtime c2", "end 90 exited 0",
	    "end 63 unknown inferred", "stop c2 63" } },
	{ "with the shim its containers are gone", true,
	  { AX(9100, 85, 0), AX(9200, 21, 1) },
	  { "end 85 exited 0 audit", "end 21 exited 1 audit",
	    "end 33 unknown inferred", "stop c1 33",
	    "end 63 unknown inferred", "stop c2 63" } },
	{ "containerd starts another shim", false,
	  { F(9100, 10, 90), E(9101, 90, SHIM, "shim -namespace ns -id c9 start"),
	    F(9102, 90, 91), E(9103, 91, SHIM, "shim -namespace ns -id c9") },
	  { "fork 90<-10 runtime", "exec 90 shim c9", "fork 91<-90 runtime c9",
	    "exec 91 shim c9" } },
	{ "a pid is another's meanwhile", false,
	  { { 9100, FOUND, 45, 33, 1, "/bin/wc", "wc", .depth = 2,
	      .vpid = 9 } },
	  { "end 45 unknown census", "census 45 member c1 vpid=9 census" } },
	{ "all are gone", false,
	  { { 9100, GONE, .pid = 64 }, { 9100, GONE, .pid = 63 },
	    { 9100, GONE, .pid = 10 } },
	  { "end 64 unknown census", "end 63 unknown census", "stop c2 63",
	    "end 10 unknown census" } },
	{ "the records of one that has just ended come late", true,
	  { { 8012, HEARD_EXEC, 52, 33, .exe = "/bin/ls", .args = "ls" },
	    { 8019, HEARD_EXIT, 52, 33, .n = 4 }, WAIT(9000) },
	  { "exec 52 member c1" } },
	{ "and so a container's start and stop", true,
	  { { 8013, HEARD_EXEC, 57, 21, .exe = "/bin/sh", .args = "sh" } },
	  { "start c5 57", "stop c5 57", "exec 57 init c5" } },
	{ "and its pid is another's", true,
	  { { 8040, HEARD_EXEC, 52, 33, .exe = "/bin/ls", .args = "ls" } },
	  { "fork 52<-33 member c1 audit", "exec 52 member c1" } },
	{ "a process does something", false,
	  { { 9100, HEARD_SEEN, 46, .ppid = 43 } },
	  { "activity 46" } },
};
/* clang-format on */

static void say_end(struct buf *out, const struct change *c)
{
	const struct proc *p = c->proc;

	buf_printf(out, "end %d %s", p->pid, exit_reason_name(p->reason));
	if (p->reason == EXIT_EXITED || p->reason == EXIT_SIGNALED)
		buf_printf(out, " %d", p->exit_code);
}

static void say(void *ctx, const struct change *c)
{
	struct buf *out = ctx;

	switch (c->kind) {
	case CHANGE_CONTAINER_START:
	case CHANGE_CONTAINER_STOP:
		buf_printf(out, "%s %s %d\n",
			   change_name(c->kind) + strlen("container-"),
			   c->container->id, c->proc ? c->proc->pid : 0);
		return;
	case CHANGE_END:
		say_end(out, c);
		break;
	case CHANGE_ACTIVITY:
		buf_printf(out, "activity %d\n", c->proc->pid);
		return;
	case CHANGE_FORK:
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
	case CHANGE_LOST:
		buf_printf(out, "%s %d", change_name(c->kind),
			   c->proc ? c->proc->pid : 0);
		if (c->kind == CHANGE_FORK)
			buf_printf(out, "<-%d", c->parent->pid);
		buf_printf(out, " %s", role_name(c->role));
		if (c->container)
			buf_printf(out, " %s", c->container->id);
		if (c->vpid && c->kind != CHANGE_EXEC)
			buf_printf(out, " vpid=%d", c->vpid);
		break;
	}
	if (c->source != SOURCE_WITNESS && c->kind != CHANGE_EXEC)
		buf_printf(out, " %s", source_name(c->source));
	buf_putc(out, '\n');
}

/* Args become NUL-terminated strings in place. */
static void set_args(struct fact *f, const char *args, char *room, size_t size)
{
	if (!args)
		return;
	snprintf(room, size, "%s", args);
	f->args = room;
	f->args_bytes = strlen(room) + 1;
	f->args_count = 1;
	for (char *c = room; *c; c++) {
		if (*c == ' ') {
			*c = '\0';
			f->args_count++;
		}
	}
	f->argc = f->args_count;
}

static enum fact_kind kind_of(enum kind kind)
{
	static const enum fact_kind kinds[] = {
		[FORK] = FACT_FORK,	   [EXIT] = FACT_EXIT,
		[FOUND] = FACT_FOUND,	   [GONE] = FACT_GONE,
		[HEARD_EXEC] = FACT_EXEC,  [HEARD_EXIT] = FACT_EXIT,
		[HEARD_CLONE] = FACT_FORK, [HEARD_SEEN] = FACT_SEEN,
	};

	return kinds[kind];
}

/* When a process that is found was born, by the life's own facts. */
static unsigned int birth_of(pid_t pid)
{
	for (const struct step *s = life; s->kind; s++)
		if (s->kind == FORK && s->n == pid)
			return s->at;
	return 0;
}

static void take(struct tree *t, const struct step *s, uint64_t serial)
{
	char args[256];
	bool audit = s->kind >= HEARD_EXEC;
	bool found_anew = s->kind == FOUND && s->n;
	unsigned int born = s->kind != FOUND || found_anew ? s->at :
							     birth_of(s->pid);
	struct fact f = {
		.kind = s->kind == IDLE ? FACT_SEEN : kind_of(s->kind),
		.source = audit		  ? SOURCE_AUDIT :
			  s->kind < FOUND ? SOURCE_WITNESS :
					    SOURCE_CENSUS,
		.time_ms = T0 + s->at,
		.mono_ns = audit ? 0 : (MONO0 + s->at) * 1000000 + serial,
		.born_ms = s->kind == GONE ? 0 : BOOT0 + born,
		.start_ms = T0 + born,
		.serial = audit ? serial : 0,
		.node = "",
		.pid = s->pid,
		.ppid = s->ppid,
		.uid = 0,
		.gid = 0,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
		.exe = s->exe,
		.vpid = s->vpid,
		.ns_depth = s->depth,
		.container = s->id,
		.threads = s->kind == FOUND,
		.signal = s->signal,
		.record = "SYSCALL",
		.outcome = 1,
	};

	if (s->kind == IDLE) {
		tree_idle(t, (uint64_t)s->n);
		return;
	}
	if (s->kind == FORK || s->kind == HEARD_CLONE)
		f.child = (pid_t)s->n;
	else if (!s->signal)
		f.code = (int)s->n;
	set_args(&f, s->args, args, sizeof(args));
	tree_apply(t, &f);
}

static void take_all(struct tree *t, const struct step *steps, const char *name)
{
	const char *wrong;

	for (size_t i = 0; steps[i].kind; i++) {
		take(t, &steps[i], i + 1);
		wrong = tree_check(t);
		ck_assert_msg(!wrong, "%s: after step %zu: %s", name, i, wrong);
	}
}

/* --- saved, as copies of one's own */

struct copies {
	struct saved list[64];
	size_t n;
};

/* The strings of a record. */
static void strings_of(struct saved *s, const char **at[11])
{
	const char **all[] = { &s->entity,     &s->parent, &s->exe,
			       &s->comm,       &s->inv_id, &s->inv_ns,
			       &s->inv_bundle, &s->cgroup, &s->id,
			       &s->ns,	       &s->bundle };

	memcpy(at, all, sizeof(all));
}

static void keep(struct copies *c, const struct saved *s)
{
	const char **strings[11];

	ck_assert_uint_lt(c->n, COUNT(c->list));
	c->list[c->n] = *s;
	strings_of(&c->list[c->n++], strings);
	for (size_t i = 0; i < COUNT(strings); i++) {
		ck_assert_ptr_nonnull(*strings[i]);
		*strings[i] = strdup(*strings[i]);
		ck_assert_ptr_nonnull(*strings[i]);
	}
}

static void keep_all(struct copies *c, struct tree *t)
{
	struct saved s;

	tree_save_begin(t);
	while (tree_save_next(t, &s))
		keep(c, &s);
}

static void copies_free(struct copies *c)
{
	const char **strings[11];

	while (c->n) {
		strings_of(&c->list[--c->n], strings);
		for (size_t i = 0; i < COUNT(strings); i++)
			free((char *)(uintptr_t)*strings[i]);
	}
}

static const struct saved *saved_of(const struct copies *c, pid_t pid)
{
	const struct saved *ret = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].pid == pid)
			ret = &c->list[i];
	return ret;
}

static void put_back(struct tree *t, const struct copies *c)
{
	const struct proc *procs[COUNT(c->list)];
	const struct proc *parent;
	const char *wrong;

	for (size_t i = 0; i < c->n; i++) {
		parent = NULL;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->list[j].entity, c->list[i].parent))
				parent = procs[j];
		ck_assert(!*c->list[i].parent == !parent);
		procs[i] = tree_restore(t, &c->list[i], parent);
		ck_assert_msg(procs[i] != NULL, "%d", (int)c->list[i].pid);
		wrong = tree_check(t);
		ck_assert_msg(!wrong, "%d: %s", (int)c->list[i].pid, wrong);
	}
}

static void check_equal(const struct saved *a, const struct saved *b)
{
	struct saved x = *a, y = *b;
	const char **of_x[11], **of_y[11];

	strings_of(&x, of_x);
	strings_of(&y, of_y);
	for (size_t i = 0; i < COUNT(of_x); i++)
		ck_assert_msg(!strcmp(*of_x[i], *of_y[i]), "%d: %s, %s", x.pid,
			      *of_x[i], *of_y[i]);
	ck_assert_int_eq(x.pid, y.pid);
#define SAME(field)                                                            \
	ck_assert_msg(x.field == y.field, "%d: " #field ": %lld, %lld", x.pid, \
		      (long long)x.field, (long long)y.field)
	SAME(ended);
	SAME(ended_ms);
	SAME(vpid);
	SAME(ppid);
	SAME(start_ms);
	SAME(born_ms);
	SAME(role);
	SAME(source);
	SAME(flags);
	SAME(ns_depth);
	SAME(verb);
	SAME(started_ms);
	SAME(stopped_ms);
#undef SAME
}

/* --- two trees: one that lived on, and one put back from it */

struct pair {
	struct metrics metrics[2];
	struct buf out[2];
	struct tree *tree[2];
	struct copies copies;
};

static void pair_new(struct pair *p)
{
	*p = (struct pair){ 0 };
	for (int i = 0; i < 2; i++)
		p->tree[i] = tree_new(&tree_defaults, "", &p->metrics[i], say,
				      &p->out[i]);
	tree_witness(p->tree[0], 0);
	take_all(p->tree[0], life, "life");
	keep_all(&p->copies, p->tree[0]);
	buf_clear(&p->out[0]);
	put_back(p->tree[1], &p->copies);
	ck_assert_uint_eq(p->out[1].len, 0);
	tree_witness(p->tree[1], 0);
}

static void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		tree_free(p->tree[i]);
		buf_free(&p->out[i]);
	}
	copies_free(&p->copies);
}

static const struct {
	pid_t pid, parent; /* parent 0: a root */
	bool ended;
	enum role role;
	const char *id;
} want[] = {
	{ 10, 0, false, ROLE_ROOT, "" },
	{ 20, 10, true, ROLE_SHIM, "c1" },
	{ 21, 20, false, ROLE_SHIM, "c1" },
	{ 30, 21, true, ROLE_RUNTIME, "c1" },
	{ 33, 30, false, ROLE_INIT, "c1" },
	{ 40, 21, true, ROLE_RUNTIME, "c1" },
	{ 43, 40, false, ROLE_EXEC, "c1" },
	{ 45, 33, false, ROLE_MEMBER, "c1" },
	{ 46, 43, false, ROLE_MEMBER, "c1" },
	{ 48, 33, true, ROLE_MEMBER, "c1" },
	{ 49, 48, false, ROLE_MEMBER, "c1" },
	{ 50, 33, false, ROLE_MEMBER, "c1" },
	{ 51, 50, false, ROLE_MEMBER, "c1" },
	{ 60, 21, true, ROLE_RUNTIME, "c2" },
	{ 63, 60, false, ROLE_INIT, "c2" },
	{ 64, 63, false, ROLE_MEMBER, "c2" },
	{ 83, 21, true, ROLE_INIT, "c4" }, /* 80 was cut out */
	{ 85, 83, false, ROLE_MEMBER, "c4" },
	{ 70, 21, false, ROLE_RUNTIME, "c3" },
	{ 71, 70, false, ROLE_RUNTIME, "c3" },
	{ 73, 70, false, ROLE_RUNTIME, "c3" },
	{ 52, 33, true, ROLE_MEMBER, "c1" },
	{ 56, 21, true, ROLE_RUNTIME, "c5" },
	{ 57, 56, true, ROLE_RUNTIME, "c5" },
};

/* Who lives and who is above them, oldest first, and nobody else. */
START_TEST(test_saved)
{
	struct pair p;

	pair_new(&p);
	ck_assert_uint_eq(p.copies.n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct saved *s = saved_of(&p.copies, want[i].pid);
		const struct saved *parent =
			saved_of(&p.copies, want[i].parent);

		ck_assert_msg(s != NULL, "%d", (int)want[i].pid);
		ck_assert_str_eq(s->parent, parent ? parent->entity : "");
		ck_assert_msg(s->ended == want[i].ended, "%d", s->pid);
		ck_assert_msg(s->role == want[i].role, "%d", s->pid);
		ck_assert_str_eq(s->id, want[i].id);
		ck_assert_str_eq(s->ns, *s->id ? "ns" : "");
		ck_assert(!parent || parent < s);
	}
	pair_free(&p);
}
END_TEST

START_TEST(test_same)
{
	struct copies again = { .n = 0 };
	struct pair p;

	pair_new(&p);
	keep_all(&again, p.tree[1]);
	ck_assert_uint_eq(again.n, p.copies.n);
	for (size_t i = 0; i < again.n; i++)
		check_equal(&p.copies.list[i], &again.list[i]);
	copies_free(&again);
	pair_free(&p);
}
END_TEST

/* What is not saved but follows from it. */
START_TEST(test_derived)
{
	struct pair pair;

	pair_new(&pair);
	take_all(pair.tree[0], found, "found");
	take_all(pair.tree[1], found, "found");
	ck_assert_uint_eq(pair.out[0].len, 0);
	ck_assert_uint_eq(pair.out[1].len, 0);
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct proc *p = tree_find(pair.tree[0], want[i].pid);
		const struct proc *q = tree_find(pair.tree[1], want[i].pid);

		ck_assert_msg(!p == want[i].ended, "%d", want[i].pid);
		ck_assert_msg(!q == want[i].ended, "%d", want[i].pid);
		if (!p)
			continue;
		ck_assert_str_eq(p->entity_id, q->entity_id);
		ck_assert_msg((p->entry ? p->entry->pid : 0) ==
				      (q->entry ? q->entry->pid : 0),
			      "%d: entry", p->pid);
		ck_assert_msg(tree_reaper(p) == tree_reaper(q),
			      "%d: reaped by %d, not %d", p->pid,
			      (int)tree_reaper(q), (int)tree_reaper(p));
		ck_assert_str_eq(p->image->program->exe,
				 q->image->program->exe);
		ck_assert_int_eq(p->ppid, q->ppid);
		ck_assert_uint_eq(p->cred->uid, q->cred->uid);
	}
	ck_assert_int_eq(tree_reaper(tree_find(pair.tree[1], 51)), 50);
	ck_assert_int_eq(tree_reaper(tree_find(pair.tree[1], 49)), 33);
	ck_assert_int_eq(tree_reaper(tree_find(pair.tree[1], 85)), 0);
	pair_free(&pair);
}
END_TEST

START_TEST(stories_are_told)
{
	static const char *const which[] = { "as it was", "put back" };
	const struct story *story = &stories[_i];
	_cleanup_buf_ struct buf all = BUF_INIT;
	struct pair p;

	for (size_t i = 0; story->says[i]; i++)
		buf_printf(&all, "%s\n", story->says[i]);
	buf_putc(&all, '\0');
	pair_new(&p);
	for (int i = 0; i < 2; i++) {
		take_all(p.tree[i], found, story->name);
		if (story->unwitnessed)
			tree_witness(p.tree[i], WITNESS_OFF);
		take_all(p.tree[i], story->steps, story->name);
		buf_putc(&p.out[i], '\0');
		ck_assert_msg(!strcmp(all.data, p.out[i].data),
			      "%s, %s\nwant:\n%sgot:\n%s", story->name,
			      which[i], all.data, p.out[i].data);
	}
	pair_free(&p);
}
END_TEST

/*
 * What an earlier plugin told, and what the witness has told since before it
 * was trusted, is not told again when its records come. What came to be in
 * between is.
 */
START_TEST(test_told)
{
	static const struct step late[] = {
		{ 8015, HEARD_EXEC, 97, 33, .exe = "/bin/ls", .args = "ls" },
		{ 8015, HEARD_CLONE, 45, 33, .n = 77 },
		{ 8500, HEARD_EXEC, 98, 33, .exe = "/bin/ls", .args = "ls" },
		{ 8600, HEARD_CLONE, 45, 33, .n = 78 },
		{ 8900, HEARD_CLONE, 45, 33, .n = 79 },
		{ 9010, HEARD_CLONE, 45, 33, .n = 80 },
		{ 9010, HEARD_EXEC, 99, 33, .exe = "/bin/ls", .args = "ls" },
		WAIT(9010),
		{ .kind = END_OF_STORY },
	};
	struct pair p;

	pair_new(&p);
	tree_witness(p.tree[1], T0 + 9000);
	tree_witness_births(p.tree[1], T0 + 8800);
	take_all(p.tree[1], late, "late");
	buf_putc(&p.out[1], '\0');
	ck_assert_str_eq(p.out[1].data, "fork 98<-33 member c1 audit\n"
					"exec 98 member c1\n"
					"fork 0<-45 member c1 vpid=78 audit\n");
	pair_free(&p);
}
END_TEST

/* What the witness told before a gap is not told again when its records come. */
START_TEST(test_told_before_gap)
{
	static const struct step late[] = {
		{ 8010, HEARD_CLONE, 33, 21, .n = 12 },
		{ 8300, HEARD_CLONE, 33, 21, .n = 13 },
		WAIT(8300),
		{ .kind = END_OF_STORY },
	};
	struct pair p;

	pair_new(&p);
	tree_witness_gap(p.tree[0], T0 + 8100);
	tree_witness(p.tree[0], T0 + 9000);
	take_all(p.tree[0], late, "late");
	buf_putc(&p.out[0], '\0');
	ck_assert_str_eq(p.out[0].data, "fork 0<-33 member c1 vpid=13 audit\n");
	pair_free(&p);
}
END_TEST

/* A container that was restarted just before the plugin was stops, too. */
START_TEST(test_renewed)
{
	static const struct step anew[] = {
		F(9000, 21, 88),
		E(9001, 88, RUNC, "runc create --bundle /b/n c6"),
		LAST(9002, 88, 89, 1, "c6"),
		X(9003, 88, 0),
		E(9004, 89, "/bin/sh", "sh"),
		X(9100, 89, 1),
		F(9200, 21, 90),
		E(9201, 90, RUNC, "runc create --bundle /b/n c6"),
		LAST(9202, 90, 91, 1, "c6"),
		X(9203, 90, 0),
		E(9204, 91, "/bin/sh", "sh"),
		{ .kind = END_OF_STORY },
	};
	static const struct step its_end[] = {
		{ 9202, FOUND, 91, 21, 1, "/bin/sh", "/bin/sh", .vpid = 1,
		  .depth = 2 },
		X(9900, 91, 5),
		WAIT(9901),
		{ .kind = END_OF_STORY },
	};
	struct pair p;

	pair_new(&p);
	copies_free(&p.copies);
	take_all(p.tree[0], anew, "anew");
	keep_all(&p.copies, p.tree[0]);
	tree_free(p.tree[1]);
	p.tree[1] = tree_new(&tree_defaults, "", &p.metrics[1], say, &p.out[1]);
	put_back(p.tree[1], &p.copies);
	tree_witness(p.tree[1], 0);
	take_all(p.tree[1], its_end, "its end");
	buf_putc(&p.out[1], '\0');
	ck_assert_str_eq(p.out[1].data, "end 91 exited 5\nstop c6 91\n");
	pair_free(&p);
}
END_TEST

/* Until none is left: nothing may hang on what was put back. */
START_TEST(test_to_the_end)
{
	struct pair p;

	pair_new(&p);
	for (size_t i = COUNT(want); i; i--)
		take(p.tree[1], &(struct step)X(20000, want[i - 1].pid, 0), i);
	for (size_t i = COUNT(want); i; i--)
		take(p.tree[1],
		     &(struct step){ 30000, GONE, .pid = want[i - 1].pid }, i);
	ck_assert_ptr_null(tree_check(p.tree[1]));
	tree_idle(p.tree[1], 100000);
	ck_assert_ptr_null(tree_check(p.tree[1]));
	ck_assert_uint_eq(p.tree[1]->n_placed, 0);
	ck_assert_uint_eq(p.tree[1]->n_containers, 0);
	copies_free(&p.copies);
	keep_all(&p.copies, p.tree[1]);
	ck_assert_uint_eq(p.copies.n, 0);
	pair_free(&p);
}
END_TEST

/* --- what makes no sense */

static struct saved nonsense(pid_t pid, enum role role, const char *id)
{
	struct saved s = {
		.entity = "e",
		.parent = "",
		.pid = pid,
		.role = role,
		.exe = "",
		.comm = "",
		.inv_id = "",
		.inv_ns = "",
		.inv_bundle = "",
		.cgroup = "",
		.id = id,
		.ns = "",
		.bundle = "",
	};

	return s;
}

static const struct {
	const char *name;
	enum role role;
	bool below; /* a root */
	const char *id;
	bool ok;
} senses[] = {
	{ "a root", ROLE_ROOT, false, "", true },
	{ "a shim of unknown parent", ROLE_SHIM, false, "c1", true },
	{ "a shim", ROLE_SHIM, true, "c1", true },
	{ "a runtime of nobody", ROLE_RUNTIME, false, "c1", false },
	{ "a runtime", ROLE_RUNTIME, true, "", true },
	{ "an init of nobody", ROLE_INIT, false, "c1", false },
	{ "an init of nothing", ROLE_INIT, true, "", false },
	{ "an exec of nothing", ROLE_EXEC, true, "", false },
	{ "a member of nobody", ROLE_MEMBER, false, "c1", false },
	{ "a member of nothing", ROLE_MEMBER, true, "", false },
	{ "a member", ROLE_MEMBER, true, "c1", true },
};

START_TEST(test_sense)
{
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved root = nonsense(1, ROLE_ROOT, "");
	struct saved s = nonsense(2, senses[_i].role, senses[_i].id);
	const struct proc *p = tree_restore(t, &root, NULL);
	const char *wrong;

	ck_assert_ptr_nonnull(p);
	p = tree_restore(t, &s, senses[_i].below ? p : NULL);
	ck_assert_msg(!p == !senses[_i].ok, "%s", senses[_i].name);
	wrong = tree_check(t);
	ck_assert_msg(!wrong, "%s: %s", senses[_i].name, wrong);
	ck_assert_uint_eq(t->n_placed, 1 + senses[_i].ok);
	tree_free(t);
}
END_TEST

/* A damaged file says that a container stopped, and not that it started. */
START_TEST(test_stopped_only)
{
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved s = nonsense(1, ROLE_SHIM, "c1");
	const struct proc *p;

	s.stopped_ms = T0;
	p = tree_restore(t, &s, NULL);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->container->stop_ms, 0);
	ck_assert_ptr_null(tree_check(t));
	s.started_ms = T0 - 1;
	p = tree_restore(t, &s, NULL);
	ck_assert_uint_eq(p->container->stop_ms, T0);
	tree_free(t);
}
END_TEST

/* … or that it has an init, and not that it started. */
START_TEST(test_init_only)
{
	static const struct step gone = { 9100, GONE, .pid = 2 };
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved shim = nonsense(1, ROLE_SHIM, "c1");
	struct saved init = nonsense(2, ROLE_INIT, "c1");
	const struct proc *p;

	p = tree_restore(t, &init, tree_restore(t, &shim, NULL));
	ck_assert_ptr_nonnull(p);
	take(t, &gone, 1);
	ck_assert_ptr_null(tree_check(t));
	buf_putc(&out, '\0');
	ck_assert_str_eq(out.data, "end 2 unknown census\n");
	tree_free(t);
}
END_TEST

START_TEST(test_bounds)
{
	struct tree_options options = tree_defaults;
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct saved root = nonsense(1, ROLE_ROOT, "");
	const struct proc *p;
	struct tree *t;
	char id[16];

	options.max_processes = 20;
	options.max_containers = 5;
	t = tree_new(&options, "", &metrics, say, &out);
	p = tree_restore(t, &root, NULL);
	ck_assert_ptr_nonnull(p);
	for (int i = 0; i < 30; i++) {
		struct saved s = nonsense(2 + i, ROLE_MEMBER, id);

		snprintf(id, sizeof(id), "c%d", i < 10 ? i : 0);
		ck_assert_int_eq(!tree_restore(t, &s, p),
				 (i >= 5 && i < 10) || i >= 24);
		ck_assert_ptr_null(tree_check(t));
	}
	ck_assert_uint_eq(t->n_placed, 20);
	ck_assert_uint_eq(t->n_containers, 5);
	tree_free(t);
}
END_TEST

/* /proc has no p any more; or has it, as it was born. */
static void say_of(struct tree *t, enum fact_kind kind, pid_t pid,
		   uint64_t born_ms)
{
	struct fact f = {
		.kind = kind,
		.source = SOURCE_CENSUS,
		.time_ms = T0 + 9000,
		.mono_ns = (MONO0 + 9000) * 1000000,
		.start_ms = T0 + born_ms,
		.born_ms = born_ms,
		.node = "",
		.pid = pid,
		.ppid = 1,
		.threads = 1,
	};

	tree_apply(t, &f);
}

/* Two had a pid, and the end of the first was not written down. */
START_TEST(test_end_missed)
{
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved s = nonsense(1, ROLE_ROOT, "");
	const struct proc *root = tree_restore(t, &s, NULL), *old, *new;

	s = nonsense(7, ROLE_RUNTIME, "");
	s.born_ms = 1000;
	old = tree_restore(t, &s, root);
	s.born_ms = 5000;
	new = tree_restore(t, &s, root);
	ck_assert(old && new);
	say_of(t, FACT_FOUND, 7, 5000);
	say_of(t, FACT_GONE, 7, 3000); /* another, whom nobody knows */
	ck_assert_int_eq(old->reason, EXIT_NOT_YET);
	say_of(t, FACT_GONE, 7, 1000);
	ck_assert_int_eq(old->reason, EXIT_UNKNOWN);
	ck_assert_int_eq(new->reason, EXIT_NOT_YET);
	ck_assert_ptr_eq(tree_find(t, 7), new);
	say_of(t, FACT_GONE, 7, 1000);
	ck_assert_int_eq(new->reason, EXIT_NOT_YET);
	say_of(t, FACT_GONE, 7, 5000);
	ck_assert_int_eq(new->reason, EXIT_UNKNOWN);
	ck_assert_ptr_null(tree_check(t));
	tree_free(t);
}
END_TEST

/* The clock was set back while nobody listened: who is gone is gone. */
START_TEST(test_set_back)
{
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved s = nonsense(1, ROLE_ROOT, "");
	const struct proc *root = tree_restore(t, &s, NULL);
	const struct proc *stays, *leaves;

	s = nonsense(7, ROLE_RUNTIME, "");
	s.born_ms = 1000;
	s.start_ms = T0 + 3600000;
	s.source = SOURCE_WITNESS;
	leaves = tree_restore(t, &s, root);
	s.pid = 8;
	stays = tree_restore(t, &s, root);
	tree_witness(t, T0);
	say_of(t, FACT_GONE, 7, 1000);
	ck_assert_int_eq(leaves->reason, EXIT_UNKNOWN);
	say_of(t, FACT_FOUND, 8, 1000);
	ck_assert_uint_le(t->told_until, T0 + 9000);
	/* its pid is another's: it has ended, though nobody saw it */
	take(t, &(struct step)F(9100, 1, 8), 1);
	ck_assert_int_eq(stays->reason, EXIT_UNKNOWN);
	ck_assert_ptr_ne(tree_find(t, 8), stays);
	ck_assert_ptr_null(tree_check(t));
	tree_free(t);
}
END_TEST

/* A pid that two had: the newest lives, the others are above somebody. */
START_TEST(test_same_pid)
{
	struct metrics metrics = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree *t = tree_new(&tree_defaults, "", &metrics, say, &out);
	struct saved s = nonsense(1, ROLE_ROOT, "");
	const struct proc *p = tree_restore(t, &s, NULL);

	s = nonsense(7, ROLE_RUNTIME, "");
	s.ended = true;
	p = tree_restore(t, &s, p);
	s = nonsense(7, ROLE_RUNTIME, "");
	p = tree_restore(t, &s, p);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(tree_check(t));
	ck_assert_ptr_eq(tree_find(t, 7), p);
	s = nonsense(7, ROLE_RUNTIME, "");
	s.ended = true;
	s.ended_ms = T0;
	((struct proc *)(uintptr_t)p)->start_ms = T0 + 1;
	ck_assert_ptr_nonnull(tree_restore(t, &s, tree_find(t, 1)));
	ck_assert_ptr_null(tree_check(t));
	ck_assert_ptr_eq(tree_find(t, 7), p);
	tree_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restore");
	TCase *tcase = tcase_create("restore");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_saved);
	tcase_add_test(tcase, test_same);
	tcase_add_test(tcase, test_derived);
	tcase_add_loop_test(tcase, stories_are_told, 0, (int)COUNT(stories));
	tcase_add_test(tcase, test_told);
	tcase_add_test(tcase, test_told_before_gap);
	tcase_add_test(tcase, test_renewed);
	tcase_add_test(tcase, test_to_the_end);
	tcase_add_loop_test(tcase, test_sense, 0, (int)COUNT(senses));
	tcase_add_test(tcase, test_stopped_only);
	tcase_add_test(tcase, test_init_only);
	tcase_add_test(tcase, test_bounds);
	tcase_add_test(tcase, test_end_missed);
	tcase_add_test(tcase, test_set_back);
	tcase_add_test(tcase, test_same_pid);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
