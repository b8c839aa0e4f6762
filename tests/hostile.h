/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile: names as a process, an image or a bundle might choose them: every
 * byte, every malformed form of UTF-8, what drives a terminal, and what would
 * pass for a part of a line. None is longer than 100 bytes; some hold a NUL.
 */
#ifndef CONTREE_TESTS_HOSTILE_H
#define CONTREE_TESTS_HOSTILE_H

#include <stddef.h>

/* what: names it, for what is said of a failure */
typedef void try_fn(const char *what, const char *s, size_t len);

void hostile_names(try_fn *try);

#endif
