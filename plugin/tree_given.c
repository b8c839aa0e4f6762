/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To whom the host's numbers were given, and when. They come round: within
 * a second, if a host has few and many are born.
 */
#include <sys/mman.h>

#include "tree_int.h"

/*
 * Whose the pids were that were given out lately: of each the last few
 * users, since numbers may come round within a second.
 */
#define GIVEN_SETS 2048
#define GIVEN_WAYS 8

/* How many in limbo are looked at, each the parent of the one before. */
#define MAX_ABOVE 8

/* What is looked through is together. */
struct given_set {
	pid_t pid[GIVEN_WAYS];
	uint32_t at[GIVEN_WAYS];	/* the low bits of tree time */
	/* Only to be compared; it may be gone. */
	const struct pidns *ns[GIVEN_WAYS];
};

#define GIVEN_BYTES (GIVEN_SETS * sizeof(struct given_set))

/* NULL if no pid was given. */
static struct given_set *given_set(const struct tree *t, pid_t pid)
{
	return t->given && pid > 0 ? &t->given[(uint32_t)pid % GIVEN_SETS] :
				     NULL;
}

/* In which places of the set it is, a bit for each: all are looked at at once. */
static unsigned int places_of(const struct given_set *set, pid_t pid)
{
	static const unsigned int bit[GIVEN_WAYS] = { 1,  2,  4,  8,
						      16, 32, 64, 128 };
	unsigned int bits = 0;

	for (unsigned int i = 0; i < GIVEN_WAYS; i++)
		bits |= set->pid[i] == pid ? bit[i] : 0;
	return bits;
}

/* All in one piece, that is given back as one. */
static struct given_set *new_sets(void)
{
	void *p = mmap(NULL, GIVEN_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* pid was given to a process or thread of that namespace. */
void step_given(struct tree *t, pid_t pid, uint64_t at, const struct pidns *ns)
{
	struct given_set *set;
	int oldest = 0;

	if (pid <= 0)
		return;
	if (!t->given)
		t->given = new_sets();
	set = given_set(t, pid);
	for (int i = 1; i < GIVEN_WAYS && set->pid[oldest]; i++)
		if (!set->pid[i] || (int32_t)(set->at[i] - set->at[oldest]) < 0)
			oldest = i;
	set->pid[oldest] = pid;
	set->at[oldest] = (uint32_t)at;
	set->ns[oldest] = ns;
}

/* What was taken for one of the host's numbers, then, is a container's own. */
void given_deny(struct tree *t, pid_t pid, uint64_t at)
{
	struct given_set *set = given_set(t, pid);

	for (int i = 0; set && i < GIVEN_WAYS; i++)
		if (set->pid[i] == pid && set->at[i] == (uint32_t)at &&
		    set->ns[i] == t->host_ns)
			set->pid[i] = 0;
}

void given_forget(struct tree *t)
{
	if (t->given)
		munmap(t->given, GIVEN_BYTES);
	t->given = NULL;
}

/*
 * Numbers begin anew at RESERVED_PIDS (kernel/pid.c), or above what is in
 * use there. Where the end is and where they begin is learned when they do:
 * two who are new, one after the other, have numbers that follow each other,
 * and low ones.
 */
#define RESERVED_PIDS 300
#define FAR_BACK 512
#define CLOSE 64
#define LEAST_ROUND_MS 100	/* else it is late records */

/* How long they took to come round, the last two times. */
static void note_round(struct tree *t)
{
	uint64_t ms = t->now - t->anew_at;

	if (ms < LEAST_ROUND_MS)
		return;
	t->round_ms[1] = t->round_ms[0];
	t->round_ms[0] = ms;
	t->anew_at = t->now;
}

static void begin_anew(struct tree *t, pid_t first)
{
	note_round(t);
	if (!t->end_pid || abs(t->end_pid - t->front_pid) > CLOSE) {
		t->end_pid = t->front_pid;
		t->begin_pid = first;
	}
	if (first < t->begin_pid)
		t->begin_pid = first;
}

/* Somebody new was heard of, or is to have that pid. */
void given_new(struct tree *t, pid_t pid)
{
	pid_t before = t->new_pid;

	t->new_pid = pid;
	if (pid <= before || pid - before > CLOSE)
		return;
	if (t->front_pid - pid > FAR_BACK && before >= RESERVED_PIDS &&
	    before < RESERVED_PIDS + FAR_BACK)
		begin_anew(t, before);
	t->front_pid = pid;
	if (t->end_pid && pid > t->end_pid && pid - t->end_pid <= CLOSE)
		t->end_pid = pid;
}

/* The number that was given after pid (1) or before it (-1). */
pid_t given_beside(const struct tree *t, pid_t pid, int to)
{
	if (t->end_pid && to > 0 && pid == t->end_pid)
		return t->begin_pid;
	if (t->end_pid && to < 0 && pid == t->begin_pid)
		return t->end_pid;
	return pid + to;
}

/*
 * When pid was given to somebody, nearest to at; *near_ms is how near, and
 * lessened to that. NULL if nobody was given it so near.
 */
static const struct pidns *given_near(const struct tree *t, pid_t pid,
				      uint64_t at, uint64_t *near_ms)
{
	const struct given_set *set = given_set(t, pid);
	const struct pidns *found = NULL;
	unsigned int bits = set ? places_of(set, pid) : 0;
	uint64_t ms;

	for (; bits; bits &= bits - 1) {
		int i = __builtin_ctz(bits);

		ms = between(set->at[i], (uint32_t)at);
		if (ms > *near_ms)
			continue;
		*near_ms = ms;
		found = set->ns[i];
	}
	return found;
}

/* Whether pid was given to somebody between. */
bool was_given(const struct tree *t, pid_t pid, uint64_t since, uint64_t until)
{
	const struct given_set *set = given_set(t, pid);

	for (int i = 0; set && i < GIVEN_WAYS; i++)
		if (set->pid[i] == pid &&
		    set->at[i] - (uint32_t)since <= until - since)
			return true;
	return false;
}

/* Who was heard under pid, and for the first time nearest to at. */
static struct proc *heard_near(const struct tree *t, pid_t pid, uint64_t at)
{
	struct proc *near = NULL, *p = pids_newest(&t->pids, pid);

	if (!t->pids.n_again)
		return p && p->priv->heard ? p : NULL;
	for (; p; p = pids_older(p))
		if (p->priv->heard &&
		    (!near || between(p->priv->first_at, at) <
				      between(near->priv->first_at, at)))
			near = p;
	return near;
}

/*
 * Whether s cannot be the parent of who spoke at that time, for it is younger.
 * Whoever has a child says so at once, or (vfork) when that has executed
 * something.
 */
#define AT_ONCE_MS 100

static bool is_later(const struct proc *s, uint64_t at)
{
	const struct proc_priv *v = s->priv;

	if (v->settled || v->exact || v->claim)
		return v->birth_at > at + COARSE_MS;
	return v->heard && v->first_at > at + AT_ONCE_MS;
}

/* Whether s has a number in ns: as those do that it descends from. */
static bool is_within(struct tree *t, const struct proc *s,
		      const struct pidns *ns)
{
	const struct pidns *n;
	uint64_t at;

	for (int i = 0; i < MAX_ABOVE && s->priv->state == STATE_LIMBO; i++) {
		at = s->priv->first_at;
		s = proc_find(t, s->priv->first_ppid, at);
		/* Who is shown is there: else it is another with that pid. */
		if (!s || had_gone(s, at) || is_later(s, at))
			return false;
	}
	if (s->priv->state == STATE_LIMBO)
		return false;
	for (n = s->priv->ns; n; n = n->outer)
		if (n == ns)
			return true;
	return false;
}

/* How long numbers took to come round lately, if it was less. */
uint64_t last_round(const struct tree *t, uint64_t least_ms)
{
	for (size_t i = 0; i < 2; i++)
		if (t->round_ms[i] && t->round_ms[i] < least_ms &&
		    t->now - t->anew_at <= LATELY * t->options.linger_ms)
			least_ms = t->round_ms[i];
	return least_ms;
}

/* The least time between two who were heard under pid, if it is less. */
uint64_t round_of(const struct tree *t, pid_t pid, uint64_t least_ms)
{
	const struct proc *p = pids_newest(&t->pids, pid), *old;
	uint64_t ms;

	for (; p && (old = pids_older(p)); p = old) {
		ms = between(p->priv->first_at, old->priv->first_at);
		if (p->priv->heard && old->priv->heard && ms < least_ms)
			least_ms = ms;
	}
	return least_ms;
}

/*
 * Who of the namespace was heard under pid about then, or NULL. Or it was
 * not to be had for a birth in it: *taken.
 */
struct proc *member_at(const struct around *w, pid_t pid, bool *taken)
{
	struct proc *s = heard_near(w->t, pid, w->at), *old;
	uint64_t far = s ? between(s->priv->first_at, w->at) : UINT64_MAX;
	uint64_t near_ms = w->near_ms;
	const struct pidns *to = given_near(w->t, pid, w->at, &near_ms);

	*taken = false;
	if (to && near_ms < far) {
		*taken = to != w->ns;
		return NULL;
	}
	if (far <= w->near_ms) {
		*taken = !is_within(w->t, s, w->ns);
		return *taken ? NULL : s;
	}
	old = s ? proc_find(w->t, pid, w->at) : NULL;
	*taken = old && placed(old) && old->priv->birth_at <= w->at &&
		 (!ended(old) || old->priv->end_at > w->at);
	return NULL;
}
