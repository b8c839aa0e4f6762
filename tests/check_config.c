/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: which lines are taken and which are refused, with what
 * words; and whether the shipped file and the man page say what the table
 * of options says.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "config.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEN "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* The table of options, as the documents should tell it. */
struct row {
	const char *name;
	char def[64];
	char help[512]; /* with the range */
};

static struct row rows[64];
static size_t row_count;

static void size_words(uint64_t n, char *out, size_t size)
{
	static const char unit[] = "\0KMG";
	unsigned int i = 0;

	while (n && n % 1024 == 0 && i < 3) {
		n /= 1024;
		i++;
	}
	snprintf(out, size, "%llu%.1s", (unsigned long long)n, &unit[i]);
}

static struct row *row_new(const char *name, const char *def, const char *help)
{
	struct row *r = &rows[row_count++];

	r->name = name;
	snprintf(r->def, sizeof(r->def), "%s", def);
	snprintf(r->help, sizeof(r->help), "%s", help);
	return r;
}

static void row_range(struct row *r, const char *min, const char *max)
{
	size_t len = strlen(r->help);

	snprintf(r->help + len, sizeof(r->help) - len, " From %s to %s.", min,
		 max);
}

static void row_size(const char *name, uint64_t def, uint64_t min, uint64_t max,
		     const char *help)
{
	char d[32], lo[32], hi[32];

	size_words(def, d, sizeof(d));
	size_words(min, lo, sizeof(lo));
	size_words(max, hi, sizeof(hi));
	row_range(row_new(name, d, help), lo, hi);
}

static void row_number(const char *name, uint64_t def, uint64_t min,
		       uint64_t max, const char *help)
{
	char d[32], lo[32], hi[32];

	snprintf(d, sizeof(d), "%llu", (unsigned long long)def);
	snprintf(lo, sizeof(lo), "%llu", (unsigned long long)min);
	snprintf(hi, sizeof(hi), "%llu", (unsigned long long)max);
	row_range(row_new(name, d, help), lo, hi);
}

static void row_choice(const char *name, unsigned int def, const char *words,
		       const char *help)
{
	char d[64];

	for (snprintf(d, sizeof(d), "%s", words); def; def--)
		memmove(d, strchr(d, ' ') + 1, strlen(strchr(d, ' ')));
	d[strcspn(d, " ")] = '\0';
	row_new(name, d, help);
}

static void make_rows(void)
{
	row_count = 0;
#define OPTION_TEXT(name, def, help) row_new(#name, def, help);
#define OPTION_SIZE(name, def, min, max, help) \
	row_size(#name, def, min, max, help);
#define OPTION_NUMBER(name, def, min, max, help) \
	row_number(#name, def, min, max, help);
#define OPTION_BOOL(name, def, help) row_new(#name, (def) ? "yes" : "no", help);
#define OPTION_AUTO(name, def, help) \
	row_new(#name, (def) ? "auto" : "off", help);
#define OPTION_CHOICE(name, def, words, help) \
	row_choice(#name, def, words, help);
#define OPTION_PATH(name, def, help) row_new(#name, def, help);
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
}

/* A file of the source tree: the tests also run from a build directory. */
static char *source_file(const char *name)
{
	const char *dir = getenv("srcdir");
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	return path;
}

static void write_file(char *path, const char *text, size_t len)
{
	_cleanup_close_ int fd = -1;

	strcpy(path, "check_config.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
}

static int load_bytes(struct config *c, const char *text, size_t len,
		      struct err *err)
{
	char path[32];
	int ret;

	write_file(path, text, len);
	ret = config_load(c, path, err);
	unlink(path);
	return ret;
}

static int load(struct config *c, const char *text, struct err *err)
{
	return load_bytes(c, text, strlen(text), err);
}

static void assert_defaults(const struct config *c)
{
#define OPTION_TEXT(name, def, help) ck_assert_str_eq(c->name, def);
#define OPTION_SIZE(name, def, min, max, help) \
	ck_assert_uint_eq(c->name, (uint64_t)(def));
#define OPTION_NUMBER(name, def, min, max, help) \
	ck_assert_uint_eq(c->name, (uint64_t)(def));
#define OPTION_BOOL(name, def, help) ck_assert_int_eq(c->name, def);
#define OPTION_AUTO(name, def, help) ck_assert_int_eq(c->name, def);
#define OPTION_CHOICE(name, def, words, help) ck_assert_uint_eq(c->name, def);
#define OPTION_PATH(name, def, help) ck_assert_str_eq(c->name, def);
	OPTIONS
#undef OPTION_TEXT
#undef OPTION_SIZE
#undef OPTION_NUMBER
#undef OPTION_BOOL
#undef OPTION_AUTO
#undef OPTION_CHOICE
#undef OPTION_PATH
}

START_TEST(defaults)
{
	struct config c;
	struct err err;

	config_init(&c);
	assert_defaults(&c);
	ck_assert_int_eq(load(&c, "", &err), 0);
	assert_defaults(&c);
	config_free(&c);
}
END_TEST

/* Lines that are taken: how log_size, roots and text_log then read. */
static const struct good {
	const char *text;
	uint64_t log_size;
	const char *roots, *text_log;
} goods[] = {
#define TEXT "/var/log/contree/contree.log"
	{ "log_size = 1", 1, "containerd", TEXT },
	{ "log_size = 0", 0, "containerd", TEXT },
	{ "log_size=3K", 3 * KIB, "containerd", TEXT },
	{ "log_size\t=\t3k\n", 3 * KIB, "containerd", TEXT },
	{ "log_size = 64G", 64 * GIB, "containerd", TEXT },
	{ "log_size = 68719476736", 64 * GIB, "containerd", TEXT },
	{ "log_size = 007M\r\n", 7 * MIB, "containerd", TEXT },
	{ "  log_size = 5M  \n", 5 * MIB, "containerd", TEXT },
	{ "\n\n# a = b\n; c = d\n  # e = f\nlog_size = 5M\n#\n", 5 * MIB,
	  "containerd", TEXT },
	{ "\xef\xbb\xbflog_size = 5M", 5 * MIB, "containerd", TEXT },
	{ "\xef\xbb\xbf# hello\nlog_size = 5M", 5 * MIB, "containerd", TEXT },
	{ "#" HUNDRED HUNDRED HUNDRED "\nlog_size = 5M", 5 * MIB, "containerd",
	  TEXT },
	/* An indented line is a line, not more of the one before. */
	{ "roots = a\n   log_size = 5M\n", 5 * MIB, "a", TEXT },
	{ "roots = a\n\t# note\n", 64 * MIB, "a", TEXT },
	{ "roots = a  b\tc*", 64 * MIB, "a b c*", TEXT },
	{ "roots = *", 64 * MIB, "*", TEXT },
	{ "text_log = none", 64 * MIB, "containerd", "none" },
	{ "text_log = none\njson_log = none", 64 * MIB, "containerd", "none" },
	{ "text_log = /a = b;c#d", 64 * MIB, "containerd", "/a = b;c#d" },
	{ "text_log = /a b", 64 * MIB, "containerd", "/a b" },
	{ "text_log = //a///b", 64 * MIB, "containerd", "/a/b" },
	{ "text_log = /./a/./.b/..c", 64 * MIB, "containerd", "/a/.b/..c" },
	{ "text_log = /" HUNDRED TEN TEN TEN TEN TEN TEN TEN, 64 * MIB,
	  "containerd", "/" HUNDRED TEN TEN TEN TEN TEN TEN TEN },
#undef TEXT
};

START_TEST(good)
{
	const struct good *g = &goods[_i];
	struct config c;
	struct err err;

	config_init(&c);
	ck_assert_msg(load(&c, g->text, &err) == 0, "<%s>: %s", g->text,
		      err.text);
	ck_assert_msg(c.log_size == g->log_size, "<%s>: log_size %llu", g->text,
		      (unsigned long long)c.log_size);
	ck_assert_msg(strcmp(c.roots, g->roots) == 0, "<%s>: roots <%s>",
		      g->text, c.roots);
	ck_assert_msg(strcmp(c.text_log, g->text_log) == 0,
		      "<%s>: text_log <%s>", g->text, c.text_log);
	config_free(&c);
}
END_TEST

/* Lines that are refused, and the message behind "FILE". */
static const struct bad {
	const char *text;
	const char *message; /* all of it */
} bads[] = {
#define SIZE "a size in bytes between 0 and 64G is wanted, such as 64M"
#define NUMBER "a whole number between 10 and 60000 is wanted, such as 1000"
#define PATH \
	"the absolute path of a file, or none, is wanted, such as " \
	"/var/log/contree/contree.log"
#define NAMES \
	"names with spaces between them are wanted, a * only at a " \
	"name's end, such as containerd"
#define FORM "a line of the form option = value is wanted"
#define LIST "audisp-contree.conf(5) lists them"
#define NONE "there is no such option; "
	{ "log_size = 64Q", ":1: log_size = \"64Q\": " SIZE },
	{ "\n\n# x\nlog_size = 64Q", ":4: log_size = \"64Q\": " SIZE },
	{ "log_size = 64MB", ":1: log_size = \"64MB\": " SIZE },
	{ "log_size = 64 M", ":1: log_size = \"64 M\": " SIZE },
	{ "log_size = M", ":1: log_size = \"M\": " SIZE },
	{ "log_size = -1", ":1: log_size = \"-1\": " SIZE },
	{ "log_size = 0x10", ":1: log_size = \"0x10\": " SIZE },
	{ "log_size = \"64M\"", ":1: log_size = \"\"64M\"\": " SIZE },
	{ "log_size = 65G", ":1: log_size = \"65G\": " SIZE },
	{ "log_size = 18446744073709551617",
	  ":1: log_size = \"18446744073709551617\": " SIZE },
	{ "log_size = 18014398509481985K",
	  ":1: log_size = \"18014398509481985K\": " SIZE },
	{ "log_size =", ":1: log_size has no value: " SIZE },
	{ "log_size =\n  64M", ":1: log_size has no value: " SIZE },
	{ "max_args_bytes = 255",
	  ":1: max_args_bytes = \"255\": a size in bytes between 256 and 2M is "
	  "wanted, such as 16K" },
	{ "linger_ms = 9", ":1: linger_ms = \"9\": " NUMBER },
	{ "linger_ms = 60001", ":1: linger_ms = \"60001\": " NUMBER },
	{ "linger_ms = 1s", ":1: linger_ms = \"1s\": " NUMBER },
	{ "linger_ms = 1K", ":1: linger_ms = \"1K\": " NUMBER },
	{ "linger_ms = 1.5", ":1: linger_ms = \"1.5\": " NUMBER },
	{ "activity = true", ":1: activity = \"true\": yes or no is wanted" },
	{ "activity = Yes", ":1: activity = \"Yes\": yes or no is wanted" },
	{ "text_log = contree.log", ":1: text_log = \"contree.log\": " PATH },
	{ "text_log = /var/log/", ":1: text_log = \"/var/log/\": " PATH },
	{ "text_log = /", ":1: text_log = \"/\": " PATH },
	{ "text_log = /a/..", ":1: text_log = \"/a/..\": " PATH },
	{ "text_log = /a/../b", ":1: text_log = \"/a/../b\": " PATH },
	{ "text_log = /a/.", ":1: text_log = \"/a/.\": " PATH },
	{ "text_log = none\njson_log = /a\nstate = //a\n",
	  ":3: json_log and state name the same file; two files are wanted" },
	{ "state = /a\ntext_log = /./a\n",
	  ":2: text_log and state name the same file; two files are wanted" },
	{ "text_log = None", ":1: text_log = \"None\": " PATH },
	{ "text_log = /a\x1b[2Jb", ":1: text_log = \"/a\\e[2Jb\": " PATH },
	{ "roots = a, b", ":1: roots = \"a, b\": " NAMES },
	{ "roots = /usr/bin/a", ":1: roots = \"/usr/bin/a\": " NAMES },
	{ "roots = a*b", ":1: roots = \"a*b\": " NAMES },
	{ "roots = 'a'", ":1: roots = \"'a'\": " NAMES },
	{ "roots =", ":1: roots has no value: " NAMES },
	{ "log_sise = 1", ":1: \"log_sise\": " NONE "did you mean log_size?" },
	{ "Linger-MS = 1",
	  ":1: \"Linger-MS\": " NONE "did you mean linger_ms?" },
	{ "linger-ms = 1",
	  ":1: \"linger-ms\": " NONE "did you mean linger_ms?" },
	{ "max_process = 1",
	  ":1: \"max_process\": " NONE "did you mean max_processes?" },
	{ "frobnicate = 1", ":1: \"frobnicate\": " NONE LIST },
	{ "a\xff\tb = 1", ":1: \"a\\xff\\tb\": " NONE LIST },
	{ HUNDRED "abc = 1",
	  ":1: \"" TEN TEN TEN TEN TEN TEN "…\": " NONE LIST },
	{ "activity = no\n\nactivity = no\n",
	  ":3: activity is set a second time: line 1 has it too" },
	{ "[main]\n", ":1: \"[main]\": there are no sections here, " FORM },
	{ "[main\n", ":1: \"[main\": there are no sections here, " FORM },
	{ "log_size", ":1: \"log_size\": " FORM },
	{ "log_size: 64M", ":1: \"log_size: 64M\": " FORM },
	{ "log_size 64M", ":1: \"log_size 64M\": " FORM },
	{ "= 64M", ":1: \"= 64M\": " FORM },
	{ "roots = a\n b", ":2: \"b\": " FORM },
	{ "log_size = 64M # big",
	  ":1: \"log_size = 64M # big\": a comment needs a line of its own" },
	{ "log_size = 64M ; big",
	  ":1: \"log_size = 64M ; big\": a comment needs a line of its own" },
	{ "text_log = /" HUNDRED HUNDRED,
	  ":1: \"text_log = /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "…\": this line has 212 bytes, 198 at most are wanted" },
	{ "text_log = /x\njson_log = /x\nactivity = no",
	  ":2: text_log and json_log name the same file; two files are "
	  "wanted" },
	{ "json_log = /var/log/contree/contree.log",
	  ":1: text_log and json_log name the same file; two files are "
	  "wanted" },
	/* The first wrong line is the one that is told. */
	{ "log_size = x\nlinger_ms = y", ":1: log_size = \"x\": " SIZE },
};

START_TEST(bad)
{
	const struct bad *b = &bads[_i];
	struct err err = { .code = -1 };
	struct config c;
	char *message;

	config_init(&c);
	ck_assert_msg(load(&c, b->text, &err) == -1, "<%s> was taken", b->text);
	message = strchr(err.text, ':');
	ck_assert_msg(message && strcmp(message, b->message) == 0,
		      "<%s>:\n   got <%s>\nwanted <%s>", b->text, message,
		      b->message);
	ck_assert_int_eq(err.code, 0);
	assert_defaults(&c);
	config_free(&c);
}
END_TEST

START_TEST(nul_byte)
{
	static const char text[] = "log_size = 5M\nlinger_ms = 10\0 00\n";
	struct config c;
	struct err err;

	config_init(&c);
	ck_assert_int_eq(load_bytes(&c, text, sizeof(text) - 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, ":2: "));
	ck_assert_ptr_nonnull(strstr(err.text, "NUL byte"));
	config_free(&c);
}
END_TEST

START_TEST(no_file)
{
	struct config c;
	struct err err;

	config_init(&c);
	ck_assert_int_eq(config_load(&c, "no/such/file", &err), -1);
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "no/such/file: "));
	ck_assert_int_eq(config_load(&c, ".", &err), -1);
	ck_assert_int_eq(err.code, EISDIR);
	ck_assert_int_eq(config_load(&c, "no/such/file", NULL), -1);
	assert_defaults(&c);
	config_free(&c);
}
END_TEST

/* All or nothing; and what is no longer in the file is its default again. */
START_TEST(reload)
{
	struct config c;
	struct err err;

	config_init(&c);
	ck_assert_int_eq(load(&c, "log_size = 5M\nroots = a\n", &err), 0);
	ck_assert_int_eq(load(&c, "roots = b\nlog_size = x\n", &err), -1);
	ck_assert_uint_eq(c.log_size, 5 * MIB);
	ck_assert_str_eq(c.roots, "a");
	ck_assert_int_eq(load(&c, "roots = b\n", &err), 0);
	ck_assert_uint_eq(c.log_size, 64 * MIB);
	ck_assert_str_eq(c.roots, "b");
	config_free(&c);
}
END_TEST

START_TEST(shipped_parses)
{
	struct config c;
	struct err err;

	config_init(&c);
	ck_assert_msg(config_load(&c, source_file("conf/audisp-contree.conf"),
				  &err) == 0,
		      "%s", err.text);
	assert_defaults(&c);
	config_free(&c);
}
END_TEST

/* Adds a comment's text to what the comment lines before it said. */
static void add_words(struct buf *out, const char *s, size_t len)
{
	if (out->len)
		buf_putc(out, ' ');
	buf_put(out, s, len);
}

/* Every option in the table's order, each below its own help. */
START_TEST(shipped_is_the_table)
{
	_cleanup_fclose_ FILE *f =
		fopen(source_file("conf/audisp-contree.conf"), "re");
	_cleanup_buf_ struct buf comment = BUF_INIT;
	char line[512], expected[128];
	size_t i = 0;

	ck_assert_ptr_nonnull(f);
	make_rows();
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			add_words(&comment, line + 2, strlen(line + 2));
			continue;
		}
		if (!line[0]) {
			buf_clear(&comment);
			continue;
		}
		ck_assert_uint_lt(i, row_count);
		snprintf(expected, sizeof(expected), "%s = %s", rows[i].name,
			 rows[i].def);
		ck_assert_str_eq(line, expected);
		buf_putc(&comment, '\0');
		ck_assert_str_eq(comment.data, rows[i].help);
		buf_clear(&comment);
		i++;
	}
	ck_assert_msg(i == row_count, "%s is missing",
		      i < row_count ? rows[i].name : "nothing");
}
END_TEST

/* The page without roff's escapes, so that words can be looked for. */
static char *read_page(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct buf out = BUF_INIT;
	int c;

	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	while ((c = getc(f)) != EOF) {
		if (c == '\\')
			c = getc(f);
		if (c != '&')
			buf_putc(&out, (char)c);
	}
	buf_putc(&out, '\0');
	return out.data;
}

/* The paragraph that begins with a tag line bearing the option's name. */
static char *find_entry(const char *page, const char *name)
{
	static const char *const ends[] = { "\n.TP", "\n.SH", "\n.It", "\n.Sh",
					    "\n.SS" };
	const char *p = page, *end, *e;
	size_t len = strlen(name);

	for (;; p += len) {
		p = strstr(p, name);
		if (!p)
			return NULL;
		for (e = p; e > page && e[-1] != '\n';)
			e--;
		if (*e == '.' && (p[len] == '\n' || p[len] == ' ') &&
		    (p[-1] == ' ' || p[-1] == '"'))
			break;
	}
	end = p + strlen(p);
	for (size_t i = 0; i < COUNT(ends); i++) {
		e = strstr(p, ends[i]);
		if (e && e < end)
			end = e;
	}
	return strndup(p, (size_t)(end - p));
}

START_TEST(man_page_is_the_table)
{
	_cleanup_free_ char *page =
		read_page(source_file("man/audisp-contree.conf.5"));

	make_rows();
	for (size_t i = 0; i < row_count; i++) {
		_cleanup_free_ char *entry = find_entry(page, rows[i].name);

		ck_assert_msg(entry, "no entry for %s", rows[i].name);
		ck_assert_msg(strstr(entry + strlen(rows[i].name), rows[i].def),
			      "%s: the default %s is not in its entry:\n%s",
			      rows[i].name, rows[i].def, entry);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *lines = tcase_create("lines");
	TCase *documents = tcase_create("documents");

	tcase_add_test(lines, defaults);
	tcase_add_loop_test(lines, good, 0, (int)COUNT(goods));
	tcase_add_loop_test(lines, bad, 0, (int)COUNT(bads));
	tcase_add_test(lines, nul_byte);
	tcase_add_test(lines, no_file);
	tcase_add_test(lines, reload);
	suite_add_tcase(s, lines);
	tcase_add_test(documents, shipped_parses);
	tcase_add_test(documents, shipped_is_the_table);
	tcase_add_test(documents, man_page_is_the_table);
	suite_add_tcase(s, documents);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
