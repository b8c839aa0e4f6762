/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes execute. A process shares its image with those it forks;
 * and where many execute the same, one after another, as the replicas of a
 * service do, they share one as well: the last few are remembered.
 */
#include "tree_int.h"

/* Hardly anything that large is the same twice. */
#define MAX_REMEMBERED 4096

struct image *image_ref(struct image *image)
{
	image->refs++;
	return image;
}

void image_unref(struct image *image)
{
	if (image && !--image->refs)
		free(image);
}

static const char *append(char **at, const char *s)
{
	size_t len = strlen(s) + 1;
	char *to = *at;

	memcpy(to, s, len);
	*at += len;
	return to;
}

static uint32_t args_bytes_of(const struct fact *exec)
{
	return exec && exec->args ? (uint32_t)exec->args_bytes : 0;
}

/* What exec, if given, executed; otherwise a program known by name only. */
struct image *image_new(const char *exe, const char *comm,
			const struct fact *exec)
{
	uint32_t args = args_bytes_of(exec);
	const char *cwd = exec ? exec->cwd : NULL;
	struct image *image;
	char *at;

	exe = exe ? exe : "";
	comm = comm ? comm : "";
	image = malloc(sizeof(*image) + strlen(exe) + strlen(comm) + 2 + args +
		       (cwd ? strlen(cwd) + 1 : 0));
	if (!image)
		abort();
	memset(image, 0, sizeof(*image));
	image->refs = 1;
	at = image->data;
	image->exe = append(&at, exe);
	image->comm = append(&at, comm);
	if (cwd)
		image->cwd = append(&at, cwd);
	if (args) {
		image->args = at;
		image->args_bytes = args;
		image->args_count = exec->args_count;
		image->argc = exec->argc;
		memcpy(at, exec->args, args);
	}
	return image;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_same(const struct image *i, const char *exe, const char *comm,
		    const struct fact *exec)
{
	uint32_t args = args_bytes_of(exec);

	return i->args_bytes == args &&
	       (!args ||
		(i->args_count == exec->args_count && i->argc == exec->argc &&
		 !memcmp(i->args, exec->args, args))) &&
	       same(i->cwd, exec ? exec->cwd : NULL) && same(i->exe, exe) &&
	       same(i->comm, comm);
}

static struct image **place_of(struct tree *t, const char *comm,
			       const struct fact *exec)
{
	unsigned int args = args_bytes_of(exec), of_comm, of_args = 0;

	HASH_JEN(comm, strlen(comm), of_comm);
	if (args)
		HASH_JEN(exec->args, args, of_args);
	return &t->recent[(of_comm ^ of_args) % N_RECENT];
}

/* The same, or one of before that is no different. */
struct image *image_get(struct tree *t, const char *exe, const char *comm,
			const struct fact *exec)
{
	struct image **place, *image;

	exe = exe ? exe : "";
	comm = comm ? comm : "";
	if (args_bytes_of(exec) > MAX_REMEMBERED)
		return image_new(exe, comm, exec);
	place = place_of(t, comm, exec);
	if (*place && is_same(*place, exe, comm, exec))
		return image_ref(*place);
	image = image_new(exe, comm, exec);
	image_unref(*place);
	*place = image_ref(image);
	return image;
}

/* Those that nobody executes any more. */
void images_forget(struct tree *t)
{
	for (size_t i = 0; i < N_RECENT; i++) {
		if (!t->recent[i] || t->recent[i]->refs > 1)
			continue;
		image_unref(t->recent[i]);
		t->recent[i] = NULL;
	}
}

void images_free(struct tree *t)
{
	for (size_t i = 0; i < N_RECENT; i++)
		image_unref(t->recent[i]);
}
