/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "play.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PID_MAX_LIMIT of the kernel's include/linux/threads.h, 64 bits */
#define PID_MAX 4194304
/* Above all pids of recordings that stay as they are */
#define FIRST_PID 65536

/* On a tick of the recordings' clocks, which had steps of 4 ms. */
#define FIRST_MS UINT64_C(1767225600002)
#define TICK_MS 4

void stage_init(struct stage *s)
{
	*s = (struct stage){
		.now_ms = FIRST_MS,
		.serial = 1000,
		.next_pid = FIRST_PID,
		.first_pid = FIRST_PID,
	};
}

pid_t stage_pids(struct stage *s, pid_t n)
{
	pid_t first;

	if (s->next_pid > PID_MAX - n)
		s->next_pid = s->first_pid;
	first = s->next_pid;
	s->next_pid += n;
	if (s->next_pid > PID_MAX)
		errx(EXIT_FAILURE, "so many live that pids are used up");
	return first;
}

void stage_pass(struct stage *s, uint64_t ms)
{
	if (ms > s->now_ms)
		s->now_ms = ms;
}

void stage_flush(struct stage *s)
{
	if (fwrite(s->text, 1, s->len, stdout) != s->len || fflush(stdout))
		err(EXIT_FAILURE, "stdout");
	s->bytes += s->len;
	s->len = 0;
}

/* --- bytes */

static void put(struct stage *s, const char *text, size_t len)
{
	if (s->len + len > sizeof(s->text))
		stage_flush(s);
	memcpy(s->text + s->len, text, len);
	s->len += len;
}

/* With zeroes in front, at least so many digits. */
static void put_number(struct stage *s, uint64_t n, int width)
{
	char text[20], *at = text + sizeof(text);

	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) || at > text + sizeof(text) - width);
	put(s, at, (size_t)(text + sizeof(text) - at));
}

static void put_stamp(struct stage *s, const struct seen *stamp)
{
	put_number(s, stamp->ms / 1000, 1);
	put(s, ".", 1);
	put_number(s, stamp->ms % 1000, 3);
	put(s, ":", 1);
	put_number(s, stamp->serial, 1);
}

static void put_name(struct stage *s, const char *name, bool hex)
{
	char text[3];

	for (; *name; name++) {
		snprintf(text, sizeof(text), hex ? "%02X" : "%c",
			 (unsigned char)*name);
		put(s, text, hex ? 2 : 1);
	}
}

/* The recorded name's length: it is a place of the same width. */
static void put_tag(struct stage *s, uint32_t play, bool hex)
{
	char name[8];

	snprintf(name, sizeof(name), "-%05u", play % 100000);
	put_name(s, name, hex);
}

/* By an odd factor, so that no two of 2^48 are the same. */
static void put_id(struct stage *s, uint32_t play, uint32_t which, bool hex)
{
	uint64_t id =
		(((uint64_t)play << 6) + which) * UINT64_C(0x9e3779b97f4a7c15);
	char name[TEMPLATE_ID_CHARS + 1];

	snprintf(name, sizeof(name), "%012llx",
		 (unsigned long long)(id & 0xffffffffffff));
	put_name(s, name, hex);
}

/* --- a play */

void play_begin(struct play *p, struct stage *s, const struct template *t)
{
	*p = (struct play){
		.t = t,
		.n = ++s->plays,
		.start_ms = (s->now_ms + TICK_MS - 1) / TICK_MS * TICK_MS +
			    FIRST_MS % TICK_MS,
		.base = stage_pids(s, t->high - t->low + 1),
		.seen = calloc(t->n_events, sizeof(*p->seen)),
	};
	if (!p->seen)
		err(EXIT_FAILURE, "no memory");
}

void play_end(struct play *p)
{
	free(p->seen);
	*p = (struct play){ 0 };
}

bool play_is_over(const struct play *p)
{
	return p->next == p->t->n_lines;
}

uint64_t play_due_ms(const struct play *p)
{
	return p->start_ms + p->t->lines[p->next].due_ms;
}

pid_t play_pid(const struct play *p, pid_t pid)
{
	if (pid < p->t->low)
		return pid;
	if (p->held && pid > p->held)
		return p->late_base + (pid - p->held - 1);
	return p->base + (pid - p->t->low);
}

static void put_piece(const struct play *p, struct stage *s,
		      const struct piece *piece, const struct guise *g,
		      uint32_t more)
{
	pid_t pid = (pid_t)piece->value;

	switch (piece->kind) {
	case PIECE_TEXT:
		put(s, piece->text, piece->len);
		break;
	case PIECE_STAMP:
		put_stamp(s, &g->stamp);
		break;
	case PIECE_PID:
		pid = g->of && pid == g->of ? g->is : play_pid(p, pid);
		put_number(s, (uint64_t)pid, 1);
		break;
	case PIECE_LOCAL:
		put_number(s, g->local ? g->local : piece->value + more, 1);
		break;
	case PIECE_TAG:
	case PIECE_TAG_HEX:
		put_tag(s, p->n, piece->kind == PIECE_TAG_HEX);
		break;
	case PIECE_ID:
	case PIECE_ID_HEX:
		put_id(s, p->n, piece->value, piece->kind == PIECE_ID_HEX);
		break;
	}
}

/* auditd's first record when it starts. It counts its own serials. */
static void put_start(struct stage *s)
{
	static const char type[] = "type=DAEMON_START msg=audit(";
	static const char body[] =
		"): op=start ver=3.0.9 format=enriched kernel=6.1.0"
		" auid=4294967295 pid=700 uid=0 ses=4294967295"
		" subj=unconfined res=success\n";
	const struct seen stamp = { s->now_ms, 1 };

	put(s, type, sizeof(type) - 1);
	put_stamp(s, &stamp);
	put(s, body, sizeof(body) - 1);
}

static void put_line(const struct play *p, struct stage *s,
		     const struct line *l, const struct guise *g, uint32_t more)
{
	if (!s->records++)
		put_start(s);
	if (s->node) {
		put(s, "node=", 5);
		put(s, s->node, strlen(s->node));
		put(s, " ", 1);
	}
	for (uint32_t i = 0; i < l->n_pieces; i++)
		put_piece(p, s, &l->pieces[i], g, more);
	put(s, "\n", 1);
}

void play_line(struct play *p, struct stage *s, bool paced)
{
	const struct line *l = &p->t->lines[p->next];
	struct seen *seen = &p->seen[l->event];
	struct guise g = { 0 };

	if (paced)
		stage_pass(s, play_due_ms(p));
	if (!seen->serial)
		*seen = (struct seen){
			paced ? p->start_ms + p->t->events[l->event].ms :
				s->now_ms,
			++s->serial
		};
	g.stamp = *seen;
	put_line(p, s, l, &g,
		 p->held && p->next >= p->held_line ? p->late_numbers : 0);
	p->next++;
}

void play_resume(struct play *p, struct stage *s, uint32_t numbers)
{
	const struct template *t = p->t;
	pid_t held = t->low;

	for (uint32_t i = 0; i < p->next; i++)
		for (uint32_t j = 0; j < t->lines[i].n_pieces; j++) {
			const struct piece *piece = &t->lines[i].pieces[j];

			if (piece->kind == PIECE_PID &&
			    (pid_t)piece->value > held)
				held = (pid_t)piece->value;
		}
	p->held = held;
	p->held_line = p->next;
	p->late_base = stage_pids(s, t->high - held);
	p->late_numbers = numbers;
	p->start_ms = s->now_ms - t->lines[p->next].due_ms;
}

void play_event(struct play *p, struct stage *s, uint32_t event,
		struct guise guise)
{
	const struct template *t = p->t;

	guise.stamp = (struct seen){ s->now_ms, ++s->serial };
	for (uint32_t i = t->events[event].line; i < t->n_lines; i++) {
		if (t->lines[i].event != event)
			continue;
		put_line(p, s, &t->lines[i], &guise, 0);
		if (!strncmp(t->lines[i].pieces[0].text, "type=EOE ", 9))
			break;
	}
}
