/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spent FILE COMMAND [ARGUMENT...]: runs the command with the file as its
 * stdin and no other output than its own, and says on stdout what it took:
 *
 *     wall seconds, user seconds, system seconds, most KiB resident
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static pid_t start(const char *file, char **argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, file, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	code = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!code)
		return pid;
	fprintf(stderr, "spent: %s < %s: %s\n", argv[0], file, strerror(code));
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double began, wall;
	pid_t pid;
	int status;

	if (argc < 3) {
		fputs("usage: spent FILE COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	began = now();
	pid = start(argv[1], argv + 2);
	if (wait4(pid, &status, 0, &usage) < 0) {
		perror("spent: wait4");
		return EXIT_FAILURE;
	}
	wall = now() - began;
	if (status) {
		fprintf(stderr, "spent: %s: status %#x\n", argv[2],
			(unsigned int)status);
		return EXIT_FAILURE;
	}
	printf("%.4f %.4f %.4f %ld\n", wall, seconds(usage.ru_utime),
	       seconds(usage.ru_stime), usage.ru_maxrss);
	return EXIT_SUCCESS;
}
