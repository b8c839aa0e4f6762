/* SPDX-License-Identifier: GPL-2.0-or-later */
/* contree: the command for people. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct cmd *const cmds[] = {
	&cmd_replay,
};

#define N_CMDS (sizeof(cmds) / sizeof(cmds[0]))

static void usage(FILE *to)
{
	fprintf(to, "usage: contree VERB [OPTIONS] [ARGUMENTS]\n"
		    "       contree --help | --version\n\n");
	for (size_t i = 0; i < N_CMDS; i++)
		fprintf(to, "  %s %s\n      %s\n", cmds[i]->name, cmds[i]->args,
			cmds[i]->help);
	fprintf(to, "\nSee contree(1).\n");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "--help") || !strcmp(verb, "-h")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(verb, "--version") || !strcmp(verb, "-V")) {
		printf("contree %s\n", PACKAGE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < N_CMDS; i++)
		if (!strcmp(verb, cmds[i]->name))
			return cmds[i]->run(argc - 1, argv + 1);
	if (*verb)
		fprintf(stderr, "contree: there is no verb \"%s\"\n\n", verb);
	usage(stderr);
	return 2;
}
