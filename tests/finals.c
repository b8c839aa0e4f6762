/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finals.h"

#include <check.h>
#include <stdlib.h>

#include "tree_int.h"

void finals_ignore(void *ctx, const struct change *c)
{
	(void)ctx;
	(void)c;
}

static void put_image(struct buf *line, const struct image *i)
{
	buf_printf(line, " comm=%s exe=%s args=", i->program->comm,
		   i->program->exe);
	for (size_t at = 0; at < i->args_bytes; at++)
		buf_putc(line, i->args[at] ? i->args[at] : ' ');
}

void finals_add(void *ctx, const struct change *c)
{
	const struct proc *p = c->proc;
	struct finals *r = ctx;
	struct buf *line;

	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->lines = reallocarray(r->lines, r->size, sizeof(r->lines[0]));
		if (!r->lines)
			abort();
	}
	line = &r->lines[r->n++];
	memset(line, 0, sizeof(*line));
	buf_printf(line, "pid=%d vpid=%d ppid=%d parent=%d role=%s source=%s",
		   p->pid, p->vpid, p->ppid, p->parent ? p->parent->pid : 0,
		   role_name(p->role), source_name(p->source));
	/* What was told of it is not the last word, but stays as it was. */
	buf_printf(line, " birth=%llu end=%llu reason=%s code=%d uid=%u",
		   (unsigned long long)p->priv->birth_at,
		   (unsigned long long)p->end_ms, exit_reason_name(p->reason),
		   p->exit_code, p->cred->uid);
	buf_printf(line, " container=%s entry=%d",
		   p->container ? p->container->id : "-",
		   p->entry ? p->entry->pid : 0);
	put_image(line, p->image);
	buf_putc(line, '\0');
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct buf *)a)->data,
		      ((const struct buf *)b)->data);
}

void finals_sort(struct finals *f)
{
	qsort(f->lines, f->n, sizeof(f->lines[0]), by_text);
}

void finals_free(struct finals *f)
{
	for (size_t i = 0; i < f->n; i++)
		buf_free(&f->lines[i]);
	free(f->lines);
	*f = (struct finals){ 0 };
}

void finals_compare(const struct finals *want, const struct finals *got,
		    const char *path, uint64_t seed)
{
	for (size_t i = 0; i < want->n && i < got->n; i++)
		ck_assert_msg(!by_text(&want->lines[i], &got->lines[i]),
			      "%s, seed %llu:\nwant %s\n got %s", path,
			      (unsigned long long)seed, want->lines[i].data,
			      got->lines[i].data);
	ck_assert_msg(want->n == got->n, "%s, seed %llu: %zu records, not %zu",
		      path, (unsigned long long)seed, got->n, want->n);
}
