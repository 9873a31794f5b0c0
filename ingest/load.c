/* SPDX-License-Identifier: BSD-2-Clause */
/* load - see the header. */
#include "ingest/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/digest.h"
#include "ingest/feed.h"
#include "ingest/heads.h"
#include "ingest/packets.h"
#include "ingest/witness.h"
#include "lib/recfile.h"

/* Contexts in a packet capture count wherever in the head they end: half of what offsets reach. */
#define WINDOW_BYTES (UINT32_MAX / 2)

struct ws_load {
	const char *dir;
	const struct ws_input *input;
	const struct ws_reading *reading;
	struct ws_loaded loaded;   /* written by the thread that reads, until it has ended */
	struct ws_witness witness; /* of the input */
	uint64_t n_ring_full;	   /* records lost */
	struct ws_feed *feed;	   /* NULL: not begun, as its content may be loaded already */
	struct ws_digest *digest;  /* likewise */
	int rc;			   /* what beginning has failed with */
	struct ws_error err;
};

static int add_losses(struct ws_database *db, const struct ws_load *l, struct ws_error *err)
{
	int rc = ws_database_add_loss(db, "ring_full", l->n_ring_full, err);

	if (rc == 0 && l->loaded.n_cut_records)
		rc = ws_database_add_loss(db, "cut_records", l->loaded.n_cut_records, err);
	if (rc == 0 && l->loaded.n_corrupt_records)
		rc = ws_database_add_loss(db, "corrupt_records", l->loaded.n_corrupt_records, err);
	return rc;
}

/* The list in a record file, with every family named; as it is if it is from a later version. */
static void take_contexts(const struct ws_recfile_head *head, struct ws_file_facts *facts)
{
	struct ws_wanted wanted;

	if (ws_wanted_parse(head->contexts, &wanted, NULL))
		memcpy(facts->contexts, head->contexts, sizeof(facts->contexts));
	else
		ws_wanted_text(&wanted, facts->contexts);
	facts->prefers_list = head->prefers_list;
}

/* What is known of a record file when it has been read. */
static void take_status(const struct ws_recfile_status *s, struct ws_load *l)
{
	struct ws_file_facts *facts = &l->loaded.facts;

	memcpy(facts->n_frames, s->mark.n_frames, sizeof(facts->n_frames));
	facts->n_other_frames = s->mark.n_other_frames;
	take_contexts(&s->head, facts);
	facts->first_ns = s->head.monotonic_ns;
	facts->last_ns = s->n_marks ? s->mark.monotonic_ns : s->head.monotonic_ns;
	facts->search_bytes = s->head.window_bytes;
	facts->unread_bytes = s->unread_bytes;
	facts->is_complete = s->is_complete && s->unread_bytes == 0;
	l->n_ring_full = s->mark.n_ring_full;
	l->loaded.n_cut_records = s->n_cut_records;
	l->loaded.n_corrupt_records = s->n_corrupt_records;
}

static int read_records(void *context, struct ws_feed *feed, struct ws_error *err)
{
	const struct ws_recfile_status *s;
	struct ws_recfile_reader *reader;
	const struct ws_record *records;
	struct ws_load *l = context;
	uint64_t n_marks = 0;
	uint32_t n = 0;
	int rc = ws_recfile_open(l->input->path, &reader, err), feed_rc;

	if (rc)
		return rc;
	s = ws_recfile_reader_status(reader);
	feed_rc = ws_feed_clock_pair(feed, s->head.monotonic_ns, s->head.realtime_ns);
	while (feed_rc == 0 && (rc = ws_recfile_next(reader, &records, &n, err)) == 0) {
		if (s->n_marks > n_marks)
			feed_rc = ws_feed_clock_pair(feed, s->mark.monotonic_ns, s->mark.realtime_ns);
		n_marks = s->n_marks;
		if (n == 0)
			break;
		for (uint32_t i = 0; feed_rc == 0 && i < n; i++)
			feed_rc = ws_feed_record(feed, &records[i]);
	}
	if (rc == 0 && feed_rc)
		rc = ws_error(err, feed_rc, "%s: out of memory", l->input->path);
	if (rc == 0)
		take_status(s, l);
	ws_recfile_reader_close(reader);
	return rc;
}

/* What a sighting in this frame would say of it, its request apart. */
static void describe(const struct ws_frame *f, const struct ws_bytes *b, const struct ws_packet *p, struct ws_record *r)
{
	memset(r, 0, sizeof(*r));
	ws_packet_addresses(b, p->l3_off, p->ip_version, r->saddr, r->daddr);
	if (p->encap)
		ws_packet_addresses(b, p->outer_l3_off, p->outer_ip_version, r->outer_saddr, r->outer_daddr);
	r->ts_ns = f->ts_ns;
	r->seq = p->seq;
	r->vni = p->vni;
	r->frame_len = f->wire_len;
	r->payload_len = p->payload_len;
	r->sport = p->sport;
	r->dport = p->dport;
	r->vlan = p->vlan;
	r->direction = f->direction;
	r->ip_version = p->ip_version;
	r->outer_ip_version = p->outer_ip_version;
	r->encap = p->encap;
	r->tcp_flags = p->tcp_flags;
}

#define TCP_SYN 0x02

static int take_frame(struct ws_heads *heads, const struct ws_frame *f, const struct ws_tunnels *tunnels,
		      uint64_t n_frames[WS_N_REASONS])
{
	const struct ws_bytes b = { .data = f->bytes, .len = f->captured_len };
	struct ws_cursor cursor = { .off = f->off, .proto = f->proto };
	struct ws_segment segment;
	struct ws_packet p;
	struct ws_record r;
	int rc = ws_packet_parse(&b, f->wire_len, tunnels, &cursor, &p);

	if (rc != WS_PACKET_TCP) {
		n_frames[WS_PACKET_REASON(rc)]++;
		return 0;
	}
	if (p.payload_len == 0)
		n_frames[WS_REASON_NO_PAYLOAD]++;
	if (p.payload_len == 0 && !(p.tcp_flags & TCP_SYN))
		return 0;
	describe(f, &b, &p, &r);
	rc = p.tcp_flags & TCP_SYN ? ws_heads_restart(heads, &r) : 0;
	if (rc || p.payload_len == 0)
		return rc;
	segment.frame = &r;
	segment.payload = f->bytes + p.payload_off;
	segment.captured_len = f->captured_len > p.payload_off ? f->captured_len - p.payload_off : 0;
	if (segment.captured_len > p.payload_len)
		segment.captured_len = p.payload_len;
	segment.ack = ws_packet_ack(&b, cursor.off);
	return ws_heads_segment(heads, &segment);
}

static int feed_record(void *feed, const struct ws_record *record)
{
	return ws_feed_record(feed, record);
}

/* Every packet of the capture. Returns 0 or -errno; without words, which only want of memory lacks. */
static int take_frames(struct ws_packets *packets, struct ws_heads *heads, const struct ws_tunnels *tunnels,
		       struct ws_file_facts *facts, struct ws_error *err)
{
	struct ws_frame frame;
	int rc;

	facts->first_ns = UINT64_MAX;
	while ((rc = ws_packets_next(packets, &frame, err)) == 1) {
		if (frame.ts_ns < facts->first_ns)
			facts->first_ns = frame.ts_ns;
		if (frame.ts_ns > facts->last_ns)
			facts->last_ns = frame.ts_ns;
		rc = take_frame(heads, &frame, tunnels, facts->n_frames);
		if (rc)
			return rc;
	}
	return rc ? rc : ws_heads_finish(heads);
}

static int read_packets(void *context, struct ws_feed *feed, struct ws_error *err)
{
	struct ws_load *l = context;
	const struct ws_wanted *wanted = &l->reading->wanted;
	struct ws_file_facts *facts = &l->loaded.facts;
	struct ws_packets *packets = NULL;
	struct ws_heads *heads = ws_heads_new(feed_record, feed, facts->n_frames, wanted, WINDOW_BYTES);
	int rc;

	if (!heads)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_packets_open(l->input->path, &packets, err);
	if (rc)
		goto out;
	ws_wanted_text(wanted, facts->contexts);
	facts->prefers_list = wanted->prefers_list;
	rc = take_frames(packets, heads, &l->reading->tunnels, facts, err);
	if (rc == -ENOMEM)
		ws_error(err, rc, "%s: out of memory", l->input->path);
	facts->is_complete = !ws_packets_is_cut(packets, &facts->unread_bytes);
out:
	ws_packets_close(packets);
	ws_heads_free(heads);
	return rc;
}

/* The thread that reads begins. */
static int begin_feed(struct ws_load *l, struct ws_error *err)
{
	return ws_feed_open(l->input->source == WS_SOURCE_EBPF ? read_records : read_packets, l, &l->feed, err);
}

/* All that the file holds, into what has begun. */
static int load_content(struct ws_database *db, struct ws_load *l, struct ws_error *err)
{
	struct ws_file_facts *facts = &l->loaded.facts;
	struct ws_feed_counts counts = { 0 };
	int rc = l->feed ? 0 : begin_feed(l, err);

	if (rc == 0)
		rc = ws_feed_insert(l->feed, db, &counts, err);
	if (rc == 0 && l->input->source == WS_SOURCE_EBPF)
		rc = add_losses(db, l, err);
	if (rc)
		return rc;
	facts->n_requests = counts.n_requests;
	facts->n_contexts = counts.n_contexts;
	facts->n_responses = counts.n_responses;
	return 0;
}

/* The path to keep: relative to the run directory if the file is in it. */
static const char *shown_path(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

/* Is the very content loaded, as it would be? Then it is not read again. Returns 1 or 0, or -errno. */
static int is_loaded(struct ws_database *db, struct ws_load *l, char hash[WS_DIGEST_TEXT_LEN], struct ws_error *err)
{
	const struct ws_wanted *wanted = l->input->source == WS_SOURCE_PCAP ? &l->reading->wanted : NULL;
	int rc = ws_digest_file(l->input->path, hash, &l->loaded.facts.size_bytes, err);

	return rc ? rc : ws_database_has_file(db, l->input, hash, wanted, err);
}

/* All that the file holds in place of what was there. hash: known if there is no digest. */
static int load_file(struct ws_database *db, struct ws_load *l, char hash[WS_DIGEST_TEXT_LEN], struct ws_error *err)
{
	struct ws_file_facts *facts = &l->loaded.facts;
	struct ws_error digest_err = { 0 };
	int rc = ws_database_begin_file(db, l->input, shown_path(l->dir, l->input->path), err), digest_rc;
	const bool has_begun = rc == 0;

	if (has_begun)
		rc = load_content(db, l, err);
	digest_rc = ws_digest_end(l->digest, hash, &facts->size_bytes, &digest_err);
	l->digest = NULL;
	if (digest_rc)
		rc = ws_error(err, digest_rc, "%s", digest_err.text);
	if (rc == 0)
		rc = ws_witness_check(&l->witness, l->input->path, err);
	if (rc && has_begun)
		ws_database_drop_file(db);
	return rc ? rc : ws_database_end_file(db, hash, facts, err);
}

/* What is not known by its place is new: it is read at once. */
static int begin(struct ws_database *db, struct ws_load *l, struct ws_error *err)
{
	int rc = ws_database_has_file(db, l->input, NULL, NULL, err);
	const bool may_be_there = rc == 1;

	if (rc < 0)
		return rc;
	rc = ws_witness_begin(&l->witness, l->input->path, err);
	if (rc == 0 && !may_be_there)
		rc = ws_digest_begin(l->input->path, &l->digest, err);
	if (rc == 0 && !may_be_there)
		rc = begin_feed(l, err);
	return rc;
}

struct ws_load *ws_load_begin(struct ws_database *db, const char *dir, const struct ws_input *input,
			      const struct ws_reading *reading)
{
	struct ws_load *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->dir = dir;
	l->input = input;
	l->reading = reading;
	l->rc = begin(db, l, &l->err);
	return l;
}

int ws_load_end(struct ws_load *l, struct ws_database *db, struct ws_loaded *loaded, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN];
	int rc;

	if (!l)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = l->rc ? ws_error(err, l->rc, "%s", l->err.text) : 0;
	if (rc == 0 && !l->digest)
		rc = is_loaded(db, l, hash, err);
	if (rc == 1)
		*loaded = (struct ws_loaded) { .was_there = true };
	else if (rc == 0 && (rc = load_file(db, l, hash, err)) == 0)
		*loaded = l->loaded;
	ws_load_close(l);
	return rc == 1 ? 0 : rc;
}

void ws_load_close(struct ws_load *l)
{
	char hash[WS_DIGEST_TEXT_LEN];
	uint64_t size_bytes;

	if (!l)
		return;
	ws_feed_close(l->feed);
	ws_digest_end(l->digest, hash, &size_bytes, NULL);
	free(l);
}

/* Where a request of a log goes. */
struct log_sink {
	struct ws_database *db;
	struct ws_error *err;
};

static int add_request(void *context, const struct ws_log_request *request)
{
	struct log_sink *sink = context;

	return ws_database_add_request(sink->db, request, sink->err);
}

/* Is the log at other_path, below dir, still what was loaded, and so a copy of this one? */
static int check_copy(const char *dir, const char *other_path, const struct ws_log_input *input, const char *hash,
		      struct ws_error *err)
{
	char other_hash[WS_DIGEST_TEXT_LEN], *path;
	uint64_t size_bytes;
	int rc = 0;

	if (asprintf(&path, "%s/%s", dir, other_path) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	if (ws_digest_file(path, other_hash, &size_bytes, NULL) == 0 && strcmp(hash, other_hash) == 0)
		rc = ws_error(err, -EEXIST, "%s and %s hold the same bytes; move one of them away", path, input->path);
	free(path);
	return rc;
}

int ws_load_log(struct ws_database *db, const char *dir, const struct ws_log_input *input, struct ws_loaded_log *loaded,
		struct ws_error *err)
{
	struct ws_loaded_log l = { 0 };
	struct log_sink sink = { db, err };
	char hash[WS_DIGEST_TEXT_LEN], *other_path = NULL;
	struct ws_witness witness;
	uint64_t size_bytes;
	int rc = ws_witness_begin(&witness, input->path, err);

	rc = rc ? rc : ws_digest_file(input->path, hash, &size_bytes, err);
	if (rc)
		return rc;
	rc = ws_database_find_log(db, input->name, hash, &other_path, err);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		*loaded = (struct ws_loaded_log) { .was_there = true };
		return 0;
	}
	if (other_path)
		rc = check_copy(dir, other_path, input, hash, err);
	free(other_path);
	if (rc == 0)
		rc = ws_database_begin_log(db, input->name, shown_path(dir, input->path), hash, size_bytes, err);
	if (rc)
		return rc;
	rc = ws_log_read(input->path, add_request, &sink, &l.facts, err);
	if (rc == 0)
		rc = ws_witness_check(&witness, input->path, err);
	if (rc)
		ws_database_drop_file(db);
	else
		rc = ws_database_end_log(db, &l.facts, err);
	if (rc == 0)
		*loaded = l;
	return rc;
}
