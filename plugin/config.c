/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inih splits a line into option and value. Which lines it is given is
 * decided here, by the reader it calls: how a build of inih treats an
 * indented line (as more of the line before), a long one (cut), a section,
 * a colon or a comment behind a value is chosen when that inih is compiled,
 * and every such choice would let a mistake pass as something else.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "option.h"
#include "safe.h"

#define FORM "a line of the form option = value is wanted"
#define SHOWN_BYTES 60 /* of a wrong line or value, in a message */

/* A file being read: what inih hands to the reader and to the handler. */
struct parse {
	const char *path;
	FILE *file;
	char *line; /* getline()'s */
	size_t size;
	unsigned int number; /* of the line, from 1 */
	unsigned int *set_in; /* by option: its line, or 0 */
	struct config *config;
	struct err *err;
	bool failed;
};

static void parse_release(struct parse *p)
{
	if (p->file)
		fclose(p->file);
	free(p->line);
	free(p->set_in);
}

static unsigned int *set_in(struct parse *p, const struct option *o)
{
	return &p->set_in[option_index(o)];
}

static void put_quoted(struct buf *out, const char *s, size_t len)
{
	bool cut = len > SHOWN_BYTES;

	if (cut)
		for (len = SHOWN_BYTES; len && (s[len] & 0xc0) == 0x80;)
			len--;
	buf_putc(out, '"');
	safe_text(out, s, len);
	buf_puts(out, cut ? "…\"" : "\"");
}

/* "FILE:LINE: " and what is in text; the first failure stands. */
static void fail(struct parse *p, const struct buf *text)
{
	if (!p->failed)
		err_set(p->err, 0, "%s:%u: %.*s", p->path, p->number,
			(int)text->len, text->data);
	p->failed = true;
}

static void fail_line(struct parse *p, size_t len, const char *why)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	put_quoted(&out, p->line, len);
	buf_printf(&out, ": %s", why);
	fail(p, &out);
}

static void fail_length(struct parse *p, size_t len, size_t room)
{
	_cleanup_buf_ struct buf why = BUF_INIT;

	buf_printf(&why, "this line has %zu bytes, %zu at most are wanted%c",
		   len, room, '\0');
	fail_line(p, len, why.data);
}

static void fail_value(struct parse *p, const struct option *o,
		       const char *value)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (*value) {
		buf_printf(&out, "%s = ", option_name(o));
		put_quoted(&out, value, strlen(value));
		buf_puts(&out, ": ");
	} else {
		buf_printf(&out, "%s has no value: ", option_name(o));
	}
	option_wanted(o, &out);
	fail(p, &out);
}

static void fail_unknown(struct parse *p, const char *name)
{
	const struct option *meant = option_nearest(name);
	_cleanup_buf_ struct buf out = BUF_INIT;

	put_quoted(&out, name, strlen(name));
	buf_puts(&out, ": there is no such option; ");
	if (meant)
		buf_printf(&out, "did you mean %s?", option_name(meant));
	else
		buf_puts(&out, "audisp-contree.conf(5) lists them");
	fail(p, &out);
}

static void set(struct parse *p, const char *name, const char *value)
{
	const struct option *o = option_find(name);
	_cleanup_buf_ struct buf out = BUF_INIT;
	unsigned int *line;

	if (!o) {
		fail_unknown(p, name);
		return;
	}
	line = set_in(p, o);
	if (*line) {
		buf_printf(&out, "%s is set a second time: line %u has it too",
			   name, *line);
		fail(p, &out);
		return;
	}
	*line = p->number;
	if (!*value || !option_read(o, value, p->config))
		fail_value(p, o, value);
}

/* inih's handler. What it returns is not looked at: the parse knows. */
#if INI_HANDLER_LINENO
static int handle(void *ctx, const char *section, const char *name,
		  const char *value, int lineno)
#else
static int handle(void *ctx, const char *section, const char *name,
		  const char *value)
#endif
{
	struct parse *p = ctx;

	(void)section;
#if INI_HANDLER_LINENO
	(void)lineno;
#endif
	if (!p->failed)
		set(p, name, value ? value : "");
	return !p->failed;
}

/* Whether something that looks like a comment follows on the same line. */
static bool has_comment(const char *line)
{
	for (; *line; line++)
		if (isspace((unsigned char)line[0]) &&
		    (line[1] == '#' || line[1] == ';'))
			return true;
	return false;
}

/* What is wrong with a line before inih splits it, or NULL. */
static const char *line_fault(const char *line, size_t len)
{
	if (strlen(line) != len)
		return "this is no text, there is a NUL byte in it";
	if (line[0] == '[')
		return "there are no sections here, " FORM;
	if (line[strcspn(line, "=:")] != '=' || line[0] == '=')
		return FORM;
	if (has_comment(line))
		return "a comment needs a line of its own";
	return NULL;
}

/* The next line without blanks around it; -1 at the end. */
static ssize_t next_line(struct parse *p)
{
	static const char bom[] = "\xef\xbb\xbf";
	ssize_t len = getline(&p->line, &p->size, p->file);
	size_t skip = 0;

	if (len < 0)
		return -1;
	p->number++;
	if (p->number == 1 && strncmp(p->line, bom, 3) == 0)
		skip = 3;
	while (len > 0 && isspace((unsigned char)p->line[len - 1]))
		len--;
	p->line[len] = '\0';
	while (isspace((unsigned char)p->line[skip]))
		skip++;
	memmove(p->line, p->line + skip, (size_t)len - skip + 1);
	return len - (ssize_t)skip;
}

/*
 * inih's reader, called as fgets() would be. The line it returns is never
 * indented, so inih cannot take it for more of the one before, and never a
 * part of a line.
 */
static char *read_line(char *dest, int size, void *ctx)
{
	size_t room = (size_t)size - 2; /* for "\n" and the final NUL */
	struct parse *p = ctx;
	const char *fault;
	ssize_t len;

	do {
		len = next_line(p);
		if (len < 0 || p->failed)
			return NULL;
	} while (!len || p->line[0] == '#' || p->line[0] == ';');

	fault = line_fault(p->line, (size_t)len);
	if (fault)
		fail_line(p, (size_t)len, fault);
	else if ((size_t)len > room)
		fail_length(p, (size_t)len, room);
	if (p->failed)
		return NULL;
	memcpy(dest, p->line, (size_t)len);
	memcpy(dest + len, "\n", 2);
	return dest;
}

static void fail_same(struct parse *p, const char *a, const char *b)
{
	unsigned int in_a = *set_in(p, option_find(a));
	unsigned int in_b = *set_in(p, option_find(b));
	_cleanup_buf_ struct buf out = BUF_INIT;

	p->number = in_a > in_b ? in_a : in_b;
	buf_printf(&out, "%s and %s name the same file; two files are wanted",
		   a, b);
	fail(p, &out);
}

/* What is wrong only with options taken together. */
static void check_together(struct parse *p)
{
	const struct {
		const char *name, *path;
	} files[] = {
		{ "text_log", p->config->text_log },
		{ "json_log", p->config->json_log },
		{ "state", p->config->state },
	};
	static const size_t n = sizeof(files) / sizeof(files[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (!strcmp(files[i].path, files[k].path) &&
			    strcmp(files[i].path, "none") != 0)
				fail_same(p, files[i].name, files[k].name);
}

static int parse_file(struct parse *p)
{
	int ret;

	p->set_in = calloc(option_count, sizeof(*p->set_in));
	if (!p->set_in)
		abort();
	p->file = fopen(p->path, "re");
	if (!p->file)
		return err_set(p->err, errno, "%s", p->path);
	errno = 0;
	ret = ini_parse_stream(read_line, p, handle, p);
	if (p->failed)
		return -1;
	if (ferror(p->file))
		return err_set(p->err, errno, "%s", p->path);
	if (ret)
		return err_set(p->err, 0, "%s: the parser gave up (%d)",
			       p->path, ret);
	check_together(p);
	return p->failed ? -1 : 0;
}

int config_load(struct config *c, const char *path, struct err *err)
{
	struct config fresh;
	struct parse p = { .path = path, .config = &fresh, .err = err };
	int ret;

	config_init(&fresh);
	ret = parse_file(&p);
	parse_release(&p);
	if (ret) {
		config_free(&fresh);
		return -1;
	}
	config_free(c);
	*c = fresh;
	return 0;
}
