/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Victims that the kernel's log names, in a socket that gives what is put
 * into it as /dev/kmsg does: a record a read.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kmsg.h"
#include "oom.h"

#define NOW UINT64_C(5000000)

static int ends[2];
static struct kmsg *k;

static void set_up(void)
{
	ck_assert(
		!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends));
	k = kmsg_new(ends[0]);
}

static void tear_down(void)
{
	kmsg_free(k);
	close(ends[1]);
}

static void put(const char *record)
{
	ck_assert_int_eq(write(ends[1], record, strlen(record)),
			 (ssize_t)strlen(record));
}

/* As Linux 6.1 and 6.18 have it, and older ones. */
static const char *const naming[] = {
	"3,1214,13839274061,-;Memory cgroup out of memory: Killed process 3250 (eater) total-vm:33896kB, anon-rss:32384kB, file-rss:652kB, shmem-rss:0kB, UID:0 pgtables:100kB oom_score_adj:0\n",
	"3,1214,13839274061,-,caller=T3250;Memory cgroup out of memory: Killed process 3250 (a;b) total-vm:1kB\n SUBSYSTEM=x\n",
	"3,7,1,-;Out of memory: Killed process 3250 (eater) total-vm:1kB",
	"3,7,1,-;Out of memory (oom_kill_allocating_task): Killed process 3250 (x) total-vm:1kB",
	"3,7,1,-;Killed process 3250 (eater) total-vm:33896kB, anon-rss:3kB",
};

START_TEST(test_naming)
{
	put("6,1,1,-;eth0: link up\n");
	put(naming[_i]);
	put("6,9,2,-;oom_reaper: reaped process 3250 (eater), now anon-rss:0kB\n");
	ck_assert(!kmsg_names(k, 3251, NOW));
	ck_assert(kmsg_names(k, 3250, NOW));
}
END_TEST

/* Who may write to /dev/kmsg, or choose his name, names nobody. */
static const char *const others[] = {
	"11,5,1,-;Memory cgroup out of memory: Killed process 3250 (x) total-vm:1kB\n",
	"14,5,1,-;Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;Memory cgroup out of memory: Killed process 8 (Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;x: Memory cgroup out of memory: Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;process 1 (\\x0aKilled process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;hello\n Killed process 3250 (x) total-vm:1kB\n",
	";Killed process 3250 (x) total-vm:1kB\n",
	"3;Killed process 3250 (x) total-vm:1kB\n",
	"-3,5,1,-;Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,- Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;Killed process -3250 (x) total-vm:1kB\n",
	"3,5,1,-;Killed process 4294970546 (x) total-vm:1kB\n",
	"3,5,1,-;Killed process 99999999999999999999993250\n",
	"3,5,1,-;Killed process ",
	"4,5,1,-;Killed process 3250 (x) total-vm:1kB\n",
	"3,5,1,-;Killed process 3250 IN=eth0 OUT=\n",
	"3,5,1,-;Killed process 3250 (x) did it\n",
	"3,5,1,-;",
	"\n",
};

START_TEST(test_others)
{
	put(others[_i]);
	ck_assert(!kmsg_names(k, 3250, NOW));
	ck_assert(!kmsg_names(k, 0, NOW));
	ck_assert(!kmsg_names(k, -3250, NOW));
}
END_TEST

/* Its threads end with it; later the pid is another's. */
START_TEST(test_time)
{
	put(naming[0]);
	kmsg_read(k, NOW);
	ck_assert(!kmsg_names(k, 3250, NOW + 10000));
	put(naming[0]);
	kmsg_read(k, NOW + 20000);
	ck_assert(kmsg_names(k, 3250, NOW + 29000));
	ck_assert(kmsg_names(k, 3250, NOW + 29900));
	ck_assert(!kmsg_names(k, 3250, NOW + 30100));
	put(naming[0]);
	ck_assert(kmsg_names(k, 3250, NOW + 40000));
	ck_assert(!kmsg_names(k, 3250, NOW + 41000));
}
END_TEST

/* More than are kept: the last ones are. */
START_TEST(test_many)
{
	char record[128];

	for (int pid = 1; pid <= 200; pid++) {
		snprintf(
			record, sizeof(record),
			"3,1,1,-;Out of memory: Killed process %d (x) total-vm:1kB\n",
			pid);
		put(record);
		if (pid % 50 == 0)
			kmsg_read(k, NOW);
	}
	ck_assert(kmsg_names(k, 200, NOW));
	ck_assert(kmsg_names(k, 150, NOW));
	ck_assert(!kmsg_names(k, 100, NOW));
}
END_TEST

/* The cgroup was gone before anybody looked at its count. */
START_TEST(test_without_a_count)
{
	struct oom *o = oom_new(kmsg_new(dup(ends[0])));
	static const char key;

	put(naming[0]);
	ck_assert(!oom_killed(o, &key, 3251, NOW));
	ck_assert(oom_killed(o, &key, 3250, NOW));
	oom_watch(o, &key, "/nowhere", "/nowhere");
	ck_assert(oom_killed(o, &key, 3250, NOW));
	oom_free(o);
}
END_TEST

START_TEST(test_none)
{
	struct kmsg *none = kmsg_new(-1);

	kmsg_read(none, NOW);
	ck_assert(!kmsg_names(none, 0, NOW));
	ck_assert(!kmsg_names(none, 1, NOW));
	kmsg_free(none);
	kmsg_free(NULL);
	none = kmsg_open();
	ck_assert(!kmsg_names(none, 1, NOW));
	kmsg_free(none);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *suite = suite_create("kmsg");
	TCase *tcase = tcase_create("kmsg");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_naming, 0, COUNT(naming));
	tcase_add_loop_test(tcase, test_others, 0, COUNT(others));
	tcase_add_test(tcase, test_time);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_without_a_count);
	tcase_add_test(tcase, test_none);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
