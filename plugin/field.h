/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field: what a record's field says, from its value as the kernel prints
 * it. Pure functions over untrusted C strings: what is out of range, cut
 * off or no value at all becomes "not known", never something else.
 */
#ifndef CONTREE_FIELD_H
#define CONTREE_FIELD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

#define MAX_PID (1 << 22)	/* PID_MAX_LIMIT, include/linux/threads.h */

/* Decimal, not negative, an int; -1 if it is not. */
int field_int(const char *raw);

/* Hexadecimal: arguments of system calls, arch. */
uint64_t field_hex(const char *raw);

/* uid, gid, auid or ses; ID_UNSET where unset. */
uint32_t field_id(const char *raw);

/* 0 if it is no pid: more than MAX_PID, too. */
pid_t field_pid(const char *raw);

/*
 * Appends an untrusted string's bytes, without NUL: it comes in quotes or,
 * if it has a quote, a space or a control character, as hex
 * (audit_log_untrustedstring() in kernel/audit.c). "(null)" and what was
 * cut off are empty; a NUL ends it. Never more bytes than raw has.
 */
void field_string(struct buf *out, const char *raw);

/*
 * A string in quotes of which the end is missing: audit 4.2.0 and 4.2.1 cut
 * 16 bytes off each record of log_format=RAW. What is left of a path names
 * another file.
 */
bool field_is_torn(const char *raw);

#endif
