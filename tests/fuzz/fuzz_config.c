/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration, as a file of any bytes. What is taken is within the
 * table's bounds; what is refused is said in a printable line, and changes
 * nothing.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "config.h"

/* clang-format off */
static void must_be_allowed(const struct config *c)
{
#define OPTION_TEXT(name, def, help) must(*c->name);
#define OPTION_PATH(name, def, help) \
	must(*c->name == '/' || !strcmp(c->name, "none"));
#define OPTION_SIZE(name, def, min, max, help) \
	must(c->name + 1 > (min) && c->name <= (max));
#define OPTION_NUMBER(name, def, min, max, help) \
	must(c->name + 1 > (min) && c->name <= (max));
#define OPTION_BOOL(name, def, help)
#define OPTION_AUTO(name, def, help)
#define OPTION_CHOICE(name, def, words, help)
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_PATH
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
	must(strcmp(c->text_log, c->json_log) || !strcmp(c->text_log, "none"));
}

static void must_be_default(const struct config *c)
{
#define OPTION_TEXT(name, def, help) must(!strcmp(c->name, def));
#define OPTION_PATH(name, def, help) must(!strcmp(c->name, def));
#define OPTION_SIZE(name, def, min, max, help) must(c->name == (def));
#define OPTION_NUMBER(name, def, min, max, help) must(c->name == (def));
#define OPTION_BOOL(name, def, help) must(c->name == (def));
#define OPTION_AUTO(name, def, help) must(c->name == (def));
#define OPTION_CHOICE(name, def, words, help) must(c->name == (def));
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_PATH
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
}
/* clang-format on */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = scratch_put("conf", data, size);
	_cleanup_buf_ struct buf said = BUF_INIT;
	struct err err = { 0, "" };
	struct config c;

	config_init(&c);
	if (!config_load(&c, path, &err)) {
		must_be_allowed(&c);
	} else {
		must_be_default(&c);
		buf_puts(&said, err.text);
		buf_putc(&said, '\n');
		must_be_line(&said);
	}
	config_free(&c);
	return 0;
}
