/* SPDX-License-Identifier: BSD-2-Clause */
/* load - see the header. */
#include "ingest/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/digest.h"
#include "ingest/heads.h"
#include "ingest/packets.h"
#include "lib/recfile.h"

#define BATCH_RECORDS  4096
#define DOCUMENT_MAX   (64u << 20)
#define DOCUMENT_FIRST (1u << 16)
/* Contexts in a packet capture count wherever in the head they end: half of what offsets reach. */
#define WINDOW_BYTES (UINT32_MAX / 2)

/* Records on their way into the database. */
struct batch {
	struct ws_database *db;
	struct ws_error *err;
	uint32_t n;
	struct ws_record record[BATCH_RECORDS];
};

static int flush(struct batch *b)
{
	int rc = b->n ? ws_database_add_records(b->db, b->record, b->n, b->err) : 0;

	b->n = 0;
	return rc;
}

static int add_to_batch(void *context, const struct ws_record *record)
{
	struct batch *b = context;

	b->record[b->n++] = *record;
	return b->n == BATCH_RECORDS ? flush(b) : 0;
}

static int add_losses(struct ws_database *db, const struct ws_recfile_status *s, struct ws_error *err)
{
	int rc = ws_database_add_loss(db, "ring_full", s->mark.n_ring_full, err);

	if (rc == 0 && s->n_cut_records)
		rc = ws_database_add_loss(db, "cut_records", s->n_cut_records, err);
	if (rc == 0 && s->n_corrupt_records)
		rc = ws_database_add_loss(db, "corrupt_records", s->n_corrupt_records, err);
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

static int load_records(struct ws_database *db, const struct ws_input *input, struct ws_loaded *l, struct ws_error *err)
{
	const struct ws_recfile_status *s;
	struct ws_recfile_reader *reader;
	const struct ws_record *records;
	uint64_t n_marks = 0;
	uint32_t n = 0;
	int rc = ws_recfile_open(input->path, &reader, err);

	if (rc)
		return rc;
	s = ws_recfile_reader_status(reader);
	rc = ws_database_add_clock_pair(db, s->head.monotonic_ns, s->head.realtime_ns, err);
	while (rc == 0 && (rc = ws_recfile_next(reader, &records, &n, err)) == 0) {
		if (s->n_marks > n_marks)
			rc = ws_database_add_clock_pair(db, s->mark.monotonic_ns, s->mark.realtime_ns, err);
		n_marks = s->n_marks;
		if (n == 0)
			break;
		if (rc == 0)
			rc = ws_database_add_records(db, records, n, err);
	}
	if (rc == 0)
		rc = add_losses(db, s, err);
	if (rc == 0) {
		memcpy(l->facts.n_frames, s->mark.n_frames, sizeof(l->facts.n_frames));
		l->facts.n_other_frames = s->mark.n_other_frames;
		take_contexts(&s->head, &l->facts);
		l->facts.first_ns = s->head.monotonic_ns;
		l->facts.last_ns = s->n_marks ? s->mark.monotonic_ns : s->head.monotonic_ns;
		l->facts.search_bytes = s->head.window_bytes;
		l->facts.unread_bytes = s->unread_bytes;
		l->facts.is_complete = s->is_complete && s->unread_bytes == 0;
		l->n_cut_records = s->n_cut_records;
		l->n_corrupt_records = s->n_corrupt_records;
	}
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
	describe(f, &b, &p, &r);
	rc = p.tcp_flags & TCP_SYN ? ws_heads_restart(heads, &r) : 0;
	if (rc)
		return rc;
	if (p.payload_len == 0) {
		n_frames[WS_REASON_NO_PAYLOAD]++;
		return 0;
	}
	segment.frame = &r;
	segment.payload = f->bytes + p.payload_off;
	segment.captured_len = f->captured_len > p.payload_off ? f->captured_len - p.payload_off : 0;
	if (segment.captured_len > p.payload_len)
		segment.captured_len = p.payload_len;
	segment.ack = ws_packet_ack(&b, cursor.off);
	return ws_heads_segment(heads, &segment);
}

static int load_packets(struct ws_database *db, const struct ws_input *input, const struct ws_reading *reading,
			struct ws_loaded *l, struct ws_error *err)
{
	struct ws_file_facts *facts = &l->facts;
	struct batch *batch = calloc(1, sizeof(*batch));
	struct ws_packets *packets = NULL;
	struct ws_heads *heads = NULL;
	struct ws_frame frame;
	int rc;

	if (batch)
		heads = ws_heads_new(add_to_batch, batch, facts->n_frames, &reading->wanted, WINDOW_BYTES);
	if (!heads) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	batch->db = db;
	batch->err = err;
	rc = ws_packets_open(input->path, &packets, err);
	if (rc)
		goto out;
	facts->first_ns = UINT64_MAX;
	ws_wanted_text(&reading->wanted, facts->contexts);
	facts->prefers_list = reading->wanted.prefers_list;
	while ((rc = ws_packets_next(packets, &frame, err)) == 1) {
		if (frame.ts_ns < facts->first_ns)
			facts->first_ns = frame.ts_ns;
		if (frame.ts_ns > facts->last_ns)
			facts->last_ns = frame.ts_ns;
		rc = take_frame(heads, &frame, &reading->tunnels, facts->n_frames);
		if (rc == -ENOMEM)
			ws_error(err, rc, "%s: out of memory", input->path);
		if (rc)
			goto out;
	}
	if (rc == 0)
		rc = ws_heads_finish(heads);
	if (rc == 0)
		rc = flush(batch);
	facts->is_complete = !ws_packets_is_cut(packets, &facts->unread_bytes);
out:
	ws_packets_close(packets);
	ws_heads_free(heads);
	free(batch);
	return rc;
}

/* The path to keep: relative to the run directory if the file is in it. */
static const char *shown_path(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

int ws_load(struct ws_database *db, const char *dir, const struct ws_input *input, const struct ws_reading *reading,
	    struct ws_loaded *loaded, struct ws_error *err)
{
	struct ws_loaded l = { 0 };
	char hash[WS_DIGEST_TEXT_LEN];
	int rc = ws_digest_file(input->path, hash, &l.facts.size_bytes, err);

	if (rc)
		return rc;
	rc = ws_database_has_file(db, input, hash, input->source == WS_SOURCE_PCAP ? &reading->wanted : NULL, err);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		*loaded = (struct ws_loaded) { .was_there = true };
		return 0;
	}
	rc = ws_database_begin_file(db, input, hash, shown_path(dir, input->path), err);
	if (rc)
		return rc;
	if (input->source == WS_SOURCE_EBPF)
		rc = load_records(db, input, &l, err);
	else
		rc = load_packets(db, input, reading, &l, err);
	if (rc) {
		ws_database_drop_file(db);
		return rc;
	}
	rc = ws_database_end_file(db, &l.facts, err);
	if (rc)
		return rc;
	ws_database_counts(db, &l.n_requests, &l.n_contexts, &l.n_responses);
	*loaded = l;
	return 0;
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
	uint64_t size_bytes;
	int rc = ws_digest_file(input->path, hash, &size_bytes, err);

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
	if (rc)
		ws_database_drop_file(db);
	else
		rc = ws_database_end_log(db, &l.facts, err);
	if (rc == 0)
		*loaded = l;
	return rc;
}

/* All bytes of a file, and a NUL behind them. *text is the caller's, to be freed. */
static int read_all(FILE *file, const char *path, char **text, size_t *len, struct ws_error *err)
{
	char *bytes = NULL;
	size_t cap = 0, n = 0;

	while (!feof(file)) {
		char *grown = realloc(bytes, cap ? cap *= 2 : (cap = DOCUMENT_FIRST));

		if (!grown) {
			free(bytes);
			return ws_error(err, -ENOMEM, "%s: out of memory", path);
		}
		bytes = grown;
		n += fread(bytes + n, 1, cap - n - 1, file);
		if (ferror(file) || n > DOCUMENT_MAX) {
			free(bytes);
			return ws_error(err, -EINVAL, "%s: cannot be read, or is larger than %u MB", path,
					DOCUMENT_MAX >> 20);
		}
	}
	bytes[n] = '\0';
	*text = bytes;
	*len = n;
	return 0;
}

/* The document at path, and its hash. *text is the caller's, to be freed. */
static int read_document(const char *path, char **text, char hash[WS_DIGEST_TEXT_LEN], struct ws_error *err)
{
	FILE *file = fopen(path, "rbe");
	size_t len = 0;
	int rc;

	if (!file)
		return ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	rc = read_all(file, path, text, &len, err);
	fclose(file);
	if (rc)
		return rc;
	if (memchr(*text, '\0', len)) {
		free(*text);
		return ws_error(err, -EINVAL, "%s: holds a NUL byte, which JSON does not", path);
	}
	ws_digest_bytes(*text, len, hash);
	return 0;
}

/* What a document that was refused is not, and why. Returns rc. */
static int refused(const char *path, const char *what, int rc, struct ws_error *err)
{
	struct ws_error cause = *err;

	return ws_error(err, rc, "%s: not taken for %s: %.800s", path, what, cause.text);
}

int ws_load_conditions(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_conditions(db, hash, text, err);
	free(text);
	return rc ? refused(path, "conditions", rc, err) : 0;
}

int ws_load_manifest(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_manifest(db, hash, text, err);
	free(text);
	return rc ? refused(path, "a manifest", rc, err) : 0;
}

int ws_load_overhead(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_overhead(db, hash, text, err);
	free(text);
	return rc ? refused(path, "what capturing costs", rc, err) : 0;
}
