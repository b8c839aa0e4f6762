/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <stdbool.h>

/* How many bytes the UTF-8 character at s has (RFC 3629), 0 if it is none. */
static size_t character(const unsigned char *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 :
		   s[0] < 0xc0 ? 0 :
		   s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 :
		   s[0] < 0xf8 ? 4 :
				 0;

	if (!n || n > len)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ?
		       0 :
		       n;
}

/* Control characters, and what ends a line or turns it around in Unicode. */
static bool is_obeyed(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void must_be_line(const struct buf *line)
{
	const unsigned char *s = (const unsigned char *)line->data;
	uint32_t c;

	must(line->len && s[line->len - 1] == '\n');
	for (size_t i = 0, n; i < line->len - 1; i += n) {
		n = character(s + i, line->len - 1 - i, &c);
		must(n && !is_obeyed(c));
	}
}
