/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fact.h"

#include <stdlib.h>
#include <string.h>

static size_t room_for(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static const char *copy_string(char **at, const char *s)
{
	size_t len = room_for(s);
	char *to = *at;

	if (!s)
		return NULL;
	memcpy(to, s, len);
	*at += len;
	return to;
}

struct fact *fact_copy(const struct fact *f)
{
	const char *const strings[] = {
		f->node, f->user,   f->comm,	f->exe,	      f->key,
		f->cwd,	 f->record, f->syscall, f->container, f->bundle,
	};
	size_t room = sizeof(*f) + f->args_bytes;
	struct fact *copy;
	char *at;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		room += room_for(strings[i]);
	copy = malloc(room);
	if (!copy)
		abort();
	*copy = *f;
	at = (char *)(copy + 1);
	copy->node = copy_string(&at, f->node);
	copy->user = copy_string(&at, f->user);
	copy->comm = copy_string(&at, f->comm);
	copy->exe = copy_string(&at, f->exe);
	copy->key = copy_string(&at, f->key);
	copy->cwd = copy_string(&at, f->cwd);
	copy->record = copy_string(&at, f->record);
	copy->syscall = copy_string(&at, f->syscall);
	copy->container = copy_string(&at, f->container);
	copy->bundle = copy_string(&at, f->bundle);
	if (f->args) {
		memcpy(at, f->args, f->args_bytes);
		copy->args = at;
	}
	return copy;
}
