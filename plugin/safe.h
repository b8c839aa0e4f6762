/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safe: the one place where untrusted bytes become printable. Whatever
 * comes from a record, from /proc or from a bundle goes through here
 * before it reaches a log, a terminal or syslog.
 *
 * Hidden, below, is what can drive a terminal, end a line, or can't be
 * seen: control characters (C0, DEL, C1), the Unicode line and paragraph
 * separators, bidi controls, and whatever Unicode has as default ignorable
 * (DerivedCoreProperties.txt): zero-width characters, fillers, variation
 * selectors, tags.
 */
#ifndef CONTREE_SAFE_H
#define CONTREE_SAFE_H

#include <stdbool.h>

#include "buf.h"

/*
 * As a JSON string, with its quotes. Valid UTF-8 stays, what is hidden
 * becomes \u escapes; a byte that is not part of valid UTF-8 becomes U+FFFD.
 */
void safe_json(struct buf *out, const char *s, size_t len);

/*
 * As text for a terminal, one line, no quotes around: what is hidden
 * becomes \n, \r, \t, \e, \xNN (below U+0080) or \u{NNNN}, a byte that is
 * not part of valid UTF-8 \xNN, and a backslash is doubled, so that the
 * original can be told.
 */
void safe_text(struct buf *out, const char *s, size_t len);

/*
 * As one word of a command line that a shell would read back: bare where
 * it can be, in '…' otherwise, and in $'…' where there are bytes that
 * safe_text would escape (other than a backslash). Whatever is not a plain
 * ASCII word is quoted: an unquoted #, <, ( or … in a line is ours.
 */
void safe_word(struct buf *out, const char *s, size_t len);

/*
 * The same, where each character must take one column: what is not ASCII is
 * escaped like what is hidden.
 */
void safe_label(struct buf *out, const char *s, size_t len);

/*
 * What the functions above made, for a place that can show only ASCII:
 * other characters become \u{NNNN}.
 */
void safe_ascii(struct buf *out, const char *s, size_t len);

/* Whether all of s is valid UTF-8: two such strings stay two in JSON. */
bool safe_is_utf8(const char *s, size_t len);

/*
 * The most bytes of s, at most max, that don't split a character.
 */
size_t safe_cut(const char *s, size_t len, size_t max);

#endif
