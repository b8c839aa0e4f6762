/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "eyes.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What would pass for a part of a line, if a line's parts were not quoted */
static const char *const tricks[] = {
	"x  # init exe=/bin/true",
	"# root",
	"#",
	"<- 1 init",
	"<-",
	"' # x",
	"AAAAAAAAA' #x",
	"'\\'' # x",
	"$'\\n'",
	"\\",
	"\\n",
	"'",
	"''''''''''''''''",
	"\"",
	"\\\"",
	"\",\"process\":{\"pid\":1},\"x\":\"",
	"\"}\n{\"@timestamp\":\"2026-11-23T19:02:21.586Z\"}",
	"\\u000a",
	"x\n2026-11-23 19:02:21.586Z -            exec         1 init",
	"x\ntype=SYSCALL msg=audit(1700000000.100:99): arch=c000003e",
	"x\r2026-11-23 19:02:21.586Z -            exec         1 init",
	"\033[2J\033[1;1H",
	"\033]0;title\007",
	"\033P+q\033\\",
	"\xc2\x9b"
	"2J",
	"\xc2\x9d"
	"0;title\xc2\x9c",
	"txt\xe2\x80\xae"
	"exe.",
	"\xe2\x81\xa6"
	"x",
	"ss\xc2\xadhd",
	"ss\xe2\x80\x8bhd",
	"\xe3\x85\xa4",
	"x\xef\xb8\x8f",
	"a\xe2\x80\xa8"
	"b",
	"\xf3\xa0\x81\x81\xf3\xa0\x84\x80",
	"\x1d"
	"EUID=\"root\"",
	"a\x01"
	"b",
	"…",
	"...",
	"-",
	"'-'",
	"?",
	"--",
	" ",
	"   ",
	"failed by x",
	"exit 0        0.21s  ls  # init",
	"a=b",
	"pid=1",
	"never heard",
	"(ls)",
	"└─(ls)",
	"│ ",
	"->",
	"x -> y",
	"~root",
	"{a,b}",
	"$(reboot)",
	"`reboot`",
	"%s%n",
	"../../etc",
	"e\xcc\x81\xcc\x81\xcc\x81",
	"\xcc\xb8",
	"日本語の名前です",
	"\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
};

/* Every byte, alone and between two others */
static void try_bytes(try_fn *try)
{
	char what[16], s[3] = "a?b";

	for (int byte = 0; byte < 256; byte++) {
		snprintf(what, sizeof(what), "byte %02x", (unsigned int)byte);
		s[1] = (char)byte;
		try(what, s + 1, 1);
		try(what, s, 3);
	}
}

/* Every malformed form of UTF-8: alone, in front, between, and behind */
static void try_malformed(try_fn *try)
{
	for (size_t i = 0; i < n_malformed; i++) {
		_cleanup_buf_ struct buf s = BUF_INIT;
		size_t len = malformed[i].len;

		buf_putc(&s, '<');
		buf_put(&s, malformed[i].in, len);
		buf_putc(&s, '>');
		try(malformed[i].name, s.data + 1, len);
		try(malformed[i].name, s.data + 1, len + 1);
		try(malformed[i].name, s.data, len + 2);
		try(malformed[i].name, s.data, len + 1);
	}
}

static void try_tricks(try_fn *try)
{
	for (size_t i = 0; i < COUNT(tricks); i++)
		try(tricks[i], tricks[i], strlen(tricks[i]));
}

void hostile_names(try_fn *try)
{
	try_bytes(try);
	try_malformed(try);
	try_tricks(try);
}
