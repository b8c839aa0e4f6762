/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err: what went wrong, in words, handed upwards as a function's last
 * argument. A function that fails fills it and returns -1 (or NULL); it
 * never prints. Each layer may wrap it once, naming what it was doing.
 * Owns its text; a plain value that can live on the stack.
 */
#ifndef CONTREE_ERR_H
#define CONTREE_ERR_H

struct err {
	int code;		/* an errno value, or 0 where there is none */
	char text[512];		/* one line, printable, never empty on failure */
};

/*
 * Sets code and text; code's strerror() is appended when code is not 0.
 * Always returns -1, so that "return err_set(...)" reads well. A NULL err
 * is allowed: the caller does not want to know.
 */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "what: " before the text that is there. Always returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
