/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oracle: the lines that a contree without fault would print for a
 * capture, made from the truth. With it the accuracy test is itself put to
 * the test: of these lines it must find nothing to say, and of each way to
 * spoil them it must complain (check_accuracy.sh).
 */
#ifndef CONTREE_TEST_ORACLE_H
#define CONTREE_TEST_ORACLE_H

#include <stdio.h>

#include "truth.h"

/* With all: of every process, and how it really ended. */
void oracle_print(const struct truth *t, bool all, FILE *out);

#endif
