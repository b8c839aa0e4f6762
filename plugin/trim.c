/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trim.h"

#include <stdbool.h>

#define INTERP_SEPARATOR '\x1d'	/* in front of what ENRICHED adds */

struct name {
	const char *s;
	size_t len;
};

/* clang-format off */
#define NAME(s) { s, sizeof(s) - 1 }
/* clang-format on */

/*
 * In the kernel's order: audit_log_exit() and audit_log_task_info() in
 * kernel/auditsc.c. Where a kernel has another, less is left out.
 */
static const struct name unwanted[] = {
	NAME("a1="),   NAME("a2="),    NAME("a3="),   NAME("items="),
	NAME("uid="),  NAME("gid="),   NAME("suid="), NAME("fsuid="),
	NAME("sgid="), NAME("fsgid="), NAME("tty="),
};

#define N_UNWANTED (sizeof(unwanted) / sizeof(unwanted[0]))

/* Of all the names in the ENRICHED part */
static const struct name wanted = NAME("EUID=");

static bool is_called(const char *word, const char *end, const struct name *n)
{
	/* The first letter tells nearly always, and needs no call. */
	return (size_t)(end - word) >= n->len && *word == *n->s &&
	       !memcmp(word, n->s, n->len);
}

/* Where the next word begins, or the end. */
static const char *next_word(const char *at, const char *end)
{
	const char *space = memchr(at, ' ', (size_t)(end - at));

	return space ? space + 1 : end;
}

/* Returns where it stopped: from there on all is wanted. */
static const char *put_fields(struct buf *out, const char *at, const char *end)
{
	const char *from = at, *next;

	for (size_t i = 0; at < end && i < N_UNWANTED; at = next) {
		next = next_word(at, end);
		if (!is_called(at, end, &unwanted[i]))
			continue;
		buf_put(out, from, (size_t)(at - from));
		from = next;
		i++;
	}
	return from;
}

/* A name is quoted, and might have spaces. */
static const char *end_of_value(const char *at, const char *end)
{
	const char *to = *at == '"' ?
				 memchr(at + 1, '"', (size_t)(end - at - 1)) :
				 memchr(at, ' ', (size_t)(end - at));

	return to ? to + (*to == '"') : end;
}

static void put_interp(struct buf *out, const char *at, const char *end)
{
	while (at < end && !is_called(at, end, &wanted))
		at = next_word(at, end);
	if ((size_t)(end - at) <= wanted.len)
		return;
	buf_putc(out, INTERP_SEPARATOR);
	buf_put(out, at, (size_t)(end_of_value(at + wanted.len, end) - at));
}

void trim_syscall(struct buf *out, const char *line, size_t len)
{
	const char *end = line + len;
	const char *interp = memchr(line, INTERP_SEPARATOR, len);
	const char *stop = interp ? interp : end;
	const char *from;

	buf_reserve(out, len);
	from = put_fields(out, line, stop);
	buf_put(out, from, (size_t)(stop - from));
	if (interp)
		put_interp(out, interp + 1, end);
}
