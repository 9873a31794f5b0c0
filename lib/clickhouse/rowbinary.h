/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rowbinary - ClickHouse's format RowBinary: rows as the bytes of their values, one behind the other. Integers are
 * little-endian, strings have their length as a varint (LEB128) before them, a nullable value a byte: 1 for NULL.
 */
#ifndef WS_ROWBINARY_H
#define WS_ROWBINARY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Types of columns. Of those that may be null, WS_KIND_NULLABLE is set. */
enum ws_kind {
	WS_KIND_U8,
	WS_KIND_U16,
	WS_KIND_U32,
	WS_KIND_I64,
	WS_KIND_STRING,
	WS_KIND_STRING_OR_NULL, /* a String whose empty value stands for NULL: may be part of a key */
	WS_KIND_FIXED_16,	/* FixedString(16) */
	WS_N_KINDS,
	WS_KIND_NULLABLE = 0x40,
};

/* Room for a varint. */
#define WS_VARINT_MAX 10

/* Longer strings are taken for damage. */
#define WS_ROWBINARY_STRING_MAX (256u << 20)

enum ws_value_type {
	WS_VALUE_NULL,
	WS_VALUE_INTEGER,
	WS_VALUE_BYTES,
};

struct ws_value {
	enum ws_value_type type;
	int64_t integer;
	const uint8_t *bytes; /* in what was decoded */
	size_t n_bytes;
};

/* The type's name in SQL: "Nullable(UInt32)". Static. */
const char *ws_kind_name(unsigned int kind);

/*
 * Decodes the value at bytes, of which n are at hand. Returns the bytes that it took; 0: more are needed; -EBADMSG: no
 * value begins so. value is changed only where one was decoded.
 */
int64_t ws_rowbinary_value(unsigned int kind, const uint8_t *bytes, size_t n, struct ws_value *value);

/* Each writes a value at `at`, where there is room, and returns the place behind it. */
static inline uint8_t *ws_put_u8(uint8_t *at, uint8_t value)
{
	*at = value;
	return at + 1;
}

static inline uint8_t *ws_put_u16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *ws_put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *ws_put_i64(uint8_t *at, int64_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *ws_put_varint(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *ws_put_bytes(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

/* WS_VARINT_MAX + n bytes at most. */
static inline uint8_t *ws_put_string(uint8_t *at, const void *bytes, size_t n)
{
	return ws_put_bytes(ws_put_varint(at, n), bytes, n);
}

#endif
