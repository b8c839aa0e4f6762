/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree_int.h"

#include <string.h>

static bool is_later(uint64_t at, uint64_t serial, uint64_t than_at,
		     uint64_t than_serial)
{
	return at != than_at ? at > than_at : serial > than_serial;
}

/*
 * A program names itself (prctl PR_SET_NAME), so the name may change
 * without an exec; and a process forked by another thread than the one
 * that was heard bears that thread's name.
 */
static void take_name(struct tree *t, struct proc *p, const struct fact *f)
{
	const struct image *i = p->image;
	const char *exe = f->exe ? f->exe : i->program->exe;
	const char *comm = f->comm ? f->comm : i->program->comm;
	struct fact same = {
		.args = i->args,
		.args_bytes = i->args_bytes,
		.args_count = i->args_count,
		.argc = i->argc,
		.cwd = i->program->cwd,
	};

	if (!strcmp(exe, i->program->exe) && !strcmp(comm, i->program->comm))
		return;
	/* Another program than the parent's was never heard to start. */
	proc_set_image(p, image_get(t, exe, comm,
				    strcmp(exe, i->program->exe) &&
						    *i->program->exe ?
					    NULL :
					    &same));
}

/*
 * p never executed anything: it runs what its parent ran when p was born,
 * under the name it gave itself.
 */
void inherit_image(struct tree *t, struct proc *p)
{
	const struct proc_priv *above = p->parent->priv;
	struct image *image = p->parent->image;
	const char *exe = p->image->program->exe;
	const char *comm = p->image->program->comm;
	struct fact f = { 0 };

	if (above->old_image && above->exec_at > p->priv->birth_at)
		image = above->old_image;
	if ((!*exe || !strcmp(exe, image->program->exe)) &&
	    (!*comm || !strcmp(comm, image->program->comm))) {
		proc_set_image(p, image_ref(image));
		return;
	}
	if (!*exe || !strcmp(exe, image->program->exe))
		f = (struct fact){
			.args = image->args,
			.args_bytes = image->args_bytes,
			.args_count = image->args_count,
			.argc = image->argc,
			.cwd = image->program->cwd,
		};
	proc_set_image(p, image_get(t, *exe ? exe : image->program->exe,
				    *comm ? comm : image->program->comm, &f));
}

/* Who a record says its process is, and who runs it. */
void identify(struct tree *t, struct proc *p, const struct fact *f)
{
	if (f->uid != ID_UNSET && f->ppid)
		proc_set_cred(p, f);
	/* What a root executes is what it was found by. */
	if (f->kind != FACT_EXEC || !p->parent)
		take_name(t, p, f);
}

/* p's first record is another than it was. */
static void begin_with(struct tree *t, struct proc *p)
{
	struct proc_priv *v = p->priv;

	if (!placed(p) || v->exact)
		return;
	if (!v->claim)
		v->birth_at = v->first_at;
	rearm_settling(t, p);
}

/* What any record of p's own tells. */
void note(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;
	uint64_t at = f->time_ms + t->offset;

	if (f->ppid &&
	    (!v->heard || !v->first_ppid ||
	     is_later(v->first_at, v->first_serial, at, f->serial))) {
		v->first_at = at;
		v->first_serial = to_serial(f->serial);
		if (v->settled)
			v->first_ppid = f->ppid;
		else
			show_parent(t, p, f->ppid);
		begin_with(t, p);
	} else if (!v->heard) {
		v->first_at = at;
		v->first_serial = to_serial(f->serial);
	}
	if (!v->heard || is_later(at, f->serial, v->last_at, v->last_serial)) {
		v->last_at = at;
		v->last_serial = to_serial(f->serial);
		if (f->ppid)
			p->ppid = f->ppid;
		if (placed(p))
			identify(t, p, f);
	}
	v->heard = true;
}

static struct change change_by(const struct tree *t, enum change_kind kind,
			       const struct proc *p, const struct fact *f)
{
	struct change c = change_of(t, kind, p);

	c.source = f->source;
	c.time_ms = f->time_ms;
	c.serial = f->serial;
	c.key = f->key;
	return c;
}

/* What p executed before; its children of that time run it still. */
static void keep_old_image(struct proc *p, struct image *image, uint64_t at,
			   uint64_t serial)
{
	image_unref(p->priv->old_image);
	p->priv->old_image = image;
	p->priv->old_at = at;
	p->priv->old_serial = to_serial(serial);
}

static void apply_exec(struct tree *t, struct proc *p, const struct fact *f)
{
	struct proc_priv *v = p->priv;
	uint64_t at = f->time_ms + t->offset;
	struct image *image = image_get(t, f->exe, f->comm, f);
	struct change c;

	if (!v->exec_at ||
	    is_later(at, f->serial, v->exec_at, v->exec_serial)) {
		keep_old_image(p, image_ref(p->image), v->exec_at,
			       v->exec_serial);
		v->exec_at = at;
		v->exec_serial = to_serial(f->serial);
		/* If it has been heard since, that told its name. */
		if (is_later(v->last_at, v->last_serial, at, f->serial))
			proc_set_image(p,
				       image_get(t, p->image->program->exe,
						 p->image->program->comm, f));
		else
			proc_set_image(p, image_ref(image));
	} else if (is_later(at, f->serial, v->old_at, v->old_serial)) {
		keep_old_image(p, image_ref(image), at, f->serial);
	}
	/* Stamped after it was done, it is another; that one's was lost. */
	if (v->execs_owed && at > v->owed_at + COARSE_MS)
		v->execs_owed = 0;
	if (v->execs_owed)
		v->execs_owed--;
	classify_exec(t, p, f);
	derive(t, p);
	c = change_by(t, CHANGE_EXEC, p, f);
	/* Audit's stamps are coarse; nobody executes before his birth. */
	if (p->source == SOURCE_WITNESS && c.time_ms < p->start_ms)
		c.time_ms = p->start_ms;
	c.image = image;
	c.outcome = 1;
	t->emit(t->ctx, &c);
	image_unref(image);
}

static void apply_seen(struct tree *t, struct proc *p, const struct fact *f)
{
	struct change c;

	if (f->quiet || !t->options.activity)
		return;
	c = change_by(t, CHANGE_ACTIVITY, p, f);
	c.record = f->record;
	c.syscall = f->syscall;
	c.outcome = f->outcome;
	t->emit(t->ctx, &c);
}

/* That it ended is known, but not how, or only by what follows from others. */
static bool is_weak(enum exit_reason reason, const struct when *when)
{
	return reason == EXIT_UNKNOWN ||
	       (reason == EXIT_INIT_DIED && when->source != SOURCE_WITNESS);
}

static void set_end(struct proc *p, enum exit_reason reason, int code,
		    const struct when *when)
{
	struct proc_priv *v = p->priv;
	bool signaled;

	v->weak_end = is_weak(reason, when);
	p->reason = reason;
	p->end_source = v->weak_end && when->source == SOURCE_AUDIT ?
				SOURCE_INFERRED :
				when->source;
	/* Audit's stamps are coarse; nobody ends before his birth. */
	p->end_ms = p->source == SOURCE_WITNESS && when->time_ms < p->start_ms ?
			    p->start_ms :
			    when->time_ms;
	v->end_at = when->at;
	v->end_serial = to_serial(when->serial);
	signaled = reason == EXIT_SIGNALED || reason == EXIT_OOM;
	/* A status is a byte, and signals end at 64. */
	p->exit_signal = (unsigned char)(signaled ? code : 0);
	p->exit_code = (unsigned char)(signaled ? 128 + code : code);
}

/* Two things say that p ended: a record beats a guess, else the first counts. */
static void end_again(struct proc *p, enum exit_reason reason, int code,
		      const struct when *when)
{
	const struct proc_priv *v = p->priv;
	bool weak = is_weak(reason, when);

	if (weak != v->weak_end ?
		    weak :
		    !is_later(v->end_at, v->end_serial, when->at, when->serial))
		return;
	set_end(p, reason, code, when);
	container_restamp(p);
}

void end(struct tree *t, struct proc *p, enum exit_reason reason, int code,
	 const struct when *when)
{
	struct proc_priv *v = p->priv;
	struct change c;

	if (ended(p)) {
		end_again(p, reason, code, when);
		return;
	}
	set_end(p, reason, code, when);
	c = change_of(t, CHANGE_END, p);
	c.source = p->end_source;
	c.time_ms = p->end_ms;
	c.serial = when->serial;
	t->emit(t->ctx, &c);
	if (v->settled)
		remove_later(t, p);
	container_end(t, p);
}

/*
 * Whether the child that p had then is told by its pid, or was. Nobody has one
 * before he is born, whatever the stamp is.
 */
static bool is_child_told(const struct tree *t, const struct proc *p,
			  uint64_t at)
{
	const struct proc_priv *v = p->priv;

	return has_births_told(t,
			       v->exact && v->birth_at > at ? v->birth_at : at);
}

/* f is by p, which has its place. */
void apply(struct tree *t, struct proc *p, const struct fact *f)
{
	struct when when = { f->time_ms + t->offset, f->time_ms, f->serial,
			     SOURCE_AUDIT };

	note(t, p, f);
	switch (f->kind) {
	case FACT_FORK:
		if (is_child_told(t, p, when.at)) {
			vouch(t, p, f);
			break;
		}
		/* A number means nothing before its namespace is known. */
		if (p->priv->certain || p->priv->forced)
			claim_add(t, p, f);
		else
			hold_claim(t, p, f);
		break;
	case FACT_EXEC:
		apply_exec(t, p, f);
		break;
	case FACT_EXIT:
		end(t, p, EXIT_EXITED, f->code, &when);
		break;
	case FACT_ABEND:
		end(t, p, EXIT_SIGNALED, f->code, &when);
		break;
	case FACT_SEEN:
		apply_seen(t, p, f);
		break;
	case FACT_FOUND:
	case FACT_GONE:
		break;
	}
}
