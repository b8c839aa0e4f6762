/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tale.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define T0 UINT64_C(1700000000000)
#define MONO0 UINT64_C(5000000000000)

static const char *const programs[] = {
	"/bin/sh",
	"/usr/bin/containerd",
	"/usr/bin/containerd-shim-runc-v2",
	"/usr/sbin/runc",
	"/",	/* runc, from its sealed copy */
	"/usr/bin/crun",
	"/bin/busybox",
	NULL,
};

static const struct {
	const char *before, *after;	/* the container's id */
} invocations[N_TALE_ARGS] = {
	[TALE_PLAIN] = { "prog", NULL },
	[TALE_SHIM] = { "shim -namespace moby -address a -publish-binary "
			"/usr/bin/containerd -id",
			"" },
	[TALE_SHIM_START] = { "shim -namespace moby -id", "start" },
	[TALE_SHIM_DELETE] = { "shim -namespace moby -id", "delete" },
	[TALE_CREATE] = { "runc create --bundle /b", "" },
	[TALE_RUN] = { "runc run -b /b", "" },
	[TALE_STAGE] = { "runc init", NULL },
	[TALE_RUNC_EXEC] = { "runc exec --process p", "" },
	[TALE_RUNC_START] = { "runc start", "" },
	[TALE_DELETE] = { "runc delete", "" },
	[TALE_KILL] = { "runc kill", "9" },
};

static const struct {
	enum fact_kind kind;
	enum source source;
} facts[TALE_IDLE] = {
	[TALE_FORK] = { FACT_FORK, SOURCE_AUDIT },
	[TALE_EXEC] = { FACT_EXEC, SOURCE_AUDIT },
	[TALE_EXIT] = { FACT_EXIT, SOURCE_AUDIT },
	[TALE_SEEN] = { FACT_SEEN, SOURCE_AUDIT },
	[TALE_ABEND] = { FACT_ABEND, SOURCE_AUDIT },
	[TALE_BORN] = { FACT_FORK, SOURCE_WITNESS },
	[TALE_EXECUTED] = { FACT_EXEC, SOURCE_WITNESS },
	[TALE_ENDED] = { FACT_EXIT, SOURCE_WITNESS },
	[TALE_FOUND] = { FACT_FOUND, SOURCE_CENSUS },
	[TALE_GONE] = { FACT_GONE, SOURCE_CENSUS },
};

uint8_t tale_exe(const char *exe)
{
	for (size_t i = 0; exe && i < COUNT(programs) - 1; i++)
		if (!strcmp(exe, programs[i]))
			return (uint8_t)i;
	return exe ? 0 : COUNT(programs) - 1;
}

/* Mostly a little later; the rest are the ways that clocks go wrong. */
static int64_t moved(uint8_t later)
{
	if (later < 200)
		return later;
	if (later < 240)
		return -4 * (later - 199);
	if (later < 250)
		return INT64_C(1000) << (later - 240);
	return later < 255 ? -INT64_C(100000) * (later - 249) :
			     INT64_C(1) << 60;
}

/* Within what the gate lets pass. What /proc and the witness say keeps pace. */
void tale_move(struct tale *tale, uint8_t later)
{
	int64_t ms = moved(later);

	if (ms < 0 && tale->now_ms <= (uint64_t)-ms)
		tale->now_ms = 1;	/* 0 stands for no time */
	else
		tale->now_ms += (uint64_t)ms;
	if (tale->now_ms > UINT64_MAX / 2)
		tale->now_ms = UINT64_MAX / 2;
	if (ms > 0 && later < 255)
		tale->mono_ns += (uint64_t)ms * 1000000;
}

uint8_t tale_later(int64_t ms)
{
	uint8_t later = 240;

	if (ms < 0)
		return ms < -160 ? 239 : (uint8_t)(199 - ms / 4);
	if (ms < 200)
		return (uint8_t)ms;
	while (later < 249 && moved((uint8_t)(later + 1)) <= ms)
		later++;
	return later;
}

void tale_begin(struct tale *tale)
{
	memset(tale, 0, sizeof(*tale));
	tale->now_ms = T0;
	tale->mono_ns = MONO0;
	tale->serial = 1;
}

/* Words become NUL-terminated strings in place. */
static void set_args(struct tale *tale, uint8_t args, struct fact *f)
{
	unsigned int what = (args & 15) % N_TALE_ARGS;
	unsigned int id = (args >> 4) % TALE_IDS;
	int len;

	if (what == TALE_NO_ARGS)
		return;
	if (invocations[what].after && id)
		len = snprintf(tale->args, sizeof(tale->args), "%s c%u %s",
			       invocations[what].before, id,
			       invocations[what].after);
	else
		len = snprintf(tale->args, sizeof(tale->args), "%s",
			       invocations[what].before);
	while (len && tale->args[len - 1] == ' ')
		tale->args[--len] = '\0';
	f->args = tale->args;
	f->args_bytes = (size_t)len + 1;
	f->args_count = 1;
	for (char *c = tale->args; *c; c++) {
		if (*c == ' ') {
			*c = '\0';
			f->args_count++;
		}
	}
	f->argc = f->args_count;
}

static void set_fork(const struct tale_step *s, struct fact *f)
{
	f->call = (enum fork_call)(s->bits & TALE_CALL);
	f->child = s->child ? s->child : 1;
	f->thread = s->bits & TALE_THREAD && f->source == SOURCE_WITNESS;
	if (f->call != FORK_CLONE || f->source != SOURCE_AUDIT)
		return;
	f->flags = (s->bits & TALE_THREAD ? 0x10000u : 0) |
		   (s->bits & TALE_PARENT ? 0x8000u : 0) |
		   (s->bits & TALE_VFORK ? 0x4000u : 0) |
		   (s->bits & TALE_NEWPID ? 0x20000000u : 0);
}

static void set_end(const struct tale_step *s, struct fact *f)
{
	bool killed = f->source == SOURCE_WITNESS && s->bits & TALE_PARENT;

	f->code = f->kind == FACT_ABEND ? s->code % 64 + 1 : s->code;
	if (!killed)
		return;
	f->code = 0;
	f->signal = s->code % 64 + 1;
	f->oom = s->bits & TALE_OOM;
	f->reaper_died = s->bits & TALE_REAPER;
}

/* What /proc shows of the newborn or the found. */
static void set_looked(struct tale *tale, const struct tale_step *s,
		       struct fact *f)
{
	unsigned int id = (s->depth >> 2) % TALE_IDS;

	f->ns_depth = s->depth & 3;
	f->vpid = s->vpid;
	f->threads = f->kind == FACT_FOUND ? s->code % 4 : 0;
	f->born_ms = tale->mono_ns / 1000000 - UINT64_C(10) * s->skew;
	f->start_ms = tale->now_ms - UINT64_C(10) * s->skew;
	f->is_init = f->kind == FACT_FOUND && s->bits & TALE_INIT;
	if (!id)
		return;
	snprintf(tale->id, sizeof(tale->id), "c%u", id);
	f->container = tale->id;
	if (f->kind != FACT_FOUND || !(s->bits & TALE_BUNDLE))
		return;
	snprintf(tale->bundle, sizeof(tale->bundle), "/b/c%u", id);
	f->bundle = tale->bundle;
}

static void set_program(struct tale *tale, const struct tale_step *s,
			struct fact *f)
{
	const char *exe = programs[s->exe % COUNT(programs)];

	f->exe = exe;
	f->comm = exe ? strrchr(exe, '/') + 1 : NULL;
	f->record = "SYSCALL";
	f->outcome = s->code % 3 - 1;
	f->quiet = s->bits & TALE_QUIET;
	if (f->kind == FACT_EXEC || f->kind == FACT_FOUND)
		set_args(tale, s->args, f);
}

void tale_fact(struct tale *tale, const struct tale_step *s, struct fact *f)
{
	bool audit = facts[s->op].source == SOURCE_AUDIT;

	*f = (struct fact){
		.kind = facts[s->op].kind,
		.source = facts[s->op].source,
		.time_ms = tale->now_ms,
		.node = "",
		.pid = s->pid,
		.ppid = s->ppid,
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};
	if (audit) {
		f->serial = tale->serial++;
		f->uid = f->gid = s->skew;
	} else {
		tale->mono_ns += 1000;
		f->mono_ns = tale->mono_ns;
		set_looked(tale, s, f);
	}
	if (f->source != SOURCE_WITNESS)
		set_program(tale, s, f);
	if (f->kind == FACT_FORK)
		set_fork(s, f);
	else if (f->kind == FACT_EXIT || f->kind == FACT_ABEND)
		set_end(s, f);
}
