/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

#define CACHED 7	/* of each size */
#define MAX_CACHED 256	/* bytes; there are larger ones, and few of them */

/*
 * glibc keeps a few free blocks of each size for the thread, each in a page
 * that cannot be given back for its sake. They are let go, by putting others
 * into their place, which are together.
 */
static void renew_cache(void)
{
	void *volatile old[CACHED], *volatile new[CACHED];

	for (size_t size = 24; size <= MAX_CACHED; size += 16) {
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
	renew_cache();
	malloc_trim(0);
}
#else
void heap_give_back(void)
{
}
#endif
