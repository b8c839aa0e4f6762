/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "promise.h"

static const char *broken_args(const struct fact *f, size_t args_bytes)
{
	uint32_t ends = 0;

	for (size_t i = 0; i < f->args_bytes; i++)
		ends += !f->args[i];
	if (ends != f->args_count)
		return "as many arguments as it says are not there";
	if (f->args_bytes && f->args[f->args_bytes - 1])
		return "the last argument has no end";
	if (args_bytes && f->args_bytes > args_bytes)
		return "there are more bytes of arguments than are kept";
	if (f->argc < f->args_count)
		return "there are more arguments than were announced";
	return NULL;
}

const char *broken_promise(const struct fact *f, size_t args_bytes)
{
	if (f->source != SOURCE_AUDIT || !f->node || f->pid <= 0)
		return "it is nobody's, or no record's";
	if (f->kind == FACT_EXIT && (f->code < 0 || f->code > 255))
		return "its status is none";
	if (f->kind == FACT_ABEND && (f->code < 1 || f->code > 64))
		return "its signal is none";
	if (f->kind == FACT_FORK && f->child <= 0)
		return "its child is nobody";
	if (f->kind == FACT_SEEN && !f->record)
		return "its record has no name";
	return broken_args(f, args_bytes);
}
