/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client - speaks with a ClickHouse server over its HTTP interface; the only part that knows libcurl.
 *
 * A client is one thread's. Requests of one client may be under way at the same time: rows are posted while others are
 * made. Whatever a server sends is taken for hostile: its words are shown without control characters, and cut.
 *
 * Errors: -EACCES user, password, rights; -ENOENT no such database or table; -ENOSPC no room on the server's disk;
 * -EHOSTUNREACH it, or a server behind it, cannot be reached; -ECONNRESET the connection was cut; -ETIMEDOUT silence;
 * -EPROTO not ClickHouse, or too old; -EREMOTEIO any other error of the server; -ENOMEM. The words name the server.
 */
#ifndef WS_CLIENT_H
#define WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clickhouse/access.h"
#include "lib/error.h"

/* Versions are compared as year * 1000 + number: 18.16 is 18016. */
#define WS_CLIENT_OLDEST 18016

struct ws_client;

/*
 * Connects to the first server that can be reached, beginning with number first (modulo their number) of the URL's, and
 * asks for its version. The database need not be there yet. access has to outlive the client.
 */
int ws_client_open(const struct ws_access *access, uint32_t first, struct ws_client **client, struct ws_error *err);

/* The same to this server and no other. */
int ws_client_open_one(const struct ws_access *access, uint32_t host, struct ws_client **client, struct ws_error *err);

void ws_client_close(struct ws_client *client);

/* "http://HOST:PORT", as in error texts; the client's. */
const char *ws_client_name(const struct ws_client *client);

const struct ws_url *ws_client_url(const struct ws_client *client);

/* From now on tables are looked for in the URL's database; before, there is none. */
void ws_client_use_database(struct ws_client *client);

/* Runs a statement that answers nothing. */
int ws_client_execute(struct ws_client *client, const char *sql, struct ws_error *err);

/* The answer of a small query, as FORMAT TabSeparated gives it: at most 16 MB. *text is the caller's, to be freed. */
int ws_client_text(struct ws_client *client, const char *sql, char **text, struct ws_error *err);

/* The one number that a query answers. */
int ws_client_number(struct ws_client *client, const char *sql, int64_t *number, struct ws_error *err);

/* An answer that comes piece by piece. Ends with ws_answer_close(), at any time. */
struct ws_answer;

int ws_answer_open(struct ws_client *client, const char *sql, struct ws_answer **answer, struct ws_error *err);

/*
 * Waits for the next bytes. Returns 1 with them, valid until the next call; 0: that was all, and the answer came whole
 * as far as HTTP tells: an error of the server may still stand in the body; or -errno.
 */
int ws_answer_read(struct ws_answer *answer, const uint8_t **bytes, size_t *n, struct ws_error *err);

/* What an exception says that was found in the body (n bytes of it): sets the words, returns -errno. */
int ws_answer_exception(const struct ws_answer *answer, const uint8_t *bytes, size_t n, struct ws_error *err);

void ws_answer_close(struct ws_answer *answer);

/*
 * Posts the body of an INSERT, deflated by gzip; goes on beside the caller. sql and body may go after ws_post_close()
 * only. NULL for no memory.
 */
struct ws_post;

struct ws_post *ws_post_open(struct ws_client *client, const char *sql, const uint8_t *body, size_t n);

/* Lets what is under way go on, without waiting. */
void ws_client_step(struct ws_client *client);

/* Waits until the server has taken all, or has not. */
int ws_post_wait(struct ws_post *post, struct ws_error *err);

void ws_post_close(struct ws_post *post);

/* A string literal of SQL: 'text', with quotes and backslashes escaped; NULL for no memory. The caller's, to be freed.
 */
char *ws_client_quoted(const char *text);

#endif
