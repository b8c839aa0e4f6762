/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc said: who lives that nobody has told of, and who is gone that
 * nobody heard end.
 */
#include "tree_int.h"

/* Who is in the tree already, and what /proc has of it now. */
static void refresh(struct tree *t, struct proc *p, const struct fact *f)
{
	look_at(p, f);
	p->ppid = f->ppid;
	proc_set_cred(p, f);
	if (p->priv->exec_at <= f->time_ms + t->offset && f->args)
		proc_set_image(p, image_get(t,
					    f->exe ? f->exe :
						     p->image->program->exe,
					    f->comm, f));
	reconsider(p);
	derive(t, p);
}

static void find_new(struct tree *t, const struct fact *f)
{
	struct birth b = {
		.source = SOURCE_CENSUS,
		.exact = true,
		.at = f->start_ms + t->offset,
		.time_ms = f->start_ms,
		.looked = f,
	};
	struct proc *p;

	b.parent = f->ppid && !f->topmost ? find_placed(t, f->ppid) : NULL;
	if (!b.parent && name_listed(t->roots, program_of(f)))
		b.role = ROLE_ROOT;
	else if (!b.parent && name_listed(t->shims, program_of(f)))
		b.role = ROLE_SHIM;
	else if (!b.parent)
		return;
	t->metrics->found++;
	p = proc_find(t, f->pid, b.at);
	if (!p || placed(p))
		p = proc_new(t, f->pid, b.at);
	p->priv->first_at = b.at;
	enter(t, p, &b);
}

static void found(struct tree *t, const struct fact *f)
{
	struct proc *p = find_placed(t, f->pid);
	struct when when = { f->time_ms + t->offset, f->time_ms, 0,
			     SOURCE_CENSUS };

	if (p && !ended(p)) {
		if (is_born_at(p, f->born_ms)) {
			/* The clock was set back since that was saved. */
			if (p->priv->birth_at > when.at)
				p->priv->birth_at = f->start_ms + t->offset;
			refresh(t, p, f);
			return;
		}
		/* Somebody else has its pid: that is all there is to know. */
		end(t, p, EXIT_UNKNOWN, 0, &when);
	} else if (p && is_born_at(p, f->born_ms)) {
		return;		/* a zombie, whose end was told */
	}
	find_new(t, f);
}

/* Its init has died, and it with it: container_due() is about to tell. */
static bool is_dying(const struct tree *t, const struct proc *p,
		     const struct fact *f)
{
	const struct container_priv *c = p->container ? p->container->priv :
							NULL;

	return p->role >= ROLE_INIT && c->self.stop_ms && c->timer.place &&
	       c->ns && c->ns->mode == PIDNS_LOCAL &&
	       !is_witnessed(t, f->time_ms + t->offset);
}

/*
 * Who is meant: where an end was missed while nobody listened, there may be a
 * newer user of the pid.
 */
static struct proc *find_gone(struct tree *t, const struct fact *f)
{
	struct proc *p = find_placed(t, f->pid);

	while (p && f->born_ms &&
	       (!placed(p) || ended(p) || !is_born_at(p, f->born_ms)))
		p = pids_older(p);
	return p;
}

static void gone(struct tree *t, const struct fact *f)
{
	struct proc *p = find_gone(t, f);
	struct when when = { f->time_ms + t->offset, f->time_ms, 0,
			     SOURCE_CENSUS };
	struct leaving leaving;

	if (p && is_dying(t, p, f))
		return;
	/* Somebody born since /proc was looked at is not meant. */
	if (!p || ended(p) || f->mono_ns < p->priv->told_ns ||
	    (!f->born_ms && p->priv->birth_at > when.at))
		return;
	t->metrics->gone++;
	leaving = rarely(p->priv)->leaving;
	if (leaving.reason)
		end(t, p, leaving.reason, leaving.code, &leaving.when);
	else
		end(t, p, EXIT_UNKNOWN, 0, &when);
}

void apply_census(struct tree *t, const struct fact *f)
{
	switch (f->kind) {
	case FACT_FOUND:
		found(t, f);
		break;
	case FACT_GONE:
		gone(t, f);
		break;
	case FACT_FORK:
	case FACT_EXEC:
	case FACT_EXIT:
	case FACT_SEEN:
	case FACT_ABEND:
		break;
	}
}
