/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core is told to do: as the configuration has it, and a copy of its own,
 * since it is another thread.
 */
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

struct core_options core_options_of(const struct config *config)
{
	struct core_options ret = {
		.pipeline = pipeline_defaults,
		.logs = {
			[LEDGER_TEXT] = strcmp(config->text_log, "none"),
			[LEDGER_JSON] = strcmp(config->json_log, "none"),
		},
	};
	struct tree_options *tree = &ret.pipeline.tree;

	ret.pipeline.max_args_bytes = (size_t)config->max_args_bytes;
	ret.pipeline.max_nodes = (size_t)config->max_nodes;
	ret.pipeline.gaps = true;
	tree->linger_ms = config->linger_ms;
	tree->roots = config->roots;
	tree->shims = config->shims;
	tree->runtimes = config->runtimes;
	tree->max_processes = (size_t)config->max_processes;
	tree->max_limbo = (size_t)config->max_limbo;
	tree->max_claims = (size_t)config->max_claims;
	tree->max_containers = (size_t)config->max_containers;
	tree->activity = config->activity;
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
