/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes execute. A process shares its image with those it forks;
 * and where many execute the same, one after another, as the replicas of a
 * service do, they share one as well: the last few are remembered. Where they
 * differ by their arguments, they share the program.
 */
#include "tree_int.h"

/* Hardly anything that large is the same twice. */
#define MAX_REMEMBERED 4096

static unsigned int hash_of(const char *data, size_t len)
{
	unsigned int hash;

	HASH_JEN(data, len, hash);
	return hash;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* --- programs */

static struct program *program_ref(struct program *program)
{
	program->refs++;
	return program;
}

static void program_unref(struct program *program)
{
	if (program && !--program->refs)
		free(program);
}

static const char *append(char **at, const char *s)
{
	size_t len = strlen(s) + 1;
	char *to = *at;

	memcpy(to, s, len);
	*at += len;
	return to;
}

static struct program *program_new(const char *exe, const char *comm,
				   const char *cwd)
{
	struct program *program =
		malloc(sizeof(*program) + strlen(exe) + strlen(comm) + 2 +
		       (cwd ? strlen(cwd) + 1 : 0));
	char *at;

	if (!program)
		abort();
	program->refs = 1;
	at = program->data;
	program->exe = append(&at, exe);
	program->comm = append(&at, comm);
	program->cwd = cwd ? append(&at, cwd) : NULL;
	return program;
}

/* The same, or one of before that is no different. */
static struct program *program_get(struct tree *t, const char *exe,
				   const char *comm, const char *cwd)
{
	unsigned int hash = hash_of(exe, strlen(exe)) ^
			    hash_of(comm, strlen(comm));
	struct program **place = &t->programs[hash % N_RECENT];
	struct program *p = *place;

	if (p && same(p->exe, exe) && same(p->comm, comm) && same(p->cwd, cwd))
		return program_ref(p);
	program_unref(p);
	*place = program_new(exe, comm, cwd);
	return program_ref(*place);
}

/* --- images */

struct image *image_ref(struct image *image)
{
	image->refs++;
	return image;
}

void image_unref(struct image *image)
{
	if (!image || --image->refs)
		return;
	program_unref(image->program);
	free(image);
}

static uint32_t args_bytes_of(const struct fact *exec)
{
	return exec && exec->args ? (uint32_t)exec->args_bytes : 0;
}

/* What exec, if given, executed. The program's reference becomes its own. */
static struct image *image_of(struct program *program, const struct fact *exec)
{
	uint32_t args = args_bytes_of(exec);
	struct image *image = malloc(sizeof(*image) + args);

	if (!image)
		abort();
	memset(image, 0, sizeof(*image));
	image->refs = 1;
	image->program = program;
	if (args) {
		image->args = image->data;
		image->args_bytes = args;
		image->args_count = exec->args_count;
		image->argc = exec->argc;
		memcpy(image->data, exec->args, args);
	}
	return image;
}

struct image *image_new(const char *exe, const char *comm)
{
	return image_of(program_new(exe, comm, NULL), NULL);
}

static bool is_same(const struct image *i, const char *exe, const char *comm,
		    const struct fact *exec)
{
	uint32_t args = args_bytes_of(exec);

	return i->args_bytes == args &&
	       (!args ||
		(i->args_count == exec->args_count && i->argc == exec->argc &&
		 !memcmp(i->args, exec->args, args))) &&
	       same(i->program->cwd, exec ? exec->cwd : NULL) &&
	       same(i->program->exe, exe) && same(i->program->comm, comm);
}

/* NULL: it is not worth it. */
static struct image **place_of(struct tree *t, const char *comm,
			       const struct fact *exec)
{
	unsigned int args = args_bytes_of(exec);
	unsigned int hash = hash_of(comm, strlen(comm));

	if (args > MAX_REMEMBERED)
		return NULL;
	if (args)
		hash ^= hash_of(exec->args, args);
	return &t->recent[hash % N_RECENT];
}

/*
 * What exec, if given, executed; otherwise a program known by name only. The
 * same, or one of before that is no different.
 */
struct image *image_get(struct tree *t, const char *exe, const char *comm,
			const struct fact *exec)
{
	struct image **place, *image;

	exe = exe ? exe : "";
	comm = comm ? comm : "";
	place = place_of(t, comm, exec);
	if (place && *place && is_same(*place, exe, comm, exec))
		return image_ref(*place);
	image = image_of(program_get(t, exe, comm, exec ? exec->cwd : NULL),
			 exec);
	if (place) {
		image_unref(*place);
		*place = image_ref(image);
	}
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
	for (size_t i = 0; i < N_RECENT; i++) {
		if (!t->programs[i] || t->programs[i]->refs > 1)
			continue;
		program_unref(t->programs[i]);
		t->programs[i] = NULL;
	}
}

void images_free(struct tree *t)
{
	for (size_t i = 0; i < N_RECENT; i++) {
		image_unref(t->recent[i]);
		program_unref(t->programs[i]);
	}
}
