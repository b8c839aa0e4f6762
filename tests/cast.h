/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cast: processes, images and containers made by hand, for the tests of
 * what renders them: a containerd, its shim, a runc, and in the container
 * web an init, a shell brought in by runc exec, and a member.
 */
#ifndef CONTREE_CAST_H
#define CONTREE_CAST_H

#include "change.h"

#define T0 UINT64_C(1795460541586) /* 2026-11-23 19:02:21.586 UTC */
#define SHORT "f6a69a4aac7f"
#define HEX64 SHORT "25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"

#define PROGRAM(...)                                                           \
	.program = &(struct program)                                           \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

/* n strings, as one literal: "ls\0/" */
#define ARGS(n, s)                                                             \
	.args_count = n, .argc = n, .args_bytes = sizeof(s), .args = s

static struct cred root_cred = {
	.uid = 0,
	.gid = 0,
	.auid = ID_UNSET,
	.ses = ID_UNSET,
	.user = "root",
};

static struct cred alice_cred = {
	.uid = 1000,
	.gid = 100,
	.auid = 1000,
	.ses = 7,
	.user = "alice",
};

static struct cred nobody_cred = {
	.uid = 65534,
	.gid = ID_UNSET,
	.auid = ID_UNSET,
	.ses = ID_UNSET,
	.user = "",
};

static struct image containerd_image = {
	PROGRAM(.exe = "/usr/bin/containerd", .comm = "containerd"),
};

static struct image shim_image = {
	PROGRAM(.exe = "/usr/bin/containerd-shim-runc-v2",
		.comm = "containerd-shim"),
	ARGS(7,
	     "/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0" HEX64
	     "\0-address\0/run/containerd/containerd.sock"),
};

static struct image runc_image = {
	PROGRAM(.exe = "/usr/bin/runc", .comm = "runc", .cwd = "/run/x"),
	ARGS(8, "runc\0--root=/run/runc\0--log-format\0json\0create\0"
		"--bundle\0/run/x\0" HEX64),
};

static struct image sh_image = {
	PROGRAM(.exe = "/bin/busybox", .comm = "sh", .cwd = "/"),
	ARGS(3, "sh\0-c\0ls /; (exit 3)"),
};

static struct image ls_image = {
	PROGRAM(.exe = "/bin/ls", .comm = "ls", .cwd = "/"),
	ARGS(2, "ls\0/"),
};

static struct container web = {
	.id = HEX64,
	.ns = "moby",
	.runtime = "docker",
	.names.name = "web",
	.names.image_name = "busybox",
	.names.image_tag = "1.36",
	.start_ms = T0,
	.stop_ms = T0 + 65000,
};

static struct proc containerd_proc = {
	.pid = 3473,
	.ppid = 1,
	.entity_id = "e-containerd",
	.start_ms = T0 - 90000,
	.role = ROLE_ROOT,
	.image = &containerd_image,
	.cred = &root_cred,
};

static struct proc shim_proc = {
	.pid = 29634,
	.ppid = 1,
	.entity_id = "e-shim",
	.start_ms = T0 - 200,
	.role = ROLE_SHIM,
	.parent = &containerd_proc,
	.container = &web,
	.image = &shim_image,
	.cred = &root_cred,
};

static struct proc runc_proc = {
	.pid = 29645,
	.ppid = 29634,
	.entity_id = "e-runc",
	.start_ms = T0 - 100,
	.role = ROLE_RUNTIME,
	.parent = &shim_proc,
	.container = &web,
	.image = &runc_image,
	.cred = &root_cred,
};

static struct proc init_proc = {
	.pid = 29655,
	.vpid = 1,
	.ppid = 29634,
	.entity_id = "e-init",
	.start_ms = T0 - 50,
	.role = ROLE_INIT,
	.parent = &runc_proc,
	.entry = &init_proc,
	.container = &web,
	.image = &sh_image,
	.cred = &root_cred,
};

static struct proc exec_proc = {
	.pid = 29683,
	.vpid = 12,
	.ppid = 29634,
	.entity_id = "e-exec",
	.start_ms = T0 + 1000,
	.role = ROLE_EXEC,
	.parent = &runc_proc,
	.entry = &exec_proc,
	.container = &web,
	.image = &sh_image,
	.cred = &nobody_cred,
};

static struct proc member_proc = {
	.pid = 29689,
	.vpid = 7,
	.ppid = 29655,
	.entity_id = "e-member",
	.start_ms = T0 + 10,
	.role = ROLE_MEMBER,
	.parent = &init_proc,
	.entry = &init_proc,
	.container = &web,
	.image = &ls_image,
	.cred = &alice_cred,
};

/* A change of one of them, as the tree would fill it in */
static inline struct change change_of(enum change_kind kind, struct proc *p)
{
	struct change c = {
		.kind = kind,
		.time_ms = T0,
		.serial = 892,
		.node = "",
		.proc = p,
		.parent = p->parent,
		.container = p->container,
		.role = p->role,
		.vpid = p->vpid,
		.image = p->image,
		.outcome = 1,
	};

	return c;
}

/* The same process, ended */
static inline struct proc ended(struct proc p, enum exit_reason reason,
				int code, int sig)
{
	p.reason = reason;
	p.exit_code = code;
	p.exit_signal = sig;
	p.end_ms = p.start_ms + 210;
	return p;
}

#endif
