/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_pcap - a libFuzzer target: any bytes as a packet capture, loaded as ingest loads it, into a database in memory.
 *
 * Input: the file. What must hold is checked by abort(): the ledger has every frame of the capture once, of
 * the responses in it each is a row, a file that fails has words, and loading the same bytes again changes nothing.
 * seeds.sh writes a corpus to begin with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/load.h"
#include "ingest/packets.h"
#include "tests/fuzz/memory_database.h"

static const struct ws_tunnels tunnels = { .vxlan_port = { 4789, 8472 } };

/* What a capture holds, without looking into its frames. */
struct count {
	uint64_t n_frames;
	uint64_t unread_bytes;
	bool is_cut;
	bool is_broken;
};

/* Every byte that is said to be there is read. */
static void check_frame(const struct ws_frame *f)
{
	static volatile uint8_t sum;

	MUST(f->wire_len >= f->captured_len);
	for (uint32_t i = 0; i < f->captured_len; i++)
		sum = sum ^ f->bytes[i];
}

static struct count count_frames(size_t size)
{
	struct count c = { 0 };
	struct ws_packets *p = NULL;
	struct ws_error err = { 0 };
	struct ws_frame f = { 0 };
	int rc;

	if (ws_packets_open(file_path, &p, &err)) {
		MUST(strstr(err.text, file_path));
		c.is_broken = true;
		return c;
	}
	while ((rc = ws_packets_next(p, &f, &err)) == 1) {
		check_frame(&f);
		c.n_frames++;
	}
	c.is_broken = rc < 0;
	MUST(!c.is_broken || strstr(err.text, file_path));
	if (!c.is_broken)
		c.is_cut = ws_packets_is_cut(p, &c.unread_bytes);
	MUST(c.unread_bytes <= size);
	ws_packets_close(p);
	return c;
}

static uint64_t sum_of(const struct ws_file_facts *facts, bool only_contexts)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		sum += !only_contexts || ws_slot_is_context(i) ? facts->n_frames[i] : 0;
	return sum;
}

static void check_loaded(const struct ws_loaded *l, const struct count *c, size_t size)
{
	MUST(!l->was_there);
	MUST(l->facts.size_bytes == size);
	MUST(sum_of(&l->facts, false) == c->n_frames);
	MUST(l->facts.is_complete == !c->is_cut);
	MUST(l->facts.unread_bytes == c->unread_bytes);
	MUST(l->facts.n_contexts <= l->facts.n_requests);
	MUST(sum_of(&l->facts, true) <= l->facts.n_contexts);
	MUST(l->facts.n_responses == l->facts.n_frames[WS_REASON_HTTP_RESPONSE]);
	MUST(l->n_cut_records == 0 && l->n_corrupt_records == 0);
	MUST(c->n_frames == 0 || l->facts.first_ns <= l->facts.last_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ws_input input = { .point = "nic", .path = file_path, .source = WS_SOURCE_PCAP };
	struct ws_reading reading = { .tunnels = tunnels };
	struct ws_database *db = database();
	struct ws_loaded loaded = { 0 };
	struct ws_error err = { 0 };
	struct count count;
	int rc;

	if (size > 1 << 16)
		return 0;
	MUST(ws_wanted_parse(size % 2 ? "all" : ws_wanted_default, &reading.wanted, &err) == 0);
	set_file(data, size);
	count = count_frames(size);
	rc = ws_load_end(ws_load_begin(db, "/run", &input, &reading), db, &loaded, &err);
	MUST((rc != 0) == count.is_broken);
	if (rc) {
		MUST(strstr(err.text, file_path));
		return 0;
	}
	if (!loaded.was_there) /* the same input twice in a row */
		check_loaded(&loaded, &count, size);
	if (size % 8 == 0)
		MUST(ws_load_end(ws_load_begin(db, "/run", &input, &reading), db, &loaded, &err) == 0 &&
		     loaded.was_there);
	return 0;
}
