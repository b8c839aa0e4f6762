/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names: names that want to forge a line, drive a terminal or break a parser,
 * as arguments, as comm and as the names of executables: copies of itself,
 * which end at once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {
	"two\nlines",
	"\ntype=SYSCALL msg=audit(1.000:1): pid=1 exe=\"x\"",
	"\"}\n{\"event\":{\"action\":\"fork\"}}",
	"esc\033[2J\033]0;title\007",
	"quote\"back\\slash'",
	"bad\xff\xfe utf8 \xc3",
	"cut \xe2\x82",
	"overlong \xc0\xaf and surrogate \xed\xa0\x80",
	"h\xc3\xa9llo w\xc3\xb6rld \xf0\x9f\x92\xa9",
	"rtl \xe2\x80\xae override \xe2\x80\xa8 line",
	" leading and trailing ",
	"tab\tcr\rdel\x7f nel\xc2\x85",
	"$(reboot) `x` %s%n",
	"(brackets) in (comm",
	"414243",
	"runc",
	"containerd",
	"containerd-shim-runc-v2",
};

#define COUNT (sizeof(names) / sizeof(*names))

static void copy_to(const char *path)
{
	char buf[65536];
	ssize_t n;
	int from = open("/proc/self/exe", O_RDONLY);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (from < 0 || to < 0)
		_exit(90);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			_exit(91);
	close(from);
	close(to);
}

/* A child of this name that only forks, */
static void run_as_comm(const char *name)
{
	prctl(PR_SET_NAME, name);
	if (fork() == 0)
		_exit(2);
	wait(NULL);
	_exit(1);
}

/* one that executes something with it as an argument, */
static void run_as_argument(const char *name)
{
	char *argv[] = { "names", (char *)name, (char *)"", (char *)name,
			 NULL };

	prctl(PR_SET_NAME, name);
	execv("/proc/self/exe", argv);
	_exit(92);
}

/* and one that executes a file so called. A slash cannot be in its name. */
static void run_as_file(const char *name)
{
	char path[256] = "/names/";
	char *argv[] = { path, NULL, NULL };
	char *p;

	strncat(path, name, sizeof(path) - 32);
	for (p = path + 7; *p; p++)
		if (*p == '/')
			*p = '|';
	copy_to(path);
	argv[1] = path;
	execv(path, argv);
	_exit(93);
}

int main(int argc, char **argv)
{
	static void (*const run[])(const char *) = {
		run_as_comm,
		run_as_argument,
		run_as_file,
	};
	size_t i, r;

	(void)argv;
	if (argc > 1)
		return argc;
	mkdir("/names", 0755);
	for (i = 0; i < COUNT; i++) {
		for (r = 0; r < 3; r++) {
			if (fork() == 0)
				run[r](names[i]);
			wait(NULL);
		}
	}
	return 0;
}
