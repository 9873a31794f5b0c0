/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sightings - see far_sightings.h. */
#include "analyze/far_sightings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/bulk.h"
#include "analyze/far_alike.h"
#include "analyze/far_matches.h"
#include "analyze/harvest.h"
#include "analyze/trays.h"
#include "lib/clickhouse/tables.h"
#include "lib/text_stream.h"

/* A question that would be longer asks for all rows that matter: a server takes a query of 256 KB and of 50000 parts.
 */
#define QUERY_MAX 200000
#define SEQS_MAX  10000

struct asking {
	struct ws_store *store;
	struct ws_far *far;
	struct ws_study *study;
	const char *family;
	uint64_t memory_bytes;
	struct ws_roster roster;
	struct ws_numbers changes; /* moments at which names do */
	struct ws_numbers crowded; /* points and sequence numbers whose rows are read */
	struct ws_far_judged judged;
	int rc; /* of the harvest */
};

static int take_alike(void *context, const struct ws_sighting *sighting, const struct ws_place *place,
		      uint64_t last_row, uint64_t n)
{
	struct asking *asking = context;

	asking->rc = ws_harvest_take_alike(asking->study->harvest, sighting, place, last_row, n);
	return asking->rc;
}

static int take_match(void *context, const struct ws_harvest_match *match)
{
	struct asking *asking = context;

	asking->rc = ws_harvest_keep_match(asking->study->harvest, match);
	return asking->rc;
}

/* A sink's: hands over rows of crowded sequence numbers, or, where nothing was told of others, all. */
static int take_row(void *context, uint32_t number, uint64_t row, const struct ws_sighting *sighting,
		    const struct ws_place *place)
{
	const struct asking *asking = context;
	const struct ws_bulk_sink *sink = ws_harvest_sink(asking->study->harvest);
	const uint64_t point = asking->judged.vantage[sighting->file].node;

	if (asking->judged.is_sifted && !ws_far_is_crowded(&asking->crowded, point << 32 | sighting->identity.seq))
		return 0;
	return sink->row(sink->context, number, row, sighting, place);
}

static void put_seqs(const void *context, FILE *out)
{
	const struct ws_numbers *crowded = context;

	fputs("seq IN (", out);
	for (uint64_t i = 0; i < crowded->n; i++)
		fprintf(out, "%s%" PRIu32, i ? "," : "", (uint32_t)crowded->at[i]);
	fputc(')', out);
}

/* Asks for no other rows than those of crowded sequence numbers, if they are few. */
static int narrow(const struct asking *asking, struct ws_error *err)
{
	char *rows, *seqs;
	int rc = 0;

	if (!asking->crowded.n || asking->crowded.n > SEQS_MAX)
		return 0;
	rows = ws_far_rows(asking->far, WS_TABLE_REQUEST);
	seqs = ws_text_written(put_seqs, &asking->crowded);
	if (!rows || !seqs)
		rc = -ENOMEM;
	else if (strlen(rows) + strlen(seqs) < QUERY_MAX)
		rc = ws_far_narrow(asking->far, WS_TABLE_REQUEST, seqs);
	free(rows);
	free(seqs);
	return rc ? ws_error(err, rc, "out of memory") : 0;
}

/* Reads n rows of judged points. */
static int read_rows(struct asking *asking, uint64_t n, struct ws_error *err)
{
	const struct ws_bulk_sink sink = { .context = asking, .has_places = true, .row = take_row };
	const struct ws_bulk_wish wish = { .memory_bytes = asking->memory_bytes,
					   .family = asking->family,
					   .sink = &sink };
	const uint32_t n_files = asking->study->catalog.n_files;
	bool *read = calloc((size_t)n_files + 1, sizeof(*read));
	int rc = read ? 0 : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t f = 0; f < n_files && !rc; f++)
		read[f] = asking->judged.list_of_file[f] != WS_NO_LIST;
	rc = rc ? rc : ws_bulk_join(asking->study, asking->store, read, &wish, err);
	if (!rc && ws_harvest_n_rows(asking->study->harvest) != n)
		rc = ws_error(err, -EPROTO,
			      "%s: %" PRIu64 " requests were read, of %" PRIu64
			      ": the store has changed meanwhile: try again",
			      ws_far_name(asking->far), ws_harvest_n_rows(asking->study->harvest), n);
	free(read);
	return rc;
}

/* What there is to judge beside captures: as counts, and the rest as rows. */
static int judge(struct asking *asking, struct ws_error *err)
{
	const struct ws_far_matching matching = {
		.far = asking->far,
		.study = asking->study,
		.roster = &asking->roster,
		.judged = &asking->judged,
		.changes = &asking->changes,
		.family = asking->family,
	};
	uint64_t n_rows = asking->judged.n_rows;
	int rc = 0;

	if (n_rows && asking->judged.is_sifted)
		rc = ws_far_matches(&matching, take_match, asking, &asking->crowded, &n_rows, err);
	rc = rc ? rc : narrow(asking, err);
	return rc || !n_rows ? rc : read_rows(asking, n_rows, err);
}

int ws_far_sightings(struct ws_store *store, struct ws_study *study, const char *family, uint64_t memory_bytes,
		     bool *told, struct ws_error *err)
{
	struct asking asking = {
		.store = store,
		.far = ws_store_far(store),
		.study = study,
		.family = family,
		.memory_bytes = memory_bytes,
	};
	int rc = ws_roster_open(store, &study->tuples, &asking.roster, err);

	*told = false;
	rc = rc ? rc
		: ws_far_alike(asking.far, study, &asking.roster, family, take_alike, &asking, &asking.changes, told,
			       err);
	if (!rc && *told) {
		rc = ws_far_judged_open(asking.far, study, &asking.roster, &asking.judged, err);
		rc = rc ? rc : judge(&asking, err);
		ws_far_restrict(asking.far, NULL, NULL);
		ws_harvest_end_rows(study->harvest);
	}
	if (asking.rc)
		ws_bulk_complain(asking.rc, err);
	ws_far_judged_close(&asking.judged);
	ws_roster_close(&asking.roster);
	free(asking.changes.at);
	free(asking.crowded.at);
	return rc;
}
