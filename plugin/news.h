/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * news: what an admin should know, from a module that must not speak to
 * syslog by itself. A plain value; ctx is borrowed.
 */
#ifndef CONTREE_NEWS_H
#define CONTREE_NEWS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct news {
	/* problem: it is bad news. text is one line of anybody's bytes. */
	void (*hear)(void *ctx, bool problem, const char *text);
	void *ctx;
};

static inline void __attribute__((format(printf, 3, 4)))
news_tell(const struct news *news, bool problem, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	news->hear(news->ctx, problem, text);
}

#endif
