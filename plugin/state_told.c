/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the state has and the log may not have got, since the plugin was killed
 * in between: see state_mark().
 */
#include "state_int.h"

#include <json-c/json.h>
#include <string.h>

static bool starts_with(const char *line, const char *end, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(end - line) >= len && !memcmp(line, prefix, len);
}

/* What state_mark() wrote; all 0 for any other line. */
static struct state_mark read_mark(struct json_tokener *tokener,
				   const char *data, const char *newline)
{
	struct state_mark mark = { .number = 0 };
	struct json_object *line;

	if (!starts_with(data, newline, "{\"log\":"))
		return mark;
	line = state_parse(tokener, data, newline);
	mark.from.inode = (uint64_t)state_number(line, "log", INT64_MAX);
	mark.from.size = (uint64_t)state_number(line, "from", INT64_MAX);
	mark.bytes = (size_t)state_number(line, "bytes", INT64_MAX);
	mark.number = (uint64_t)state_number(line, "number", INT64_MAX);
	json_object_put(line);
	return mark;
}

/* What state_told() wrote. */
static uint64_t read_told(struct json_tokener *tokener, const char *data,
			  const char *newline)
{
	struct json_object *line = state_parse(tokener, data, newline);
	uint64_t told = (uint64_t)state_number(line, "told", INT64_MAX);

	json_object_put(line);
	return told;
}

/*
 * How long the log is that the mark means: if it was rotated just then, as long
 * as that, and what came into the new one. 0 if it is neither.
 */
static uint64_t length(const struct logfile_found *log,
		       const struct state_mark *mark)
{
	if (mark->from.inode == log->inode)
		return log->size;
	return log->older_inode && mark->from.inode == log->older_inode ?
		       log->older_size + log->size :
		       0;
}

/* Whether it ends within what it was to get then, or where that begins. */
static bool is_cut(const struct logfile_found *log,
		   const struct state_mark *mark)
{
	uint64_t size = length(log, mark);

	return (size || mark->from.inode == log->inode) &&
	       mark->from.size <= size && mark->from.size + mark->bytes > size;
}

const char *state_untold(struct json_tokener *tokener,
			 const struct logfile_found *log, const char *data,
			 const char *end)
{
	const char *ret = NULL, *newline;
	struct state_mark last = { .number = 0 };
	uint64_t told;

	if (!log->inode)
		return end;
	for (;
	     data < end && (newline = memchr(data, '\n', (size_t)(end - data)));
	     data = newline + 1) {
		struct state_mark mark = read_mark(tokener, data, newline);

		if (mark.number) {
			if (mark.number != last.number)
				ret = NULL;
			last = mark;
		} else if (!ret && is_cut(log, &last)) {
			told = read_told(tokener, data, newline);
			if (!told || last.from.size + told > length(log, &last))
				ret = data;
		}
	}
	return ret ? ret : end;
}

size_t state_count(const char *data, const char *end)
{
	const char *newline;
	size_t n = 0;

	for (;
	     data < end && (newline = memchr(data, '\n', (size_t)(end - data)));
	     data = newline + 1)
		n += starts_with(data, newline, "{\"entity\"") ||
		     starts_with(data, newline, "{\"ended_entity\"");
	return n;
}
