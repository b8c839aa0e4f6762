/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inherit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What auditd leaks, or whoever started it, is none of ours. */
static void close_fds(void)
{
	struct dirent *entry;
	DIR *dir;

#ifdef SYS_close_range
	if (!syscall(SYS_close_range, 3U, ~0U, 0U))
		return;
#endif
	dir = opendir("/proc/self/fd");
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
}

/* A log must never be opened as fd 0, 1 or 2. */
static void fill_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void inherit_fds(void)
{
	close_fds();
	fill_std_fds();
}

/*
 * auditd starts its plugins with every signal ignored, and, when it starts
 * one again, before 4.0.5, with HUP, TERM and others blocked. Both outlast
 * exec. From here on all are blocked in every thread and read from the fd
 * that is returned (-1 on failure), but for those that a fault raises.
 */
int inherit_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
				      SIGTRAP, SIGSYS, SIGABRT };
	struct sigaction action;
	sigset_t mask;
	size_t i;
	int sig;

	/* Blocked first, so that none ends the plugin in between. */
	sigfillset(&mask);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&mask, faults[i]);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (sig = 1; sig < NSIG; sig++) {
		if (sigaction(sig, NULL, &action) ||
		    action.sa_handler != SIG_IGN)
			continue;
		action.sa_handler = SIG_DFL;
		sigaction(sig, &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}
