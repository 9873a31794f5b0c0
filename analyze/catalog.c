/* SPDX-License-Identifier: BSD-2-Clause */
/* catalog - see catalog.h. */
#include "analyze/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/names.h"
#include "lib/search.h"

/* The largest window of older versions, which searched the whole of smaller heads with it. */
#define WHOLE_HEAD_MIN 16384

uint64_t ws_tallies_sum(const struct ws_tallies *tallies)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < tallies->n; i++)
		sum += tallies->at[i].n;
	return sum;
}

static struct ws_tally *find(const struct ws_tallies *tallies, const char *name)
{
	for (uint32_t i = 0; i < tallies->n; i++) {
		if (!strcmp(tallies->at[i].name, name))
			return &tallies->at[i];
	}
	return NULL;
}

uint64_t ws_tallies_get(const struct ws_tallies *tallies, const char *name)
{
	const struct ws_tally *tally = name ? find(tallies, name) : NULL;

	return tally ? tally->n : 0;
}

int ws_tallies_add(struct ws_tallies *tallies, const char *name, uint64_t n)
{
	struct ws_tally *tally = find(tallies, name), *grown;
	char *copy;

	if (tally) {
		tally->n += n;
		return 0;
	}
	grown = realloc(tallies->at, ((size_t)tallies->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	tallies->at = grown;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	tallies->at[tallies->n++] = (struct ws_tally) { copy, n };
	return 0;
}

void ws_tallies_close(struct ws_tallies *tallies)
{
	if (!tallies)
		return;
	for (uint32_t i = 0; i < tallies->n; i++)
		free(tallies->at[i].name);
	free(tallies->at);
	*tallies = (struct ws_tallies) { 0 };
}

void ws_catalog_close(struct ws_catalog *catalog)
{
	if (!catalog)
		return;
	for (uint32_t i = 0; i < catalog->n_files; i++) {
		struct ws_file *file = &catalog->file[i];

		free(file->point);
		free(file->node);
		free(file->pod);
		free(file->path);
		free(file->content_hash);
		for (int family = 0; family < WS_MAX_FAMILIES; family++)
			free(file->family[family]);
		ws_tallies_close(&file->reasons);
		ws_tallies_close(&file->losses);
	}
	free(catalog->file);
	*catalog = (struct ws_catalog) { 0 };
}

const char *ws_file_family_name(const struct ws_file *file, uint8_t family)
{
	return family < WS_MAX_FAMILIES && file->family[family] ? file->family[family] : ws_family_name(family);
}

uint8_t ws_file_family(const struct ws_file *file, const char *name)
{
	for (uint8_t family = 1; family < WS_MAX_FAMILIES; family++) {
		if (file->family[family] && !strcasecmp(file->family[family], name))
			return family;
	}
	return WS_FAMILY_NONE;
}

bool ws_file_saw_whole_heads(const struct ws_file *file)
{
	return file->search_bytes >= WS_WINDOW_MAX ||
	       (file->search_bytes >= WHOLE_HEAD_MIN &&
		!ws_tallies_get(&file->reasons, ws_slot_name(WS_REASON_BEYOND_WINDOW)));
}

uint64_t ws_file_n_unread(const struct ws_file *file)
{
	return ws_tallies_get(&file->reasons, ws_slot_name(WS_REASON_UNREAD));
}

const char *ws_source_name(enum ws_source source)
{
	return source == WS_SOURCE_EBPF ? "ebpf" : "pcap";
}
