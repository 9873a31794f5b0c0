/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_recfile - record files out and in: what was written comes back; what is cut, changed or hostile is never taken
 * for a record that was not written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"
#include "lib/recfile_columns.h"
#include "tests/unit/guard.h"
#include "tests/unit/sanitized.h"

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define BLOCKS_MAX    8
#define FRAMES_MAX    (2 * BLOCKS_MAX + 2)
#define SMALL_BLOCKS  3
#define DIRECTORY_LEN 8 /* of version 1 */
#define ENTRY_LEN     8

static char directory[64];

/* xorshift64*: the same bytes in every run. */
static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t next_random(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1du;
}

struct field {
	const char *name;
	size_t off;
	size_t width;
};

#define FIELD(name)                                                                            \
	{                                                                                      \
#name, offsetof(struct ws_record, name), sizeof(((struct ws_record *)0)->name) \
	}

static const struct field fields[] = {
	FIELD(ts_ns),	     FIELD(trace_id),	  FIELD(span_id),     FIELD(parent_span_id),
	FIELD(saddr),	     FIELD(daddr),	  FIELD(outer_saddr), FIELD(outer_daddr),
	FIELD(seq),	     FIELD(vni),	  FIELD(frame_len),   FIELD(payload_len),
	FIELD(req_off),	     FIELD(ctx_off),	  FIELD(ctx_len),     FIELD(ids_end_off),
	FIELD(searched_len), FIELD(sport),	  FIELD(dport),	      FIELD(vlan),
	FIELD(n_segments),   FIELD(point),	  FIELD(direction),   FIELD(ip_version),
	FIELD(encap),	     FIELD(tcp_flags),	  FIELD(reason),      FIELD(family),
	FIELD(sampled),	     FIELD(flags),	  FIELD(zero),	      FIELD(outer_ip_version),
	FIELD(flaw),	     FIELD(http_version), FIELD(done_ts_ns),  FIELD(stream_id),
	FIELD(families),     FIELD(malformed),	  FIELD(ctx_segment), FIELD(ids_end_segment),
	FIELD(ack),	     FIELD(status),
};

/* The first field in which two records differ; NULL if they are the same. */
static const char *difference(const struct ws_record *a, const struct ws_record *b)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (memcmp((const uint8_t *)a + fields[i].off, (const uint8_t *)b + fields[i].off, fields[i].width))
			return fields[i].name;
	return NULL;
}

static void same_records(const struct ws_record *have, const struct ws_record *want, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const char *name = difference(&have[i], &want[i]);

		if (name)
			fail_msg("record %u differs in %s", i, name);
	}
}

enum pattern { PATTERN_RANDOM, PATTERN_CONSTANT, PATTERN_EXTREMES, PATTERN_COUNTING, PATTERN_FEW, N_PATTERNS };

static void fill_field(uint8_t *at, size_t width, enum pattern pattern, uint32_t i)
{
	uint64_t word = next_random();

	for (size_t k = 0; k < width; k++) {
		if (k % 8 == 0 && k)
			word = next_random();
		at[k] = pattern == PATTERN_RANDOM     ? (uint8_t)(word >> (8 * (k % 8)))
			: pattern == PATTERN_CONSTANT ? 0xc3
						      : 0;
	}
	if (pattern == PATTERN_EXTREMES) /* lowest, highest, the sign bit alone, all but it */
		for (size_t k = 0; k < width; k++)
			at[k] = word >> 62 == 0 ? 0 : word >> 62 == 1 ? 0xff : word >> 62 == 2 ? 0 : 0xff;
	if (pattern == PATTERN_EXTREMES && word >> 63)
		at[width - 1] = word >> 62 == 2 ? 0x80 : 0x7f;
	if (pattern == PATTERN_COUNTING)
		memcpy(at, &i, width < sizeof(i) ? width : sizeof(i));
	if (pattern == PATTERN_FEW) /* values that come again; now and then a new one */
		memset(at, word % 100 == 0 ? (int)(word >> 8 & 0xff) : (int)(word >> 8 & 1), width);
}

static struct ws_record *make_records(uint32_t n, enum pattern pattern)
{
	struct ws_record *records = test_calloc(n, sizeof(*records));

	for (uint32_t i = 0; i < n; i++) {
		for (size_t f = 0; f < COUNT(fields); f++)
			fill_field((uint8_t *)&records[i] + fields[f].off, fields[f].width, pattern, i);
		memset(records[i].zero, 0, sizeof(records[i].zero));
	}
	return records;
}

static const char *path_of(const char *name)
{
	static char path[4][160];
	static unsigned int turn;
	char *at = path[turn++ % COUNT(path)];

	snprintf(at, sizeof(path[0]), "%s/%s", directory, name);
	return at;
}

static struct ws_recfile_head head_of(const char *point)
{
	struct ws_recfile_head head;

	memset(&head, 0, sizeof(head)); /* and what stands between the fields */
	head.window_bytes = 0xfedcba98;
	head.monotonic_ns = UINT64_MAX;
	head.realtime_ns = 1;
	strcpy(head.contexts, "b3,w3c,header:x-my-trace");
	head.prefers_list = true;
	snprintf(head.point, sizeof(head.point), "%s", point);
	return head;
}

/* The state of the tap before block i: no two are the same. */
static struct ws_recfile_mark mark_of(uint32_t i)
{
	struct ws_recfile_mark mark = { .monotonic_ns = 1000 + i, .realtime_ns = ~(uint64_t)i, .n_ring_full = 7 * i };

	for (uint32_t slot = 0; slot < WS_N_REASONS; slot++)
		mark.n_frames[slot] = i * 1000000007ull + slot;
	return mark;
}

static void add_block(struct ws_recfile_writer *w, const struct ws_record *records, uint32_t n, uint32_t number)
{
	const struct ws_recfile_mark mark = mark_of(number);
	struct ws_error err = { 0 };

	for (uint32_t i = 0; i < n; i++)
		*ws_recfile_slot(w) = records[i];
	assert_int_equal(ws_recfile_pending(w), n);
	assert_int_equal(ws_recfile_flush(w, &mark, &err), 0);
	assert_int_equal(ws_recfile_pending(w), 0);
}

/* A finished file of blocks; its end mark has the number of blocks. */
static void write_file(const char *path, const struct ws_record *records, const uint32_t *n, uint32_t n_blocks,
		       int level)
{
	const struct ws_recfile_head head = head_of("vport");
	const struct ws_recfile_mark last = mark_of(n_blocks);
	struct ws_recfile_writer *w = NULL;
	struct ws_error err = { 0 };
	uint64_t n_records = 0;
	struct stat st;

	assert_int_equal(ws_recfile_create(path, &head, level, &w, &err), 0);
	for (uint32_t i = 0; i < n_blocks; i++) {
		add_block(w, records + n_records, n[i], i);
		n_records += n[i];
		assert_int_equal(ws_recfile_written_records(w), n_records);
	}
	assert_int_equal(ws_recfile_finish(w, &last, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(ws_recfile_written_bytes(w), st.st_size);
	ws_recfile_close(w);
}

static struct ws_recfile_reader *open_file(const char *path)
{
	struct ws_recfile_reader *r = NULL;
	struct ws_error err = { 0 };

	if (ws_recfile_open(path, &r, &err))
		fail_msg("%s", err.text);
	return r;
}

static uint32_t next_block(struct ws_recfile_reader *r, const struct ws_record **records)
{
	struct ws_error err = { 0 };
	uint32_t n = 12345;

	if (ws_recfile_next(r, records, &n, &err))
		fail_msg("%s", err.text);
	return n;
}

static void is_over(struct ws_recfile_reader *r)
{
	const struct ws_record *records;

	assert_int_equal(next_block(r, &records), 0);
	assert_int_equal(next_block(r, &records), 0);
}

static void same_mark(const struct ws_recfile_mark *have, uint32_t number)
{
	const struct ws_recfile_mark want = mark_of(number);

	assert_memory_equal(have, &want, sizeof(want));
}

static void check_whole_file(const char *path, const struct ws_record *want, const uint32_t *n, uint32_t n_blocks)
{
	const struct ws_recfile_head head = head_of("vport");
	struct ws_recfile_reader *r = open_file(path);
	const struct ws_recfile_status *s = ws_recfile_reader_status(r);
	const struct ws_record *records;
	uint64_t n_records = 0;

	assert_memory_equal(&s->head, &head, sizeof(head));
	for (uint32_t i = 0; i < n_blocks; i++) {
		assert_false(s->is_complete);
		assert_int_equal(next_block(r, &records), n[i]);
		same_records(records, want + n_records, n[i]);
		n_records += n[i];
		assert_int_equal(s->n_records, n_records);
		assert_int_equal(s->n_marks, i + 1);
		same_mark(&s->mark, i);
	}
	is_over(r);
	same_mark(&s->mark, n_blocks);
	assert_int_equal(s->n_marks, n_blocks + 1);
	assert_true(s->is_complete);
	assert_int_equal(s->unread_bytes + s->n_cut_records + s->n_corrupt_records, 0);
	ws_recfile_reader_close(r);
}

static void round_trip(void **state)
{
	static const uint32_t n[] = { 4096, 1, 2, 3, 17, 4095 };
	const enum pattern pattern = (enum pattern)(uintptr_t)*state;
	static const int levels[] = { 1, 3, 19 };
	struct ws_record *records = make_records(9000, pattern);

	for (size_t i = 0; i < COUNT(levels); i++) {
		const char *path = path_of("round.rec.zst");

		write_file(path, records, n, COUNT(n), levels[i]);
		check_whole_file(path, records, n, COUNT(n));
		assert_int_equal(unlink(path), 0);
	}
	test_free(records);
}

/* No byte of a record is left to chance: the fields and its zeros are all of it. */
static void fields_cover_the_record(void **state)
{
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		sum += fields[i].width;
	assert_int_equal(sum, sizeof(struct ws_record));
}

static void full_block_takes_no_more(void **state)
{
	const struct ws_recfile_head head = head_of("p");
	struct ws_recfile_writer *w = NULL;
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_recfile_create(path_of("full.rec.zst"), &head, 1, &w, &err), 0);
	for (uint32_t i = 0; i < WS_RECFILE_BLOCK_RECORDS; i++)
		assert_non_null(ws_recfile_slot(w));
	assert_null(ws_recfile_slot(w));
	assert_int_equal(ws_recfile_pending(w), WS_RECFILE_BLOCK_RECORDS);
	ws_recfile_close(w);
}

/* What is pending at the end is written, too; marks without records are read, and change the state. */
static void flush_without_records(void **state)
{
	struct ws_record *want = make_records(2, PATTERN_RANDOM);
	const struct ws_recfile_head head = head_of("p");
	const struct ws_recfile_mark last = mark_of(9);
	const char *path = path_of("flush.rec.zst");
	struct ws_recfile_writer *w = NULL;
	const struct ws_record *records;
	struct ws_recfile_reader *r;
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), 0);
	add_block(w, NULL, 0, 0);
	add_block(w, NULL, 0, 1);
	*ws_recfile_slot(w) = want[0];
	*ws_recfile_slot(w) = want[1];
	assert_int_equal(ws_recfile_finish(w, &last, &err), 0);
	ws_recfile_close(w);
	r = open_file(path);
	assert_int_equal(next_block(r, &records), 2);
	same_records(records, want, 2);
	assert_int_equal(ws_recfile_reader_status(r)->n_marks, 3);
	is_over(r);
	same_mark(&ws_recfile_reader_status(r)->mark, 9);
	assert_true(ws_recfile_reader_status(r)->is_complete);
	ws_recfile_reader_close(r);
	test_free(want);
}

/* A file in memory, and where its frames lie: the head, then marks and data. */
struct image {
	uint8_t *bytes;
	uint32_t len;
	uint32_t n_frames;
	uint32_t end_off[FRAMES_MAX];
	uint32_t n_announced[FRAMES_MAX]; /* records in this data frame; 0 for a mark */
	struct ws_record *records;
	uint32_t n_records;
};

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint8_t *read_whole(const char *path, uint32_t *len)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = test_malloc(1 << 16);

	assert_non_null(file);
	*len = (uint32_t)fread(bytes, 1, 1 << 16, file);
	assert_in_range(*len, 1, (1 << 16) - 1);
	fclose(file);
	return bytes;
}

static void write_whole(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Follows the layout by hand: mark (magic, size, signature, version, kind, n written, n, frame length ...), frame. */
static void find_frames(struct image *m)
{
	uint32_t off = 0;

	while (off < m->len) {
		const uint8_t *mark = m->bytes + off;
		uint32_t n_data = 0;

		assert_int_equal(u32_at(mark), WS_RECFILE_SKIPPABLE_MAGIC);
		off += 8 + u32_at(mark + 4);
		m->end_off[m->n_frames++] = off;
		if ((u32_at(mark + 12) >> 16) != WS_RECFILE_KIND_BLOCK)
			continue;
		n_data = u32_at(mark + 28);
		m->n_announced[m->n_frames] = u32_at(mark + 24);
		off += n_data;
		m->end_off[m->n_frames++] = off;
	}
	assert_int_equal(off, m->len);
}

static const uint32_t small_blocks[SMALL_BLOCKS] = { 3, 1, 2 };

static struct image make_image(void)
{
	const char *path = path_of("image.rec.zst");
	struct image m = { .n_records = 6 };

	m.records = make_records(m.n_records, PATTERN_RANDOM);
	write_file(path, m.records, small_blocks, SMALL_BLOCKS, 3);
	m.bytes = read_whole(path, &m.len);
	unlink(path);
	find_frames(&m);
	assert_int_equal(m.n_frames, 2 + 2 * SMALL_BLOCKS);
	return m;
}

static void free_image(struct image *m)
{
	test_free(m->bytes);
	test_free(m->records);
}

static void check_cut(const struct image *m, const char *path, uint32_t len)
{
	struct ws_recfile_reader *r = open_file(path);
	const struct ws_recfile_status *s = ws_recfile_reader_status(r);
	uint32_t n_whole = 0, n_records = 0, n_marks = 0;
	const struct ws_record *records;

	for (; n_whole < m->n_frames && m->end_off[n_whole] <= len; n_whole++) {
		n_marks += n_whole && !m->n_announced[n_whole];
		if (!m->n_announced[n_whole])
			continue;
		assert_int_equal(next_block(r, &records), m->n_announced[n_whole]);
		same_records(records, m->records + n_records, m->n_announced[n_whole]);
		n_records += m->n_announced[n_whole];
	}
	is_over(r);
	assert_int_equal(s->n_records, n_records);
	assert_int_equal(s->n_marks, n_marks);
	assert_int_equal(s->n_corrupt_records, 0);
	assert_int_equal(s->n_cut_records, n_whole < m->n_frames ? m->n_announced[n_whole] : 0);
	assert_int_equal(s->unread_bytes, len - m->end_off[n_whole - 1]);
	assert_int_equal(s->is_complete, len == m->len);
	ws_recfile_reader_close(r);
}

static void refused(const char *path, const char *words)
{
	struct ws_recfile_reader *r = NULL;
	struct ws_error err = { 0 };

	assert_true(ws_recfile_open(path, &r, &err) < 0);
	if (!strstr(err.text, path) || !strstr(err.text, words))
		fail_msg("'%s' does not say '%s' of %s", err.text, words, path);
}

static void cut_at_every_byte(void **state)
{
	const char *path = path_of("cut.rec.zst");
	struct image m = make_image();

	(void)state;
	write_whole(path, m.bytes, m.len);
	for (uint32_t len = m.len;; len--) {
		assert_int_equal(truncate(path, len), 0);
		if (len >= m.end_off[0])
			check_cut(&m, path, len);
		else
			refused(path, "within its head");
		if (len == 0)
			break;
	}
	free_image(&m);
}

/* Every block given out is one of those written, in their order. Returns how many blocks there were. */
static uint32_t given_blocks(const struct image *m, struct ws_recfile_reader *r)
{
	uint32_t block = 0, off = 0, n_given = 0, n;
	const struct ws_record *records;

	while ((n = next_block(r, &records))) {
		while (block < SMALL_BLOCKS &&
		       (small_blocks[block] != n || memcmp(records, m->records + off, n * sizeof(*records)) != 0))
			off += small_blocks[block++];
		if (block == SMALL_BLOCKS)
			fail_msg("records that were never written");
		off += small_blocks[block++];
		n_given++;
	}
	return n_given;
}

static bool is_mark_of_file(const struct ws_recfile_status *s)
{
	for (uint32_t i = 0; i <= SMALL_BLOCKS; i++) {
		const struct ws_recfile_mark mark = mark_of(i);

		if (memcmp(&s->mark, &mark, sizeof(mark)) == 0)
			return true;
	}
	return s->n_marks == 0;
}

/* A changed file: refused with words, or read with what is missing counted. Returns whether the loss was seen. */
static bool check_changed(const struct image *m, const char *path)
{
	const struct ws_recfile_head head = head_of("vport");
	const struct ws_recfile_status *s;
	struct ws_recfile_reader *r;
	struct ws_error err = { 0 };
	bool is_loss;

	if (ws_recfile_open(path, &r, &err)) {
		assert_non_null(strstr(err.text, path));
		return true;
	}
	s = ws_recfile_reader_status(r);
	assert_memory_equal(&s->head, &head, sizeof(head));
	is_loss = given_blocks(m, r) < SMALL_BLOCKS;
	assert_true(is_mark_of_file(s));
	if (is_loss)
		assert_true(s->n_corrupt_records || s->n_cut_records || s->unread_bytes);
	if (s->is_complete)
		assert_int_equal(s->n_records + s->n_corrupt_records, m->n_records);
	is_loss |= !s->is_complete;
	ws_recfile_reader_close(r);
	return is_loss;
}

static void every_byte_flipped(void **state)
{
	const char *path = path_of("flip.rec.zst");
	struct image m = make_image();
	uint32_t n_seen = 0, n_flips = 0;
	int fd;

	(void)state;
	write_whole(path, m.bytes, m.len);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (uint32_t off = 0; off < m.len; off++) {
		for (uint32_t bit = 0; bit <= 8; bit++, n_flips++) {
			uint8_t byte = m.bytes[off] ^ (uint8_t)(bit == 8 ? 0xff : 1u << bit);

			assert_int_equal(pwrite(fd, &byte, 1, off), 1);
			n_seen += check_changed(&m, path);
		}
		assert_int_equal(pwrite(fd, &m.bytes[off], 1, off), 1);
	}
	close(fd);
	/*
	 * Bits that change nothing: one of the frame header, two of the symbol modes (RFC 8878 3.1.1.1, 3.1.1.3.2.1),
	 * and of the FSE tables (4.1.1) their fill to whole bytes and what they say of states that are not entered.
	 */
	assert_in_range(n_flips - n_seen, 0, 24 * SMALL_BLOCKS);
	free_image(&m);
}

/* Two bytes swapped, runs of zeros, bytes taken out: what happens to disks. */
static void random_damage(void **state)
{
	const char *path = path_of("damage.rec.zst");
	struct image m = make_image();
	uint8_t *copy = test_malloc(m.len);

	(void)state;
	for (int turn = 0; turn < WS_ROUNDS(5000); turn++) {
		uint32_t at = (uint32_t)(next_random() % m.len), len = 1 + (uint32_t)(next_random() % 64), left;

		memcpy(copy, m.bytes, m.len);
		left = len < m.len - at ? len : m.len - at;
		if (turn & 1)
			memset(copy + at, 0, left);
		else
			memmove(copy + at, copy + at + left, m.len - at - left);
		write_whole(path, copy, m.len - (turn & 1 ? 0 : left));
		check_changed(&m, path);
	}
	test_free(copy);
	free_image(&m);
}

static void temporary_name_until_finished(void **state)
{
	const struct ws_recfile_head head = head_of("p");
	const struct ws_recfile_mark mark = mark_of(1);
	const char *path = path_of("name.rec.zst"), *part = path_of("name.rec.zst" WS_RECFILE_PART_SUFFIX);
	struct ws_recfile_writer *w = NULL;
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(part, F_OK), 0);
	assert_int_equal(ws_recfile_finish(w, &mark, &err), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(part, F_OK), -1);
	ws_recfile_close(w);
}

static void killed_writer_leaves_its_blocks(void **state)
{
	struct ws_record *want = make_records(5, PATTERN_RANDOM);
	const struct ws_recfile_head head = head_of("p");
	const char *path = path_of("killed.rec.zst"), *part = path_of("killed.rec.zst" WS_RECFILE_PART_SUFFIX);
	struct ws_recfile_writer *w = NULL;
	const struct ws_record *records;
	struct ws_recfile_reader *r;
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), 0);
	add_block(w, want, 4, 0);
	*ws_recfile_slot(w) = want[4]; /* never flushed */
	ws_recfile_close(w);
	assert_int_equal(access(path, F_OK), -1);
	r = open_file(part);
	assert_int_equal(next_block(r, &records), 4);
	same_records(records, want, 4);
	is_over(r);
	assert_false(ws_recfile_reader_status(r)->is_complete);
	assert_int_equal(ws_recfile_reader_status(r)->unread_bytes, 0);
	ws_recfile_reader_close(r);
	test_free(want);
}

static void holds_text(const char *path, const char *text)
{
	uint32_t len;
	uint8_t *bytes = read_whole(path, &len);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
	test_free(bytes);
}

static void nothing_is_overwritten(void **state)
{
	const char *path = path_of("there.rec.zst"), *other = path_of("other.rec.zst");
	const char *part = path_of("other.rec.zst" WS_RECFILE_PART_SUFFIX);
	const struct ws_recfile_head head = head_of("p");
	struct ws_recfile_writer *w = NULL;
	struct ws_error err = { 0 };

	(void)state;
	write_whole(path, "precious", 8);
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), -EEXIST);
	assert_non_null(strstr(err.text, path));
	holds_text(path, "precious");
	write_whole(part, "killed", 6);
	assert_int_equal(ws_recfile_create(other, &head, 1, &w, &err), -EEXIST);
	assert_non_null(strstr(err.text, part));
	holds_text(part, "killed");
}

static void cannot_create(void **state)
{
	const struct ws_recfile_head head = head_of("p");
	const char *path = path_of("no/such/dir.rec.zst");
	struct ws_recfile_writer *w = NULL;
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, NULL), -ENOENT);
}

/* A mark of any kind, length and fields, with the hash that makes it one. */
static uint32_t put_mark(uint8_t *to, uint16_t version, uint16_t kind, const void *field, uint32_t len)
{
	const uint32_t start[] = { WS_RECFILE_SKIPPABLE_MAGIC, 16 + len, WS_RECFILE_SIGNATURE,
				   version | (uint32_t)kind << 16 };
	uint64_t hash;

	memcpy(to, start, sizeof(start));
	memcpy(to + sizeof(start), field, len);
	hash = XXH3_64bits(to + 8, 8 + len);
	memcpy(to + sizeof(start) + len, &hash, sizeof(hash));
	return sizeof(start) + len + sizeof(hash);
}

static void unknown_kinds_are_read_over(void **state)
{
	static const uint8_t field[WS_RECFILE_MARK_MAX] = { 1, 2, 3 };
	static const uint32_t lengths[] = { 0, 1, 48, WS_RECFILE_MARK_MAX - 16 };
	uint8_t *bytes = test_malloc(1 << 16);
	struct image m = make_image();
	const char *path = path_of("kind.rec.zst");
	uint32_t len = 0, from = 0;

	(void)state;
	for (uint32_t i = 0; i < m.n_frames; i++) {
		memcpy(bytes + len, m.bytes + from, m.end_off[i] - from);
		len += m.end_off[i] - from;
		from = m.end_off[i];
		if (i + 1 < m.n_frames && !m.n_announced[i + 1]) /* never between a mark and its data */
			len += put_mark(bytes + len, WS_RECFILE_VERSION, (uint16_t)(100 + i), field,
					lengths[i / 2 % COUNT(lengths)]);
	}
	write_whole(path, bytes, len);
	check_whole_file(path, m.records, small_blocks, SMALL_BLOCKS);
	test_free(bytes);
	free_image(&m);
}

static void wrong_version(void **state)
{
	const char *path = path_of("version.rec.zst");
	struct image m = make_image();
	uint8_t bytes[1024];
	static const uint16_t versions[] = { 0, 3, 0xffff };
	static const char *const words[] = { "version 0", "version 3", "version 65535" };

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		uint32_t len = put_mark(bytes, versions[i], WS_RECFILE_KIND_HEAD, m.bytes + 16, m.end_off[0] - 24);

		assert_int_equal(len, m.end_off[0]);
		write_whole(path, bytes, len);
		refused(path, words[i]);
	}
	free_image(&m);
}

static void other_files(void **state)
{
	static const uint8_t pcap[64] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, [16] = 0xff, 0xff, [20] = 1 };
	const char *path = path_of("other");

	(void)state;
	refused(path, "No such file");
	write_whole(path, pcap, sizeof(pcap));
	refused(path, "no record file");
	write_whole(path, "", 0);
	refused(path, "no record file");
	write_whole(path, "\x28\xb5\x2f\xfd\x24\x05\x29\x00\x00hello\x42\x42\x42\x42", 18);
	refused(path, "no record file");
	refused(directory, "not a regular file");
}

/* Behind a good head a mark that says what it likes, with a right hash; then bytes that may be a frame. */
static void check_hostile(const struct image *m, const void *field, uint32_t len, const void *data, uint32_t data_len,
			  struct ws_recfile_status *status)
{
	const char *path = path_of("hostile.rec.zst");
	uint8_t *bytes = test_malloc(1 << 16);
	const struct ws_record *records;
	struct ws_recfile_reader *r;
	uint32_t n = m->end_off[0];

	memcpy(bytes, m->bytes, n);
	n += put_mark(bytes + n, WS_RECFILE_VERSION, WS_RECFILE_KIND_BLOCK, field, len);
	memcpy(bytes + n, data, data_len);
	write_whole(path, bytes, n + data_len);
	r = open_file(path);
	assert_int_equal(next_block(r, &records), 0);
	is_over(r);
	*status = *ws_recfile_reader_status(r);
	assert_false(status->is_complete);
	assert_int_equal(status->n_records, 0);
	ws_recfile_reader_close(r);
	test_free(bytes);
}

struct block_field {
	uint64_t n_written;
	uint32_t n;
	uint32_t frame_len;
	uint64_t clocks[3];
	uint32_t n_reasons;
	uint32_t zero;
	uint64_t n_frames[WS_N_REASONS];
};

static void hostile_marks(void **state)
{
	struct block_field f = { .n = 1, .frame_len = 4, .n_reasons = WS_N_REASONS };
	struct image m = make_image();
	struct ws_recfile_status s;

	(void)state;
	check_hostile(&m, &f, sizeof(f), "1234", 4, &s);
	assert_int_equal(s.n_corrupt_records, 1);
	for (uint32_t len = 0; len < sizeof(f); len++) { /* too short for what it announces */
		check_hostile(&m, &f, len, "", 0, &s);
		assert_int_equal(s.n_marks, 0);
		assert_int_equal(s.unread_bytes, 24 + len);
	}
	f.n_reasons = UINT32_MAX;
	check_hostile(&m, &f, sizeof(f), "1234", 4, &s);
	assert_int_equal(s.n_marks, 0);
	f.n_reasons = WS_N_REASONS;
	f.n = WS_RECFILE_BLOCK_RECORDS_MAX + 1;
	check_hostile(&m, &f, sizeof(f), "1234", 4, &s);
	assert_true(s.unread_bytes >= 4);
	f.n = UINT32_MAX;
	check_hostile(&m, &f, sizeof(f), "1234", 4, &s);
	assert_true(s.unread_bytes >= 4);
	f.n = 1;
	f.frame_len = WS_RECFILE_FRAME_MAX + 1;
	check_hostile(&m, &f, sizeof(f), "1234", 4, &s);
	assert_true(s.unread_bytes >= 4);
	f.frame_len = 0;
	check_hostile(&m, &f, sizeof(f), "", 0, &s);
	assert_int_equal(s.n_corrupt_records, 1);
	free_image(&m);
}

/* Marks with fewer counters than there are reasons, as files of before have, and with more, as later ones may. */
static void ledgers_of_any_length(void **state)
{
	static const uint32_t n_counters[] = { 0, 1, 32, 63, 64, 65, 200 };
	struct {
		struct block_field f;
		uint64_t more[200 - WS_N_REASONS];
	} mark = { .f.n = 0 };
	uint64_t *counter = mark.f.n_frames;
	struct image m = make_image();
	struct ws_recfile_status s;

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		counter[i] = 1 + i;
	for (size_t i = 0; i < COUNT(n_counters); i++) {
		const uint32_t n = n_counters[i];

		mark.f.n_reasons = n;
		check_hostile(&m, &mark, (uint32_t)(offsetof(struct block_field, n_frames) + n * sizeof(uint64_t)), "",
			      0, &s);
		assert_int_equal(s.n_marks, 1);
		for (uint32_t slot = 0; slot < WS_N_REASONS; slot++)
			assert_int_equal(s.mark.n_frames[slot], slot < n ? 1 + slot : 0);
		assert_int_equal(s.mark.n_other_frames, n == 65 ? 65 : n == 200 ? (65 + 200) * 136 / 2 : 0);
	}
	free_image(&m);
}

/* Counters that are 0 to the last one are not written. */
static void empty_counters_are_left_out(void **state)
{
	const struct ws_recfile_head head = head_of("p");
	struct ws_recfile_mark mark = { .n_frames = { [5] = 3 } };
	const char *path = path_of("empty.rec.zst");
	struct ws_recfile_writer *w = NULL;
	const struct ws_record *records;
	struct ws_recfile_reader *r;
	struct ws_error err = { 0 };
	uint64_t n_head;

	(void)state;
	assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), 0);
	n_head = ws_recfile_written_bytes(w);
	assert_int_equal(ws_recfile_finish(w, &mark, &err), 0);
	assert_int_equal(ws_recfile_written_bytes(w) - n_head, 64 + 6 * 8 + 8);
	ws_recfile_close(w);
	r = open_file(path);
	assert_int_equal(next_block(r, &records), 0);
	assert_memory_equal(&ws_recfile_reader_status(r)->mark, &mark, sizeof(mark));
	ws_recfile_reader_close(r);
}

/* The head's list of contexts: of every length, missing, and with lengths and bytes that it may not have. */
static void list_of_contexts(void **state)
{
	struct ws_recfile_head head = head_of("p");
	const char *path = path_of("list.rec.zst"), *part = path_of("list.rec.zst" WS_RECFILE_PART_SUFFIX);
	struct ws_recfile_writer *w = NULL;
	struct ws_recfile_reader *r;
	struct ws_error err = { 0 };

	(void)state;
	for (uint32_t len = 0; len <= WS_RECFILE_CONTEXTS_MAX; len++) {
		memset(head.contexts, 0, sizeof(head.contexts));
		memset(head.contexts, 'a' + (int)(len % 26), len);
		head.prefers_list = len & 1;
		assert_int_equal(ws_recfile_create(path, &head, 1, &w, &err), 0);
		ws_recfile_close(w);
		r = open_file(part);
		assert_memory_equal(&ws_recfile_reader_status(r)->head, &head, sizeof(head));
		ws_recfile_reader_close(r);
		unlink(part);
	}
}

static void hostile_lists_of_contexts(void **state)
{
	static const struct {
		const char *bytes; /* behind the name */
		uint32_t len;
		const char *contexts; /* as read; NULL: refused */
	} lists[] = {
		{ "", 0, "w3c,b3" },
		{ "\0\0\0", 3, "" },
		{ "\0\2\0b3", 5, "b3" },
		{ "\0\2\0b3 and what is not known yet", 30, "b3" },
		{ "\0", 1, NULL },
		{ "\0\0", 2, NULL },
		{ "\0\3\0b3", 5, NULL },
		{ "\0\xff\xff", 3, NULL },
		{ "\0\2\0b\x1b", 5, NULL },
		{ "\0\2\0b\0", 5, NULL },
		{ "\0\2\0\xc3\xa9", 5, NULL },
	};
	const char *path = path_of("lists.rec.zst");
	uint8_t field[1024], bytes[2048];
	struct image m = make_image();

	(void)state;
	memcpy(field, m.bytes + 16, 88);
	for (size_t i = 0; i < COUNT(lists); i++) {
		memcpy(field + 88, lists[i].bytes, lists[i].len);
		write_whole(path, bytes,
			    put_mark(bytes, WS_RECFILE_VERSION, WS_RECFILE_KIND_HEAD, field, 88 + lists[i].len));
		if (lists[i].contexts) {
			struct ws_recfile_reader *r = open_file(path);

			assert_string_equal(ws_recfile_reader_status(r)->head.contexts, lists[i].contexts);
			assert_false(ws_recfile_reader_status(r)->head.prefers_list);
			ws_recfile_reader_close(r);
		} else {
			refused(path, "offset 104");
		}
	}
	memset(field + 88, 'a', sizeof(field) - 88); /* one more than there may be */
	memcpy(field + 89, "\1\2", 2);
	write_whole(path, bytes, put_mark(bytes, WS_RECFILE_VERSION, WS_RECFILE_KIND_HEAD, field, 88 + 3 + 513));
	refused(path, "offset 104");
	free_image(&m);
}

/* A block of version 2 as it lies in its frames. Returns its length. */
static size_t encode(const struct ws_record *records, uint32_t n, uint8_t *to)
{
	struct ws_recfile_encoder *e = ws_recfile_encoder_new();
	size_t n_random, len = ws_recfile_block_encode(e, records, n, to, &n_random);

	assert_true(n_random <= len);
	ws_recfile_encoder_free(e);
	return len;
}

/* Frames that zstd takes and that hold too much, too little, or columns for another number of records. */
static void hostile_frames(void **state)
{
	static uint8_t plain[1 << 20], packed[1 << 16];
	struct block_field f = { .n = 2, .n_reasons = WS_N_REASONS };
	struct ws_record *records = make_records(3, PATTERN_RANDOM);
	struct image m = make_image();
	struct ws_recfile_status s;
	size_t len;

	(void)state;
	for (size_t n = 0; n <= sizeof(plain); n = n ? 4 * n : 1) {
		len = ZSTD_compress(packed, sizeof(packed), plain, n, 1);
		f.frame_len = (uint32_t)len;
		check_hostile(&m, &f, sizeof(f), packed, f.frame_len, &s);
		assert_int_equal(s.n_corrupt_records, 2);
	}
	len = encode(records, 3, plain);
	f.frame_len = (uint32_t)ZSTD_compress(packed, sizeof(packed), plain, len, 1);
	check_hostile(&m, &f, sizeof(f), packed, f.frame_len, &s);
	assert_int_equal(s.n_corrupt_records, 2);
	test_free(records);
	free_image(&m);
}

/* Trailing bytes behind the end mark are counted, and nothing of them is read. */
static void bytes_behind_the_end(void **state)
{
	const char *path = path_of("behind.rec.zst");
	uint8_t *bytes = test_malloc(1 << 16);
	struct image m = make_image();
	struct ws_recfile_reader *r;

	(void)state;
	memcpy(bytes, m.bytes, m.len);
	memcpy(bytes + m.len, m.bytes + m.end_off[0], m.len - m.end_off[0]);
	write_whole(path, bytes, 2 * m.len - m.end_off[0]);
	r = open_file(path);
	assert_int_equal(given_blocks(&m, r), SMALL_BLOCKS);
	assert_true(ws_recfile_reader_status(r)->is_complete);
	assert_int_equal(ws_recfile_reader_status(r)->unread_bytes, m.len - m.end_off[0]);
	ws_recfile_reader_close(r);
	test_free(bytes);
	free_image(&m);
}

/*
 * Decodes a copy that ends at the guard page, into records that end at a canary; so does what is needed of a block's
 * tables.
 */
static int decode_of(uint16_t version, const uint8_t *bytes, size_t len, struct ws_record *records, uint32_t n)
{
	static struct ws_record room[16], rows[32];
	struct ws_bytes b = ws_guard(bytes, (uint32_t)len);
	int rc;

	assert_true(n < COUNT(room));
	memset(room, 0x5a, sizeof(room));
	memset(rows, 0x5a, sizeof(rows));
	rc = version == 1 ? ws_recfile_columns_decode(b.data, b.len, room, n)
			  : ws_recfile_block_decode(b.data, b.len, room, n, rows);
	for (size_t i = 0; i < sizeof(room[0]); i++) {
		assert_int_equal(((const uint8_t *)&room[n])[i], 0x5a);
		assert_int_equal(((const uint8_t *)&rows[ws_recfile_rows(n)])[i], 0x5a);
	}
	if (records)
		memcpy(records, room, n * sizeof(*records));
	return rc;
}

static int decode(const uint8_t *bytes, size_t len, struct ws_record *records, uint32_t n)
{
	return decode_of(1, bytes, len, records, n);
}

static void block_cut_anywhere(void **state)
{
	const enum pattern pattern = (enum pattern)(uintptr_t)*state;
	uint8_t bytes[8192];
	struct ws_record *want = make_records(15, pattern), have[15];
	size_t len = encode(want, 15, bytes);

	assert_true(len <= ws_recfile_block_bound(15));
	assert_int_equal(decode_of(2, bytes, len, have, 15), 0);
	same_records(have, want, 15);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(decode_of(2, bytes, cut, NULL, 15), -EINVAL);
	assert_int_equal(decode_of(2, bytes, len + 1, NULL, 15), -EINVAL);
	assert_int_equal(decode_of(2, bytes, len, NULL, 14), -EINVAL);
	assert_int_equal(decode_of(2, bytes, len, NULL, 0), -EINVAL);
	test_free(want);
}

/* Any byte of a block at any value, and three at once: nothing is read or written beyond what there is. */
static void block_with_hostile_bytes(void **state)
{
	const enum pattern pattern = (enum pattern)(uintptr_t)*state;
	struct ws_record *want = make_records(15, pattern);
	uint8_t bytes[8192], copy[8192];
	size_t len = encode(want, 15, bytes);
	uint32_t n_refused = 0;

	for (size_t at = 0; at < len; at++) {
		for (uint32_t value = 0; value < 256; value += 1 + (at >= 512) * 14) {
			memcpy(copy, bytes, len);
			copy[at] = (uint8_t)value;
			n_refused += decode_of(2, copy, len, NULL, 15) != 0;
		}
	}
	assert_true(n_refused > 0);
	for (int turn = 0; turn < WS_ROUNDS(50000); turn++) {
		memcpy(copy, bytes, len);
		for (int i = 0; i < 3; i++)
			copy[next_random() % len] = (uint8_t)next_random();
		decode_of(2, copy, len, NULL, 15);
	}
	test_free(want);
}

/* The bytes of columns, built by hand. */
struct columns {
	uint8_t bytes[1024];
	uint32_t n_columns;
	size_t data_len;
	uint8_t data[512];
};

static void put_column(struct columns *c, uint16_t id, uint8_t width, uint8_t encoding, const void *data, uint32_t size)
{
	uint8_t *entry = c->bytes + DIRECTORY_LEN + ENTRY_LEN * c->n_columns++;

	memcpy(entry, &id, 2);
	entry[2] = width;
	entry[3] = encoding;
	memcpy(entry + 4, &size, 4);
	memcpy(c->data + c->data_len, data, size);
	c->data_len += size;
}

static size_t end_columns_of(struct columns *c, uint32_t n, uint16_t record_version)
{
	const uint16_t end[] = { (uint16_t)c->n_columns, record_version };
	size_t directory_len = DIRECTORY_LEN + ENTRY_LEN * c->n_columns;

	memcpy(c->bytes, &n, 4);
	memcpy(c->bytes + 4, end, 4);
	memcpy(c->bytes + directory_len, c->data, c->data_len);
	return directory_len + c->data_len;
}

/* The same of a block of version 2. */
static size_t end_block(struct columns *c, uint32_t n, uint32_t n_flows, uint32_t n_shapes, uint64_t time_ns)
{
	const uint32_t start[] = { n, c->n_columns | WS_RECORD_VERSION << 16, n_flows, n_shapes };
	const size_t directory_len = ENTRY_LEN * c->n_columns;

	memmove(c->bytes + WS_RECFILE_DIRECTORY_OFF, c->bytes + DIRECTORY_LEN, directory_len);
	memcpy(c->bytes, start, sizeof(start));
	memcpy(c->bytes + 16, &time_ns, sizeof(time_ns));
	memcpy(c->bytes + WS_RECFILE_DIRECTORY_OFF + directory_len, c->data, c->data_len);
	return WS_RECFILE_DIRECTORY_OFF + directory_len + c->data_len;
}

static size_t end_columns(struct columns *c, uint32_t n)
{
	return end_columns_of(c, n, WS_RECORD_VERSION);
}

/* As recfile.md has it: column 9 is seq, 18 sport; encoding 0 constant, 1 delta in planes with zigzag, 2 rows. */
static void unknown_and_missing_columns(void **state)
{
	static const uint8_t planes[] = { 20, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0 }; /* +10, -1, +1 */
	struct columns c = { 0 };
	struct ws_record have[3];

	(void)state;
	put_column(&c, 999, 3, 77, "whatever it is", 14);
	put_column(&c, 9, 4, 1, planes, sizeof(planes));
	put_column(&c, 18, 2, 0, "\x34\x12", 2);
	put_column(&c, 0, 0, 0, "", 0);
	put_column(&c, 3, 8, 2, "spanid_1spanid_2spanid_3", 24);
	assert_int_equal(decode(c.bytes, end_columns(&c, 3), have, 3), 0);
	for (uint32_t i = 0; i < 3; i++) {
		struct ws_record want = { .seq = i == 1 ? 9 : 10, .sport = 0x1234 };

		memcpy(want.span_id, "spanid_", 7);
		want.span_id[7] = (uint8_t)('1' + i);
		same_records(&have[i], &want, 1);
	}
}

static void wrong_columns(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t width, encoding;
		uint32_t size;
	} wrong[] = {
		{ 9, 4, 1, 11 },  { 9, 4, 1, 13 }, { 9, 4, 0, 3 },   { 9, 4, 0, 12 },  { 9, 8, 1, 24 },
		{ 9, 2, 1, 6 },	  { 9, 4, 3, 12 }, { 9, 4, 255, 4 }, { 2, 16, 1, 48 }, { 2, 16, 2, 16 },
		{ 2, 16, 0, 48 }, { 9, 0, 0, 0 },  { 9, 4, 1, 0 },   { 32, 8, 0, 4 },  { 32, 4, 0, 4 },
		{ 34, 2, 0, 1 },  { 34, 1, 1, 3 }, { 40, 2, 1, 6 },  { 41, 4, 1, 12 }, { 41, 2, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		static const uint8_t zeros[64];
		struct columns c = { 0 };

		put_column(&c, wrong[i].id, wrong[i].width, wrong[i].encoding, zeros, wrong[i].size);
		if (decode(c.bytes, end_columns(&c, 3), NULL, 3) != -EINVAL)
			fail_msg("case %zu was taken", i);
	}
}

/* Column 32 is the delay behind column 1 where column 28, the reason, is 16; else the field as it is. */
static void ids_end_is_a_delay(void **state)
{
	static const uint64_t times[] = { 1000, 2000, 3000 }, delays[] = { 0, 7, 0 };
	static const uint8_t reasons[] = { 16, 16, 13 };
	struct columns c = { 0 };
	struct ws_record have[3];

	(void)state;
	put_column(&c, 32, 8, 2, delays, sizeof(delays));
	put_column(&c, 28, 1, 2, reasons, sizeof(reasons));
	put_column(&c, 1, 8, 2, times, sizeof(times));
	assert_int_equal(decode(c.bytes, end_columns(&c, 3), have, 3), 0);
	assert_int_equal(have[0].done_ts_ns, 1000);
	assert_int_equal(have[1].done_ts_ns, 2007);
	assert_int_equal(have[2].done_ts_ns, 0);
}

/* The entry of a column in a table of a block of version 2, or NULL. */
static const uint8_t *entry_of(const uint8_t *block, uint16_t id, uint8_t table)
{
	const uint8_t *entry = block + WS_RECFILE_DIRECTORY_OFF;

	for (uint32_t i = 0; i < ws_recfile_get16(block + 4); i++, entry += ENTRY_LEN)
		if (ws_recfile_get16(entry) == id && entry[3] >> 4 == table)
			return entry;
	return NULL;
}

/* Ids that end in the frame that begins the head, and heads without a context, take no byte. */
static void ids_that_end_at_once_cost_nothing(void **state)
{
	struct ws_record want[14] = { 0 }, have[14];
	static uint8_t bytes[1 << 16];
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < COUNT(want); i++) {
		want[i].ts_ns = next_random();
		want[i].reason = i % 3 ? WS_REASON_CONTEXT : WS_REASON_SPLIT;
		want[i].done_ts_ns = i % 3 ? want[i].ts_ns : 0;
	}
	encode(want, COUNT(want), bytes);
	assert_null(entry_of(bytes, 32, 0));
	want[5].done_ts_ns += 1000;
	len = encode(want, COUNT(want), bytes);
	assert_int_equal(ws_recfile_get32(entry_of(bytes, 32, 0) + 4), 2 * COUNT(want));
	assert_int_equal(decode_of(2, bytes, len, have, COUNT(want)), 0);
	same_records(have, want, COUNT(want));
}

/* What is as it was to be expected takes no byte: a connection's sequence numbers, ids that stood before. */
static void what_is_expected_costs_nothing(void **state)
{
	struct ws_record want[14] = { 0 }, have[14];
	static uint8_t bytes[1 << 16];
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < COUNT(want); i++) {
		want[i].sport = (uint16_t)(1000 + i % 2);
		want[i].payload_len = 700;
		want[i].seq = 0xffffff00 + i % 2 * 12345 + i / 2 * 700;
		memset(want[i].trace_id, 1 + (int)i / 4, 16);
		memset(want[i].span_id, 101 + (int)i, 8);
		memset(want[i].parent_span_id, i % 4 ? 101 + (int)(i / 4 * 4) : 0, 8);
	}
	len = encode(want, COUNT(want), bytes);
	assert_int_equal(ws_recfile_get32(bytes + 8), 2);
	assert_int_equal(ws_recfile_get32(bytes + 12), 1);
	assert_null(entry_of(bytes, 9, 0));
	assert_int_equal(ws_recfile_get32(entry_of(bytes, 2, 0) + 4), 4 * 16);
	assert_int_equal(ws_recfile_get32(entry_of(bytes, 3, 0) + 4), 14 * 8);
	assert_null(entry_of(bytes, 4, 0));
	assert_int_equal(decode_of(2, bytes, len, have, COUNT(want)), 0);
	same_records(have, want, COUNT(want));
	want[9].seq++; /* one byte a record from here on */
	len = encode(want, COUNT(want), bytes);
	assert_int_equal(ws_recfile_get32(entry_of(bytes, 9, 0) + 4), COUNT(want));
	assert_int_equal(decode_of(2, bytes, len, have, COUNT(want)), 0);
	same_records(have, want, COUNT(want));
}

/* As many flows and shapes as records, and more than a hash table's slot has room for: all of them come back. */
static void every_record_a_flow_of_its_own(void **state)
{
	const uint32_t n = WS_RECFILE_BLOCK_RECORDS;
	struct ws_record *want = test_calloc(n, sizeof(*want)), *have = test_calloc(3 * n, sizeof(*have));
	uint8_t *bytes = test_malloc(ws_recfile_block_bound(n));
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		want[i].sport = (uint16_t)i;
		want[i].vlan = (uint16_t)(i / 7); /* of which the hash knows nothing */
		want[i].point = (uint8_t)(i % 50);
		want[i].sport = 0;
		want[i].status = (uint16_t)i;
		want[i].ts_ns = n - i;
	}
	len = encode(want, n, bytes);
	assert_true(len <= ws_recfile_block_bound(n));
	assert_int_equal(ws_recfile_block_decode(bytes, len, have, n, have + n), 0);
	same_records(have, want, n);
	test_free(want);
	test_free(have);
	test_free(bytes);
}

/*
 * As recfile.md has it: of two flows' rows the ports (18) and where they count from (9), of two shapes' rows length
 * (12) and reason (28); of the records flow (256), shape (257), time (1), sequence number (9), delay (32), and ids.
 */
static void block_by_hand(void **state)
{
	static const uint32_t starts[] = { 1000, 0xfffffff0 }, lengths[] = { 100, 32 };
	static const uint8_t ports[] = { 0xd0, 0x07, 0xd1, 0x07 }, reasons[] = { 16, 13 };
	static const uint8_t shapes[] = { 0, 1, 1, 0 }, times[] = { 0, 20, 1, 2, 0, 1, 0, 0 };
	static const uint8_t traces_from[] = { 1, 0, 1, 2 }, parents_from[] = { 1, 0, 3, 2 },
			     spans_from[] = { 0, 1, 0, 3 };
	struct columns c = { 0 };
	struct ws_record have[4], want[4] = { 0 };

	(void)state;
	put_column(&c, 9, 4, 0x12, starts, sizeof(starts));
	put_column(&c, 18, 2, 0x12, ports, sizeof(ports));
	put_column(&c, 20, 2, 0x10, "\x05\0", 2);
	put_column(&c, 12, 4, 0x22, lengths, sizeof(lengths));
	put_column(&c, 11, 4, 0x20, "\x42\0\0", 4);
	put_column(&c, 28, 1, 0x22, reasons, sizeof(reasons));
	put_column(&c, 999, 3, 0x27, "whatever it is", 14);
	put_column(&c, 999, 3, 0xf7, "whatever it is", 14);
	put_column(&c, 999, 3, 7, "whatever it is", 14);
	put_column(&c, 256, 2, 4, "\0\1\1\0", 4);
	put_column(&c, 257, 2, 4, shapes, sizeof(shapes));
	put_column(&c, 1, 8, 1, times, sizeof(times));
	put_column(&c, 9, 4, 5, "\0\0\3\2", 4);
	put_column(&c, 32, 8, 4, "\7\0\0\0", 4);
	put_column(&c, 258, 2, 4, traces_from, 4);
	put_column(&c, 260, 2, 4, parents_from, 4);
	put_column(&c, 259, 2, 4, spans_from, 4);
	put_column(&c, 2, 16, 6, "trace_id_is_one.trace_id_is_two.", 32);
	put_column(&c, 4, 8, 6, "parent_1", 8);
	put_column(&c, 3, 8, 6, "span_id1", 8);
	assert_int_equal(decode_of(2, c.bytes, end_block(&c, 4, 2, 2, 5000), have, 4), 0);
	for (uint32_t i = 0; i < 4; i++) {
		const bool is_first = shapes[i] == 0;

		want[i].sport = i == 0 || i == 3 ? 2000 : 2001;
		want[i].vlan = 5;
		want[i].payload_len = is_first ? 100 : 32;
		want[i].frame_len = want[i].payload_len + 0x42;
		want[i].searched_len = want[i].payload_len; /* no column: not more, not less */
		want[i].reason = is_first ? 16 : 13;
	}
	want[0].seq = 1000;
	want[1].seq = 0xfffffff0;
	want[2].seq = 0x10 - 2;
	want[3].seq = 1101;
	want[0].ts_ns = 5000;
	want[1].ts_ns = 5138;
	want[2].ts_ns = 5137;
	want[3].ts_ns = 5138;
	want[0].done_ts_ns = 5007;
	want[3].done_ts_ns = want[3].ts_ns;
	memcpy(want[0].trace_id, "trace_id_is_one.", 16);
	memcpy(want[2].trace_id, "trace_id_is_two.", 16);
	memcpy(want[3].trace_id, "trace_id_is_two.", 16);
	memcpy(want[0].parent_span_id, "parent_1", 8);
	memcpy(want[1].span_id, "span_id1", 8);
	memcpy(want[2].parent_span_id, "span_id1", 8);
	memcpy(want[3].parent_span_id, "span_id1", 8);
	memcpy(want[3].span_id, "span_id1", 8);
	same_records(have, want, 4);
}

/* Columns of version 2 that are not to be taken; one by one, each beside nothing else. */
static void wrong_block_columns(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t width, encoding;
		uint32_t size;
		const char *data;
	} wrong[] = {
		{ 18, 2, 1, 3, "\0\0\0" },			 /* a field of the tables among the records */
		{ 9, 4, 1, 3, "\0\0\0" },			 /* not in the encoding that it has there */
		{ 9, 4, 5, 4, "\0\0\0" },			 /* no whole planes */
		{ 9, 2, 5, 3, "\0\0\0" },			 /* another width */
		{ 9, 4, 5, 15, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0" }, /* more planes than bytes */
		{ 9, 4, 0x20, 4, "\0\0\0" },			 /* where flows count from, in the table of shapes */
		{ 1, 8, 0x10, 8, "\0\0\0\0\0\0\0" },		 /* what is of the records only */
		{ 2, 16, 0x10, 16, "0123456789abcdef" },
		{ 18, 2, 0x13, 2, "\0\0" },   /* a dictionary without room for its numbers */
		{ 18, 2, 0x11, 4, "\0\0\0" }, /* planes of three rows */
		{ 18, 2, 0x14, 3, "\0\0\0" }, /* an encoding that tables do not have */
		{ 256, 2, 4, 3, "\0\0\3" },   /* a flow that there is not */
		{ 257, 2, 4, 3, "\0\0\3" },   /* a shape that there is not */
		{ 258, 2, 4, 3, "\2\0\0" },   /* before the first record */
		{ 259, 2, 4, 3, "\0\3\0" },
		{ 260, 2, 4, 3, "\0\0\6" },
		{ 260, 2, 4, 6, "\0\0\0\0\xff\0" },
		{ 258, 2, 4, 3, "\0\0\1" },	      /* no literal is there */
		{ 2, 16, 6, 16, "0123456789abcdef" }, /* and one too many */
		{ 2, 16, 6, 15, "0123456789abcde" },
		{ 3, 8, 2, 24, "0123456789abcdef01234567" },
		{ 3, 16, 6, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct columns c = { 0 };

		put_column(&c, wrong[i].id, wrong[i].width, wrong[i].encoding, wrong[i].data, wrong[i].size);
		if (decode_of(2, c.bytes, end_block(&c, 3, 3, 3, 0), NULL, 3) != -EINVAL)
			fail_msg("case %zu was taken", i);
	}
}

/* A column may stand once: in one of the tables, and once among the records. */
static void columns_that_come_twice(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t width, encoding[2];
		uint32_t size;
	} twice[] = { { 18, 2, { 0x10, 0x10 }, 2 }, { 18, 2, { 0x10, 0x20 }, 2 }, { 18, 2, { 0x22, 0x12 }, 6 },
		      { 9, 4, { 5, 5 }, 3 },	    { 256, 2, { 4, 4 }, 0 },	  { 2, 16, { 6, 6 }, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(twice); i++) {
		static const uint8_t zeros[8];
		struct columns c = { 0 };

		put_column(&c, twice[i].id, twice[i].width, twice[i].encoding[0], zeros, twice[i].size);
		assert_int_equal(decode_of(2, c.bytes, end_block(&c, 3, 3, 3, 0), NULL, 3), 0);
		memmove(c.bytes + DIRECTORY_LEN, c.bytes + WS_RECFILE_DIRECTORY_OFF, ENTRY_LEN);
		put_column(&c, twice[i].id, twice[i].width, twice[i].encoding[1], zeros, twice[i].size);
		if (decode_of(2, c.bytes, end_block(&c, 3, 3, 3, 0), NULL, 3) != -EINVAL)
			fail_msg("case %zu was taken", i);
	}
}

/* A block without a column is records of zeros; its tables have one row at least, and no more than it has records. */
static void wrong_numbers_of_rows(void **state)
{
	static const uint32_t wrong[][2] = { { 0, 1 }, { 1, 0 },	  { 4, 1 },
					     { 1, 4 }, { 0xffffffff, 1 }, { 1, 0x80000000 } };
	struct ws_record have[3], want[3] = { 0 };
	struct columns c = { 0 };

	(void)state;
	assert_int_equal(decode_of(2, c.bytes, end_block(&c, 3, 1, 3, 0), have, 3), 0);
	same_records(have, want, 3);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(decode_of(2, c.bytes, end_block(&c, 3, wrong[i][0], wrong[i][1], 0), NULL, 3),
				 -EINVAL);
}

/* A block of record version 1: what it did not say is filled in, for contexts and for other requests. */
static void block_of_record_version_1(void **state)
{
	static const uint8_t reasons[] = { 16, 16, 13, 16 }, families[] = { 1, 2, 2, 200 };
	struct columns c = { 0 };
	struct ws_record have[4];

	(void)state;
	put_column(&c, 28, 1, 2, reasons, sizeof(reasons));
	put_column(&c, 29, 1, 2, families, sizeof(families));
	put_column(&c, 1, 8, 0, "\x10\x27\0\0\0\0\0", 8);
	assert_int_equal(decode(c.bytes, end_columns_of(&c, 4, 1), have, 4), 0);
	for (uint32_t i = 0; i < 4; i++) {
		struct ws_record want = {
			.ts_ns = 10000, .reason = reasons[i], .family = families[i], .http_version = 1
		};

		if (reasons[i] == WS_REASON_CONTEXT) {
			want.done_ts_ns = 10000;
			want.ctx_segment = want.ids_end_segment = 1;
			want.families = i < 2 ? (uint16_t)(2u << i) : 0;
		}
		same_records(&have[i], &want, 1);
	}
	assert_int_equal(decode(c.bytes, end_columns_of(&c, 4, 2), have, 4), 0);
	assert_int_equal(have[0].http_version, 0);
	assert_int_equal(have[0].families, 0);
}

/*
 * A file that a program wrote when records had version 1, kept as it is: its records read as they did then, byte for
 * byte up to their flags (the hash is that program's), and the new fields say what is true of them.
 */
static void file_of_record_version_1(void **state)
{
	struct ws_recfile_reader *r = open_file("tests/golden/version1.rec.zst");
	const struct ws_recfile_status *s = ws_recfile_reader_status(r);
	XXH3_state_t *hash = XXH3_createState();
	uint32_t n, n_records = 0, n_contexts = 0;
	const struct ws_record *records;

	(void)state;
	assert_string_equal(s->head.contexts, "w3c,b3");
	assert_false(s->head.prefers_list);
	assert_int_equal(s->head.window_bytes, 16384);
	XXH3_64bits_reset(hash);
	while ((n = next_block(r, &records))) {
		for (uint32_t i = 0; i < n; i++, n_records++) {
			const struct ws_record *v = &records[i];
			const bool is_context = v->reason == WS_REASON_CONTEXT;

			XXH3_64bits_update(hash, v, offsetof(struct ws_record, flags) + 1);
			n_contexts += is_context;
			assert_int_equal(v->http_version, 1);
			assert_int_equal(v->done_ts_ns, is_context ? v->ts_ns : 0);
			assert_int_equal(v->families, is_context ? 1 << v->family : 0);
			assert_int_equal(v->ctx_segment, is_context);
			assert_int_equal(v->ids_end_segment, is_context);
			assert_int_equal(v->stream_id + v->malformed + v->flaw + v->ack + v->status, 0);
		}
	}
	assert_int_equal(XXH3_64bits_digest(hash), 0xad88dd6a2c70af25);
	assert_int_equal(n_records, 12);
	assert_int_equal(n_contexts, 9);
	assert_true(s->is_complete);
	assert_int_equal(s->mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], 6);
	assert_int_equal(s->mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_B3], 3);
	assert_int_equal(s->mark.n_frames[WS_REASON_NO_PAYLOAD], 24);
	assert_int_equal(s->mark.n_frames[WS_N_REASONS - 1] + s->mark.n_other_frames, 0);
	XXH3_freeState(hash);
	ws_recfile_reader_close(r);
}

/* The same of a file of record version 2, of HTTP/2 and heads of several segments: no record is a response. */
static void file_of_record_version_2(void **state)
{
	struct ws_recfile_reader *r = open_file("tests/golden/version2.rec.zst");
	const struct ws_recfile_status *s = ws_recfile_reader_status(r);
	XXH3_state_t *hash = XXH3_createState();
	const struct ws_record *records;
	uint32_t n, n_records = 0, n_http2 = 0;

	(void)state;
	assert_string_equal(s->head.contexts,
			    "w3c,b3,b3-single,jaeger,datadog,aws,header:x-shop-trace,header:x-my-trace");
	XXH3_64bits_reset(hash);
	while ((n = next_block(r, &records))) {
		for (uint32_t i = 0; i < n; i++, n_records++) {
			const struct ws_record *v = &records[i];

			XXH3_64bits_update(hash, v, offsetof(struct ws_record, ack));
			n_http2 += v->http_version == 2;
			assert_int_not_equal(v->reason, WS_REASON_HTTP_RESPONSE);
			assert_int_equal(v->ack | v->status, 0);
		}
	}
	assert_int_equal(XXH3_64bits_digest(hash), 0xad3b51ccf4dd52c8);
	assert_int_equal(n_records, 12);
	assert_int_equal(n_http2, 2);
	assert_true(s->is_complete);
	assert_int_equal(s->mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], 5);
	assert_int_equal(s->mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_USER + 1], 1);
	XXH3_freeState(hash);
	ws_recfile_reader_close(r);
}

/* The hash of all of a file's records as they are in memory, and how many there are. */
static uint64_t hash_records(const char *path, uint32_t *n_records, uint32_t *n_responses)
{
	struct ws_recfile_reader *r = open_file(path);
	XXH3_state_t *state = XXH3_createState();
	const struct ws_record *records;
	uint64_t hash;
	uint32_t n;

	*n_records = *n_responses = 0;
	XXH3_64bits_reset(state);
	while ((n = next_block(r, &records))) {
		XXH3_64bits_update(state, records, n * sizeof(*records));
		for (uint32_t i = 0; i < n; i++)
			*n_responses += records[i].reason == WS_REASON_HTTP_RESPONSE;
		*n_records += n;
	}
	assert_true(ws_recfile_reader_status(r)->is_complete);
	assert_int_equal(ws_recfile_reader_status(r)->n_corrupt_records, 0);
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	ws_recfile_reader_close(r);
	return hash;
}

/* Files that programs wrote, kept as they are: the last of format 1, and the first of format 2. */
static void files_of_record_version_3(void **state)
{
	uint32_t n_records, n_responses;

	(void)state;
	assert_int_equal(hash_records("tests/golden/version3.rec.zst", &n_records, &n_responses), 0x9f95d5ee636fd1bd);
	assert_int_equal(n_records, 6);
	assert_int_equal(n_responses, 3);
	assert_int_equal(hash_records("tests/golden/format2.rec.zst", &n_records, &n_responses), 0x7e476cd38f92310b);
	assert_int_equal(n_records, 330);
	assert_int_equal(n_responses, 3);
}

/* As recfile.md has it: column 40 is ack, 41 status; a block without them has none. */
static void block_of_responses(void **state)
{
	static const uint32_t acks[] = { 0xfffffff0, 7 };
	static const uint16_t statuses[] = { 200, 404 };
	struct columns c = { 0 };
	struct ws_record have[2];

	(void)state;
	put_column(&c, 28, 1, 0, "\x08", 1);
	put_column(&c, 37, 1, 0, "\x01", 1);
	put_column(&c, 40, 4, 2, acks, sizeof(acks));
	put_column(&c, 41, 2, 2, statuses, sizeof(statuses));
	assert_int_equal(decode(c.bytes, end_columns_of(&c, 2, 3), have, 2), 0);
	for (uint32_t i = 0; i < 2; i++) {
		const struct ws_record want = {
			.reason = WS_REASON_HTTP_RESPONSE, .http_version = 1, .ack = acks[i], .status = statuses[i]
		};

		same_records(&have[i], &want, 1);
	}
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(directory, sizeof(directory), "%.40s/recfile.XXXXXX", base && *base ? base : "/tmp");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#define WITH_PATTERN(test, pattern)                                                                          \
	{                                                                                                    \
		.name = #test " " #pattern, .test_func = test, .initial_state = (void *)(uintptr_t)(pattern) \
	}
#define ROUND_TRIP(pattern) WITH_PATTERN(round_trip, pattern)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROUND_TRIP(PATTERN_RANDOM),
		ROUND_TRIP(PATTERN_CONSTANT),
		ROUND_TRIP(PATTERN_EXTREMES),
		ROUND_TRIP(PATTERN_COUNTING),
		ROUND_TRIP(PATTERN_FEW),
		cmocka_unit_test(fields_cover_the_record),
		cmocka_unit_test(full_block_takes_no_more),
		cmocka_unit_test(flush_without_records),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_flipped),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(temporary_name_until_finished),
		cmocka_unit_test(killed_writer_leaves_its_blocks),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(cannot_create),
		cmocka_unit_test(unknown_kinds_are_read_over),
		cmocka_unit_test(wrong_version),
		cmocka_unit_test(other_files),
		cmocka_unit_test(hostile_marks),
		cmocka_unit_test(hostile_frames),
		cmocka_unit_test(bytes_behind_the_end),
		WITH_PATTERN(block_cut_anywhere, PATTERN_RANDOM),
		WITH_PATTERN(block_cut_anywhere, PATTERN_FEW),
		WITH_PATTERN(block_with_hostile_bytes, PATTERN_RANDOM),
		WITH_PATTERN(block_with_hostile_bytes, PATTERN_FEW),
		cmocka_unit_test(unknown_and_missing_columns),
		cmocka_unit_test(wrong_columns),
		cmocka_unit_test(ledgers_of_any_length),
		cmocka_unit_test(empty_counters_are_left_out),
		cmocka_unit_test(list_of_contexts),
		cmocka_unit_test(hostile_lists_of_contexts),
		cmocka_unit_test(ids_end_is_a_delay),
		cmocka_unit_test(ids_that_end_at_once_cost_nothing),
		cmocka_unit_test(what_is_expected_costs_nothing),
		cmocka_unit_test(every_record_a_flow_of_its_own),
		cmocka_unit_test(block_by_hand),
		cmocka_unit_test(wrong_block_columns),
		cmocka_unit_test(columns_that_come_twice),
		cmocka_unit_test(wrong_numbers_of_rows),
		cmocka_unit_test(block_of_record_version_1),
		cmocka_unit_test(file_of_record_version_1),
		cmocka_unit_test(file_of_record_version_2),
		cmocka_unit_test(files_of_record_version_3),
		cmocka_unit_test(block_of_responses),
	};

	return cmocka_run_group_tests_name("recfile", tests, set_up, tear_down);
}
