/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle: what a container is called, read from the files its runtime was
 * given: config.json in its bundle (the OCI runtime specification's) and,
 * for Docker, config.v2.json in the daemon's own directory.
 *
 * Anybody on the host can run something called runc with a bundle of their
 * own making, so path and files may be hostile: no symlink is followed, only
 * regular files of bounded size and structure are read, and opening never
 * waits for the other end of a pipe. A disk, or a filesystem that somebody's
 * program serves, is waited for as ever: this is nothing for a thread that
 * auditd depends on. Never writes, logs or keeps anything.
 */
#ifndef CONTREE_BUNDLE_H
#define CONTREE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define BUNDLE_FILE_MAX_BYTES (1024 * 1024)
#define BUNDLE_VALUE_MAX_BYTES 512	/* a longer one is as good as none */
#define BUNDLE_LABELS_MAX 32
#define BUNDLE_LABEL_MAX_BYTES 256	/* of a key, and of a value */

struct bundle_label {
	char *key, *value;
};

/*
 * All strings are raw, untrusted bytes, never empty, and NULL where not
 * known. Only a label's value may be empty.
 */
struct bundle_names {
	char *name;		/* container.name, without Docker's "/" */
	char *image_name;	/* the reference without tag and digest */
	char *image_tag;
	char *pod_name, *pod_ns, *pod_uid;
	char *sandbox_id;	/* the container that is the pod's sandbox */
	char *container_type;	/* CRI's: "sandbox" or "container" */
	char *cgroups_path;	/* a path, or systemd's slice:prefix:name */
	size_t n_labels;
	struct bundle_label *labels;	/* compose's first */
	bool docker;		/* Docker's config.v2.json was there */
};

/*
 * Reads what bundle, an absolute path below root_fd ("/", or a test's tree),
 * tells into names, which need not be initialised and can be freed whatever
 * the outcome. -1 if config.json can't be read; err then names it. Whatever
 * else is absent or broken leaves a name unknown.
 */
int bundle_read(int root_fd, const char *bundle, struct bundle_names *names,
		struct err *err);

void bundle_names_free(struct bundle_names *names);

#define _cleanup_bundle_names_ __attribute__((cleanup(bundle_names_free)))

#endif
