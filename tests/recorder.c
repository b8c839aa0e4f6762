/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorder DIR: writes down what the kernel's proc connector tells of every
 * process: DIR/proc.jsonl, who lives when it begins, and, when it is sent
 * TERM, DIR/truth.jsonl, in the format that tests/captures/README.md
 * describes. Prints "ready" when it listens. Fails if it missed anything.
 *
 * The connector tells of threads. The file tells of processes: an exit is
 * written when the last thread has gone, and so needs no interpretation.
 *
 * What the events do not say (cgroup, pid in its own namespace, executable)
 * is read from /proc at once. If by the time of that reading the process had
 * gone on to something else, as later events tell, it is left out.
 *
 * For the tests, and so by itself: it shares no code with the plugin, whose
 * witness listens to the same source.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PID_LIMIT (4 << 20) /* PID_MAX_LIMIT */
#define CPU_LIMIT 8192
#define LEVELS 32 /* MAX_PID_NS_LEVEL */
#define BUFFER_BYTES (256 << 20)
#define PATIENCE_MS 300 /* after TERM: what is still under way */

/* What was said in an event, and what /proc said then. */
struct event {
	enum { FORK, EXEC, EXIT } what;
	int64_t t; /* CLOCK_MONOTONIC, ns */
	pid_t pid, ppid, ptid;
	int status; /* as of wait(2) */
	int64_t read_t; /* when /proc had been read; 0: was not */
	pid_t vpids[LEVELS]; /* in its namespaces below the host's */
	char *cg, *exe;
};

struct thread {
	pid_t tgid;
	unsigned round; /* dead if its process is in a later one */
	bool alive;
};

struct process {
	unsigned round; /* begins with a birth and with an exec */
	unsigned threads; /* alive */
	int64_t exec_t;
	size_t last; /* its last event, plus 1 */
};

static struct {
	struct thread threads[PID_LIMIT]; /* both by number */
	struct process processes[PID_LIMIT];
	uint32_t next_seq[CPU_LIMIT];
	bool seen_cpu[CPU_LIMIT];
	struct event *events;
	size_t count, room;
	size_t lost;
	int64_t begin_mono, begin_wall;
} r;

static volatile sig_atomic_t told_to_stop;

static void on_term(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void __attribute__((format(printf, 1, 2))) lost(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("recorder: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	r.lost++;
}

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* --- /proc */

/* The whole of a file in /proc/PID, or NULL. The caller frees it. */
static char *slurp(pid_t pid, const char *name)
{
	char path[64], buf[8192];
	ssize_t n, len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - (size_t)len)) > 0)
		len += n;
	close(fd);
	if (n < 0)
		return NULL;
	buf[len] = '\0';
	return strdup(buf);
}

/* Of the pids controller where there is one, else of cgroup v2. */
static char *find_cgroup(char *list)
{
	char *line, *save, *path, *unified = NULL;

	for (line = strtok_r(list, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		path = strstr(line, ":pids:");
		if (path)
			return strdup(path + strlen(":pids:"));
		if (!strncmp(line, "0::", 3))
			unified = line + 3;
	}
	return unified ? strdup(unified) : NULL;
}

static char *read_cgroup(pid_t pid)
{
	char *list = slurp(pid, "cgroup");
	char *path = list ? find_cgroup(list) : NULL;

	free(list);
	return path;
}

/* From "NSpid:\t29655\t12\t1": 12 and 1; nothing on the host */
static void read_vpids(pid_t pid, pid_t vpids[LEVELS])
{
	char *status = slurp(pid, "status");
	char *p = status ? strstr(status, "\nNSpid:\t") : NULL;
	size_t n = 0;

	if (p)
		p = strpbrk(p + strlen("\nNSpid:\t"), "\t\n");
	for (; p && *p == '\t' && n < LEVELS; n++)
		vpids[n] = (pid_t)strtol(p + 1, &p, 10);
	free(status);
}

static char *read_exe(pid_t pid)
{
	char path[64], buf[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, buf, sizeof(buf) - 1);
	if (n < 0)
		return NULL;
	buf[n] = '\0';
	return strdup(buf);
}

static void read_proc(struct event *e)
{
	e->cg = read_cgroup(e->pid);
	read_vpids(e->pid, e->vpids);
	if (e->what == EXEC)
		e->exe = read_exe(e->pid);
	e->read_t = now(CLOCK_MONOTONIC);
}

/* --- JSON */

/* Bytes of the UTF-8 character at s; 0 if it is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len = *s < 0x80 ? 1 :
		     *s < 0xc2 ? 0 :
		     *s < 0xe0 ? 2 :
		     *s < 0xf0 ? 3 :
		     *s < 0xf5 ? 4 :
				 0;
	size_t i;

	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* A string; what is no UTF-8 is U+FFFD, a byte each. */
static void put_string(FILE *f, const char *name, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len;

	fprintf(f, ", \"%s\": \"", name);
	while (*p) {
		len = utf8_len(p);
		if (!len)
			fputs("\\ufffd", f);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(f, "\\u%04x", *p);
		else if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else
			fwrite(p, 1, len, f);
		p += len ? len : 1;
	}
	fputc('"', f);
}

/* --- who lives at the beginning */

static bool is_zombie(const char *stat)
{
	const char *p = stat ? strrchr(stat, ')') : NULL;

	return !p || p[2] == 'Z' || p[2] == 'X';
}

static bool is_alive(pid_t tid)
{
	const struct thread *thread = &r.threads[tid];

	return thread->alive &&
	       thread->round == r.processes[thread->tgid].round;
}

static void add_thread(pid_t tgid, pid_t tid)
{
	struct process *process = &r.processes[tgid];

	r.threads[tid] = (struct thread){ tgid, process->round, true };
	process->threads++;
}

/* All that was known of threads of this process is over. */
static void begin_round(pid_t pid, int64_t exec_t)
{
	struct process *process = &r.processes[pid];

	process->round++;
	process->threads = 0;
	process->exec_t = exec_t;
	add_thread(pid, pid);
}

/* Its leader may have gone before its other threads. */
static void count_threads(pid_t pid)
{
	char path[64], *stat;
	struct dirent *d;
	DIR *dir;
	pid_t tid;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		tid = (pid_t)atoi(d->d_name);
		snprintf(path, sizeof(path), "task/%d/stat", (int)tid);
		stat = tid ? slurp(pid, path) : NULL;
		if (tid && !is_zombie(stat))
			add_thread(pid, tid);
		free(stat);
	}
	if (dir)
		closedir(dir);
}

static void write_life(FILE *f, pid_t pid, const char *stat)
{
	const char *comm = strchr(stat, '(');
	const char *end = strrchr(stat, ')');
	char name[32];
	int ppid = 0;
	char *exe = read_exe(pid), *cg = read_cgroup(pid);

	snprintf(name, sizeof(name), "%.*s", (int)(end - comm - 1), comm + 1);
	sscanf(end + 1, " %*c %d", &ppid);
	fprintf(f, "{\"pid\": %d, \"ppid\": %d", (int)pid, ppid);
	put_string(f, "comm", name);
	if (exe)
		put_string(f, "exe", exe);
	if (cg)
		put_string(f, "cg", cg);
	fputs("}\n", f);
	free(exe);
	free(cg);
}

static FILE *create(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f)
		die(path);
	return f;
}

static void write_lives(const char *to)
{
	FILE *f = create(to, "proc.jsonl");
	struct dirent *d;
	DIR *dir = opendir("/proc");
	char *stat;
	pid_t pid;

	if (!dir)
		die("/proc");
	while ((d = readdir(dir))) {
		pid = (pid_t)atoi(d->d_name);
		stat = pid ? slurp(pid, "stat") : NULL;
		if (stat)
			count_threads(pid);
		if (stat && r.processes[pid].threads)
			write_life(f, pid, stat);
		free(stat);
	}
	closedir(dir);
	if (fclose(f))
		die("proc.jsonl");
}

/* --- events */

/* What was read in /proc after time t is of whoever came then. */
static void distrust(struct event *e, int64_t t)
{
	if (!e->read_t || e->read_t < t)
		return;
	free(e->exe);
	free(e->cg);
	e->exe = e->cg = NULL;
	memset(e->vpids, 0, sizeof(e->vpids));
	e->read_t = 0;
}

static struct event *add_event(const struct event *e)
{
	if (r.count == r.room) {
		r.room = r.room ? 2 * r.room : 4096;
		r.events = realloc(r.events, r.room * sizeof(*r.events));
		if (!r.events)
			die("memory");
	}
	r.events[r.count++] = *e;
	return &r.events[r.count - 1];
}

/* An event of a process after which /proc tells something else of it. */
static struct event *add_turn(const struct event *e)
{
	struct process *process = &r.processes[e->pid];

	if (process->last)
		distrust(&r.events[process->last - 1], e->t);
	process->last = r.count + 1;
	return add_event(e);
}

static void on_fork(const struct proc_event *p, int64_t t, int64_t begun)
{
	pid_t tid = p->event_data.fork.child_pid;
	pid_t tgid = p->event_data.fork.child_tgid;
	struct event e = {
		.what = FORK,
		.t = t,
		.pid = tid,
		.ppid = p->event_data.fork.parent_tgid,
		.ptid = p->event_data.fork.parent_pid,
	};

	if (is_alive(tid) && t >= begun)
		lost("%d is born, and had not ended", (int)tid);
	if (tid == tgid) {
		begin_round(tid, 0);
		read_proc(add_turn(&e));
	} else if (!is_alive(tid) || r.threads[tid].tgid != tgid) {
		add_thread(tgid, tid);
	}
}

/* All other threads have gone by now; should one of them be told to exit
 * later, it is of a round that is over. */
static void on_exec(const struct proc_event *p, int64_t t)
{
	pid_t pid = p->event_data.exec.process_tgid;
	struct event e = { .what = EXEC, .t = t, .pid = pid };

	begin_round(pid, t);
	read_proc(add_turn(&e));
}

/* A former leader, whose number went to the thread that called execve, may
 * be told to exit only after that. */
static void on_exit_of(const struct proc_event *p, int64_t t)
{
	pid_t tid = p->event_data.exit.process_pid;
	pid_t tgid = p->event_data.exit.process_tgid;
	struct process *process = &r.processes[tgid];
	struct event e = {
		.what = EXIT,
		.t = t,
		.pid = tgid,
		.status = (int)p->event_data.exit.exit_code,
	};

	if (!is_alive(tid) || r.threads[tid].tgid != tgid ||
	    (tid == tgid && t < process->exec_t))
		return;
	r.threads[tid].alive = false;
	if (--process->threads == 0)
		add_turn(&e);
}

/* The answer to anybody's PROC_CN_MCAST_LISTEN takes a number as well. */
static void check_sequence(const struct cn_msg *cn, const struct proc_event *p)
{
	if (p->cpu >= CPU_LIMIT) {
		if (p->what != PROC_EVENT_NONE)
			lost("cpu %u", p->cpu);
		return;
	}
	if (r.seen_cpu[p->cpu] && cn->seq != r.next_seq[p->cpu])
		lost("cpu %u: event %u came, %u was due", p->cpu, cn->seq,
		     r.next_seq[p->cpu]);
	r.seen_cpu[p->cpu] = true;
	r.next_seq[p->cpu] = cn->seq + 1;
}

static void on_message(const struct cn_msg *cn, int64_t begun)
{
	struct proc_event p;

	memset(&p, 0, sizeof(p));
	memcpy(&p, cn->data, cn->len < sizeof(p) ? cn->len : sizeof(p));
	if (cn->id.idx != CN_IDX_PROC)
		return;
	check_sequence(cn, &p);
	if (p.what == PROC_EVENT_FORK)
		on_fork(&p, (int64_t)p.timestamp_ns, begun);
	else if (p.what == PROC_EVENT_EXEC)
		on_exec(&p, (int64_t)p.timestamp_ns);
	else if (p.what == PROC_EVENT_EXIT)
		on_exit_of(&p, (int64_t)p.timestamp_ns);
}

/* --- the socket */

static int listen_up(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK,
				  .nl_groups = CN_IDX_PROC };
	struct {
		struct nlmsghdr head;
		struct cn_msg cn;
		enum proc_cn_mcast_op op;
	} __attribute__((packed)) ask = {
		.head = { .nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_DONE },
		.cn = { .id = { CN_IDX_PROC, CN_VAL_PROC },
			.len = sizeof(ask.op) },
		.op = PROC_CN_MCAST_LISTEN,
	};
	int bytes = BUFFER_BYTES;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_CONNECTOR);

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		die("SO_RCVBUFFORCE");
	if (bind(fd, (struct sockaddr *)&nl, sizeof(nl)))
		die("bind");
	if (send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		die("PROC_CN_MCAST_LISTEN");
	return fd;
}

/* One datagram. False if there is none now. */
static bool receive(int fd, int64_t begun)
{
	static char buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	struct nlmsghdr *head = (struct nlmsghdr *)buf;
	ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0 && errno == ENOBUFS) {
		lost("the socket's buffer overflowed");
		return true;
	}
	if (n < 0)
		die("recvfrom");
	if (from.nl_pid == 0 && NLMSG_OK(head, (size_t)n))
		on_message(NLMSG_DATA(head), begun);
	return true;
}

/* Until it is told to stop, and then a little longer. */
static void listen_on(int fd, int64_t begun)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	int64_t until = INT64_MAX;

	do {
		poll(&in, 1, 100);
		while (receive(fd, begun))
			;
		if (told_to_stop && until == INT64_MAX)
			until = now(CLOCK_MONOTONIC) + PATIENCE_MS * 1000000;
	} while (now(CLOCK_MONOTONIC) < until);
}

/* --- the file */

/* The innermost, which on the host is the pid, and those around it */
static void put_vpids(FILE *f, const struct event *e)
{
	size_t n = 0, i;

	while (n < LEVELS && e->vpids[n])
		n++;
	fprintf(f, ", \"vpid\": %d", (int)(n ? e->vpids[n - 1] : e->pid));
	for (i = 0; i + 1 < n; i++)
		fprintf(f, "%s%d", i ? ", " : ", \"outer\": [",
			(int)e->vpids[i]);
	if (n > 1)
		fputc(']', f);
}

static void write_event(FILE *f, const struct event *e)
{
	static const char *const names[] = { "fork", "exec", "exit" };

	fprintf(f, "{\"ev\": \"%s\", \"t\": %" PRId64, names[e->what], e->t);
	if (e->what == FORK)
		fprintf(f, ", \"ppid\": %d, \"ptid\": %d", (int)e->ppid,
			(int)e->ptid);
	fprintf(f, ", \"pid\": %d", (int)e->pid);
	if (e->what == EXIT)
		fprintf(f, ", \"code\": %d, \"signal\": %d",
			e->status >> 8 & 0xff, e->status & 0x7f);
	if (e->cg)
		put_string(f, "cg", e->cg);
	if (e->exe)
		put_string(f, "exe", e->exe);
	if (e->read_t)
		put_vpids(f, e);
	fputs("}\n", f);
}

static void write_truth(const char *dir)
{
	FILE *f = create(dir, "truth.jsonl");
	size_t i;

	fprintf(f,
		"{\"ev\": \"begin\", \"mono\": %" PRId64 ", \"wall\": %" PRId64
		"}\n",
		r.begin_mono, r.begin_wall);
	for (i = 0; i < r.count; i++)
		write_event(f, &r.events[i]);
	fprintf(f, "{\"ev\": \"end\", \"lost\": %zu}\n", r.lost);
	if (fclose(f))
		die("truth.jsonl");
}

/* Sooner than whom it watches; without that, it only may read less. */
static void hurry(void)
{
	struct sched_param param = { .sched_priority = 50 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		fputs("recorder: no real-time priority\n", stderr);
}

int main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	int64_t begun;
	int fd;

	if (argc != 2) {
		fputs("usage: recorder DIR\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &term, NULL);
	hurry();
	fd = listen_up();
	r.begin_mono = now(CLOCK_MONOTONIC);
	r.begin_wall = now(CLOCK_REALTIME);
	write_lives(argv[1]);
	begun = now(CLOCK_MONOTONIC);
	puts("ready");
	fflush(stdout);
	listen_on(fd, begun);
	write_truth(argv[1]);
	return r.lost ? 1 : 0;
}
