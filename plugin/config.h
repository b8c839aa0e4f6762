/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: /etc/audit/audisp-contree.conf. Reads "key = value" lines with
 * inih into a plain struct, by the one table of options in options.h. A
 * struct config owns its strings.
 */
#ifndef CONTREE_CONFIG_H
#define CONTREE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "options.h"

/* One member per row of OPTIONS; see there for meaning and unit. */
struct config {
#define OPTION_TEXT(name, def, help) char *name;
#define OPTION_SIZE(name, def, min, max, help) uint64_t name;
#define OPTION_NUMBER(name, def, min, max, help) uint64_t name;
#define OPTION_BOOL(name, def, help) bool name;
#define OPTION_AUTO(name, def, help) bool name;
#define OPTION_CHOICE(name, def, words, help) unsigned int name;
#define OPTION_PATH(name, def, help) char *name;
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
};

/* Fills in every default. config_free() gives its strings back. */
void config_init(struct config *c);
void config_free(struct config *c);

/*
 * Reads path over the defaults into c (which config_init() made). On the
 * first wrong line returns -1 and c is as it was; err says file, line,
 * option and what would be right. A file that is not there is an error.
 */
int config_load(struct config *c, const char *path, struct err *err);

#endif
