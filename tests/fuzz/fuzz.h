/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz: what the fuzzers share. Each is a program of its own that libFuzzer
 * hands bytes to, again and again: it must neither crash nor trip a
 * sanitizer, and whatever must() hold holds. "./dev fuzz" runs them;
 * corpora.sh makes what they begin with.
 */
#ifndef CONTREE_TESTS_FUZZ_H
#define CONTREE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is not so is a finding. */
#define must(so)                                                           \
	do {                                                               \
		if (!(so)) {                                               \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,   \
				__LINE__, #so);                            \
			abort();                                           \
		}                                                          \
	} while (0)

/* The same, where wrong says in words what is not so; NULL: all is well. */
#define must_not(wrong)                                                    \
	do {                                                               \
		const char *must_wrong = (wrong);                          \
		if (must_wrong) {                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				must_wrong);                               \
			abort();                                           \
		}                                                          \
	} while (0)

/*
 * The program's own directory, made when first asked for and removed with
 * all in it at the end. Borrowed.
 */
const char *scratch_dir(void);

/* It, open. Borrowed. */
int scratch_fd(void);

/*
 * Makes the file at path, below that directory, hold just this; the
 * directories that lead to it are made. Returns its whole path, borrowed
 * until the next call.
 */
const char *scratch_put(const char *path, const void *data, size_t len);

/*
 * Fails unless that is one line without anything a terminal would obey or
 * that is not UTF-8.
 */
void must_be_line(const struct buf *line);

#endif
