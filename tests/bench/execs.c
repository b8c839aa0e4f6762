/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execs TODO TOLD: the work in the container that bench_live.sh measures.
 * For each line "RATE COUNT" of the first file it executes /bin/true so many
 * times, so many times a second (0: as fast as it can), and then says in the
 * second how many seconds that took.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void sleep_until(long long ns)
{
	const struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

static void execute(void)
{
	char *argv[] = { "/bin/true", NULL };
	pid_t pid;
	int status;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) < 0 || status) {
		perror("execs: /bin/true");
		exit(EXIT_FAILURE);
	}
}

static void work(int rate, int count)
{
	long long began = now_ns();

	for (int i = 0; i < count; i++) {
		if (rate)
			sleep_until(began + i * (1000000000LL / rate));
		execute();
	}
}

int main(int argc, char **argv)
{
	FILE *todo = argc == 3 ? fopen(argv[1], "r") : NULL;
	FILE *told = todo ? fopen(argv[2], "a") : NULL;
	int rate, count;

	if (!told) {
		perror("execs");
		return EXIT_FAILURE;
	}
	while (fscanf(todo, "%d %d", &rate, &count) == 2) {
		long long began = now_ns();

		work(rate, count);
		fprintf(told, "%.3f\n", (double)(now_ns() - began) / 1e9);
		fflush(told);
	}
	return EXIT_SUCCESS;
}
