/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <limits.h>
#include <string.h>

#include "span.h"

/* d_path() in fs/d_path.c gives no longer one. */
#define MAX_EXE PATH_MAX

/*
 * What is behind name (" NAME=") in a record; NULL if it is not there. What a
 * process may choose is in quotes, or in hex if there is a space or a quote in
 * it: audit_log_untrustedstring() in kernel/audit.c. So no field is forged.
 */
static const char *find_field(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = memmem(line, len, name, name_len);

	return at ? at + name_len : NULL;
}

static bool read_pid(const char *line, size_t len, pid_t *pid)
{
	const char *at = find_field(line, len, " pid=");
	const char *end = line + len;
	int64_t n = 0;

	if (!at || at == end)
		return false;
	for (; at < end && *at >= '0' && *at <= '9' && n <= INT_MAX; at++)
		n = n * 10 + (*at - '0');
	*pid = (pid_t)n;
	return n > 0 && n <= INT_MAX && at < end && *at == ' ';
}

/* In doubt, it may be. */
static bool may_be_root(const struct tree *t, const char *line, size_t len)
{
	const char *from = find_field(line, len, " exe=");
	const char *end = line + len;
	const char *to;
	char exe[MAX_EXE];

	if (!from || from == end || *from++ != '"')
		return true;
	to = memchr(from, '"', (size_t)(end - from));
	if (!to || (size_t)(to - from) >= sizeof(exe))
		return true;
	memcpy(exe, from, (size_t)(to - from));
	exe[to - from] = '\0';
	return tree_is_root(t, exe);
}

bool screen_wants(struct merge *m, const struct tree *t, uint64_t time_ms,
		  const char *line, size_t len)
{
	pid_t pid;

	return !tree_trusts(t, time_ms) || !read_pid(line, len, &pid) ||
	       merge_knows(m, pid) || may_be_root(t, line, len);
}
