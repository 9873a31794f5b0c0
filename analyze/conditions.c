/* SPDX-License-Identifier: BSD-2-Clause */
/* conditions - see conditions.h. */
#include "analyze/conditions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ws_conditions_leading[] = { "run", "overlay", "headers", "rate_per_s", "attached", NULL };

/* What was attached, in the order of what it adds. */
static const struct {
	const char *value;
	const char *words;
} attached[] = {
	{ "none", "nothing attached" }, { "pcap", "pcap alone" },	   { "ebpf", "eBPF alone" },
	{ "both", "eBPF and pcap" },	{ "wakeup", "eBPF with wake-up" }, { "sweep", "several searches" },
};
#define N_ATTACHED (sizeof(attached) / sizeof(*attached))

bool ws_condition_is_bookkeeping(const char *key)
{
	return !strcmp(key, "round") || !strcmp(key, "campaign") || !strcmp(key, "beside");
}

/* The index of the key, or of the place where it belongs. */
static uint32_t find(const struct ws_conditions *conditions, const char *key)
{
	uint32_t i = 0;

	while (i < conditions->n && strcmp(conditions->at[i].key, key) < 0)
		i++;
	return i;
}

int ws_conditions_set(struct ws_conditions *conditions, const char *key, const char *value)
{
	uint32_t i = find(conditions, key);
	char *copy = strdup(value), *name;
	struct ws_condition *grown;

	if (!copy)
		return -ENOMEM;
	if (i < conditions->n && !strcmp(conditions->at[i].key, key)) {
		free(conditions->at[i].value);
		conditions->at[i].value = copy;
		return 0;
	}
	name = strdup(key);
	grown = name ? realloc(conditions->at, (conditions->n + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(name);
		free(copy);
		return -ENOMEM;
	}
	conditions->at = grown;
	memmove(&grown[i + 1], &grown[i], (conditions->n - i) * sizeof(*grown));
	grown[i] = (struct ws_condition) { name, copy };
	conditions->n++;
	return 0;
}

const char *ws_conditions_get(const struct ws_conditions *conditions, const char *key)
{
	uint32_t i = find(conditions, key);

	return i < conditions->n && !strcmp(conditions->at[i].key, key) ? conditions->at[i].value : NULL;
}

bool ws_conditions_is(const struct ws_conditions *conditions, const char *key, const char *value)
{
	const char *has = ws_conditions_get(conditions, key);

	return has && !strcmp(has, value);
}

/* The place of a value of 'attached' in its order; unknown ones last. */
static size_t attached_rank(const char *value)
{
	size_t i = 0;

	while (i < N_ATTACHED && strcmp(attached[i].value, value))
		i++;
	return i;
}

/* Is all of the text a decimal number? What strtod() takes beside (nan, inf, 0x1p3) has no place in an order. */
static bool number_of(const char *text, double *number)
{
	const char *at = text + (*text == '-');
	size_t n_whole = strspn(at, "0123456789"), n_part = 0;

	at += n_whole;
	if (*at == '.')
		at += 1 + (n_part = strspn(at + 1, "0123456789"));
	if (*at || !n_whole || (at[-1] == '.' && !n_part))
		return false;
	*number = strtod(text, NULL);
	return true;
}

/* Numbers, then texts; a total order. */
static int compare_texts(const char *a, const char *b)
{
	double left, right;
	bool is_left = number_of(a, &left), is_right = number_of(b, &right);

	if (is_left != is_right)
		return is_left ? -1 : 1;
	if (is_left && left != right)
		return left < right ? -1 : 1;
	return strcmp(a, b);
}

static int compare_values(const char *key, const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	if (!strcmp(key, "attached") && attached_rank(a) != attached_rank(b))
		return attached_rank(a) < attached_rank(b) ? -1 : 1;
	return compare_texts(a, b);
}

int ws_conditions_compare_key(const struct ws_conditions *a, const struct ws_conditions *b, const char *key)
{
	return compare_values(key, ws_conditions_get(a, key), ws_conditions_get(b, key));
}

/* Compares the other keys, in their order. */
static int compare_rest(const struct ws_conditions *a, const struct ws_conditions *b)
{
	uint32_t i = 0, k = 0;

	for (;;) {
		int order;

		while (i < a->n && ws_condition_is_bookkeeping(a->at[i].key))
			i++;
		while (k < b->n && ws_condition_is_bookkeeping(b->at[k].key))
			k++;
		if (i == a->n || k == b->n)
			return (i < a->n) - (k < b->n);
		order = strcmp(a->at[i].key, b->at[k].key);
		if (!order)
			order = compare_values(a->at[i].key, a->at[i].value, b->at[k].value);
		if (order)
			return order;
		i++;
		k++;
	}
}

int ws_conditions_compare(const struct ws_conditions *a, const struct ws_conditions *b)
{
	for (size_t i = 0; ws_conditions_leading[i]; i++) {
		int order = ws_conditions_compare_key(a, b, ws_conditions_leading[i]);

		if (order)
			return order;
	}
	return compare_rest(a, b);
}

void ws_condition_words(const char *key, const char *value, char *text, size_t size)
{
	if (!strcmp(key, "overlay"))
		snprintf(text, size, "%s", !strcmp(value, "vxlan") ? "VXLAN" : !strcmp(value, "ipip") ? "IPIP" : value);
	else if (!strcmp(key, "headers"))
		snprintf(text, size, "%s", value);
	else if (!strcmp(key, "rate_per_s"))
		snprintf(text, size, "%s/s", value);
	else if (!strcmp(key, "attached"))
		snprintf(text, size, "%s",
			 attached_rank(value) < N_ATTACHED ? attached[attached_rank(value)].words : value);
	else if (!strcmp(key, "run"))
		snprintf(text, size, "%s", value);
	else
		snprintf(text, size, "%s %s", key, value);
}

void ws_conditions_close(struct ws_conditions *conditions)
{
	if (!conditions)
		return;
	for (uint32_t i = 0; i < conditions->n; i++) {
		free(conditions->at[i].key);
		free(conditions->at[i].value);
	}
	free(conditions->at);
	*conditions = (struct ws_conditions) { 0 };
}
