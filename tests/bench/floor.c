/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor: what anything that uses auparse costs at least. Feeds what comes on
 * stdin to auparse, and lets it hand back each event to somebody who does
 * nothing with it.
 */
#include <auparse.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void ignore(auparse_state_t *au, auparse_cb_event_t event, void *ctx)
{
	(void)au;
	(void)event;
	(void)ctx;
}

int main(void)
{
	static char chunk[64 << 10];
	auparse_state_t *au = auparse_init(AUSOURCE_FEED, NULL);
	ssize_t n;

	if (!au) {
		perror("floor: auparse_init");
		return EXIT_FAILURE;
	}
	auparse_add_callback(au, ignore, NULL, NULL);
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		auparse_feed(au, chunk, (size_t)n);
	auparse_flush_feed(au);
	auparse_destroy(au);
	return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
