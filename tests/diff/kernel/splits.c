/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splits - see the header. Every context must be found, at its place, in the segment that carries the end of its ids;
 * and the two frames must be in the account as what they are.
 */
#include "tests/diff/kernel/splits.h"

#include <stdio.h>
#include <string.h>

#include "lib/names.h"
#include "tests/diff/kernel/carrier.h"
#include "tests/diff/kernel/request.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define KIB	     1024u

static const struct judge_setup setup = {
	"every byte",
	"all",
	0,
	{ .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } }
};

static const uint32_t sizes[] = { 1, 2, 4, 8, 16, 32, 60 };
static const char *const place_name[] = { "first", "last", "in the middle" };

/* Of heads as large as this every byte is cut at. */
#define ALL_OF (8 * KIB)

/* One head, and how often it was cut. */
struct head {
	struct carrier carrier;
	struct request request;
	struct ws_record want;
	uint8_t bytes[REQUEST_HEAD_MAX + 8192];
	uint32_t isn;
	uint64_t n_cuts;
};

/* Is a head cut here, of which not every byte is? */
static bool is_chosen(const struct head *h, uint32_t at, uint32_t stride)
{
	const struct request_context *c = &h->request.context[0];
	const uint32_t len = h->request.head_len, from_kib = at % KIB;

	return len < ALL_OF || at % stride == 0 || at + 2 * KIB >= len || at < 512 ||
	       (at + 400 > c->ctx_off && at < c->ids_end_off + 400) || from_kib < 2 || from_kib > KIB - 3 ||
	       (at + 400) % (16 * KIB) < 800;
}

static void give(struct judge *j, const struct head *h, uint32_t from, uint32_t to, uint64_t *stamp, uint32_t *len)
{
	static uint8_t frame[CARRIER_FRAME_MAX];

	*len = carrier_frame(&h->carrier, h->isn + from, ~h->isn, CARRIER_ACK | CARRIER_PSH, h->bytes + from, to - from,
			     frame);
	judge_give(j, frame, *len, 0, stamp);
}

/* What must be recorded of a head that is cut at the byte. */
static struct ws_record wanted_of(const struct head *h, uint32_t at, uint32_t frame_len, const uint64_t stamp[2])
{
	struct ws_record want = h->want;

	carrier_describe(&h->carrier, frame_len, at, CARRIER_ACK | CARRIER_PSH, &want);
	want.ts_ns = stamp[0];
	want.seq = h->isn;
	want.searched_len = h->request.head_len;
	want.point = 3;
	want.http_version = 1;
	want.n_segments = 2;
	want.ctx_segment = want.ctx_off + 1 > at ? 2 : 1;
	want.ids_end_segment = want.ids_end_off > at ? 2 : 1;
	want.done_ts_ns = stamp[want.ids_end_segment - 1];
	return want;
}

/* Cuts the head at a byte. */
static void cut(struct judge *j, struct head *h, uint32_t at, const char *place, struct tally *t)
{
	struct ws_record want;
	uint32_t frame_len, second_len;
	uint64_t stamp[2];

	h->isn += 0x100001;
	j->n_records = 0;
	give(j, h, 0, at, &stamp[0], &frame_len);
	give(j, h, at, h->request.head_len, &stamp[1], &second_len);
	want = wanted_of(h, at, frame_len, stamp);
	h->n_cuts++;
	if (j->n_records == 1 && judge_differ(&j->record[0], &want, 0) == 0) {
		t->n_passed++;
		t->n_records++;
		t->family[want.family]++;
		t->encap[want.encap]++;
		t->n_of_several += want.ids_end_segment > 1;
		return;
	}
	if (!judge_fails(t))
		return;
	printf("  %u bytes, %s %s, cut at %u (ids from %u to %u): %u records\n", h->request.head_len,
	       ws_family_name(want.family), place, at, want.ctx_off, want.ids_end_off, j->n_records);
	if (j->n_records == 1)
		judge_differ(&j->record[0], &want, 1);
}

/* Cuts the head wherever it is to be cut, and looks at the account of all that. */
static void cut_all(struct judge *j, struct head *h, uint32_t stride, const char *place, struct tally *t)
{
	const uint64_t n_failed = t->n_failed;
	uint64_t have[WS_N_REASONS];

	h->n_cuts = 0;
	judge_begin(j);
	for (uint32_t at = 1; at < h->request.head_len; at++)
		if (is_chosen(h, at, stride))
			cut(j, h, at, place, t);
	judge_end(j, have);
	t->n_frames += 2 * h->n_cuts;
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		t->slot[i] += have[i];
	if (have[WS_REASON_CONTEXT + h->want.family] == h->n_cuts && have[WS_REASON_HEAD_CONTINUED] == h->n_cuts)
		t->n_passed++;
	else if (judge_fails(t))
		printf("  %llu contexts, %llu frames that continue a head, of %llu cuts\n",
		       (unsigned long long)have[WS_REASON_CONTEXT + h->want.family],
		       (unsigned long long)have[WS_REASON_HEAD_CONTINUED], (unsigned long long)h->n_cuts);
	if (t->n_failed > n_failed)
		printf("FAILED: %u bytes, %s %s\n", h->request.head_len, ws_family_name(h->want.family), place);
}

void splits_run(const struct subject *subject, uint64_t seed, uint32_t stride, struct tally *t)
{
	static const uint8_t families[] = { WS_FAMILY_W3C, WS_FAMILY_B3, WS_FAMILY_B3_SINGLE };
	static struct judge j;
	static struct head h;

	judge_open(&j, &setup, subject);
	for (uint32_t size = 0; size < COUNT(sizes); size++) {
		uint64_t n_cuts = 0;

		for (uint32_t place = 0; place < COUNT(place_name); place++) {
			for (uint32_t family = 0; family < COUNT(families); family++) {
				struct dice d = dice_of(seed, size * 100 + place * 10 + family);
				const struct request_kind kind = { .head_len = sizes[size] * KIB,
								   .family = families[family],
								   .has_context = true,
								   .place = place };

				h.isn = (uint32_t)dice_u64(&d);
				carrier_make(&d, 0, 40000, 8080, &h.carrier);
				request_make(&d, &kind, h.bytes, &h.request);
				request_truth(&h.request, &j.wanted, WS_WINDOW_MAX, &h.want);
				cut_all(&j, &h, stride, place_name[place], t);
				n_cuts += h.n_cuts;
			}
		}
		printf("heads of about %u KB: %llu cuts\n", sizes[size], (unsigned long long)n_cuts);
	}
	judge_close(&j, t);
}
