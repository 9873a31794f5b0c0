/* SPDX-License-Identifier: BSD-2-Clause */
/* request_text - a request's head in the making. Inner part of request.h. */
#ifndef WS_TEST_REQUEST_TEXT_H
#define WS_TEST_REQUEST_TEXT_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/diff/kernel/request.h"

/* The room behind bytes is the caller's care. */
struct text {
	char *bytes;
	uint32_t len;
	struct request *request;
	struct dice *dice;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += (uint32_t)vsprintf(t->bytes + t->len, format, args);
	va_end(args);
}

/* A cut here is awkward. */
static inline void mark(struct text *t)
{
	if (t->request->n_marks < REQUEST_MARKS_MAX)
		t->request->mark[t->request->n_marks++] = t->len;
}

static inline void end_line(struct text *t)
{
	say(t, "\r");
	mark(t);
	say(t, "\n");
	mark(t);
}

/* A name, some letters in the other case, and the blanks before its value. */
static inline void begin_line(struct text *t, const char *name)
{
	const uint32_t begin = t->len, changes = dice_chance(t->dice, 40);

	for (; *name; name++) {
		const int is_letter = (*name | 0x20) >= 'a' && (*name | 0x20) <= 'z';

		say(t, "%c", changes && is_letter && dice_chance(t->dice, 50) ? *name ^ 0x20 : *name);
	}
	if (t->request->n_marks < REQUEST_MARKS_MAX)
		t->request->mark[t->request->n_marks++] = begin + dice_below(t->dice, t->len - begin);
	say(t, ":%s", dice_chance(t->dice, 80) ? " " : dice_chance(t->dice, 50) ? "" : " \t ");
}

/* The header lines of a good context. */
void request_say_context(struct text *t, uint8_t family);

/* Those of one that does not count. */
void request_say_broken(struct text *t);

#endif
