/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw_print: the collected processes as a table with a tree in it. Links
 * children to parents in order of birth, then walks without recursion.
 * libsmartcols does recurse, as deep as DRAW_DEPTH.
 */
#include <libsmartcols.h>
#include <stdlib.h>

#include "draw_int.h"
#include "words.h"

#define DIM "\033[2m"

/* The tree last: command lines are of any length. */
enum {
	COL_PID,
	COL_VPID,
	COL_CONTAINER,
	COL_ROLE,
	COL_END,
	COL_COMMAND,
};

static const struct column {
	const char *name;
	int flags;
} columns[] = {
	[COL_PID] = { "PID", SCOLS_FL_RIGHT },
	[COL_VPID] = { "VPID", SCOLS_FL_RIGHT },
	[COL_CONTAINER] = { "CONTAINER", 0 },
	[COL_ROLE] = { "ROLE", 0 },
	[COL_END] = { "END", 0 },
	[COL_COMMAND] = { "COMMAND", SCOLS_FL_TREE | SCOLS_FL_TRUNC },
};

static struct libscols_table *new_table(const struct draw *d, FILE *to,
					bool colour, size_t width)
{
	struct libscols_table *table = scols_new_table();
	size_t i;

	if (!table)
		abort();
	scols_table_set_stream(table, to);
	/* Cells are safe, and its own escapes would escape ours again. */
	scols_table_enable_noencoding(table, 1);
	scols_table_enable_ascii(table, d->ascii);
	scols_table_enable_colors(table, colour);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	if (width) {
		scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table, width);
	}
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (!scols_table_new_column(table, columns[i].name, 0,
					    columns[i].flags))
			abort();
	return table;
}

static void set_cell(struct libscols_line *line, size_t column,
		     const char *text)
{
	if (scols_line_set_data(line, column, text))
		abort();
}

static void set_number(struct libscols_line *line, size_t column, pid_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)n);
	set_cell(line, column, n > 0 ? text : "-");
}

static struct libscols_line *new_line(struct libscols_table *table,
				      struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(table, parent);

	if (!line)
		abort();
	return line;
}

/* Colours only where something is out of the ordinary */
static void colour_line(struct libscols_line *line, const struct drawn *p)
{
	const char *end = words_ending_colour(p->reason, p->exit_code);

	if (p->silent || words_is_machinery(p->role))
		scols_line_set_color(line, DIM);
	else if (*end)
		scols_cell_set_color(scols_line_get_cell(line, COL_END), end);
}

/* "first -> last", where it executed several */
static void set_command(struct libscols_line *line, const struct drawn *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (p->depth >= DRAW_DEPTH)
		buf_printf(&text, "(level %zu) ", p->depth + 1);
	if (p->first_command) {
		buf_puts(&text, p->first_command);
		buf_puts(&text, p->execs > 2 ? " -> ... -> " : " -> ");
	}
	buf_puts(&text, p->command);
	buf_putc(&text, '\0');
	set_cell(line, COL_COMMAND, text.data);
}

/* Under its parent's line, or under top (which may be NULL) if a root */
static void draw_line(struct libscols_table *table, struct drawn *p,
		      struct libscols_line *top)
{
	struct libscols_line *line;

	p->depth = p->parent ? p->parent->depth + 1 : 0;
	line = new_line(table, p->parent ? p->parent->line : top);
	if (p->parent && p->depth >= DRAW_DEPTH - 1)
		p->line = p->parent->line;
	else
		p->line = line;
	set_command(line, p);
	set_number(line, COL_PID, p->pid);
	set_number(line, COL_VPID, p->vpid);
	set_cell(line, COL_CONTAINER, p->place ? p->place->label : "-");
	set_cell(line, COL_ROLE, role_name(p->role));
	set_cell(line, COL_END, p->ending);
	colour_line(line, p);
}

static int by_birth(const void *left, const void *right)
{
	const struct drawn *a = *(struct drawn *const *)left;
	const struct drawn *b = *(struct drawn *const *)right;
	int nodes = strcmp(a->node, b->node);

	if (nodes)
		return nodes;
	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void link_children(struct drawn **all, size_t count)
{
	struct drawn *p, *parent;
	size_t i;

	for (i = 0; i < count; i++)
		all[i]->first = all[i]->last = all[i]->next = NULL;
	for (i = 0; i < count; i++) {
		p = all[i];
		parent = p->parent;
		if (!parent)
			continue;
		if (parent->last)
			parent->last->next = p;
		else
			parent->first = p;
		parent->last = p;
	}
}

/* The one after p, parents before their children; NULL after the last. */
static struct drawn *next_below(const struct drawn *root, struct drawn *p)
{
	if (p->first)
		return p->first;
	while (p != root && !p->next)
		p = p->parent;
	return p == root ? NULL : p->next;
}

static void draw_roots(struct libscols_table *table, struct drawn **all,
		       size_t count)
{
	bool nodes = strcmp(all[0]->node, all[count - 1]->node) != 0;
	struct libscols_line *top = NULL;
	struct drawn *p;
	size_t i;

	for (i = 0; i < count; i++) {
		if (nodes && (!i || strcmp(all[i]->node, all[i - 1]->node))) {
			top = new_line(table, NULL);
			set_cell(top, COL_COMMAND, all[i]->node);
		}
		if (all[i]->parent)
			continue;
		for (p = all[i]; p; p = next_below(all[i], p))
			draw_line(table, p, top);
	}
}

void draw_print(struct draw *d, FILE *to, bool colour, size_t width)
{
	struct libscols_table *table;
	struct drawn **sorted;

	if (!d->count)
		return;
	sorted = calloc(d->count, sizeof(struct drawn *));
	if (!sorted)
		abort();
	memcpy(sorted, d->all, d->count * sizeof(struct drawn *));
	qsort(sorted, d->count, sizeof(struct drawn *), by_birth);
	link_children(sorted, d->count);
	table = new_table(d, to, colour, width);
	draw_roots(table, sorted, d->count);
	scols_print_table(table);
	scols_unref_table(table);
	free(sorted);
	if (d->unkept)
		fprintf(to, "%ju more not drawn\n", (uintmax_t)d->unkept);
}
