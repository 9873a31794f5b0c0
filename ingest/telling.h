/* SPDX-License-Identifier: BSD-2-Clause */
/* telling - the words for what was loaded, one function a kind; what is wrong with it is said even to the quiet. */
#ifndef WS_TELLING_H
#define WS_TELLING_H

#include <stdbool.h>

#include "ingest/load.h"
#include "ingest/snapshot.h"
#include "ingest/words.h"

void ws_tell_file(struct ws_words *words, bool is_quiet, const struct ws_input *input, const struct ws_loaded *l);

/* A file under a temporary name that holds nothing. */
void ws_tell_empty(struct ws_words *words, const struct ws_input *input);

/* Of a load generator. */
void ws_tell_log(struct ws_words *words, bool is_quiet, const struct ws_log_input *input,
		 const struct ws_loaded_log *l);

/* l: one of all. */
void ws_tell_snapshot(struct ws_words *words, bool is_quiet, const struct ws_loaded_snapshot *l,
		      const struct ws_loaded_snapshots *all);

/* Rows that a store is removing. */
void ws_tell_sweep(struct ws_words *words, bool is_quiet, const char *name, int64_t n_rows);

#endif
