/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procfs_int.h"

#define WAIT_MS 200
#define MAX_STUCK 4
#define STACK_BYTES (128u << 10)

struct patience {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int n_stuck;
	bool is_over;		/* the last that was stuck frees it */
};

/* The reader's, once nobody waits for it any more. */
struct request {
	struct patience *patience;
	int dir;
	char *name;
	size_t max;
	struct buf data;
	int error;
	bool is_done, is_left;
};

struct patience *patience_new(void)
{
	struct patience *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		abort();
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->done, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

static void dispose(struct patience *p)
{
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void patience_free(struct patience *p)
{
	bool last;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	last = !p->n_stuck;
	pthread_mutex_unlock(&p->lock);
	if (last)
		dispose(p);
}

static void request_free(struct request *r)
{
	close(r->dir);
	buf_free(&r->data);
	free(r->name);
	free(r);
}

static struct request *request_new(struct patience *p, int dir,
				   const char *name, size_t max)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->patience = p;
	r->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	r->name = strdup(name);
	r->max = max;
	if (!r->name)
		abort();
	return r;
}

static void *run(void *ctx)
{
	struct request *r = ctx;
	struct patience *p = r->patience;
	bool is_left, last;

	r->error = procfs_read_file(r->dir, r->name, &r->data, r->max) ? errno :
									 0;
	pthread_mutex_lock(&p->lock);
	r->is_done = true;
	is_left = r->is_left;
	p->n_stuck -= is_left;
	last = is_left && p->is_over && !p->n_stuck;
	pthread_cond_broadcast(&p->done);
	pthread_mutex_unlock(&p->lock);
	if (is_left)
		request_free(r);
	if (last)
		dispose(p);
	return NULL;
}

static int start(struct request *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	int code;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	code = pthread_create(&thread, &attr, run, r);
	pthread_attr_destroy(&attr);
	return code;
}

/* False if it was left behind. */
static bool await(struct patience *p, struct request *r)
{
	struct timespec until;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&p->lock);
	while (!r->is_done && !code)
		code = pthread_cond_timedwait(&p->done, &p->lock, &until);
	r->is_left = !r->is_done;
	p->n_stuck += r->is_left;
	code = r->is_left;
	pthread_mutex_unlock(&p->lock);
	return !code;
}

static bool is_worn_out(struct patience *p)
{
	bool ret;

	pthread_mutex_lock(&p->lock);
	ret = p->n_stuck >= MAX_STUCK;
	pthread_mutex_unlock(&p->lock);
	return ret;
}

int patience_read(struct patience *p, int dir, const char *name,
		  struct buf *out, size_t max)
{
	struct request *r;
	int error;

	if (is_worn_out(p)) {
		errno = EBUSY;
		return -1;
	}
	r = request_new(p, dir, name, max);
	error = start(r);
	if (!error && !await(p, r)) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (!error)
		error = r->error;
	if (!error)
		buf_put(out, r->data.data, r->data.len);
	request_free(r);
	errno = error;
	return error ? -1 : 0;
}
