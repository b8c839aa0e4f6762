/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "template.h"

#include <ctype.h>
#include <err.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MARKS 64
#define MARK_SIZE (2 * TEMPLATE_ID_CHARS + 1)
#define BUNDLES "files/run/containerd/io.containerd.runtime.v2.task/*/*"

/* What a container is called, as it stands in records. */
struct mark {
	enum piece_kind kind;
	uint32_t value;
	size_t len;
	char text[MARK_SIZE];
};

struct reader {
	struct template *t;
	uint64_t first_ms;
	uint64_t due_ms;
	const char *text;	/* of the line: not in a piece yet */
	size_t n_marks;
	struct mark marks[MAX_MARKS];
};

static void *grown(void *array, size_t n, size_t size)
{
	/* doubles at each power of two */
	if (n & (n - 1))
		return array;
	array = reallocarray(array, n ? 2 * n : 1, size);
	if (!array)
		err(EXIT_FAILURE, "no memory");
	return array;
}

static char *read_file(const char *dir, const char *name)
{
	char *path, *text = NULL;
	size_t len = 0;
	FILE *file;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		err(EXIT_FAILURE, "no memory");
	file = fopen(path, "r");
	if (file) {
		/* no NUL is in a log */
		if (getdelim(&text, &len, '\0', file) < 0)
			errx(EXIT_FAILURE, "%s: nothing to read", path);
		fclose(file);
	}
	free(path);
	return text;
}

/* --- what containers are called */

static void add_mark(struct reader *r, enum piece_kind kind, const char *text,
		     size_t len)
{
	struct mark *m;

	if (r->n_marks + 2 > MAX_MARKS)
		errx(EXIT_FAILURE, "%s: too many containers", r->t->name);
	m = &r->marks[r->n_marks++];
	*m = (struct mark){ kind, (uint32_t)r->n_marks, len, "" };
	memcpy(m->text, text, len);
	/* and as it is in arguments that audit writes as hex */
	m[1] = (struct mark){ kind + 1, m->value, 2 * len, "" };
	for (size_t i = 0; i < len; i++)
		sprintf(m[1].text + 2 * i, "%02X", (unsigned char)text[i]);
	r->n_marks++;
}

/* "-28761" in "pod-28761-app"; it is in other names of the recording, too. */
static void add_tag(struct reader *r, const char *name)
{
	const char *dash;

	for (dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
		size_t len = 1 + strspn(dash + 1, "0123456789");

		if (len == 6)
			add_mark(r, PIECE_TAG, dash, len);
	}
}

static void find_marks(struct reader *r, const char *dir)
{
	char *pattern;
	glob_t found;

	if (asprintf(&pattern, "%s/%s", dir, BUNDLES) < 0)
		err(EXIT_FAILURE, "no memory");
	if (!glob(pattern, 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *name = strrchr(found.gl_pathv[i], '/') + 1;

			if (strspn(name, "0123456789abcdef") == 64)
				add_mark(r, PIECE_ID, name, TEMPLATE_ID_CHARS);
			else if (!r->n_marks)
				add_tag(r, name);
		}
		globfree(&found);
	}
	free(pattern);
}

/* --- lines */

static void add_piece(struct line *l, struct piece p)
{
	l->pieces = grown(l->pieces, l->n_pieces, sizeof(p));
	l->pieces[l->n_pieces++] = p;
}

/* All up to at is text; what stands there is of that kind, and len long. */
static const char *cut(struct reader *r, struct line *l, const char *at,
		       enum piece_kind kind, uint32_t value, size_t len)
{
	if (at > r->text)
		add_piece(l,
			  (struct piece){ PIECE_TEXT, (uint32_t)(at - r->text),
					  0, r->text });
	if (len)
		add_piece(l, (struct piece){ kind, 0, value, NULL });
	r->text = at + len;
	return r->text;
}

static const struct mark *mark_at(const struct reader *r, const char *at,
				  const char *end)
{
	for (size_t i = 0; i < r->n_marks; i++) {
		const struct mark *m = &r->marks[i];

		if ((size_t)(end - at) >= m->len &&
		    !memcmp(at, m->text, m->len))
			return m;
	}
	return NULL;
}

/* The field's value, or NULL; name is with its blank and its '='. */
static const char *field(const char *from, const char *end, const char *name)
{
	const char *at = memmem(from, (size_t)(end - from), name, strlen(name));

	return at ? at + strlen(name) : NULL;
}

static uint32_t number(const char *from, const char *end, const char *name)
{
	const char *at = field(from, end, name);

	return at ? (uint32_t)strtoul(at, NULL, 10) : 0;
}

static bool makes_child(int nr)
{
	return nr == 56 || nr == 57 || nr == 58 || nr == 435;
}

static void read_syscall(struct event *e, const char *from, const char *end)
{
	e->pid = (pid_t)number(from, end, " pid=");
	e->ppid = (pid_t)number(from, end, " ppid=");
	e->syscall = -1;
	if (field(from, end, " syscall=") && !field(from, end, " success=no"))
		e->syscall = (int)number(from, end, " syscall=");
}

/* The line's event, which may have begun before others that end later. */
static uint32_t event_of(struct reader *r, uint64_t ms, uint64_t serial)
{
	struct template *t = r->t;

	for (uint32_t i = t->n_events; i > 0; i--)
		if (t->events[i - 1].serial == serial &&
		    t->events[i - 1].ms == ms)
			return i - 1;
	t->events = grown(t->events, t->n_events, sizeof(*t->events));
	t->events[t->n_events] = (struct event){
		.ms = ms, .serial = serial, .syscall = -1, .line = t->n_lines
	};
	return t->n_events++;
}

static const char *read_stamp(struct reader *r, struct line *l, const char *end)
{
	uint64_t sec, ms, serial;
	const char *at = field(r->text, end, "audit(");
	int len = 0;

	if (!at || sscanf(at, "%" SCNu64 ".%3" SCNu64 ":%" SCNu64 "%n", &sec,
			  &ms, &serial, &len) != 3)
		errx(EXIT_FAILURE, "%s: no stamp: %.80s", r->t->name, r->text);
	ms += 1000 * sec;
	if (!r->first_ms)
		r->first_ms = ms;
	ms = ms > r->first_ms ? ms - r->first_ms : 0;
	if (ms > r->due_ms)
		r->due_ms = ms;
	l->due_ms = r->due_ms;
	l->event = event_of(r, ms, serial);
	return cut(r, l, at, PIECE_STAMP, 0, (size_t)len);
}

static size_t digits(const char *at)
{
	return strspn(at, "0123456789");
}

static void read_body(struct reader *r, struct line *l, const char *at,
		      const char *end)
{
	struct event *e = &r->t->events[l->event];
	const struct mark *m;
	const char *to;

	if (e->line == r->t->n_lines)
		read_syscall(e, at, end);
	while (at < end) {
		m = mark_at(r, at, end);
		if (m) {
			at = cut(r, l, at, m->kind, m->value, m->len);
			continue;
		}
		to = at;
		if (!strncmp(at, " pid=", 5))
			to = at + 5;
		else if (!strncmp(at, " ppid=", 6))
			to = at + 6;
		else if (!strncmp(at, " exit=", 6) && makes_child(e->syscall))
			to = at + 6;
		if (to > at && digits(to))
			at = cut(r, l, to, PIECE_PID,
				 (uint32_t)strtoul(to, NULL, 10), digits(to));
		else
			at++;
	}
	cut(r, l, end, PIECE_TEXT, 0, 0);
}

static void read_line(struct reader *r, const char *end)
{
	struct template *t = r->t;
	struct line *l;

	t->lines = grown(t->lines, t->n_lines, sizeof(*l));
	l = &t->lines[t->n_lines];
	*l = (struct line){ 0 };
	read_body(r, l, read_stamp(r, l, end), end);
	t->n_lines++;
}

/* --- pids */

static pid_t last_before(const char *dir)
{
	char *text = read_file(dir, "proc.jsonl");
	pid_t last = 0, pid;

	for (char *at = text; at && (at = strstr(at, "{\"pid\": ")); at++) {
		pid = atoi(at + 8);
		if (pid > last)
			last = pid;
	}
	free(text);
	return last;
}

/*
 * Whoever came after those that were there before is new in each repetition,
 * from the first who speaks on. A call's result below that is no host's pid.
 */
static void sort_pids(struct template *t, pid_t before)
{
	for (uint32_t i = 0; i < t->n_events; i++) {
		pid_t pid = t->events[i].pid;

		if (pid > before && (!t->low || pid < t->low))
			t->low = pid;
	}
	for (uint32_t i = 0; i < t->n_lines; i++) {
		struct line *l = &t->lines[i];

		for (uint32_t j = 0; j < l->n_pieces; j++) {
			struct piece *p = &l->pieces[j];
			struct piece *text = p - 1;

			if (p->kind != PIECE_PID)
				continue;
			if ((pid_t)p->value > t->high)
				t->high = (pid_t)p->value;
			if ((pid_t)p->value < t->low && text->len > 6 &&
			    !memcmp(text->text + text->len - 6, " exit=", 6)) {
				p->kind = PIECE_LOCAL;
				t->events[l->event].local = p->value;
			}
		}
	}
}

void template_read(struct template *t, const char *dir)
{
	struct reader r = { .t = t };
	const char *slash = strrchr(dir, '/');
	char *end;

	*t = (struct template){ .name = strdup(slash ? slash + 1 : dir) };
	if (!t->name)
		err(EXIT_FAILURE, "no memory");
	t->text = read_file(dir, "audit.log");
	if (!t->text)
		err(EXIT_FAILURE, "%s/audit.log", dir);
	find_marks(&r, dir);
	for (r.text = t->text; (end = strchr(r.text, '\n')); r.text = end + 1)
		read_line(&r, end);
	sort_pids(t, last_before(dir));
}

void template_free(struct template *t)
{
	for (uint32_t i = 0; i < t->n_lines; i++)
		free(t->lines[i].pieces);
	free(t->lines);
	free(t->events);
	free(t->text);
	free(t->name);
}
