/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: writes JSON into a buffer, by hand and in one pass: every line of
 * every container of a host goes through here. Appends only; the one state
 * is what stands in the buffer.
 *
 * Every member ends in a comma. Closing an object or array replaces the
 * last one, or takes the whole of it back where nothing was put into it.
 */
#ifndef CONTREE_JSON_H
#define CONTREE_JSON_H

#include "buf.h"
#include "safe.h"

/* A literal, and a member's name, as bytes and length */
#define LIT(s) s, sizeof(s) - 1
#define KEY(name) LIT("\"" name "\":")

static inline size_t json_open(struct buf *out, const char *key, size_t len,
			       char bracket)
{
	size_t before = out->len;

	buf_put(out, key, len);
	buf_putc(out, bracket);
	return before;
}

static inline size_t json_object(struct buf *out, const char *key, size_t len)
{
	return json_open(out, key, len, '{');
}

static inline size_t json_array(struct buf *out, const char *key, size_t len)
{
	return json_open(out, key, len, '[');
}

/* before is what opening it returned */
static inline void json_close(struct buf *out, size_t before, char bracket)
{
	if (out->data[out->len - 1] != ',') {
		out->len = before;
		return;
	}
	out->data[out->len - 1] = bracket;
	buf_putc(out, ',');
}

static inline void json_object_end(struct buf *out, size_t before)
{
	json_close(out, before, '}');
}

static inline void json_array_end(struct buf *out, size_t before)
{
	json_close(out, before, ']');
}

static inline void json_element(struct buf *out, const char *s, size_t len)
{
	safe_json(out, s, len);
	buf_putc(out, ',');
}

/* Nothing if s is NULL or empty: what is not known is left out. */
static inline void json_str(struct buf *out, const char *key, size_t len,
			    const char *s)
{
	if (!s || !*s)
		return;
	buf_put(out, key, len);
	json_element(out, s, strlen(s));
}

static inline void json_pair(struct buf *out, const char *key,
			     const char *value)
{
	safe_json(out, key, strlen(key));
	buf_putc(out, ':');
	json_element(out, value, strlen(value));
}

static inline void json_num(struct buf *out, const char *key, size_t len,
			    uint64_t n)
{
	buf_put(out, key, len);
	buf_putu(out, n);
	buf_putc(out, ',');
}

/* Nothing if it is 0: a pid, vpid or time that is not known */
static inline void json_known(struct buf *out, const char *key, size_t len,
			      int64_t n)
{
	if (n > 0)
		json_num(out, key, len, (uint64_t)n);
}

#endif
