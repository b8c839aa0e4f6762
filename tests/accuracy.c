/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accuracy [--oracle] [CAPTURE…]: replays recorded audit logs and holds
 * what contree says against what the kernel saw. Prints a table, then each
 * difference in words; exits with 1 if there is any. Without a CAPTURE it
 * takes every directory in $srcdir/tests/captures that has an audit.log.
 * $CONTREE is the program, ./contree by default.
 *
 * --oracle prints instead what would be said without fault, --oracle=all what
 * would be said by one who knows everything: see oracle.h.
 *
 * accuracy --live=audible|all DIR…: the same of recordings of the scoreboard's,
 * where the plugin has written contree.json meanwhile. "all" demands what the
 * kernel saw, "audible" what audit lets anyone hear of it.
 */
#define _GNU_SOURCE /* open_memstream, asprintf */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "judge.h"
#include "logread.h"
#include "oracle.h"
#include "said.h"
#include "truth.h"

struct capture {
	struct log log;
	struct truth truth;
	char *log_path;
};

struct row {
	const char *capture;
	struct score score;
};

static int capture_open(struct capture *c, const char *dir, struct err *err)
{
	if (asprintf(&c->log_path, "%s/audit.log", dir) < 0)
		abort();
	if (log_read(&c->log, c->log_path, err))
		return -1;
	if (truth_read(&c->truth, dir, err))
		return -1;
	if (truth_hear(&c->truth, &c->log, err))
		return err_wrap(err, "%s", c->log_path);
	return 0;
}

static void capture_close(struct capture *c)
{
	truth_free(&c->truth);
	log_free(&c->log);
	free(c->log_path);
}

#define _cleanup_capture_ _cleanup_(capture_close)

static const char *name_of(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

static int print_oracle(const char *dir, bool all, struct err *err)
{
	_cleanup_capture_ struct capture c = { 0 };

	if (capture_open(&c, dir, err))
		return -1;
	oracle_print(&c.truth, all, stdout);
	return 0;
}

static int hear_plugin(struct said *said, const char *dir, struct err *err)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/contree.json", dir) < 0)
		abort();
	return said_read_log(said, path, err);
}

static int hear_replay(struct said *said, const char *log, struct err *err)
{
	const char *program = getenv("CONTREE");

	return said_read(said, program ? program : "./contree", log, err);
}

static int run(struct row *row, const char *dir, enum demand demand, FILE *out,
	       struct err *err)
{
	_cleanup_capture_ struct capture c = { 0 };
	struct said said;

	row->capture = name_of(dir);
	if (capture_open(&c, dir, err))
		return -1;
	if (demand == DEMAND_REPLAY ? hear_replay(&said, c.log_path, err) :
				      hear_plugin(&said, dir, err))
		return -1;
	judge(&row->score, row->capture, &c.truth, &said, demand, out);
	said_free(&said);
	return 0;
}

static void add(struct cell *to, const struct cell *c)
{
	to->good += c->good;
	to->all += c->all;
}

static void add_score(struct score *to, const struct score *s)
{
	to->born += s->born;
	to->audible += s->audible;
#define X(name, help) add(&to->name, &s->name);
	SCORES(X)
#undef X
	add(&to->right_ends, &s->right_ends);
	add(&to->silent, &s->silent);
	to->vpid_right += s->vpid_right;
	to->vpid_known += s->vpid_known;
	to->false_lines += s->false_lines;
	to->complaints += s->complaints;
}

static void print_cell(struct cell c, int width)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%zu/%zu", c.good, c.all);
	printf(" %*s", width, buf);
}

static void print_percent(struct cell c, int width)
{
	if (c.all)
		printf(" %*.1f %%", width - 2,
		       100.0 * (double)c.good / (double)c.all);
	else
		printf(" %*s", width, "-");
}

static void print_row(const char *name, const struct score *s)
{
	char vpid[96];

	snprintf(vpid, sizeof(vpid), "%zu/%zu/%zu", s->vpid_right,
		 s->vpid_known, s->audible);
	printf("%-9s %5zu %7zu", name, s->born, s->audible);
#define X(name, help) print_cell(s->name, 9);
	SCORES(X)
#undef X
	print_cell(s->silent, 9);
	printf(" %14s %5zu\n", vpid, s->false_lines);
}

static void print_table(const struct row *rows, size_t count)
{
	struct score sum = { 0 };
	size_t i;

	printf("%-9s %5s %7s", "capture", "born", "audible");
#define X(name, help) printf(" %9s", #name);
	SCORES(X)
#undef X
	printf(" %9s %14s %5s\n", "silent", "vpid", "false");
	for (i = 0; i < count; i++) {
		print_row(rows[i].capture, &rows[i].score);
		add_score(&sum, &rows[i].score);
	}
	print_row("all", &sum);
	printf("%-9s %5s %7s", "", "", "");
#define X(name, help) print_percent(sum.name, 9);
	SCORES(X)
#undef X
	print_percent((struct cell){ 0, 0 }, 9);
	printf("\n\n");
#define X(name, help) printf("%-10s%s\n", #name, help);
	SCORES(X)
#undef X
	printf("silent    processes nobody heard: a fork line without a pid\n"
	       "vpid      right/known/all of the audible processes\n"
	       "false     lines about what is not, or is not there\n");
}

static void print_live_row(const char *name, const struct score *s)
{
	printf("%-10s %9zu", name, s->found.all);
#define X(name, help) print_cell(s->name, 11);
	LIVE_SCORES(X)
#undef X
	printf(" %5zu\n", s->false_lines);
}

static void print_live_table(const struct row *rows, size_t count)
{
	struct score sum = { 0 };
	size_t i;

	printf("%-10s %9s", "scenario", "processes");
#define X(name, help) printf(" %11s", #name);
	LIVE_SCORES(X)
#undef X
	printf(" %5s\n", "false");
	for (i = 0; i < count; i++) {
		print_live_row(rows[i].capture, &rows[i].score);
		add_score(&sum, &rows[i].score);
	}
	print_live_row("all", &sum);
	printf("%-10s %9s", "", "");
#define X(name, help) print_percent(sum.name, 11);
	LIVE_SCORES(X)
#undef X
	printf("\n\n");
#define X(name, help) printf("%-11s%s\n", #name, help);
	LIVE_SCORES(X)
#undef X
	printf("false      lines about what is not, or is not there\n");
}

static int judge_all(char **dirs, size_t count, enum demand demand)
{
	struct row *rows = calloc(count + 1, sizeof(*rows));
	_cleanup_free_ char *words = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&words, &size);
	struct err err;
	int ret = 0;

	if (!rows || !out)
		abort();
	for (i = 0; i < count; i++) {
		rows[i].capture = name_of(dirs[i]);
		if (run(&rows[i], dirs[i], demand, out, &err)) {
			fprintf(out, "%s: %s\n", rows[i].capture, err.text);
			ret = 1;
		}
		ret |= rows[i].score.complaints > 0;
	}
	fclose(out);
	if (demand == DEMAND_REPLAY)
		print_table(rows, count);
	else
		print_live_table(rows, count);
	printf("\n%s", *words ? words : "no difference\n");
	free(rows);
	return ret;
}

/* Every capture there is. The caller frees the glob. */
static int find_all(glob_t *found)
{
	const char *srcdir = getenv("srcdir");
	_cleanup_free_ char *pattern = NULL;
	size_t i;

	if (asprintf(&pattern, "%s/tests/captures/*/audit.log",
		     srcdir ? srcdir : ".") < 0)
		abort();
	if (glob(pattern, 0, NULL, found)) {
		fprintf(stderr, "accuracy: no %s\n", pattern);
		return -1;
	}
	for (i = 0; i < found->gl_pathc; i++)
		*strrchr(found->gl_pathv[i], '/') = '\0';
	return 0;
}

static enum demand demand_of(const char *option)
{
	if (option && !strcmp(option, "--live=all"))
		return DEMAND_ALL;
	if (option && !strcmp(option, "--live=audible"))
		return DEMAND_AUDIBLE;
	return DEMAND_REPLAY;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--oracle=all");
	bool oracle = all || (argc > 1 && !strcmp(argv[1], "--oracle"));
	enum demand demand = demand_of(argv[1]);
	char **dirs = argv + 1 + (oracle || demand != DEMAND_REPLAY);
	size_t count = 0, i;
	glob_t found = { 0 };
	struct err err;
	int ret = 0;

	while (argc > 1 && dirs[count])
		count++;
	if (!count) {
		if (find_all(&found))
			return 1;
		dirs = found.gl_pathv;
		count = found.gl_pathc;
	}
	for (i = 0; oracle && i < count && !ret; i++) {
		ret = print_oracle(dirs[i], all, &err) ? 1 : 0;
		if (ret)
			fprintf(stderr, "accuracy: %s\n", err.text);
	}
	if (!oracle)
		ret = judge_all(dirs, count, demand);
	globfree(&found);
	return ret;
}
