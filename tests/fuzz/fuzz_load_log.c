/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_load_log - a libFuzzer target: any bytes as the log of a load generator, loaded as ingest loads it, into a
 * database in memory.
 *
 * Input: the file. What must hold is checked by abort(): requests are within their bounds and are counted, a file that
 * fails has words that name it, what is cut is said to be, and loading the same bytes again changes nothing. seeds.sh
 * writes a corpus to begin with.
 */
#include <string.h>

#include "ingest/load.h"
#include "tests/fuzz/memory_database.h"

/* Shorter than this, and read as a run's conditions too: the same file reader, and SQLite's JSON. */
#define CONDITIONS_MAX 512

/* What a log holds. */
struct count {
	uint64_t n;
	uint64_t n_unanswered;
};

static int count_request(void *context, const struct ws_log_request *r)
{
	static volatile char sum;
	struct count *c = context;

	MUST(r->start_ns >= 0 && r->latency_ns >= 0 && r->n_bytes_in >= -1);
	MUST(r->status >= 0 && r->status <= 999);
	for (size_t i = 0; i < r->error_len; i++)
		sum = sum ^ r->error[i];
	c->n++;
	c->n_unanswered += r->status == 0;
	return 0;
}

static void check_facts(const struct ws_log_facts *f, const struct count *c, const uint8_t *data, size_t size)
{
	const bool is_packed = size >= 2 && (data[0] == 0x1f || data[0] == 0x28);

	MUST(f->format && f->clock);
	MUST(f->resolution_ns >= 1 && f->resolution_ns <= 1000000000);
	MUST(f->n_requests == c->n && f->n_unanswered == c->n_unanswered);
	MUST(f->n_ok + f->n_not_ok + f->n_unanswered == f->n_requests);
	MUST(!f->is_complete || f->n_unread_lines == 0);
	MUST(is_packed || f->is_complete == (f->n_unread_lines == 0));
	MUST(is_packed || !f->is_complete || data[size - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ws_log_input input = { .name = "load.log", .path = file_path };
	struct ws_database *db = database();
	struct ws_loaded_log loaded = { 0 };
	struct ws_log_facts facts = { 0 };
	struct ws_error err = { 0 };
	struct count count = { 0 };
	int rc;

	if (size > 1 << 16)
		return 0;
	set_file(data, size);
	rc = ws_log_read(file_path, count_request, &count, &facts, &err);
	MUST(rc <= 0);
	if (rc)
		MUST(strstr(err.text, file_path));
	else
		check_facts(&facts, &count, data, size);
	MUST(ws_load_log(db, "/run", &input, &loaded, &err) == rc);
	if (rc == 0 && !loaded.was_there) /* the same input twice in a row */
		MUST(loaded.facts.n_requests == facts.n_requests);
	if (rc == 0 && size % 8 == 0)
		MUST(ws_load_log(db, "/run", &input, &loaded, &err) == 0 && loaded.was_there);
	if (size < CONDITIONS_MAX && ws_load_conditions(db, file_path, &err))
		MUST(strstr(err.text, file_path));
	return 0;
}
