/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge_int.h"

#include <stdlib.h>

#define GONE_NS 1000000000	/* an init and who was killed with it */
#define INIT_DIED_NS 100000000	/* the kernel kills the rest within that */

/*
 * A fork line may be written at once, or later, when it is known what
 * became of the child: both are right. Every other line must say what
 * holds after the execs before it.
 */
static bool fits(const struct life *l, const struct said_line *line, size_t n,
		 const char *(*expected)(const struct life *, size_t),
		 const char *got)
{
	size_t i;

	if (!is_fork(line))
		return same(expected(l, n), got);
	for (i = 0; i <= l->execs_count; i++)
		if (same(expected(l, i), got))
			return true;
	return false;
}

void judge_place(struct judge *j, const struct life *l, size_t n,
		 const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];
	const char *container = life_container(l, n);
	const char *role = life_role(l, n);
	bool inside = same(line->role, "init") || same(line->role, "exec") ||
		      same(line->role, "member");

	if (!fits(l, line, n, life_container, line->container)) {
		complain(j, l->pid, "container of its %s: expected %s, got %s",
			 line->action, shown(container),
			 shown(line->container));
		j->score->false_lines += line->container && !l->inside;
		v->place_wrong = true;
	}
	if (inside && !l->inside) {
		complain(j, l->pid, "is %s in no container, but called %s",
			 role, line->role);
		j->score->false_lines++;
		return;
	}
	/* What a shim forks is a shim until it executes something else. */
	if (!inside && is_fork(line) && line->role && !life_inside(l, n) &&
	    (!strcmp(line->role, "shim") || !strcmp(line->role, "runtime")))
		return;
	if (!inside && !n && !l->inside && same(line->role, "runtime"))
		return;
	if (!fits(l, line, n, life_role, line->role)) {
		complain(j, l->pid, "role of its %s: expected %s, got %s",
			 line->action, role, shown(line->role));
		v->place_wrong = true;
	}
}

const struct life *leader_of(const struct life *l)
{
	while (l && !l->entry)
		l = l->parent;
	return l;
}

static void judge_leader(struct judge *j, const struct life *l, size_t n,
			 const struct said_line *line)
{
	const struct life *leader = l->inside ? leader_of(l) : NULL;
	pid_t expected = leader ? leader->pid : 0;

	if (!life_inside(l, n) && !line->leader_pid)
		return;
	if (line->leader_pid != expected ||
	    (!life_inside(l, n) && !is_fork(line)))
		complain(j, l->pid, "leader of its %s: expected %d, got %d",
			 line->action, (int)expected, (int)line->leader_pid);
}

static void judge_parent(struct judge *j, const struct life *l,
			 const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];

	if (l->root || line->parent_pid == l->parent->pid)
		return;
	complain(j, l->pid, "parent on its %s: expected %d, got %d",
		 line->action, (int)l->parent->pid, (int)line->parent_pid);
	v->parent_wrong = true;
}

void judge_entity(struct judge *j, const struct life *l,
		  const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];
	struct owner *o;

	if (!line->entity) {
		complain(j, l->pid, "its %s has no entity_id", line->action);
		return;
	}
	if (!v->entity) {
		v->entity = line->entity;
		v->start_ms = line->start_ms;
	}
	if (strcmp(v->entity, line->entity))
		complain(j, l->pid, "two entity_ids: %s, then %s", v->entity,
			 line->entity);
	if (v->start_ms != line->start_ms)
		complain(j, l->pid, "its start changes: %lld, then %lld",
			 (long long)v->start_ms, (long long)line->start_ms);
	HASH_FIND_STR(j->owners, line->entity, o);
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o)
			abort();
		o->entity = line->entity;
		o->life = l;
		HASH_ADD_KEYPTR(hh, j->owners, o->entity, strlen(o->entity), o);
	}
	if (o->life != l)
		complain(j, l->pid, "entity_id %s is pid %d's too", o->entity,
			 (int)o->life->pid);
}

static void judge_vpid(struct judge *j, const struct life *l,
		       const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];

	if (!line->vpid || !l->vpid)
		return;
	v->vpid_known = true;
	if (line->vpid == l->vpid ||
	    (j->demand != DEMAND_ALL && line->vpid == l->outer))
		return;
	if (!v->vpid_wrong)
		complain(j, l->pid, "vpid: expected %d, got %d", (int)l->vpid,
			 (int)line->vpid);
	/* Told at once, by numbers alone: see docs/HACKING.md. */
	if (!v->vpid_wrong && j->demand == DEMAND_AUDIBLE)
		j->score->complaints--;
	v->vpid_wrong = true;
}

/* Does audit alone say plainly who the parent is? It does not where the
 * first record that the child left shows another and no parent named it. */
static void judge_source(struct judge *j, const struct life *l,
			 const struct said_line *line)
{
	bool inferred = same(line->source, "inferred");
	bool plain = l->claimed ||
		     (l->first && l->first->ppid == l->parent->pid);

	if (j->demand == DEMAND_ALL)
		return;
	j->verdicts[l->index].inferred = inferred;
	if (inferred && plain)
		complain(j, l->pid, "parent %d: called inferred, yet plain",
			 (int)l->parent->pid);
	if (!inferred && !plain && !l->parent_shown)
		complain(j, l->pid, "parent %d: not marked as inferred",
			 (int)l->parent->pid);
}

static void judge_fork(struct judge *j, const struct life *l,
		       const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];

	if (v->forks || v->execs || v->ends)
		complain(j, l->pid, "a fork line that is not its first");
	v->forks++;
	if (!l->root)
		judge_source(j, l, line);
}

static const char *skip_high(const char *s)
{
	while (*s & 0x80)
		s++;
	return s;
}

/*
 * The same in all that is ASCII, with something between where there is
 * something between: JSON cannot hold every byte as it is.
 */
static bool alike(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *b) {
		if ((*a & 0x80) && (*b & 0x80)) {
			a = skip_high(a);
			b = skip_high(b);
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *a == *b;
}

static bool args_match(const struct said_line *line, const struct record *r)
{
	struct json_object *arg;
	size_t i, n = line->args ? json_object_array_length(line->args) : 0;

	if (!r || !r->args_count)
		return true;
	if (n != r->args_count)
		return false;
	for (i = 0; i < n; i++) {
		arg = json_object_array_get_idx(line->args, i);
		if (!alike(json_object_get_string(arg), r->args[i]))
			return false;
	}
	return true;
}

static void judge_exec(struct judge *j, const struct life *l,
		       const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];
	const struct life_exec *x;

	if (!v->forks && !l->root)
		complain(j, l->pid, "an exec before its fork");
	if (v->ends)
		complain(j, l->pid, "an exec after its end");
	if (v->execs++ >= l->execs_count) {
		complain(j, l->pid, "exec %zu: expected none, got %s", v->execs,
			 shown(line->executable));
		return;
	}
	x = &l->execs[v->execs - 1];
	if (x->exe && !alike(x->exe, line->executable))
		complain(j, l->pid, "exec %zu: expected %s, got %s", v->execs,
			 x->exe, shown(line->executable));
	else if (!args_match(line, x->record))
		complain(j, l->pid, "exec %zu: arguments of %s differ",
			 v->execs, shown(line->executable));
	else
		v->execs_right++;
}

/* Ends by a signal leave no record, so of one that nobody heard end audit
 * can but say: at the latest it died with its pid namespace's init. */
static bool outlived_init(const struct life *l)
{
	const struct life *init = l->init;

	return !init || init == l || init->end_ns == NEVER ||
	       l->end_ns > init->end_ns + INIT_DIED_NS;
}

static bool gone_with(const struct life *l, const struct life *init)
{
	return init && init != l && init->end_ns != NEVER &&
	       llabs(init->end_ns - l->end_ns) <= GONE_NS;
}

/* Did its pid namespace's init, or that of one around it, end then? */
static bool init_died(const struct life *l)
{
	const struct life *p;

	if (gone_with(l, l->init))
		return true;
	for (p = l->parent; p; p = p->parent)
		if (p->vpid == 1 && gone_with(l, p))
			return true;
	return false;
}

/* By what the kernel's proc connector says, which knows every end. */
static const char *truth_wrong(const struct life *l,
			       const struct said_line *line)
{
	const char *reason = line->reason ? line->reason : "";
	int code = l->signal ? 128 + l->signal : l->code;

	if (l->oom != !strcmp(reason, "oom"))
		return l->oom ? "the OOM killer killed it" :
				"the OOM killer did not kill it";
	if (!l->signal && strcmp(reason, "exited"))
		return "it exited";
	if (l->signal && !strcmp(reason, "exited"))
		return "it was killed";
	if (!strcmp(reason, "init-died") && (l->signal != 9 || !init_died(l)))
		return "its init did not die then";
	if (!strcmp(reason, "unknown"))
		return "it is known how it ended";
	if (!strcmp(reason, "signaled") && line->signal != l->signal)
		return "signal";
	if (line->exit_code != code &&
	    (line->exit_code >= 0 || !strcmp(reason, "exited") ||
	     !strcmp(reason, "signaled")))
		return "status";
	return NULL;
}

/* By what audit lets anyone hear. */
static const char *audible_wrong(const struct life *l,
				 const struct said_line *line)
{
	const char *reason = line->reason ? line->reason : "";

	if (l->exit_heard && strcmp(reason, "exited"))
		return "it called exit_group";
	if (l->abend && strcmp(reason, "signaled"))
		return "ANOM_ABEND says so";
	if (!strcmp(reason, "exited")) {
		if (!l->exit_heard)
			return "nobody heard it exit";
		if (l->signal || line->exit_code != l->code)
			return "status";
	} else if (!strcmp(reason, "signaled")) {
		if (!l->signal || line->signal != l->signal)
			return "signal";
		if (line->exit_code != 128 + l->signal)
			return "code of a signal";
	} else if (!strcmp(reason, "init-died")) {
		if (outlived_init(l))
			return "its init did not die before";
	} else if (!strcmp(reason, "oom")) {
		if (l->signal != 9)
			return "it was not killed";
	} else if (strcmp(reason, "unknown")) {
		return "reason";
	}
	return NULL;
}

const char *judge_reason(const struct judge *j, const struct life *l,
			 const struct said_line *line)
{
	if (j->demand == DEMAND_ALL)
		return truth_wrong(l, line);
	return audible_wrong(l, line);
}

static void judge_end(struct judge *j, const struct life *l,
		      const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];
	const char *wrong;

	if (!v->forks && !l->root)
		complain(j, l->pid, "an end before its fork");
	v->ends++;
	if (l->end_ns == NEVER) {
		complain(j, l->pid, "an end, but it lives");
		j->score->false_lines++;
		return;
	}
	wrong = judge_reason(j, l, line);
	v->end_right = !wrong;
	v->exit_right = l->exit_heard && !wrong;
	if (wrong)
		complain(j, l->pid,
			 "end: %s: %s, code %d, signal %d; "
			 "it ended with code %d, signal %d",
			 wrong, shown(line->reason), line->exit_code,
			 line->signal, l->code, l->signal);
}

static void judge_other(struct judge *j, const struct life *l,
			const struct said_line *line)
{
	struct verdict *v = &j->verdicts[l->index];

	if (v->ends)
		complain(j, l->pid, "its %s comes after its end", line->action);
	if (!v->forks && !l->root)
		complain(j, l->pid, "its %s comes before its fork",
			 line->action);
}

void judge_line(struct judge *j, const struct life *l,
		const struct said_line *line)
{
	static const struct {
		const char *action;
		void (*judge)(struct judge *, const struct life *,
			      const struct said_line *);
	} actions[] = {
		{ "fork", judge_fork },	 { "exec", judge_exec },
		{ "end", judge_end },	 { "activity", judge_other },
		{ "census", judge_other },
	};
	size_t i, n;

	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(line->action, actions[i].action))
			break;
	if (i == sizeof(actions) / sizeof(*actions)) {
		complain(j, line->pid, "unknown action %s", line->action);
		return;
	}
	actions[i].judge(j, l, line);
	judge_parent(j, l, line);
	judge_entity(j, l, line);
	judge_vpid(j, l, line);
	n = j->verdicts[l->index].execs;
	if (n > l->execs_count)
		n = l->execs_count;
	judge_place(j, l, n, line);
	judge_leader(j, l, n, line);
}
