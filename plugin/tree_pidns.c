/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pid namespaces: what their numbers are, and how they go with the host's. */
#include "tree_int.h"

#include <string.h>

struct pidns *pidns_new(struct pidns *outer)
{
	struct pidns *ns = calloc(1, sizeof(*ns));

	if (!ns)
		abort();
	ns->refs = 1;
	if (outer)
		ns->outer = pidns_ref(outer);
	return ns;
}

struct pidns *pidns_ref(struct pidns *ns)
{
	ns->refs++;
	return ns;
}

void pidns_unref(struct pidns *ns)
{
	struct pidns *outer;

	while (ns && !--ns->refs) {
		outer = ns->outer;
		free(ns);
		ns = outer;
	}
}

void proc_set_ns(struct proc *p, struct pidns *ns)
{
	struct pidns *old = p->priv->ns;

	if (old && old != ns && old->init == p)
		old->init = NULL;
	p->priv->ns = ns ? pidns_ref(ns) : NULL;
	/* /proc has told whose numbers its are. */
	if (ns && ns->mode == PIDNS_UNKNOWN && p->priv->ns_depth)
		ns->mode = p->priv->ns_depth > 1 ? PIDNS_LOCAL : PIDNS_HOST;
	pidns_unref(old);
}

/*
 * Keeps the pair. When numbers began anew, in the namespace or on the
 * host, the old ones no longer measure anything.
 */
void pidns_anchor(struct pidns *ns, pid_t vpid, pid_t pid, uint64_t at)
{
	struct anchor *last = ns->n_anchors ? &ns->anchors[ns->n_anchors - 1] :
					      NULL;
	size_t i;

	if (last && at >= last->at &&
	    (vpid < last->vpid / 2 || (vpid > last->vpid && pid < last->pid)))
		ns->n_anchors = 0;
	if (ns->n_anchors == MAX_ANCHORS)
		memmove(&ns->anchors[0], &ns->anchors[1],
			--ns->n_anchors * sizeof(ns->anchors[0]));
	for (i = ns->n_anchors; i && ns->anchors[i - 1].vpid >= vpid; i--)
		;
	if (i < ns->n_anchors && ns->anchors[i].vpid == vpid)
		return;
	memmove(&ns->anchors[i + 1], &ns->anchors[i],
		(ns->n_anchors - i) * sizeof(ns->anchors[0]));
	ns->anchors[i] = (struct anchor){ vpid, pid, at };
	ns->n_anchors++;
}

/* The first anchor that is not below vpid. (They are by rising vpid.) */
size_t pidns_anchor_from(const struct pidns *ns, pid_t vpid)
{
	size_t low = 0, high = ns->n_anchors, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (ns->anchors[mid].vpid < vpid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* p is the first process of a namespace within ns. */
void pidns_begin(struct pidns *ns, struct proc *p)
{
	struct rare *rare = rare_of(p->priv);

	if (rare->nested)
		return;
	rare->nested = pidns_new(ns);
	rare->nested->mode = PIDNS_LOCAL;
	rare->nested->init = p;
	pidns_anchor(rare->nested, 1, p->pid, p->priv->birth_at);
}
