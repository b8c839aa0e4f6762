/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <check.h>
#include <string.h>

#include "promise.h"

static void put_id(struct buf *out, const char *name, uint32_t id)
{
	if (id != ID_UNSET)
		buf_printf(out, " %s=%u", name, id);
}

static void put_name(struct buf *out, const char *name, const char *value)
{
	if (value)
		buf_printf(out, " %s=%s", name, value);
}

static void put_fork(struct buf *out, const struct fact *f)
{
	static const char *const calls[] = {
		[FORK_FORK] = "fork",
		[FORK_VFORK] = "vfork",
		[FORK_CLONE] = "clone",
		[FORK_CLONE3] = "clone3",
	};

	buf_printf(out, " %s child=%d", calls[f->call], (int)f->child);
	if (f->flags)
		buf_printf(out, " flags=%llx", (unsigned long long)f->flags);
}

static void put_exec(struct buf *out, const struct fact *f)
{
	const char *arg = f->args;

	buf_printf(out, " %u", f->argc);
	for (uint32_t i = 0; i < f->args_count; i++, arg += strlen(arg) + 1)
		buf_printf(out, "[%s]", arg);
	put_name(out, "cwd", f->cwd);
}

static void put_seen(struct buf *out, const struct fact *f)
{
	static const char *const outcomes[] = { "?", "failed", "done" };

	buf_printf(out, " %s %s %s%s", f->record, f->syscall ? f->syscall : "-",
		   outcomes[f->outcome + 1], f->quiet ? " quiet" : "");
}

static void put_kind(struct buf *out, const struct fact *f)
{
	static const char *const kinds[] = {
		[FACT_FORK] = "FORK",	[FACT_EXEC] = "EXEC",
		[FACT_EXIT] = "EXIT",	[FACT_SEEN] = "SEEN",
		[FACT_ABEND] = "ABEND", [FACT_FOUND] = "FOUND",
		[FACT_GONE] = "GONE",
	};

	buf_printf(out, "%s#%llu", kinds[f->kind],
		   (unsigned long long)f->serial);
	switch (f->kind) {
	case FACT_FORK:
		put_fork(out, f);
		break;
	case FACT_EXEC:
		put_exec(out, f);
		break;
	case FACT_EXIT:
	case FACT_ABEND:
		buf_printf(out, " %d", f->code);
		break;
	case FACT_SEEN:
		put_seen(out, f);
		break;
	case FACT_FOUND:
	case FACT_GONE:
		break;
	}
}

void put_fact(struct buf *out, const struct fact *f)
{
	if (*f->node)
		buf_printf(out, "%s ", f->node);
	put_kind(out, f);
	buf_printf(out, " pid=%d", (int)f->pid);
	if (f->ppid)
		buf_printf(out, " ppid=%d", (int)f->ppid);
	put_id(out, "uid", f->uid);
	put_id(out, "gid", f->gid);
	put_id(out, "auid", f->auid);
	put_id(out, "ses", f->ses);
	put_name(out, "user", f->user);
	put_name(out, "comm", f->comm);
	put_name(out, "exe", f->exe);
	put_name(out, "key", f->key);
	buf_putc(out, '\n');
}

void check_fact(const struct fact *f, size_t args_bytes)
{
	const char *wrong = broken_promise(f, args_bytes);

	ck_assert_msg(!wrong, "a fact of %d: %s", (int)f->pid, wrong);
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct stream *s = ctx;

	check_fact(f, s->args_bytes);
	put_fact(&s->text, f);
	s->n++;
}

static void on_event(void *ctx, const struct gate_event *event)
{
	struct stream *s = ctx;

	assemble_event(s->assemble, event);
}

void stream_open(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	s->gate = gate_new(&s->metrics, on_event, s);
	s->assemble = assemble_new(&s->metrics, on_fact, s);
}

void stream_close(struct stream *s)
{
	gate_free(s->gate);
	assemble_free(s->assemble);
	buf_free(&s->text);
}

void stream_set_args_bytes(struct stream *s, size_t bytes)
{
	s->args_bytes = bytes;
	assemble_set_args_bytes(s->assemble, bytes);
}

const char *stream_text(struct stream *s)
{
	buf_putc(&s->text, '\0');
	s->text.len--;
	return s->text.data;
}

void stream_run(struct buf *out, const char *in, size_t len, size_t piece)
{
	struct stream s;

	stream_open(&s);
	for (size_t at = 0; at < len; at += piece)
		gate_feed(s.gate, in + at, piece < len - at ? piece : len - at);
	gate_finish(s.gate);
	buf_clear(out);
	buf_puts(out, stream_text(&s));
	buf_putc(out, '\0');
	stream_close(&s);
}
