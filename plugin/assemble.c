/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "assemble.h"

#include <auparse.h>
#include <stdlib.h>

struct assemble {
	auparse_state_t *au;
	struct extract *extract;
	struct metrics *metrics;
	assemble_fn *fact;
	void *ctx;
	const struct gate_event *event;	/* while it goes through auparse */
};

static void on_event(auparse_state_t *au, auparse_cb_event_t what, void *data)
{
	struct assemble *a = data;
	struct fact fact;

	if (what != AUPARSE_CB_EVENT_READY)
		return;
	switch (extract_fact(a->extract, au, a->event, &fact)) {
	case EXTRACT_FACT:
		a->metrics->facts++;
		a->fact(a->ctx, &fact);
		break;
	case EXTRACT_NOTHING:
		break;
	case EXTRACT_BAD:
		a->metrics->events_bad++;
		break;
	}
}

struct assemble *assemble_new(struct metrics *metrics, assemble_fn *fact,
			      void *ctx)
{
	struct assemble *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->au = auparse_init(AUSOURCE_FEED, NULL);
	if (!a->au)
		abort();
	/* auparse_init() resets it; nothing may come out by age alone. */
	auparse_set_eoe_timeout(3600);
	auparse_add_callback(a->au, on_event, a, NULL);
	a->extract = extract_new(metrics);
	a->metrics = metrics;
	a->fact = fact;
	a->ctx = ctx;
	return a;
}

void assemble_free(struct assemble *a)
{
	if (!a)
		return;
	auparse_destroy(a->au);
	extract_free(a->extract);
	free(a);
}

void assemble_set_args_bytes(struct assemble *a, size_t bytes)
{
	extract_set_args_bytes(a->extract, bytes);
}

void assemble_event(struct assemble *a, const struct gate_event *event)
{
	a->event = event;
	/*
	 * Feed delivers an event only with the next call, and one without
	 * EOE not at all; flushing ends what is open and delivers it now.
	 */
	if (auparse_feed(a->au, event->data, event->len) < 0 ||
	    auparse_flush_feed(a->au) < 0)
		a->metrics->events_bad++;
	a->event = NULL;
}
