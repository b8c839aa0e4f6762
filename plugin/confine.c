/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confine.h"

#include <asm/ioctls.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The threads as sets. */
#define MAIN (1u << CONFINE_MAIN)
#define INTAKE (1u << CONFINE_INTAKE)
#define CORE (1u << CONFINE_CORE)
#define LEDGER (1u << CONFINE_LEDGER)
#define ALL (MAIN | INTAKE | CORE | LEDGER)
#define BUT_INTAKE (ALL & ~INTAKE)

/*
 * The core looks around in /proc and reads bundles; see privs.c for what that
 * takes. The others read pipes, and files that are root's own.
 */
static const unsigned int has_capabilities = CORE;

/* What an argument must be: arg & mask == value. */
struct demand {
	unsigned int arg;
	uint64_t mask, value;
};

#define ANY                                                                    \
	{                                                                      \
		0, 0, 0                                                        \
	}
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC)

/* No code that was not there at the start. */
#define NO_CODE                                                                \
	{                                                                      \
		2, PROT_EXEC, 0                                                \
	}

/*
 * /proc/PID/mem may be written by who has CAP_SYS_PTRACE. So who has opens
 * nothing to write to, and who opens logs has not.
 */
#define READ_ONLY                                                              \
	{                                                                      \
		2, WRITES, 0                                                   \
	}

/*
 * syslog's socket, which may have to be opened anew. Docker's and containerd's
 * are streams, and are not to be had.
 */
#define UNIX                                                                   \
	{                                                                      \
		0, UINT32_MAX, AF_UNIX                                         \
	}
#define DATAGRAMS                                                              \
	{                                                                      \
		1, 0xf, SOCK_DGRAM                                             \
	}

/* isatty() */
#define TERMINAL                                                               \
	{                                                                      \
		1, UINT32_MAX, TCGETS                                          \
	}

/* fdopendir() */
#define GET_FLAGS                                                              \
	{                                                                      \
		1, UINT32_MAX, F_GETFL                                         \
	}
#define DUPLICATE                                                              \
	{                                                                      \
		1, UINT32_MAX, F_DUPFD_CLOEXEC                                 \
	}
#define ON_EXEC                                                                \
	{                                                                      \
		1, UINT32_MAX, F_SETFD                                         \
	}

/*
 * All that is let through. Where a machine lacks a call, or this libseccomp
 * does not know it, its row is passed over. clone and execve are nowhere: at
 * this point all threads are there. Nor is openat2, whose flags no filter sees.
 */
static const struct {
	const char *call;
	unsigned int threads;
	struct demand demands[2];	/* both of them */
} table[] = {
	/* memory, as malloc() has it */
	{ "brk", ALL, { ANY } },
	{ "mmap", ALL, { NO_CODE } },
	{ "mmap2", ALL, { NO_CODE } },
	{ "mprotect", ALL, { NO_CODE } },
	{ "mremap", ALL, { ANY } },
	{ "munmap", ALL, { ANY } },
	{ "madvise", ALL, { ANY } },
	/* on 32 bits, malloc()'s arenas are as many as the processors */
	{ "sched_getaffinity", ALL, { ANY } },
	/* locks, and a thread's end */
	{ "futex", ALL, { ANY } },
	{ "futex_time64", ALL, { ANY } },
	{ "sched_yield", ALL, { ANY } },
	{ "exit", ALL, { ANY } },
	{ "exit_group", ALL, { ANY } },
	/* signals: of a fault, and abort() */
	{ "rt_sigaction", ALL, { ANY } },
	{ "rt_sigprocmask", ALL, { ANY } },
	{ "rt_sigreturn", ALL, { ANY } },
	{ "sigreturn", ALL, { ANY } },
	{ "restart_syscall", ALL, { ANY } },
	{ "getpid", ALL, { ANY } },
	{ "gettid", ALL, { ANY } },
	{ "tgkill", ALL, { ANY } },	/* of itself, see add_row() */
	/* clocks, where the vdso has none */
	{ "clock_gettime", ALL, { ANY } },
	{ "clock_gettime64", ALL, { ANY } },
	{ "gettimeofday", ALL, { ANY } },
	{ "time", ALL, { ANY } },
	{ "nanosleep", ALL, { ANY } },
	{ "clock_nanosleep", ALL, { ANY } },
	{ "clock_nanosleep_time64", ALL, { ANY } },
	/* what is open: stdin, the channels, the logs, syslog's socket */
	{ "read", ALL, { ANY } },
	{ "write", ALL, { ANY } },
	{ "writev", ALL, { ANY } },	/* glibc's last words */
	{ "poll", ALL, { ANY } },
	{ "ppoll", ALL, { ANY } },
	{ "ppoll_time64", ALL, { ANY } },
	{ "close", ALL, { ANY } },
	/* files: the configuration; the logs; /proc, bundles and the state;
	 * and the time zone, for syslog() */
	{ "fstat", BUT_INTAKE, { ANY } },
	{ "fstat64", BUT_INTAKE, { ANY } },
	{ "newfstatat", BUT_INTAKE, { ANY } },
	{ "fstatat64", BUT_INTAKE, { ANY } },
	{ "statx", BUT_INTAKE, { ANY } },
	{ "lseek", BUT_INTAKE, { ANY } },
	{ "_llseek", BUT_INTAKE, { ANY } },
	{ "openat", MAIN | CORE, { READ_ONLY } },
	{ "openat", LEDGER, { ANY } },
	{ "pread64", CORE | LEDGER, { ANY } },
	{ "readlinkat", CORE | LEDGER, { ANY } },
	{ "getdents64", CORE, { ANY } },
	{ "fcntl", CORE, { GET_FLAGS } },
	{ "fcntl", CORE, { ON_EXEC } },
	{ "fcntl", CORE, { DUPLICATE } },
	{ "fcntl64", CORE, { GET_FLAGS } },
	{ "fcntl64", CORE, { DUPLICATE } },
	{ "fcntl64", CORE, { ON_EXEC } },
	/* a log made, rotated, mended; a state that is set aside */
	{ "renameat", CORE | LEDGER, { ANY } },
	{ "renameat2", CORE | LEDGER, { ANY } },
	{ "mkdirat", LEDGER, { ANY } },
	{ "unlinkat", LEDGER, { ANY } },
	{ "ftruncate", LEDGER, { ANY } },
	{ "ftruncate64", LEDGER, { ANY } },
	{ "fchown", LEDGER, { ANY } },
	{ "fchown32", LEDGER, { ANY } },
	{ "fchmod", LEDGER, { ANY } },
	/* whose a file must be */
	{ "geteuid", CORE | LEDGER, { ANY } },
	{ "geteuid32", CORE | LEDGER, { ANY } },
	{ "getppid", MAIN, { ANY } },	/* whose TERM counts */
	/* the proc connector */
	{ "recvmmsg", CORE, { ANY } },
	{ "recvmmsg_time64", CORE, { ANY } },
	/* qsort() asks for the size of memory, json-c for a seed */
	{ "sysinfo", CORE, { ANY } },
	{ "getrandom", CORE, { ANY } },
	/* syslog() */
	{ "socket", BUT_INTAKE, { UNIX, DATAGRAMS } },
	{ "connect", BUT_INTAKE, { ANY } },
	{ "sendto", BUT_INTAKE, { ANY } },
	{ "send", BUT_INTAKE, { ANY } },
	{ "ioctl", BUT_INTAKE, { TERMINAL } },
};

struct confine {
	struct sock_fprog filter[CONFINE_THREADS];	/* no length: none */
};

static int add_row(scmp_filter_ctx ctx, size_t row, struct err *err)
{
	struct scmp_arg_cmp args[COUNT(table[0].demands) + 1];
	int nr = seccomp_syscall_resolve_name(table[row].call);
	unsigned int n = 0;
	int code;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < COUNT(table[0].demands); i++) {
		const struct demand *d = &table[row].demands[i];

		if (d->mask)
			args[n++] = (struct scmp_arg_cmp){
				.arg = d->arg,
				.op = SCMP_CMP_MASKED_EQ,
				.datum_a = d->mask,
				.datum_b = d->value,
			};
	}
	if (nr == SCMP_SYS(tgkill))
		args[n++] = (struct scmp_arg_cmp){
			.op = SCMP_CMP_EQ,
			.datum_a = (uint64_t)getpid(),
			.datum_b = 0,
		};
	code = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, args);
	return code ? err_set(err, -code, "no rule for %s", table[row].call) :
		      0;
}

static int add_rows(scmp_filter_ctx ctx, enum confine_thread thread,
		    struct err *err)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].threads & 1u << thread && add_row(ctx, i, err))
			return -1;
	return 0;
}

/*
 * Calls by another machine's numbers (32 bits on a kernel of 64, x32) get
 * what any other refused call gets.
 */
static int set_attributes(scmp_filter_ctx ctx, uint32_t refuse, struct err *err)
{
	int code = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, refuse);

	return code ? err_set(err, -code, "no attributes") : 0;
}

static scmp_filter_ctx make_filter(enum confine_thread thread, uint32_t refuse,
				   struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(refuse);

	if (!ctx) {
		err_set(err, 0, "libseccomp makes no filter");
		return NULL;
	}
	if (!set_attributes(ctx, refuse, err) && !add_rows(ctx, thread, err))
		return ctx;
	seccomp_release(ctx);
	return NULL;
}

#ifdef SANITIZED
static int check_possible(struct err *err)
{
	return err_set(err, 0, "a sanitizer is built in");
}
#else
/* The kernel looks at the filter (there is none) only if it knows any. */
static int check_possible(struct err *err)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) &&
	    errno != EFAULT)
		return err_set(err, errno, "the kernel has no seccomp");
	return 0;
}
#endif

/* libseccomp's program: it hands that to a file only. */
static int take_program(scmp_filter_ctx ctx, struct sock_fprog *program,
			struct err *err)
{
	_cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
	int code = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
	off_t size = code ? 0 : lseek(fd, 0, SEEK_END);

	if (code || size <= 0)
		return err_set(err, -code, "no program of the filter");
	program->filter = malloc((size_t)size);
	if (!program->filter)
		abort();
	if (pread(fd, program->filter, (size_t)size, 0) != size)
		return err_set(err, errno, "no program of the filter");
	program->len =
		(unsigned short)((size_t)size / sizeof(struct sock_filter));
	return 0;
}

static int make_program(struct sock_fprog *program, enum confine_thread thread,
			uint32_t refuse, struct err *err)
{
	scmp_filter_ctx ctx = make_filter(thread, refuse, err);
	int ret = ctx ? take_program(ctx, program, err) : -1;

	if (ctx)
		seccomp_release(ctx);
	return ret;
}

/*
 * Not by libseccomp, which makes the program only then: threads that load at
 * once spoil it, and without memory it does not come back. What EPERM was given
 * for is recorded, which is all that would be seen of it: Linux has that flag
 * since 4.14.
 */
static int load(const struct sock_fprog *program)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_LOG, program) &&
			       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
				       program) ?
		       -1 :
		       0;
}

static int make_filters(struct confine *c, enum confine_filter filter,
			struct err *err)
{
	uint32_t refuse = filter == CONFINE_KILL ? SCMP_ACT_KILL_PROCESS :
						   SCMP_ACT_ERRNO(EPERM);

	if (check_possible(err))
		return -1;
	for (int i = 0; i < CONFINE_THREADS; i++) {
		if (make_program(&c->filter[i], i, refuse, err))
			return -1;
	}
	return 0;
}

struct confine *confine_new(enum confine_filter filter, struct err *err)
{
	struct confine *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	if (filter == CONFINE_OFF || !make_filters(c, filter, err))
		return c;
	err_wrap(err, "there is no seccomp filter");
	confine_free(c);
	return NULL;
}

void confine_free(struct confine *c)
{
	if (!c)
		return;
	for (int i = 0; i < CONFINE_THREADS; i++)
		free(c->filter[i].filter);
	free(c);
}

void confine_enter(struct confine *c, enum confine_thread thread)
{
	if (!c)
		return;
	if (!(has_capabilities & 1u << thread)) {
		capng_clear(CAPNG_SELECT_CAPS);
		if (capng_apply(CAPNG_SELECT_CAPS))
			abort();
	}
	if (c->filter[thread].len && load(&c->filter[thread]))
		abort();
}

static bool is_let_through(enum confine_thread thread, const char *call)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].threads & 1u << thread &&
		    !strcmp(table[i].call, call))
			return true;
	return false;
}

int confine_try(enum confine_thread thread, const char *machine,
		const char *call, struct err *err)
{
	uint32_t token = seccomp_arch_resolve_name(machine);
	scmp_filter_ctx ctx = token ? seccomp_init(SCMP_ACT_KILL_PROCESS) :
				      NULL;
	int ret = -1;

	if (!ctx)
		return err_set(err, 0, "%s: no such machine", machine);
	if (token != seccomp_arch_native() &&
	    (seccomp_arch_add(ctx, token) ||
	     seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE)))
		err_set(err, 0, "%s: not to be had", machine);
	else if (!add_rows(ctx, thread, err))
		ret = is_let_through(thread, call) &&
		      seccomp_syscall_resolve_name_arch(token, call) >= 0;
	seccomp_release(ctx);
	return ret;
}
