/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "witness.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"

/*
 * What the socket may hold while the core is busy. An event takes about one
 * KiB of it, since the kernel counts a message's overhead too.
 */
#define ROOM_BYTES (64 << 20)

#define MESSAGE_BYTES 256
#define ANSWER_MS 2000
#define MAX_CPUS 4096

struct witness {
	int fd;
	size_t n_next;
	uint32_t *next;		/* the sequence number that follows, by CPU */
	bool *known;		/* whether it is known */
	bool gap;		/* to be told with the next events */
	uint64_t missed;
	char data[WITNESS_BATCH][MESSAGE_BYTES];
};

/* One message: a netlink header, a connector's, and what is asked. */
static int ask(int fd, enum proc_cn_mcast_op op)
{
	char request[NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(op)];
	struct nlmsghdr header = {
		.nlmsg_len = sizeof(request),
		.nlmsg_type = NLMSG_DONE,
	};
	struct cn_msg message = {
		.id = { CN_IDX_PROC, CN_VAL_PROC },
		.len = sizeof(op),
	};

	memset(request, 0, sizeof(request));
	memcpy(request, &header, sizeof(header));
	memcpy(request + NLMSG_HDRLEN, &message, sizeof(message));
	memcpy(request + NLMSG_HDRLEN + sizeof(message), &op, sizeof(op));
	return send(fd, request, sizeof(request), 0) < 0 ? -1 : 0;
}

/* The event in a message from the kernel itself; NULL if it is none. */
static const struct proc_event *event_in(const char *data, size_t len,
					 struct cn_msg *message)
{
	static const size_t head = NLMSG_HDRLEN + sizeof(struct cn_msg);
	struct nlmsghdr header;

	if (len < head + offsetof(struct proc_event, event_data))
		return NULL;
	memcpy(&header, data, sizeof(header));
	memcpy(message, data + NLMSG_HDRLEN, sizeof(*message));
	if (header.nlmsg_len > len || message->id.idx != CN_IDX_PROC ||
	    message->id.val != CN_VAL_PROC)
		return NULL;
	return (const void *)(data + head);
}

/*
 * The kernel numbers its messages by CPU, and drops one without a word when
 * it has no memory for it (send_msg() in cn_proc.c).
 */
static void follow(struct witness *w, unsigned int cpu, uint32_t seq)
{
	if (cpu >= w->n_next)
		return;
	if (w->known[cpu] && w->next[cpu] != seq) {
		w->gap = true;
		w->missed += (uint32_t)(seq - w->next[cpu]);
	}
	w->known[cpu] = true;
	w->next[cpu] = seq + 1;
}

/* The structure of an event is packed, and lies where the message ends. */
static bool understand(const struct proc_event *raw, struct witness_event *e)
{
	struct proc_event ev;

	memcpy(&ev, raw, sizeof(ev));
	memset(e, 0, sizeof(*e));
	e->mono_ns = ev.timestamp_ns;
	switch ((unsigned int)ev.what) {
	case PROC_EVENT_FORK:
		e->kind = WITNESS_FORK;
		e->pid = ev.event_data.fork.child_tgid;
		e->tid = ev.event_data.fork.child_pid;
		e->parent = ev.event_data.fork.parent_tgid;
		return true;
	case PROC_EVENT_EXEC:
		e->kind = WITNESS_EXEC;
		e->pid = ev.event_data.exec.process_tgid;
		e->tid = ev.event_data.exec.process_pid;
		return true;
	case PROC_EVENT_EXIT:
		e->kind = WITNESS_EXIT;
		e->pid = ev.event_data.exit.process_tgid;
		e->tid = ev.event_data.exit.process_pid;
		e->status = (int)ev.event_data.exit.exit_code;
		return true;
	default:
		return false;
	}
}

/* From the kernel, which is port 0; anybody may send to a netlink socket. */
static bool is_kernel(const struct sockaddr_nl *from)
{
	return from->nl_family == AF_NETLINK && from->nl_pid == 0;
}

enum witness_state witness_read(struct witness *w,
				struct witness_event events[WITNESS_BATCH],
				size_t *n)
{
	struct sockaddr_nl from[WITNESS_BATCH];
	struct iovec iov[WITNESS_BATCH];
	struct mmsghdr messages[WITNESS_BATCH];
	enum witness_state state;
	int got;

	*n = 0;
	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < WITNESS_BATCH; i++) {
		iov[i] = (struct iovec){ w->data[i], MESSAGE_BYTES };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &from[i];
		messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	got = recvmmsg(w->fd, messages, WITNESS_BATCH, MSG_DONTWAIT, NULL);
	if (got < 0 && errno == ENOBUFS) {
		/* netlink_overrun(): the socket was full. */
		w->gap = true;
		got = 0;
	} else if (got < 0) {
		return errno == EAGAIN || errno == EINTR ? WITNESS_EMPTY :
							   WITNESS_BROKEN;
	}
	for (int i = 0; i < got; i++) {
		struct cn_msg message;
		const struct proc_event *raw =
			event_in(w->data[i], messages[i].msg_len, &message);
		struct proc_event ev;

		if (!raw || !is_kernel(&from[i]))
			continue;
		memcpy(&ev, raw, sizeof(ev));
		follow(w, ev.cpu, message.seq);
		/* One kind answers somebody's request, and is no event; but
		 * it has a number like the others (cn_proc_ack()). */
		*n += understand(raw, &events[*n]);
	}
	state = got < WITNESS_BATCH ? WITNESS_LAST : WITNESS_MORE;
	if (w->gap)
		state = WITNESS_GAP;
	w->gap = false;
	return state;
}

/*
 * The kernel answers a request with an event of type NONE and an errno; in
 * a namespace of its own, or without CONFIG_PROC_EVENTS, not at all. That
 * message is as good as any first event.
 */
static int await_answer(int fd, struct err *err)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	char data[MESSAGE_BYTES];
	const struct proc_event *raw;
	struct cn_msg message;
	struct proc_event ev;
	ssize_t n;

	for (int i = 0; i < 10000; i++) {
		if (poll(&pfd, 1, ANSWER_MS) <= 0)
			break;
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (n < 0)
			continue;
		raw = event_in(data, (size_t)n, &message);
		if (!raw)
			continue;
		memcpy(&ev, raw, sizeof(ev));
		if (ev.what != PROC_EVENT_NONE)
			return 0;
		if (!ev.event_data.ack.err)
			return 0;
		return err_set(err, (int)ev.event_data.ack.err,
			       "the proc connector refuses");
	}
	return err_set(
		err, 0,
		"the proc connector does not answer: no CONFIG_PROC_EVENTS, "
		"or not in the host's own namespaces");
}

static int subscribe(struct witness *w, struct err *err)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = CN_IDX_PROC,
	};
	int room = ROOM_BYTES;

	w->fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_CONNECTOR);
	if (w->fd < 0)
		return err_set(err, errno, "no socket of the connector");
	/* Beyond what an unprivileged process may have; else what it may. */
	if (setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(w->fd, (struct sockaddr *)&address, sizeof(address)))
		return err_set(err, errno, "cannot join the proc connector");
	if (ask(w->fd, PROC_CN_MCAST_LISTEN))
		return err_set(err, errno, "cannot ask the proc connector");
	return await_answer(w->fd, err);
}

struct witness *witness_open(struct err *err)
{
	struct witness *w = calloc(1, sizeof(*w));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (!w)
		abort();
	w->fd = -1;
	w->n_next = cpus > 0 && cpus < MAX_CPUS ? (size_t)cpus : MAX_CPUS;
	w->next = calloc(w->n_next, sizeof(*w->next));
	w->known = calloc(w->n_next, sizeof(*w->known));
	if (!w->next || !w->known)
		abort();
	if (!subscribe(w, err))
		return w;
	witness_close(w);
	return NULL;
}

void witness_close(struct witness *w)
{
	if (!w)
		return;
	cleanup_close(&w->fd);
	free(w->next);
	free(w->known);
	free(w);
}

uint64_t witness_missed(struct witness *w)
{
	uint64_t missed = w->missed;

	w->missed = 0;
	return missed;
}

int witness_fd(const struct witness *w)
{
	return w->fd;
}
