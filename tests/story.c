/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "story.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void story_say(void *ctx, const struct change *c)
{
	struct buf *out = ctx;
	const char *name = change_name(c->kind);

	switch (c->kind) {
	case CHANGE_CONTAINER_START:
	case CHANGE_CONTAINER_STOP:
		buf_printf(out, "%s %s %d\n", name + strlen("container-"),
			   c->container->id, c->proc ? c->proc->pid : 0);
		return;
	case CHANGE_FORK:
		if (c->proc)
			buf_printf(out, "fork %d<-", c->proc->pid);
		else
			buf_puts(out, "fork -<-");
		buf_printf(out, "%d %s", c->parent->pid, role_name(c->role));
		if (c->container)
			buf_printf(out, " %s", c->container->id);
		if (c->vpid)
			buf_printf(out, " vpid=%d", c->vpid);
		if (c->source == SOURCE_INFERRED)
			buf_puts(out, " inferred");
		break;
	case CHANGE_EXEC:
	case CHANGE_CENSUS:
		buf_printf(out, "%s %d %s", name, c->proc->pid,
			   role_name(c->role));
		if (c->container)
			buf_printf(out, " %s", c->container->id);
		break;
	case CHANGE_END:
		buf_printf(out, "end %d %s", c->proc->pid,
			   exit_reason_name(c->proc->reason));
		if (c->proc->reason == EXIT_EXITED ||
		    c->proc->reason == EXIT_SIGNALED)
			buf_printf(out, " %d", c->proc->exit_code);
		break;
	case CHANGE_ACTIVITY:
		buf_printf(out, "activity %d", c->proc->pid);
		break;
	case CHANGE_LOST:
		buf_printf(out, "lost %llu %s", (unsigned long long)c->lost,
			   c->lost_what);
		break;
	}
	buf_putc(out, '\n');
}

static void set_kind(struct fact *f, const struct step *s)
{
	f->kind = FACT_SEEN;
	f->record = "SYSCALL";
	f->quiet = s->kind == 'q';
	f->code = (int)s->n;
	switch (s->kind) {
	case 'f':
	case 'v':
	case 'c':
	case '3':
		f->kind = FACT_FORK;
		f->child = (pid_t)s->n;
		f->exe = "";
		f->call = s->kind == 'f' ? FORK_FORK :
			  s->kind == 'v' ? FORK_VFORK :
			  s->kind == 'c' ? FORK_CLONE :
					   FORK_CLONE3;
		if (s->kind == 'c')
			f->flags = strtoull(s->exe, NULL, 16);
		break;
	case 'e':
		f->kind = FACT_EXEC;
		break;
	case 'x':
		f->kind = FACT_EXIT;
		break;
	case 'a':
		f->kind = FACT_ABEND;
		break;
	}
}

/* Args become NUL-terminated strings in place. */
static void set_args(struct fact *f, const char *args, char *room, size_t size)
{
	if (!args)
		return;
	snprintf(room, size, "%s", args);
	f->args = room;
	f->args_bytes = strlen(room) + 1;
	f->args_count = 1;
	for (char *c = room; *c; c++) {
		if (*c == ' ') {
			*c = '\0';
			f->args_count++;
		}
	}
	f->argc = f->args_count;
}

void story_take(struct tree *t, const struct step *s, uint64_t serial)
{
	char args[256];
	struct fact f = {
		.time_ms = T0 + s->at,
		.serial = serial,
		.node = "",
		.pid = s->pid,
		.ppid = s->ppid,
		.uid = 0,
		.gid = 0,
		.auid = ID_UNSET,
		.ses = ID_UNSET,
		.comm = NULL,
		.exe = s->exe,
		.outcome = 1,
	};

	if (s->kind == 'i') {
		tree_idle(t, (uint64_t)s->n);
		return;
	}
	set_kind(&f, s);
	if (f.kind == FACT_FORK)
		f.exe = s->pid == 10 ? "/usr/bin/containerd" : NULL;
	set_args(&f, s->args, args, sizeof(args));
	tree_apply(t, &f);
}

void story_tell(const struct story *story, const struct tree_options *options,
		struct buf *out)
{
	struct metrics metrics = { 0 };
	struct tree *t = tree_new(options, "", &metrics, story_say, out);
	const char *wrong;

	for (size_t i = 0; story->steps[i].kind; i++) {
		story_take(t, &story->steps[i], i + 1);
		wrong = tree_check(t);
		ck_assert_msg(!wrong, "%s: after step %zu: %s", story->name, i,
			      wrong);
	}
	tree_free(t);
	buf_putc(out, '\0');
}

void story_check(const struct story *story)
{
	_cleanup_buf_ struct buf want = BUF_INIT;
	_cleanup_buf_ struct buf got = BUF_INIT;

	for (size_t i = 0; story->says[i]; i++)
		buf_printf(&want, "%s\n", story->says[i]);
	buf_putc(&want, '\0');
	story_tell(story, &tree_defaults, &got);
	ck_assert_msg(!strcmp(want.data, got.data), "%s\nwant:\n%sgot:\n%s",
		      story->name, want.data, got.data);
}
