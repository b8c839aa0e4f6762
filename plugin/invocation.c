/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "invocation.h"

#include <string.h>

/* A walk over the arguments. */
struct walk {
	const char *at;
	uint32_t left;
	const char *letters;
};

static const char *next(struct walk *w)
{
	const char *arg = w->at;

	if (!w->left)
		return NULL;
	w->left--;
	w->at += strlen(arg) + 1;
	return arg;
}

/* Flags of runc and crun that take no value; all others do. */
static const char *const switches[] = {
	"all",
	"auto-dedup",
	"debug",
	"detach",
	"ext-unix-sk",
	"file-locks",
	"force",
	"help",
	"ignore-paused",
	"keep",
	"lazy-pages",
	"leave-running",
	"no-new-keyring",
	"no-new-privs",
	"no-pivot",
	"no-subreaper",
	"pre-dump",
	"shell-job",
	"stats",
	"systemd-cgroup",
	"tcp-established",
	"tty",
	"version",
};

/*
 * Those of one letter, which crun lets be glued: -dt. What -f means depends
 * on the command: --force of delete; with a value --format of ps and
 * --config of crun run.
 */
#define LETTERS "adhtv"
#define LETTERS_DELETE LETTERS "f"

static const struct {
	const char *name;
	enum verb verb;
} verbs[] = {
	{ "create", VERB_CREATE },   { "run", VERB_CREATE },
	{ "restore", VERB_CREATE },  { "exec", VERB_EXEC },
	{ "delete", VERB_DELETE },   { "start", VERB_OTHER },
	{ "kill", VERB_OTHER },	     { "state", VERB_OTHER },
	{ "pause", VERB_OTHER },     { "resume", VERB_OTHER },
	{ "update", VERB_OTHER },    { "ps", VERB_OTHER },
	{ "events", VERB_OTHER },    { "checkpoint", VERB_OTHER },
};

static bool is_switch(const char *flag, const char *letters)
{
	if (!flag[strspn(flag, letters)])
		return true;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!strcmp(flag, switches[i]))
			return true;
	return false;
}

/* If arg is -name or --name (perhaps with =value), gives name's begin. */
static const char *flag_name(const char *arg)
{
	if (arg[0] != '-' || !arg[1])
		return NULL;
	return arg + (arg[1] == '-' ? 2 : 1);
}

/*
 * The value of the flag called name, from "--name=value" or the argument
 * behind it; NULL if flag is another one.
 */
static const char *flag_value(const char *flag, const char *name,
			      struct walk *w)
{
	size_t len = strlen(name);

	if (strncmp(flag, name, len))
		return NULL;
	if (flag[len] == '=')
		return flag + len + 1;
	return flag[len] ? NULL : next(w);
}

static void skip_value(const char *flag, struct walk *w)
{
	if (!strchr(flag, '=') && !is_switch(flag, w->letters))
		next(w);
}

/* The next argument that is no flag; --bundle's value is taken on the way. */
static const char *next_word(struct walk *w, struct invocation *inv)
{
	const char *arg, *flag, *value;

	while ((arg = next(w))) {
		flag = flag_name(arg);
		if (!flag)
			return arg;
		if (!*flag)	/* "--" */
			return next(w);
		value = flag_value(flag, "bundle", w);
		if (!value)
			value = flag_value(flag, "b", w);
		if (value)
			inv->bundle = value;
		else
			skip_value(flag, w);
	}
	return NULL;
}

struct invocation parse_runtime(const char *args, uint32_t count)
{
	struct walk w = { args, count, LETTERS };
	struct invocation inv = { .verb = VERB_NONE };
	const char *verb;

	if (!next(&w))
		return inv;
	verb = next_word(&w, &inv);
	if (!verb)
		return inv;
	if (!strcmp(verb, "init")) {
		inv.verb = VERB_INIT;
		return inv;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(verb, verbs[i].name)) {
			if (verbs[i].verb == VERB_DELETE)
				w.letters = LETTERS_DELETE;
			inv.id = next_word(&w, &inv);
			inv.verb = inv.id && *inv.id ? verbs[i].verb :
						       VERB_NONE;
		}
	}
	if (inv.verb == VERB_NONE)
		inv.id = NULL;
	return inv;
}

struct invocation parse_shim(const char *args, uint32_t count)
{
	struct walk w = { args, count, LETTERS };
	struct invocation inv = { .verb = VERB_SHIM };
	const char *arg, *flag, *value;

	next(&w);
	while ((arg = next(&w))) {
		flag = flag_name(arg);
		if (!flag) {
			if (!strcmp(arg, "start"))
				inv.verb = VERB_SHIM_START;
			else if (!strcmp(arg, "delete"))
				inv.verb = VERB_SHIM_DELETE;
			break;
		}
		if (!*flag)	/* "--" */
			continue;
		if ((value = flag_value(flag, "id", &w)))
			inv.id = *value ? value : NULL;
		else if ((value = flag_value(flag, "namespace", &w)))
			inv.ns = value;
		else if ((value = flag_value(flag, "bundle", &w)))
			inv.bundle = value;
		else if ((value = flag_value(flag, "publish-binary", &w)))
			inv.publisher = value;
		else
			skip_value(flag, &w);
	}
	return inv;
}

bool name_listed(const char *list, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t name_len = strcspn(name, " ");
	size_t len;

	/* A program that was upgraded while it ran: d_path() in fs/d_path.c. */
	if (strcmp(name + name_len, " (deleted)"))
		name_len = strlen(name);

	for (; *list; list += len) {
		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len && list[len - 1] == '*' ?
			    !strncmp(name, list, len - 1) :
			    len && len == name_len && !memcmp(name, list, len))
			return true;
	}
	return false;
}
