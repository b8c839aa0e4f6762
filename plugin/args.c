/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "args.h"

#include <stdlib.h>

#include "field.h"

/* Whether it is what must come next: else a field before it was lost. */
static bool is_next(const struct args *args, unsigned long index,
		    unsigned long piece)
{
	if (piece)
		return args->count && index == args->index &&
		       piece == args->piece + 1;
	return index == args->count;
}

void args_add(struct args *args, struct buf *to, const char *name,
	      const char *raw)
{
	char *rest;
	unsigned long index = strtoul(name + 1, &rest, 10);
	unsigned long piece = *rest == '[' ? strtoul(rest + 1, NULL, 10) : 0;
	size_t bytes = to->len - args->from;

	if (rest == name + 1 || (*rest && *rest != '[') || args->full)
		return;
	if (!is_next(args, index, piece) ||
	    (!piece && bytes >= args->max_bytes)) {
		args->full = true;
		return;
	}
	if (piece)
		to->len--;	/* the NUL */
	else
		args->count++;
	args->index = index;
	args->piece = piece;
	field_string(to, raw);
	if (to->len - args->from >= args->max_bytes) {
		to->len = args->from + args->max_bytes - 1;
		args->full = true;
		/* One cut to nothing would look like an empty one. */
		if (!piece && args->count > 1 && bytes + 1 == args->max_bytes) {
			args->count--;
			return;
		}
	}
	buf_putc(to, '\0');
}
