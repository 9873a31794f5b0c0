/* SPDX-License-Identifier: BSD-2-Clause */
/* json - see json.h. */
#include "analyze/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_memory.h"

json_t *ws_json_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

json_t *ws_json_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *ws_json_integer_if(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

json_t *ws_json_real_if(bool known, double value)
{
	return known ? ws_json_real(value) : json_null();
}

json_t *ws_json_us(uint64_t ns)
{
	return json_real((double)ns / 1000);
}

json_t *ws_json_signed_us(int64_t ns)
{
	return json_real((double)ns / 1000);
}

json_t *ws_conditions_json(const struct ws_conditions *conditions)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < conditions->n; i++) {
		/* ingest takes keys from JSON: they are UTF-8. */
		if (json_object_set_new(object, conditions->at[i].key, ws_json_text(conditions->at[i].value))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

int ws_json_print(json_t *document, FILE *out)
{
	int rc;

	if (!document || ws_json_memory_was_short()) { /* or it may lack something */
		json_decref(document);
		return -ENOMEM;
	}
	rc = json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) ? -EIO : 0;
	json_decref(document);
	if (rc && ws_json_memory_was_short())
		return -ENOMEM;
	return rc || fputc('\n', out) == EOF ? -EIO : 0;
}

int ws_json_print_row(json_t *row, bool first, FILE *out)
{
	int rc;

	if (!row || ws_json_memory_was_short()) {
		json_decref(row);
		return -ENOMEM;
	}
	fputs(first ? "\n" : ",\n", out);
	rc = json_dumpf(row, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) ? -EIO : 0;
	json_decref(row);
	return rc && ws_json_memory_was_short() ? -ENOMEM : rc;
}
