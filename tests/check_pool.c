/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks are zeroed, apart from each other, and their pages come and go. */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MANY 2000

static const size_t sizes[] = { 256, 344, 1000, 4096 };

/* Every byte of it is its own. */
static void fill(void *block, size_t size, unsigned char with)
{
	static const char zeroes[4096];

	ck_assert_int_eq(memcmp(block, zeroes, size), 0);
	memset(block, with, size);
}

static void check(const void *block, size_t size, unsigned char with)
{
	const unsigned char *bytes = block;
	size_t same = 0;

	while (same < size && bytes[same] == with)
		same++;
	ck_assert_uint_eq(same, size);
}

/* They come and go at random, and the pages of those that went, too. */
START_TEST(test_random)
{
	struct pool p = { .size = sizes[_i] };
	static void *blocks[MANY];
	unsigned int seed = 1;

	for (int i = 0; i < 20 * MANY; i++) {
		size_t at = (size_t)(rand_r(&seed) % MANY);
		unsigned char with = (unsigned char)(at % 251 + 1);

		if (i % (2 * MANY) == 0)
			pool_trim(&p);
		if (blocks[at]) {
			check(blocks[at], p.size, with);
			pool_put(&p, blocks[at]);
			blocks[at] = NULL;
		} else {
			blocks[at] = pool_get(&p);
			fill(blocks[at], p.size, with);
		}
	}
	for (size_t at = 0; at < MANY; at++) {
		if (!blocks[at])
			continue;
		check(blocks[at], p.size, (unsigned char)(at % 251 + 1));
		pool_put(&p, blocks[at]);
		blocks[at] = NULL;
	}
	pool_free(&p);
}
END_TEST

#ifndef SANITIZED

/* Whether the page that has its first byte is resident. */
static bool is_resident(const void *block)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char ret;

	return !mincore((void *)((uintptr_t)block & ~(page - 1)), 1, &ret) &&
	       ret & 1;
}

/* One in a hundred stays: hardly more than its page does. */
START_TEST(test_trim)
{
	struct pool p = { .size = sizes[_i] };
	static void *blocks[100 * MANY / 10];
	size_t resident = 0;

	for (size_t i = 0; i < COUNT(blocks); i++) {
		blocks[i] = pool_get(&p);
		memset(blocks[i], 1, p.size);
	}
	for (size_t i = 0; i < COUNT(blocks); i++)
		if (i % 100)
			pool_put(&p, blocks[i]);
	pool_trim(&p);
	for (size_t i = 0; i < COUNT(blocks); i++) {
		resident += is_resident(blocks[i]);
		if (i % 100 == 0)
			check(blocks[i], p.size, 1);
	}
	ck_assert_uint_ge(resident, COUNT(blocks) / 100);
	/* a block can be in two pages, and each slab has a page of its own */
	ck_assert_uint_le(resident, COUNT(blocks) * 40 / 100);
	for (size_t i = 0; i < COUNT(blocks); i += 100)
		pool_put(&p, blocks[i]);
	for (size_t i = 0; i < COUNT(blocks); i++)
		ck_assert(!is_resident(blocks[i]) || i + 500 > COUNT(blocks));
	pool_free(&p);
}
END_TEST

#endif

static Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");

	tcase_add_loop_test(t, test_random, 0, COUNT(sizes));
#ifndef SANITIZED
	tcase_add_loop_test(t, test_trim, 0, COUNT(sizes));
#endif
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
