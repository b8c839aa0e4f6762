/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "field.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fact.h"

/*
 * As strtoll() would, which does it in three times the time: a dozen numbers
 * an event are read here.
 */
static int64_t decimal(const char *raw)
{
	bool negative = *raw == '-';
	int64_t n = 0;

	for (raw += negative; *raw >= '0' && *raw <= '9'; raw++) {
		if (n >= INT64_MAX / 10)
			return negative ? INT64_MIN : INT64_MAX;
		n = n * 10 + (*raw - '0');
	}
	return negative ? -n : n;
}

int field_int(const char *raw)
{
	int64_t n = decimal(raw);

	return n < 0 || n > INT_MAX ? -1 : (int)n;
}

uint64_t field_hex(const char *raw)
{
	return strtoull(raw, NULL, 16);
}

uint32_t field_id(const char *raw)
{
	int64_t n = decimal(raw);

	/* Old kernels print an unset auid as -1. */
	return n < 0 || n > UINT32_MAX ? ID_UNSET : (uint32_t)n;
}

pid_t field_pid(const char *raw)
{
	int n = field_int(raw);

	return n < 0 || n > MAX_PID ? 0 : n;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool field_is_torn(const char *raw)
{
	return *raw == '"' && !strchr(raw + 1, '"');
}

void field_string(struct buf *out, const char *raw)
{
	int high, low;

	if (*raw == '"') {
		for (raw++; *raw && *raw != '"'; raw++)
			buf_putc(out, *raw);
		return;
	}
	for (; (high = hex_digit(raw[0])) >= 0; raw += 2) {
		low = hex_digit(raw[1]);
		if (low < 0 || (high == 0 && low == 0))
			return;
		buf_putc(out, (char)(high << 4 | low));
	}
}
