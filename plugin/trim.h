/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trim: leaves out of a SYSCALL record what no fact is made of, before
 * auparse takes every field apart: half of it. It decides by the fields'
 * names alone and reads none of them. No state.
 */
#ifndef CONTREE_TRIM_H
#define CONTREE_TRIM_H

#include "buf.h"

/* Appends to out what is wanted of the line, which has no newline. */
void trim_syscall(struct buf *out, const char *line, size_t len);

#endif
