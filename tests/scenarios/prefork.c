/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefork WORKERS HELPERS: a server's shape: workers that fork helpers, and
 * none of them executes anything. Worker w exits with w, its helper h with
 * 10 w + h. Each worker also makes a sibling of itself by CLONE_PARENT.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for_all(void)
{
	while (wait(NULL) > 0)
		;
}

static void make_sibling(int status)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(status);
	if (pid < 0)
		_exit(99);
}

static void work(int worker, int helpers)
{
	int h;

	make_sibling(200 + worker);
	for (h = 1; h <= helpers; h++) {
		if (fork() == 0) {
			usleep(1000);
			_exit(10 * worker + h);
		}
	}
	wait_for_all();
	_exit(worker);
}

int main(int argc, char **argv)
{
	int workers = argc > 1 ? atoi(argv[1]) : 3;
	int helpers = argc > 2 ? atoi(argv[2]) : 4;
	int w;

	for (w = 1; w <= workers; w++)
		if (fork() == 0)
			work(w, helpers);
	wait_for_all();
	return 7;
}
