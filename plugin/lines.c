/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <string.h>

uint64_t lines_count(const char *data, size_t len)
{
	uint64_t n = 0;

	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t line = nl ? (size_t)(nl + 1 - data) : len;

		data += line;
		len -= line;
		n++;
	}
	return n;
}

size_t lines_within(const char *data, size_t len, uint64_t room)
{
	const char *nl;

	if (len <= room)
		return len;
	nl = memrchr(data, '\n', (size_t)room);
	if (!nl)
		nl = memchr(data, '\n', len);
	return nl ? (size_t)(nl + 1 - data) : len;
}
