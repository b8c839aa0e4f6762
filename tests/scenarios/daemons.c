/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemons COUNT: daemons by double fork, whose parents are gone before they
 * do anything. Some execute something, some fork, some only end; the last
 * waits for nobody and lives on.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void be_daemon(int n)
{
	char *argv[] = { "sleep", "0.1", NULL };

	usleep(30000);
	switch (n % 4) {
	case 0:
		execv("/bin/sleep", argv);
		_exit(99);
	case 1:
		if (fork() == 0)
			_exit(4);
		wait(NULL);
		break;
	case 2:
		/* a daemon of a daemon */
		if (fork() == 0) {
			usleep(30000);
			_exit(5);
		}
		break;
	}
	_exit(n % 100);
}

static void daemonize(int n)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			be_daemon(n);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	int i, count = argc > 1 ? atoi(argv[1]) : 20;

	for (i = 0; i < count; i++)
		daemonize(i);
	if (fork() == 0)
		for (;;)
			pause();
	usleep(500000);
	return 0;
}
