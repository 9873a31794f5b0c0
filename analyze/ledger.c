/* SPDX-License-Identifier: BSD-2-Clause */
/* ledger - see ledger.h. */
#include "analyze/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/json.h"
#include "analyze/whereabouts.h"
#include "lib/names.h"

#define LABEL_WIDTH 22
#define CELL_WIDTH  18

static bool balances(const struct ws_file *file)
{
	return ws_tallies_sum(&file->reasons) == file->n_frames;
}

bool ws_ledger_balances(const struct ws_study *study)
{
	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		if (study->wanted[i] && !balances(&study->catalog.file[i]))
			return false;
	}
	return true;
}

static bool is_known(const char *reason)
{
	for (uint32_t slot = 0; slot < WS_N_REASONS; slot++) {
		if (ws_slot_name(slot) && !strcmp(reason, ws_slot_name(slot)))
			return true;
	}
	return false;
}

/*
 * All reasons that any wanted file has, in the order in which a frame is looked at; those of a newer ingest come last.
 * To be closed whatever the outcome.
 */
static int list_reasons(const struct ws_study *study, struct ws_tallies *list)
{
	for (uint32_t slot = 0; slot < WS_N_REASONS; slot++) {
		const char *name = ws_slot_name(slot);

		for (uint32_t f = 0; f < study->catalog.n_files && name; f++) {
			if (study->wanted[f] && ws_tallies_get(&study->catalog.file[f].reasons, name) &&
			    ws_tallies_add(list, name, 1))
				return -ENOMEM;
		}
	}
	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		const struct ws_tallies *reasons = &study->catalog.file[f].reasons;

		for (uint32_t i = 0; i < reasons->n && study->wanted[f]; i++) {
			if (!is_known(reasons->at[i].name) && ws_tallies_add(list, reasons->at[i].name, 1))
				return -ENOMEM;
		}
	}
	return 0;
}

static json_t *tallies_json(const struct ws_tallies *tallies)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < tallies->n; i++) {
		/* A name that is not UTF-8 has no place in JSON; what it counts must not be lost. */
		if (json_object_set_new(object, tallies->at[i].name, json_integer((json_int_t)tallies->at[i].n)))
			json_object_set_new(object, "?", json_integer((json_int_t)tallies->at[i].n));
	}
	return object;
}

static json_t *reasons_json(const struct ws_file *file, const struct ws_tallies *order)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < order->n; i++) {
		uint64_t n = ws_tallies_get(&file->reasons, order->at[i].name);

		if (n)
			json_object_set_new(object, order->at[i].name, json_integer((json_int_t)n));
	}
	return object;
}

static json_t *point_json(const struct ws_file *file, const struct ws_tallies *order, bool has_names)
{
	json_t *object = json_pack("{s:o, s:s, s:I, s:o, s:b, s:o, s:I, s:I, s:b, s:I, s:o, s:o, s:o}", "point",
				   ws_json_text(file->point), "source", ws_source_name(file->source), "frames",
				   (json_int_t)file->n_frames, "reasons", reasons_json(file, order), "balanced",
				   balances(file), "lost", tallies_json(&file->losses), "requests",
				   (json_int_t)file->n_requests, "contexts", (json_int_t)file->n_contexts, "complete",
				   file->complete, "unread_bytes", (json_int_t)file->unread_bytes,
				   "tls_percent_of_payload", ws_json_real(ws_coverage_tls_percent(file)), "path",
				   ws_json_text(file->path), "content_hash", ws_json_text(file->content_hash));

	if (has_names) {
		json_object_set_new(object, "node", *file->node ? ws_json_text(file->node) : json_null());
		json_object_set_new(object, "pod", *file->pod ? ws_json_text(file->pod) : json_null());
	}
	return object;
}

static uint64_t n_of_class(const struct ws_join *join, unsigned int class)
{
	return join->n_class[WS_WAY_RX][class] + join->n_class[WS_WAY_TX][class];
}

static json_t *join_json(const struct ws_study *study, enum ws_source source)
{
	const struct ws_view *view = &study->view[source];
	json_t *classes = json_object(), *unmatched = json_object(), *object;

	for (unsigned int class = 0; class < WS_N_CLASSES && view->joined; class ++) {
		uint64_t n = n_of_class(&view->join, class);

		if (n || class == 0)
			json_object_set_new(classes, ws_class_name(class), json_integer((json_int_t)n));
	}
	for (unsigned int i = 0; view->joined && i < WS_N_SIDES * view->join.n_causes; i++) {
		unsigned int side = i / view->join.n_causes, cause = i % view->join.n_causes;
		char key[64];

		snprintf(key, sizeof(key), "%s_%s", ws_side_name(side), ws_cause_name(cause));
		json_object_set_new(unmatched, key, json_integer((json_int_t)view->join.n_cause[side][cause]));
	}
	object = json_pack("{s:s, s:I, s:o, s:o}", "source", ws_source_name(source), "pairs",
			   (json_int_t)view->join.n_pairs, "classes", classes, "unmatched", unmatched);
	if (!view->joined)
		json_object_set_new(object, "why", ws_json_text(view->why));
	return object;
}

/* The source whose join speaks for the run: the first that has one, else the first that is there; -1: none. */
static int primary(const struct ws_study *study)
{
	int source = study->view[WS_SOURCE_EBPF].present ? WS_SOURCE_EBPF : WS_SOURCE_PCAP;

	if (!study->view[source].joined && study->view[WS_SOURCE_PCAP].joined)
		source = WS_SOURCE_PCAP;
	return study->view[source].present ? source : -1;
}

static int print_json(const struct ws_study *study, const struct ws_tallies *order, FILE *out)
{
	json_t *document = json_object(), *points = json_array(), *joins = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		if (study->wanted[i])
			rc |= json_array_append_new(
				points, point_json(&study->catalog.file[i], order, ws_study_has_names(study)));
	}
	for (int source = 0; source < WS_N_SOURCES; source++) {
		if (study->view[source].present)
			rc |= json_array_append_new(joins, join_json(study, source));
	}
	rc |= json_object_set_new(document, "points", points);
	rc |= json_object_set_new(document, "join",
				  primary(study) < 0 ? json_null() : join_json(study, (enum ws_source)primary(study)));
	rc |= json_object_set_new(document, "joins", joins);
	rc |= json_object_set_new(document, "balanced", json_boolean(ws_ledger_balances(study)));
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_tsv(const struct ws_study *study, const struct ws_tallies *order, FILE *out)
{
	fprintf(out, "# the account of every frame and of every sighting; n: frames, records, sightings or pairs\n");
	ws_whereabouts_print(study, "# ", out);
	fprintf(out, "# source\tpoint\tkind\tname\tn\n");
	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		const struct ws_file *file = &study->catalog.file[f];
		const char *source = ws_source_name(file->source);

		if (!study->wanted[f])
			continue;
		fprintf(out, "%s\t%s\ttotal\tframes\t%" PRIu64 "\n", source, file->point, file->n_frames);
		for (uint32_t i = 0; i < order->n; i++)
			fprintf(out, "%s\t%s\treason\t%s\t%" PRIu64 "\n", source, file->point, order->at[i].name,
				ws_tallies_get(&file->reasons, order->at[i].name));
		for (uint32_t i = 0; i < file->losses.n; i++)
			fprintf(out, "%s\t%s\tlost\t%s\t%" PRIu64 "\n", source, file->point, file->losses.at[i].name,
				file->losses.at[i].n);
		fprintf(out, "%s\t%s\tsighting\trequests\t%" PRIu64 "\n%s\t%s\tsighting\tcontexts\t%" PRIu64 "\n",
			source, file->point, file->n_requests, source, file->point, file->n_contexts);
	}
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *join = &study->view[source].join;

		for (unsigned int class = 0; class < WS_N_CLASSES; class ++) {
			if (n_of_class(join, class))
				fprintf(out, "%s\tjoin\tclass\t%s\t%" PRIu64 "\n", ws_source_name(source),
					ws_class_name(class), n_of_class(join, class));
		}
		for (unsigned int i = 0; i < WS_N_SIDES * join->n_causes; i++)
			fprintf(out, "%s\t%s\tunmatched\t%s\t%" PRIu64 "\n", ws_source_name(source),
				ws_side_name(i / join->n_causes), ws_cause_name(i % join->n_causes),
				join->n_cause[i / join->n_causes][i % join->n_causes]);
	}
}

/* The width of a file's column: its point's name is not cut. */
static int cell_width(const struct ws_file *file)
{
	int n = (int)strlen(file->point) + 7;

	return n > CELL_WIDTH ? n : CELL_WIDTH;
}

/* Prints a row of the table: a label and what number of every wanted file. */
static void print_row(const struct ws_study *study, const char *label,
		      uint64_t (*number)(const struct ws_file *, const char *), FILE *out)
{
	fprintf(out, "%-*s", LABEL_WIDTH, label);
	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		if (study->wanted[f])
			fprintf(out, "%*" PRIu64, cell_width(&study->catalog.file[f]),
				number(&study->catalog.file[f], label + strspn(label, " ")));
	}
	fputc('\n', out);
}

static uint64_t total_of(const struct ws_file *file, const char *name)
{
	if (!strcmp(name, "frames"))
		return file->n_frames;
	if (!strcmp(name, "requests"))
		return file->n_requests;
	return strcmp(name, "contexts") ? ws_coverage_lost(file) : file->n_contexts;
}

static uint64_t reason_of(const struct ws_file *file, const char *name)
{
	return ws_tallies_get(&file->reasons, name);
}

static void print_join(const struct ws_study *study, enum ws_source source, FILE *out)
{
	const struct ws_view *view = &study->view[source];
	const struct ws_join *join = &view->join;

	if (!view->present)
		return;
	fprintf(out, "\n%s, both points: ", ws_source_name(source));
	if (!view->joined) {
		fprintf(out, "not joined: %s\n", view->why);
		return;
	}
	fprintf(out, "%" PRIu32 " pairs\n", join->n_pairs);
	for (unsigned int class = 0; class < WS_N_CLASSES; class ++) {
		if (n_of_class(join, class))
			fprintf(out, "  %-*s%*" PRIu64 "\n", LABEL_WIDTH - 2, ws_class_name(class), CELL_WIDTH,
				n_of_class(join, class));
	}
	for (int side = 0; side < WS_N_SIDES; side++) {
		for (int cause = 0; cause < WS_N_CAUSES; cause++) {
			if (join->n_cause[side][cause])
				fprintf(out, "  at %s only: %" PRIu64 " %s\n", ws_side_name(side),
					join->n_cause[side][cause], ws_cause_name(cause));
		}
	}
}

static void print_table(const struct ws_study *study, const struct ws_tallies *order, FILE *out)
{
	char label[128], text[WS_COVERAGE_MAX] = "";

	ws_whereabouts_print(study, "", out);
	fprintf(out, "%-*s", LABEL_WIDTH, "frames");
	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		const struct ws_file *file = &study->catalog.file[f];

		if (study->wanted[f])
			fprintf(out, "%*s %s", cell_width(file) - 5, file->point, ws_source_name(file->source));
	}
	fputc('\n', out);
	for (uint32_t i = 0; i < order->n; i++) {
		snprintf(label, sizeof(label), "  %s", order->at[i].name);
		print_row(study, label, reason_of, out);
	}
	print_row(study, "frames", total_of, out);
	print_row(study, "lost", total_of, out);
	print_row(study, "requests", total_of, out);
	print_row(study, "contexts", total_of, out);
	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		const struct ws_file *file = &study->catalog.file[f];

		if (study->wanted[f] && !balances(file))
			fprintf(out,
				"%s, %s: NOT BALANCED: the reasons add up to %" PRIu64 ", not to %" PRIu64 " frames\n",
				file->point, ws_source_name(file->source), ws_tallies_sum(&file->reasons),
				file->n_frames);
	}
	ws_coverage_warnings(study, text);
	fprintf(out, "%s%s", text, *text ? "\n" : "");
	for (int source = 0; source < WS_N_SOURCES; source++)
		print_join(study, source, out);
}

int ws_ledger_print(const struct ws_study *study, enum ws_format format, FILE *out)
{
	struct ws_tallies order = { 0 };
	int rc = list_reasons(study, &order);

	if (!rc && format == WS_FORMAT_JSON)
		rc = print_json(study, &order, out);
	else if (!rc && format == WS_FORMAT_TSV)
		print_tsv(study, &order, out);
	else if (!rc)
		print_table(study, &order, out);
	ws_tallies_close(&order);
	return rc;
}
