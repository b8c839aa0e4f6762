/* SPDX-License-Identifier: GPL-2.0-or-later */
/* promise: what every fact that is read from a record keeps. For tests. */
#ifndef CONTREE_TESTS_PROMISE_H
#define CONTREE_TESTS_PROMISE_H

#include "fact.h"

/*
 * Which promise f breaks, in words (static text), or NULL. args_bytes: what
 * its arguments may take at most; 0: no matter.
 */
const char *broken_promise(const struct fact *f, size_t args_bytes);

#endif
