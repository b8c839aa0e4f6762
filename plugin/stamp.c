/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stamp.h"

#include <string.h>

#define LAST_MS UINT64_C(253402300799999) /* 9999-12-31 23:59:59.999 */
#define DAY_MS 86400000

/* n with its width of digits, ending before end */
static void put_digits(char *end, uint32_t n, int width)
{
	while (width-- > 0) {
		*--end = (char)('0' + n % 10);
		n /= 10;
	}
}

/*
 * Days since 1970 to year, month, day. Counts the year from March, so that
 * the leap day is its last (H. Hinnant, "chrono-compatible low-level date
 * algorithms").
 */
static void put_date(char *out, uint32_t days)
{
	uint32_t z = days + 719468;
	uint32_t era = z / 146097;
	uint32_t doe = z - era * 146097;
	uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint32_t mp = (5 * doy + 2) / 153;
	uint32_t month = mp < 10 ? mp + 3 : mp - 9;

	put_digits(out + 4, era * 400 + yoe + (month <= 2), 4);
	put_digits(out + 7, month, 2);
	put_digits(out + 10, doy - (153 * mp + 2) / 5 + 1, 2);
}

void stamp(char out[STAMP_BYTES], uint64_t time_ms, char between)
{
	uint64_t ms = time_ms < LAST_MS ? time_ms : LAST_MS;
	uint32_t in_day = (uint32_t)(ms % DAY_MS);

	memcpy(out, "YYYY-MM-DD?hh:mm:ss.mmmZ", STAMP_BYTES);
	out[10] = between;
	put_date(out, (uint32_t)(ms / DAY_MS));
	put_digits(out + 13, in_day / 3600000, 2);
	put_digits(out + 16, in_day / 60000 % 60, 2);
	put_digits(out + 19, in_day / 1000 % 60, 2);
	put_digits(out + 23, in_day % 1000, 3);
}
