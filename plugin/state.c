/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_int.h"

#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

void state_boot_id(char *out, size_t size)
{
	_cleanup_close_ int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

void state_head(struct buf *out, const char *boot_id, const char *node)
{
	size_t line = json_object(out, "", 0);

	json_num(out, KEY("contree"), STATE_VERSION);
	json_str(out, KEY("boot_id"), boot_id);
	json_str(out, KEY("node"), node);
	json_object_end(out, line);
	out->data[out->len - 1] = '\n';
}

void state_line(struct buf *out, const struct saved *s)
{
	size_t line = json_object(out, "", 0);

	json_str(out, KEY("entity"), s->entity);
#define TEXT(name) json_str(out, KEY(#name), s->name);
#define NUMBER(name, max) json_known(out, KEY(#name), (int64_t)s->name);
	FIELDS
#undef TEXT
#undef NUMBER
	json_known(out, KEY("ended"), s->ended);
	json_object_end(out, line);
	out->data[out->len - 1] = '\n';
}

void state_end(struct buf *out, const char *entity, uint64_t ended_ms)
{
	size_t line = json_object(out, "", 0);

	json_str(out, KEY("ended_entity"), entity);
	json_known(out, KEY("ended_ms"), (int64_t)ended_ms);
	json_object_end(out, line);
	out->data[out->len - 1] = '\n';
}

void state_mark(struct buf *out, const struct state_mark *mark)
{
	size_t line = json_object(out, "", 0);

	json_num(out, KEY("log"), mark->from.inode);
	json_num(out, KEY("from"), mark->from.size);
	json_num(out, KEY("bytes"), mark->bytes);
	json_num(out, KEY("number"), mark->number);
	json_object_end(out, line);
	out->data[out->len - 1] = '\n';
}

void state_told(struct buf *out, size_t bytes)
{
	out->len--;
	out->data[out->len - 1] = ',';
	json_num(out, KEY("told"), bytes);
	out->data[out->len - 1] = '}';
	buf_putc(out, '\n');
}

void state_serial(struct buf *out, uint64_t serial)
{
	size_t line = json_object(out, "", 0);

	json_num(out, KEY("serial"), serial);
	json_object_end(out, line);
	out->data[out->len - 1] = '\n';
}
