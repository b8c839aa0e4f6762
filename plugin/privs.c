/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/*
 * What is kept, and why. What a process executes and where it works
 * (/proc/PID/exe and cwd), and with hidepid that it is there at all, is told
 * to who may trace it: CAP_SYS_PTRACE. A container's bundle and Docker's
 * files of it are in directories of another user's where Docker is rootless,
 * or remaps users: CAP_DAC_READ_SEARCH.
 *
 * Nothing is kept for the logs. They and their directory belong to uid 0, and
 * so does this process: to open, rename, truncate and unlink there, and to
 * fchmod, its being the owner is enough. That needs no CAP_DAC_OVERRIDE and
 * no CAP_FOWNER. Nor does giving a new log to its group need CAP_CHOWN: an
 * owner may give a file to a group that he is in (chgrp_ok() in fs/attr.c).
 * (A log that belongs to someone else can so be taken over at the start, but
 * not after a reload; then it is an error.)
 */
static const unsigned int kept[] = {
	CAP_SYS_PTRACE,
	CAP_DAC_READ_SEARCH,
};

#define KEPT (sizeof(kept) / sizeof(kept[0]))

int privs_start(struct err *err)
{
	const struct rlimit none = { 0, 0 };

	umask(027);
	/* A program that core_pattern pipes to would not heed the limit. */
	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_set(err, errno, "cannot forbid core dumps");
	return 0;
}

/* All are cleared: permitted, effective, inheritable, and so ambient. */
static int drop_capabilities(struct err *err)
{
	capng_select_t what = CAPNG_SELECT_CAPS;
	bool have[KEPT];
	size_t i;
	int code;

	for (i = 0; i < KEPT; i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	/* only who has CAP_SETPCAP may clear the bounding set */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (i = 0; i < KEPT; i++)
		if (have[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     kept[i]);
	code = capng_apply(what);
	if (code)
		return err_set(err, 0,
			       "cannot drop capabilities (capng_apply: %d)",
			       code);
	return 0;
}

int privs_drop(gid_t gid, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(err, errno, "cannot set no_new_privs");
	/* Who may not is no root, and where it matters the log says so. */
	if (setgroups(1, &gid) && errno != EPERM)
		return err_set(err, errno, "cannot leave other groups");
	return drop_capabilities(err);
}
