/* SPDX-License-Identifier: BSD-2-Clause */
/* judge - see the header. */
#include "tests/diff/kernel/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/catch.h"
#include "lib/names.h"

static int keep_record(void *context, const struct ws_record *record)
{
	struct judge *j = context;

	if (j->n_records == JUDGE_RECORDS_MAX)
		return -ENOSPC;
	j->record[j->n_records++] = *record;
	return 0;
}

static void take_message(void *context, const void *message, size_t len)
{
	struct judge *j = context;
	const struct ws_catch *c = message;

	if (len >= sizeof(*c) && j->stamp && *j->stamp == 0)
		*j->stamp = c->ts_ns;
	j->n_messages++;
	j->n_bad_messages += ws_assembly_take(j->assembly, message, len) != 0;
}

void judge_open(struct judge *j, const struct judge_setup *setup, const struct subject *subject)
{
	struct ws_error err = { 0 };

	memset(j, 0, sizeof(*j));
	j->setup = setup;
	j->config = setup->config;
	j->config.is_at_tc = subject->is_at_tc;
	if (ws_wanted_parse(setup->contexts, &j->wanted, &err))
		program_die(err.text);
	j->wanted.prefers_list = setup->prefers_list;
	ws_names_make(&j->wanted, &j->config.names);
	j->program.take = take_message;
	j->program.context = j;
	program_open(&j->program, subject->path, &j->config);
}

void judge_close(struct judge *j, struct tally *t)
{
	t->n_run += j->program.n_run;
	t->n_socket += j->program.n_sent;
	program_close(&j->program);
}

void judge_begin(struct judge *j)
{
	j->assembly = ws_assembly_new(&j->wanted, j->config.window_bytes, 3, keep_record, j);
	if (!j->assembly)
		program_die("assembly");
	j->n_records = j->n_messages = j->n_bad_messages = 0;
	program_count(&j->program, &j->before);
}

void judge_give(struct judge *j, const uint8_t *frame, uint32_t len, int by_socket, uint64_t *stamp)
{
	j->stamp = stamp;
	*stamp = 0;
	program_give(&j->program, frame, len, by_socket);
}

void judge_end(struct judge *j, uint64_t n_frames[WS_N_REASONS])
{
	struct ws_tap_counters after;

	if (ws_assembly_finish(j->assembly))
		program_die("assembly");
	program_count(&j->program, &after);
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		n_frames[i] = after.n_frames[i] - j->before.n_frames[i];
	ws_assembly_account(j->assembly, n_frames);
	if (after.n_ring_full != j->before.n_ring_full)
		program_die("the ring buffer is too small for this test");
	ws_assembly_free(j->assembly);
	program_forget(&j->program);
}

int judge_fails(struct tally *t)
{
	t->n_failed++;
	return t->n_told++ < JUDGE_TOLD_MAX;
}

static int differs(const char *name, const void *have, const void *want, size_t size, int is_told)
{
	unsigned long long numbers[2] = { 0 };

	if (!memcmp(have, want, size))
		return 0;
	if (!is_told)
		return 1;
	if (size <= 8) {
		memcpy(&numbers[0], have, size);
		memcpy(&numbers[1], want, size);
		printf("    %s: %llu, expected %llu\n", name, numbers[0], numbers[1]);
		return 1;
	}
	printf("    %s: have/want", name);
	for (size_t i = 0; i < size; i++)
		printf(" %02x/%02x", ((const uint8_t *)have)[i], ((const uint8_t *)want)[i]);
	printf("\n");
	return 1;
}

int judge_differ(const struct ws_record *have, const struct ws_record *want, int is_told)
{
	int n = 0;

#define FIELD(f) n += differs(#f, &have->f, &want->f, sizeof(want->f), is_told)
	FIELD(ts_ns);
	FIELD(trace_id);
	FIELD(span_id);
	FIELD(parent_span_id);
	FIELD(saddr);
	FIELD(daddr);
	FIELD(outer_saddr);
	FIELD(outer_daddr);
	FIELD(seq);
	FIELD(vni);
	FIELD(frame_len);
	FIELD(payload_len);
	FIELD(req_off);
	FIELD(ctx_off);
	FIELD(ctx_len);
	FIELD(ids_end_off);
	FIELD(searched_len);
	FIELD(sport);
	FIELD(dport);
	FIELD(vlan);
	FIELD(n_segments);
	FIELD(direction);
	FIELD(ip_version);
	FIELD(outer_ip_version);
	FIELD(encap);
	FIELD(tcp_flags);
	FIELD(reason);
	FIELD(family);
	FIELD(sampled);
	FIELD(flags);
	FIELD(flaw);
	FIELD(http_version);
	FIELD(done_ts_ns);
	FIELD(stream_id);
	FIELD(families);
	FIELD(malformed);
	FIELD(ctx_segment);
	FIELD(ids_end_segment);
	FIELD(ack);
	FIELD(status);
	FIELD(zero);
#undef FIELD
	return n;
}
