/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_json: a change as one line of JSON, in Elastic Common Schema
 * names, nested as ECS nests them. What is not known is left out.
 */
#include "sinks.h"

#include "json.h"
#include "stamp.h"
#include "words.h"

#define ECS_VERSION "8.11"
#define LINEAGE_MAX 64

static void put_time(struct buf *out, const char *key, size_t len,
		     uint64_t time_ms)
{
	char text[STAMP_BYTES];

	stamp(text, time_ms, 'T');
	buf_put(out, key, len);
	buf_putc(out, '"');
	buf_put(out, text, sizeof(text));
	buf_put(out, LIT("\","));
}

/* ECS has ids as keywords: "0" */
static void put_id(struct buf *out, uint32_t id)
{
	if (id == ID_UNSET)
		return;
	buf_put(out, LIT("\"id\":\""));
	buf_putu(out, id);
	buf_put(out, LIT("\","));
}

static void put_user(struct buf *out, const struct cred *cred)
{
	size_t user = json_object(out, KEY("user"));

	put_id(out, cred->uid);
	json_str(out, KEY("name"), cred->user);
	json_object_end(out, user);
}

static bool tells_end(const struct change *c)
{
	return c->proc && c->proc->reason != EXIT_NOT_YET &&
	       (c->kind == CHANGE_END || c->kind == CHANGE_CONTAINER_STOP);
}

/* Whether exit_code says something */
static bool has_exit_code(const struct proc *proc)
{
	return proc->reason == EXIT_EXITED || proc->reason == EXIT_SIGNALED ||
	       proc->reason == EXIT_OOM;
}

static const char *outcome(const struct change *c)
{
	static const char *const words[] = { "failure", "success" };

	switch (c->kind) {
	case CHANGE_CONTAINER_START:
	case CHANGE_FORK:
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
		return "success";
	case CHANGE_END:
	case CHANGE_CONTAINER_STOP:
		if (tells_end(c) && has_exit_code(c->proc))
			return words[!c->proc->exit_code];
		return "unknown";
	case CHANGE_ACTIVITY:
		return c->outcome < 0 ? "unknown" : words[!!c->outcome];
	case CHANGE_LOST:
		return "unknown";
	}
	return "unknown";
}

static const char *type(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_CONTAINER_START:
	case CHANGE_FORK:
	case CHANGE_EXEC:
		return "start";
	case CHANGE_CONTAINER_STOP:
	case CHANGE_END:
		return "end";
	case CHANGE_ACTIVITY:
	case CHANGE_CENSUS:
	case CHANGE_LOST:
		return "info";
	}
	return "info";
}

static void put_event(struct buf *out, const struct change *c)
{
	size_t event = json_object(out, KEY("event"));

	buf_put(out, LIT("\"kind\":\"event\",\"category\":[\"process\"],"
			 "\"dataset\":\"contree.process\","));
	json_str(out, KEY("action"), change_name(c->kind));
	buf_put(out, LIT("\"type\":[\""));
	buf_puts(out, type(c->kind));
	buf_put(out, LIT("\"],"));
	json_str(out, KEY("outcome"), outcome(c));
	if (c->serial)
		json_num(out, KEY("sequence"), c->serial);
	json_object_end(out, event);
}

static void put_host(struct buf *out, const char *node)
{
	size_t host = json_object(out, KEY("host"));

	json_str(out, KEY("hostname"), node);
	json_str(out, KEY("name"), node);
	json_object_end(out, host);
}

static void put_args(struct buf *out, const struct image *image)
{
	const char *arg = image->args;
	size_t args, len;
	uint32_t i;

	if (!arg)
		return;
	args = json_array(out, KEY("args"));
	for (i = 0; i < image->args_count; i++) {
		len = strlen(arg);
		json_element(out, arg, len);
		arg += len + 1;
	}
	json_array_end(out, args);
	json_num(out, KEY("args_count"), image->argc);
}

static void put_image(struct buf *out, const struct image *image)
{
	json_str(out, KEY("name"), image->program->comm);
	json_str(out, KEY("executable"), image->program->exe);
	put_args(out, image);
	json_str(out, KEY("working_directory"), image->program->cwd);
}

static void put_end(struct buf *out, const struct proc *proc)
{
	if (proc->end_ms)
		put_time(out, KEY("end"), proc->end_ms);
	if (has_exit_code(proc))
		json_num(out, KEY("exit_code"), (uint64_t)proc->exit_code);
}

static void put_parent(struct buf *out, const struct proc *parent)
{
	size_t object;

	if (!parent)
		return;
	object = json_object(out, KEY("parent"));
	json_known(out, KEY("pid"), parent->pid);
	json_str(out, KEY("entity_id"), parent->entity_id);
	json_str(out, KEY("name"), parent->image->program->comm);
	json_str(out, KEY("executable"), parent->image->program->exe);
	json_object_end(out, object);
}

static void put_entry_leader(struct buf *out, const struct proc *entry)
{
	size_t object;

	if (!entry)
		return;
	object = json_object(out, KEY("entry_leader"));
	json_known(out, KEY("pid"), entry->pid);
	json_str(out, KEY("entity_id"), entry->entity_id);
	json_str(out, KEY("executable"), entry->image->program->exe);
	json_object_end(out, object);
}

static void put_owner(struct buf *out, const struct cred *cred)
{
	size_t group;

	put_user(out, cred);
	group = json_object(out, KEY("group"));
	put_id(out, cred->gid);
	json_object_end(out, group);
}

static void put_process(struct buf *out, const struct change *c)
{
	size_t process = json_object(out, KEY("process"));
	const struct proc *proc = c->proc;

	if (proc)
		json_known(out, KEY("pid"), proc->pid);
	json_known(out, KEY("vpid"), c->vpid);
	if (proc) {
		json_str(out, KEY("entity_id"), proc->entity_id);
		put_image(out, c->image ? c->image : proc->image);
		if (proc->start_ms)
			put_time(out, KEY("start"), proc->start_ms);
		if (tells_end(c))
			put_end(out, proc);
	}
	put_parent(out, c->parent);
	if (proc) {
		put_entry_leader(out, proc->entry);
		put_owner(out, proc->cred);
	}
	json_object_end(out, process);
}

static void put_labels(struct buf *out, const struct container_names *names)
{
	size_t object = json_object(out, KEY("labels"));

	for (size_t i = 0; i < names->n_labels; i++)
		json_pair(out, names->labels[i].key, names->labels[i].value);
	json_object_end(out, object);
}

static void put_container(struct buf *out, const struct container *container)
{
	size_t object, image, tag;

	if (!container)
		return;
	object = json_object(out, KEY("container"));
	json_str(out, KEY("id"), container->id);
	json_str(out, KEY("name"), container->names.name);
	json_str(out, KEY("runtime"), container->runtime);
	image = json_object(out, KEY("image"));
	json_str(out, KEY("name"), container->names.image_name);
	tag = json_array(out, KEY("tag"));
	json_str(out, "", 0, container->names.image_tag);
	json_array_end(out, tag);
	json_object_end(out, image);
	put_labels(out, &container->names);
	json_object_end(out, object);
}

static void put_pod(struct buf *out, const struct container *container)
{
	size_t object, resource;

	if (!container || !container->names.pod_name ||
	    !*container->names.pod_name)
		return;
	object = json_object(out, KEY("orchestrator"));
	buf_put(out, LIT("\"type\":\"kubernetes\","));
	json_str(out, KEY("namespace"), container->names.pod_ns);
	resource = json_object(out, KEY("resource"));
	buf_put(out, LIT("\"type\":\"pod\","));
	json_str(out, KEY("name"), container->names.pod_name);
	json_str(out, KEY("id"), container->names.pod_uid);
	json_object_end(out, resource);
	json_object_end(out, object);
}

/* From the root's side to the parent; of a longer one the nearest. */
static void put_lineage(struct buf *out, const struct proc *parent)
{
	const struct proc *up[LINEAGE_MAX];
	const char *name;
	size_t lineage, n = 0;

	for (; parent && n < LINEAGE_MAX; parent = parent->parent)
		up[n++] = parent;
	lineage = json_array(out, KEY("lineage"));
	while (n-- > 0) {
		name = words_program(up[n]->image);
		json_element(out, name, strlen(name));
	}
	json_array_end(out, lineage);
}

static void put_exit(struct buf *out, const struct proc *proc)
{
	size_t object = json_object(out, KEY("exit"));

	json_str(out, KEY("reason"), exit_reason_name(proc->reason));
	if (proc->reason == EXIT_SIGNALED || proc->reason == EXIT_OOM)
		json_known(out, KEY("signal"), proc->exit_signal);
	json_object_end(out, object);
}

static void put_lost(struct buf *out, const struct change *c)
{
	size_t object = json_object(out, KEY("lost"));

	json_num(out, KEY("count"), c->lost);
	json_str(out, KEY("what"), c->lost_what);
	json_object_end(out, object);
}

/* What contree knows of a process and ECS has no name for */
static void put_known_proc(struct buf *out, const struct change *c)
{
	const struct proc *proc = c->proc;
	const struct cred *cred = proc->cred;

	if (!c->parent || proc->ppid != c->parent->pid)
		json_known(out, KEY("ppid"), proc->ppid);
	if (cred->auid != ID_UNSET)
		json_num(out, KEY("auid"), cred->auid);
	if (cred->ses != ID_UNSET)
		json_num(out, KEY("ses"), cred->ses);
	if (tells_end(c))
		put_exit(out, proc);
	put_lineage(out, c->parent);
}

static void put_contree(struct buf *out, const struct change *c)
{
	size_t contree = json_object(out, KEY("contree"));

	if (c->kind != CHANGE_LOST)
		json_str(out, KEY("role"), role_name(c->role));
	json_str(out, KEY("source"), source_name(c->source));
	if (c->container)
		json_str(out, KEY("namespace"), c->container->ns);
	json_str(out, KEY("key"), c->key);
	if (c->proc)
		put_known_proc(out, c);
	if (c->kind == CHANGE_ACTIVITY) {
		json_str(out, KEY("record"), c->record);
		json_str(out, KEY("syscall"), c->syscall);
	}
	if (c->kind == CHANGE_LOST)
		put_lost(out, c);
	json_object_end(out, contree);
}

void render_json(struct buf *out, const struct change *c)
{
	size_t line = json_object(out, "", 0);

	put_time(out, KEY("@timestamp"), c->time_ms);
	buf_put(out, LIT("\"ecs\":{\"version\":\"" ECS_VERSION "\"},"));
	put_event(out, c);
	put_host(out, c->node);
	if (c->kind != CHANGE_LOST)
		put_process(out, c);
	if (c->proc)
		put_user(out, c->proc->cred);
	put_container(out, c->container);
	put_pod(out, c->container);
	put_contree(out, c);
	json_object_end(out, line);
	/* the comma behind the line */
	out->data[out->len - 1] = '\n';
}
