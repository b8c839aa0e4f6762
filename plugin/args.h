/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * args: puts together a command's arguments from the fields of its EXECVE
 * records. Owns nothing.
 */
#ifndef CONTREE_ARGS_H
#define CONTREE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * EXECVE's fields: argc=2 a0="sh" a1="-c", and for an argument over 7500
 * bytes a1_len=9000 a1[0]=… a1[1]=… over several records
 * (audit_log_execve_info() in kernel/auditsc.c).
 */
struct args {
	size_t from;		/* where they begin in the buffer */
	size_t max_bytes;	/* that are kept, with all the NULs */
	unsigned long index;	/* of the argument that was begun last */
	unsigned long piece;	/* the last piece of it */
	uint32_t count;
	bool full;		/* no more are taken */
};

/*
 * A field of an EXECVE record, in the records' order. The argument goes to
 * the end of to, with its NUL; nothing else may be put there in between.
 */
void args_add(struct args *args, struct buf *to, const char *name,
	      const char *raw);

#endif
