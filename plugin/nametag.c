/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nametag.h"

#include <stdlib.h>

#include "bundle.h"

static char *take(char **from)
{
	char *to = *from;

	*from = NULL;
	return to;
}

static void take_labels(struct container_names *to, struct bundle_names *from)
{
	to->labels = calloc(from->n_labels + 1, sizeof(*to->labels));
	if (!to->labels)
		abort();
	for (; to->n_labels < from->n_labels; to->n_labels++) {
		struct bundle_label *label = &from->labels[to->n_labels];

		to->labels[to->n_labels].key = take(&label->key);
		to->labels[to->n_labels].value = take(&label->value);
	}
}

void nametag_read(void *ctx, const struct container *c,
		  struct container_names *to)
{
	_cleanup_bundle_names_ struct bundle_names names = { 0 };
	const int *root_fd = ctx;

	if (*root_fd < 0 || bundle_read(*root_fd, c->bundle, &names, NULL))
		return;
	to->name = take(&names.name);
	to->image_name = take(&names.image_name);
	to->image_tag = take(&names.image_tag);
	to->pod_name = take(&names.pod_name);
	to->pod_ns = take(&names.pod_ns);
	to->pod_uid = take(&names.pod_uid);
	take_labels(to, &names);
}
