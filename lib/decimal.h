/* SPDX-License-Identifier: BSD-2-Clause */
/* decimal - numbers and times written in decimal, as integers: exact, or refused. */
#ifndef WS_DECIMAL_H
#define WS_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* 10 to the power of n, for n up to 18. */
int64_t ws_power_of_ten(uint32_t n);

/*
 * Reads digits, "0042", as a count of 10^-scale: "42" with scale 3 is 42000. Returns 0; -EINVAL if it is anything else
 * than digits; -ERANGE if it does not fit into an int64_t.
 */
int ws_integer_read(const char *text, size_t len, uint32_t scale, int64_t *value);

/*
 * Reads digits that may hold a point, "12.0345", as a count of 10^-scale. Digits stand on both sides of a point; there
 * is no sign and no exponent. *n_fraction_digits, if it is asked for, is the number of digits behind the point. Returns
 * as ws_integer_read(); -ERANGE, too, if a digit other than 0 stands behind the first scale digits of the fraction.
 */
int ws_decimal_read(const char *text, size_t len, uint32_t scale, int64_t *value, uint32_t *n_fraction_digits);

/*
 * Reads a time of RFC 3339, "2020-02-29T23:59:59.5+09:00", as ns since the epoch. At most nine digits of a second; no
 * leap seconds, which CLOCK_REALTIME does not have. Returns 0; -EINVAL if it is none; -ERANGE before 1970 or after
 * 2262.
 */
int ws_rfc3339_read(const char *text, size_t len, int64_t *ns, uint32_t *n_fraction_digits);

#endif
