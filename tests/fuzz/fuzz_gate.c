/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line gate: any bytes, in pieces of any size. However the stream is
 * cut, the events are the same; each holds whole lines that bear its key, and
 * no more of them than there is room for.
 */
#include "fuzz.h"

#include <string.h>

#include "gaps.h"
#include "gate.h"

/* What came out, as text, to be compared. */
struct heard {
	struct metrics metrics;
	struct gaps gaps;
	struct buf text;
	size_t room;	/* for one event */
	bool watched;
};

static void must_bear_key(const struct gate_event *e, const char *line)
{
	_cleanup_buf_ struct buf head = BUF_INIT;
	const char *at;

	if (*e->node) {
		buf_printf(&head, "node=%s ", e->node);
		must(!strncmp(line, head.data, head.len));
		line += head.len;
	}
	must(!strncmp(line, "type=", 5));
	at = strchr(line, ' ');
	must(at && !strncmp(at, " msg=audit(", 11));
}

static void on_event(void *ctx, const struct gate_event *e)
{
	struct heard *h = ctx;
	const char *line = e->data, *end = e->data + e->len, *newline;
	size_t n = 0;

	must(e->len && end[-1] == '\n');
	must(!strchr(e->node, ' '));
	for (; line < end; line = newline + 1, n++) {
		newline = memchr(line, '\n', (size_t)(end - line));
		must_bear_key(e, line);
	}
	must(e->len <= h->room || n == 1);
	buf_printf(&h->text, "%s %llu %llu %d\n", e->node,
		   (unsigned long long)e->time_ms,
		   (unsigned long long)e->serial, e->cut);
	buf_put(&h->text, e->data, e->len);
}

static void on_key(void *ctx, const struct gate_key *k)
{
	struct heard *h = ctx;

	must(k->time_ms <= UINT64_MAX / 2);
	gaps_see(&h->gaps, k->serial);
	buf_printf(&h->text, "key %llu missing %llu\n",
		   (unsigned long long)k->serial,
		   (unsigned long long)gaps_take(&h->gaps));
}

static void hear(struct heard *h, const char *data, size_t size, size_t piece)
{
	struct gate *g = gate_new(&h->metrics, on_event, h);

	if (h->watched)
		gate_on_key(g, on_key);
	gate_set_event_bytes(g, h->room);
	for (size_t at = 0; at < size; at += piece)
		gate_feed(g, data + at, piece < size - at ? piece : size - at);
	gate_idle(g, 1);
	gate_idle(g, 60000);
	gate_finish(g);
	gate_free(g);
	gaps_close(&h->gaps);
}

/* Bits of the first byte, of which the lowest are how the rest is cut. */
#define HEAD_GAPS 0x20	/* serials are watched, which takes time */
#define HEAD_TIGHT 0x40	/* an event has little room */
#define HEAD_LONG 0x80	/* what comes is the end of the longest line there is */

#define LONG_BYTES 16384

static void begin_line(struct buf *stream)
{
	buf_puts(stream, "type=SYSCALL msg=audit(1.000:1): ");
	while (stream->len < LONG_BYTES - 64)
		buf_putc(stream, 'x');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard whole = { 0 }, cut = { 0 };
	_cleanup_buf_ struct buf stream = BUF_INIT;
	size_t piece;

	if (size < 2)
		return 0;
	if (data[0] & HEAD_LONG)
		begin_line(&stream);
	buf_put(&stream, data + 1, size - 1);
	piece = 4u * (data[0] & 0x1f) * (data[0] & 0x1f) + 1;
	whole.watched = cut.watched = data[0] & HEAD_GAPS;
	whole.room = cut.room = data[0] & HEAD_TIGHT ? 512 : 64 * 1024;
	hear(&whole, stream.data, stream.len, stream.len);
	hear(&cut, stream.data, stream.len, piece);
	must(whole.text.len == cut.text.len);
	must(!whole.text.len ||
	     !memcmp(whole.text.data, cut.text.data, cut.text.len));
	must(!memcmp(&whole.metrics, &cut.metrics, sizeof(cut.metrics)));
	buf_free(&whole.text);
	buf_free(&cut.text);
	return 0;
}
