/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gaps.h"

#include <string.h>

/* As the tree: a stamp from so long ago may be a clock that was set back. */
#define BACK_MS 60000

static uint64_t *word_of(struct gaps *g, uint64_t serial, uint64_t *bit)
{
	*bit = UINT64_C(1) << serial % 64;
	return &g->seen[serial % GAPS_WINDOW / 64];
}

/* Moves the window on by one serial. */
static void pass(struct gaps *g)
{
	uint64_t bit, *word = word_of(g, g->next, &bit);

	if (*word & bit)
		*word &= ~bit;
	else if (!g->missing++)
		g->hole = g->next;
	g->next++;
}

/*
 * Moves the window on to a serial. Beyond the window nothing was seen: that
 * is not walked, or a sender of far serials would cost a million steps each.
 */
static void pass_to(struct gaps *g, uint64_t serial)
{
	for (unsigned int i = 0; i < GAPS_WINDOW && g->next < serial; i++)
		pass(g);
	if (g->next < serial) {
		g->missing += serial - g->next;
		g->next = serial;
	}
}

/*
 * Whether the kernel was booted anew. One serial far behind is no proof: a
 * system call that blocks for minutes has had its serial since its first
 * record (an AVC). But two that follow each other are.
 */
static bool is_reboot(struct gaps *g, uint64_t serial)
{
	uint64_t old = g->old;

	g->old = serial + 16 * GAPS_WINDOW < g->next ? serial : 0;
	return old && serial > old && serial - old < GAPS_WINDOW && g->old;
}

void gaps_see(struct gaps *g, uint64_t serial)
{
	uint64_t bit, *word;

	/* The first, or a jump that no loss explains: a fresh beginning. */
	if (!g->next || is_reboot(g, serial) || serial > g->next + 1000000) {
		memset(g->seen, 0, sizeof(g->seen));
		memset(g->marks, 0, sizeof(g->marks));
		g->next = g->top = serial;
	}
	if (serial > g->top)
		g->top = serial;
	if (serial < g->next)
		return;
	if (serial >= g->next + GAPS_WINDOW)
		pass_to(g, serial - GAPS_WINDOW + 1);
	word = word_of(g, serial, &bit);
	*word |= bit;
	/* What came without a hole need not stay in the window. */
	for (word = word_of(g, g->next, &bit); *word & bit;
	     word = word_of(g, g->next, &bit))
		pass(g);
}

bool gaps_pass(struct gaps *g, uint64_t time_ms)
{
	if (time_ms + BACK_MS < g->step_ms)
		g->step_ms = time_ms;
	if (time_ms < g->step_ms + GAPS_STEP_MS)
		return false;
	if (g->next)
		pass_to(g, g->marks[1] + 1);
	g->marks[1] = g->marks[0];
	g->marks[0] = g->top;
	g->step_ms = time_ms;
	return true;
}

void gaps_expect(struct gaps *g, uint64_t serial)
{
	g->top = serial;
	g->next = serial + 1;
}

uint64_t gaps_done(const struct gaps *g)
{
	uint64_t open = g->missing ? g->hole : g->next;

	return open ? open - 1 : 0;
}

void gaps_close(struct gaps *g)
{
	if (g->next)
		pass_to(g, g->top + 1);
}

uint64_t gaps_take(struct gaps *g)
{
	uint64_t n = g->missing;

	g->missing = 0;
	return n;
}
