/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls.h"

#include <libaudit.h>

static const char *const call_names[N_CALLS] = {
	[CALL_FORK] = "fork",
	[CALL_VFORK] = "vfork",
	[CALL_CLONE] = "clone",
	[CALL_CLONE3] = "clone3",
	[CALL_EXECVE] = "execve",
	[CALL_EXECVEAT] = "execveat",
	[CALL_EXIT_GROUP] = "exit_group",
};

const struct arch *calls_arch(struct calls *calls, unsigned int elf)
{
	struct arch *a;

	for (size_t i = 0; i < calls->n_arches; i++)
		if (calls->arches[i].elf == elf)
			return &calls->arches[i];
	/* A stream of made-up arches costs look-ups, not memory. */
	a = &calls->arches[calls->n_arches < MAX_ARCHES ? calls->n_arches++ :
							  MAX_ARCHES - 1];
	a->elf = elf;
	a->machine = audit_elf_to_machine(elf);
	for (int i = 0; i < N_CALLS; i++)
		a->numbers[i] = a->machine < 0 ?
					-1 :
					audit_name_to_syscall(call_names[i],
							      a->machine);
	return a;
}

enum call arch_call(const struct arch *a, int nr)
{
	for (int i = 0; i < N_CALLS; i++)
		if (a->numbers[i] == nr && nr >= 0)
			return (enum call)i;
	return CALL_OTHER;
}
