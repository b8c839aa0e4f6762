/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * option: the rows of options.h as values: how an option's text is read,
 * what would be right, and which option a misspelt name may have meant. It
 * reads no file and owns nothing.
 */
#ifndef CONTREE_OPTION_H
#define CONTREE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "config.h"

struct option;

/* In the order of options.h; option_index() counts in it. */
extern const size_t option_count;

/* NULL if there is none of that name. */
const struct option *option_find(const char *name);

/* The option whose name is so near that it was probably meant, or NULL. */
const struct option *option_nearest(const char *name);

const char *option_name(const struct option *o);
size_t option_index(const struct option *o);

/* False, and c is as it was, if text is no value for this option. */
bool option_read(const struct option *o, const char *text, struct config *c);

/* Appends what would be right: "a size in bytes between … is wanted, …". */
void option_wanted(const struct option *o, struct buf *out);

#endif
