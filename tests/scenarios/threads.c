/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threads: threads by the hundred, of which some fork; then processes in
 * which a thread that is not the leader calls execve, one whose leader ends
 * long before its other threads, one that ends by exit_group of a thread,
 * and one that is killed with threads.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 200

static void *fork_now_and_then(void *arg)
{
	if ((size_t)arg % 20 == 0 && fork() == 0)
		_exit((int)((size_t)arg / 20 + 1));
	return NULL;
}

static void *execute(void *arg)
{
	char *argv[] = { "sh", "-c", "exit 5", NULL };

	execv("/bin/sh", argv);
	return arg;
}

static void *outlive(void *arg)
{
	usleep(200000);
	_exit(6);
	return arg;
}

static void *exit_group(void *arg)
{
	_exit(8);
	return arg;
}

static void *wait_here(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *kill_all(void *arg)
{
	usleep(20000);
	kill(getpid(), SIGKILL);
	return arg;
}

static void start(void *(*fn)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL))
		_exit(99);
}

/* A child that runs these, and itself waits, or leaves its threads alone. */
static void run(void *(*first)(void *), void *(*second)(void *), int leave)
{
	if (fork() != 0)
		return;
	start(first);
	start(second);
	if (leave)
		syscall(SYS_exit, 0);
	wait_here(NULL);
}

static void run_many(void)
{
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, fork_now_and_then,
				   (void *)i))
			exit(99);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	run_many();
	run(execute, wait_here, 0);
	run(wait_here, execute, 1);
	run(outlive, wait_here, 1);
	run(exit_group, wait_here, 0);
	run(kill_all, wait_here, 1);
	while (wait(NULL) > 0)
		;
	return 0;
}
