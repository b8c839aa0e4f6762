/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core is told to do: a copy of its own, since it is another thread. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

static const char *copy(const char *s)
{
	char *ret = strdup(s ? s : "");

	if (!ret)
		abort();
	return ret;
}

struct core_options *core_options_copy(const struct core_options *from)
{
	struct core_options *to = malloc(sizeof(*to));

	if (!to)
		abort();
	*to = *from;
	to->pipeline.tree.roots = copy(from->pipeline.tree.roots);
	to->pipeline.tree.shims = copy(from->pipeline.tree.shims);
	to->pipeline.tree.runtimes = copy(from->pipeline.tree.runtimes);
	return to;
}

void core_options_free(struct core_options *options)
{
	if (!options)
		return;
	free((char *)options->pipeline.tree.roots);
	free((char *)options->pipeline.tree.shims);
	free((char *)options->pipeline.tree.runtimes);
	free(options);
}
