/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nametag: a container's names, as the tree wants them, from its bundle.
 */
#ifndef CONTREE_NAMETAG_H
#define CONTREE_NAMETAG_H

#include "tree.h"

/*
 * A tree_names_fn. ctx is an int *: the fd of the directory below which
 * bundles are, "/" or a recording's; -1 for none, and no names.
 */
void nametag_read(void *ctx, const struct container *c,
		  struct container_names *to);

#endif
