/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event to a fact, through auparse. A line of the input is one record,
 * "TYPE FIELD=VALUE …": the head with the event's key is put in front here,
 * so that no mutation is spent on what the gate alone reads.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <string.h>

#include "assemble.h"
#include "promise.h"
#include "safe.h"

#define MAX_RECORDS 64

/*
 * libauparse loses a little memory over records with a field twice, as the
 * kernel writes none: parse_up_record() in its ellist.c.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libauparse.so\n";
}

struct heard {
	struct metrics metrics;
	struct assemble *assemble;
	size_t args_bytes;
};

/* What a sink would make of it must be one printable string. */
static void must_be_shown(const char *s)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_object *o;

	if (!s)
		return;
	safe_text(&out, s, strlen(s));
	buf_putc(&out, '\n');
	must_be_line(&out);
	buf_clear(&out);
	safe_word(&out, s, strlen(s));
	buf_putc(&out, '\n');
	must_be_line(&out);
	buf_clear(&out);
	safe_json(&out, s, strlen(s));
	buf_putc(&out, '\n');
	must_be_line(&out);
	out.data[out.len - 1] = '\0';
	o = json_tokener_parse(out.data);
	must(json_object_is_type(o, json_type_string));
	json_object_put(o);
}

static void on_fact(void *ctx, const struct fact *f)
{
	const struct heard *h = ctx;
	const char *arg = f->args;

	must_not(broken_promise(f, h->args_bytes));
	must_be_shown(f->user);
	must_be_shown(f->comm);
	must_be_shown(f->exe);
	must_be_shown(f->key);
	must_be_shown(f->cwd);
	must_be_shown(f->record);
	for (uint32_t i = 0; i < f->args_count; i++, arg += strlen(arg) + 1)
		must_be_shown(arg);
	free(fact_copy(f));
}

static void on_event(void *ctx, const struct gate_event *event)
{
	struct heard *h = ctx;

	assemble_event(h->assemble, event);
}

static void feed_record(struct gate *g, const char *line, size_t len)
{
	const char *rest = memchr(line, ' ', len);
	size_t type = rest ? (size_t)(rest - line) : len;

	gate_feed(g, "type=", 5);
	gate_feed(g, line, type);
	gate_feed(g, " msg=audit(1700000000.100:7):", 29);
	gate_feed(g, line + type, len - type);
	gate_feed(g, "\n", 1);
}

/* The first byte is how much of an exec's arguments is kept. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard h = { 0 };
	const char *line = (const char *)data + 1;
	const char *end = (const char *)data + size, *newline;
	struct gate *g;

	if (!size)
		return 0;
	h.args_bytes = data[0] & 1 ? 256 : 16 * 1024;
	h.assemble = assemble_new(&h.metrics, on_fact, &h);
	assemble_set_args_bytes(h.assemble, h.args_bytes);
	g = gate_new(&h.metrics, on_event, &h);
	for (size_t n = 0; line < end && n < MAX_RECORDS; n++) {
		newline = memchr(line, '\n', (size_t)(end - line));
		newline = newline ? newline : end;
		feed_record(g, line, (size_t)(newline - line));
		line = newline + 1;
	}
	gate_finish(g);
	gate_free(g);
	assemble_free(h.assemble);
	return 0;
}
