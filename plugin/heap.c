/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

#define CACHED 7	/* of each size */
#define MIN_BYTES 24
#define STEP 16
#define SMALL_BYTES 40
#define MAX_BYTES 1032

/*
 * glibc keeps a few free blocks of each size for the thread (tcache), each in a
 * page that cannot be given back for its sake. The largest are taken first, and
 * made small: what is cut off goes into the cache for its own size, which is
 * emptied next, or back to the heap. What cannot be cut stays.
 */
static void empty_cache(void)
{
	void *volatile old[CACHED];

	for (size_t size = MAX_BYTES; size > SMALL_BYTES; size -= STEP) {
		for (int i = 0; i < CACHED; i++)
			old[i] = malloc(size);
		for (int i = 0; i < CACHED; i++)
			free(realloc(old[i], MIN_BYTES));
	}
}

/* Those are let go, by others in their place, which may be closer together. */
static void renew_cache(void)
{
	void *volatile old[CACHED], *volatile new[CACHED];

	for (size_t size = MIN_BYTES; size <= SMALL_BYTES; size += STEP) {
		for (int i = 0; i < CACHED; i++)
			old[i] = malloc(size);
		for (int i = 0; i < CACHED; i++)
			new[i] = malloc(size);
		for (int i = 0; i < CACHED; i++)
			free(new[i]);
		for (int i = 0; i < CACHED; i++)
			free(old[i]);
	}
}

void heap_give_back(void)
{
	empty_cache();
	renew_cache();
	malloc_trim(0);
}
#else
void heap_give_back(void)
{
}
#endif
