/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* reallocarray */
#include "oracle.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORMAT (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

struct saying {
	int64_t time_ns;
	size_t number;		/* keeps the sort stable */
	const char *action;
	const struct life *life;
	size_t execs;		/* done, this line included */
};

struct sayings {
	struct saying *list;
	size_t count;
};

static void say(struct sayings *s, int64_t time_ns, const char *action,
		const struct life *l, size_t execs)
{
	s->list = reallocarray(s->list, s->count + 1, sizeof(*s->list));
	if (!s->list)
		abort();
	s->list[s->count] = (struct saying){
		time_ns, s->count, action, l, execs,
	};
	s->count++;
}

static void put(struct json_object *o, const char *object, const char *key,
		struct json_object *value)
{
	struct json_object *in;

	if (!json_object_object_get_ex(o, object, &in)) {
		in = json_object_new_object();
		json_object_object_add(o, object, in);
	}
	json_object_object_add(in, key, value);
}

static struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static struct json_object *stamp(int64_t time_ns)
{
	time_t sec = (time_t)(time_ns / 1000000000);
	struct tm tm;
	char buf[80];

	gmtime_r(&sec, &tm);
	snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, (int)(time_ns / 1000000 % 1000));
	return text(buf);
}

static struct json_object *entity(const struct life *l)
{
	char buf[80];

	snprintf(buf, sizeof(buf), "%d-%lld", (int)l->pid,
		 (long long)l->birth_ns);
	return text(buf);
}

static struct json_object *process(const struct life *l)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "pid", json_object_new_int(l->pid));
	json_object_object_add(o, "entity_id", entity(l));
	json_object_object_add(o, "start", stamp(l->birth_ns));
	return o;
}

static void put_exec(struct json_object *o, const struct life_exec *x)
{
	struct json_object *args = json_object_new_array();
	size_t i;

	put(o, "process", "executable", text(x->exe ? x->exe : ""));
	for (i = 0; x->record && i < x->record->args_count; i++)
		json_object_array_add(args, text(x->record->args[i]));
	put(o, "process", "args", args);
}

static void put_end(struct json_object *o, const struct life *l, bool all)
{
	struct json_object *exit = json_object_new_object();
	int signal = all ? l->signal : l->exit_heard ? 0 : l->abend;
	const char *reason = "unknown";
	int code = -1;

	if (signal) {
		reason = "signaled";
		code = 128 + signal;
		json_object_object_add(exit, "signal",
				       json_object_new_int(signal));
	} else if (all || l->exit_heard) {
		reason = "exited";
		code = l->code;
	}
	json_object_object_add(exit, "reason", text(reason));
	put(o, "contree", "exit", exit);
	if (code >= 0)
		put(o, "process", "exit_code", json_object_new_int(code));
}

static const struct life *leader_of(const struct life *l)
{
	while (l && !l->entry)
		l = l->parent;
	return l;
}

static void print_saying(const struct saying *s, bool all, FILE *out)
{
	struct json_object *o = json_object_new_object();
	const struct life *l = s->life;
	bool fork = !strcmp(s->action, "fork");
	bool plain = l->claimed || l->parent_shown || !fork;
	const char *container = life_container(l, s->execs);

	json_object_object_add(o, "@timestamp", stamp(s->time_ns));
	put(o, "event", "action", text(s->action));
	json_object_object_add(o, "process", process(l));
	put(o, "process", "start", stamp(l->birth_ns));
	if (l->vpid)
		put(o, "process", "vpid", json_object_new_int(l->vpid));
	put(o, "process", "parent", process(l->parent));
	if (life_inside(l, s->execs))
		put(o, "process", "entry_leader", process(leader_of(l)));
	if (container)
		put(o, "container", "id", text(container));
	put(o, "contree", "role", text(life_role(l, s->execs)));
	put(o, "contree", "source", text(plain ? "audit" : "inferred"));
	if (!strcmp(s->action, "exec"))
		put_exec(o, &l->execs[s->execs - 1]);
	if (!strcmp(s->action, "end") || !strcmp(s->action, "container-stop"))
		put_end(o, l, all);
	fprintf(out, "%s\n", json_object_to_json_string_ext(o, FORMAT));
	json_object_put(o);
}

static void say_life(struct sayings *s, const struct life *l, bool all)
{
	bool init = l->init == l;
	size_t i;

	say(s, l->birth_ns, "fork", l, 0);
	for (i = 0; i < l->execs_count; i++) {
		if (init && i + 1 == l->entered)
			say(s, l->execs[i].time_ns, "container-start", l,
			    i + 1);
		say(s, l->execs[i].time_ns, "exec", l, i + 1);
	}
	if (all ? l->end_ns != NEVER : life_must_end(l))
		say(s, l->end_ns, "end", l, l->execs_count);
	if (init && l->end_ns != NEVER)
		say(s, l->end_ns, "container-stop", l, l->execs_count);
}

static int by_time(const void *a, const void *b)
{
	const struct saying *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void oracle_print(const struct truth *t, bool all, FILE *out)
{
	struct sayings s = { NULL, 0 };
	size_t i;

	for (i = 0; i < t->lives_count; i++)
		if (t->lives[i]->born && (all || life_audible(t->lives[i])))
			say_life(&s, t->lives[i], all);
	if (s.count)
		qsort(s.list, s.count, sizeof(*s.list), by_time);
	for (i = 0; i < s.count; i++)
		print_saying(&s.list[i], all, out);
	free(s.list);
}
