/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle's config.json and, behind a line of "--", Docker's config.v2.json,
 * as files of any bytes. Every name is bounded and none is empty; one of the
 * two files never stands for the other.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>

#include "bundle.h"
#include "nametag.h"

#define ID "f6a69a4aac7f25e6f408736ed5c0af3d9c889cbb2637c1cd211cc12d25e54062"
#define BUNDLE "/run/bundle/" ID
#define DOCKER "/var/lib/docker/containers/" ID
#define SPLIT "\n--\n"

static void must_be_name(const char *s)
{
	must(!s || (*s && strlen(s) <= BUNDLE_VALUE_MAX_BYTES));
}

static void must_be_names(const struct bundle_names *n)
{
	must_be_name(n->name);
	must_be_name(n->image_name);
	must_be_name(n->image_tag);
	must_be_name(n->pod_name);
	must_be_name(n->pod_ns);
	must_be_name(n->pod_uid);
	must_be_name(n->sandbox_id);
	must_be_name(n->container_type);
	must_be_name(n->cgroups_path);
	must(n->image_name || !n->image_tag);
	must(n->n_labels <= BUNDLE_LABELS_MAX && !n->n_labels == !n->labels);
	for (size_t i = 0; i < n->n_labels; i++) {
		must(*n->labels[i].key);
		must(strlen(n->labels[i].key) <= BUNDLE_LABEL_MAX_BYTES);
		must(strlen(n->labels[i].value) <= BUNDLE_LABEL_MAX_BYTES);
	}
}

static void free_names(struct container_names *n)
{
	free(n->name);
	free(n->image_name);
	free(n->image_tag);
	free(n->pod_name);
	free(n->pod_ns);
	free(n->pod_uid);
	for (size_t i = 0; i < n->n_labels; i++) {
		free(n->labels[i].key);
		free(n->labels[i].value);
	}
	free(n->labels);
}

static int root_fd = -1;

static void put_files(const char *data, size_t size)
{
	const char *split = memmem(data, size, SPLIT, strlen(SPLIT));
	const char *docker = split ? split + strlen(SPLIT) : data + size;
	size_t spec = split ? (size_t)(split - data) : size;

	scratch_put(&BUNDLE "/config.json"[1], data, spec);
	scratch_put(&DOCKER "/config.v2.json"[1], docker,
		    (size_t)(data + size - docker));
	if (root_fd < 0)
		root_fd = open(scratch_dir(), O_RDONLY | O_DIRECTORY);
	must(root_fd >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_bundle_names_ struct bundle_names names;
	const struct container c = { .id = ID, .bundle = BUNDLE };
	struct container_names tag = { 0 };
	struct err err = { 0, "" };

	put_files((const char *)data, size);
	if (bundle_read(root_fd, BUNDLE, &names, &err))
		must(*err.text);
	must_be_names(&names);
	nametag_read(&root_fd, &c, &tag);
	must(!tag.name == !names.name && tag.n_labels == names.n_labels);
	free_names(&tag);
	return 0;
}
