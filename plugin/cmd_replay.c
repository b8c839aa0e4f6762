/* SPDX-License-Identifier: GPL-2.0-or-later */
/* contree replay: what the plugin would have said of a recorded log. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "draw.h"
#include "pipeline.h"
#include "sinks.h"

#define DEFAULT_READ_SIZE 65536

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_TREE,
};

static const char *const formats[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_TREE] = "tree",
};

struct replay {
	enum format format;
	bool colour;
	bool gaps;
	bool counters;
	bool help;
	size_t read_size;
	int root_fd;
	struct buf line;
	struct draw *draw;
};

static void on_change(void *ctx, const struct change *c)
{
	struct replay *r = ctx;

	if (r->format == FORMAT_TREE) {
		draw_change(r->draw, c);
		return;
	}
	buf_clear(&r->line);
	if (r->format == FORMAT_JSON)
		render_json(&r->line, c);
	else
		render_text(&r->line, c, r->colour);
	fwrite(r->line.data, 1, r->line.len, stdout);
}

static void usage(FILE *to)
{
	fprintf(to, "usage: contree %s %s\n", cmd_replay.name, cmd_replay.args);
}

static int parse_format(struct replay *r, const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(name, formats[i])) {
			r->format = (enum format)i;
			return 0;
		}
	}
	fprintf(stderr,
		"contree replay: there is no format \"%s\": text, json or tree is wanted\n",
		name);
	return -1;
}

static int parse_colour(struct replay *r, const char *when)
{
	if (!strcmp(when, "auto"))
		return 0;
	if (strcmp(when, "always") && strcmp(when, "never")) {
		fprintf(stderr,
			"contree replay: --colour takes auto, always or never\n");
		return -1;
	}
	r->colour = !strcmp(when, "always");
	return 0;
}

static int parse_read_size(struct replay *r, const char *arg)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*end || !n || n > 1 << 30) {
		fprintf(stderr,
			"contree replay: --read-size takes a number of bytes\n");
		return -1;
	}
	r->read_size = n;
	return 0;
}

static int parse_root(struct replay *r, const char *path)
{
	r->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->root_fd >= 0)
		return 0;
	fprintf(stderr, "contree replay: --root %s: %s\n", path,
		strerror(errno));
	return -1;
}

static int parse_options(struct replay *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "colour", required_argument, NULL, 'c' },
		{ "color", required_argument, NULL, 'c' },
		{ "gaps", no_argument, NULL, 'g' },
		{ "counters", no_argument, NULL, 'n' },
		{ "read-size", required_argument, NULL, 'r' },
		{ "root", required_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, ret = 0;

	while (!ret &&
	       (option = getopt_long(argc, argv, "f:h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			ret = parse_format(r, optarg);
			break;
		case 'c':
			ret = parse_colour(r, optarg);
			break;
		case 'g':
			r->gaps = true;
			break;
		case 'n':
			r->counters = true;
			break;
		case 'r':
			ret = parse_read_size(r, optarg);
			break;
		case 'R':
			ret = parse_root(r, optarg);
			break;
		case 'h':
			r->help = true;
			return 0;
		default:
			ret = -1;
		}
	}
	return ret;
}

static int replay_fd(struct pipeline *p, int fd, const char *name, size_t size)
{
	_cleanup_free_ char *data = malloc(size);
	ssize_t n;

	if (!data)
		abort();
	while ((n = read(fd, data, size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "contree replay: %s: %s\n", name,
				strerror(errno));
			return -1;
		}
		pipeline_feed(p, data, (size_t)n);
	}
	return 0;
}

static int replay_file(struct pipeline *p, const char *name, size_t size)
{
	_cleanup_close_ int fd = -1;

	if (!strcmp(name, "-"))
		return replay_fd(p, STDIN_FILENO, "stdin", size);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "contree replay: %s: %s\n", name,
			strerror(errno));
		return -1;
	}
	return replay_fd(p, fd, name, size);
}

/* Silence would read as "nothing happened". */
static int complain(const struct metrics *m)
{
	if (!m->lines || m->lines_bad < m->lines)
		return 0;
	fprintf(stderr,
		"contree replay: there is no audit record in it; what is compressed is to be read with zcat or the like\n");
	return -1;
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

static void print_counters(const struct metrics *m)
{
#define X(name, help) \
	if (m->name)  \
		fprintf(stderr, "%10llu  %s\n", (unsigned long long)m->name, \
			help);
	METRICS(X)
#undef X
}

static int run_replay(int argc, char **argv)
{
	struct pipeline_options options = pipeline_defaults;
	struct replay r = {
		.read_size = DEFAULT_READ_SIZE,
		.root_fd = -1,
		.colour = isatty(STDOUT_FILENO),
	};
	struct pipeline *p;
	int ret = 0;

	setlocale(LC_CTYPE, "");
	if (parse_options(&r, argc, argv) < 0) {
		usage(stderr);
		return 2;
	}
	if (r.help) {
		usage(stdout);
		return 0;
	}
	options.gaps = r.gaps;
	r.draw = draw_new();
	p = pipeline_new(&options, on_change, &r);
	pipeline_set_root(p, r.root_fd);
	for (int i = optind; i < argc && !ret; i++)
		ret = replay_file(p, argv[i], r.read_size);
	if (optind == argc)
		ret = replay_file(p, "-", r.read_size);
	pipeline_finish(p);
	if (r.format == FORMAT_TREE)
		draw_print(r.draw, stdout, r.colour, terminal_width());
	if (r.counters)
		print_counters(pipeline_metrics(p));
	if (complain(pipeline_metrics(p)) < 0)
		ret = -1;
	pipeline_free(p);
	draw_free(r.draw);
	buf_free(&r.line);
	cleanup_close(&r.root_fd);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "contree replay: stdout: %s\n",
			strerror(errno));
		ret = -1;
	}
	return ret < 0 ? 1 : 0;
}

const struct cmd cmd_replay = {
	.name = "replay",
	.args = "[--format text|json|tree] [--colour WHEN] [--root DIR] [--gaps] [--counters] [--read-size BYTES] [FILE…]",
	.help = "what the plugin would have said of a recorded audit log",
	.run = run_replay,
};
