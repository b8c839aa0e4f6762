/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buf: a growing run of bytes, for building lines and arenas. Not a
 * string: it may hold NUL bytes and has no terminator. Owns its memory;
 * a failed allocation aborts (what grows with input is bounded by whoever
 * fills it).
 */
#ifndef CONTREE_BUF_H
#define CONTREE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len;	/* bytes in use */
	size_t size;	/* bytes allocated */
};

/* clang-format off */
#define BUF_INIT { NULL, 0, 0 }
/* clang-format on */

void buf_free(struct buf *b);

/* Makes room for more bytes behind len; returns where they begin. */
char *buf_reserve(struct buf *b, size_t more);

/* Most of what is put is a few bytes: let the compiler see. */
static inline void buf_put(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	if (b->size - b->len < len)
		buf_reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_puts(struct buf *b, const char *s);
void buf_putu(struct buf *b, uint64_t n);	/* decimal */
void buf_puti(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline void buf_clear(struct buf *b)
{
	b->len = 0;
}

static inline void buf_putc(struct buf *b, char c)
{
	if (b->len == b->size)
		buf_reserve(b, 1);
	b->data[b->len++] = c;
}

#define _cleanup_buf_ __attribute__((cleanup(buf_free)))

#endif
