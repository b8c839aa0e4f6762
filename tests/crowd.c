/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crowd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINERD 1000
#define FIRST_PID 2000

/* Who makes a container, in the order of their pids. */
enum { STARTER, SHIM, CREATE, STAGE_0, STAGE_1, INIT, N_MAKING };

#define CONTAINERD_EXE "/usr/bin/containerd"
#define SHIM_EXE "/usr/bin/containerd-shim-runc-v2"
#define RUNC_EXE "/usr/sbin/runc"
#define INIT_EXE "/usr/local/bin/python3.11"
#define MEMBER_EXE "/usr/bin/node"

/* clone's flags, as Go's vfork, runc's stages and glibc's fork have them */
#define BY_VFORK UINT64_C(0x4111)
#define BY_STAGE UINT64_C(0x8011)
#define BY_FORK UINT64_C(0x1200011)

/* Whoever tells the story. */
struct teller {
	const struct crowd *crowd;
	crowd_fn *fn;
	void *ctx;
	uint64_t time_ms, serial;
	char id[65], dir[256];	/* of the container that it is about */
	char args[1024];
	size_t args_bytes;
	uint32_t args_count;
};

struct who {
	pid_t pid, ppid;
	const char *exe;
};

struct child {
	pid_t pid, vpid;	/* vpid 0: it is in the host's namespace */
	uint64_t flags;
};

static struct who maker(unsigned int n, unsigned int which, pid_t ppid,
			const char *exe)
{
	return (struct who){ (pid_t)(FIRST_PID + n * N_MAKING + which), ppid,
			     exe };
}

static const struct who containerd = { CONTAINERD, 1, CONTAINERD_EXE };

static struct who shim(unsigned int n)
{
	return maker(n, SHIM, 1, SHIM_EXE);
}

static struct who init(unsigned int n)
{
	return maker(n, INIT, shim(n).pid, INIT_EXE);
}

/* Round by round, so that no container's members are in a row. */
static struct who member(const struct crowd *c, unsigned int n, unsigned int m)
{
	bool own = m % 100 < c->executing;

	return (struct who){
		(pid_t)(FIRST_PID + c->containers * N_MAKING +
			m * c->containers + n),
		init(n).pid,
		own ? MEMBER_EXE : INIT_EXE,
	};
}

static void about(struct teller *t, unsigned int n)
{
	snprintf(t->id, sizeof(t->id), "%08x%056x", 0xc0de0000u + n, n);
	snprintf(t->dir, sizeof(t->dir),
		 "/run/containerd/io.containerd.runtime.v2.task/moby/%s",
		 t->id);
}

static void tell(struct teller *t, struct fact *f, const struct who *who)
{
	f->time_ms = ++t->time_ms;
	f->node = t->crowd->node;
	f->pid = who->pid;
	f->uid = f->gid = f->auid = f->ses = ID_UNSET;
	if (f->source == SOURCE_WITNESS) {
		f->mono_ns = f->time_ms * 1000000;
		f->born_ms = f->time_ms;
	} else {
		f->serial = ++t->serial;
		f->ppid = who->ppid;
		f->uid = f->gid = 0;
		f->user = "root";
		f->exe = who->exe;
		f->comm = strrchr(who->exe, '/') + 1;
		f->key = "contree";
	}
	t->fn(t->ctx, f);
}

static void tell_birth(struct teller *t, const struct who *who,
		       const struct child *child)
{
	struct who parent = *who;
	struct fact f = { .kind = FACT_FORK, .call = FORK_CLONE };

	if (t->crowd->witness) {
		f.source = SOURCE_WITNESS;
		f.child = child->pid;
		f.vpid = child->vpid ? child->vpid : child->pid;
		f.ns_depth = child->vpid ? 2 : 1;
		if (child->flags == BY_STAGE)
			parent.pid = who->ppid;
	} else {
		f.child = child->vpid ? child->vpid : child->pid;
		f.flags = child->flags;
	}
	tell(t, &f, &parent);
}

static void __attribute__((format(printf, 2, 3)))
arg(struct teller *t, const char *fmt, ...)
{
	size_t room = sizeof(t->args) - t->args_bytes;
	va_list ap;

	va_start(ap, fmt);
	t->args_bytes +=
		(size_t)vsnprintf(t->args + t->args_bytes, room, fmt, ap) + 1;
	va_end(ap);
	if (t->args_bytes > sizeof(t->args))
		abort();
	t->args_count++;
}

/* With the arguments that were given by arg() since the last. */
static void tell_exec(struct teller *t, const struct who *who, const char *cwd)
{
	struct fact kernel = { .kind = FACT_EXEC, .source = SOURCE_WITNESS };
	struct fact f = {
		.kind = FACT_EXEC,
		.args = t->args,
		.args_bytes = t->args_bytes,
		.args_count = t->args_count,
		.argc = t->args_count,
		.cwd = cwd,
	};

	if (t->crowd->witness)
		tell(t, &kernel, who);
	tell(t, &f, who);
	t->args_bytes = t->args_count = 0;
}

/* A record by which somebody is heard who executes nothing. */
static void tell_seen(struct teller *t, const struct who *who)
{
	struct fact f = {
		.kind = FACT_SEEN,
		.record = "SYSCALL",
		.syscall = "execve",
		.outcome = 0,
		.quiet = true,
	};

	tell(t, &f, who);
}

static void tell_end(struct teller *t, const struct who *who)
{
	struct fact f = { .kind = FACT_EXIT };

	if (t->crowd->witness)
		f.source = SOURCE_WITNESS;
	tell(t, &f, who);
}

/* containerd has a shim made, which leaves its maker. */
static void make_shim(struct teller *t, unsigned int n)
{
	struct who starter = maker(n, STARTER, CONTAINERD, SHIM_EXE);
	struct who real = maker(n, SHIM, starter.pid, SHIM_EXE);

	tell_birth(t, &containerd, &(struct child){ starter.pid, 0, BY_VFORK });
	arg(t, SHIM_EXE);
	arg(t, "-namespace");
	arg(t, "moby");
	arg(t, "-address");
	arg(t, "/run/containerd/containerd.sock");
	arg(t, "-publish-binary");
	arg(t, CONTAINERD_EXE);
	arg(t, "-id");
	arg(t, "%s", t->id);
	arg(t, "start");
	tell_exec(t, &starter, t->dir);
	tell_birth(t, &starter, &(struct child){ real.pid, 0, BY_VFORK });
	arg(t, SHIM_EXE);
	arg(t, "-namespace");
	arg(t, "moby");
	arg(t, "-id");
	arg(t, "%s", t->id);
	arg(t, "-address");
	arg(t, "/run/containerd/containerd.sock");
	tell_exec(t, &real, t->dir);
	tell_end(t, &starter);
}

/* The arguments of runc, which are the shim's to give. */
static void runc_args(struct teller *t, const char *verb)
{
	arg(t, "runc");
	arg(t, "--root");
	arg(t, "/var/run/docker/runtime-runc/moby");
	arg(t, "--log");
	arg(t, "%s/log.json", t->dir);
	arg(t, "--log-format");
	arg(t, "json");
	arg(t, "%s", verb);
}

/* runc makes the init by two stages, and all but the init end. */
static void make_init(struct teller *t, unsigned int n)
{
	struct who real = shim(n), last = init(n);
	struct who create = maker(n, CREATE, real.pid, RUNC_EXE);
	struct who stage_0 = maker(n, STAGE_0, create.pid, RUNC_EXE);
	struct who stage_1 = maker(n, STAGE_1, create.pid, RUNC_EXE);

	tell_birth(t, &real, &(struct child){ create.pid, 0, BY_VFORK });
	runc_args(t, "create");
	arg(t, "--bundle");
	arg(t, "%s", t->dir);
	arg(t, "%s", t->id);
	tell_exec(t, &create, t->dir);
	tell_birth(t, &create, &(struct child){ stage_0.pid, 0, BY_VFORK });
	arg(t, "runc");
	arg(t, "init");
	tell_exec(t, &stage_0, t->dir);
	tell_birth(t, &stage_0, &(struct child){ stage_1.pid, 0, BY_STAGE });
	tell_birth(t, &stage_1,
		   &(struct child){ last.pid, t->crowd->witness, BY_STAGE });
	tell_end(t, &stage_1);
	tell_end(t, &stage_0);
	tell_end(t, &create);
	arg(t, INIT_EXE);
	arg(t, "-m");
	arg(t, "gunicorn");
	arg(t, "--workers=%u", t->crowd->members);
	arg(t, "--bind=0.0.0.0:8080");
	arg(t, "--access-logfile=-");
	arg(t, "shop_%u.wsgi:application", n);
	tell_exec(t, &last, "/srv/app");
}

static void make_member(struct teller *t, unsigned int n, unsigned int m)
{
	struct who parent = init(n), who = member(t->crowd, n, m);

	tell_birth(t, &parent,
		   &(struct child){ who.pid, (pid_t)(m + 2), BY_FORK });
	if (who.exe == parent.exe) {
		tell_seen(t, &who);
		return;
	}
	arg(t, MEMBER_EXE);
	arg(t, "--max-old-space-size=256");
	arg(t, "/srv/app/dist/worker.js");
	arg(t, "--queue=orders-%u", m % 7);
	arg(t, "--redis=redis://cache.shop-%u.internal:6379/0", n);
	arg(t, "--id=%u", m);
	tell_exec(t, &who, "/srv/app");
}

uint64_t crowd_rise(const struct crowd *c, crowd_fn *fn, void *ctx)
{
	struct teller t = {
		.crowd = c, .fn = fn, .ctx = ctx, .time_ms = c->time_ms
	};

	arg(&t, CONTAINERD_EXE);
	tell_exec(&t, &containerd, "/");
	for (unsigned int n = 0; n < c->containers; n++) {
		about(&t, n);
		make_shim(&t, n);
		make_init(&t, n);
	}
	for (unsigned int m = 0; m < c->members; m++)
		for (unsigned int n = 0; n < c->containers; n++) {
			about(&t, n);
			make_member(&t, n, m);
		}
	return t.time_ms;
}

uint64_t crowd_fall(const struct crowd *c, uint64_t time_ms, crowd_fn *fn,
		    void *ctx)
{
	struct teller t = {
		.crowd = c, .fn = fn, .ctx = ctx, .time_ms = time_ms
	};
	struct who who;

	t.serial = UINT32_C(1) << 31;
	for (unsigned int n = 0; n < c->containers; n++) {
		for (unsigned int m = 0; m < c->members; m++) {
			who = member(c, n, m);
			tell_end(&t, &who);
		}
		who = init(n);
		tell_end(&t, &who);
		who = shim(n);
		tell_end(&t, &who);
	}
	return t.time_ms;
}

/* --- as text */

static const struct {
	const char *number, *success;
} calls[] = {
	[FACT_FORK] = { "56", "success=yes" },
	[FACT_EXEC] = { "59", "success=yes" },
	[FACT_EXIT] = { "231", NULL },
	[FACT_SEEN] = { "59", "success=no" },
};

static void put_head(struct buf *out, const struct fact *f, const char *type)
{
	if (*f->node)
		buf_printf(out, "node=%s ", f->node);
	buf_printf(out,
		   "type=%s msg=audit(%" PRIu64 ".%03" PRIu64 ":%" PRIu64 "): ",
		   type, f->time_ms / 1000, f->time_ms % 1000, f->serial);
}

static void put_syscall(struct buf *out, const struct fact *f)
{
	long ret = f->kind == FACT_FORK ? (long)f->child : 0;

	put_head(out, f, "SYSCALL");
	buf_printf(out, "arch=c000003e syscall=%s ", calls[f->kind].number);
	if (calls[f->kind].success)
		buf_printf(out, "%s exit=%ld ", calls[f->kind].success,
			   f->kind == FACT_SEEN ? -2 : ret);
	buf_printf(
		out,
		"a0=%" PRIx64
		" a1=7ffdbd7c1cc0 a2=7f775eff6ef0 a3=8 items=0 ppid=%d pid=%d"
		" auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0"
		" sgid=0 fsgid=0 tty=(none) ses=4294967295 comm=\"%.15s\""
		" exe=\"%s\" key=\"contree\"\x1d"
		"ARCH=x86_64 SYSCALL=%s AUID=\"unset\" UID=\"root\" GID=\"root\""
		" EUID=\"root\" SUID=\"root\" FSUID=\"root\" EGID=\"root\""
		" SGID=\"root\" FSGID=\"root\"\n",
		f->kind == FACT_FORK ? f->flags : 0, (int)f->ppid, (int)f->pid,
		f->comm, f->exe, calls[f->kind].number);
}

static void put_execve(struct buf *out, const struct fact *f)
{
	const char *arg = f->args;

	put_head(out, f, "EXECVE");
	buf_printf(out, "argc=%u", f->argc);
	for (uint32_t i = 0; i < f->args_count; i++) {
		buf_printf(out, " a%u=\"%s\"", i, arg);
		arg += strlen(arg) + 1;
	}
	buf_putc(out, '\n');
	put_head(out, f, "CWD");
	buf_printf(out, "cwd=\"%s\"\n", f->cwd);
	put_head(out, f, "PATH");
	buf_printf(out,
		   "item=0 name=\"%s\" inode=10977310 dev=fe:00 mode=0100755"
		   " ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0"
		   " cap_fe=0 cap_fver=0 cap_frootid=0\x1dOUID=\"root\""
		   " OGID=\"root\"\n",
		   f->exe);
}

void crowd_records(struct buf *out, const struct fact *f)
{
	put_syscall(out, f);
	if (f->kind == FACT_EXEC)
		put_execve(out, f);
	put_head(out, f, "PROCTITLE");
	buf_puts(out, "proctitle=2F7573722F62696E2F6E6F6465\n");
	put_head(out, f, "EOE");
	buf_putc(out, '\n');
}
