/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eyes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(s) s, sizeof(s) - 1

const struct malformed malformed[] = {
	{ "lone continuation, first", BYTES("\x80"), 1 },
	{ "lone continuation, last", BYTES("\xbf"), 1 },
	{ "two continuations", BYTES("\x80\xbf"), 2 },
	{ "overlong NUL, 2", BYTES("\xc0\x80"), 2 },
	{ "overlong DEL, 2", BYTES("\xc1\xbf"), 2 },
	{ "overlong slash, 2", BYTES("\xc0\xaf"), 2 },
	{ "overlong slash, 3", BYTES("\xe0\x80\xaf"), 3 },
	{ "overlong slash, 4", BYTES("\xf0\x80\x80\xaf"), 4 },
	{ "overlong newline, 3", BYTES("\xe0\x80\x8a"), 3 },
	{ "overlong U+07FF, 3", BYTES("\xe0\x9f\xbf"), 3 },
	{ "overlong U+FFFF, 4", BYTES("\xf0\x8f\xbf\xbf"), 4 },
	{ "surrogate, first", BYTES("\xed\xa0\x80"), 3 },
	{ "surrogate, last", BYTES("\xed\xbf\xbf"), 3 },
	{ "surrogate pair", BYTES("\xed\xa0\xbd\xed\xb8\x80"), 6 },
	{ "U+110000", BYTES("\xf4\x90\x80\x80"), 4 },
	{ "U+13FFFF", BYTES("\xf4\xbf\xbf\xbf"), 4 },
	{ "U+140000", BYTES("\xf5\x80\x80\x80"), 4 },
	{ "5 bytes", BYTES("\xf8\x88\x80\x80\x80"), 5 },
	{ "6 bytes", BYTES("\xfc\x84\x80\x80\x80\x80"), 6 },
	{ "0xfe", BYTES("\xfe"), 1 },
	{ "0xff", BYTES("\xff"), 1 },
	{ "truncated, 1 of 2", BYTES("\xc3"), 1 },
	{ "truncated, 1 of 3", BYTES("\xe2"), 1 },
	{ "truncated, 2 of 3", BYTES("\xe2\x82"), 2 },
	{ "truncated, 1 of 4", BYTES("\xf0"), 1 },
	{ "truncated, 2 of 4", BYTES("\xf0\x9f"), 2 },
	{ "truncated, 3 of 4", BYTES("\xf0\x9f\x98"), 3 },
};

const size_t n_malformed = COUNT(malformed);

/* Unicode's table 3-7, as ranges: not the way safe.c decides it */
static const struct {
	unsigned char lead_from, lead_to;
	size_t len;
	unsigned char second_from, second_to;
} well_formed[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

size_t eyes_char(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, k;

	for (i = 0; i < COUNT(well_formed); i++) {
		if (*s < well_formed[i].lead_from ||
		    *s > well_formed[i].lead_to)
			continue;
		if (well_formed[i].len > left)
			return 0;
		if (left > 1 && well_formed[i].len > 1 &&
		    (s[1] < well_formed[i].second_from ||
		     s[1] > well_formed[i].second_to))
			return 0;
		for (k = 2; k < well_formed[i].len; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return well_formed[i].len;
	}
	return 0;
}

/*
 * What no line may hold, first and last of each range in UTF-8: what drives
 * a terminal or turns its text about, and Default_Ignorable_Code_Point of
 * Unicode's DerivedCoreProperties.txt. Such bytes sort as the code points do.
 */
static const struct {
	const char *first, *last;
} forbidden[] = {
	{ "\x01", "\x1f" },
	{ "\x7f", "\xc2\x9f" },			/* DEL, U+0080 to U+009F */
	{ "\xc2\xad", "\xc2\xad" },		/* U+00AD */
	{ "\xcd\x8f", "\xcd\x8f" },		/* U+034F */
	{ "\xd8\x9c", "\xd8\x9c" },		/* U+061C */
	{ "\xe1\x85\x9f", "\xe1\x85\xa0" },	/* U+115F, U+1160 */
	{ "\xe1\x9e\xb4", "\xe1\x9e\xb5" },	/* U+17B4, U+17B5 */
	{ "\xe1\xa0\x8b", "\xe1\xa0\x8f" },	/* U+180B to U+180F */
	{ "\xe2\x80\x8b", "\xe2\x80\x8f" },	/* U+200B to U+200F */
	{ "\xe2\x80\xa8", "\xe2\x80\xae" },	/* U+2028 to U+202E */
	{ "\xe2\x81\xa0", "\xe2\x81\xaf" },	/* U+2060 to U+206F */
	{ "\xe3\x85\xa4", "\xe3\x85\xa4" },	/* U+3164 */
	{ "\xef\xb8\x80", "\xef\xb8\x8f" },	/* U+FE00 to U+FE0F */
	{ "\xef\xbb\xbf", "\xef\xbb\xbf" },	/* U+FEFF */
	{ "\xef\xbe\xa0", "\xef\xbe\xa0" },	/* U+FFA0 */
	{ "\xef\xbf\xb0", "\xef\xbf\xbb" },	/* U+FFF0 to U+FFFB */
	{ "\xf0\x9b\xb2\xa0", "\xf0\x9b\xb2\xa3" }, /* U+1BCA0 to U+1BCA3 */
	{ "\xf0\x9d\x85\xb3", "\xf0\x9d\x85\xba" }, /* U+1D173 to U+1D17A */
	{ "\xf3\xa0\x80\x80", "\xf3\xa0\xbf\xbf" }, /* U+E0000 to U+E0FFF */
};

static bool is_forbidden(const char *s, size_t len)
{
	char one[5] = { 0 };

	memcpy(one, s, len);
	if (!*one)
		return true;
	for (size_t i = 0; i < COUNT(forbidden); i++)
		if (strcmp(one, forbidden[i].first) >= 0 &&
		    strcmp(one, forbidden[i].last) <= 0)
			return true;
	return false;
}

void eyes_printable(const char *s, size_t len, const char *what)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = eyes_char(s + i, len - i);
		must(n, "%s: no UTF-8 at byte %zu: %.*s", what, i, (int)len, s);
		must(!is_forbidden(s + i, n), "%s: unsafe at byte %zu: %.*s",
		     what, i, (int)len, s);
	}
}

void eyes_replaced(struct buf *out, const char *in, size_t len)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = eyes_char(in + i, len - i);
		if (n)
			buf_put(out, in + i, n);
		else
			buf_puts(out, "\xef\xbf\xbd");
	}
}

/* The byte that an escape behind a backslash stands for, in a shell's $'…' */
static char unescape(const char **s)
{
	static const char from[] = "nrte\\'", to[] = "\n\r\t\033\\'";
	char hex[3] = { 0 };
	const char *known;

	if (**s == 'x') {
		memcpy(hex, *s + 1, 2);
		*s += 3;
		return (char)strtol(hex, NULL, 16);
	}
	known = **s ? strchr(from, *(*s)++) : NULL;
	must(known, "unknown escape");
	return to[known - from];
}

/* From the quote at s to behind the one that ends it */
static const char *quoted(struct buf *out, const char *s, bool dollar)
{
	for (s++; *s && *s != '\'';) {
		if (dollar && *s == '\\') {
			s++;
			buf_putc(out, unescape(&s));
		} else {
			buf_putc(out, *s++);
		}
	}
	must(*s, "a quote is not closed");
	return s + 1;
}

#define MORE "…"

const char *eyes_word(struct buf *out, const char *s)
{
	/* Not bare, or a shell would do something with it. */
	static const char special[] = "!\"#$&()*;<>?[]^`{|}~";

	while (*s && *s != ' ') {
		if (*s == '\'' || !strncmp(s, "$'", 2)) {
			s = quoted(out, s + (*s == '$'), *s == '$');
		} else if (*s == '\\') {
			must(s[1], "a backslash at the end");
			buf_putc(out, s[1]);
			s += 2;
		} else if (!strncmp(s, MORE, sizeof(MORE) - 1)) {
			s += sizeof(MORE) - 1;
		} else {
			must(!(*s & 0x80) && !strchr(special, *s),
			     "a bare %c: %s", *s, s);
			buf_putc(out, *s++);
		}
	}
	return s;
}

static size_t count_members(struct json_object *json)
{
	size_t n = 0;

	if (json_object_is_type(json, json_type_array))
		for (size_t i = 0; i < json_object_array_length(json); i++)
			n += count_members(json_object_array_get_idx(json, i));
	if (!json_object_is_type(json, json_type_object))
		return n;
	json_object_object_foreach(json, key, value)
	{
		(void)key;
		n += 1 + count_members(value);
	}
	return n;
}

/* As many as there are colons outside of strings. */
static size_t count_colons(const char *json)
{
	bool inside = false;
	size_t n = 0;

	for (; *json; json++) {
		if (*json == '"')
			inside = !inside;
		else if (inside && *json == '\\')
			json++;
		else
			n += !inside && *json == ':';
	}
	return n;
}

struct json_object *eyes_json(const char *json, const char *what)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	size_t len = strlen(json);

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
						JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, json, (int)len);
	must(object, "%s: no JSON, %s: %s", what,
	     json_tokener_error_desc(json_tokener_get_error(tokener)), json);
	must(json_object_is_type(object, json_type_object), "%s: no object: %s",
	     what, json);
	must(!strcmp(json + json_tokener_get_parse_end(tokener), "\n") ||
		     json_tokener_get_parse_end(tokener) == len,
	     "%s: something behind the object: %s", what, json);
	must(count_members(object) == count_colons(json),
	     "%s: a member is there twice: %s", what, json);
	json_tokener_free(tokener);
	return object;
}

struct json_object *eyes_at(struct json_object *json, const char *path)
{
	char name[64];
	size_t len;

	for (; *path && json; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(json, name, &json))
			return NULL;
	}
	return json;
}
