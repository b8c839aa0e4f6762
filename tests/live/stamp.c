/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stamp: follows a JSON log of contree, and writes down when each line of an
 * exec came to be there: milliseconds since 1970, and its serial. From where
 * the log ends now, until TERM.
 *
 * usage: stamp LOG
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void take(const char *line, double at_ms)
{
	const char *serial = strstr(line, "\"sequence\":");

	if (serial && strstr(line, "\"action\":\"exec\""))
		printf("%.3f %s\n", at_ms, strtok(strdup(serial + 11), ",}"));
}

/* What is there by now. Half a line waits for its other half. */
static void read_all(int fd)
{
	static char data[1 << 20];
	static size_t len;
	char *line = data, *end;
	ssize_t n;

	while ((n = read(fd, data + len, sizeof(data) - 1 - len)) > 0) {
		double at_ms = now_ms();

		len += (size_t)n;
		data[len] = '\0';
		for (line = data; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			take(line, at_ms);
		}
		len -= (size_t)(line - data);
		memmove(data, line, len);
	}
}

int main(int argc, char **argv)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct sigaction action = { .sa_handler = on_term };
	char events[4096];
	int fd, notify;

	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	notify = inotify_init1(IN_CLOEXEC);
	if (fd < 0 || notify < 0 || lseek(fd, 0, SEEK_END) < 0 ||
	    inotify_add_watch(notify, argv[1], IN_MODIFY) < 0) {
		perror(argv[1]);
		return 1;
	}
	/* Not to measure how long this itself waits for a processor. */
	sched_setscheduler(0, SCHED_FIFO, &first);
	fputs("ready\n", stderr);
	while (!stopped) {
		read_all(fd);
		if (read(notify, events, sizeof(events)) < 0 && errno != EINTR)
			return 1;
	}
	read_all(fd);
	return fflush(stdout) ? 1 : 0;
}
