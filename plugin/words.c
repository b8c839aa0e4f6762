/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>

#include "safe.h"

#define ID_BYTES 64 /* of an id as docker and Kubernetes make them */
#define SHORT_ID_BYTES 12

/* What no name needs: names come from outside and may be of any length. */
#define NAME_BYTES 256

size_t words_columns(const char *s, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

const char *words_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *words_program(const struct image *image)
{
	/* What is executed as /proc/self/exe is called exe by the kernel. */
	if (!strcmp(image->program->comm, "exe") && image->args_count &&
	    *image->args)
		return words_basename(image->args);
	return *image->program->comm ? image->program->comm :
				       words_basename(image->program->exe);
}

void words_word(struct buf *out, const char *s, size_t max, const char *more)
{
	size_t len = strlen(s);
	size_t n = safe_cut(s, len, max);

	safe_word(out, s, n);
	if (n < len)
		buf_puts(out, more);
}

void words_command(struct buf *out, const struct image *image, size_t max,
		   const char *more)
{
	const char *arg = image->args;
	size_t len;
	uint32_t i;

	for (i = 0; i < image->args_count && max; i++) {
		if (i)
			buf_putc(out, ' ');
		len = strlen(arg);
		words_word(out, arg, max, more);
		if (len > max)
			return;
		max -= len < max ? len + 1 : len;
		arg += len + 1;
	}
	if (i < image->argc) {
		if (i)
			buf_putc(out, ' ');
		buf_puts(out, more);
	}
}

static bool is_long_id(const char *s)
{
	size_t i;

	for (i = 0; isxdigit((unsigned char)s[i]); i++)
		;
	return !s[i] && i == ID_BYTES;
}

void words_id(struct buf *out, const char *id, const char *more)
{
	if (is_long_id(id))
		safe_word(out, id, SHORT_ID_BYTES);
	else
		words_word(out, id, NAME_BYTES, more);
}

static bool is_path(const char *arg)
{
	return *arg == '/' || (*arg == '-' && strstr(arg, "=/"));
}

void words_invocation(struct buf *out, const struct image *image, size_t max,
		      const char *more)
{
	const char *arg = image->args, *next;
	size_t from = out->len;
	bool gap = false;
	uint32_t i;

	for (i = 0; i < image->args_count; i++, arg = next) {
		next = arg + strlen(arg) + 1;
		if (out->len - from > max)
			break;
		if (i && (is_path(arg) ||
			  (*arg == '-' && i + 1 < image->args_count &&
			   *next == '/'))) {
			gap = true;
			continue;
		}
		if (gap) {
			buf_putc(out, ' ');
			buf_puts(out, more);
		}
		if (i)
			buf_putc(out, ' ');
		words_id(out, arg, more);
		gap = false;
	}
	if (gap || i < image->argc) {
		buf_putc(out, ' ');
		buf_puts(out, more);
	}
}

/*
 * Appends what is left of s when all but its first and last bytes, keep of
 * them, are left out. Each half is a word of its own: a quote that was cut
 * off would make the rest of the line look quoted, or the rest of the name
 * not.
 */
static void put_halves(struct buf *out, const char *s, size_t len, size_t keep,
		       const char *more)
{
	if (keep)
		safe_label(out, s, keep - keep / 2);
	buf_puts(out, more);
	if (keep > 1)
		safe_label(out, s + len - keep / 2, keep / 2);
}

size_t words_label(struct buf *out, const char *s, size_t columns,
		   const char *more)
{
	size_t len = strlen(s), keep = columns, from = out->len, has;

	len = safe_cut(s, len, NAME_BYTES);
	if (!strcmp(s, "-"))
		buf_puts(out, "'-'");
	else
		safe_label(out, s, len);
	for (;;) {
		has = words_columns(out->data + from, out->len - from);
		if (has <= columns || !keep)
			return has;
		out->len = from;
		keep = keep < len ? keep - 1 : len - 1;
		put_halves(out, s, len, keep, more);
	}
}

size_t words_container(struct buf *out, const struct container *container,
		       size_t columns, const char *more)
{
	if (!container) {
		buf_putc(out, '-');
		return 1;
	}
	if (container->names.name && *container->names.name)
		return words_label(out, container->names.name, columns, more);
	if (is_long_id(container->id)) {
		safe_label(out, container->id, SHORT_ID_BYTES);
		return SHORT_ID_BYTES;
	}
	return words_label(out, container->id, columns, more);
}

static void put_signal(struct buf *out, int sig)
{
	static const char *const names[] = {
		[SIGHUP] = "HUP",	[SIGINT] = "INT",
		[SIGQUIT] = "QUIT",	[SIGILL] = "ILL",
		[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
		[SIGBUS] = "BUS",	[SIGFPE] = "FPE",
		[SIGKILL] = "KILL",	[SIGUSR1] = "USR1",
		[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
		[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",
		[SIGTERM] = "TERM",	[SIGCHLD] = "CHLD",
		[SIGCONT] = "CONT",	[SIGSTOP] = "STOP",
		[SIGTSTP] = "TSTP",	[SIGTTIN] = "TTIN",
		[SIGTTOU] = "TTOU",	[SIGURG] = "URG",
		[SIGXCPU] = "XCPU",	[SIGXFSZ] = "XFSZ",
		[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF",
		[SIGWINCH] = "WINCH",	[SIGIO] = "IO",
		[SIGPWR] = "PWR",	[SIGSYS] = "SYS",
	};

	if (sig > 0 && (size_t)sig < sizeof(names) / sizeof(names[0]) &&
	    names[sig])
		buf_printf(out, "SIG%s (%d)", names[sig], sig);
	else
		buf_printf(out, "signal %d", sig);
}

bool words_is_machinery(enum role role)
{
	return role == ROLE_ROOT || role == ROLE_SHIM || role == ROLE_RUNTIME;
}

void words_ending(struct buf *out, const struct proc *proc)
{
	switch (proc->reason) {
	case EXIT_NOT_YET:
		buf_puts(out, "running");
		break;
	case EXIT_EXITED:
		buf_printf(out, "exit %d", proc->exit_code);
		break;
	case EXIT_SIGNALED:
		put_signal(out, proc->exit_signal);
		break;
	case EXIT_OOM:
		buf_puts(out, "out of memory");
		break;
	case EXIT_INIT_DIED:
		buf_puts(out, "init died");
		break;
	case EXIT_UNKNOWN:
		buf_puts(out, "unknown");
		break;
	}
}

const char *words_ending_colour(enum exit_reason reason, int exit_code)
{
	switch (reason) {
	case EXIT_NOT_YET:
		return "";
	case EXIT_EXITED:
		return exit_code ? "\033[33m" : ""; /* yellow */
	case EXIT_SIGNALED:
	case EXIT_OOM:
		return "\033[31m"; /* red */
	case EXIT_INIT_DIED:
	case EXIT_UNKNOWN:
		return "\033[2m"; /* dim */
	}
	return "";
}

void words_duration(struct buf *out, uint64_t ms)
{
	static const struct {
		uint64_t from_s;
		uint64_t big_s, small_s;
		char big, small;
	} units[] = {
		{ 86400, 86400, 3600, 'd', 'h' },
		{ 3600, 3600, 60, 'h', 'm' },
		{ 60, 60, 1, 'm', 's' },
	};
	uint64_t s = ms / 1000;
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (s < units[i].from_s)
			continue;
		buf_printf(out, "%ju%c%02ju%c", (uintmax_t)(s / units[i].big_s),
			   units[i].big,
			   (uintmax_t)(s % units[i].big_s / units[i].small_s),
			   units[i].small);
		return;
	}
	buf_printf(out, "%ju.%02jus", (uintmax_t)s,
		   (uintmax_t)(ms % 1000 / 10));
}
