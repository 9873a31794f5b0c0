/* SPDX-License-Identifier: BSD-2-Clause */
/* rowbinary - see the header: bounds before reads; nothing is copied. */
#include "lib/clickhouse/rowbinary.h"

#include <errno.h>

const char *ws_kind_name(unsigned int kind)
{
	static const char *const plain[WS_N_KINDS] = { "UInt8",	 "UInt16", "UInt32",	     "Int64",
						       "String", "String", "FixedString(16)" };
	static const char *const nullable[WS_N_KINDS] = {
		"Nullable(UInt8)",  "Nullable(UInt16)", "Nullable(UInt32)",	     "Nullable(Int64)",
		"Nullable(String)", "Nullable(String)", "Nullable(FixedString(16))",
	};
	const unsigned int base = kind & ~(unsigned int)WS_KIND_NULLABLE;

	if (base >= WS_N_KINDS)
		return "";
	return kind & WS_KIND_NULLABLE ? nullable[base] : plain[base];
}

/* Returns the bytes that it took, 0 for more, -EBADMSG for more than 64 bits. */
static int varint_at(const uint8_t *bytes, size_t n, uint64_t *value)
{
	uint64_t sum = 0;

	for (int i = 0; i < WS_VARINT_MAX; i++) {
		if ((size_t)i == n)
			return 0;
		if (i == WS_VARINT_MAX - 1 && bytes[i] > 1)
			return -EBADMSG;
		sum |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if (!(bytes[i] & 0x80)) {
			*value = sum;
			return i + 1;
		}
	}
	return -EBADMSG;
}

static int64_t string_at(const uint8_t *bytes, size_t n, struct ws_value *value)
{
	uint64_t len;
	const int at = varint_at(bytes, n, &len);

	if (at <= 0)
		return at;
	if (len > WS_ROWBINARY_STRING_MAX)
		return -EBADMSG;
	if (len > n - (size_t)at)
		return 0;
	*value = (struct ws_value) { .type = WS_VALUE_BYTES, .bytes = bytes + at, .n_bytes = (size_t)len };
	return at + (int64_t)len;
}

static int64_t integer_at(const uint8_t *bytes, size_t n, size_t width, struct ws_value *value)
{
	uint64_t number = 0;

	if (n < width)
		return 0;
	memcpy(&number, bytes, width); /* little-endian, as this machine is: lib/record.h */
	*value = (struct ws_value) { .type = WS_VALUE_INTEGER, .integer = (int64_t)number };
	return (int64_t)width;
}

static int64_t plain_at(unsigned int kind, const uint8_t *bytes, size_t n, struct ws_value *value)
{
	int64_t took;

	switch (kind) {
	case WS_KIND_U8:
		return integer_at(bytes, n, 1, value);
	case WS_KIND_U16:
		return integer_at(bytes, n, 2, value);
	case WS_KIND_U32:
		return integer_at(bytes, n, 4, value);
	case WS_KIND_I64:
		return integer_at(bytes, n, 8, value);
	case WS_KIND_STRING:
		return string_at(bytes, n, value);
	case WS_KIND_STRING_OR_NULL:
		took = string_at(bytes, n, value);
		if (took > 0 && value->n_bytes == 0)
			*value = (struct ws_value) { .type = WS_VALUE_NULL };
		return took;
	case WS_KIND_FIXED_16:
		if (n < 16)
			return 0;
		*value = (struct ws_value) { .type = WS_VALUE_BYTES, .bytes = bytes, .n_bytes = 16 };
		return 16;
	default:
		return -EBADMSG;
	}
}

int64_t ws_rowbinary_value(unsigned int kind, const uint8_t *bytes, size_t n, struct ws_value *value)
{
	int64_t took;

	if (!(kind & WS_KIND_NULLABLE))
		return plain_at(kind, bytes, n, value);
	if (n == 0)
		return 0;
	if (bytes[0] == 1) {
		*value = (struct ws_value) { .type = WS_VALUE_NULL };
		return 1;
	}
	if (bytes[0] != 0)
		return -EBADMSG;
	took = plain_at(kind & ~(unsigned int)WS_KIND_NULLABLE, bytes + 1, n - 1, value);
	return took > 0 ? took + 1 : took;
}
