/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i386: forks, executes and ends by int 0x80, without any library. Without
 * an argument: two children that end, by exit_group and by exit; one by
 * vfork's number, one by clone's; one that executes this program with an
 * argument, which ends with 6; then it ends with 4.
 */
#define NR_exit 1
#define NR_fork 2
#define NR_waitpid 7
#define NR_execve 11
#define NR_clone 120
#define NR_exit_group 252
#define SIGCHLD 17

static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(0), "D"(0)
			 : "memory");
	return ret;
}

static void end(int status)
{
	call(NR_exit_group, status, 0, 0);
}

static void execute_self(void)
{
	static char *argv[] = { "i386", "again", 0 };
	static char *envp[] = { 0 };

	call(NR_execve, (long)"/bin/i386", (long)argv, (long)envp);
	end(99);
}

__attribute__((used)) static void run(long argc)
{
	if (argc > 1)
		end(6);
	if (call(NR_fork, 0, 0, 0) == 0)
		end(1);
	if (call(NR_fork, 0, 0, 0) == 0)
		call(NR_exit, 2, 0, 0);
	if (call(NR_clone, SIGCHLD, 0, 0) == 0)
		end(3);
	if (call(NR_fork, 0, 0, 0) == 0)
		execute_self();
	while (call(NR_waitpid, -1, 0, 0) > 0)
		;
	end(4);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	pushl (%esp)\n"
	"	call run\n");
