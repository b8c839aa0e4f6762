/* SPDX-License-Identifier: GPL-2.0-or-later */
/* span: bytes of somebody else's text, and how to take them out of it. */
#ifndef CONTREE_SPAN_H
#define CONTREE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *s;
	size_t len;
};

static inline bool span_is(struct span a, const char *s, size_t len)
{
	return a.len == len && !memcmp(a.s, s, len);
}

static inline bool ends_with(struct span a, const char *tail, size_t len)
{
	return a.len >= len && !memcmp(a.s + a.len - len, tail, len);
}

/* Takes the tail away, if there is one. */
static inline bool cut_tail(struct span *a, const char *tail)
{
	size_t len = strlen(tail);

	if (!ends_with(*a, tail, len))
		return false;
	a->len -= len;
	return true;
}

/* What is in front of any of these characters; moves at behind it. */
static inline struct span take_until(const char **at, const char *stops)
{
	struct span a = { *at, strcspn(*at, stops) };

	*at += a.len;
	return a;
}

/* Decimal digits, at least one; moves at behind them. */
static inline bool take_number(const char **at, uint64_t max, uint64_t *n)
{
	const char *begin = *at;
	uint64_t digit;

	for (*n = 0; **at >= '0' && **at <= '9'; ++*at) {
		digit = (uint64_t)(**at - '0');
		if (*n > (max - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	return *at != begin;
}

#endif
