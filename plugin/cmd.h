/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd: the verbs of the command "contree". Each is one file, cmd_VERB.c,
 * with one row in the table of contree.c.
 */
#ifndef CONTREE_CMD_H
#define CONTREE_CMD_H

struct cmd {
	const char *name;
	const char *args;	/* for the usage line */
	const char *help;	/* one line */
	/* argv[0] is the verb. Returns the exit status: 0, 1, or 2 for usage. */
	int (*run)(int argc, char **argv);
};

extern const struct cmd cmd_replay;

#endif
