/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>

#include "assemble.h"
#include "cleanup.h"
#include "gate.h"

static void on_fact(void *ctx, const struct fact *f)
{
	struct facts *facts = ctx;

	if (facts->n == facts->size) {
		facts->size = facts->size ? 2 * facts->size : 256;
		facts->list = reallocarray(facts->list, facts->size,
					   sizeof(facts->list[0]));
		if (!facts->list)
			abort();
	}
	facts->list[facts->n++] = fact_copy(f);
}

static void on_event(void *ctx, const struct gate_event *event)
{
	assemble_event(ctx, event);
}

int facts_read(struct facts *facts, const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	struct metrics metrics = { 0 };
	struct assemble *assemble;
	struct gate *gate;
	char data[65536];
	size_t n;

	if (!file)
		return -1;
	assemble = assemble_new(&metrics, on_fact, facts);
	gate = gate_new(&metrics, on_event, assemble);
	while ((n = fread(data, 1, sizeof(data), file)) > 0)
		gate_feed(gate, data, n);
	gate_finish(gate);
	gate_free(gate);
	assemble_free(assemble);
	return ferror(file) ? -1 : 0;
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		free(facts->list[i]);
	free(facts->list);
}
