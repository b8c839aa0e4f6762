/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "safe.h"

#include <string.h>

/* Where a byte must be looked at, by what is being written. */
enum {
	IN_WORD = 1, /* may not stand bare in a shell's word */
	IN_TEXT = 2,
	IN_JSON = 4,
	IN_ALL = IN_WORD | IN_TEXT | IN_JSON,
};

static const unsigned char stops[256] = {
	[0x00 ... 0x1f] = IN_ALL,  [' '] = IN_WORD,  ['!'] = IN_WORD,
	['"'] = IN_WORD | IN_JSON, ['#'] = IN_WORD,  ['$'] = IN_WORD,
	['&'] = IN_WORD,	   ['\''] = IN_WORD, ['('] = IN_WORD,
	[')'] = IN_WORD,	   ['*'] = IN_WORD,  [';'] = IN_WORD,
	['<'] = IN_WORD,	   ['>'] = IN_WORD,  ['?'] = IN_WORD,
	['['] = IN_WORD,	   ['\\'] = IN_ALL,  [']'] = IN_WORD,
	['^'] = IN_WORD,	   ['`'] = IN_WORD,  ['{'] = IN_WORD,
	['|'] = IN_WORD,	   ['}'] = IN_WORD,  ['~'] = IN_WORD,
	[0x7f ... 0xff] = IN_ALL,
};

/* The letter of a control character's short escape, as C has it. */
static const char letters[256] = {
	['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
	['\r'] = 'r', [0x1b] = 'e', ['"'] = '"',  ['\\'] = '\\',
};

/* What is valid, but would not be seen, or would move what is seen. */
static const struct range {
	uint32_t first, last;
} hidden[] = {
	{ 0x00, 0x1f },	      { 0x7f, 0x9f },
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x034f, 0x034f }, /* combining grapheme joiner */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x115f, 0x1160 }, /* Hangul fillers */
	{ 0x17b4, 0x17b5 }, /* Khmer inherent vowels */
	{ 0x180b, 0x180f }, /* Mongolian variation selectors */
	{ 0x200b, 0x200f }, /* zero width, LRM and RLM */
	{ 0x2028, 0x202e }, /* separators, embeddings, overrides */
	{ 0x2060, 0x206f }, /* invisible operators, isolates */
	{ 0x3164, 0x3164 }, /* Hangul filler */
	{ 0xfe00, 0xfe0f }, /* variation selectors */
	{ 0xfeff, 0xfeff }, /* byte order mark */
	{ 0xffa0, 0xffa0 }, /* half-width Hangul filler */
	{ 0xfff0, 0xfffb }, /* reserved, interlinear annotation */
	{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
	{ 0x1d173, 0x1d17a }, /* musical format controls */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors */
};

static bool is_hidden(uint32_t cp)
{
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (cp <= hidden[i].last)
			return cp >= hidden[i].first;
	return false;
}

/*
 * Reads the character at s, which has len > 0 bytes. Returns how many bytes
 * it takes, 0 if it is not valid UTF-8 (Unicode 15, table 3-7).
 */
static unsigned int decode(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned int i, n;
	uint32_t c = u[0];

	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	n = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	if (!n || n > len)
		return 0;
	c &= 0xffU >> (n + 1);
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of a byte, if that is 0 (and perhaps of one that follows it). */
static inline uint64_t zeros(uint64_t bytes)
{
	return (bytes - EIGHT(1)) & ~bytes & EIGHT(0x80);
}

/*
 * Whether none of eight bytes need be looked at in text or in JSON: neither a
 * control character nor above ASCII, no quote and no backslash.
 */
static inline bool are_plain(const char *s)
{
	uint64_t bytes;

	memcpy(&bytes, s, sizeof(bytes));
	return !((((bytes - EIGHT(0x20)) | bytes) & EIGHT(0x80)) |
		 zeros(bytes ^ EIGHT(0x7f)) | zeros(bytes ^ EIGHT('"')) |
		 zeros(bytes ^ EIGHT('\\')));
}

/* How many bytes at s need no look at all. */
static inline size_t clean_run(const char *s, size_t len, unsigned char where)
{
	size_t n = 0;

	while (where != IN_WORD && len - n >= 8 && are_plain(s + n))
		n += 8;
	while (n < len && !(stops[(unsigned char)s[n]] & where))
		n++;
	return n;
}

static void put_hex(struct buf *out, uint32_t n, unsigned int digits)
{
	while (digits-- > 0)
		buf_putc(out, "0123456789abcdef"[n >> (digits * 4) & 0xf]);
}

static void put_x(struct buf *out, unsigned char byte)
{
	buf_put(out, "\\x", 2);
	put_hex(out, byte, 2);
}

/* \u{NNNN}, with as many digits as it takes, but four at least */
static void put_u(struct buf *out, uint32_t cp)
{
	buf_put(out, "\\u{", 3);
	put_hex(out, cp, cp > 0xfffff ? 6 : cp > 0xffff ? 5 : 4);
	buf_putc(out, '}');
}

static void put_json_escape(struct buf *out, uint32_t cp)
{
	/* JSON has no \e */
	if (cp < 0x80 && cp != 0x1b && letters[cp]) {
		buf_putc(out, '\\');
		buf_putc(out, letters[cp]);
		return;
	}
	if (cp > 0xffff) {
		put_json_escape(out, 0xd800 + ((cp - 0x10000) >> 10));
		cp = 0xdc00 + (cp & 0x3ff);
	}
	buf_put(out, "\\u", 2);
	put_hex(out, cp, 4);
}

void safe_json(struct buf *out, const char *s, size_t len)
{
	unsigned int n;
	uint32_t cp;
	size_t run;

	buf_putc(out, '"');
	for (;; s += n, len -= n) {
		run = clean_run(s, len, IN_JSON);
		buf_put(out, s, run);
		s += run;
		len -= run;
		if (!len)
			break;
		n = decode(s, len, &cp);
		if (!n) {
			buf_put(out, "\xef\xbf\xbd", 3);
			n = 1;
		} else if (n > 1 && !is_hidden(cp)) {
			buf_put(out, s, n);
		} else {
			put_json_escape(out, cp);
		}
	}
	buf_putc(out, '"');
}

static void put_text_escape(struct buf *out, uint32_t cp)
{
	if (cp >= 0x80) {
		put_u(out, cp);
	} else if (letters[cp] && cp != '\b' && cp != '\f') {
		buf_putc(out, '\\');
		buf_putc(out, letters[cp]);
	} else {
		put_x(out, (unsigned char)cp);
	}
}

void safe_text(struct buf *out, const char *s, size_t len)
{
	unsigned int n;
	uint32_t cp;
	size_t run;

	for (;; s += n, len -= n) {
		run = clean_run(s, len, IN_TEXT);
		buf_put(out, s, run);
		s += run;
		len -= run;
		if (!len)
			break;
		n = decode(s, len, &cp);
		if (!n) {
			put_x(out, (unsigned char)*s);
			n = 1;
		} else if (n > 1 && !is_hidden(cp)) {
			buf_put(out, s, n);
		} else {
			put_text_escape(out, cp);
		}
	}
}

/* Whether all of s can be seen (as ASCII), so that '…' can hold it. */
static bool is_visible(const char *s, size_t len, bool ascii)
{
	unsigned int n;
	uint32_t cp;
	size_t i;

	for (i = clean_run(s, len, IN_TEXT); i < len; i += n) {
		n = decode(s + i, len - i, &cp);
		if (!n || is_hidden(cp) || (ascii && n > 1))
			return false;
	}
	return true;
}

static void put_quoted(struct buf *out, const char *s, size_t len)
{
	const char *quote;

	buf_putc(out, '\'');
	while ((quote = memchr(s, '\'', len))) {
		buf_put(out, s, (size_t)(quote - s));
		buf_put(out, "'\\''", 4);
		len -= (size_t)(quote + 1 - s);
		s = quote + 1;
	}
	buf_put(out, s, len);
	buf_putc(out, '\'');
}

/*
 * $'…': every hidden or invalid byte as \xNN, since that is what all shells
 * that know this form read back as the same byte.
 */
static void put_dollar_quoted(struct buf *out, const char *s, size_t len,
			      bool ascii)
{
	unsigned int i, n;
	uint32_t cp;

	buf_put(out, "$'", 2);
	for (; len; s += n, len -= n) {
		n = decode(s, len, &cp);
		if (n && *s == '\'') {
			buf_put(out, "\\'", 2);
		} else if (n && !is_hidden(cp) && *s != '\\' &&
			   (n == 1 || !ascii)) {
			buf_put(out, s, n);
		} else if (n == 1) {
			put_text_escape(out, cp);
		} else {
			n = n ? n : 1;
			for (i = 0; i < n; i++)
				put_x(out, (unsigned char)s[i]);
		}
	}
	buf_putc(out, '\'');
}

static void put_word(struct buf *out, const char *s, size_t len, bool ascii)
{
	if (len && clean_run(s, len, IN_WORD) == len)
		buf_put(out, s, len);
	else if (is_visible(s, len, ascii))
		put_quoted(out, s, len);
	else
		put_dollar_quoted(out, s, len, ascii);
}

void safe_word(struct buf *out, const char *s, size_t len)
{
	put_word(out, s, len, false);
}

void safe_label(struct buf *out, const char *s, size_t len)
{
	put_word(out, s, len, true);
}

void safe_ascii(struct buf *out, const char *s, size_t len)
{
	unsigned int n;
	uint32_t cp;

	for (; len; s += n, len -= n) {
		n = decode(s, len, &cp);
		if (n == 1)
			buf_putc(out, *s);
		else if (n)
			put_u(out, cp);
		else
			n = 1;
	}
}

bool safe_is_utf8(const char *s, size_t len)
{
	unsigned int n;
	uint32_t cp;

	for (; len; s += n, len -= n) {
		n = decode(s, len, &cp);
		if (!n)
			return false;
	}
	return true;
}

size_t safe_cut(const char *s, size_t len, size_t max)
{
	size_t back;

	if (len <= max)
		return len;
	for (back = 0; back <= 3 && back <= max; back++)
		if (((unsigned char)s[max - back] & 0xc0) != 0x80)
			return max - back;
	return max;
}
