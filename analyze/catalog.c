/* SPDX-License-Identifier: BSD-2-Clause */
/* catalog - see catalog.h. */
#include "analyze/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	const struct ws_tally *tally = find(tallies, name);

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
		free(file->path);
		free(file->content_hash);
		ws_tallies_close(&file->reasons);
		ws_tallies_close(&file->losses);
	}
	free(catalog->file);
	*catalog = (struct ws_catalog) { 0 };
}

const char *ws_source_name(enum ws_source source)
{
	return source == WS_SOURCE_EBPF ? "ebpf" : "pcap";
}
