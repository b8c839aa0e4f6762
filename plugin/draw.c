/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw: collects what changes say of each process. How it looks is in
 * draw_print.c.
 */
#include "draw.h"

#include <langinfo.h>
#include <stdlib.h>
#include <wchar.h>

#include "draw_int.h"
#include "safe.h"
#include "words.h"

#define COMMAND_BYTES 256
#define NAME_BYTES 64
#define LABEL_COLUMNS 24

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static const char *more(const struct draw *d)
{
	/* Not bare dots, which a word may be. */
	return d->ascii ? "[...]" : "…";
}

/*
 * Whether libsmartcols can tell how wide it is: characters that the locale
 * does not know make it miscount, and loop for ever in the C locale.
 */
static bool is_measurable(const struct draw *d, const char *s)
{
	mbstate_t state = { 0 };
	const char *rest = s;
	wchar_t wide[512];
	size_t n;

	if (d->ascii)
		return false;
	n = mbsrtowcs(wide, &rest, 512, &state);
	return n < 512 && wcswidth(wide, n) >= 0;
}

/* Hands out what is in scratch as a string of its own, fit for a cell. */
static char *take_text(struct draw *d)
{
	struct buf ascii = BUF_INIT;

	buf_putc(&d->scratch, '\0');
	if (!is_measurable(d, d->scratch.data)) {
		safe_ascii(&ascii, d->scratch.data, d->scratch.len);
		buf_free(&d->scratch);
		d->scratch = ascii;
	}
	return need(strdup(d->scratch.data));
}

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

struct draw *draw_new(void)
{
	struct draw *d = need(calloc(1, sizeof(*d)));

	d->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	return d;
}

static void free_drawn(struct drawn *p)
{
	free(p->node);
	free(p->first_command);
	free(p->command);
	free(p->ending);
	free(p);
}

void draw_free(struct draw *d)
{
	struct place *place, *next;
	size_t i;

	if (!d)
		return;
	HASH_CLEAR(hh, d->by_id);
	for (i = 0; i < d->count; i++)
		free_drawn(d->all[i]);
	free(d->all);
	HASH_ITER(hh, d->places, place, next) {
		HASH_DEL(d->places, place);
		free(place->id);
		free(place->label);
		free(place);
	}
	buf_free(&d->scratch);
	free(d);
}

/* The container's line in the column; a name learned later replaces the id. */
static struct place *find_place(struct draw *d, const struct container *c)
{
	bool named = c->names.name && *c->names.name;
	struct place *place;

	HASH_FIND_STR(d->places, c->id, place);
	if (place && (place->named || !named))
		return place;
	if (!place) {
		place = need(calloc(1, sizeof(*place)));
		place->id = need(strdup(c->id));
		HASH_ADD_KEYPTR(hh, d->places, place->id, strlen(place->id),
				place);
	}
	buf_clear(&d->scratch);
	words_container(&d->scratch, c, LABEL_COLUMNS, more(d));
	replace(&place->label, take_text(d));
	place->named = named;
	return place;
}

/* A new one, or NULL where there are too many. */
static struct drawn *add(struct draw *d, const char *node)
{
	struct drawn *p;

	if (d->count == DRAW_PROCESSES) {
		d->unkept++;
		return NULL;
	}
	if (d->count == d->size) {
		d->size = d->size ? d->size * 2 : 256;
		d->all = need(reallocarray(d->all, d->size, sizeof(*d->all)));
	}
	p = need(calloc(1, sizeof(*p)));
	p->order = d->count;
	d->all[d->count++] = p;
	buf_clear(&d->scratch);
	words_label(&d->scratch, node, NAME_BYTES, more(d));
	p->node = take_text(d);
	return p;
}

static char *say_command(struct draw *d, const struct drawn *p,
			 const struct image *image)
{
	buf_clear(&d->scratch);
	if (!p->execed || !image->args) {
		buf_putc(&d->scratch, '(');
		words_word(&d->scratch, words_program(image), NAME_BYTES,
			   more(d));
		buf_putc(&d->scratch, ')');
	} else if (words_is_machinery(p->role)) {
		words_invocation(&d->scratch, image, COMMAND_BYTES, more(d));
	} else {
		words_command(&d->scratch, image, COMMAND_BYTES, more(d));
	}
	return take_text(d);
}

/* A process may execute one program after another: keeps first and last. */
static void note_exec(struct draw *d, struct drawn *p,
		      const struct image *image)
{
	char *command;

	p->execed = true;
	command = say_command(d, p, image);
	if (p->execs && p->command && strcmp(p->command, command)) {
		p->execs++;
		if (!p->first_command)
			p->first_command = need(strdup(p->command));
	} else if (!p->execs) {
		p->execs = 1;
	}
	replace(&p->command, command);
}

/* All that is known of the process now, but for its parent */
static void set_facts(struct draw *d, struct drawn *p, const struct proc *proc,
		      const struct image *image)
{
	p->pid = proc->pid;
	p->vpid = proc->vpid;
	p->role = proc->role;
	p->start_ms = proc->start_ms;
	p->reason = proc->reason;
	p->exit_code = proc->exit_code;
	if (proc->container)
		p->place = find_place(d, proc->container);
	if (!p->execs)
		replace(&p->command, say_command(d, p, image));
	buf_clear(&d->scratch);
	words_ending(&d->scratch, proc);
	replace(&p->ending, take_text(d));
}

static struct drawn *find(struct draw *d, const struct proc *proc)
{
	struct drawn *p;

	HASH_FIND_STR(d->by_id, proc->entity_id, p);
	return p;
}

static struct drawn *add_proc(struct draw *d, const struct proc *proc,
			      const char *node)
{
	struct drawn *p = add(d, node);

	if (!p)
		return NULL;
	memcpy(p->entity_id, proc->entity_id, sizeof(p->entity_id));
	HASH_ADD_STR(d->by_id, entity_id, p);
	return p;
}

/*
 * The process as drawn, and all its ancestors that were not there yet: a
 * root, say, that has no change of its own.
 */
static struct drawn *find_or_add(struct draw *d, const struct proc *proc,
				 const char *node)
{
	struct drawn *top = NULL, *below = NULL, *p;

	for (; proc; proc = proc->parent) {
		p = find(d, proc);
		if (below && p)
			below->parent = p;
		if (p)
			return top ? top : p;
		p = add_proc(d, proc, node);
		if (!p)
			return top;
		if (below)
			below->parent = p;
		if (!top)
			top = p;
		p->execed = !proc->parent || proc->image != proc->parent->image;
		set_facts(d, p, proc, proc->image);
		below = p;
	}
	return top;
}

/* A parent is corrected; one that is itself below p is not believed. */
static void set_parent(struct drawn *p, struct drawn *parent)
{
	struct drawn *up;

	if (p->parent == parent)
		return;
	for (up = parent; up; up = up->parent)
		if (up == p)
			return;
	p->parent = parent;
}

/* Its parent said it was born, and nothing more was heard. */
static void add_silent(struct draw *d, const struct change *c)
{
	struct drawn *parent, *p;

	parent = c->parent ? find_or_add(d, c->parent, c->node) : NULL;
	if (!parent)
		return;
	p = add(d, c->node);
	if (!p)
		return;
	p->parent = parent;
	p->silent = true;
	p->vpid = c->vpid;
	p->role = c->role;
	p->start_ms = c->time_ms;
	p->reason = EXIT_UNKNOWN;
	if (c->container)
		p->place = find_place(d, c->container);
	p->command = need(strdup("(never heard)"));
	p->ending = need(strdup("unknown"));
}

void draw_change(void *draw, const struct change *c)
{
	bool names_parent = c->kind == CHANGE_FORK || c->kind == CHANGE_CENSUS;
	struct draw *d = draw;
	struct drawn *p, *parent;
	const struct image *image;
	bool is_new;

	if (!c->proc) {
		if (c->kind == CHANGE_FORK)
			add_silent(d, c);
		return;
	}
	is_new = !find(d, c->proc);
	p = find_or_add(d, c->proc, c->node);
	if (!p)
		return;
	if (is_new)
		p->execed = false;
	if (c->kind == CHANGE_CENSUS || !c->parent)
		p->execed = true;
	image = c->image ? c->image : c->proc->image;
	set_facts(d, p, c->proc, image);
	if (c->kind == CHANGE_EXEC)
		note_exec(d, p, image);
	if (names_parent && c->parent) {
		parent = find_or_add(d, c->parent, c->node);
		if (parent)
			set_parent(p, parent);
	}
}
