/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "field.h"

/* A record is shorter: PRINTK_MESSAGE_MAX, include/linux/printk.h. */
#define RECORD_SIZE 8192

/* A log may be flooded; what is left is for the next time. */
#define MAX_RECORDS 4096

#define N_VICTIMS 64

/* How long a victim may take to end, and then its threads. */
#define VICTIM_MS 10000
#define ENDING_MS 1000

struct victim {
	pid_t pid;
	uint64_t until_ms;	/* later the pid may be another's */
};

struct kmsg {
	int fd;
	struct victim victims[N_VICTIMS];
	size_t next;	/* in there, to be used again */
};

struct kmsg *kmsg_new(int fd)
{
	struct kmsg *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->fd = fd;
	return k;
}

struct kmsg *kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0)
		cleanup_close(&fd);
	return kmsg_new(fd);
}

void kmsg_free(struct kmsg *k)
{
	if (!k)
		return;
	cleanup_close(&k->fd);
	free(k);
}

/*
 * "PRIORITY,SEQUENCE,…;TEXT", Documentation/ABI/testing/dev-kmsg. The
 * priority's low three bits are the level, the others the facility, which only
 * what the kernel itself wrote has 0 of. NULL of what is no error of its own.
 */
static const char *text_of(const char *record)
{
	const char *text = strchr(record, ';');

	return !strncmp(record, "3,", 2) && text ? text + 1 : NULL;
}

/* oom_kill_process(), oom_kill_memcg_member() and out_of_memory() */
static const char *const messages[] = {
	"Memory cgroup out of memory: ", "Out of memory: ",
	"Out of memory (oom_kill_allocating_task): ", "", /* up to Linux 5.0 */
};

/* 0 if it names none. What follows the pid is the victim's to choose. */
static pid_t victim_of(const char *text)
{
	static const char killed[] = "Killed process ";
	char *end;
	size_t len;
	long pid;

	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		len = strlen(messages[i]);
		if (strncmp(text, messages[i], len) ||
		    strncmp(text + len, killed, strlen(killed)))
			continue;
		pid = strtol(text + len + strlen(killed), &end, 10);
		return pid > 0 && pid <= MAX_PID && !strncmp(end, " (", 2) &&
				       strstr(end, ") total-vm:") ?
			       (pid_t)pid :
			       0;
	}
	return 0;
}

static void take(struct kmsg *k, const char *record, uint64_t now_ms)
{
	const char *text = text_of(record);
	pid_t pid = text ? victim_of(text) : 0;

	if (!pid)
		return;
	k->victims[k->next] = (struct victim){ pid, now_ms + VICTIM_MS };
	k->next = (k->next + 1) % N_VICTIMS;
}

void kmsg_read(struct kmsg *k, uint64_t now_ms)
{
	char record[RECORD_SIZE];
	ssize_t n;

	for (int i = 0; k->fd >= 0 && i < MAX_RECORDS; i++) {
		n = read(k->fd, record, sizeof(record) - 1);
		if (n > 0) {
			record[n] = '\0';
			take(k, record, now_ms);
		} else if (!n || (errno != EPIPE && errno != EINTR)) {
			return;
		}
		/* EPIPE: some were overwritten; the next read goes on */
	}
}

bool kmsg_names(struct kmsg *k, pid_t pid, uint64_t now_ms)
{
	struct victim *v;

	kmsg_read(k, now_ms);
	for (size_t i = 0; i < N_VICTIMS; i++) {
		v = &k->victims[i];
		if (v->pid != pid || now_ms >= v->until_ms)
			continue;
		if (now_ms + ENDING_MS < v->until_ms)
			v->until_ms = now_ms + ENDING_MS;
		return true;
	}
	return false;
}
