/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Untrusted bytes: every byte, every malformed form of UTF-8, every code
 * point. What comes out must be printable, and tell what went in.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "eyes.h"
#include "safe.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(s) s, sizeof(s) - 1

typedef void safe_fn(struct buf *out, const char *s, size_t len);

/* Whole answers, read by eye */
static const struct {
	const char *in;
	size_t len;
	const char *json, *text, *word;
} rows[] = {
	{ BYTES(""), "\"\"", "", "''" },
	{ BYTES("ls"), "\"ls\"", "ls", "ls" },
	{ BYTES("/usr/bin/x-1_2.3:4,5+6@7%8=9"),
	  "\"/usr/bin/x-1_2.3:4,5+6@7%8=9\"", "/usr/bin/x-1_2.3:4,5+6@7%8=9",
	  "/usr/bin/x-1_2.3:4,5+6@7%8=9" },
	{ BYTES("a b"), "\"a b\"", "a b", "'a b'" },
	{ BYTES("a\"b"), "\"a\\\"b\"", "a\"b", "'a\"b'" },
	{ BYTES("it's"), "\"it's\"", "it's", "'it'\\''s'" },
	{ BYTES("'"), "\"'\"", "'", "''\\'''" },
	{ BYTES("a\\b"), "\"a\\\\b\"", "a\\\\b", "'a\\b'" },
	{ BYTES("a\nb"), "\"a\\nb\"", "a\\nb", "$'a\\nb'" },
	{ BYTES("\t\r\b\f"), "\"\\t\\r\\b\\f\"", "\\t\\r\\x08\\x0c",
	  "$'\\t\\r\\x08\\x0c'" },
	{ BYTES("'\n\\"), "\"'\\n\\\\\"", "'\\n\\\\", "$'\\'\\n\\\\'" },
	{ BYTES("\033[2J"), "\"\\u001b[2J\"", "\\e[2J", "$'\\e[2J'" },
	{ BYTES("\0x"), "\"\\u0000x\"", "\\x00x", "$'\\x00x'" },
	{ BYTES("\177"), "\"\\u007f\"", "\\x7f", "$'\\x7f'" },
	{ BYTES("#"), "\"#\"", "#", "'#'" },
	{ BYTES("~"), "\"~\"", "~", "'~'" },
	{ BYTES("$(x)"), "\"$(x)\"", "$(x)", "'$(x)'" },
	{ BYTES("…"), "\"…\"", "…", "'…'" },
	{ BYTES("né日😀"), "\"né日😀\"", "né日😀", "'né日😀'" },
	{ BYTES("\xc2\x85"), "\"\\u0085\"", "\\u{0085}", "$'\\xc2\\x85'" },
	{ BYTES("\xe2\x80\xae"), "\"\\u202e\"", "\\u{202e}",
	  "$'\\xe2\\x80\\xae'" },
	{ BYTES("\xe2\x80\xa8"), "\"\\u2028\"", "\\u{2028}",
	  "$'\\xe2\\x80\\xa8'" },
	{ BYTES("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"", "\\u{e0041}",
	  "$'\\xf3\\xa0\\x81\\x81'" },
	{ BYTES("x\xffy"), "\"x\xef\xbf\xbdy\"", "x\\xffy", "$'x\\xffy'" },
	{ BYTES("\xc3\n"), "\"\xef\xbf\xbd\\n\"", "\\xc3\\n", "$'\\xc3\\n'" },
};

static void check_json(const char *in, size_t len, const char *what)
{
	_cleanup_buf_ struct buf out = BUF_INIT, want = BUF_INIT;
	struct json_object *json;

	safe_json(&out, in, len);
	eyes_printable(out.data, out.len, what);
	eyes_replaced(&want, in, len);
	buf_putc(&out, '\0');
	json = json_tokener_parse(out.data);
	must(json, "%s: no JSON: %s", what, out.data);
	must((size_t)json_object_get_string_len(json) == want.len &&
		     (!want.len || !memcmp(json_object_get_string(json),
					   want.data, want.len)),
	     "%s: JSON reads back otherwise: %s", what, out.data);
	json_object_put(json);
}

static void check_word(safe_fn *fn, const char *in, size_t len,
		       const char *what)
{
	_cleanup_buf_ struct buf out = BUF_INIT, back = BUF_INIT;
	const char *end;

	fn(&out, in, len);
	eyes_printable(out.data, out.len, what);
	buf_putc(&out, '\0');
	end = eyes_word(&back, out.data);
	must(!*end && back.len == len && (!len || !memcmp(back.data, in, len)),
	     "%s: a shell reads otherwise: %s", what, out.data);
	for (end = out.data; fn == safe_label && *end; end++)
		must(!(*end & 0x80), "%s: a label is no ASCII", what);
}

static void check_all(const char *in, size_t len, const char *what)
{
	_cleanup_buf_ struct buf text = BUF_INIT, ascii = BUF_INIT;
	size_t i;

	check_json(in, len, what);
	check_word(safe_word, in, len, what);
	check_word(safe_label, in, len, what);
	safe_text(&text, in, len);
	eyes_printable(text.data, text.len, what);
	safe_ascii(&ascii, text.data, text.len);
	eyes_printable(ascii.data, ascii.len, what);
	for (i = 0; i < ascii.len; i++)
		must(!(ascii.data[i] & 0x80), "%s: no ASCII", what);
}

static void check_text(safe_fn *fn, int row, const char *want)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	fn(&out, rows[row].in, rows[row].len);
	buf_putc(&out, '\0');
	must(!strcmp(out.data, want), "row %d: %s is not %s", row, out.data,
	     want);
}

START_TEST(test_rows)
{
	check_text(safe_json, _i, rows[_i].json);
	check_text(safe_text, _i, rows[_i].text);
	check_text(safe_word, _i, rows[_i].word);
	check_all(rows[_i].in, rows[_i].len, rows[_i].json);
}
END_TEST

START_TEST(test_malformed)
{
	const char *name = malformed[_i].name;
	_cleanup_buf_ struct buf in = BUF_INIT, text = BUF_INIT;
	size_t i;

	check_all(malformed[_i].in, malformed[_i].len, name);
	/* every bad byte told, and what stands around untouched */
	buf_putc(&in, '<');
	buf_put(&in, malformed[_i].in, malformed[_i].len);
	buf_putc(&in, '>');
	check_all(in.data, in.len, name);
	safe_text(&text, in.data, in.len);
	ck_assert_msg(text.len == 2 + 4 * malformed[_i].bad, "%s: %.*s", name,
		      (int)text.len, text.data);
	for (i = 0; i < malformed[_i].bad; i++)
		ck_assert_msg(!memcmp(text.data + 1 + 4 * i, "\\x", 2),
			      "%s: byte %zu is not told", name, i);
}
END_TEST

/* Every pair of bytes: so every byte, alone, first and last */
START_TEST(test_pairs)
{
	char in[4] = "a?b", what[16];
	int low;

	snprintf(what, sizeof(what), "byte %02x", (unsigned int)_i);
	in[1] = (char)_i;
	check_all(in, 3, what);
	check_all(in + 1, 1, what);
	for (low = 0; low < 256; low++) {
		in[2] = (char)low;
		snprintf(what, sizeof(what), "pair %02x%02x", (unsigned int)_i,
			 (unsigned int)low);
		check_all(in, 3, what);
	}
}
END_TEST

static size_t encode(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* Every code point, surrogates and those beyond Unicode too */
START_TEST(test_code_points)
{
	char in[64 * 4], what[16];
	size_t len = 0;
	uint32_t cp;

	for (cp = 0; cp < 0x120000; cp++) {
		len += encode(in + len, cp);
		if (cp % 64 != 63)
			continue;
		snprintf(what, sizeof(what), "U+%04X", (unsigned int)cp - 63);
		check_all(in, len, what);
		len = 0;
	}
}
END_TEST

/* Plain bytes are looked at by eights: each byte, wherever it is in one. */
START_TEST(test_places)
{
	char in[24], what[32];

	for (size_t at = 0; at < sizeof(in); at++) {
		memset(in, 'a', sizeof(in));
		in[at] = (char)_i;
		snprintf(what, sizeof(what), "byte %d at %zu", _i, at);
		check_all(in, sizeof(in), what);
	}
}
END_TEST

START_TEST(test_random)
{
	unsigned int seed = 1, round;
	char in[128], what[16];
	size_t i, len;

	for (round = 0; round < 20000; round++) {
		len = (size_t)rand_r(&seed) % sizeof(in);
		for (i = 0; i < len; i++)
			in[i] = (char)(rand_r(&seed) >> 7);
		snprintf(what, sizeof(what), "round %u", round);
		check_all(in, len, what);
	}
}
END_TEST

static const struct {
	const char *in;
	size_t max, want;
} cuts[] = {
	{ "", 0, 0 },	  { "abc", 0, 0 },
	{ "abc", 2, 2 },  { "abc", 3, 3 },
	{ "abc", 9, 3 },  { "é", 1, 0 },
	{ "aé", 2, 1 },	  { "aé", 3, 3 },
	{ "日", 2, 0 },	  { "a日b", 3, 1 },
	{ "a日b", 4, 4 }, { "a😀", 4, 1 },
	{ "a😀b", 5, 5 },  { "\x80\x80\x80\x80\x80", 4, 4 },
};

START_TEST(test_cut)
{
	size_t n = safe_cut(cuts[_i].in, strlen(cuts[_i].in), cuts[_i].max);

	ck_assert_msg(n == cuts[_i].want, "row %d: %s at %zu gives %zu", _i,
		      cuts[_i].in, cuts[_i].max, n);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("safe");
	TCase *t = tcase_create("safe");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_loop_test(t, test_malformed, 0, n_malformed);
	tcase_add_loop_test(t, test_pairs, 0, 256);
	tcase_add_loop_test(t, test_places, 0, 256);
	tcase_add_test(t, test_code_points);
	tcase_add_test(t, test_random);
	tcase_add_loop_test(t, test_cut, 0, COUNT(cuts));
	suite_add_tcase(s, t);
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
