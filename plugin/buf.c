/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->size = 0;
}

char *buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more;
	size_t size = b->size ? b->size : 256;

	if (want < more || want > SIZE_MAX / 2)
		abort();
	if (want > b->size) {
		while (size < want)
			size *= 2;
		b->data = realloc(b->data, size);
		if (!b->data)
			abort();
		b->size = size;
	}
	return b->data + b->len;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putu(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_put(b, digits + i, sizeof(digits) - i);
}

void buf_puti(struct buf *b, int64_t n)
{
	if (n < 0) {
		buf_putc(b, '-');
		buf_putu(b, -(uint64_t)n);
		return;
	}
	buf_putu(b, (uint64_t)n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	buf_reserve(b, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}
