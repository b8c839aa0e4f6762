/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * told: what the kernel's proc connector told while a log was recorded, as
 * facts of the witness in their order. Owns them and their strings.
 */
#ifndef CONTREE_TESTS_TOLD_H
#define CONTREE_TESTS_TOLD_H

#include "fact.h"

struct told {
	struct fact *list;
	char **containers;	/* what the facts' strings point to */
	size_t n;
};

/*
 * Reads the capture in that directory; -1 if it cannot be read. told is to be
 * freed whatever the outcome.
 */
int told_read(struct told *told, const char *dir);
void told_free(struct told *told);

#endif
