/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap COUNT: births and ends, so many that numbers are used again. Most
 * only end, with a status of their own; now and then one executes something
 * or is killed.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void live(int n)
{
	char *argv[] = { "true", NULL };

	if (n % 50 == 0)
		execv("/bin/true", argv);
	if (n % 50 == 25)
		raise(SIGKILL);
	if (n % 10 == 5 && fork() == 0)
		_exit(101);
	_exit(n % 100);
}

int main(int argc, char **argv)
{
	int i, count = argc > 1 ? atoi(argv[1]) : 1000;

	for (i = 0; i < count; i++) {
		if (fork() == 0)
			live(i);
		if (i % 4 == 3)
			while (wait(NULL) > 0)
				;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
