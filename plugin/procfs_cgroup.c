/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of /proc/PID/cgroup, and the containers that it names. */
#include "procfs_int.h"

/* "HIERARCHY:CONTROLLERS:PATH" */
struct membership {
	struct span hierarchy, controllers, path;
};

/*
 * The next line that is whole; false at the end. A path may have colons but
 * no newline, which cgroup_mkdir() in kernel/cgroup/cgroup.c refuses.
 * proc_cgroup_show() there puts " (deleted)" behind that of a cgroup which
 * was removed before its last process was reaped.
 */
static bool next_membership(const char **text, struct membership *m)
{
	while (**text) {
		m->hierarchy = take_until(text, ":\n");
		*text += **text == ':';
		m->controllers = take_until(text, ":\n");
		*text += **text == ':';
		m->path = take_until(text, "\n");
		*text += **text == '\n';
		if (m->path.len && m->path.s[0] == '/') {
			cut_tail(&m->path, " (deleted)");
			return true;
		}
	}
	return false;
}

/* The next name in a path. */
static bool next_component(struct span *path, struct span *name)
{
	const char *slash;

	while (path->len && path->s[0] == '/') {
		path->s++;
		path->len--;
	}
	slash = memchr(path->s, '/', path->len);
	name->s = path->s;
	name->len = slash ? (size_t)(slash - path->s) : path->len;
	path->s += name->len;
	path->len -= name->len;
	return name->len;
}

/*
 * CRI-O's and Podman's monitor is in a cgroup named after the container
 * (crio-conmon-ID.scope, libpod-conmon-ID.scope), and is not in it.
 */
static bool is_monitor(struct span prefix)
{
	return ends_with(prefix, "conmon-", 7);
}

static bool is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= '0' && s[i] <= '9') &&
		    !(s[i] >= 'a' && s[i] <= 'f'))
			return false;
	return true;
}

/*
 * The id in a cgroup's name, as runtimes make it: ID, PREFIX-ID.scope
 * (systemd), PREFIX-ID (CRI-O and Podman without systemd), or SLICE:PREFIX:ID
 * (what is meant for systemd, given to a runc that does without).
 */
static bool find_id(struct span name, struct span *id)
{
	char before;

	cut_tail(&name, ".scope");
	if (name.len < ID_LEN)
		return false;
	name.len -= ID_LEN;
	id->s = name.s + name.len;
	id->len = ID_LEN;
	if (!is_hex(id->s, id->len))
		return false;
	if (!name.len)
		return true;
	before = name.s[name.len - 1];
	return before == ':' || (before == '-' && !is_monitor(name));
}

bool procfs_container_id(const char *cgroup_file_text, char *out, size_t size)
{
	struct span name, id;
	struct membership m;

	if (size)
		out[0] = '\0';
	if (size < PROCFS_ID_SIZE)
		return false;
	while (next_membership(&cgroup_file_text, &m)) {
		while (next_component(&m.path, &name)) {
			if (find_id(name, &id)) {
				memcpy(out, id.s, id.len);
				out[id.len] = '\0';
				return true;
			}
		}
	}
	return false;
}

/*
 * Whether a cgroup's name is that of a container with an id of any form. It
 * is not ID.scope: init.scope is systemd's own, and session-1.scope a login.
 */
static bool is_named(struct span name, const char *id, size_t len)
{
	struct span hex;

	if (find_id(name, &hex) && span_is(hex, id, len))
		return true;
	if (ends_with(name, id, len) &&
	    (name.len == len || name.s[name.len - len - 1] == ':'))
		return true;
	if (!cut_tail(&name, ".scope") || !ends_with(name, id, len))
		return false;
	name.len -= len;
	return name.len > 1 && ends_with(name, "-", 1) && !is_monitor(name);
}

bool procfs_cgroup_names(const char *cgroup_file_text, const char *id)
{
	size_t len = strlen(id);
	struct membership m;
	struct span name;

	if (!len)
		return false;
	while (next_membership(&cgroup_file_text, &m))
		while (next_component(&m.path, &name))
			if (is_named(name, id, len))
				return true;
	return false;
}

/* Whether a list like "cpu,cpuacct" has a controller. */
static bool has_controller(struct span list, const char *controller)
{
	size_t len = strlen(controller);
	const char *comma;
	size_t next;

	for (; list.len; list.s += next, list.len -= next) {
		comma = memchr(list.s, ',', list.len);
		next = comma ? (size_t)(comma - list.s) : list.len;
		if (next == len && !memcmp(list.s, controller, len))
			return true;
		next += comma != NULL;
	}
	return false;
}

/* The path in a controller's hierarchy; NULL is the unified one. */
bool procfs_cgroup_path(const char *text, const char *controller,
			struct span *path)
{
	struct membership m;

	while (next_membership(&text, &m)) {
		if (controller ? has_controller(m.controllers, controller) :
				 span_is(m.hierarchy, "0", 1) &&
					 !m.controllers.len) {
			*path = m.path;
			return true;
		}
	}
	return false;
}
