/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate_key.h"

#include <string.h>

static bool skip(const char **at, const char *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *at) < len || memcmp(*at, word, len))
		return false;
	*at += len;
	return true;
}

/* At least one digit, at most 19, so that it fits. */
static bool number(const char **at, const char *end, uint64_t *n)
{
	const char *from = *at, *to = from;
	uint64_t sum = 0;

	if (end - from > 19)
		end = from + 19;
	for (; to < end && *to >= '0' && *to <= '9'; to++)
		sum = sum * 10 + (uint64_t)(*to - '0');
	*n = sum;
	*at = to;
	return to > from;
}

/*
 * Not beyond a NUL, with which it would be another word as a string, nor the
 * byte that begins what ENRICHED adds.
 */
static size_t word(const char **at, const char *end)
{
	const char *from = *at, *to = from;

	while (to < end && *to && *to != ' ' && *to != '\x1d')
		to++;
	*at = to;
	return (size_t)(to - from);
}

/* SEC.MSEC:SERIAL): */
static bool read_stamp(const char **at, const char *end, struct gate_key *k)
{
	uint64_t sec, msec;

	if (!number(at, end, &sec) || !skip(at, end, ".") ||
	    !number(at, end, &msec) || !skip(at, end, ":") ||
	    !number(at, end, &k->serial) || !skip(at, end, "):"))
		return false;
	if (sec > UINT64_MAX / 2000 || msec > 999)
		return false;
	k->time_ms = sec * 1000 + msec;
	return true;
}

/* An event's records have the same stamp, and mostly follow each other. */
static bool is_last_stamp(const struct gate_last *last, const char *at,
			  const char *end, struct gate_key *k)
{
	if (!last->stamp_len || (size_t)(end - at) < last->stamp_len ||
	    memcmp(at, last->stamp, last->stamp_len))
		return false;
	k->time_ms = last->time_ms;
	k->serial = last->serial;
	return true;
}

static void keep_stamp(struct gate_last *last, const char *stamp, size_t len,
		       const struct gate_key *k)
{
	last->stamp_len = len <= GATE_MAX_STAMP ? len : 0;
	memcpy(last->stamp, stamp, last->stamp_len);
	last->time_ms = k->time_ms;
	last->serial = k->serial;
}

/* Whether it is the node of the line before, too. */
static bool is_last_node(struct gate_last *last, const struct gate_key *k)
{
	if (last->node_len == k->node_len &&
	    !memcmp(last->node, k->node, k->node_len))
		return true;
	last->node_len = k->node_len;
	memcpy(last->node, k->node, k->node_len);
	return false;
}

bool gate_read_key(struct gate_last *last, const char *line, size_t len,
		   struct gate_key *k, bool *again)
{
	const char *at = line, *stamp;
	const char *end = line + len;

	k->node = "";
	k->node_len = 0;
	if (skip(&at, end, "node=")) {
		k->node = at;
		k->node_len = word(&at, end);
		/* auparse takes an empty name for another than none. */
		if (!k->node_len || k->node_len >= GATE_MAX_NODE ||
		    !skip(&at, end, " "))
			return false;
	}
	if (!skip(&at, end, "type="))
		return false;
	k->type = at;
	k->type_len = word(&at, end);
	if (!skip(&at, end, " msg=audit("))
		return false;
	*again = is_last_stamp(last, at, end, k);
	stamp = at;
	if (!*again) {
		if (!read_stamp(&at, end, k))
			return false;
		keep_stamp(last, stamp, (size_t)(at - stamp), k);
	}
	*again = is_last_node(last, k) && *again;
	return true;
}
