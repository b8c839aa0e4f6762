/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names: the words that the logs use for the values of enums. A value that
 * is none of its enum's is "unknown": a sink never fails.
 */
#include "change.h"

#define NAME(table, i)                                                         \
	((size_t)(i) < sizeof(table) / sizeof(*(table)) ? (table)[i] :         \
							  "unknown")

const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_ROOT] = "root",	    [ROLE_SHIM] = "shim",
		[ROLE_RUNTIME] = "runtime", [ROLE_INIT] = "init",
		[ROLE_EXEC] = "exec",	    [ROLE_MEMBER] = "member",
	};

	return NAME(names, role);
}

const char *source_name(enum source source)
{
	static const char *const names[] = {
		[SOURCE_AUDIT] = "audit",
		[SOURCE_WITNESS] = "witness",
		[SOURCE_CENSUS] = "census",
		[SOURCE_INFERRED] = "inferred",
	};

	return NAME(names, source);
}

const char *exit_reason_name(enum exit_reason reason)
{
	static const char *const names[] = {
		[EXIT_NOT_YET] = "running",	[EXIT_EXITED] = "exited",
		[EXIT_SIGNALED] = "signaled",	[EXIT_OOM] = "oom",
		[EXIT_INIT_DIED] = "init-died", [EXIT_UNKNOWN] = "unknown",
	};

	return NAME(names, reason);
}

const char *change_name(enum change_kind kind)
{
	static const char *const names[] = {
		[CHANGE_CONTAINER_START] = "container-start",
		[CHANGE_CONTAINER_STOP] = "container-stop",
		[CHANGE_FORK] = "fork",
		[CHANGE_EXEC] = "exec",
		[CHANGE_END] = "end",
		[CHANGE_ACTIVITY] = "activity",
		[CHANGE_CENSUS] = "census",
		[CHANGE_LOST] = "lost",
	};

	return NAME(names, kind);
}
