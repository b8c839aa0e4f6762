/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "logdir.h"
#include "now.h"
#include "state.h"

#define RETRY_MS 1000
#define SERIAL_MS 100
#define LOCK_TRIES 30
#define LOCK_WAIT_US 100000

/* The state is written anew when what was appended is this much more. */
#define SLACK_BYTES ((size_t)4 << 20)

/* The smallest channel has room for four such. */
#define BATCH_BYTES ((size_t)16 << 10)

/*
 * What is written anew goes into the channel by pieces of that size, so many
 * at a time, and the next when these have been taken: all of it at once would
 * take as much memory as the tree.
 */
#define PIECES 8
#define WHOLE_MS 10000	/* for all of it, where that is waited for */

struct keeper {
	char *path;
	int dir_fd;		/* its directory */
	struct news news;
	int lock_fd;
	char boot_id[64];
	char *node;
	struct tree *tree;
	struct channel *lines;
	struct buf batch;	/* lines that are not in the channel yet */
	struct buf piece;	/* of what is written anew, likewise */
	bool writing;		/* it is written anew */
	bool headed;		/* the state has a head, and lines are of use */
	size_t whole_bytes;	/* of the state when it was last written */
	size_t added_bytes;	/* since */
	uint64_t told;		/* the highest serial told of; 0: none */
	uint64_t came;		/* up to here none is missing */
	uint64_t saved_serial;	/* what is in the state: the lower of both */
	uint64_t serial_ms;	/* when that was put there */
	bool damaged;		/* a line found no room, or no disk */
	uint64_t not_before_ms;	/* … and when to try again; 0: at once */
};

/* What is no file, a directory or /dev/null, is never moved nor replaced. */
static int open_dir(struct keeper *k, struct err *err)
{
	struct stat st;

	k->dir_fd = logdir_open(k->path, getegid(), err);
	if (k->dir_fd < 0)
		return err_wrap(err, "%s", k->path);
	if (!fstatat(k->dir_fd, logdir_name(k->path), &st,
		     AT_SYMLINK_NOFOLLOW) &&
	    !S_ISREG(st.st_mode))
		return err_set(err, 0, "%s: is no regular file", k->path);
	return 0;
}

static int lock(struct keeper *k, struct err *err)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s.lock", k->path) < 0)
		abort();
	k->lock_fd = openat(k->dir_fd, logdir_name(path),
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->lock_fd < 0)
		return err_set(err, errno, "%s", path);
	for (int i = 0; flock(k->lock_fd, LOCK_EX | LOCK_NB); i++) {
		if (i == LOCK_TRIES)
			return err_set(err, 0, "%s: another plugin has it",
				       k->path);
		usleep(LOCK_WAIT_US);
	}
	return 0;
}

static void set_aside(struct keeper *k, const char *suffix,
		      const struct err *why)
{
	_cleanup_free_ char *to = NULL;

	if (asprintf(&to, "%s.%s", k->path, suffix) < 0)
		abort();
	if (renameat(k->dir_fd, logdir_name(k->path), k->dir_fd,
		     logdir_name(to)))
		news_tell(&k->news, true, "%s; not used", why->text);
	else
		news_tell(&k->news, true, "%s; set aside as %s", why->text, to);
}

/* Before the ledger opens it, and makes it root's own and 0640. */
static void set_aside_foreign(struct keeper *k)
{
	struct stat st;
	struct err why;

	if (fstatat(k->dir_fd, logdir_name(k->path), &st,
		    AT_SYMLINK_NOFOLLOW) ||
	    state_is_own(&st))
		return;
	err_set(&why, 0, "%s: may be another's work", k->path);
	set_aside(k, "broken", &why);
}

struct keeper *keeper_new(const char *path, const struct news *news,
			  struct err *err)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->path = strdup(path);
	if (!k->path)
		abort();
	k->news = *news;
	k->lock_fd = k->dir_fd = -1;
	if (open_dir(k, err) || lock(k, err)) {
		keeper_free(k);
		return NULL;
	}
	set_aside_foreign(k);
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	cleanup_close(&k->lock_fd);
	cleanup_close(&k->dir_fd);
	buf_free(&k->batch);
	buf_free(&k->piece);
	free(k->node);
	free(k->path);
	free(k);
}

/* --- back into the tree */

static void restore(struct keeper *k, const struct state *state)
{
	const struct proc **procs = calloc(state->n + 1, sizeof(*procs));
	size_t lost = 0, living = 0;

	if (!procs)
		abort();
	for (size_t i = 0; i < state->n; i++) {
		size_t parent = state->parents[i];

		procs[i] =
			tree_restore(k->tree, &state->list[i],
				     parent == SIZE_MAX ? NULL : procs[parent]);
		lost += !procs[i];
		living += procs[i] && !state->list[i].ended;
	}
	free(procs);
	news_tell(
		&k->news, false,
		"%s: goes on with %zu processes that lived, %zu make no sense",
		k->path, living, lost);
}

char *keeper_node(const struct keeper *k)
{
	char boot_id[sizeof(k->boot_id)];

	state_boot_id(boot_id, sizeof(boot_id));
	return state_node(k->dir_fd, k->path, boot_id);
}

size_t keeper_restore(struct keeper *k, struct tree *t, const char *node,
		      struct channel *lines, struct logfile_found found)
{
	_cleanup_state_ struct state state = { 0 };
	struct err err;

	k->tree = t;
	k->lines = lines;
	k->node = strdup(node);
	if (!k->node)
		abort();
	state_boot_id(k->boot_id, sizeof(k->boot_id));
	switch (state_load(&state, k->dir_fd, k->path, k->boot_id, node, &found,
			   &err)) {
	case STATE_GOOD:
		restore(k, &state);
		k->headed = true;
		k->told = k->came = k->saved_serial = state.serial;
		break;
	case STATE_NONE:
		break;
	case STATE_FOREIGN:
		set_aside(k, "old", &err);
		break;
	case STATE_BROKEN:
		set_aside(k, "broken", &err);
		break;
	}
	return state.untold;
}

/* --- out of it */

/* Lines are missing: only all of it, written anew, can help. */
static void damage(struct keeper *k)
{
	k->damaged = true;
	k->writing = false;
}

void keeper_flush(struct keeper *k, size_t log_bytes)
{
	unsigned int tag = k->headed ? ledger_state_tag(log_bytes) :
				       LEDGER_STATE_MORE;

	if (!k->batch.len && (!log_bytes || !k->headed))
		return;
	k->added_bytes += k->batch.len;
	if (!channel_put(k->lines, tag, k->batch.data, k->batch.len))
		damage(k);
	buf_clear(&k->batch);
}

void keeper_trim(struct keeper *k)
{
	if (!k->batch.len)
		buf_free(&k->batch);
}

uint64_t keeper_serial(const struct keeper *k)
{
	return k->told < k->came ? k->told : k->came;
}

void keeper_came(struct keeper *k, uint64_t serial, bool quiet)
{
	if (serial)
		k->came = serial;
	if (quiet && serial > k->told)
		k->told = serial;
}

static void put_serial(struct keeper *k)
{
	uint64_t serial = keeper_serial(k);

	if (!k->lines || serial == k->saved_serial)
		return;
	state_serial(&k->batch, serial);
	keeper_flush(k, 0);
	k->saved_serial = serial;
	k->serial_ms = now_ms();
}

bool keeper_finish(struct keeper *k, uint64_t serial)
{
	keeper_came(k, serial, true);
	put_serial(k);
	return k->headed || !k->lines;
}

bool keeper_change(struct keeper *k, const struct change *c, size_t log_bytes)
{
	size_t before = k->batch.len;
	struct saved s;

	if (!k->lines || !c->proc)
		return false;
	if (c->serial > k->told)
		k->told = c->serial;
	switch (c->kind) {
	case CHANGE_END:
		state_end(&k->batch, c->proc->entity_id, c->proc->end_ms);
		break;
	case CHANGE_FORK:
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
	case CHANGE_CONTAINER_START:
		tree_save_one(c->proc, &s);
		state_line(&k->batch, &s);
		break;
	case CHANGE_CONTAINER_STOP:
	case CHANGE_ACTIVITY:
	case CHANGE_LOST:
		break;
	}
	if (log_bytes && k->batch.len > before)
		state_told(&k->batch, log_bytes);
	return k->batch.len >= BATCH_BYTES;
}

static bool put_piece(struct keeper *k, unsigned int tag)
{
	if (!channel_put(k->lines, tag, k->piece.data, k->piece.len))
		return false;
	k->whole_bytes += k->piece.len;
	buf_clear(&k->piece);
	return true;
}

/* All is in the channel but its end. */
static void write_end(struct keeper *k)
{
	keeper_flush(k, 0);
	if (!k->writing)
		return;
	if (keeper_serial(k))
		state_serial(&k->piece, keeper_serial(k));
	if (!put_piece(k, LEDGER_STATE_END))
		return;
	buf_free(&k->piece);
	k->saved_serial = keeper_serial(k);
	k->headed = true;
	k->writing = false;
}

/* False if that was the last piece, or if there is no room for it now. */
static bool write_piece(struct keeper *k)
{
	struct saved s;

	if (channel_half_full(k->lines))
		return false;
	while (k->piece.len < BATCH_BYTES) {
		if (!tree_save_next(k->tree, &s)) {
			write_end(k);
			return false;
		}
		state_line(&k->piece, &s);
	}
	return put_piece(k, LEDGER_STATE_MORE);
}

static void write_pieces(struct keeper *k)
{
	for (int i = 0; k->writing && i < PIECES; i++)
		if (!write_piece(k))
			return;
}

bool keeper_write(struct keeper *k)
{
	keeper_flush(k, 0);
	buf_clear(&k->piece);
	k->whole_bytes = 0;
	state_head(&k->piece, k->boot_id, k->node);
	k->writing = put_piece(k, LEDGER_STATE_ANEW);
	if (!k->writing)
		return false;
	tree_save_begin(k->tree);
	k->added_bytes = 0;
	k->damaged = false;
	write_pieces(k);
	return true;
}

void keeper_go_on(struct keeper *k)
{
	if (k->writing)
		write_pieces(k);
}

bool keeper_write_whole(struct keeper *k)
{
	static const struct timespec moment = { 0, 1000000 };
	uint64_t until_ms = now_ms() + WHOLE_MS;

	keeper_write(k);
	while (k->writing && now_ms() < until_ms) {
		if (channel_is_empty(k->lines))
			keeper_go_on(k);
		else
			nanosleep(&moment, NULL);
	}
	return !k->writing && !k->damaged;
}

bool keeper_is_writing(const struct keeper *k)
{
	return k->writing;
}

void keeper_tick(struct keeper *k, struct ledger *ledger)
{
	if (!k->lines)
		return;
	if (now_ms() >= k->serial_ms + SERIAL_MS)
		put_serial(k);
	if (ledger_lost(ledger, LEDGER_STATE)) {
		/* It was the disk: that takes its time. */
		k->not_before_ms = now_ms() + RETRY_MS;
		damage(k);
	}
	if (k->not_before_ms && now_ms() < k->not_before_ms)
		return;
	k->not_before_ms = 0;
	if (k->damaged ? !channel_half_full(k->lines) :
			 !k->writing &&
				 k->added_bytes > k->whole_bytes + SLACK_BYTES)
		keeper_write(k);
}
