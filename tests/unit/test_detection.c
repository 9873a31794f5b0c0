/* SPDX-License-Identifier: BSD-2-Clause */
/* test_detection - how many contexts were to be found, and what is told of the rest, with a capture beside and without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/detection.h"
#include "analyze/harvest.h"

#define MAX 16

/* A run of one point, with records and a capture. */
struct scene {
	struct ws_file file[2];
	struct ws_sighting at[2][MAX];
	struct ws_place place[2][MAX];
	struct ws_sightings sightings[2];
	struct ws_tuple tuple[1];
	struct ws_study study;
};

static void set_up(struct scene *scene, bool with_capture)
{
	*scene = (struct scene) { 0 };
	for (int i = 0; i < 2; i++) {
		scene->file[i] = (struct ws_file) {
			.source = i ? WS_SOURCE_PCAP : WS_SOURCE_EBPF,
			.role = WS_ROLE_VPORT,
			.point = (char *)"vport",
			.search_bytes = UINT32_MAX,
		};
		scene->sightings[i] = (struct ws_sightings) { scene->at[i], scene->place[i], 0, MAX, NULL, NULL };
	}
	scene->tuple[0] = (struct ws_tuple) { .dport = 80 };
	scene->study = (struct ws_study) {
		.catalog = { scene->file, with_capture ? 2 : 1 },
		.tuples = { .at = scene->tuple, .n = 1 },
	};
}

/* Adds a request with that sequence number; a context is b3 and ends at seq. */
static struct ws_place *add(struct scene *scene, enum ws_source source, uint32_t seq, uint8_t reason)
{
	struct ws_sightings *list = &scene->sightings[source];
	bool has_context = reason == WS_REASON_CONTEXT;

	list->at[list->n] = (struct ws_sighting) {
		.identity = { .seq = seq },
		.ids_end_off = has_context ? seq : WS_NEVER,
		.reason = reason,
		.family = has_context ? WS_FAMILY_B3 : WS_FAMILY_NONE,
	};
	list->place[list->n] = (struct ws_place) {
		.http_version = 1,
		.families = has_context ? 1 << WS_FAMILY_B3 : 0,
	};
	return &list->place[list->n++];
}

/* Says that so many frames of unread requests are in the records' ledger. */
static void set_unread(struct scene *scene, uint64_t n)
{
	assert_int_equal(ws_tallies_add(&scene->file[0].reasons, "unread", n), 0);
}

static struct ws_detection look(struct scene *scene)
{
	bool wanted[2] = { true, false };
	struct ws_detection detection;
	const struct ws_bulk_sink *sink;
	struct ws_error err = { 0 };
	uint32_t n = 0;

	scene->study.wanted = wanted;
	assert_int_equal(ws_harvest_open(&scene->study, WS_NEED_SIGHTINGS, 0, 1 << 20, &scene->study.harvest), 0);
	sink = ws_harvest_sink(scene->study.harvest);
	for (uint32_t f = 0; f < scene->study.catalog.n_files; f++) {
		for (uint32_t i = 0; i < scene->sightings[f].n; i++) {
			scene->at[f][i].file = (uint16_t)f;
			assert_int_equal(sink->row(sink->context, f, i, &scene->at[f][i], &scene->place[f][i]), 0);
		}
	}
	assert_int_equal(ws_detections_open(&scene->study, &detection, &n, &err), 0);
	assert_int_equal(n, 1);
	ws_harvest_close(scene->study.harvest);
	return detection;
}

static void tear_down(struct scene *scene, struct ws_detection *detection)
{
	ws_detection_close(detection);
	ws_tallies_close(&scene->file[0].reasons);
}

/* The same requests, told as n that are alike each. */
static struct ws_detection look_at_alike(struct scene *scene, const uint64_t *n_alike)
{
	bool wanted[2] = { true, false };
	struct ws_detection detection;
	struct ws_error err = { 0 };
	uint32_t n = 0;

	scene->study.wanted = wanted;
	assert_int_equal(
		ws_harvest_open(&scene->study, WS_NEED_SIGHTINGS | WS_NEED_ALIKE, 0, 1 << 20, &scene->study.harvest),
		0);
	for (uint32_t i = 0; i < scene->sightings[0].n; i++) {
		scene->at[0][i].identity.seq = 0;
		assert_int_equal(ws_harvest_take_alike(scene->study.harvest, &scene->at[0][i], &scene->place[0][i], 0,
						       n_alike[i]),
				 0);
	}
	assert_int_equal(ws_detections_open(&scene->study, &detection, &n, &err), 0);
	assert_int_equal(n, 1);
	ws_harvest_close(scene->study.harvest);
	return detection;
}

static void alike_requests_count_as_each_would(void **state)
{
	static const uint8_t reason[] = { WS_REASON_CONTEXT, WS_REASON_MALFORMED, WS_REASON_SPLIT, WS_REASON_UNREAD,
					  WS_REASON_UNDECODABLE };
	static const uint64_t n_alike[] = { 4, 3, 2, 2, 1 };
	struct ws_detection each, alike;
	struct scene scene[2];

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		set_up(&scene[kind], false);
		for (size_t i = 0; i < sizeof(reason); i++) {
			for (uint64_t k = 0; k < (kind ? 1 : n_alike[i]); k++) {
				struct ws_place *place = add(&scene[kind], WS_SOURCE_EBPF, 100, reason[i]);

				place->flags = reason[i] == WS_REASON_UNREAD ? WS_FLAG_LATER_IN_FRAME : 0;
				place->malformed = reason[i] == WS_REASON_MALFORMED ? 1 << WS_FAMILY_W3C : 0;
				place->flaw = 1;
			}
		}
	}
	each = look(&scene[0]);
	alike = look_at_alike(&scene[1], n_alike);
	assert_int_equal(alike.n_found, 4);
	assert_int_equal(alike.n_found, each.n_found);
	assert_memory_equal(alike.found_at, each.found_at, 4 * sizeof(*each.found_at));
	assert_int_equal(alike.n_open, 3);
	assert_int_equal(alike.n_open, each.n_open);
	assert_int_equal(alike.n_unread, each.n_unread);
	assert_int_equal(alike.n_expected, each.n_expected);
	assert_memory_equal(alike.remarks.miss, each.remarks.miss, sizeof(each.remarks.miss));
	assert_int_equal(alike.remarks.n_families, each.remarks.n_families);
	for (uint32_t i = 0; i < each.remarks.n_families; i++) {
		assert_int_equal(alike.remarks.family[i].n_noted, each.remarks.family[i].n_noted);
		assert_memory_equal(alike.remarks.family[i].n_malformed, each.remarks.family[i].n_malformed,
				    sizeof(each.remarks.family[i].n_malformed));
	}
	assert_int_equal(alike.spots.n, 2);
	assert_int_equal(alike.spots.n, each.spots.n);
	for (uint32_t i = 0; i < each.spots.n; i++) {
		const struct ws_spot *one = &each.spots.at[i], *other = &alike.spots.at[0];

		/* they come in no order */
		other += other->kind != one->kind;
		assert_int_equal(other->kind, one->kind);
		assert_int_equal(other->end_off, one->end_off);
		assert_int_equal(other->n, one->n);
	}
	tear_down(&scene[0], &each);
	tear_down(&scene[1], &alike);
}

/* Tells the harvest of counterparts that are alike; NO_REASON: a list does not have it. */
#define NO_REASON UINT8_MAX
static void keep_match(struct scene *scene, uint8_t ours, uint8_t theirs, uint64_t n)
{
	struct ws_harvest_match match = { .n = n };

	for (uint16_t i = 0; i < 2; i++) {
		const uint8_t reason = i ? theirs : ours;

		match.at[i] = (struct ws_sighting) {
			.ids_end_off = WS_NEVER,
			.reason = reason,
			.family = reason == WS_REASON_CONTEXT ? WS_FAMILY_B3 : WS_FAMILY_NONE,
			.file = i,
		};
		match.place[i].http_version = 1;
		match.is_seen[i] = reason != NO_REASON;
	}
	assert_int_equal(ws_harvest_keep_match(scene->study.harvest, &match), 0);
}

/* What a capture knows of requests that are told by their number, as of each of them. */
static void alike_counterparts_count_as_each_would(void **state)
{
	static const struct {
		uint8_t ours, theirs;
		uint64_t n;
	} kind[] = {
		{ WS_REASON_CONTEXT, WS_REASON_CONTEXT, 3 },   { WS_REASON_BEYOND_WINDOW, WS_REASON_CONTEXT, 2 },
		{ WS_REASON_UNREAD, WS_REASON_NO_CONTEXT, 2 }, { WS_REASON_SPLIT, WS_REASON_TRUNCATED, 1 },
		{ NO_REASON, WS_REASON_CONTEXT, 2 },	       { NO_REASON, WS_REASON_SPLIT, 1 },
		{ WS_REASON_LOST_SEGMENT, NO_REASON, 2 },      { WS_REASON_NO_CONTEXT, WS_REASON_CONTEXT, 1 },
	};
	struct ws_detection each, alike;
	bool wanted[2] = { true, false };
	struct ws_error err = { 0 };
	struct scene scene[2];
	uint32_t seq = 100, n = 0;

	(void)state;
	set_up(&scene[0], true);
	set_up(&scene[1], true);
	scene[1].study.wanted = wanted;
	assert_int_equal(ws_harvest_open(&scene[1].study, WS_NEED_SIGHTINGS | WS_NEED_ALIKE, 0, 1 << 20,
					 &scene[1].study.harvest),
			 0);
	for (size_t k = 0; k < sizeof(kind) / sizeof(*kind); k++) {
		for (uint64_t i = 0; i < kind[k].n; i++, seq++) {
			for (int side = 0; side < 2; side++) {
				uint8_t reason = side ? kind[k].theirs : kind[k].ours;
				struct ws_sighting *s = &scene[0].at[side][scene[0].sightings[side].n];

				if (reason == NO_REASON)
					continue;
				add(&scene[0], side, seq, reason);
				s->ids_end_off = reason == WS_REASON_CONTEXT ? 50 : WS_NEVER;
				s->file = (uint16_t)side;
				/* as a store counts it, without an identity */
				struct ws_sighting one = *s;
				one.identity = (struct ws_identity) { 0 };
				assert_int_equal(ws_harvest_take_alike(scene[1].study.harvest, &one,
								       &scene[0].place[side][s - scene[0].at[side]], 1,
								       1),
						 0);
			}
		}
		keep_match(&scene[1], kind[k].ours, kind[k].theirs, kind[k].n);
	}
	each = look(&scene[0]);
	assert_int_equal(ws_detections_open(&scene[1].study, &alike, &n, &err), 0);
	ws_harvest_close(scene[1].study.harvest);
	assert_int_equal(each.n_found, 3);
	assert_int_equal(each.n_resolved, 4);
	assert_int_equal(each.n_open, 4);
	assert_int_equal(alike.n_found, each.n_found);
	assert_int_equal(alike.n_resolved, each.n_resolved);
	assert_int_equal(alike.n_open, each.n_open);
	assert_int_equal(alike.n_expected, each.n_expected);
	assert_memory_equal(alike.remarks.miss, each.remarks.miss, sizeof(each.remarks.miss));
	assert_int_equal(alike.spots.n, each.spots.n);
	tear_down(&scene[0], &each);
	tear_down(&scene[1], &alike);
}

static void open_reasons_leave_the_number_unknown(void **state)
{
	static const uint8_t open[] = { WS_REASON_BEYOND_WINDOW, WS_REASON_SPLIT,	 WS_REASON_TRUNCATED,
					WS_REASON_LOST_SEGMENT,	 WS_REASON_OUT_OF_ORDER, WS_REASON_UNDECODABLE };
	static const uint8_t settled[] = { WS_REASON_MALFORMED, WS_REASON_INCOMPLETE, WS_REASON_NO_CONTEXT,
					   WS_REASON_OTHER_FAMILY };

	(void)state;
	for (size_t i = 0; i < sizeof(open) + sizeof(settled); i++) {
		bool is_open = i < sizeof(open);
		struct ws_detection detection;
		struct scene scene;

		set_up(&scene, false);
		add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT);
		add(&scene, WS_SOURCE_EBPF, 200, is_open ? open[i] : settled[i - sizeof(open)]);
		detection = look(&scene);
		assert_int_equal(detection.expected_known, !is_open);
		assert_int_equal(detection.n_open, is_open);
		assert_int_equal(detection.n_expected, 1);
		assert_int_equal(ws_detection_rate(&detection, 100).has_rate, !is_open);
		tear_down(&scene, &detection);
	}
}

static void unread_requests_are_expected_and_not_found(void **state)
{
	struct ws_detection detection;
	struct scene scene;

	(void)state;
	set_up(&scene, false);
	add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT);
	/* This one's frame is in the ledger; that one came later in a frame that is there for another. */
	add(&scene, WS_SOURCE_EBPF, 200, WS_REASON_UNREAD);
	add(&scene, WS_SOURCE_EBPF, 300, WS_REASON_UNREAD)->flags = WS_FLAG_LATER_IN_FRAME;
	set_unread(&scene, 2);
	detection = look(&scene);
	assert_true(detection.expected_known);
	assert_int_equal(detection.n_unread, 3);
	assert_int_equal(detection.n_expected, 4);
	assert_int_equal(detection.remarks.miss[WS_REASON_UNREAD].n, 3);
	assert_true(ws_detection_rate(&detection, 100).rate.rate == 0.25);
	tear_down(&scene, &detection);
}

/* Connections older than the recording: their requests have no record, and might have a context each. */
static void unreadable_http2_without_records_leaves_the_number_unknown(void **state)
{
	struct ws_spot_groups groups = { 0 };
	struct ws_detection detection;
	struct scene scene;

	(void)state;
	set_up(&scene, false);
	add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT);
	add(&scene, WS_SOURCE_EBPF, 200, WS_REASON_CONTEXT)->http_version = 2;
	add(&scene, WS_SOURCE_EBPF, 300, WS_REASON_UNDECODABLE)->http_version = 2;
	assert_int_equal(ws_tallies_add(&scene.file[0].reasons, "http2_undecodable", 8), 0);
	detection = look(&scene);
	assert_false(detection.expected_known);
	assert_int_equal(detection.n_open, 8); /* the one with a record among them */
	assert_int_equal(ws_detection_groups(&detection, WS_BY_FORMAT, &groups), 0);
	assert_int_equal(groups.n, 2);
	assert_int_equal(groups.at[0].http_version, 1);
	assert_int_equal(groups.at[1].http_version, 2);
	assert_int_equal(groups.at[1].n_open, 8);
	assert_false(groups.at[1].expected_known);
	ws_spot_groups_close(&groups);
	tear_down(&scene, &detection);
}

static void capture_knows_what_was_unread(void **state)
{
	struct ws_detection detection;
	struct scene scene;

	(void)state;
	set_up(&scene, true);
	add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT);
	add(&scene, WS_SOURCE_EBPF, 200, WS_REASON_UNREAD);
	add(&scene, WS_SOURCE_EBPF, 300, WS_REASON_UNREAD);
	add(&scene, WS_SOURCE_EBPF, 400, WS_REASON_LOST_SEGMENT);
	set_unread(&scene, 9);
	add(&scene, WS_SOURCE_PCAP, 100, WS_REASON_CONTEXT);
	add(&scene, WS_SOURCE_PCAP, 200, WS_REASON_CONTEXT);
	add(&scene, WS_SOURCE_PCAP, 300, WS_REASON_NO_CONTEXT);
	add(&scene, WS_SOURCE_PCAP, 400, WS_REASON_SPLIT);
	add(&scene, WS_SOURCE_PCAP, 500, WS_REASON_CONTEXT); /* no record at all */
	detection = look(&scene);
	assert_true(detection.expected_known);
	assert_int_equal(detection.n_expected, 3);
	assert_int_equal(detection.n_resolved, 2);
	assert_int_equal(detection.n_open, 1);
	assert_int_equal(detection.remarks.miss[WS_REASON_UNREAD].n_with_context, 1);
	assert_int_equal(detection.remarks.miss[WS_REASON_NO_RECORD].n, 1);
	assert_int_equal(detection.remarks.miss[WS_REASON_NO_RECORD].n_with_context, 1);
	assert_string_equal(ws_miss_name(WS_REASON_NO_RECORD), "no_record");
	tear_down(&scene, &detection);
}

static void missed_contexts_are_of_the_captures_family(void **state)
{
	struct ws_detection detection;
	struct ws_spot_groups groups;
	struct scene scene;

	(void)state;
	set_up(&scene, true);
	add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT);
	scene.at[0][0].direction = WS_DIRECTION_OUT;
	add(&scene, WS_SOURCE_EBPF, 200, WS_REASON_BEYOND_WINDOW);
	add(&scene, WS_SOURCE_PCAP, 100, WS_REASON_CONTEXT);
	add(&scene, WS_SOURCE_PCAP, 200, WS_REASON_CONTEXT);
	scene.at[1][1].family = WS_FAMILY_USER;
	scene.file[1].family[WS_FAMILY_USER] = (char *)"header:x-trace";
	detection = look(&scene);
	assert_int_equal(ws_spot_groups_open(&detection.spots, WS_BY_FAMILY | WS_BY_HOP, true, 0, &groups), 0);
	assert_int_equal(groups.n, 2);
	assert_string_equal(groups.at[0].family, "b3");
	assert_int_equal(groups.at[0].n_expected, 1);
	assert_string_equal(groups.at[1].family, "header:x-trace");
	assert_int_equal(groups.at[1].n_found, 0);
	assert_int_equal(groups.at[1].n_expected, 1);
	/* The capture does not know which way it went; the records of the same flow do. */
	assert_int_equal(groups.at[1].hop->going, WS_GOING_RX);
	ws_spot_groups_close(&groups);
	tear_down(&scene, &detection);
}

static void heads_are_remarked_by_family(void **state)
{
	const struct ws_family_remark *w3c = NULL, *b3 = NULL;
	struct ws_detection detection;
	struct scene scene;

	(void)state;
	set_up(&scene, false);
	add(&scene, WS_SOURCE_EBPF, 100, WS_REASON_CONTEXT)->families |= 1 << WS_FAMILY_W3C;
	add(&scene, WS_SOURCE_EBPF, 200, WS_REASON_MALFORMED)->malformed = 1 << WS_FAMILY_W3C;
	scene.place[0][1].flaw = WS_FLAW_ZERO;
	detection = look(&scene);
	for (uint32_t i = 0; i < detection.remarks.n_families; i++) {
		const struct ws_family_remark *remark = &detection.remarks.family[i];

		w3c = strcmp(remark->name, "w3c") ? w3c : remark;
		b3 = strcmp(remark->name, "b3") ? b3 : remark;
	}
	assert_non_null(w3c);
	assert_non_null(b3);
	assert_int_equal(w3c->n_noted, 1);
	assert_int_equal(w3c->n_used, 0);
	assert_int_equal(w3c->n_malformed[WS_FLAW_ZERO], 1);
	assert_int_equal(b3->n_noted, 1);
	assert_int_equal(b3->n_used, 1);
	assert_int_equal(detection.remarks.miss[WS_REASON_MALFORMED].n, 1);
	tear_down(&scene, &detection);
}

static void windows_of_old_saw_whole_heads(void **state)
{
	struct ws_file file = { .search_bytes = 16384 };

	(void)state;
	assert_true(ws_file_saw_whole_heads(&file));
	assert_int_equal(ws_tallies_add(&file.reasons, "beyond_window", 1), 0);
	assert_false(ws_file_saw_whole_heads(&file));
	file.search_bytes = 65536;
	assert_true(ws_file_saw_whole_heads(&file));
	file.search_bytes = UINT32_MAX;
	assert_true(ws_file_saw_whole_heads(&file));
	ws_tallies_close(&file.reasons);
	file.search_bytes = 16383;
	assert_false(ws_file_saw_whole_heads(&file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_reasons_leave_the_number_unknown),
		cmocka_unit_test(alike_requests_count_as_each_would),
		cmocka_unit_test(alike_counterparts_count_as_each_would),
		cmocka_unit_test(unread_requests_are_expected_and_not_found),
		cmocka_unit_test(unreadable_http2_without_records_leaves_the_number_unknown),
		cmocka_unit_test(capture_knows_what_was_unread),
		cmocka_unit_test(missed_contexts_are_of_the_captures_family),
		cmocka_unit_test(heads_are_remarked_by_family),
		cmocka_unit_test(windows_of_old_saw_whole_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
