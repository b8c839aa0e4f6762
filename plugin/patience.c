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
#define MAX_READERS 4
#define STACK_BYTES (128u << 10)

struct patience {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct request *next;	/* that no reader has taken yet */
	unsigned int n_readers, n_busy;
	void (*enter)(void *ctx);
	void *ctx;
	bool started;
	bool is_over;		/* readers are to end, */
	bool is_left;		/* and the last of them frees it */
};

/* The reader's, once nobody waits for it any more. */
struct request {
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
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

static void dispose(struct patience *p)
{
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Waits for those that wait themselves: they end at once. */
void patience_free(struct patience *p)
{
	bool last;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	pthread_cond_broadcast(&p->work);
	while (p->n_readers > p->n_busy)
		pthread_cond_wait(&p->done, &p->lock);
	last = !p->n_readers;
	p->is_left = true;
	pthread_mutex_unlock(&p->lock);
	if (last)
		dispose(p);
}

static void request_free(struct request *r)
{
	if (r->dir >= 0)
		close(r->dir);
	buf_free(&r->data);
	free(r->name);
	free(r);
}

static struct request *request_new(int dir, const char *name, size_t max)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	r->name = strdup(name);
	r->max = max;
	if (!r->name)
		abort();
	return r;
}

/* With the lock held, but for the reading. */
static void serve(struct patience *p, struct request *r)
{
	pthread_mutex_unlock(&p->lock);
	r->error = procfs_read_file(r->dir, r->name, &r->data, r->max) ? errno :
									 0;
	pthread_mutex_lock(&p->lock);
	r->is_done = true;
	p->n_busy--;
	pthread_cond_broadcast(&p->done);
	if (r->is_left)
		request_free(r);
}

static void *run(void *ctx)
{
	struct patience *p = ctx;
	struct request *r;
	bool last;

	if (p->enter)
		p->enter(p->ctx);
	pthread_mutex_lock(&p->lock);
	while (p->next || !p->is_over) {
		r = p->next;
		p->next = NULL;
		if (r)
			serve(p, r);
		else
			pthread_cond_wait(&p->work, &p->lock);
	}
	p->n_readers--;
	last = p->is_left && !p->n_readers;
	pthread_cond_broadcast(&p->done);
	pthread_mutex_unlock(&p->lock);
	if (last)
		dispose(p);
	return NULL;
}

static void start(struct patience *p)
{
	pthread_attr_t attr;
	pthread_t thread;

	p->started = true;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < MAX_READERS; i++)
		p->n_readers += !pthread_create(&thread, &attr, run, p);
	pthread_attr_destroy(&attr);
}

void patience_start(struct patience *p, void (*enter)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&p->lock);
	p->enter = enter;
	p->ctx = ctx;
	if (!p->started)
		start(p);
	pthread_mutex_unlock(&p->lock);
}

/* With the lock held. False if r was left to its reader. */
static bool await(struct patience *p, struct request *r)
{
	struct timespec until;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!r->is_done && !code)
		code = pthread_cond_timedwait(&p->done, &p->lock, &until);
	if (r->is_done)
		return true;
	if (p->next == r) {
		/* No reader has come to it. */
		p->next = NULL;
		p->n_busy--;
		r->error = ETIMEDOUT;
		return true;
	}
	r->is_left = true;
	return false;
}

int patience_read(struct patience *p, int dir, const char *name,
		  struct buf *out, size_t max)
{
	struct request *r = NULL;
	int error = EBUSY;

	pthread_mutex_lock(&p->lock);
	if (!p->started)
		start(p);
	if (p->n_busy < p->n_readers && !p->next) {
		r = p->next = request_new(dir, name, max);
		p->n_busy++;
		pthread_cond_signal(&p->work);
		error = await(p, r) ? r->error : ETIMEDOUT;
		if (r->is_left)
			r = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (r && !error)
		buf_put(out, r->data.data, r->data.len);
	if (r)
		request_free(r);
	errno = error;
	return error ? -1 : 0;
}
