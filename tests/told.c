/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "told.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MAX 65536

static uint64_t number(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ?
		       (uint64_t)json_object_get_int64(value) :
		       0;
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && value ?
		       json_object_get_string(value) :
		       "";
}

/* What /proc said of the child, as the recorder had it. */
static void look(struct told *told, struct fact *f, struct json_object *o)
{
	const char *cgroup = text(o, "cg");

	f->vpid = (pid_t)number(o, "vpid");
	if (f->vpid)
		f->ns_depth = f->vpid == f->child ? 1 : 2;
	if (!*cgroup || !strcmp(cgroup, "/"))
		return;
	told->containers[told->n] = strdup(strrchr(cgroup, '/') + 1);
	f->container = told->containers[told->n];
}

static bool read_event(struct told *told, struct json_object *o,
		       int64_t wall_ns)
{
	const char *event = text(o, "ev");
	struct fact *f = &told->list[told->n];
	uint64_t t = number(o, "t");

	*f = (struct fact){
		.source = SOURCE_WITNESS,
		.time_ms = (uint64_t)((int64_t)t + wall_ns) / 1000000,
		.mono_ns = t,
		.born_ms = t / 1000000,
		.node = "",
		.pid = (pid_t)number(o, "pid"),
		.uid = ID_UNSET,
		.gid = ID_UNSET,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
	};
	if (!strcmp(event, "fork")) {
		f->kind = FACT_FORK;
		f->child = f->pid;
		f->pid = (pid_t)number(o, "ppid");
		look(told, f, o);
	} else if (!strcmp(event, "exec")) {
		f->kind = FACT_EXEC;
	} else if (!strcmp(event, "exit")) {
		f->kind = FACT_EXIT;
		f->code = (int)number(o, "code");
		f->signal = (int)number(o, "signal");
	} else {
		return false;
	}
	return true;
}

/*
 * The recorder did not count threads: an exit that is followed by an exec of
 * the same pid was that of a thread other than the one that went on.
 */
static void drop_thread_exits(struct told *told)
{
	size_t kept = 0;

	for (size_t i = 0; i < told->n; i++) {
		struct fact *f = &told->list[i];
		bool thread = false;

		for (size_t j = i + 1; f->kind == FACT_EXIT && j < told->n;
		     j++) {
			const struct fact *g = &told->list[j];

			if (g->kind == FACT_FORK && g->child == f->pid)
				break;
			thread = thread ||
				 (g->kind == FACT_EXEC && g->pid == f->pid);
		}
		if (!thread)
			told->list[kept++] = *f;
	}
	told->n = kept;
}

int told_read(struct told *told, const char *dir)
{
	static char line[65536], path[4096];
	struct json_object *o;
	int64_t wall_ns = 0;
	bool whole;
	FILE *file;

	*told = (struct told){ 0 };
	snprintf(path, sizeof(path), "%s/truth.jsonl", dir);
	file = fopen(path, "re");
	if (!file)
		return -1;
	told->list = calloc(TOLD_MAX, sizeof(*told->list));
	told->containers = calloc(TOLD_MAX, sizeof(*told->containers));
	if (!told->list || !told->containers)
		abort();
	while (told->n < TOLD_MAX && fgets(line, sizeof(line), file)) {
		o = json_tokener_parse(line);
		if (!o)
			break;
		if (!strcmp(text(o, "ev"), "begin"))
			wall_ns = (int64_t)number(o, "wall") -
				  (int64_t)number(o, "mono");
		told->n += read_event(told, o, wall_ns);
		json_object_put(o);
	}
	whole = feof(file);
	fclose(file);
	if (!whole)
		return -1;
	drop_thread_exits(told);
	return 0;
}

void told_free(struct told *told)
{
	for (size_t i = 0; told->containers && i < TOLD_MAX; i++)
		free(told->containers[i]);
	free(told->containers);
	free(told->list);
}
