/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm: what no well-meaning program does.
 *
 *	bomb MS      everybody makes children for so long, and all then end
 *	chain COUNT  each makes one child and exits at once
 *	args COUNT   executes true with so many arguments
 *	argv BYTES   … with so many bytes of arguments, 100,000 in each
 *	names COUNT  takes another name so many times, of which the kernel tells
 *
 * It reaps what it made, and then exits with 0.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARG_BYTES 100000

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void bomb(long ms)
{
	long until = now_ms() + ms;

	/* At the limit somebody has to make room, and is not to be reaped. */
	signal(SIGCHLD, SIG_IGN);
	while (now_ms() < until) {
		if (fork() >= 0)
			continue;
		if (getpid() % 2)
			_exit(7);
		usleep(500);
	}
	_exit(3);
}

static void chain(long count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid < 0)
			exit(1);
		if (pid > 0)
			break;
	}
	_exit(0);
}

static void rename_often(long count)
{
	while (count--)
		prctl(PR_SET_NAME, count % 2 ? "one" : "two");
	_exit(0);
}

static void execute(long count, size_t bytes)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char **argv = calloc((size_t)count + 2, sizeof(char *));
	char *arg = malloc(bytes + 1);

	if (!argv || !arg)
		exit(1);
	memset(arg, 'a', bytes);
	arg[bytes] = '\0';
	argv[0] = "true";
	for (long i = 1; i <= count; i++)
		argv[i] = arg;
	/* A quarter of the stack is for arguments (fs/exec.c). */
	setrlimit(RLIMIT_STACK, &limit);
	execv("/bin/true", argv);
	perror("execv");
	_exit(2);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;
	int status, ret = 0;
	pid_t child;

	prctl(PR_SET_CHILD_SUBREAPER, 1L);
	child = fork();
	if (!child && !strcmp(what, "bomb"))
		bomb(n);
	else if (!child && !strcmp(what, "chain"))
		chain(n);
	else if (!child && !strcmp(what, "args"))
		execute(n, 1);
	else if (!child && !strcmp(what, "argv"))
		execute(n / ARG_BYTES, ARG_BYTES);
	else if (!child && !strcmp(what, "names"))
		rename_often(n);
	if (!child)
		_exit(0);
	for (pid_t pid; (pid = wait(&status)) > 0 || errno == EINTR;)
		if (pid == child && WIFEXITED(status))
			ret = WEXITSTATUS(status);
	return ret;
}
