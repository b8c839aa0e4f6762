/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forge.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "eyes.h"
#include "sinks.h"
#include "state.h"
#include "tree.h"
#include "words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MORE "…"

/* Columns of a line without a node */
enum { LABEL_AT = 25, ACTION_AT = 38, PID_AT = 45, REST_AT = 53 };
enum { NAME_OF_END = 21 }; /* from REST_AT on: how, how long, and a gap */

void forge_open(struct forge *f, const char *what)
{
	*f = (struct forge){ .what = what };
	f->draw = draw_new();
	state_head(&f->state, "boot", "");
}

/* --- JSON */

static void check_member(struct forge *f, struct json_object *json,
			 const char *path, const char *want)
{
	_cleanup_buf_ struct buf replaced = BUF_INIT;
	struct json_object *found = eyes_at(json, path);
	const char *got = found ? json_object_get_string(found) : "";

	if (!want)
		return;
	eyes_replaced(&replaced, want, strlen(want));
	buf_putc(&replaced, '\0');
	must(!strcmp(got, replaced.data), "%s: %s is %s, not %s", f->what, path,
	     got, replaced.data);
}

static void check_args(struct forge *f, struct json_object *json)
{
	struct json_object *args = eyes_at(json, "process.args");
	char path[32];

	must(args && json_object_array_length(args) == COUNT(f->want.args),
	     "%s: not so many arguments", f->what);
	for (size_t i = 0; i < COUNT(f->want.args); i++) {
		struct json_object *one = json_object_new_object();

		snprintf(path, sizeof(path), "args %zu", i);
		json_object_object_add(
			one, path,
			json_object_get(json_object_array_get_idx(args, i)));
		check_member(f, one, path, f->want.args[i]);
		json_object_put(one);
	}
}

static void check_hostile(struct forge *f, struct json_object *json,
			  const struct change *c)
{
	const struct hostile *want = &f->want;
	const struct {
		const char *path, *want;
	} members[] = {
		{ "process.name", want->comm },
		{ "process.executable", want->exe },
		{ "process.working_directory", want->cwd },
		{ "user.name", want->user },
		{ "container.id", want->id },
		{ "container.name", want->name },
		{ "container.image.name", want->image },
		{ "contree.namespace", want->ns },
		{ "orchestrator.resource.name", want->pod },
		{ "orchestrator.resource.id", want->pod_uid },
		{ "orchestrator.namespace", want->pod_ns },
	};

	for (size_t i = 0; i < COUNT(members); i++)
		check_member(f, json, members[i].path, members[i].want);
	if (c->kind == CHANGE_ACTIVITY && c->key)
		check_member(f, json, "contree.key", want->key);
	if (want->args[0])
		check_args(f, json);
}

static void check_json(struct forge *f, const struct change *c)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_object *json;

	render_json(&line, c);
	must(line.data[line.len - 1] == '\n', "%s: no end", f->what);
	eyes_printable(line.data, line.len - 1, f->what);
	buf_putc(&line, '\0');
	json = eyes_json(line.data, f->what);
	/* Not of a fork, nor before its first exec: then it is runc still. */
	if (c->proc && c->kind != CHANGE_FORK && c->role >= ROLE_INIT)
		check_hostile(f, json, c);
	json_object_put(json);
}

/* --- text */

/* Where a column begins: in the line there are characters of many bytes. */
static const char *column(const char *line, size_t n)
{
	for (; n--; line += eyes_char(line, strlen(line)))
		must(*line, "a line is too short");
	return line;
}

static const char *take(struct forge *f, const char *s, const char *literal)
{
	must(!strncmp(s, literal, strlen(literal)), "%s: no \"%s\": %s",
	     f->what, literal, s);
	return s + strlen(literal);
}

/* The word at s must be that. */
static const char *take_word(struct forge *f, const char *s, const char *want)
{
	_cleanup_buf_ struct buf word = BUF_INIT;
	const char *end = eyes_word(&word, s);

	buf_putc(&word, '\0');
	must(!strcmp(word.data, want), "%s: a word is %s, not %s: %s", f->what,
	     word.data, want, s);
	return end;
}

/* What it goes by; a bare ? where that is nothing. */
static const char *take_program(struct forge *f, const char *s,
				const struct image *image)
{
	const char *name = words_program(image);

	return *name ? take_word(f, s, name) : take(f, s, "?");
}

static const char *read_fork(struct forge *f, const char *s,
			     const struct change *c)
{
	char pid[32];

	if (!c->parent)
		return s;
	snprintf(pid, sizeof(pid), "<- %d ", (int)c->parent->pid);
	return take_program(f, take(f, s, pid), c->parent->image);
}

static const char *read_exec(struct forge *f, const char *s,
			     const struct change *c)
{
	const struct image *image = c->image ? c->image : c->proc->image;
	const char *arg = image->args;

	if (!image->args)
		return take_program(f, s, image);
	if (words_is_machinery(c->role)) {
		_cleanup_buf_ struct buf word = BUF_INIT;

		while (*s && strncmp(s, "  #", 3))
			s = eyes_word(&word, s + (*s == ' '));
		return s;
	}
	for (uint32_t i = 0; i < image->args_count; i++) {
		s = take_word(f, i ? take(f, s, " ") : s, arg);
		arg += strlen(arg) + 1;
	}
	if (image->args_count == image->argc)
		return s;
	return take(f, image->args_count ? take(f, s, " ") : s, MORE);
}

static const char *read_activity(struct forge *f, const char *s,
				 const struct change *c)
{
	s = take_word(f, s, c->record);
	if (c->syscall)
		s = take_word(f, take(f, s, " "), c->syscall);
	if (c->outcome == 0)
		s = take(f, s, " failed");
	return take_program(f, take(f, s, " by "), c->image);
}

/* key=value of what is known, in this order */
static const char *read_start(struct forge *f, const char *s,
			      const struct change *c)
{
	const struct container *on = c->container;
	const struct {
		const char *key, *value;
	} pairs[] = {
		{ "image=", on->names.image_name },
		{ "tag=", on->names.image_tag },
		{ "pod=", on->names.pod_name },
		{ "pod-namespace=", on->names.pod_ns },
		{ "runtime=", on->runtime },
		{ "namespace=", on->ns },
	};
	_cleanup_buf_ struct buf id = BUF_INIT;

	if (!strncmp(s, "id=", 3))
		s = eyes_word(&id, s + 3);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (!pairs[i].value || !*pairs[i].value)
			continue;
		s = take(f, s + (*s == ' '), pairs[i].key);
		s = take_word(f, s, pairs[i].value);
	}
	return s;
}

static const char *read_stop(const char *s)
{
	_cleanup_buf_ struct buf id = BUF_INIT;

	return strncmp(s, "  id=", 5) ? s : eyes_word(&id, s + 5);
}

static const char *read_rest(struct forge *f, const char *s,
			     const struct change *c)
{
	switch (c->kind) {
	case CHANGE_FORK:
		return read_fork(f, s, c);
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
		return read_exec(f, s, c);
	case CHANGE_ACTIVITY:
		return read_activity(f, s, c);
	case CHANGE_CONTAINER_START:
		return read_start(f, s, c);
	case CHANGE_END:
		return take_program(f, column(s, NAME_OF_END), c->image);
	case CHANGE_CONTAINER_STOP:
		return read_stop(column(s, NAME_OF_END - 2));
	case CHANGE_LOST:
		return s + strlen(s);
	}
	return s;
}

static const char *user_of(const struct change *c)
{
	const struct cred *cred = c->proc->cred;

	/* UID in put_ids() of check_forge.c */
	return *cred->user ? cred->user : cred->uid == 7 ? "7" : "0";
}

/* Nothing but notes of ours */
static void read_notes(struct forge *f, const char *s, const struct change *c)
{
	static const char *const plain[] = { "root",	"shim",	    "runtime",
					     "init",	"exec",	    "never-heard",
					     "inferred", "census" };
	_cleanup_buf_ struct buf vpid = BUF_INIT;
	size_t i;

	s += strspn(s, " ");
	if (!*s)
		return;
	s = take(f, s, "#");
	while (*s) {
		s = take(f, s, " ");
		for (i = 0; i < COUNT(plain); i++)
			if (!strncmp(s, plain[i], strcspn(s, " ")))
				break;
		if (i < COUNT(plain))
			s += strcspn(s, " ");
		else if (!strncmp(s, "vpid=", 5))
			s = eyes_word(&vpid, s + 5);
		else if (!strncmp(s, "exe=", 4))
			s = take_word(f, s + 4, c->image->program->exe);
		else if (!strncmp(s, "key=", 4))
			s = take_word(f, s + 4, c->key);
		else
			s = take_word(f, take(f, s, "user="), user_of(c));
	}
}

/* It stands in its column, and says the name if that was not cut. */
static void read_label(struct forge *f, const char *line,
		       const struct change *c)
{
	const char *at = column(line, LABEL_AT), *end, *name;
	_cleanup_buf_ struct buf word = BUF_INIT;

	if (!c->container) {
		take(f, at, "-            ");
		return;
	}
	must(*at != ' ' && strncmp(at, "- ", 2), "%s: no container: %s",
	     f->what, line);
	end = eyes_word(&word, at);
	end += strspn(end, " ");
	must(end == column(line, ACTION_AT),
	     "%s: a label leaves its column: %s", f->what, line);
	buf_putc(&word, '\0');
	name = c->container->names.name;
	name = name && *name ? name : c->container->id;
	must(strstr(at, MORE) || strlen(name) == 64 || !strcmp(word.data, name),
	     "%s: a label is not %s: %s", f->what, name, line);
}

static void check_text(struct forge *f, const struct change *c)
{
	static const char *const actions[] = {
		[CHANGE_CONTAINER_START] = "start  ",
		[CHANGE_CONTAINER_STOP] = "stop   ",
		[CHANGE_FORK] = "fork   ",
		[CHANGE_EXEC] = "exec   ",
		[CHANGE_END] = "end    ",
		[CHANGE_ACTIVITY] = "audit  ",
		[CHANGE_CENSUS] = "census ",
		[CHANGE_LOST] = "lost   ",
	};
	_cleanup_buf_ struct buf line = BUF_INIT;
	char pid[16] = "      - ";

	render_text(&line, c, false);
	must(line.data[line.len - 1] == '\n', "%s: no end", f->what);
	line.data[--line.len] = '\0';
	eyes_printable(line.data, line.len, f->what);
	read_label(f, line.data, c);
	take(f, column(line.data, ACTION_AT), actions[c->kind]);
	if (c->proc)
		snprintf(pid, sizeof(pid), "%7d ", (int)c->proc->pid);
	take(f, column(line.data, PID_AT), pid);
	read_notes(f, read_rest(f, column(line.data, REST_AT), c), c);
}

/* Without our own colours it is the same line: no name brought one along. */
static void check_colours(struct forge *f, const struct change *c)
{
	_cleanup_buf_ struct buf plain = BUF_INIT, painted = BUF_INIT;
	_cleanup_buf_ struct buf bare = BUF_INIT;

	render_text(&plain, c, false);
	render_text(&painted, c, true);
	for (size_t i = 0; i < painted.len; i++) {
		if (painted.data[i] != '\033')
			buf_putc(&bare, painted.data[i]);
		else
			i += strcspn(painted.data + i, "m");
	}
	must(bare.len == plain.len && !memcmp(bare.data, plain.data, plain.len),
	     "%s: coloured: %.*s", f->what, (int)bare.len, bare.data);
}

/* --- all of them */

static void put_state(struct forge *f, const struct change *c)
{
	struct saved s;
	size_t from = f->state.len;
	_cleanup_buf_ struct buf line = BUF_INIT;

	tree_save_one(c->proc, &s);
	state_line(&f->state, &s);
	buf_put(&line, f->state.data + from, f->state.len - from);
	eyes_printable(line.data, line.len - 1, f->what);
	buf_putc(&line, '\0');
	json_object_put(eyes_json(line.data, f->what));
}

void forge_change(void *forge, const struct change *c)
{
	struct forge *f = forge;

	f->changes++;
	check_json(f, c);
	check_text(f, c);
	check_colours(f, c);
	draw_change(f->draw, c);
	if (c->proc)
		put_state(f, c);
}

/* Whether the cell at s is a role's. */
static bool is_role(const char *s)
{
	for (enum role role = ROLE_ROOT; role <= ROLE_MEMBER; role++)
		if (!strncmp(s, role_name(role), strcspn(s, " ")))
			return true;
	return false;
}

/* The columns are where the head has them; COMMAND is the last. */
static void check_drawing(struct forge *f, char *text, size_t processes)
{
	char *line = strtok(text, "\n"), *number;
	size_t role, command, n = 0;
	long pid;

	must(line && strstr(line, "ROLE") && strstr(line, "COMMAND"),
	     "no head");
	role = (size_t)(strstr(line, "ROLE") - line);
	command = (size_t)(strstr(line, "COMMAND") - line);
	while ((line = strtok(NULL, "\n"))) {
		eyes_printable(line, strlen(line), f->what);
		pid = strtol(line, &number, 10);
		must(pid >= 100 && pid <= MEMBER_PID && *number == ' ' &&
			     is_role(column(line, role)) &&
			     *column(line, role - 1) == ' ' &&
			     *column(line, command - 1) == ' ',
		     "%s: drawn as %s", f->what, line);
		n++;
	}
	must(!processes || n == processes, "%s: %zu lines drawn", f->what, n);
}

static void check_state(struct forge *f, const char *dir)
{
	char path[128];
	struct state state;
	struct err err = { 0, "" };
	_cleanup_close_ int dir_fd =
		open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FILE *file;

	snprintf(path, sizeof(path), "%s/state", dir);
	file = fopen(path, "we");
	ck_assert(file && fwrite(f->state.data, f->state.len, 1, file) == 1);
	ck_assert(!fclose(file) && !chmod(path, 0600));
	must(state_load(&state, dir_fd, path, "boot", "", NULL, &err) ==
		     STATE_GOOD,
	     "%s: %s", f->what, err.text);
	for (size_t i = 0; i < state.n; i++)
		must(state.list[i].pid >= 100 &&
			     state.list[i].pid <= MEMBER_PID,
		     "%s: pid %d in the state", f->what,
		     (int)state.list[i].pid);
	state_free(&state);
}

void forge_close(struct forge *f, size_t processes, const char *dir)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	draw_print(f->draw, to, false, 0);
	fclose(to);
	check_drawing(f, text, processes);
	check_state(f, dir);
	free(text);
	draw_free(f->draw);
	buf_free(&f->state);
}
