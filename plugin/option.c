/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two functions of config.h that follow the table are here too. */
#include "option.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAME_BYTES 32 /* no option's name is longer */

/* What kind of value an option takes. */
struct kind {
	/* False, and member is as it was, if text is no such value. */
	bool (*read)(const struct option *o, const char *text, void *member);
	/* Says what would be right: "a size in bytes between …". */
	void (*wanted)(const struct option *o, struct buf *out);
};

struct option {
	const char *name;
	const struct kind *kind;
	size_t offset; /* of its member in struct config */
	uint64_t min, max;
	uint64_t number; /* the default, where it is a number */
	const char *text; /* … where it is not, or the words to choose from */
};

static bool read_digits(const char **p, uint64_t *n)
{
	const char *s = *p;
	uint64_t digit;

	*n = 0;
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		digit = (uint64_t)(*s - '0');
		if (*n > (UINT64_MAX - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	*p = s;
	return true;
}

static bool in_range(const struct option *o, uint64_t n, void *member)
{
	if (n < o->min || n > o->max)
		return false;
	*(uint64_t *)member = n;
	return true;
}

static bool read_number(const struct option *o, const char *text, void *member)
{
	uint64_t n;

	return read_digits(&text, &n) && !*text && in_range(o, n, member);
}

static void number_wanted(const struct option *o, struct buf *out)
{
	buf_printf(out,
		   "a whole number between %llu and %llu is wanted, "
		   "such as %llu",
		   (unsigned long long)o->min, (unsigned long long)o->max,
		   (unsigned long long)o->number);
}

static unsigned int unit_shift(char unit)
{
	switch (unit) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return 0;
	}
}

static bool read_size(const struct option *o, const char *text, void *member)
{
	unsigned int shift;
	uint64_t n;

	if (!read_digits(&text, &n))
		return false;
	shift = unit_shift(*text);
	if (shift)
		text++;
	return !*text && n <= UINT64_MAX >> shift &&
	       in_range(o, n << shift, member);
}

static void put_size(struct buf *out, uint64_t n)
{
	const char *unit = "KMG";

	if (!n || n % KIB) {
		buf_putu(out, n);
		return;
	}
	for (n /= KIB; n % KIB == 0 && unit[1]; n /= KIB)
		unit++;
	buf_putu(out, n);
	buf_putc(out, *unit);
}

static void size_wanted(const struct option *o, struct buf *out)
{
	buf_puts(out, "a size in bytes between ");
	put_size(out, o->min);
	buf_puts(out, " and ");
	put_size(out, o->max);
	buf_puts(out, " is wanted, such as ");
	put_size(out, o->number);
}

static bool read_bool(const struct option *o, const char *text, void *member)
{
	bool yes = strcmp(text, "yes") == 0;

	(void)o;
	if (!yes && strcmp(text, "no") != 0)
		return false;
	*(bool *)member = yes;
	return true;
}

static void bool_wanted(const struct option *o, struct buf *out)
{
	(void)o;
	buf_puts(out, "yes or no is wanted");
}

static char *copy(const char *s)
{
	char *ret = strdup(s);

	if (!ret)
		abort();
	return ret;
}

static void replace(char **member, const char *s)
{
	free(*member);
	*member = copy(s);
}

static bool read_auto(const struct option *o, const char *text, void *member)
{
	bool on = strcmp(text, "auto") == 0;

	(void)o;
	if (!on && strcmp(text, "off"))
		return false;
	*(bool *)member = on;
	return true;
}

static void auto_wanted(const struct option *o, struct buf *out)
{
	(void)o;
	buf_puts(out, "auto or off is wanted");
}

static bool read_choice(const struct option *o, const char *text, void *member)
{
	size_t len = strlen(text);
	const char *word = o->text;

	for (unsigned int i = 0; *word; i++) {
		size_t n = strcspn(word, " ");

		if (n == len && !memcmp(word, text, len)) {
			*(unsigned int *)member = i;
			return true;
		}
		word += n + strspn(word + n, " ");
	}
	return false;
}

static void choice_wanted(const struct option *o, struct buf *out)
{
	buf_printf(out, "one of these is wanted: %s", o->text);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

static bool is_part(const char *at, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(at, name, len);
}

/*
 * An absolute path of a file, made plain where it is: without "//" and "/./", so
 * that one file has one path. False if it is none, or goes up again by "..".
 */
static bool make_plain(char *path)
{
	char *to = path;
	size_t len;

	if (*path != '/')
		return false;
	for (const char *at = path; *at; at += len) {
		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (!len || is_part(at, len, "..") ||
		    (!at[len] && is_part(at, len, ".")))
			return false;
		if (is_part(at, len, "."))
			continue;
		*to++ = '/';
		memmove(to, at, len);
		to += len;
	}
	*to = '\0';
	return true;
}

static bool read_path(const struct option *o, const char *text, void *member)
{
	_cleanup_free_ char *path = copy(text);

	(void)o;
	if (has_control(text) || (strcmp(text, "none") && !make_plain(path)))
		return false;
	replace(member, path);
	return true;
}

static void path_wanted(const struct option *o, struct buf *out)
{
	buf_printf(out,
		   "the absolute path of a file, or none, is wanted, "
		   "such as %s",
		   o->text);
}

/*
 * Names, not paths, and nothing that hints at another way of writing a
 * list: such a word would be taken for a name that no program bears.
 */
static bool is_name(const char *word)
{
	size_t len = strcspn(word, "*,;:/\"'");

	if (has_control(word))
		return false;
	return !word[len] || (word[len] == '*' && !word[len + 1]);
}

static bool read_text(const struct option *o, const char *text, void *member)
{
	_cleanup_free_ char *words = copy(text);
	_cleanup_buf_ struct buf out = BUF_INIT;
	char *save;

	(void)o;
	for (char *word = strtok_r(words, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (!is_name(word))
			return false;
		if (out.len)
			buf_putc(&out, ' ');
		buf_puts(&out, word);
	}
	buf_putc(&out, '\0');
	replace(member, out.data);
	return true;
}

static void text_wanted(const struct option *o, struct buf *out)
{
	buf_printf(out,
		   "names with spaces between them are wanted, a * only at "
		   "a name's end, such as %s",
		   o->text);
}

static const struct kind kind_text = { read_text, text_wanted };
static const struct kind kind_size = { read_size, size_wanted };
static const struct kind kind_number = { read_number, number_wanted };
static const struct kind kind_bool = { read_bool, bool_wanted };
static const struct kind kind_auto = { read_auto, auto_wanted };
static const struct kind kind_choice = { read_choice, choice_wanted };
static const struct kind kind_path = { read_path, path_wanted };

/* clang-format off */
#define ROW(name, kind, min, max, number, text) \
	{ #name, &kind, offsetof(struct config, name), min, max, number, text },
#define OPTION_TEXT(name, def, help) ROW(name, kind_text, 0, 0, 0, def)
#define OPTION_SIZE(name, def, min, max, help) \
	ROW(name, kind_size, min, max, def, NULL)
#define OPTION_NUMBER(name, def, min, max, help) \
	ROW(name, kind_number, min, max, def, NULL)
#define OPTION_BOOL(name, def, help) ROW(name, kind_bool, 0, 0, 0, NULL)
#define OPTION_AUTO(name, def, help) ROW(name, kind_auto, 0, 0, 0, NULL)
#define OPTION_CHOICE(name, def, words, help) \
	ROW(name, kind_choice, 0, 0, def, words)
#define OPTION_PATH(name, def, help) ROW(name, kind_path, 0, 0, 0, def)
static const struct option options[] = { OPTIONS };
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
/* clang-format on */

const size_t option_count = sizeof(options) / sizeof(options[0]);

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
#define OPTION_TEXT(name, def, help) c->name = copy(def);
#define OPTION_SIZE(name, def, min, max, help) c->name = def;
#define OPTION_NUMBER(name, def, min, max, help) c->name = def;
#define OPTION_BOOL(name, def, help) c->name = def;
#define OPTION_AUTO(name, def, help) c->name = def;
#define OPTION_CHOICE(name, def, words, help) c->name = def;
#define OPTION_PATH(name, def, help) c->name = copy(def);
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
}

void config_free(struct config *c)
{
#define OPTION_TEXT(name, def, help) free(c->name);
#define OPTION_SIZE(name, def, min, max, help)
#define OPTION_NUMBER(name, def, min, max, help)
#define OPTION_BOOL(name, def, help)
#define OPTION_AUTO(name, def, help)
#define OPTION_CHOICE(name, def, words, help)
#define OPTION_PATH(name, def, help) free(c->name);
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
	memset(c, 0, sizeof(*c));
}

/* Levenshtein's distance: letters to insert, remove or replace. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_BYTES + 1], blen = strlen(b), diag, best;

	if (blen > NAME_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		diag = row[0];
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			best = diag + (a[i - 1] != b[j - 1]);
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			diag = row[j];
			row[j] = best;
		}
	}
	return row[blen];
}

const struct option *option_nearest(const char *name)
{
	const struct option *ret = NULL;
	size_t least = strlen(name) / 3 + 1, d;

	for (size_t i = 0; i < option_count; i++) {
		d = distance(name, options[i].name);
		if (d <= least && (!ret || d < least)) {
			least = d;
			ret = &options[i];
		}
	}
	return ret;
}

const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

const char *option_name(const struct option *o)
{
	return o->name;
}

size_t option_index(const struct option *o)
{
	return (size_t)(o - options);
}

bool option_read(const struct option *o, const char *text, struct config *c)
{
	return o->kind->read(o, text, (char *)c + o->offset);
}

void option_wanted(const struct option *o, struct buf *out)
{
	o->kind->wanted(o, out);
}
