/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generations: the older files of a log, NAME.1 the youngest. In a directory
 * that is open, by names in it; opens nothing itself.
 */
#ifndef CONTREE_GENERATIONS_H
#define CONTREE_GENERATIONS_H

#include <sys/stat.h>

#include "err.h"

/*
 * Moves NAME and each generation on by one; so many are kept, and with 0 NAME
 * is removed. path, NAME's, is for errors only. After an error some may have
 * been moved, the oldest first, and none is lost.
 */
int generations_shift(int dir_fd, const char *path, unsigned int kept,
		      struct err *err);

/* What NAME.1 is, or -1 if there is no such regular file. */
int generations_find(int dir_fd, const char *path, struct stat *st);

#endif
