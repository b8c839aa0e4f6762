/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audisp-contree: the auditd plugin. This file is its life as a process:
 * how it starts under auditd, heeds signals, reloads and ends. The work is
 * done by three threads (intake, core, ledger); this one only waits for
 * signals, and is the only one to get any.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "buf.h"
#include "channel.h"
#include "cleanup.h"
#include "config.h"
#include "confine.h"
#include "core.h"
#include "inherit.h"
#include "intake.h"
#include "keeper.h"
#include "ledger.h"
#include "privs.h"
#include "safe.h"
#include "watch.h"

#define NAME "audisp-contree"
#define EXIT_CONFIG 6

struct plugin {
	const char *path;	/* of the configuration */
	struct config config;	/* as of the start */
	gid_t gid;		/* of the logs, as of the start */
	struct confine *confine;
	struct channel *records;	/* intake to core */
	struct channel *lines;		/* core to ledger */
	struct ledger *ledger;
	struct watch *watch;
	struct keeper *keeper;		/* NULL: nothing is remembered */
	struct core *core;
	struct intake *intake;
	int signal_fd;
	int ended_fd;		/* eventfd: the ledger has ended, the last */
};

/*
 * The one way to say something: to syslog, and to a terminal if there is
 * one. From any thread.
 */
static void __attribute__((format(printf, 2, 3)))
say(int priority, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char raw[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	safe_text(&text, raw, strlen(raw));
	buf_putc(&text, '\0');
	syslog(priority, "%s", text.data);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, NAME ": %s\n", text.data);
}

/*
 * Of config_load(), which has made its text safe. to: also there, terminal or
 * not, for whoever tries a configuration by hand; or NULL.
 */
static void say_config(const struct err *err, const char *then, FILE *to)
{
	syslog(LOG_ERR, "%s%s", err->text, then);
	if (to || isatty(STDERR_FILENO))
		fprintf(to ? to : stderr, NAME ": %s%s\n", err->text, then);
}

/* The log's news, from the ledger's thread (at the start, from this one). */
static void hear_log(void *ctx, const struct logfile_news *news)
{
	const struct plugin *p = ctx;
	bool state = !strcmp(news->path, p->config.state);

	switch (news->event) {
	case LOGFILE_FAILS:
		say(LOG_ERR, "%s; lines are lost from now on", news->err->text);
		break;
	case LOGFILE_WORKS:
		say(LOG_NOTICE, "%s: works again, %" PRIu64 " lines were lost",
		    news->path, news->lost);
		break;
	case LOGFILE_ENDS:
		say(LOG_ERR, "%s: no longer used, %" PRIu64 " lines were lost",
		    news->path, news->lost);
		break;
	case LOGFILE_STUCK:
		say(LOG_ERR, "%s; not %s, still written to", news->err->text,
		    state ? "written anew, of little use after a restart" :
			    "rotated or reopened");
		break;
	case LOGFILE_UNSTUCK:
		say(LOG_NOTICE, "%s: %s again", news->path,
		    state ? "written anew" : "rotated or reopened");
		break;
	}
}

static void hear(void *ctx, bool problem, const char *text)
{
	(void)ctx;
	say(problem ? LOG_WARNING : LOG_NOTICE, "%s", text);
}

static const char *log_path(const char *option)
{
	return strcmp(option, "none") ? option : NULL;
}

/* root's where there is no such group */
static gid_t group_id(const char *name)
{
	struct group *group = getgrnam(name);

	if (group)
		return group->gr_gid;
	say(LOG_NOTICE, "log_group: no group %s, root's is used", name);
	return 0;
}

static struct ledger_options ledger_options(const struct config *config,
					    gid_t gid)
{
	struct ledger_options ret = {
		.path = {
			[LEDGER_STATE] = log_path(config->state),
			[LEDGER_TEXT] = log_path(config->text_log),
			[LEDGER_JSON] = log_path(config->json_log),
		},
		.logfile = {
			.gid = gid,
			.size_bytes = config->log_size,
			.generations = (unsigned int)config->log_generations,
		},
	};

	return ret;
}

static const struct news news = { hear, NULL };

/* NULL, if it is not wanted, or somebody else has it. */
static struct keeper *new_keeper(const struct config *config)
{
	const char *path = log_path(config->state);
	struct keeper *keeper = NULL;
	struct err err;

	if (path)
		keeper = keeper_new(path, &news, &err);
	if (path && !keeper)
		say(LOG_ERR, "%s; nothing will be remembered after a restart",
		    err.text);
	return keeper;
}

static struct watch *new_watch(const struct config *config)
{
	const struct watch_options options = {
		.witness = config->witness,
		.names = config->names,
		.roots = config->roots,
		.shims = config->shims,
		.max_args_bytes = (size_t)config->max_args_bytes,
		.linger_ms = config->linger_ms,
	};

	return watch_new(&options, &news);
}

/* The logs are worth more than a filter, but where one is being tested. */
static struct confine *new_confine(const struct config *config, struct err *err)
{
	struct confine *confine = confine_new(config->seccomp, err);

	if (confine || config->seccomp == CONFINE_KILL)
		return confine;
	say(LOG_WARNING, "%s", err->text);
	return confine_new(CONFINE_OFF, err);
}

/* A queue of 4 GiB is more than a 32-bit process can have. */
static struct channel *new_channel(uint64_t bytes, struct err *err)
{
	struct channel *ch = channel_new(bytes < SIZE_MAX / 4 ? (size_t)bytes :
								SIZE_MAX / 4);

	if (!ch)
		err_set(err, errno, "cannot make a queue of %" PRIu64 " bytes",
			bytes);
	return ch;
}

/*
 * The logs are opened, and all else that needs rights, before these are
 * dropped; and they are dropped before there are threads, because each
 * thread has its own, and gives up more.
 */
static int start(struct plugin *p, struct err *err)
{
	struct core_options options = core_options_of(&p->config);
	struct ledger_options logs;

	p->gid = group_id(p->config.log_group);
	logs = ledger_options(&p->config, p->gid);
	p->ended_fd = eventfd(0, EFD_CLOEXEC);
	if (p->signal_fd < 0 || p->ended_fd < 0)
		return err_set(err, errno, "no file descriptor to wait on");
	p->records = new_channel(p->config.queue_bytes, err);
	if (!p->records)
		return -1;
	p->lines = new_channel(p->config.log_queue_bytes, err);
	if (!p->lines)
		return -1;
	p->keeper = new_keeper(&p->config);
	if (!p->keeper)
		logs.path[LEDGER_STATE] = NULL;
	p->ledger = ledger_new(&logs, p->lines, hear_log, p, err);
	if (!p->ledger)
		return -1;
	p->watch = new_watch(&p->config);
	p->core = core_new(&options, p->records, p->lines, p->ledger, p->watch,
			   p->keeper);
	p->intake = intake_new(STDIN_FILENO, p->records, err);
	p->confine = new_confine(&p->config, err);
	if (!p->intake || !p->confine || privs_drop(p->gid, err))
		return -1;
	if (ledger_start(p->ledger, p->ended_fd, p->confine, err) ||
	    core_start(p->core, p->confine, err) ||
	    intake_start(p->intake, p->confine, err))
		return -1;
	confine_enter(p->confine, CONFINE_MAIN);
	return 0;
}

/* What another value of has no effect. */
static void say_fixed(const struct config *in_force, const struct config *next)
{
	const struct {
		const char *name;
		bool differs;
	} options[] = {
		{ "queue_bytes", next->queue_bytes != in_force->queue_bytes },
		{ "log_queue_bytes",
		  next->log_queue_bytes != in_force->log_queue_bytes },
		{ "state", strcmp(next->state, in_force->state) },
		{ "log_group", strcmp(next->log_group, in_force->log_group) },
		{ "witness", next->witness != in_force->witness },
		{ "names", next->names != in_force->names },
		{ "seccomp", next->seccomp != in_force->seccomp },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].differs)
			say(LOG_NOTICE,
			    "%s is taken at the start only: it stays as it was then",
			    options[i].name);
}

static void reload(struct plugin *p)
{
	struct ledger_options logs;
	struct core_options options;
	struct config next;
	struct err err;

	config_init(&next);
	if (config_load(&next, p->path, &err)) {
		say_config(&err, "; the configuration stays as it was", NULL);
		ledger_reopen(p->ledger, NULL);
		config_free(&next);
		return;
	}
	say_fixed(&p->config, &next);
	logs = ledger_options(&next, p->gid);
	logs.path[LEDGER_STATE] = p->keeper ? p->config.state : NULL;
	options = core_options_of(&next);
	ledger_reopen(p->ledger, &logs);
	core_set_options(p->core, &options);
	config_free(&next);
	say(LOG_INFO, "configuration reloaded, logs reopened");
}

/*
 * systemd's default way to stop auditd signals its plugins too, while
 * auditd still has records for them. So only auditd's own TERM counts: it
 * is our parent. (A code above 0 means the kernel itself.)
 */
static bool is_heeded(const struct signalfd_siginfo *info)
{
	return info->ssi_code > 0 || (pid_t)info->ssi_pid == getppid();
}

static void handle_signal(struct plugin *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		reload(p);
	else if ((info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) &&
		 is_heeded(&info))
		intake_stop(p->intake);
}

/* Until everything that was read is written. */
static void attend(struct plugin *p)
{
	struct pollfd fds[] = {
		{ p->signal_fd, POLLIN, 0 },
		{ p->ended_fd, POLLIN, 0 },
	};

	while (!fds[1].revents) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			handle_signal(p);
	}
}

static void say_farewell(struct plugin *p)
{
	const struct metrics *m;

	intake_join(p->intake);
	core_join(p->core);
	if (intake_error(p->intake))
		say(LOG_ERR, "standard input: %s",
		    strerror(intake_error(p->intake)));
	m = core_metrics(p->core);
	say(LOG_INFO,
	    "ended: %" PRIu64 " lines read, %" PRIu64 " dropped, %" PRIu64
	    " cut; %" PRIu64 " processes, %" PRIu64 " containers; %" PRIu64
	    " lines of the logs dropped",
	    m->lines, intake_dropped(p->intake), intake_cut(p->intake),
	    m->processes, m->containers, core_refused(p->core));
}

static void free_all(struct plugin *p)
{
	intake_free(p->intake);
	core_free(p->core);
	watch_free(p->watch);
	ledger_free(p->ledger);
	keeper_free(p->keeper);
	channel_free(p->records);
	channel_free(p->lines);
	confine_free(p->confine);
	config_free(&p->config);
	cleanup_close(&p->signal_fd);
	cleanup_close(&p->ended_fd);
}

static int run(const char *path)
{
	struct plugin p = { .path = path, .signal_fd = -1, .ended_fd = -1 };
	struct err err;

	config_init(&p.config);
	p.signal_fd = inherit_signals();
	if (config_load(&p.config, path, &err)) {
		say_config(&err, "", stderr);
		free_all(&p);
		return EXIT_CONFIG;
	}
	if (privs_start(&err) || start(&p, &err)) {
		/* some thread may run already: no waiting for it */
		say(LOG_ERR, "cannot start: %s", err.text);
		_exit(EXIT_FAILURE);
	}
	say(LOG_INFO, "started, configuration %s", path);
	attend(&p);
	say_farewell(&p);
	free_all(&p);
	return EXIT_SUCCESS;
}

/*
 * Once a large block was freed, glibc keeps as much as that at the top of each
 * thread's heap, and gives none of it back (mallopt(3)): unless it is told. And
 * malloc_trim() gives back the top of the first heap only, so there is no other:
 * all but one of the threads hardly ever ask for memory.
 */
static void keep_heap_small(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	mallopt(M_TOP_PAD, 16 << 10);
#endif
}

/* Reads it, and does nothing else. */
static int test_config(const char *path)
{
	struct config config;
	struct err err;
	int ret;

	config_init(&config);
	ret = config_load(&config, path, &err);
	if (ret)
		fprintf(stderr, NAME ": %s\n", err.text);
	else
		printf("%s: is right\n", path);
	config_free(&config);
	return ret ? EXIT_CONFIG : EXIT_SUCCESS;
}

static void print_help(FILE *out)
{
	fputs("usage: " NAME " [-c CONF] [-t]\n"
	      "\n"
	      "An auditd plugin: reads audit records from its standard input"
	      " and logs the\n"
	      "life of the processes in containers.\n"
	      "\n"
	      "  -c, --config CONF  configuration file; without it\n"
	      "                     " SYSCONFDIR "/audit/audisp-contree.conf\n"
	      "  -t, --test         only say whether the configuration is right\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this\n",
	      out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = SYSCONFDIR "/audit/audisp-contree.conf";
	bool test = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'V':
			puts(NAME " " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			print_help(stdout);
			return EXIT_SUCCESS;
		default:
			print_help(stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		print_help(stderr);
		return EXIT_FAILURE;
	}
	if (test)
		return test_config(path);
	inherit_fds();
	keep_heap_small();
	openlog(NAME, LOG_PID, LOG_DAEMON);
	return run(path);
}
