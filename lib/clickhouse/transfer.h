/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer - one HTTP request to a ClickHouse server and its answer; the only file that knows libcurl. Requests are
 * transfers of one libcurl multi handle, the client's: whoever waits for one lets all go on. An answer that its reader
 * has not taken yet is not read any further, so that memory is bounded. For client.c only.
 */
#ifndef WS_TRANSFER_H
#define WS_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clickhouse/access.h"
#include "lib/error.h"

/* Bytes of an answer that is taken as a whole, at most. */
#define WS_TRANSFER_TEXT_MAX  (16u << 20)
#define WS_TRANSFER_WORDS_LEN 256

struct curl_slist;

/* Received bytes. */
struct ws_piece {
	uint8_t *bytes;
	size_t n;
	size_t cap;
};

struct ws_transfer {
	struct ws_client *client;
	void *easy; /* libcurl's handle */
	struct curl_slist *headers;
	char *url;
	char *sql; /* of a request whose body it is */
	struct ws_piece in;
	size_t in_max; /* more bytes wait (may_pause), or are too many */
	bool may_pause;
	bool is_paused;
	bool is_too_long;
	bool has_length;    /* the end of the answer can be told from a cut */
	bool has_exception; /* a header says so */
	bool is_done;
	bool is_out_of_memory;
	uint64_t refusals_before; /* of memory to libcurl, when it began */
	int code;		  /* of what is done */
	int64_t active_ns;	  /* when a byte went last, either way */
	int64_t n_moved;	  /* bytes by then */
	char words[WS_TRANSFER_WORDS_LEN];
};

struct ws_client {
	const struct ws_access *access;
	void *multi; /* libcurl's handle */
	uint32_t host;
	uint32_t version;
	bool has_database;
	char name[WS_URL_HOST_TEXT_LEN];
};

/* What all transfers of a client share: its multi handle; NULL without memory. */
void *ws_transfers_new(void);
void ws_transfers_free(void *multi);

/*
 * Begins a request. t is zero but for in_max and may_pause. settings: "a=1&b=2"; query: NULL if it is the body, which
 * has to stay until t is closed; header: one more, or NULL. Of one that fails nothing is left. Returns 0 or -ENOMEM.
 */
int ws_transfer_begin(struct ws_client *client, struct ws_transfer *t, const char *settings, const char *query,
		      const void *body, size_t n, const char *header);

/* Lets things go on until t is done or, with in_part, has bytes. */
int ws_transfer_wait(struct ws_transfer *t, bool in_part, struct ws_error *err);

/* Goes on with one that is paused. */
void ws_transfer_resume(struct ws_transfer *t);

/* HTTP's status of what has begun to come; 0: nothing yet. */
long ws_transfer_status(const struct ws_transfer *t);

/* Of what is done: was it answered, with 200, whole, and not by an exception? */
int ws_transfer_check(const struct ws_transfer *t, struct ws_error *err);

void ws_transfer_close(struct ws_transfer *t);

#endif
