/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines: bytes seen as lines, each up to its newline and with it. */
#ifndef CONTREE_LINES_H
#define CONTREE_LINES_H

#include <stddef.h>
#include <stdint.h>

/* A last one without a newline is one, too. */
uint64_t lines_count(const char *data, size_t len);

/* Bytes of the whole lines that fit into room; of one line if none does. */
size_t lines_within(const char *data, size_t len, uint64_t room);

#endif
