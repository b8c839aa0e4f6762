/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* reallocarray, timegm, pipe2 */
#include "said.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cleanup.h"

extern char **environ;

/*
 * The value at "a.b.c", be it written as {"a":{"b":{"c":…}}}, {"a.b.c":…}
 * or anything between: in Elastic Common Schema all are the same field.
 */
static struct json_object *get(struct json_object *o, const char *path)
{
	struct json_object *v;
	const char *dot;
	char head[64];

	if (!json_object_is_type(o, json_type_object))
		return NULL;
	if (json_object_object_get_ex(o, path, &v))
		return v;
	for (dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
		snprintf(head, sizeof(head), "%.*s", (int)(dot - path), path);
		if (json_object_object_get_ex(o, head, &v)) {
			v = get(v, dot + 1);
			if (v)
				return v;
		}
	}
	return NULL;
}

static const char *text(struct json_object *o, const char *path)
{
	struct json_object *v = get(o, path);

	return v ? json_object_get_string(v) : NULL;
}

static int integer(struct json_object *o, const char *path, int missing)
{
	struct json_object *v = get(o, path);

	return v ? json_object_get_int(v) : missing;
}

/* 2026-11-23T19:16:01.338Z; -1 if it is not that. */
static int64_t time_of(const char *s)
{
	struct tm tm = { 0 };
	char zone;
	int ms;

	if (!s ||
	    sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms,
		   &zone) != 8 ||
	    zone != 'Z')
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* The one object that the whole line is, newline and all; or NULL. */
static struct json_object *parse(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	if (!tok)
		abort();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, line, (int)len - 1);
	if (line[len - 1] != '\n' ||
	    json_tokener_get_parse_end(tok) != len - 1 ||
	    !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

static int read_line(struct said *s, const char *line, size_t len,
		     struct err *err)
{
	struct json_object *o = parse(line, len);
	struct said_line l = { .number = s->count + 1, .object = o };

	if (!o)
		return err_set(err, 0, "line %zu is no JSON object: %.200s",
			       l.number, line);
	l.action = text(o, "event.action");
	l.time_ms = time_of(text(o, "@timestamp"));
	if (!l.action || l.time_ms < 0) {
		json_object_put(o);
		return err_set(err, 0, "line %zu has no action or time: %.200s",
			       l.number, line);
	}
	l.start_ms = time_of(text(o, "process.start"));
	if (l.start_ms < 0)
		l.start_ms = l.time_ms;
	l.pid = integer(o, "process.pid", 0);
	l.vpid = integer(o, "process.vpid", 0);
	l.entity = text(o, "process.entity_id");
	l.executable = text(o, "process.executable");
	l.args = get(o, "process.args");
	if (!json_object_is_type(l.args, json_type_array))
		l.args = NULL;
	l.parent_pid = integer(o, "process.parent.pid", 0);
	l.parent_entity = text(o, "process.parent.entity_id");
	l.leader_pid = integer(o, "process.entry_leader.pid", 0);
	l.leader_entity = text(o, "process.entry_leader.entity_id");
	l.exit_code = integer(o, "process.exit_code", -1);
	l.reason = text(o, "contree.exit.reason");
	l.signal = integer(o, "contree.exit.signal", 0);
	l.container = text(o, "container.id");
	l.role = text(o, "contree.role");
	l.source = text(o, "contree.source");
	s->lines = reallocarray(s->lines, s->count + 1, sizeof(l));
	if (!s->lines)
		abort();
	s->lines[s->count++] = l;
	return 0;
}

static int spawn(const char *program, const char *log, pid_t *pid, int *fd,
		 struct err *err)
{
	char *argv[] = { (char *)program, (char *)"replay", (char *)"--format",
			 (char *)"json", (char *)log, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, errno, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	code = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (code) {
		close(ends[0]);
		return err_set(err, code, "%s", program);
	}
	*fd = ends[0];
	return 0;
}

/* All lines; the first error is returned, and what follows it is only read,
 * so that nobody waits for a full pipe. */
static int read_lines(struct said *s, FILE *f, struct err *err)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int ret = 0;

	while ((len = getline(&line, &size, f)) >= 0)
		if (!ret)
			ret = read_line(s, line, (size_t)len, err);
	return ret;
}

int said_read_log(struct said *s, const char *path, struct err *err)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	*s = (struct said){ NULL, 0 };
	if (!f)
		return err_set(err, errno, "%s", path);
	if (!read_lines(s, f, err))
		return 0;
	said_free(s);
	return err_wrap(err, "%s", path);
}

int said_read(struct said *s, const char *program, const char *log,
	      struct err *err)
{
	_cleanup_fclose_ FILE *f = NULL;
	pid_t pid;
	int fd = -1, status, ret;

	*s = (struct said){ NULL, 0 };
	if (spawn(program, log, &pid, &fd, err))
		return -1;
	f = fdopen(fd, "r");
	if (!f)
		abort();
	ret = read_lines(s, f, err);
	if (waitpid(pid, &status, 0) < 0)
		ret = err_set(err, errno, "waitpid");
	else if (!ret && WIFSIGNALED(status))
		ret = err_set(err, 0, "killed by signal %d", WTERMSIG(status));
	else if (!ret && WEXITSTATUS(status))
		ret = err_set(err, 0, "exited with %d", WEXITSTATUS(status));
	if (!ret)
		return 0;
	said_free(s);
	return err_wrap(err, "%s replay --format json %s", program, log);
}

void said_free(struct said *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		json_object_put(s->lines[i].object);
	free(s->lines);
	*s = (struct said){ NULL, 0 };
}
