/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outlet.h"

#include <stdlib.h>

#include "buf.h"
#include "sinks.h"

/*
 * What the lines may come to before they go to the ledger; where no more is
 * to be read they do anyway. And so much of the channel they may take.
 */
#define BATCH_BYTES ((size_t)64 << 10)
#define SHARE 4

/* Lines of one log that are not in the channel yet. */
struct batch {
	struct buf data;
	uint64_t lines;
	uint64_t lost;		/* not told yet */
};

struct outlet {
	struct channel *out;
	size_t batch_bytes;
	struct batch batches[LEDGER_LOGS];
	uint64_t refused;
};

static void render_plain(struct buf *out, const struct change *change)
{
	render_text(out, change, false);
}

static const struct {
	void (*render)(struct buf *out, const struct change *change);
	const char *lost;	/* what its lost lines are called */
} sinks[LEDGER_LOGS] = {
	[LEDGER_STATE] = { NULL, "lines of the state" },	/* the keeper's */
	[LEDGER_TEXT] = { render_plain, "lines of the text log" },
	[LEDGER_JSON] = { render_json, "lines of the JSON log" },
};

struct outlet *outlet_new(struct channel *out)
{
	struct outlet *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->out = out;
	o->batch_bytes = channel_size(out) / SHARE;
	if (o->batch_bytes > BATCH_BYTES)
		o->batch_bytes = BATCH_BYTES;
	return o;
}

void outlet_trim(struct outlet *o)
{
	for (int i = 0; i < LEDGER_LOGS; i++)
		if (!o->batches[i].lines)
			buf_free(&o->batches[i].data);
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	for (int i = 0; i < LEDGER_LOGS; i++)
		buf_free(&o->batches[i].data);
	free(o);
}

bool outlet_put(struct outlet *o, const bool logs[LEDGER_LOGS],
		const struct change *change)
{
	bool full = false;

	for (int i = 0; i < LEDGER_LOGS; i++) {
		struct batch *batch = &o->batches[i];

		if (!logs[i])
			continue;
		sinks[i].render(&batch->data, change);
		batch->lines++;
		full = full || batch->data.len >= o->batch_bytes;
	}
	return full;
}

void outlet_flush(struct outlet *o)
{
	for (unsigned int i = 0; i < LEDGER_LOGS; i++) {
		struct batch *batch = &o->batches[i];

		if (!batch->lines)
			continue;
		if (!channel_put(o->out, i, batch->data.data,
				 batch->data.len)) {
			batch->lost += batch->lines;
			o->refused += batch->lines;
		}
		buf_clear(&batch->data);
		batch->lines = 0;
	}
}

size_t outlet_pending(const struct outlet *o)
{
	for (int i = LEDGER_LOGS - 1; i >= 0; i--)
		if (o->batches[i].data.len)
			return o->batches[i].data.len;
	return 0;
}

void outlet_miss(struct outlet *o, enum ledger_log log, uint64_t n)
{
	o->batches[log].lost += n;
}

uint64_t outlet_take_lost(struct outlet *o, enum ledger_log log,
			  const char **what)
{
	uint64_t n = o->batches[log].lost;

	*what = sinks[log].lost;
	o->batches[log].lost = 0;
	return n;
}

bool outlet_owes(const struct outlet *o)
{
	for (int i = 0; i < LEDGER_LOGS; i++)
		if (o->batches[i].lost)
			return true;
	return false;
}

uint64_t outlet_refused(const struct outlet *o)
{
	return o->refused;
}
