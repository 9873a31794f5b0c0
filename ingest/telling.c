/* SPDX-License-Identifier: BSD-2-Clause */
/* telling - see the header. */
#include "ingest/telling.h"

void ws_tell_file(struct ws_words *words, bool is_quiet, const struct ws_input *input, const struct ws_loaded *l)
{
	if (l->was_there) {
		if (!is_quiet)
			ws_words_add(words, stdout, "%s: loaded before, unchanged\n", input->path);
		return;
	}
	if (!is_quiet)
		ws_words_add(words, stdout, "%s: %llu requests, %llu with a context\n", input->path,
			     (unsigned long long)l->facts.n_requests, (unsigned long long)l->facts.n_contexts);
	if (input->is_part)
		ws_words_add(words, stderr, "ingest: %s: its recording did not finish; loaded what was written\n",
			     input->path);
	if (!l->facts.is_complete)
		ws_words_add(words, stderr, "ingest: %s: cut off: %llu bytes at the end belong to no whole %s\n",
			     input->path, (unsigned long long)l->facts.unread_bytes,
			     input->source == WS_SOURCE_EBPF ? "block" : "packet");
	if (l->n_cut_records || l->n_corrupt_records)
		ws_words_add(words, stderr, "ingest: %s: %llu records cut off, %llu in corrupt blocks\n", input->path,
			     (unsigned long long)l->n_cut_records, (unsigned long long)l->n_corrupt_records);
}

void ws_tell_empty(struct ws_words *words, const struct ws_input *input)
{
	ws_words_add(words, stderr, "ingest: %s: is empty: its recording was ended before it began; left out\n",
		     input->path);
}

void ws_tell_log(struct ws_words *words, bool is_quiet, const struct ws_log_input *input, const struct ws_loaded_log *l)
{
	const struct ws_log_facts *f = &l->facts;

	if (l->was_there) {
		if (!is_quiet)
			ws_words_add(words, stdout, "%s: loaded before, unchanged\n", input->path);
		return;
	}
	if (!is_quiet)
		ws_words_add(
			words, stdout,
			"%s: %llu requests (%s): %llu answered 2xx, %llu answered otherwise, %llu without an answer\n",
			input->path, (unsigned long long)f->n_requests, f->format, (unsigned long long)f->n_ok,
			(unsigned long long)f->n_not_ok, (unsigned long long)f->n_unanswered);
	if (!f->is_complete && f->n_unread_lines > 1)
		ws_words_add(words, stderr,
			     "ingest: %s: cut off: its last %llu lines are no whole request; loaded up to there\n",
			     input->path, (unsigned long long)f->n_unread_lines);
	else if (!f->is_complete)
		ws_words_add(words, stderr, "ingest: %s: cut off%s; loaded up to there\n", input->path,
			     f->n_unread_lines ? " in its last line" : "");
}

void ws_tell_snapshot(struct ws_words *words, bool is_quiet, const struct ws_loaded_snapshot *l,
		      const struct ws_loaded_snapshots *all)
{
	if (all->was_there || all->copied_from) {
		if (!is_quiet && all->was_there)
			ws_words_add(words, stdout, "%s/: loaded before, unchanged\n", l->path);
		else if (!is_quiet)
			ws_words_add(words, stdout, "%s/: copied from %s\n", l->path, all->copied_from);
		return;
	}
	if (!is_quiet)
		ws_words_add(words, stdout, "%s/: %u pods, %u services, %u nodes, %llu spans\n", l->path, l->n_pods,
			     l->n_services, l->n_nodes, (unsigned long long)l->n_spans);
	if (l->n_unread)
		ws_words_add(words, stderr,
			     "ingest: %s/: %llu objects are not as their kind should be, or too many; left out\n",
			     l->path, (unsigned long long)l->n_unread);
}

void ws_tell_sweep(struct ws_words *words, bool is_quiet, const char *name, int64_t n_rows)
{
	if (!is_quiet)
		ws_words_add(words, stdout, "%s: removing %lld rows of loads that did not end, or were replaced\n",
			     name, (long long)n_rows);
}
