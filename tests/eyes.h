/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eyes: reads back what contree wrote, as a JSON parser, a shell and a
 * terminal would, and shares no code with what wrote it. What must not be
 * there fails the test, which names what it was about.
 */
#ifndef CONTREE_TESTS_EYES_H
#define CONTREE_TESTS_EYES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* For what is checked millions of times: ck_assert_msg() reports each. */
#define must(cond, ...)                                                        \
	do {                                                                   \
		if (!(cond))                                                   \
			ck_abort_msg(__VA_ARGS__);                             \
	} while (0)

/* What is no UTF-8, and how many bytes of it are each none */
struct malformed {
	const char *name, *in;
	size_t len, bad;
};

extern const struct malformed malformed[];
extern const size_t n_malformed;

/* How many bytes the character at s takes; 0 if it is no valid UTF-8. */
size_t eyes_char(const char *s, size_t left);

/* A terminal's: all of it is valid UTF-8 that can be seen, on one line. */
void eyes_printable(const char *s, size_t len, const char *what);

/* in, with each byte that is no UTF-8 as U+FFFD: what JSON can hold of it */
void eyes_replaced(struct buf *out, const char *in, size_t len);

/*
 * A shell's: appends the word at s, which may be bare, '…', \' between and
 * $'…' in any mixture, up to an unquoted blank or the end. Returns that place.
 * A bare … says that something was cut there, and is passed over.
 */
const char *eyes_word(struct buf *out, const char *s);

/*
 * A JSON parser's: one object, strict, no member twice. json, a string, may
 * end in a newline. The caller puts it.
 */
struct json_object *eyes_json(const char *json, const char *what);

/* What stands at a.b.c there (borrowed), or NULL */
struct json_object *eyes_at(struct json_object *json, const char *path);

#endif
