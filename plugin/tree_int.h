/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree_int: what the tree's own files share. Nobody else includes it.
 *
 * tree.c		the clock, what is due, the public functions
 * tree_proc.c		records of processes: made, linked, forgotten
 * tree_pids.c		who has which pid
 * tree_images.c	what they execute
 * tree_limbo.c		who waits for a place, and what they said meanwhile
 * tree_place.c		who is whose child: placing
 * tree_follow.c	what follows when somebody has his place
 * tree_settle.c	the last word on a birth
 * tree_pidns.c		pid namespaces
 * tree_claims.c	births that parents announced
 * tree_claimed.c	the same by their numbers
 * tree_judge.c		which birth was whose
 * tree_step.c		the same by the numbers of the neighbours
 * tree_given.c		who was given which number
 * tree_apply.c		what a fact does to a process that has its place
 * tree_witness.c	what the kernel's proc connector said
 * tree_census.c	what /proc said
 * tree_role.c		what follows for a process from its parent and its execs
 * tree_doubt.c		whose arguments are not believed
 * tree_container.c	containers: named, started, stopped
 * tree_restore.c	what outlives the plugin
 * tree_check.c		the invariants
 *
 * Two clocks: *_ms is a record's own time and is for showing; *_at is the
 * tree's time, which never goes back, and is for deciding.
 */
#ifndef CONTREE_TREE_INT_H
#define CONTREE_TREE_INT_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "invocation.h"
#include "pool.h"
#include "timers.h"
#include "tree.h"

/* The tree is the one that aborts when memory is out: see STYLE. */
#define uthash_fatal(msg) abort()
#include <uthash.h>
#include <utlist.h>

/* Facts kept of one process that waits for its place, and of all. */
#define MAX_PENDING 4096
#define MAX_HELD 262144

/* There are no more pids: PID_MAX_LIMIT, include/linux/threads.h. */
#define MAX_THREADS ((1u << 22) - 1)

/* clone(2) flags, include/uapi/linux/sched.h */
#define FLAG_PARENT 0x00008000u
#define FLAG_THREAD 0x00010000u
#define FLAG_NEWPID 0x20000000u
#define FLAG_VFORK 0x00004000u

enum timer_kind {
	TIMER_LIMBO,	/* proc: nobody knows its parent */
	TIMER_SETTLE,	/* proc: all facts of its birth have come */
	TIMER_REMOVE,	/* proc: ended long enough ago */
	TIMER_CLAIM,	/* claim: the child did not speak */
	TIMER_DYING,	/* container: its init ended, the rest was killed */
	TIMER_LOST,	/* tree: report what the bounds cost */
};

enum state {
	STATE_LIMBO,	/* its parent is not in the tree */
	STATE_WAITING,	/* its parent is one of several */
	STATE_PLACED,
	STATE_GHOST,	/* gone, but somebody's ancestor */
};

enum pidns_mode {
	PIDNS_UNKNOWN,	/* no claim yet that tells */
	PIDNS_HOST,	/* claims are host pids */
	PIDNS_LOCAL,	/* claims are small local numbers */
};

/* A birth whose two pids are known: what the others are measured by. */
struct anchor {
	pid_t vpid;
	pid_t pid;
	uint64_t at;
};

#define MAX_ANCHORS 128

/*
 * A namespace in which more births are open than this, as in a fork bomb,
 * must not cost more than it can be worth: there, who shows another parent
 * than the one who takes orphans is that one's, and the others wait.
 */
#define MAX_JUDGED 256

/* Claims by their numbers. */
struct claimed {
	struct claim **buckets;	/* by claim.chain */
	size_t n, size;
};

struct pidns {
	unsigned int refs;	/* processes whose claims are numbers in it */
	enum pidns_mode mode;
	struct pidns *outer;	/* NULL for the host's; owns a ref */
	struct proc *init;	/* its child reaper; NULL if not known or gone */
	struct claim *claims;	/* open, and answered by unsettled children;
				 * by falling serial */
	struct claim *near[2];	/* of them, where one was sought last: for a
				 * verdict that may not be the last, and one
				 * that is */
	size_t n_claims;	/* those */
	struct claimed by_vpid;	/* where their numbers are local ones */
	struct proc *waiting;	/* STATE_WAITING, by waiting_next */
	size_t n_hidden;	/* of those, who say that they have a child */
	uint64_t late_at;	/* when a fact came that was late, last */
	size_t n_anchors;	/* by rising vpid */
	struct anchor anchors[MAX_ANCHORS];
};

/* audit_serial() in kernel/audit.c: they are of 32 bits. */
typedef uint32_t serial_t;

static inline serial_t to_serial(uint64_t serial)
{
	return serial < UINT32_MAX ? (serial_t)serial : UINT32_MAX;
}

/* A parent's word that it has a child, locally numbered vpid. */
struct claim {
	struct proc *caller;	/* whose record it was */
	struct proc *owner;	/* whose child it is: differs with CLONE_PARENT */
	struct pidns *ns;
	struct proc *answer;	/* the child, until it is settled; or NULL */
	struct claim *chain;	/* in host_claims or ns->by_vpid */
	pid_t vpid;
	enum fork_call call;
	uint64_t at;
	uint64_t time_ms;
	uint32_t flags;
	serial_t serial;
	bool reported;
	bool unsure;	/* one of two, of which one is somebody's */
	struct timer timer;
	struct claim *prev, *next;	/* in ns->claims */
	struct claim *all_prev, *all_next;
};

/* When and by which record something happened. */
struct when {
	uint64_t at, time_ms, serial;
	enum source source;	/* audit, if nothing else is said */
};

/* How the thread ended that ended last. */
struct leaving {
	enum exit_reason reason;	/* EXIT_NOT_YET: none did */
	int code;
	struct when when;
};

/* A string that many processes share. */
struct shared {
	unsigned int refs;
	char text[];
};

/* What few processes have. */
struct rare {
	struct pidns *nested;	/* it was born into; owns a ref; or NULL */
	struct container_priv *shim_of;	/* by shim_next */
	char *inv_id, *inv_ns, *inv_bundle;	/* invoked on what, or NULL */
	struct when user_exec;	/* its first program that is no runtime's */
	struct leaving leaving;
};

/* What a process has only until its birth is settled. */
struct youth {
	struct proc *shown_prev, *shown_next;	/* in the list of a parent */
	struct fact **pending;	/* while it waits for its place */
	uint64_t quit_at;	/* said in limbo to be its end; 0: not said */
	serial_t quit_serial;	/* … by that record */
	unsigned int pending_size;
	unsigned int n_forks;	/* of what is pending */
	bool shown;		/* in the tree's list of its shown parent */
};

/*
 * There are as many of these as there are processes: a member for a few, or
 * for a short while, belongs into one of the above.
 */
struct proc_priv {
	/* What is looked at of many at a time is together. */
	struct pidns *ns;	/* the one its own claims are numbered in */
	struct claim *claim;	/* its tentative answer, or NULL */
	struct proc *pid_next;	/* in the tree's pids */
	uint64_t birth_at;
	uint64_t first_at;	/* its earliest own record */
	uint64_t end_at;
	serial_t first_serial;
	pid_t first_ppid;	/* the parent that its earliest record shows */
	unsigned int n_threads : 22;	/* by the witness; 0: not known */
	enum state state : 2;
	enum verb verb : 4;	/* what it was invoked to do */
	enum verb doubted : 4;	/* … as it says, and is not believed */
	unsigned char ns_depth;	/* of its pid namespace; 1: the host's, 0: ? */
	bool heard : 1;		/* first_* and last_* are set */
	bool in_limbo : 1;	/* counts among those without a place */
	bool forced : 1;	/* what it said counts, certain or not */
	bool exact : 1;		/* its birth is known by a host pid */
	bool settled : 1;	/* nothing about its birth will change */
	bool finished : 1;	/* its final record was given out */
	bool weak_end : 1;	/* the end was not said by a record */
	bool by_parent_flag : 1;	/* born by CLONE_PARENT */
	bool by_vfork : 1;	/* born by vfork or CLONE_VFORK */
	bool vouched : 1;	/* its parent is who made it, for sure */
	bool had_child : 1;	/* one was placed, or may have been */
	bool last_stage : 1;	/* of the runtime: becomes init or exec */
	bool inside : 1;	/* the shim's child, yet in a container */
	bool shim_init : 1;	/* … and its init, by the shim's word */
	bool certain : 1;	/* its pid namespace is known for sure */
	bool started : 1;	/* its container, as its init */
	bool end_told : 1;	/* its container knows that it ended */
	bool sure : 1;		/* whose claim it answers will not change */

	struct youth *youth;	/* or NULL */
	struct rare *rare;	/* or NULL: see rarely() */
	struct shared *cgroup;	/* the container that its cgroup names, or NULL */
	struct image *old_image;	/* of the exec before, or NULL */
	struct proc *children;	/* by sibling_next */
	union {
		struct proc *sibling_prev;
		struct proc *waiting_prev;
	};
	union {
		struct proc *sibling_next;
		struct proc *waiting_next;	/* in ns->waiting: no parent */
	};
	struct proc *container_prev, *container_next;
	struct proc *all_prev, *all_next;	/* by birth of the record */
	uint64_t last_at;	/* its latest own record */
	uint64_t exec_at;	/* its latest exec, */
	uint64_t old_at;	/* and the one before */
	uint64_t told_ns;	/* what was witnessed before is in already */
	uint64_t owed_at;	/* the last one of execs_owed */
	serial_t last_serial, exec_serial, old_serial;
	serial_t end_serial;
	struct timer timer;
	unsigned short execs_owed;	/* witnessed, and not told by audit */
	unsigned short n_pending;	/* facts in youth->pending */
	unsigned int n_unmatched; /* children that spoke, but answer no claim */
	unsigned int n_claims;	/* open ones it made or owns: it must stay */
};

/* A proc and its private half are one block of memory. */
struct whole {
	struct proc proc;
	struct proc_priv priv;
};

/* Who has which pid, and who had it before and is not forgotten. */
struct pids {
	struct proc **buckets;	/* by priv->pid_next */
	size_t n, size;
	size_t n_again;		/* of n, whose pid an older one had as well */
};

struct container_priv {
	struct container self;
	char *key;		/* namespace, newline, id */
	struct tree *tree;
	struct proc *init;	/* NULL before it starts and when it is gone */
	struct proc *shim;	/* the one that stays; NULL if unknown or gone */
	struct container_priv *shim_prev, *shim_next;	/* of the same shim */
	struct pidns *ns;	/* its members'; owns a ref; or NULL */
	struct proc *procs;	/* that carry it, by container_next */
	size_t refs;		/* those */
	bool starting;		/* its runtime's "start" was heard */
	bool drained;		/* after its stop, its claims were dropped */
	struct when stop;	/* its init's end */
	struct when gone;	/* by the word of runtime or shim; at 0: no */
	struct when shim_deleted;	/* by containerd; likewise */
	struct timer timer;
	UT_hash_handle hh;
};

/*
 * The processes that showed the same parent in their first record, and
 * whose birth is not settled: those in limbo, those that wait, and those
 * that may yet turn out to be another's.
 */
struct parent_shown {
	pid_t ppid;
	struct proc *first, *last;	/* by shown_next: in the order in which
					 * they spoke */
	UT_hash_handle hh;
};

#define N_RECENT 128

/* A parent's record of a child's birth that is not given yet. */
struct voucher {
	pid_t child, parent;
	uint64_t at;
};

#define N_VOUCHERS 64

struct tree {
	struct tree_options options;
	char *roots, *shims, *runtimes;	/* what options point to */
	char *node;
	struct metrics *metrics;
	change_fn *emit;
	change_fn *final;
	tree_pid_fn *adopted;
	tree_names_fn *on_bundle;
	void *ctx, *final_ctx, *adopted_ctx, *bundle_ctx;

	uint64_t now;		/* tree time */
	uint64_t last_fact;	/* tree time of the last fact */
	uint64_t found_at;	/* when /proc was looked into last */
	uint64_t offset;	/* tree time minus event time */
	unsigned int n_late;	/* facts from long ago, in a row */
	uint64_t serial;	/* the highest that was heard */
	struct given_set *given;	/* pids, lately; NULL before any */
	pid_t new_pid;		/* the last that was new */
	pid_t front_pid;	/* and followed the one before */
	pid_t end_pid;		/* after this they begin anew, */
	pid_t begin_pid;	/* with this; 0: not known */
	uint64_t anew_at;	/* when they did last, */
	uint64_t round_ms[2];	/* and how long they took for it; 0: ? */
	uint64_t witness_since;	/* tree time, or WITNESS_OFF */
	uint64_t births_since;	/* … of births, which may be earlier */
	uint64_t told_until;	/* up to then the witness told all: before a
				 * gap, or to an earlier plugin */

	struct voucher vouchers[N_VOUCHERS];	/* by the child's pid */
	uint64_t vouched;			/* see tree_vouched() */
	struct timers timers;
	struct pids pids;
	struct image *recent[N_RECENT];	/* that others may execute, too */
	struct program *programs[N_RECENT];	/* likewise */
	struct image *no_image;	/* whoever was not heard yet has these */
	struct cred *no_cred;
	struct parent_shown *shown;
	struct claimed host_claims;	/* clone3 of the host's namespace */
	struct container_priv *containers;
	struct pidns *host_ns;
	struct claim *claims;	/* every one */
	struct pool pool;	/* the records */
	struct proc *all;	/* every one of them, the newest first */
	struct proc *oldest;	/* the last of them */
	struct proc *to_save;	/* next; NULL: none */
	size_t n_placed, n_limbo, n_claims, n_containers;
	size_t n_held;		/* facts that wait, of all processes */
	struct following *following;	/* a stack: see tree_follow.c */
	size_t n_following, following_size;
	uint64_t lost;		/* processes, not yet reported */
	struct timer lost_timer;
};

static inline bool is_crowd(const struct pidns *ns)
{
	return ns->n_claims > MAX_JUDGED;
}

static inline bool ended(const struct proc *p)
{
	return p->reason != EXIT_NOT_YET;
}

static inline bool placed(const struct proc *p)
{
	return p->priv->state == STATE_PLACED;
}

static inline struct proc *proc_of(const struct proc_priv *v)
{
	return (struct proc *)((uintptr_t)v - offsetof(struct whole, priv));
}

/* For reading: nothing, where it has none. */
static inline const struct rare *rarely(const struct proc_priv *v)
{
	static const struct rare none;

	return v->rare ? v->rare : &none;
}

static inline char *must_dup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		abort();
	return copy;
}

/* tree.c */
uint64_t event_ms(const struct tree *t, uint64_t at);
struct change change_of(const struct tree *t, enum change_kind kind,
			const struct proc *p);
void lose(struct tree *t);

/* tree_proc.c */
struct proc *proc_new(struct tree *t, pid_t pid, uint64_t at);
struct proc *proc_find(struct tree *t, pid_t pid, uint64_t at);
bool had_gone(const struct proc *p, uint64_t at);
void proc_free(struct tree *t, struct proc *p);
void proc_link(struct proc *p, struct proc *parent);
void proc_unlink(struct proc *p);
void proc_remove(struct tree *t, struct proc *p);
void proc_bury(struct tree *t, struct proc *p);
void proc_prune(struct tree *t, struct proc *p);
void proc_give_final(struct tree *t, struct proc *p);
bool proc_descends(const struct proc *p, const struct proc *ancestor);
void proc_set_image(struct proc *p, struct image *image);
void proc_set_cred(struct proc *p, const struct fact *f);
struct cred *cred_new(const struct fact *f);
struct cred *cred_ref(struct cred *cred);
void cred_unref(struct cred *cred);

struct rare *rare_of(struct proc_priv *v);
struct shared *shared_new(const char *text);
void shared_unref(struct shared *shared);

/* tree_images.c */
struct image *image_new(const char *exe, const char *comm);
struct image *image_get(struct tree *t, const char *exe, const char *comm,
			const struct fact *exec);
struct image *image_ref(struct image *image);
void image_unref(struct image *image);
void images_forget(struct tree *t);
void images_free(struct tree *t);

#include "tree_tables.h"

/* tree_limbo.c */

/* The facts that a process waited with, in their own order. */
struct pending {
	struct fact **list;
	size_t n;
};

struct proc *first_showing(struct tree *t, pid_t ppid);
struct proc *next_showing(const struct proc *p);
struct proc *last_showing(struct tree *t, pid_t ppid);
struct proc *showing_before(const struct proc *p);
void show_parent(struct tree *t, struct proc *p, pid_t ppid);
void unshow_parent(struct tree *t, struct proc *p);
void limbo_add(struct tree *t, struct proc *p, const struct fact *f);
void limbo_drop(struct tree *t, struct proc *p);
void limbo_due(struct tree *t, struct proc *p);
void hold(struct tree *t, struct proc *p, const struct fact *f);
void drop_pending(struct tree *t, struct proc *p);
struct pending take_pending(struct tree *t, struct proc *p);

/* tree_follow.c */
void follow_place(struct tree *t, struct proc *p, struct pending pending);
void follow_claim(struct tree *t, struct pidns *ns, pid_t pid);
void follow_in_order(struct tree *t, size_t since);
void release(struct tree *t, struct proc *p);
void follow(struct tree *t);

/* tree_place.c */

/* How somebody came into the tree. */
struct birth {
	struct proc *parent;	/* NULL for a root or a shim of unknown parent */
	enum role role;		/* only where there is no parent */
	enum source source;
	struct claim *claim;	/* the one it answers, or NULL */
	struct proc *caller;	/* who called clone, NULL if not known */
	enum fork_call call;
	uint64_t flags;
	bool exact;		/* at, time_ms and serial are the birth's */
	uint64_t at, time_ms, serial;
	const struct fact *looked;	/* what /proc or the witness said */
};

struct verdict;

bool consider(struct tree *t, struct proc *p);
bool enter(struct tree *t, struct proc *p, const struct birth *b);
bool place_judged(struct tree *t, struct proc *p, struct proc *q,
		  const struct verdict *v);
bool place_root(struct tree *t, struct proc *p);
void answer(struct proc *p, struct claim *c);
void reparent(struct tree *t, struct proc *p, struct proc *parent,
	      enum source source, uint64_t serial);
struct proc *shown_parent(struct tree *t, const struct proc *p);
bool runs_listed(const struct proc *p, const char *list);
void born(struct tree *t, const struct birth *b, pid_t pid);

/* tree_settle.c */
void rearm_settling(struct tree *t, struct proc *p);
void settle_due(struct tree *t, struct proc *p);
void force(struct tree *t, struct proc *p);
void hold_claim(struct tree *t, struct proc *p, const struct fact *f);
void remove_later(struct tree *t, struct proc *p);

/* tree_pidns.c */
struct pidns *pidns_new(struct pidns *outer);
size_t pidns_anchor_from(const struct pidns *ns, pid_t vpid);
struct pidns *pidns_ref(struct pidns *ns);
void pidns_unref(struct pidns *ns);
void pidns_begin(struct pidns *ns, struct proc *p);
void pidns_anchor(struct pidns *ns, pid_t vpid, pid_t pid, uint64_t at);
void proc_set_ns(struct proc *p, struct pidns *ns);

/* tree_claims.c */
void claim_add(struct tree *t, struct proc *caller, const struct fact *f);
void claim_drop(struct tree *t, struct claim *c);
void claim_due(struct tree *t, struct claim *c);
void claim_answer(struct claim *c, struct proc *p);
void claim_unanswer(struct proc *p);
void claim_settle(struct tree *t, struct claim *c);
void claims_follow(struct tree *t);
void claims_free(struct tree *t);
void claims_balance(struct tree *t, struct proc *q);
void claims_drop_in(struct tree *t, struct pidns *ns);

/* tree_judge.c */

/* What the claims of a namespace say of a process' parent. */
struct verdict {
	bool decided;
	struct proc *parent;
	struct claim *claim;	/* the one it answers; NULL if not known */
	bool sure;	/* … and will stay so */
};

struct verdict claims_judge(struct tree *t, struct proc *p, struct proc *q,
			    bool final);
struct claim *claims_answered(struct tree *t, const struct proc *p,
			      const struct proc *q, bool *sure);
bool is_claimed(const struct claim *c, const struct proc *p,
		const struct proc *q);
bool is_possible(const struct tree *t, const struct claim *c,
		 const struct proc *p, const struct proc *q);

/* tree_given.c */

/* Numbers of before that many linger times measure no others any more. */
#define LATELY 4

/* The numbers of the host's around a birth. */
struct around {
	struct tree *t;
	const struct pidns *ns;
	uint64_t at;	/* of the birth */
	uint64_t near_ms;	/* numbers do not come round within that */
};

static inline uint64_t between(uint64_t a, uint64_t b)
{
	return a < b ? b - a : a - b;
}

void step_given(struct tree *t, pid_t pid, uint64_t at, const struct pidns *ns);
void given_deny(struct tree *t, pid_t pid, uint64_t at);
void given_new(struct tree *t, pid_t pid);
void given_forget(struct tree *t);
pid_t given_beside(const struct tree *t, pid_t pid, int to);
bool was_given(const struct tree *t, pid_t pid, uint64_t since, uint64_t until);
struct proc *member_at(const struct around *w, pid_t pid, bool *taken);
uint64_t last_round(const struct tree *t, uint64_t least_ms);
uint64_t round_of(const struct tree *t, pid_t pid, uint64_t least_ms);

/* tree_step.c */
bool step_may_answer(const struct tree *t, const struct claim *c,
		     const struct proc *p, const struct proc *q);
struct claim *step_judge(struct tree *t, const struct proc *p,
			 const struct proc *q, bool final, bool *sure);

/* tree_witness.c */
struct proc *find_placed(struct tree *t, pid_t pid);
bool is_witnessed(const struct tree *t, uint64_t at);
bool has_births_told(const struct tree *t, uint64_t at);
void apply_witnessed(struct tree *t, const struct fact *f);
void take_cgroup(struct proc *p, const char *id);
void look_at(struct proc *p, const struct fact *f);
bool is_born_at(const struct proc *p, uint64_t born_ms);

/* tree_census.c */
void apply_census(struct tree *t, const struct fact *f);

/* tree_apply.c */
void apply(struct tree *t, struct proc *p, const struct fact *f);
void note(struct tree *t, struct proc *p, const struct fact *f);
void identify(struct tree *t, struct proc *p, const struct fact *f);

/* code: the status, or for EXIT_SIGNALED the signal. */
void inherit_image(struct tree *t, struct proc *p);
void end(struct tree *t, struct proc *p, enum exit_reason reason, int code,
	 const struct when *when);

/* tree_role.c */
void derive(struct tree *t, struct proc *p);
const char *program_of(const struct fact *f);
void classify_exec(struct tree *t, struct proc *p, const struct fact *f);

/* tree_doubt.c */
bool is_doubtful(const struct proc *p);
void reconsider(struct proc *p);
void recall_vouch(const struct tree *t, struct proc *p);
void vouch(struct tree *t, const struct proc *p, const struct fact *f);
void corroborate(struct tree *t, const struct proc *p);
struct container *doubted_container(struct tree *t, const struct proc *p);

/* tree_container.c */
void container_join(struct tree *t, struct proc *p,
		    struct container *container);
void container_leave(struct tree *t, struct proc *p);
void container_set_shim(struct container_priv *c, struct proc *shim);
void containers_forget(const struct proc *p);
void container_prune(struct tree *t, struct container_priv *c);
struct container_priv *container_named(struct tree *t, const struct proc *p,
				       const char *ns);
struct container_priv *container_of_id(struct tree *t, const char *ns,
				       const char *id, const char *bundle);
struct container_priv *container_known(struct tree *t, const char *ns,
				       const char *id);
struct pidns *container_ns(struct tree *t, struct container_priv *c,
			   struct proc *p);
void container_start(struct tree *t, struct container_priv *c, struct proc *p);
void container_catch_up(struct tree *t, struct container_priv *c);
void container_renew(struct tree *t, struct container_priv *c,
		     const char *bundle);
void container_end(struct tree *t, struct proc *p);
void container_restamp(struct proc *p);
void container_due(struct tree *t, struct container_priv *c);

#endif
