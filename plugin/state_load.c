/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_int.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "logdir.h"

#define uthash_fatal(msg) abort()
#include <uthash.h>

/* More than ever was written is not ours. */
#define MAX_FILE_BYTES ((off_t)1 << 30)
#define MAX_DEPTH 4

/*
 * So long before the last end that is told, records of those who ended may
 * still be on their way: auditd was restarted, or is busy.
 */
#define RECENT_MS 10000

/* A process of the file, by its entity_id. The line is parsed anew when it is
 * needed: as an object it takes ten times as much. */
struct entry {
	const char *line, *end;	/* the last one that tells of it, in the file */
	char *entity, *parent;
	uint64_t ended_ms;
	bool ended;
	bool needed;	/* it is to be in the list */
	size_t index;	/* in the list, from 1; 0: not yet */
	UT_hash_handle hh;
};

struct reader {
	struct entry *entries;
	struct entry **up;	/* room for all of them */
	struct json_tokener *tokener;
	const char *boot_id, *node;
	struct logfile_found log;
	struct state *state;
	char *found;		/* the node of one whose node is not given */
	uint64_t last_end_ms;
	bool headed;
};

static char *copy(const char *s)
{
	char *to = strdup(s);

	if (!to)
		abort();
	return to;
}

static size_t first_line(const struct buf *file)
{
	const char *newline = memchr(file->data, '\n', file->len);

	return newline ? (size_t)(newline - file->data) + 1 : 0;
}

static const char *text_of(struct json_object *line, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(line, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

int64_t state_number(struct json_object *line, const char *key, int64_t max)
{
	struct json_object *value;
	int64_t n;

	if (!json_object_object_get_ex(line, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return 0;
	n = json_object_get_int64(value);
	return n < 0 || n > max ? 0 : n;
}

static enum state_found read_head(struct reader *r, struct json_object *line,
				  struct err *err)
{
	r->headed = true;
	if (!json_object_object_get_ex(line, "contree", NULL)) {
		err_set(err, 0, "is not a state of contree");
		return STATE_BROKEN;
	}
	if (state_number(line, "contree", INT_MAX) != STATE_VERSION) {
		err_set(err, 0, "is of another version of contree");
		return STATE_FOREIGN;
	}
	if (!*r->boot_id || strcmp(text_of(line, "boot_id"), r->boot_id)) {
		err_set(err, 0, "is from before the host was booted");
		return STATE_FOREIGN;
	}
	if (!r->node) {
		r->found = copy(text_of(line, "node"));
	} else if (strcmp(text_of(line, "node"), r->node)) {
		err_set(err, 0, "is of another node");
		return STATE_FOREIGN;
	}
	return STATE_GOOD;
}

static struct entry *find(struct reader *r, const char *entity)
{
	struct entry *e;

	HASH_FIND_STR(r->entries, entity, e);
	return e;
}

static void set_end(struct reader *r, struct entry *e, bool ended,
		    uint64_t ended_ms)
{
	e->ended = ended;
	e->ended_ms = ended_ms;
	if (ended_ms > r->last_end_ms)
		r->last_end_ms = ended_ms;
}

static bool is_recent(const struct reader *r, const struct entry *e)
{
	return e->ended && e->ended_ms &&
	       e->ended_ms + RECENT_MS >= r->last_end_ms;
}

static void read_process(struct reader *r, struct json_object *line,
			 const char *data, const char *newline)
{
	const char *entity = text_of(line, "entity");
	struct entry *e = find(r, entity);

	if (e) {
		HASH_DELETE(hh, r->entries, e);
		free(e->parent);
	} else {
		e = calloc(1, sizeof(*e));
		if (!e)
			abort();
		e->entity = copy(entity);
	}
	e->line = data;
	e->end = newline;
	e->parent = copy(text_of(line, "parent"));
	set_end(r, e, state_number(line, "ended", 1),
		(uint64_t)state_number(line, "ended_ms", INT64_MAX));
	HASH_ADD_KEYPTR(hh, r->entries, e->entity, strlen(e->entity), e);
}

/* Letters, digits and hyphens, as the tree makes them, and no more than fit. */
static bool is_entity(const char *s)
{
	size_t len = 0;

	while (isalnum((unsigned char)s[len]) || s[len] == '-')
		len++;
	return len && !s[len] && len < sizeof(((struct proc *)NULL)->entity_id);
}

/* One that there is no such role for would be taken for a root. */
static bool is_role(struct json_object *line)
{
	return !json_object_object_get_ex(line, "role", NULL) ||
	       state_number(line, "role", ROLE_MEMBER);
}

static enum state_found read_line(struct reader *r, struct json_object *line,
				  const char *data, const char *newline,
				  struct err *err)
{
	struct entry *ended;
	uint64_t serial;

	if (!r->headed)
		return read_head(r, line, err);
	if (json_object_object_get_ex(line, "log", NULL))
		return STATE_GOOD;
	serial = (uint64_t)state_number(line, "serial", INT64_MAX);
	if (serial) {
		if (serial > r->state->serial)
			r->state->serial = serial;
		return STATE_GOOD;
	}
	if (*text_of(line, "ended_entity")) {
		ended = find(r, text_of(line, "ended_entity"));
		if (ended)
			set_end(r, ended, true,
				(uint64_t)state_number(line, "ended_ms",
						       INT64_MAX));
		return STATE_GOOD;
	}
	if (!is_entity(text_of(line, "entity")) ||
	    !state_number(line, "pid", INT_MAX) || !is_role(line)) {
		err_set(err, 0, "has a line that tells of nobody");
		return STATE_BROKEN;
	}
	read_process(r, line, data, newline);
	return STATE_GOOD;
}

struct json_object *state_parse(struct json_tokener *tokener, const char *data,
				const char *newline)
{
	struct json_object *line = NULL;
	const char *end;

	json_tokener_reset(tokener);
	if (newline - data <= INT_MAX)
		line = json_tokener_parse_ex(tokener, data,
					     (int)(newline - data));
	end = data + (line ? json_tokener_get_parse_end(tokener) : 0);
	for (; line && end < newline; end++) {
		if (*end == ' ' || *end == '\t' || *end == '\r')
			continue;
		json_object_put(line);
		line = NULL;
	}
	return line;
}

/* A line without its end is what a crash left: it says nothing. */
static enum state_found read_lines(struct reader *r, const char *data,
				   size_t len, struct err *err)
{
	enum state_found ret = STATE_GOOD;
	const char *end = data + len, *newline;
	struct json_object *line;

	while (ret == STATE_GOOD && data < end &&
	       (newline = memchr(data, '\n', (size_t)(end - data)))) {
		line = state_parse(r->tokener, data, newline);
		if (line && json_object_is_type(line, json_type_object)) {
			ret = read_line(r, line, data, newline, err);
		} else {
			err_set(err, 0, "has a line that is no JSON object");
			ret = STATE_BROKEN;
		}
		json_object_put(line);
		data = newline + 1;
	}
	if (ret == STATE_GOOD && !r->headed) {
		err_set(err, 0, "is empty");
		return STATE_BROKEN;
	}
	return ret;
}

static enum state_found read_all(struct reader *r, const char *data, size_t len,
				 struct err *err)
{
	const char *end = data + len;
	const char *untold = state_untold(r->tokener, &r->log, data, end);
	enum state_found ret =
		read_lines(r, data, (size_t)(untold - data), err);

	if (ret == STATE_GOOD)
		r->state->untold = state_count(untold, end);
	return ret;
}

/* Most strings of most processes are empty. */
static const char nothing[] = "";

static const char *copy_text(const char *s)
{
	return *s ? copy(s) : nothing;
}

static void free_text(const char *s)
{
	if (s != nothing)
		free((char *)(uintptr_t)s);
}

static void add(struct reader *r, struct entry *e, const struct entry *parent)
{
	struct json_object *line = state_parse(r->tokener, e->line, e->end);
	struct state *state = r->state;
	struct saved *s = &state->list[state->n];

	state->parents[state->n] = parent ? parent->index - 1 : SIZE_MAX;
	e->index = ++state->n;
	s->entity = copy(e->entity);
	s->ended = e->ended;
	/* The types are those of the fields, which are not all the same. */
#define TEXT(name) s->name = copy_text(text_of(line, #name));
#define NUMBER(name, max) \
	s->name = (__typeof__(s->name))state_number(line, #name, max);
	FIELDS
#undef TEXT
#undef NUMBER
	s->ended_ms = is_recent(r, e) ? e->ended_ms : 0;
	json_object_put(line);
}

/* Those above it first; a chain of parents that closes is cut. */
static void add_with_ancestors(struct reader *r, struct entry *e)
{
	size_t depth = 0;

	for (struct entry *a = e; a && !a->needed; a = find(r, a->parent)) {
		a->needed = true;
		r->up[depth++] = a;
	}
	while (depth--) {
		struct entry *parent = find(r, r->up[depth]->parent);

		add(r, r->up[depth], parent && parent->index ? parent : NULL);
	}
}

static void list_all(struct reader *r)
{
	size_t n = HASH_COUNT(r->entries);
	struct state *state = r->state;

	state->list = calloc(n + 1, sizeof(*state->list));
	state->parents = calloc(n + 1, sizeof(*state->parents));
	r->up = calloc(n + 1, sizeof(struct entry *));
	if (!state->list || !state->parents || !r->up)
		abort();
	for (struct entry *e = r->entries; e; e = e->hh.next)
		if (!e->ended || is_recent(r, e))
			add_with_ancestors(r, e);
}

static void reader_free(struct reader *r)
{
	struct entry *e, *next;

	HASH_ITER(hh, r->entries, e, next) {
		HASH_DELETE(hh, r->entries, e);
		free(e->entity);
		free(e->parent);
		free(e);
	}
	free(r->up);
	json_tokener_free(r->tokener);
}

bool state_is_own(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* The whole file; only one that root alone can have written. */
static enum state_found read_file(struct buf *out, int dir_fd, const char *path,
				  struct err *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, logdir_name(path),
		       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 && errno == ENOENT)
		return STATE_NONE;
	if (fd < 0 || fstat(fd, &st)) {
		err_set(err, errno, "cannot be read");
		return STATE_BROKEN;
	}
	if (!S_ISREG(st.st_mode) || !state_is_own(&st) ||
	    st.st_size > MAX_FILE_BYTES) {
		err_set(err, 0, "may be another's work");
		return STATE_BROKEN;
	}
	if (!st.st_size)
		return STATE_NONE;	/* it was just made */
	buf_reserve(out, (size_t)st.st_size + 65536);
	while (n > 0) {
		n = read(fd, buf_reserve(out, 65536), 65536);
		out->len += n > 0 ? (size_t)n : 0;
	}
	if (!n)
		return STATE_GOOD;
	err_set(err, errno, "cannot be read");
	return STATE_BROKEN;
}

static void reader_begin(struct reader *r)
{
	r->tokener = json_tokener_new_ex(MAX_DEPTH);
	if (!r->tokener)
		abort();
}

enum state_found state_load(struct state *state, int dir_fd, const char *path,
			    const char *boot_id, const char *node,
			    const struct logfile_found *log, struct err *err)
{
	struct reader r = {
		.boot_id = boot_id,
		.node = node,
		.state = state,
	};
	_cleanup_buf_ struct buf file = BUF_INIT;
	enum state_found ret;

	if (log)
		r.log = *log;
	reader_begin(&r);
	*state = (struct state){ 0 };
	ret = read_file(&file, dir_fd, path, err);
	if (ret == STATE_GOOD)
		ret = read_all(&r, file.data, file.len, err);
	if (ret == STATE_GOOD)
		list_all(&r);
	else if (ret != STATE_NONE)
		err_wrap(err, "%s", path);
	reader_free(&r);
	return ret;
}

char *state_node(int dir_fd, const char *path, const char *boot_id)
{
	struct reader r = { .boot_id = boot_id };
	_cleanup_buf_ struct buf file = BUF_INIT;
	struct err err;

	if (read_file(&file, dir_fd, path, &err) != STATE_GOOD)
		return NULL;
	reader_begin(&r);
	/* Of the first line: what follows is read when it is needed. */
	read_lines(&r, file.data, first_line(&file), &err);
	reader_free(&r);
	return r.found;
}

void state_free(struct state *state)
{
	for (size_t i = 0; i < state->n; i++) {
		struct saved *s = &state->list[i];

		free_text(s->entity);
#define TEXT(name) free_text(s->name);
#define NUMBER(name, max)
		FIELDS
#undef TEXT
#undef NUMBER
	}
	free(state->list);
	free(state->parents);
	*state = (struct state){ 0 };
}
