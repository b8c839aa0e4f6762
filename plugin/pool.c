/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef SANITIZED

/* A sanitizer knows malloc, and would be blind to what is done here. */
void *pool_get(struct pool *p)
{
	void *block = calloc(1, p->size);

	if (!block)
		abort();
	return block;
}

void pool_put(struct pool *p, void *block)
{
	(void)p;
	free(block);
}

void pool_trim(struct pool *p)
{
	(void)p;
}

void pool_free(struct pool *p)
{
	(void)p;
}

#else

#include <sys/mman.h>
#include <unistd.h>
#include <utlist.h>

/* A slab begins at a multiple of its size, where any block of it finds it. */
#define SLAB_BYTES ((size_t)64 << 10)
#define MIN_BYTES 256
#define WORDS (SLAB_BYTES / MIN_BYTES / 64)

struct slab {
	struct slab *prev, *next;
	size_t n;		/* blocks in use */
	uint64_t used[WORDS];	/* which */
};

static size_t room(const struct pool *p)
{
	return (SLAB_BYTES - sizeof(struct slab)) / p->size;
}

static char *block_at(const struct pool *p, struct slab *s, size_t i)
{
	return (char *)s + SLAB_BYTES - (i + 1) * p->size;
}

static struct slab *slab_of(void *block)
{
	return (struct slab *)((uintptr_t)block & ~(SLAB_BYTES - 1));
}

/* Twice as much is mapped, and what is around the slab given back. */
static struct slab *slab_new(void)
{
	char *all = mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at;

	if (all == MAP_FAILED)
		abort();
	at = (char *)slab_of(all + SLAB_BYTES - 1);
	if (at > all)
		munmap(all, (size_t)(at - all));
	munmap(at + SLAB_BYTES, (size_t)(all + SLAB_BYTES - at));
	return (struct slab *)(void *)at;
}

static size_t take_free(struct slab *s)
{
	size_t word = 0;
	int bit;

	while (!~s->used[word])
		word++;
	bit = __builtin_ctzll(~s->used[word]);
	s->used[word] |= UINT64_C(1) << bit;
	s->n++;
	return 64 * word + (size_t)bit;
}

void *pool_get(struct pool *p)
{
	struct slab *s = p->slabs;
	char *block;

	if (!s || s->n == room(p)) {
		s = slab_new();
		DL_PREPEND(p->slabs, s);
	}
	block = block_at(p, s, take_free(s));
	if (s->n == room(p)) {
		DL_DELETE(p->slabs, s);
		DL_APPEND(p->slabs, s);
	}
	return memset(block, 0, p->size);
}

/* An empty slab stays if it is the only one with room. */
void pool_put(struct pool *p, void *block)
{
	struct slab *s = slab_of(block);
	size_t i =
		(size_t)((char *)s + SLAB_BYTES - (char *)block) / p->size - 1;

	s->used[i / 64] &= ~(UINT64_C(1) << i % 64);
	if (s->n-- == room(p)) {
		DL_DELETE(p->slabs, s);
		DL_PREPEND(p->slabs, s);
	}
	if (s->n || (s == p->slabs && (!s->next || s->next->n == room(p))))
		return;
	DL_DELETE(p->slabs, s);
	munmap(s, SLAB_BYTES);
}

/* Whether there is a block in use between these bytes of it. */
static bool has_used(const struct pool *p, const struct slab *s, size_t from,
		     size_t to)
{
	size_t first = (SLAB_BYTES - to) / p->size;
	size_t last = (SLAB_BYTES - from - 1) / p->size;

	for (size_t i = first; i <= last && i < room(p); i++)
		if (s->used[i / 64] & UINT64_C(1) << i % 64)
			return true;
	return false;
}

void pool_trim(struct pool *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct slab *s;

	DL_FOREACH(p->slabs, s) {
		if (s->n == room(p))
			break;	/* and so are all others */
		for (size_t at = page; at < SLAB_BYTES; at += page)
			if (!has_used(p, s, at, at + page))
				madvise((char *)s + at, page, MADV_DONTNEED);
	}
}

void pool_free(struct pool *p)
{
	struct slab *s, *next;

	DL_FOREACH_SAFE(p->slabs, s, next) {
		DL_DELETE(p->slabs, s);
		munmap(s, SLAB_BYTES);
	}
}

#endif
