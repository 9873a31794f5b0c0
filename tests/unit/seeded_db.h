/* SPDX-License-Identifier: BSD-2-Clause */
/* seeded_db - for tests that fill a run.db from seeded random numbers: the numbers, and statements. After cmocka.h. */
#ifndef WS_TEST_SEEDED_DB_H
#define WS_TEST_SEEDED_DB_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* A number below n, from a state that is not 0 (xorshift64*, Vigna 2016). */
static inline uint32_t below(uint64_t *state, uint32_t n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* Fails the test if the statement does. */
static inline void execute(sqlite3 *db, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

#define EXECUTE(db, ...)                                   \
	do {                                               \
		char sql_[1024];                           \
                                                           \
		snprintf(sql_, sizeof(sql_), __VA_ARGS__); \
		execute(db, sql_);                         \
	} while (0)

#endif
