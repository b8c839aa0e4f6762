/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* asprintf, reallocarray */
#include "logread.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define CLONE_PARENT 0x8000
#define LOOK_BACK 256	/* records between an event's SYSCALL and EXECVE */

/* The value behind " name=", up to the next space; NULL if not there. */
static const char *field(const char *line, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *p = line;

	while ((p = strstr(p, name))) {
		const char *v = p + name_len + 1;

		/* 0x1d parts the record from what ENRICHED adds */
		if (p > line && (p[-1] == ' ' || p[-1] == '\x1d') &&
		    p[name_len] == '=') {
			*len = strcspn(v, " \n\x1d");
			if (*v == '"')
				*len = strcspn(v + 1, "\"\n") + 2;
			return v;
		}
		p += name_len;
	}
	return NULL;
}

static long long number(const char *line, const char *name, int base)
{
	size_t len;
	const char *v = field(line, name, &len);

	return v ? (long long)strtoull(v, NULL, base) : 0;
}

static bool is(const char *line, const char *name, const char *value)
{
	size_t len;
	const char *v = field(line, name, &len);

	return v && len == strlen(value) && !strncmp(v, value, len);
}

/* "quoted", or hex without quotes. */
static char *decode(const char *v, size_t len)
{
	char *out;
	size_t i;

	if (len >= 2 && v[0] == '"')
		return strndup(v + 1, len - 2);
	if (len % 2 || strspn(v, "0123456789ABCDEFabcdef") < len)
		return strndup(v, len);	/* (null) and the like */
	out = calloc(1, len / 2 + 1);
	if (!out)
		abort();
	for (i = 0; i < len / 2; i++) {
		char byte[3] = { v[2 * i], v[2 * i + 1], '\0' };

		out[i] = (char)strtoul(byte, NULL, 16);
	}
	return out;
}

static char *string(const char *line, const char *name)
{
	size_t len;
	const char *v = field(line, name, &len);

	return v ? decode(v, len) : NULL;
}

static enum record_kind syscall_kind(const char *line)
{
	static const struct {
		const char *name;
		enum record_kind kind;
	} calls[] = {
		{ "fork", RECORD_FORK },      { "vfork", RECORD_FORK },
		{ "clone", RECORD_FORK },     { "clone3", RECORD_FORK },
		{ "execve", RECORD_EXEC },    { "execveat", RECORD_EXEC },
		{ "exit_group", RECORD_EXIT },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!is(line, "SYSCALL", calls[i].name))
			continue;
		if (calls[i].kind != RECORD_EXIT && !is(line, "success", "yes"))
			return RECORD_OTHER;
		return calls[i].kind;
	}
	return RECORD_OTHER;
}

static void read_syscall(struct record *r, const char *line)
{
	uint64_t a0 = (uint64_t)number(line, "a0", 16);

	r->kind = syscall_kind(line);
	if (r->kind == RECORD_FORK) {
		r->child = (pid_t)number(line, "exit", 10);
		r->sibling = is(line, "SYSCALL", "clone") &&
			     (a0 & CLONE_PARENT);
	}
	if (r->kind == RECORD_EXIT)
		r->code = (int)(a0 & 0xff);
}

/* An argument too long for one record comes as a1[0]=, a1[1]=, … */
static char *argument(const char *line, size_t n)
{
	char name[48];
	char *arg, *part, *joined;
	size_t i;

	snprintf(name, sizeof(name), "a%zu", n);
	arg = string(line, name);
	for (i = 0; !arg || i; i++) {
		snprintf(name, sizeof(name), "a%zu[%zu]", n, i);
		part = string(line, name);
		if (!part)
			break;
		if (asprintf(&joined, "%s%s", arg ? arg : "", part) < 0)
			abort();
		free(arg);
		free(part);
		arg = joined;
	}
	return arg;
}

/* Arguments split over several EXECVE records are left out: no capture
 * has them, and what is not read here is not held against anyone. */
static void read_execve(struct log *log, const char *line, int64_t time_ms,
			uint64_t serial)
{
	struct record *r = NULL;
	size_t i;

	for (i = 0; i < log->count && i < LOOK_BACK && !r; i++) {
		r = &log->records[log->count - 1 - i];
		if (r->serial != serial || r->time_ms != time_ms)
			r = NULL;
	}
	if (!r || r->kind != RECORD_EXEC || r->args)
		return;
	r->args_count = (size_t)number(line, "argc", 10);
	if (r->args_count > 100000)
		r->args_count = 0;
	r->args = calloc(r->args_count + 1, sizeof(*r->args));
	if (!r->args)
		abort();
	for (i = 0; i < r->args_count; i++) {
		r->args[i] = argument(line, i);
		if (!r->args[i])
			break;
	}
	if (i < r->args_count)
		while (i)
			free(r->args[--i]);
	r->args_count = i;
}

static int read_line(struct log *log, const char *line, struct err *err)
{
	struct record r = { .kind = RECORD_OTHER };
	long long sec;
	int ms;
	size_t len;
	const char *stamp = strstr(line, "msg=audit(");

	if (!stamp || sscanf(stamp, "msg=audit(%lld.%3d:%" SCNu64 "):", &sec,
			     &ms, &r.serial) != 3)
		return err_set(err, 0, "no audit record: %.60s", line);
	r.time_ms = sec * 1000 + ms;
	if (strstr(line, "type=EXECVE "))
		read_execve(log, line, r.time_ms, r.serial);
	r.pid = (pid_t)number(line, "pid", 10);
	if (!r.pid)
		return 0;
	r.ppid = (pid_t)number(line, "ppid", 10);
	r.exe = string(line, "exe");
	if (strstr(line, "type=SYSCALL ")) {
		if (!field(line, "SYSCALL", &len)) {
			free(r.exe);
			return err_set(err, 0, "not log_format=ENRICHED");
		}
		read_syscall(&r, line);
	} else if (strstr(line, "type=ANOM_ABEND ")) {
		r.kind = RECORD_ABEND;
		r.code = (int)number(line, "sig", 10);
	}
	log->records = reallocarray(log->records, log->count + 1, sizeof(r));
	if (!log->records)
		abort();
	log->records[log->count++] = r;
	return 0;
}

int log_read(struct log *log, const char *path, struct err *err)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0, n = 0;

	*log = (struct log){ NULL, 0 };
	if (!f)
		return err_set(err, errno, "%s", path);
	while (getline(&line, &size, f) >= 0) {
		n++;
		if (read_line(log, line, err)) {
			log_free(log);
			return err_wrap(err, "%s:%zu", path, n);
		}
	}
	return 0;
}

void log_free(struct log *log)
{
	size_t i, a;

	for (i = 0; i < log->count; i++) {
		for (a = 0; a < log->records[i].args_count; a++)
			free(log->records[i].args[a]);
		free(log->records[i].args);
		free(log->records[i].exe);
	}
	free(log->records);
	*log = (struct log){ NULL, 0 };
}
