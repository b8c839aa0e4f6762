/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extract.h"

#include <libaudit.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "buf.h"
#include "calls.h"
#include "field.h"

struct extract {
	struct metrics *metrics;
	size_t args_bytes;
	struct buf strings;	/* of the fact made last */
	struct calls calls;
};

/* The raw values of a SYSCALL record, before they mean anything. */
struct syscall_record {
	unsigned int arch;
	int nr;
	int success;		/* 1, 0, or -1 where not said (exit_group) */
	int64_t exit;
	uint64_t a0;
};

struct extract *extract_new(struct metrics *metrics)
{
	struct extract *x = calloc(1, sizeof(*x));

	if (!x)
		abort();
	x->metrics = metrics;
	x->args_bytes = 16 * 1024;
	return x;
}

void extract_free(struct extract *x)
{
	if (!x)
		return;
	buf_free(&x->strings);
	free(x);
}

void extract_set_args_bytes(struct extract *x, size_t bytes)
{
	x->args_bytes = bytes;
}

/* Room was made for the whole event beforehand. */
static const char *string(struct extract *x, const char *raw)
{
	size_t at = x->strings.len;

	field_string(&x->strings, raw);
	buf_putc(&x->strings, '\0');
	return x->strings.data + at;
}

/*
 * A rule's keys come joined by a 0x01 byte (AUDIT_KEY_SEPARATOR), of which
 * auparse makes several fields behind one another.
 */
static void add_key(struct extract *x, struct fact *f, const char *raw)
{
	char *last = x->strings.data + x->strings.len - 1;
	const char *key;

	if (!strcmp(raw, "(null)"))
		return;
	if (f->key && f->key + strlen(f->key) != last)
		return;
	if (f->key)
		*last = ',';
	key = string(x, raw);
	if (!f->key)
		f->key = key;
}

/*
 * The name that auditd itself wrote behind an ENRICHED record. auparse is
 * not asked for it: without ENRICHED it would call getpwuid(), which may
 * block on a network.
 */
static const char *enriched(struct extract *x, auparse_state_t *au,
			    const char *name)
{
	const char *s = auparse_get_record_interpretations(au);
	size_t len = strlen(name);

	while (s && *s) {
		if (!strncmp(s, name, len) && s[len] == '=') {
			const char *value = string(x, s + len + 1);

			return *value ? value : NULL;
		}
		s = strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	return NULL;
}

/*
 * The fields of a SYSCALL record that are read, in the kernel's order
 * (audit_log_exit() and audit_log_task_info() in kernel/auditsc.c).
 */
enum field {
	FIELD_TYPE,
	FIELD_ARCH,
	FIELD_SYSCALL,
	FIELD_SUCCESS,
	FIELD_EXIT,
	FIELD_A0,
	FIELD_PPID,
	FIELD_PID,
	FIELD_AUID,
	FIELD_EUID,
	FIELD_EGID,
	FIELD_SES,
	FIELD_COMM,
	FIELD_EXE,
	FIELD_KEY,
	N_FIELDS,
};

static const char *const field_names[N_FIELDS] = {
	[FIELD_TYPE] = "type",	     [FIELD_ARCH] = "arch",
	[FIELD_SYSCALL] = "syscall", [FIELD_SUCCESS] = "success",
	[FIELD_EXIT] = "exit",	     [FIELD_A0] = "a0",
	[FIELD_PPID] = "ppid",	     [FIELD_PID] = "pid",
	[FIELD_AUID] = "auid",	     [FIELD_EUID] = "euid",
	[FIELD_EGID] = "egid",	     [FIELD_SES] = "ses",
	[FIELD_COMM] = "comm",	     [FIELD_EXE] = "exe",
	[FIELD_KEY] = "key",
};

/*
 * Which field has that name, N_FIELDS if none that is read. It is mostly the
 * one behind the last, so the search begins there and comes round.
 */
static enum field field_named(const char *name, enum field last)
{
	unsigned int i, at = last;

	for (i = 0; i < N_FIELDS; i++) {
		at = at + 1 < N_FIELDS ? at + 1 : 0;
		if (*name == *field_names[at] && !strcmp(name, field_names[at]))
			return (enum field)at;
	}
	return N_FIELDS;
}

static void read_field(struct extract *x, struct fact *f,
		       struct syscall_record *r, enum field field,
		       const char *raw)
{
	switch (field) {
	case FIELD_TYPE:
	case N_FIELDS:
		break;
	case FIELD_ARCH:
		r->arch = (unsigned int)field_hex(raw);
		break;
	case FIELD_SYSCALL:
		r->nr = field_int(raw);
		break;
	case FIELD_SUCCESS:
		r->success = !strcmp(raw, "yes");
		break;
	case FIELD_EXIT:
		r->exit = strtoll(raw, NULL, 10);
		break;
	case FIELD_A0:
		r->a0 = field_hex(raw);
		break;
	case FIELD_PPID:
		f->ppid = field_pid(raw);
		break;
	case FIELD_PID:
		f->pid = field_pid(raw);
		break;
	case FIELD_AUID:
		f->auid = field_id(raw);
		break;
	case FIELD_EUID:
		f->uid = field_id(raw);
		break;
	case FIELD_EGID:
		f->gid = field_id(raw);
		break;
	case FIELD_SES:
		f->ses = field_id(raw);
		break;
	case FIELD_COMM:
		f->comm = string(x, raw);
		break;
	case FIELD_EXE:
		f->exe = field_is_torn(raw) ? NULL : string(x, raw);
		break;
	case FIELD_KEY:
		add_key(x, f, raw);
		break;
	}
}

static void read_syscall(struct extract *x, auparse_state_t *au, struct fact *f,
			 struct syscall_record *r)
{
	enum field field, last = N_FIELDS;
	const char *name, *raw;

	if (auparse_first_field(au) <= 0)
		return;
	do {
		name = auparse_get_field_name(au);
		raw = auparse_get_field_str(au);
		if (!name || !raw)
			continue;
		field = field_named(name, last);
		read_field(x, f, r, field, raw);
		if (field < N_FIELDS)
			last = field;
	} while (auparse_next_field(au) > 0);
	f->user = enriched(x, au, "EUID");
}

static void read_execve(struct extract *x, auparse_state_t *au, struct fact *f,
			struct args *args)
{
	const char *name, *raw;
	int argc = 0;

	if (auparse_first_field(au) <= 0)
		return;
	do {
		name = auparse_get_field_name(au);
		raw = auparse_get_field_str(au);
		if (!name || !raw)
			continue;
		if (!strcmp(name, "argc"))
			argc = field_int(raw);
		else if (*name == 'a')
			args_add(args, &x->strings, name, raw);
	} while (auparse_next_field(au) > 0);
	if (argc > 0)
		f->argc = (uint32_t)argc;
}

static void read_cwd(struct extract *x, auparse_state_t *au, struct fact *f)
{
	const char *raw = auparse_find_field(au, "cwd");

	if (raw)
		f->cwd = string(x, raw);
}

/* Arguments lie behind one another: strings made later come after them. */
static void end_args(struct extract *x, struct fact *f, const struct args *args)
{
	f->args = x->strings.data + args->from;
	f->args_bytes = x->strings.len - args->from;
	f->args_count = args->count;
	if (f->argc < args->count)
		f->argc = args->count;
	if (args->full || f->argc > args->count)
		x->metrics->args_truncated++;
}

static enum extracted fork_fact(struct fact *f, const struct syscall_record *r,
				enum fork_call call)
{
	if (r->exit <= 0 || r->exit > MAX_PID)
		return EXTRACT_BAD;
	f->kind = FACT_FORK;
	f->call = call;
	f->child = (pid_t)r->exit;
	if (call == FORK_CLONE)
		f->flags = r->a0;
	return EXTRACT_FACT;
}

static void seen_fact(struct fact *f, const struct syscall_record *r,
		      const struct arch *arch, bool quiet)
{
	f->kind = FACT_SEEN;
	f->outcome = r->success;
	f->syscall = audit_syscall_to_name(r->nr, arch->machine);
	f->quiet = quiet;
}

static enum extracted syscall_fact(struct extract *x, struct fact *f,
				   const struct syscall_record *r)
{
	const struct arch *arch = calls_arch(&x->calls, r->arch);
	enum call call = arch_call(arch, r->nr);

	/* A call that failed changes nothing, but proves who lives. */
	if (call != CALL_OTHER && call != CALL_EXIT_GROUP && r->success != 1) {
		seen_fact(f, r, arch, true);
		return EXTRACT_FACT;
	}
	switch (call) {
	case CALL_FORK:
		return fork_fact(f, r, FORK_FORK);
	case CALL_VFORK:
		return fork_fact(f, r, FORK_VFORK);
	case CALL_CLONE:
		return fork_fact(f, r, FORK_CLONE);
	case CALL_CLONE3:
		return fork_fact(f, r, FORK_CLONE3);
	case CALL_EXECVE:
	case CALL_EXECVEAT:
		f->kind = FACT_EXEC;
		break;
	case CALL_EXIT_GROUP:
		f->kind = FACT_EXIT;
		f->code = (int)(r->a0 & 0xff);
		break;
	case CALL_OTHER:
		seen_fact(f, r, arch, false);
		break;
	}
	return EXTRACT_FACT;
}

/*
 * What the kernel itself says in ANOM_ABEND and SECCOMP, and of it the
 * first four in front of a message from user space. The message's own text
 * comes after, and may well say pid= again, or gid=.
 */
static const char *const kernel_fields[] = {
	"pid", "uid", "auid", "ses", "gid", "comm", "exe", "sig",
};

#define N_KERNEL_FIELDS 8
#define N_USER_FIELDS 4

/* Whether it is a name's first field, and the kernel's. */
static bool is_kernels(const char *name, int n_fields, unsigned int *seen)
{
	unsigned int bit;

	for (int i = 0; i < n_fields; i++) {
		if (strcmp(name, kernel_fields[i]))
			continue;
		bit = 1U << i & ~*seen;
		*seen |= bit;
		return bit;
	}
	return false;
}

static void read_alone_field(struct extract *x, struct fact *f,
			     const char *name, const char *raw)
{
	if (!strcmp(name, "uid"))
		f->uid = field_id(raw);
	else if (!strcmp(name, "gid"))
		f->gid = field_id(raw);
	else if (!strcmp(name, "sig"))
		f->code = field_int(raw);
	else if (!strcmp(name, "comm"))
		f->comm = string(x, raw);
	else if (!strcmp(name, "exe"))
		f->exe = string(x, raw);
	else if (!strcmp(name, "pid"))
		f->pid = field_pid(raw);
	else if (!strcmp(name, "auid"))
		f->auid = field_id(raw);
	else if (!strcmp(name, "ses"))
		f->ses = field_id(raw);
}

static void read_alone(struct extract *x, auparse_state_t *au, struct fact *f,
		       int n_fields)
{
	unsigned int seen = 0;
	const char *name, *raw;

	if (auparse_first_field(au) <= 0)
		return;
	do {
		name = auparse_get_field_name(au);
		raw = auparse_get_field_str(au);
		if (!name || !raw)
			continue;
		if (!strcmp(name, "res"))
			f->outcome = !strcmp(raw, "success") || *raw == '1';
		else if (is_kernels(name, n_fields, &seen))
			read_alone_field(x, f, name, raw);
	} while (auparse_next_field(au) > 0);
}

static enum extracted alone_fact(struct extract *x, auparse_state_t *au,
				 struct fact *f, int type)
{
	f->kind = type == AUDIT_ANOM_ABEND ? FACT_ABEND : FACT_SEEN;
	if (type == AUDIT_ANOM_ABEND || type == AUDIT_SECCOMP) {
		read_alone(x, au, f, N_KERNEL_FIELDS);
		f->user = enriched(x, au, "UID");
	} else {
		/* Its text may forge auditd's names, too: a 0x1d byte. */
		read_alone(x, au, f, N_USER_FIELDS);
	}
	if (f->kind == FACT_ABEND && (f->code <= 0 || f->code > 64))
		return EXTRACT_BAD;
	return f->pid ? EXTRACT_FACT : EXTRACT_BAD;
}

static void begin(struct extract *x, const struct gate_event *event,
		  struct fact *f)
{
	memset(f, 0, sizeof(*f));
	f->source = SOURCE_AUDIT;
	f->node = event->node;
	f->time_ms = event->time_ms;
	f->serial = event->serial;
	f->uid = f->gid = f->auid = f->ses = ID_UNSET;
	f->outcome = -1;
	/*
	 * No string grows when decoded, and what ends one in the record
	 * makes room for its NUL: so nothing moves once it is made.
	 */
	buf_clear(&x->strings);
	buf_reserve(&x->strings, 2 * event->len + 64);
}

enum extracted extract_fact(struct extract *x, auparse_state_t *au,
			    const struct gate_event *event, struct fact *f)
{
	struct syscall_record r = { .nr = -1, .success = -1 };
	struct args args = { .max_bytes = x->args_bytes };
	bool have_syscall = false, have_args = false;
	enum extracted ret;

	begin(x, event, f);
	if (auparse_first_record(au) <= 0)
		return EXTRACT_BAD;
	do {
		int type = auparse_get_type(au);

		if (type != AUDIT_EXECVE && have_args && !f->args)
			end_args(x, f, &args);
		if (type == AUDIT_SYSCALL) {
			if (!have_syscall)
				read_syscall(x, au, f, &r);
			have_syscall = true;
		} else if (type == AUDIT_EXECVE) {
			if (!have_args)
				args.from = x->strings.len;
			have_args = true;
			if (!f->args)
				read_execve(x, au, f, &args);
		} else if (type == AUDIT_CWD) {
			read_cwd(x, au, f);
		} else if (type == AUDIT_AVC) {
			f->record = "AVC";
		} else if (!have_syscall) {
			f->record = auparse_get_type_name(au);
			/* The gate knows types by pattern, too. */
			if (!f->record)
				f->record = "UNKNOWN";
			return alone_fact(x, au, f, type);
		}
	} while (auparse_next_record(au) > 0);
	if (!have_syscall)
		return EXTRACT_NOTHING;
	if (!f->record)
		f->record = "SYSCALL";
	if (have_args && !f->args)
		end_args(x, f, &args);
	ret = syscall_fact(x, f, &r);
	return ret == EXTRACT_FACT && !f->pid ? EXTRACT_BAD : ret;
}
