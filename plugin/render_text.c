/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_text: a change as one line for tail -f.
 *
 *	TIME [NODE] CONTAINER ACTION PID what happened  # notes
 *
 * All that comes from outside is quoted as a shell would want it, so an
 * unquoted # begins the notes and nothing else can: no argument can pass
 * for a note. JSON has what is left out or cut short here.
 */
#include "sinks.h"

#include "safe.h"
#include "stamp.h"
#include "words.h"

#define MORE "…"
#define COMMAND_BYTES 512
#define WORD_BYTES 128
#define LABEL_COLUMNS 12
#define ACTION_COLUMNS 6
#define PID_COLUMNS 7
#define ENDING_COLUMNS 11
#define DURATION_COLUMNS 7

#define PLAIN "\033[0m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"

/* A line in the making */
struct line {
	struct buf *out;
	const struct change *c;
	bool colour;
	bool noted; /* the # is there */
};

static void paint(struct line *l, const char *sgr)
{
	if (l->colour)
		buf_puts(l->out, sgr);
}

static void pad(struct buf *out, size_t has, size_t columns)
{
	while (has++ < columns)
		buf_putc(out, ' ');
}

/* Pads what stands in out from there on: to the left if it is a number. */
static void align_right(struct buf *out, size_t from, size_t columns)
{
	size_t has = out->len - from;

	if (has >= columns)
		return;
	buf_reserve(out, columns - has);
	memmove(out->data + from + columns - has, out->data + from, has);
	memset(out->data + from, ' ', columns - has);
	out->len += columns - has;
}

static const struct image *image_of(const struct change *c)
{
	return c->image || !c->proc ? c->image : c->proc->image;
}

static void put_name(struct buf *out, const struct image *image)
{
	const char *name = words_program(image);

	if (*name)
		words_word(out, name, WORD_BYTES, MORE);
	else
		buf_putc(out, '?');
}

/* A space, unless there is one */
static void put_gap(struct line *l)
{
	if (l->out->data[l->out->len - 1] != ' ')
		buf_putc(l->out, ' ');
}

/* By the machinery that starts containers, not by what runs in them */
static bool is_machinery(const struct change *c)
{
	return c->proc && words_is_machinery(c->role);
}

/* What happened, by the kind of change */

static void tell_parent(struct line *l)
{
	const struct proc *parent = l->c->parent;

	if (!parent)
		return;
	buf_puts(l->out, "<- ");
	buf_puti(l->out, parent->pid);
	buf_putc(l->out, ' ');
	put_name(l->out, parent->image);
}

static void tell_command(struct line *l)
{
	const struct image *image = image_of(l->c);

	if (!image)
		return;
	if (!image->args)
		put_name(l->out, image);
	else if (is_machinery(l->c))
		words_invocation(l->out, image, COMMAND_BYTES, MORE);
	else
		words_command(l->out, image, COMMAND_BYTES, MORE);
}

static void put_ending(struct line *l, uint64_t start_ms, uint64_t end_ms)
{
	const struct proc *proc = l->c->proc;
	struct buf *out = l->out;
	size_t from;

	if (!is_machinery(l->c))
		paint(l, words_ending_colour(proc->reason, proc->exit_code));
	from = out->len;
	words_ending(out, proc);
	pad(out, out->len - from, ENDING_COLUMNS);
	if (!is_machinery(l->c))
		paint(l, PLAIN);
	buf_putc(out, ' ');
	from = out->len;
	if (start_ms && end_ms >= start_ms)
		words_duration(out, end_ms - start_ms);
	else
		buf_putc(out, '-');
	align_right(out, from, DURATION_COLUMNS);
}

static void tell_end(struct line *l)
{
	const struct proc *proc = l->c->proc;

	if (!proc)
		return;
	put_ending(l, proc->start_ms, proc->end_ms);
	buf_puts(l->out, "  ");
	put_name(l->out, image_of(l->c));
}

/* key=value, where there is a value */
static void put_pair(struct line *l, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	put_gap(l);
	buf_puts(l->out, key);
	words_word(l->out, value, WORD_BYTES, MORE);
}

/* Its id behind gap, unless that is what stands in the container's column */
static void put_id(struct line *l, const char *gap)
{
	const struct container *container = l->c->container;
	_cleanup_buf_ struct buf id = BUF_INIT;

	words_id(&id, container->id, MORE);
	if ((!container->names.name || !*container->names.name) &&
	    id.len <= LABEL_COLUMNS)
		return;
	buf_puts(l->out, gap);
	buf_puts(l->out, "id=");
	buf_put(l->out, id.data, id.len);
}

static void tell_start(struct line *l)
{
	const struct container *container = l->c->container;

	if (!container)
		return;
	put_id(l, "");
	put_pair(l, "image=", container->names.image_name);
	put_pair(l, "tag=", container->names.image_tag);
	put_pair(l, "pod=", container->names.pod_name);
	put_pair(l, "pod-namespace=", container->names.pod_ns);
	put_pair(l, "runtime=", container->runtime);
	put_pair(l, "namespace=", container->ns);
}

static void tell_stop(struct line *l)
{
	const struct container *container = l->c->container;

	if (l->c->proc)
		put_ending(l, container ? container->start_ms : 0,
			   container ? container->stop_ms : 0);
	if (container)
		put_id(l, l->c->proc ? "  " : "");
}

static void tell_activity(struct line *l)
{
	const struct change *c = l->c;

	words_word(l->out, c->record ? c->record : "?", WORD_BYTES, MORE);
	if (c->syscall) {
		buf_putc(l->out, ' ');
		words_word(l->out, c->syscall, WORD_BYTES, MORE);
	}
	if (c->outcome == 0) {
		paint(l, YELLOW);
		buf_puts(l->out, " failed");
		paint(l, PLAIN);
	}
	if (image_of(c)) {
		buf_puts(l->out, " by ");
		put_name(l->out, image_of(c));
	}
}

static void tell_lost(struct line *l)
{
	buf_putu(l->out, l->c->lost);
	buf_putc(l->out, ' ');
	buf_puts(l->out, l->c->lost_what);	/* our own words */
}

/* What is out of the ordinary, behind the # */

static void put_note(struct line *l, const char *key)
{
	if (!l->noted) {
		put_gap(l);
		buf_putc(l->out, ' ');
		paint(l, DIM);
		buf_putc(l->out, '#');
	}
	l->noted = true;
	buf_putc(l->out, ' ');
	buf_puts(l->out, key);
}

static void note_role(struct line *l)
{
	if (l->c->role == ROLE_MEMBER)
		return;
	put_note(l, role_name(l->c->role));
}

static void note_vpid(struct line *l)
{
	const struct change *c = l->c;

	if (c->vpid <= 0 || (c->proc && c->vpid == c->proc->pid))
		return;
	put_note(l, "vpid=");
	buf_puti(l->out, c->vpid);
	if (!c->proc)
		put_note(l, "never-heard");
}

/* argv[0] is the caller's choice, exe is the kernel's word */
static void note_exe(struct line *l)
{
	const struct image *image = image_of(l->c);
	const char *said, *name;

	if (!image || !image->args || !image->args_count ||
	    !*image->program->exe)
		return;
	said = words_basename(image->args);
	said += *said == '-'; /* a login shell */
	name = words_basename(image->program->exe);
	if (!*name || !strcmp(said, name))
		return;
	put_note(l, "exe=");
	words_word(l->out, image->program->exe, WORD_BYTES, MORE);
}

static void note_user(struct line *l)
{
	const struct cred *cred = l->c->proc ? l->c->proc->cred : NULL;

	if (!cred || !cred->uid || cred->uid == ID_UNSET)
		return;
	put_note(l, "user=");
	if (*cred->user)
		words_word(l->out, cred->user, WORD_BYTES, MORE);
	else
		buf_putu(l->out, cred->uid);
}

static void note_key(struct line *l)
{
	if (!l->c->key || !*l->c->key)
		return;
	put_note(l, "key=");
	words_word(l->out, l->c->key, WORD_BYTES, MORE);
}

static void note_source(struct line *l)
{
	/* The kernel's own word is nothing out of the ordinary. */
	if (l->c->source == SOURCE_AUDIT || l->c->source == SOURCE_WITNESS)
		return;
	put_note(l, source_name(l->c->source));
}

typedef void part_fn(struct line *l);

#define NOTES static part_fn *const

NOTES start_notes[] = { note_user, note_source, NULL };
NOTES stop_notes[] = { note_source, NULL };
NOTES fork_notes[] = { note_role, note_vpid, note_user, note_source, NULL };
NOTES exec_notes[] = { note_role, note_exe, note_user, note_source, NULL };
NOTES end_notes[] = { note_role, note_source, NULL };
NOTES audit_notes[] = { note_role, note_user, note_key, note_source, NULL };
NOTES census_notes[] = { note_role, note_vpid, note_exe, note_user, NULL };
NOTES lost_notes[] = { NULL };

/* How each kind of change reads */
static const struct kind {
	const char *action;
	const char *sgr;
	part_fn *tell;
	part_fn *const *notes;
} kinds[] = {
	[CHANGE_CONTAINER_START] = { "start", GREEN, tell_start, start_notes },
	[CHANGE_CONTAINER_STOP] = { "stop", BOLD, tell_stop, stop_notes },
	[CHANGE_FORK] = { "fork", DIM, tell_parent, fork_notes },
	[CHANGE_EXEC] = { "exec", CYAN, tell_command, exec_notes },
	[CHANGE_END] = { "end", "", tell_end, end_notes },
	[CHANGE_ACTIVITY] = { "audit", YELLOW, tell_activity, audit_notes },
	[CHANGE_CENSUS] = { "census", DIM, tell_command, census_notes },
	[CHANGE_LOST] = { "lost", RED, tell_lost, lost_notes },
};

static void put_when(struct line *l)
{
	char text[STAMP_BYTES];

	stamp(text, l->c->time_ms, ' ');
	paint(l, DIM);
	buf_put(l->out, text, STAMP_DATE_BYTES);
	paint(l, PLAIN);
	buf_put(l->out, text + STAMP_DATE_BYTES,
		STAMP_BYTES - STAMP_DATE_BYTES);
	buf_putc(l->out, ' ');
}

static void put_where(struct line *l)
{
	const struct change *c = l->c;
	size_t columns;

	if (c->node && *c->node) {
		columns = words_label(l->out, c->node, WORD_BYTES, MORE);
		pad(l->out, columns, LABEL_COLUMNS);
		buf_putc(l->out, ' ');
	}
	columns = words_container(l->out, c->container, LABEL_COLUMNS, MORE);
	pad(l->out, columns, LABEL_COLUMNS);
	buf_putc(l->out, ' ');
}

static void put_who(struct line *l, const struct kind *kind)
{
	size_t from;

	paint(l, is_machinery(l->c) ? DIM : kind->sgr);
	buf_puts(l->out, kind->action);
	if (!is_machinery(l->c))
		paint(l, PLAIN);
	pad(l->out, strlen(kind->action), ACTION_COLUMNS);
	buf_putc(l->out, ' ');
	from = l->out->len;
	if (l->c->proc)
		buf_puti(l->out, l->c->proc->pid);
	else
		buf_putc(l->out, '-');
	align_right(l->out, from, PID_COLUMNS);
	buf_putc(l->out, ' ');
}

void render_text(struct buf *out, const struct change *c, bool colour)
{
	struct line l = { .out = out, .c = c, .colour = colour };
	const struct kind *kind = &kinds[c->kind];
	part_fn *const *note;

	put_when(&l);
	put_where(&l);
	put_who(&l, kind);
	kind->tell(&l);
	for (note = kind->notes; *note; note++)
		(*note)(&l);
	paint(&l, PLAIN);
	buf_putc(out, '\n');
}
