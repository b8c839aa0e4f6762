/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crowd_log: a crowd's life as audit records, as auditd hands them to its
 * plugins. "rise" is all births, "fall" all ends; the second takes the time
 * at which the first ended, which it says on stderr. So many events a second
 * are written, or all at once if that is 0.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"

struct pace {
	unsigned int events;	/* a second; 0: as fast as can be */
	unsigned int n;
	struct buf out;
};

static void put_event(void *ctx, const struct fact *f)
{
	struct pace *pace = ctx;

	buf_clear(&pace->out);
	crowd_records(&pace->out, f);
	fwrite(pace->out.data, 1, pace->out.len, stdout);
	if (pace->events && ++pace->n % (pace->events / 100 + 1) == 0) {
		fflush(stdout);
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	struct crowd c = {
		.node = "",
		.time_ms = UINT64_C(1700000000000),
		.containers = 1000,
		.members = 100,
		.executing = 50,
	};
	struct pace pace = { .events = 8000 };
	uint64_t end_ms;

	if (argc < 2 || argc > 7) {
		fputs("usage: crowd_log rise|fall [MS [CONTAINERS [MEMBERS"
		      " [EXECUTING [EVENTS]]]]]\n",
		      stderr);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		c.time_ms = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		c.containers = (unsigned int)atoi(argv[3]);
	if (argc > 4)
		c.members = (unsigned int)atoi(argv[4]);
	if (argc > 5)
		c.executing = (unsigned int)atoi(argv[5]);
	if (argc > 6)
		pace.events = (unsigned int)atoi(argv[6]);
	if (!strcmp(argv[1], "rise"))
		end_ms = crowd_rise(&c, put_event, &pace);
	else
		end_ms = crowd_fall(&c, c.time_ms, put_event, &pace);
	fflush(stdout);
	buf_free(&pace.out);
	fprintf(stderr, "%" PRIu64 "\n", end_ms);
	return EXIT_SUCCESS;
}
