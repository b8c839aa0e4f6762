/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sinks: how a change looks. Each appends exactly one line, with its
 * newline, to a buffer; no byte of a process's own strings reaches it but
 * through safe.h.
 */
#ifndef CONTREE_SINKS_H
#define CONTREE_SINKS_H

#include "buf.h"
#include "change.h"

/* One line of JSON in Elastic Common Schema names. */
void render_json(struct buf *out, const struct change *c);

/* One line for tail -f; with colour where a terminal asks for it. */
void render_text(struct buf *out, const struct change *c, bool colour);

#endif
