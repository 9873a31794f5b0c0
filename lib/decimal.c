/* SPDX-License-Identifier: BSD-2-Clause */
/* decimal - see the header. Days are counted as in RFC 3339, appendix B: years that begin in March. */
#include "lib/decimal.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define NS_DIGITS 9

int64_t ws_power_of_ten(uint32_t n)
{
	int64_t power = 1;

	while (n--)
		power *= 10;
	return power;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends digits to a number. */
static int append(const char *text, size_t len, int64_t *value)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return -EINVAL;
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, text[i] - '0', value))
			return -ERANGE;
	}
	return 0;
}

static bool are_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return false;
	return len > 0;
}

int ws_integer_read(const char *text, size_t len, uint32_t scale, int64_t *value)
{
	int64_t v = 0;
	int rc;

	if (!are_digits(text, len))
		return -EINVAL;
	rc = append(text, len, &v);
	if (rc == 0 && __builtin_mul_overflow(v, ws_power_of_ten(scale), &v))
		rc = -ERANGE;
	if (rc == 0)
		*value = v;
	return rc;
}

int ws_decimal_read(const char *text, size_t len, uint32_t scale, int64_t *value, uint32_t *n_fraction_digits)
{
	const char *point = memchr(text, '.', len);
	size_t n_whole = point ? (size_t)(point - text) : len;
	size_t n_fraction = point ? len - n_whole - 1 : 0, n_used = n_fraction < scale ? n_fraction : scale;
	int64_t v = 0;
	int rc;

	if (!are_digits(text, n_whole) || (point && !are_digits(point + 1, n_fraction)))
		return -EINVAL;
	for (size_t i = n_used; i < n_fraction; i++)
		if (point[1 + i] != '0')
			return -ERANGE;
	rc = append(text, n_whole, &v);
	if (rc == 0 && point)
		rc = append(point + 1, n_used, &v);
	if (rc == 0 && __builtin_mul_overflow(v, ws_power_of_ten(scale - (uint32_t)n_used), &v))
		rc = -ERANGE;
	if (rc)
		return rc;
	*value = v;
	if (n_fraction_digits)
		*n_fraction_digits = n_fraction > UINT32_MAX ? UINT32_MAX : (uint32_t)n_fraction;
	return 0;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 719469;
}

static int64_t days_in(int64_t year, int64_t month)
{
	return month == 12 ? 31 : days_to(year, month + 1, 1) - days_to(year, month, 1);
}

/* Two or four digits of a fixed place, at most so large; negative if they are not that. */
static int64_t part(const char *text, size_t n, int64_t max)
{
	int64_t v = 0;

	return append(text, n, &v) == 0 && v <= max ? v : -1;
}

/* "Z" or "+09:30" as seconds east. */
static int read_zone(const char *text, size_t len, int64_t *east_s)
{
	int64_t hours, minutes;

	if (len == 1 && (text[0] == 'Z' || text[0] == 'z')) {
		*east_s = 0;
		return 0;
	}
	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return -EINVAL;
	hours = part(text + 1, 2, 23);
	minutes = part(text + 4, 2, 59);
	if (hours < 0 || minutes < 0)
		return -EINVAL;
	*east_s = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

/* "2020-02-29T23:59:59" as seconds since the epoch, as if in UTC. */
static int read_second(const char *text, int64_t *second)
{
	const int64_t year = part(text, 4, 9999), month = part(text + 5, 2, 12), day = part(text + 8, 2, 31);
	const int64_t hour = part(text + 11, 2, 23), minute = part(text + 14, 2, 59), s = part(text + 17, 2, 59);

	if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || s < 0)
		return -EINVAL;
	if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
	    text[16] != ':')
		return -EINVAL;
	if (day > days_in(year, month))
		return -EINVAL;
	*second = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + s;
	return 0;
}

int ws_rfc3339_read(const char *text, size_t len, int64_t *ns, uint32_t *n_fraction_digits)
{
	size_t off = sizeof("2020-02-29T23:59:59") - 1, n_fraction = 0;
	int64_t second, east_s, fraction = 0, result;

	if (len <= off || read_second(text, &second))
		return -EINVAL;
	if (text[off] == '.') {
		off++;
		while (off + n_fraction < len && is_digit(text[off + n_fraction]))
			n_fraction++;
		if (n_fraction == 0 || n_fraction > NS_DIGITS)
			return -EINVAL;
		append(text + off, n_fraction, &fraction);
		off += n_fraction;
	}
	if (read_zone(text + off, len - off, &east_s))
		return -EINVAL;
	fraction *= ws_power_of_ten(NS_DIGITS - (uint32_t)n_fraction);
	second -= east_s;
	if (second < 0 || __builtin_mul_overflow(second, ws_power_of_ten(NS_DIGITS), &result) ||
	    __builtin_add_overflow(result, fraction, &result))
		return -ERANGE;
	*ns = result;
	if (n_fraction_digits)
		*n_fraction_digits = (uint32_t)n_fraction;
	return 0;
}
