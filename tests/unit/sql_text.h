/* SPDX-License-Identifier: BSD-2-Clause */
/* sql_text - whether SQL that was put together is well formed. */
#ifndef WS_TESTS_SQL_TEXT_H
#define WS_TESTS_SQL_TEXT_H

#include <stdbool.h>

/* Is every parenthesis outside of literals closed, and every literal? */
static bool is_whole(const char *text)
{
	bool is_quoted = false;
	int depth = 0;

	for (; *text && depth >= 0; text++) {
		if (is_quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '\'')
			is_quoted = !is_quoted;
		else if (!is_quoted)
			depth += (*text == '(') - (*text == ')');
	}
	return !is_quoted && depth == 0;
}

#endif
