/* SPDX-License-Identifier: BSD-2-Clause */
/* subject - see subject.h. */
#include "analyze/subject.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/names.h"

struct ws_subject ws_subject_of(const struct ws_detection *detection, const struct ws_conditions *conditions)
{
	return (struct ws_subject) {
		.conditions = conditions,
		.source = detection->file->source,
		.point = detection->file->point,
		.spots = &detection->spots,
		.remarks = &detection->remarks,
		.open_is_out = detection->has_capture || detection->file->source == WS_SOURCE_PCAP,
		.n_unread = detection->has_capture ? 0 : detection->n_unread,
		.saw_whole = ws_file_saw_whole_heads(detection->file),
		.search_bytes = detection->file->search_bytes,
	};
}

int ws_subject_groups(const struct ws_subject *subject, unsigned int by, struct ws_spot_groups *groups)
{
	return ws_spot_groups_open(subject->spots, by, subject->open_is_out, subject->n_unread, groups);
}

struct ws_threshold ws_subject_threshold(const struct ws_subject *subject, const struct ws_spot_group *group,
					 uint32_t percent)
{
	return ws_spot_threshold(group, percent, subject->saw_whole);
}

const char *ws_subject_threshold_words(const struct ws_subject *subject, const struct ws_threshold *threshold,
				       char text[WS_THRESHOLD_TEXT_MAX])
{
	switch (threshold->kind) {
	case WS_THRESHOLD_BYTES:
		snprintf(text, WS_THRESHOLD_TEXT_MAX, "%" PRIu32, threshold->bytes);
		break;
	case WS_THRESHOLD_NOT_SEARCHED:
		snprintf(text, WS_THRESHOLD_TEXT_MAX, ">%" PRIu32, subject->search_bytes);
		break;
	default:
		snprintf(text, WS_THRESHOLD_TEXT_MAX, "%s",
			 threshold->kind == WS_THRESHOLD_NEVER ? "never" : "unknown");
	}
	return text;
}

static const char *headers_of(const struct ws_subject *subject)
{
	return subject->conditions ? ws_conditions_get(subject->conditions, "headers") : NULL;
}

const char *ws_subject_group_words(const struct ws_subject *subject, const struct ws_spot_group *group, unsigned int by,
				   char text[WS_GROUP_WORDS_MAX])
{
	const char *headers = by & WS_BY_FORMAT ? headers_of(subject) : NULL, *words;
	char group_text[WS_GROUP_WORDS_MAX];

	words = ws_spot_group_words(group, group_text);
	if (headers)
		snprintf(text, WS_GROUP_WORDS_MAX, "%.60s, %.*s", headers, WS_GROUP_WORDS_MAX - 64, words);
	else
		snprintf(text, WS_GROUP_WORDS_MAX, "%s", words);
	return text;
}

struct ws_subject_widths ws_subjects_widths(const struct ws_subject *subject, uint32_t n)
{
	struct ws_subject_widths widths = { 0, 8 };

	for (uint32_t i = 0; i < n; i++) {
		int label = subject[i].label ? (int)strlen(subject[i].label) + 2 : 0;
		int point = (int)strlen(subject[i].point) + 1;

		widths.label = label > widths.label ? label : widths.label;
		widths.point = point > widths.point ? point : widths.point;
	}
	/* labels that are all empty need no column */
	widths.label = widths.label > 2 ? widths.label : 0;
	return widths;
}

void ws_subject_put_names(const struct ws_subject *subject, uint32_t n, FILE *out)
{
	struct ws_subject_widths widths = ws_subjects_widths(subject, n);

	fprintf(out, "%-*s%-7s%-*s%-9s", widths.label, "", "source", widths.point, "point", "searched");
}

void ws_subject_put(const struct ws_subject *subject, struct ws_subject_widths widths, FILE *out)
{
	char searched[16] = "all";

	if (!subject->saw_whole)
		snprintf(searched, sizeof(searched), "%" PRIu32, subject->search_bytes);
	fprintf(out, "%-*s%-7s%-*s%-9s", widths.label, subject->label ? subject->label : "",
		ws_source_name(subject->source), widths.point, subject->point, searched);
}

void ws_subject_put_tsv_names(const struct ws_subject *subject, uint32_t n, FILE *out)
{
	fputs(n && subject->label ? "# run\tlabel\tsource\tpoint\tsearched_bytes\t"
				  : "# source\tpoint\tsearched_bytes\t",
	      out);
}

void ws_subject_put_tsv_plain(const struct ws_subject *subject, FILE *out)
{
	if (subject->label)
		fprintf(out, "%s\t%s\t", subject->run, subject->label);
	fprintf(out, "%s\t%s\t", ws_source_name(subject->source), subject->point);
	if (subject->saw_whole)
		fputs("NaN\t", out);
	else
		fprintf(out, "%" PRIu32 "\t", subject->search_bytes);
}

void ws_subject_put_tsv(const struct ws_subject *subject, const struct ws_spot_group *group, FILE *out)
{
	const char *headers = headers_of(subject);
	char address[WS_ADDRESS_TEXT_LEN];

	ws_subject_put_tsv_plain(subject, out);
	fprintf(out, "%s\t%s\t", group->family ? group->family : "-", headers ? headers : "-");
	fprintf(out, group->http_version ? "%u\t" : "-\t", group->http_version);
	if (group->hop)
		fprintf(out, "%s\t%s\t%u\t", ws_going_name(group->hop->going),
			ws_address_text(group->hop->daddr, address), group->hop->dport);
	else
		fputs("-\t-\t-\t", out);
	if (group->key)
		ws_key_put_tsv(group->key, out);
}

json_t *ws_subject_json(const struct ws_subject *subject, const struct ws_spot_group *group, unsigned int by)
{
	json_t *object = json_object();
	char address[WS_ADDRESS_TEXT_LEN];
	int rc = !object;

	if (subject->label) {
		rc |= json_object_set_new(object, "run", ws_json_text(subject->run));
		rc |= json_object_set_new(object, "label", ws_json_text(subject->label));
		rc |= json_object_set_new(object, "conditions", ws_conditions_json(subject->conditions));
	}
	rc |= json_object_set_new(object, "source", json_string(ws_source_name(subject->source)));
	rc |= json_object_set_new(object, "point", ws_json_text(subject->point));
	rc |= json_object_set_new(object, "searched_bytes",
				  ws_json_integer_if(!subject->saw_whole, subject->search_bytes));
	if (group) {
		const struct ws_spot *hop = group->hop;
		const char *headers = by & WS_BY_FORMAT ? headers_of(subject) : NULL;

		rc |= json_object_set_new(object, "family", group->family ? ws_json_text(group->family) : json_null());
		rc |= json_object_set_new(object, "headers", headers ? ws_json_text(headers) : json_null());
		rc |= json_object_set_new(object, "http_version",
					  ws_json_integer_if(group->http_version, group->http_version));
		rc |= json_object_set_new(object, "direction",
					  hop ? json_string(ws_going_name(hop->going)) : json_null());
		rc |= json_object_set_new(object, "daddr",
					  hop ? json_string(ws_address_text(hop->daddr, address)) : json_null());
		rc |= json_object_set_new(object, "dport", ws_json_integer_if(hop, hop ? hop->dport : 0));
		rc |= group->key ? ws_key_json(group->key, object) : 0;
	}
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int add_thresholds(const struct ws_subject *subject, unsigned int by, json_t *list)
{
	struct ws_spot_groups groups;
	int rc = ws_subject_groups(subject, by, &groups);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < groups.n && !rc; i++) {
		const struct ws_spot_group *group = &groups.at[i];
		json_t *object = ws_subject_json(subject, group, by);

		rc |= json_object_set_new(object, "expected",
					  ws_json_integer_if(group->expected_known, group->n_expected));
		rc |= json_object_set_new(object, "found", json_integer((json_int_t)group->n_found));
		for (int k = 0; k < WS_N_THRESHOLDS; k++) {
			struct ws_threshold t = ws_subject_threshold(subject, group, ws_threshold_percent[k]);
			char key[32];

			snprintf(key, sizeof(key), "n%" PRIu32 "_bytes", ws_threshold_percent[k]);
			rc |= json_object_set_new(object, key,
						  ws_json_integer_if(t.kind == WS_THRESHOLD_BYTES, t.bytes));
		}
		rc |= json_array_append_new(list, object);
	}
	ws_spot_groups_close(&groups);
	return rc ? -ENOMEM : 0;
}

static int add_remarks(const struct ws_subject *subject, json_t *reasons, json_t *malformed, json_t *families)
{
	int rc = 0;

	for (int reason = 0; reason < WS_N_MISSES; reason++) {
		const struct ws_miss *miss = &subject->remarks->miss[reason];
		json_t *object;

		if (!miss->n || !ws_miss_name((uint8_t)reason))
			continue;
		object = ws_subject_json(subject, NULL, 0);
		rc |= json_object_set_new(object, "reason", json_string(ws_miss_name((uint8_t)reason)));
		rc |= json_object_set_new(object, "n", json_integer((json_int_t)miss->n));
		rc |= json_object_set_new(object, "with_context",
					  ws_json_integer_if(subject->remarks->is_judged, miss->n_with_context));
		rc |= json_array_append_new(reasons, object);
	}
	for (uint32_t i = 0; i < subject->remarks->n_families; i++) {
		const struct ws_family_remark *remark = &subject->remarks->family[i];
		json_t *object = ws_subject_json(subject, NULL, 0);

		rc |= json_object_set_new(object, "family", ws_json_text(remark->name));
		rc |= json_object_set_new(object, "noted", json_integer((json_int_t)remark->n_noted));
		rc |= json_object_set_new(object, "used", json_integer((json_int_t)remark->n_used));
		rc |= json_array_append_new(families, object);
		for (uint8_t flaw = 0; flaw < WS_N_FLAWS; flaw++) {
			if (!remark->n_malformed[flaw])
				continue;
			object = ws_subject_json(subject, NULL, 0);
			rc |= json_object_set_new(object, "family", ws_json_text(remark->name));
			rc |= json_object_set_new(object, "flaw", json_string(ws_flaw_name(flaw)));
			rc |= json_object_set_new(object, "n", json_integer((json_int_t)remark->n_malformed[flaw]));
			rc |= json_array_append_new(malformed, object);
		}
	}
	return rc ? -ENOMEM : 0;
}

int ws_subjects_json(const struct ws_subject *subject, uint32_t n, unsigned int by, json_t *document)
{
	json_t *thresholds = json_array(), *reasons = json_array(), *malformed = json_array(), *families = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < n && !rc; i++) {
		rc = add_thresholds(&subject[i], by, thresholds);
		rc = rc ? rc : add_remarks(&subject[i], reasons, malformed, families);
	}
	rc |= json_object_set_new(document, "thresholds", thresholds);
	rc |= json_object_set_new(document, "reasons", reasons);
	rc |= json_object_set_new(document, "malformed", malformed);
	rc |= json_object_set_new(document, "families", families);
	return rc ? -ENOMEM : 0;
}
