/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate: a long audit log out of short recordings, on stdout. The same
 * arguments give the same bytes.
 *
 * Some recordings of container work play at a time, one after the other in
 * each lane, by the recordings' own pace; and between their lines the host's
 * own work goes on. Serials are in order and without a gap.
 *
 * On stderr, at the end: how often each recording was played.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alive.h"
#include "play.h"

#define LANES 8
#define MAX_TEMPLATES 32

struct options {
	uint64_t records;	/* no play begins after so many */
	unsigned int host;	/* of a hundred records, the host's own */
	const char *host_dir;
	struct alive_options alive;
	bool keep;		/* who is to stay alive does so to the end */
};

struct world {
	struct stage stage;
	struct options options;
	size_t n_templates;
	struct template templates[MAX_TEMPLATES], host;
	uint32_t played[MAX_TEMPLATES];
	struct play lanes[LANES], host_play;
	size_t turn[LANES];	/* which template is next there */
	uint64_t host_records;
};

static const char usage[] =
	"usage: generate [OPTION...] RECORDING...\n"
	"  -n RECORDS     about so many of recordings and host; 1000000\n"
	"  -H PERCENT     of these, the host's own; 25\n"
	"  -h RECORDING   the host's own\n"
	"  -a PROCESSES   that stay alive meanwhile; 0\n"
	"  -c CONTAINERS  they are in; 1\n"
	"  -A RECORDING   of the container they are made like\n"
	"  -k             they are alive at the end, too\n"
	"  -w SECONDS     pauses after the first of these containers and after\n"
	"                 all of them; where is told on stderr\n"
	"  -N NODE        node= in front of each line but auditd's own\n";

static void begin_lane(struct world *w, size_t lane)
{
	size_t which = w->turn[lane]++ % w->n_templates;

	play_begin(&w->lanes[lane], &w->stage, &w->templates[which]);
	w->played[which]++;
}

static bool wants_more(const struct world *w, uint64_t before)
{
	return w->stage.records - before < w->options.records;
}

/* The lane with the line that is due first, or LANES. */
static size_t next_lane(const struct world *w)
{
	size_t best = LANES;

	for (size_t i = 0; i < LANES; i++)
		if (w->lanes[i].t &&
		    (best == LANES ||
		     play_due_ms(&w->lanes[i]) < play_due_ms(&w->lanes[best])))
			best = i;
	return best;
}

/* The host's own, as much as is due. */
static void play_host(struct world *w, uint64_t before)
{
	struct play *p = &w->host_play;

	while (w->host.n_lines &&
	       w->host_records * 100 <
		       (w->stage.records - before) * w->options.host) {
		if (!p->t)
			play_begin(p, &w->stage, &w->host);
		play_line(p, &w->stage, false);
		w->host_records++;
		if (play_is_over(p))
			play_end(p);
	}
}

static void play_lanes(struct world *w)
{
	uint64_t before = w->stage.records;
	size_t lane;

	for (lane = 0; lane < LANES && w->options.records; lane++) {
		w->turn[lane] = lane;
		begin_lane(w, lane);
	}
	while ((lane = next_lane(w)) < LANES) {
		struct play *p = &w->lanes[lane];

		play_line(p, &w->stage, true);
		if (play_is_over(p)) {
			play_end(p);
			if (wants_more(w, before))
				begin_lane(w, lane);
		}
		play_host(w, before);
	}
	/* whoever of the host has begun ends, too */
	while (w->host_play.t) {
		play_line(&w->host_play, &w->stage, false);
		if (play_is_over(&w->host_play))
			play_end(&w->host_play);
	}
}

static void parse(struct world *w, int argc, char **argv)
{
	struct options *o = &w->options;
	const char *like = NULL;
	int c;

	*o = (struct options){ .records = 1000000, .host = 25 };
	o->alive.containers = 1;
	while ((c = getopt(argc, argv, "n:H:h:a:c:A:kN:w:")) != -1)
		switch (c) {
		case 'n':
			o->records = strtoull(optarg, NULL, 10);
			break;
		case 'H':
			o->host = (unsigned int)atoi(optarg);
			break;
		case 'h':
			o->host_dir = optarg;
			break;
		case 'a':
			o->alive.processes = (uint32_t)atoi(optarg);
			break;
		case 'c':
			o->alive.containers = (uint32_t)atoi(optarg);
			break;
		case 'A':
			like = optarg;
			break;
		case 'k':
			o->keep = true;
			break;
		case 'w':
			o->alive.pause_ms = strtoull(optarg, NULL, 10) * 1000;
			break;
		case 'N':
			w->stage.node = optarg;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	if (optind == argc || argc - optind > MAX_TEMPLATES || o->host > 99 ||
	    (o->alive.processes && (!like || !o->alive.containers))) {
		fputs(usage, stderr);
		exit(2);
	}
	for (; optind < argc; optind++)
		template_read(&w->templates[w->n_templates++], argv[optind]);
	if (o->host_dir)
		template_read(&w->host, o->host_dir);
	if (like)
		template_read(&o->alive.like, like);
}

static void report(const struct world *w)
{
	for (size_t i = 0; i < w->n_templates; i++)
		fprintf(stderr, "%s %" PRIu32 "\n", w->templates[i].name,
			w->played[i]);
}

int main(int argc, char **argv)
{
	static struct world w;
	struct alive *alive;

	stage_init(&w.stage);
	parse(&w, argc, argv);
	alive = alive_rise(&w.options.alive, &w.stage);
	play_lanes(&w);
	if (!w.options.keep)
		alive_fall(alive, &w.stage);
	stage_flush(&w.stage);
	report(&w);
	alive_free(alive);
	for (size_t i = 0; i < w.n_templates; i++)
		template_free(&w.templates[i]);
	template_free(&w.host);
	template_free(&w.options.alive.like);
	return EXIT_SUCCESS;
}
