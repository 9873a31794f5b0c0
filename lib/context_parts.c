/* SPDX-License-Identifier: BSD-2-Clause */
/* context_parts - see the header. */
#include "lib/context_parts.h"

#define DECIMAL_MAX 20 /* digits of UINT64_MAX */
#define UUID_LEN    36

static bool is_separator(const struct ws_value *v, uint8_t c)
{
	return c == (uint8_t)v->separator || (v->separator == ':' && c == '%');
}

uint8_t ws_value_why_short(const struct ws_value *v, size_t n)
{
	if (v->at + n == v->end && v->is_cut)
		return WS_GOES_ON;
	if (v->at + n == v->end || is_separator(v, v->at[n]))
		return n == 0 ? WS_FLAW_PART : WS_FLAW_LENGTH;
	return WS_FLAW_CHARACTER;
}

uint8_t ws_take_end(struct ws_value *v)
{
	const uint8_t *from = v->at;

	ws_value_skip_blanks(v);
	if (v->at == v->end)
		return WS_FLAW_NONE;
	if (v->at == from && (ws_value_is_digit(v, *v->at) || is_separator(v, *v->at)))
		return WS_FLAW_LENGTH;
	return WS_FLAW_CHARACTER;
}

/* ":", or "%3A" where the value came through a URL encoder. */
static uint8_t take_percent_colon(struct ws_value *v)
{
	const size_t n = ws_value_left(v);

	if ((n > 1 && v->at[1] != '3') || (n > 2 && (v->at[2] | 0x20) != 'a'))
		return WS_FLAW_CHARACTER;
	if (n < 3)
		return v->is_cut ? WS_GOES_ON : WS_FLAW_CHARACTER;
	v->at += 3;
	return WS_FLAW_NONE;
}

uint8_t ws_take_separator(struct ws_value *v)
{
	if (v->at == v->end)
		return v->is_cut ? WS_GOES_ON : WS_FLAW_PART;
	if (*v->at == '%' && v->separator == ':')
		return take_percent_colon(v);
	if (*v->at != (uint8_t)v->separator)
		return ws_value_is_digit(v, *v->at) ? WS_FLAW_LENGTH : WS_FLAW_CHARACTER;
	v->at++;
	return WS_FLAW_NONE;
}

static uint8_t why_not_hex(const struct ws_value *v, size_t n_digits)
{
	size_t n = 0;

	while (n < n_digits && n < ws_value_left(v) && ws_value_is_digit(v, v->at[n]))
		n++;
	return ws_value_why_short(v, n);
}

uint8_t ws_take_hex(struct ws_value *v, size_t n_digits, uint8_t *to)
{
	if (ws_value_left(v) < n_digits)
		return why_not_hex(v, n_digits);
	for (size_t i = 0; i < n_digits; i += 8) {
		uint64_t digits;
		uint32_t bytes;

		memcpy(&digits, v->at + i, 8);
		if (v->digits == WS_DIGITS_HEX) /* what has bit 6 is a letter at best: to lower case */
			digits |= (digits & 0x4040404040404040u) >> 1;
		if (ws_hex8(digits, &bytes))
			return why_not_hex(v, n_digits);
		memcpy(to + i / 2, &bytes, 4);
	}
	v->at += n_digits;
	return WS_FLAW_NONE;
}

static uint8_t hex_value(uint8_t c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

uint8_t ws_take_byte(struct ws_value *v, uint8_t *byte)
{
	if (ws_value_left(v) < 2 || !ws_value_is_digit(v, v->at[0]) || !ws_value_is_digit(v, v->at[1]))
		return why_not_hex(v, 2);
	*byte = (uint8_t)(hex_value(v->at[0]) << 4 | hex_value(v->at[1]));
	v->at += 2;
	return WS_FLAW_NONE;
}

uint8_t ws_take_short_hex(struct ws_value *v, size_t n_max, uint8_t *to, size_t *n_digits)
{
	uint8_t digits[32];
	struct ws_value padded = { .at = digits, .end = digits + n_max, .digits = v->digits };
	size_t n = 0;

	while (n < n_max && n < ws_value_left(v) && ws_value_is_digit(v, v->at[n]))
		n++;
	if (n == 0 || (n < n_max && n == ws_value_left(v) && v->is_cut))
		return ws_value_why_short(v, n);
	memset(digits, '0', n_max - n);
	memcpy(digits + n_max - n, v->at, n);
	v->at += n;
	*n_digits = n;
	return ws_take_hex(&padded, n_max, to);
}

uint8_t ws_take_decimal(struct ws_value *v, uint8_t to[8])
{
	uint64_t number = 0;
	size_t n = 0;

	for (; n < DECIMAL_MAX && n < ws_value_left(v) && v->at[n] >= '0' && v->at[n] <= '9'; n++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, v->at[n] - (uint64_t)'0', &number))
			return WS_FLAW_LENGTH;
	if (n == 0 || (n < DECIMAL_MAX && n == ws_value_left(v) && v->is_cut))
		return ws_value_why_short(v, n);
	number = __builtin_bswap64(number);
	memcpy(to, &number, 8);
	v->at += n;
	return WS_FLAW_NONE;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint8_t ws_take_base64(struct ws_value *v, uint8_t text[WS_BASE64_TEXT_MAX], size_t *len)
{
	size_t n = 0, n_text = 0, n_padding = 0;
	uint32_t bits = 0;

	for (; n < ws_value_left(v) && v->at[n] != (uint8_t)v->separator; n++) {
		const int value = base64_value(v->at[n]);

		if ((value < 0 && v->at[n] != '=') || (value >= 0 && n_padding))
			return WS_FLAW_CHARACTER;
		n_padding += value < 0;
		bits = bits << 6 | (value < 0 ? 0 : (uint32_t)value);
		if (n % 4 != 3)
			continue;
		for (int shift = 16; shift >= 0 && n_text < WS_BASE64_TEXT_MAX; shift -= 8)
			text[n_text++] = (uint8_t)(bits >> shift);
	}
	if (n == 0 || (n == ws_value_left(v) && v->is_cut))
		return ws_value_why_short(v, n);
	if (n % 4 || n_padding > 2)
		return WS_FLAW_LENGTH;
	*len = n_text - n_padding;
	v->at += n;
	return WS_FLAW_NONE;
}

bool ws_text_is_128_bits(const uint8_t *text, size_t len, uint8_t id[16])
{
	uint8_t digits[32];
	struct ws_value v = { .at = digits, .end = digits + sizeof(digits), .digits = WS_DIGITS_HEX };

	if (len == UUID_LEN && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-') {
		memcpy(digits, text, 8);
		memcpy(digits + 8, text + 9, 4);
		memcpy(digits + 12, text + 14, 4);
		memcpy(digits + 16, text + 19, 4);
		memcpy(digits + 20, text + 24, 12);
	} else if (len == sizeof(digits)) {
		memcpy(digits, text, sizeof(digits));
	} else {
		return false;
	}
	return ws_take_hex(&v, sizeof(digits), id) == WS_FLAW_NONE;
}
