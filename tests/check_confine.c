/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a confined thread may do and may not. Each attempt is made by a
 * process of its own, since there is no way back.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "confine.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The headers may be older than the calls; the numbers are every machine's. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#ifdef SANITIZED

START_TEST(test_sanitized)
{
	struct confine *c;
	struct err err = { 0 };

	ck_assert_ptr_null(confine_new(CONFINE_ERRNO, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "a sanitizer is built in"));
	c = confine_new(CONFINE_OFF, &err);
	ck_assert_ptr_nonnull(c);
	confine_free(c);
}
END_TEST

#else

/* The threads as sets. */
#define M (1u << CONFINE_MAIN)
#define I (1u << CONFINE_INTAKE)
#define C (1u << CONFINE_CORE)
#define L (1u << CONFINE_LEDGER)
#define ALL (M | I | C | L)

/* What an attempt exits with, if it comes so far. */
enum { DONE = 10, REFUSED, OTHERWISE };

static int outcome(long ret)
{
	if (ret >= 0)
		return DONE;
	return errno == EPERM ? REFUSED : OTHERWISE;
}

static int null_fd, pipe_fds[2];
static void *page;

static long try_execve(void)
{
	char *none[] = { NULL };

	return execve("/bin/true", none, none);
}

/* Not glibc's, which tries clone3 first. */
static long try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return pid;
}

static long try_thread(void)
{
	return syscall(SYS_clone, CLONE_VM, 0, 0, 0, 0);
}

static long try_inet(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static long try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM, 0);
}

static long try_stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long try_datagram(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long try_write(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static long try_read_write(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static long try_create(void)
{
	return open("/dev/null", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_truncate(void)
{
	return open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC);
}

static long try_read(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No filter can see how: the flags are behind a pointer. */
static long try_openat2(void)
{
	static const char flags[24];

	return syscall(SYS_openat2, AT_FDCWD, "/dev/null", flags, 24);
}

static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long try_code(void)
{
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_new_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long try_kill(void)
{
	return kill(getpid(), 0);
}

static long try_kill_other(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long try_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0);
}

static long try_peek(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}

static long try_poke(void)
{
	return syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0);
}

static long try_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}

static long try_setuid(void)
{
	return syscall(SYS_setuid, getuid());
}

static long try_capset(void)
{
	return syscall(SYS_capset, NULL, NULL);
}

static long try_seccomp(void)
{
	return prctl(PR_SET_SECCOMP, 2, NULL, 0, 0);
}

static long try_unshare(void)
{
	return syscall(SYS_unshare, 0);
}

static long try_mount(void)
{
	return syscall(SYS_mount, "", "", "", 0, NULL);
}

static long try_type(void)
{
	return ioctl(null_fd, TIOCSTI, "x");
}

static long try_chmod(void)
{
	return fchmod(null_fd, 0666);
}

static long try_rename(void)
{
	return renameat(-1, "a", -1, "b");
}

static long try_unlink(void)
{
	return unlinkat(-1, "a", 0);
}

static long try_listing(void)
{
	char room[64];

	return syscall(SYS_getdents64, -1, room, sizeof(room));
}

static const struct {
	const char *name;
	long (*attempt)(void);
	unsigned int may;	/* those threads; what comes of it is another
				 * thing */
} attempts[] = {
	{ "execute a program", try_execve, 0 },
	{ "make a process", try_fork, 0 },
	{ "make half a thread", try_thread, 0 },
	{ "a socket of the internet", try_inet, 0 },
	{ "a netlink socket", try_netlink, 0 },
	{ "a stream, as to Docker", try_stream, 0 },
	{ "a datagram socket, as to syslog", try_datagram, M | C | L },
	{ "open to write", try_write, L },
	{ "open to read and write", try_read_write, L },
	{ "create", try_create, L },
	{ "truncate", try_truncate, L },
	{ "open to read", try_read, M | C | L },
	{ "open in any way", try_openat2, 0 },
	{ "make a thread or process", try_clone3, 0 },
	{ "memory made code", try_code, 0 },
	{ "new code", try_new_code, 0 },
	{ "a signal", try_kill, 0 },
	{ "a signal to another", try_kill_other, 0 },
	{ "trace", try_ptrace, 0 },
	{ "read another's memory", try_peek, 0 },
	{ "write another's memory", try_poke, 0 },
	{ "open by handle", try_handle, 0 },
	{ "another user", try_setuid, 0 },
	{ "capabilities", try_capset, 0 },
	{ "another filter", try_seccomp, 0 },
	{ "namespaces", try_unshare, 0 },
	{ "mounts", try_mount, 0 },
	{ "type into a terminal", try_type, 0 },
	{ "change a mode", try_chmod, L },
	{ "rename", try_rename, C | L },
	{ "remove", try_unlink, L },
	{ "list a directory", try_listing, C },
};

static void enter(enum confine_filter filter, enum confine_thread thread)
{
	struct err err;
	struct confine *c = confine_new(filter, &err);

	if (!c)
		_exit(99);
	confine_enter(c, thread);
}

/* The status of a process that tries. */
static int try(enum confine_filter filter, enum confine_thread thread,
	       long (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		null_fd = open("/dev/null", O_RDWR);
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (null_fd < 0 || page == MAP_FAILED ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(98);
		enter(filter, thread);
		_exit(outcome(attempt()));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static int code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(test_attempts)
{
	const char *name = attempts[_i].name;

	for (int t = 0; t < CONFINE_THREADS; t++) {
		bool may = attempts[_i].may & 1u << t;
		int kill = try(CONFINE_KILL, t, attempts[_i].attempt);
		int refuse = try(CONFINE_ERRNO, t, attempts[_i].attempt);

		ck_assert_msg(is_killed(kill) == !may &&
				      (!may || code_of(kill) >= DONE),
			      "%s, thread %d, kill: status %x", name, t,
			      (unsigned int)kill);
		ck_assert_msg(may ? code_of(refuse) >= DONE :
				    code_of(refuse) == REFUSED,
			      "%s, thread %d, errno: status %x", name, t,
			      (unsigned int)refuse);
	}
}
END_TEST

#define TOGETHER 5	/* as the core and its readers */

struct start {
	struct confine *confine;
	pthread_barrier_t barrier;
};

static void *enter_together(void *ctx)
{
	struct start *start = ctx;

	pthread_barrier_wait(&start->barrier);
	confine_enter(start->confine, CONFINE_CORE);
	return NULL;
}

static void start_together(void)
{
	pthread_t threads[TOGETHER];
	struct start start;
	struct err err;

	start.confine = confine_new(CONFINE_KILL, &err);
	if (!start.confine || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    pthread_barrier_init(&start.barrier, NULL, TOGETHER))
		_exit(99);
	for (int i = 0; i < TOGETHER; i++)
		if (pthread_create(&threads[i], NULL, enter_together, &start))
			_exit(98);
	for (int i = 0; i < TOGETHER; i++)
		pthread_join(threads[i], NULL);
	_exit(DONE);
}

/* Threads that enter at once do not spoil each other's filter. */
START_TEST(test_together)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		int status;

		ck_assert_int_ge(pid, 0);
		if (!pid)
			start_together();
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(code_of(status) == DONE, "the %dth: status %#x",
			      i, (unsigned int)status);
	}
}
END_TEST

/* --- what every thread may */

static long use_memory(void)
{
	char *all[200];
	size_t i;

	for (i = 0; i < COUNT(all); i++) {
		all[i] = malloc(i * 10000);
		if (all[i])
			memset(all[i], 1, i * 10000);
		all[i] = realloc(all[i], i * 20000);
	}
	for (i = 0; i < COUNT(all); i++)
		free(all[i]);
	return 0;
}

static long use_pipe(void)
{
	char c = 'x';

	return write(pipe_fds[1], &c, 1) == 1 && read(pipe_fds[0], &c, 1) == 1 ?
		       0 :
		       -1;
}

START_TEST(test_common)
{
	ck_assert(!pipe(pipe_fds));
	ck_assert_int_eq(code_of(try(CONFINE_KILL, _i, use_memory)), DONE);
	ck_assert_int_eq(code_of(try(CONFINE_KILL, _i, use_pipe)), DONE);
}
END_TEST

/* A fault must be told from a refused call. */
static long give_up(void)
{
	abort();
}

START_TEST(test_abort)
{
	int status = try(CONFINE_KILL, _i, give_up);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
		      "status %x", (unsigned int)status);
}
END_TEST

static long speak(void)
{
	openlog("check_confine", LOG_PID, LOG_DAEMON);
	syslog(LOG_DEBUG, "from a confined thread");
	closelog();
	isatty(STDERR_FILENO);
	return 0;
}

START_TEST(test_syslog)
{
	ck_assert_int_eq(code_of(try(CONFINE_KILL, CONFINE_MAIN, speak)), DONE);
	ck_assert_int_eq(code_of(try(CONFINE_KILL, CONFINE_CORE, speak)), DONE);
	ck_assert_int_eq(code_of(try(CONFINE_KILL, CONFINE_LEDGER, speak)),
			 DONE);
}
END_TEST

/* --- other ways into the kernel */

#ifdef __x86_64__
static long call_as_i386(void)
{
	long ret = 20;	/* its getpid */

	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory");
	if (ret < 0)
		errno = (int)-ret;
	return ret;
}

static long call_as_x32(void)
{
	return syscall(0x40000000 | SYS_getpid);
}

static int try_unconfined(long (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(outcome(attempt()));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(test_compat)
{
	if (code_of(try_unconfined(call_as_i386)) != DONE)
		printf("i386: not tried, this kernel has none\n");
	else
		ck_assert_int_eq(code_of(try(CONFINE_ERRNO, _i, call_as_i386)),
				 REFUSED);
	ck_assert(is_killed(try(CONFINE_KILL, _i, call_as_i386)) ||
		  code_of(try_unconfined(call_as_i386)) != DONE);
	ck_assert(is_killed(try(CONFINE_KILL, _i, call_as_x32)));
	ck_assert_int_eq(code_of(try(CONFINE_ERRNO, _i, call_as_x32)), REFUSED);
}
END_TEST
#endif

/* --- other machines: what their C library asks for is not the same */

static const struct {
	const char *machine;
	enum confine_thread thread;
	const char *calls[12];
} machines[] = {
	{ "x86_64", CONFINE_INTAKE, { "poll", "read", "write", "futex" } },
	{ "aarch64", CONFINE_INTAKE, { "ppoll", "read", "write", "futex" } },
	{ "aarch64",
	  CONFINE_MAIN,
	  { "ppoll", "openat", "newfstatat", "sendto", "getppid" } },
	{ "aarch64",
	  CONFINE_CORE,
	  { "ppoll", "openat", "newfstatat", "getdents64", "readlinkat",
	    "recvmmsg", "renameat", "pread64", "geteuid", "mmap" } },
	{ "aarch64",
	  CONFINE_LEDGER,
	  { "ppoll", "openat", "newfstatat", "renameat", "mkdirat", "unlinkat",
	    "ftruncate", "fchown", "fchmod", "geteuid" } },
	{ "riscv64", CONFINE_LEDGER, { "ppoll", "renameat2", "newfstatat" } },
	{ "arm",
	  CONFINE_LEDGER,
	  { "poll", "ppoll_time64", "mmap2", "fstatat64", "_llseek",
	    "ftruncate64", "fchown32", "geteuid32", "futex_time64", "send" } },
	{ "arm", CONFINE_CORE, { "recvmmsg_time64", "clock_gettime64" } },
	{ "ppc64le", CONFINE_LEDGER, { "poll", "newfstatat", "renameat" } },
};

START_TEST(test_machines)
{
	const char *machine = machines[_i].machine;
	struct err err = { 0 };

	for (size_t i = 0; machines[_i].calls[i]; i++)
		ck_assert_msg(confine_try(machines[_i].thread, machine,
					  machines[_i].calls[i], &err) == 1,
			      "%s, thread %d: %s %s", machine,
			      (int)machines[_i].thread, machines[_i].calls[i],
			      err.text);
	ck_assert_int_eq(
		confine_try(machines[_i].thread, machine, "execve", &err), 0);
	ck_assert_int_eq(confine_try(CONFINE_CORE, "pdp11", "read", &err), -1);
}
END_TEST

#endif /* SANITIZED */

START_TEST(test_nothing)
{
	confine_enter(NULL, CONFINE_MAIN);
	confine_free(NULL);
	ck_assert_int_gt(syscall(SYS_getppid), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("confine");
	TCase *t = tcase_create("confine");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_nothing);
#ifdef SANITIZED
	tcase_add_test(t, test_sanitized);
#else
	tcase_add_loop_test(t, test_attempts, 0, (int)COUNT(attempts));
	tcase_add_loop_test(t, test_common, 0, CONFINE_THREADS);
	tcase_add_loop_test(t, test_abort, 0, CONFINE_THREADS);
	tcase_add_test(t, test_together);
	tcase_add_test(t, test_syslog);
	tcase_add_loop_test(t, test_machines, 0, (int)COUNT(machines));
#ifdef __x86_64__
	tcase_add_loop_test(t, test_compat, 0, CONFINE_THREADS);
#endif
#endif
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	const struct rlimit none = { 0, 0 };	/* so many die here */
	int failed;

	setrlimit(RLIMIT_CORE, &none);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
