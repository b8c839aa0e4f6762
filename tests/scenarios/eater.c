/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eater self|child: eats memory until it is killed; "child" lets a child do
 * that, and exits with 3 if that was killed, while a second child looks on.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void eat(void)
{
	size_t size = 1 << 20;
	char *p;

	for (;;) {
		p = malloc(size);
		if (!p)
			_exit(98);
		memset(p, 1, size);
	}
}

int main(int argc, char **argv)
{
	pid_t bystander, child;
	int status;

	if (argc > 1 && !strcmp(argv[1], "self"))
		eat();
	bystander = fork();
	if (bystander == 0)
		for (;;)
			pause();
	child = fork();
	if (child == 0)
		eat();
	waitpid(child, &status, 0);
	kill(bystander, SIGTERM);
	waitpid(bystander, NULL, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 3 : 97;
}
