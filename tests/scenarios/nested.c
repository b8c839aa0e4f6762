/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nested: pid namespaces in a container's: one by unshare, in whose init
 * another is made by clone. Each has processes that fork, execute, end and
 * are killed; the inner init is killed and takes two with it, the outer ends.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_on(void)
{
	for (;;)
		pause();
}

static void be_busy(int status)
{
	char *argv[] = { "sh", "-c", "exit 3", NULL };

	if (fork() == 0)
		_exit(status);
	if (fork() == 0) {
		execv("/bin/sh", argv);
		_exit(99);
	}
	if (fork() == 0)
		raise(SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void be_inner_init(void)
{
	be_busy(21);
	if (fork() == 0) {
		if (fork() == 0)
			sleep_on();
		sleep_on();
	}
	sleep_on();
}

static void be_outer_init(void)
{
	long inner;

	be_busy(11);
	inner = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (inner == 0)
		be_inner_init();
	usleep(300000);
	kill((pid_t)inner, SIGKILL);
	waitpid((pid_t)inner, NULL, 0);
	if (fork() == 0)
		sleep_on();
	_exit(12);
}

int main(void)
{
	if (unshare(CLONE_NEWPID))
		return 98;
	if (fork() == 0)
		be_outer_init();
	wait(NULL);
	return 9;
}
