/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn COUNT: posix_spawn, that is vfork and exec, of a shell that exits
 * with the number modulo 7; every tenth of a program that is not there.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

static void spawn(int n)
{
	char script[32];
	char *argv[] = { "sh", "-c", script, NULL };
	pid_t pid;
	int status;

	snprintf(script, sizeof(script), "exit %d", n % 7);
	if (posix_spawn(&pid, n % 10 ? "/bin/sh" : "/bin/none", NULL, NULL,
			argv, environ))
		return;
	if (n % 3)
		waitpid(pid, &status, 0);
}

int main(int argc, char **argv)
{
	int i, count = argc > 1 ? atoi(argv[1]) : 100;

	for (i = 1; i <= count; i++)
		spawn(i);
	while (wait(NULL) > 0)
		;
	return 0;
}
