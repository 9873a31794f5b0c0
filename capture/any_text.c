/* SPDX-License-Identifier: BSD-2-Clause */
/* any_text - see any_text.h. */
#include "capture/any_text.h"

#include <stdlib.h>
#include <string.h>

json_t *ws_any_text(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	string = json_string(copy ? copy : "");
	free(copy);
	return string;
}
