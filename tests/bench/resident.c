/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resident [-x REMOVED] SECONDS FILE AT... -- COMMAND [ARGUMENT...]: feeds a
 * file to the command's stdin, little by little, with a pause of so many
 * seconds before each of these bytes and at the end; and says how much of the
 * command is resident after each pause, and was at most since the one before,
 * in KiB, a line each. The first line is from before the first byte. After
 * each pause a file of the command's is removed.
 *
 * No more is fed before the command is done with what it has: then what is
 * resident is what it keeps, not what waits in its queue.
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICE_BYTES (512u << 10)
#define LOOK_NS 5000000		/* between two looks at its clock */
#define IDLE_NS 200000		/* used meanwhile, at most, by who is idle */

extern char **environ;

struct fed {
	pid_t pid;
	clockid_t clock;	/* the CPU time of the command */
	int to;			/* its stdin */
};

static long long used_ns(const struct fed *f)
{
	struct timespec ts;

	if (clock_gettime(f->clock, &ts))
		err(EXIT_FAILURE, "the command has ended");
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* What is short of a tick of the scheduler may not be counted yet. */
static void await_idle(const struct fed *f)
{
	const struct timespec look = { 0, LOOK_NS };
	long long before, now = used_ns(f);
	int idle = 0;

	while (idle < 3) {
		before = now;
		nanosleep(&look, NULL);
		now = used_ns(f);
		idle = now - before < IDLE_NS ? idle + 1 : 0;
	}
}

static FILE *open_proc(const struct fed *f, const char *name, const char *mode)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)f->pid, name);
	file = fopen(path, mode);
	if (!file)
		err(EXIT_FAILURE, "%s", path);
	return file;
}

/* The 5 is for what was resident at most, which begins anew: proc(5). */
static void print_resident(const struct fed *f)
{
	FILE *file = open_proc(f, "status", "r");
	long now = 0, most = 0;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		if (!strncmp(line, "VmRSS:", 6))
			now = strtol(line + 6, NULL, 10);
		if (!strncmp(line, "VmHWM:", 6))
			most = strtol(line + 6, NULL, 10);
	}
	fclose(file);
	free(line);
	printf("%ld %ld\n", now, most);
	file = open_proc(f, "clear_refs", "w");
	fputs("5", file);
	fclose(file);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			err(EXIT_FAILURE, "the command reads no more");
		data += n;
		len -= (size_t)n;
	}
}

/* up to that byte, or to the end of the file */
static void feed(const struct fed *f, int from, long long *at, long long end)
{
	static char data[SLICE_BYTES];

	while (*at < end) {
		size_t want = sizeof(data);
		ssize_t n;

		if (end - *at < (long long)want)
			want = (size_t)(end - *at);
		n = read(from, data, want);
		if (n < 0)
			err(EXIT_FAILURE, "read");
		if (!n)
			return;
		write_all(f->to, data, (size_t)n);
		*at += n;
		await_idle(f);
	}
}

static void start(struct fed *f, char **argv)
{
	posix_spawn_file_actions_t actions;
	int fds[2], code;

	if (pipe2(fds, O_CLOEXEC))
		err(EXIT_FAILURE, "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[0], 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	code = posix_spawnp(&f->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		errx(EXIT_FAILURE, "%s: %s", argv[0], strerror(code));
	close(fds[0]);
	f->to = fds[1];
	code = clock_getcpuclockid(f->pid, &f->clock);
	if (code)
		errx(EXIT_FAILURE, "%s: %s", argv[0], strerror(code));
}

int main(int argc, char **argv)
{
	struct fed f;
	long long at = 0;
	unsigned int seconds;
	const char *removed = NULL;
	bool over = false;
	int from, i, status;

	if (argc > 2 && !strcmp(argv[1], "-x")) {
		removed = argv[2];
		argc -= 2;
		argv += 2;
	}
	for (i = 3; i < argc && strcmp(argv[i], "--"); i++)
		;
	if (i + 1 >= argc)
		errx(2,
		     "usage: resident [-x REMOVED] SECONDS FILE AT... -- COMMAND...");
	seconds = (unsigned int)atoi(argv[1]);
	from = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (from < 0)
		err(EXIT_FAILURE, "%s", argv[2]);
	start(&f, argv + i + 1);
	for (i = 3;; i++) {
		sleep(seconds);
		print_resident(&f);
		if (over)
			break;
		if (removed)
			unlink(removed);
		over = !strcmp(argv[i], "--");
		feed(&f, from, &at,
		     over ? LLONG_MAX : strtoll(argv[i], NULL, 10));
	}
	close(f.to);
	if (waitpid(f.pid, &status, 0) < 0 || status)
		errx(EXIT_FAILURE, "the command ended with %#x",
		     (unsigned int)status);
	return EXIT_SUCCESS;
}
