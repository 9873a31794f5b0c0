/* SPDX-License-Identifier: BSD-2-Clause */
/* client_words - see the header. Codes are those of ClickHouse's ErrorCodes.cpp, which do not change. */
#include "lib/clickhouse/client_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARK	  "Code: "
#define SHOWN_MAX 400

/* Three that come under other codes, too. */
#define FULL	     243
#define NO_ZOOKEEPER 139
#define NOT_ALL_DONE 341

static const struct {
	uint32_t code;
	int rc;
	const char *advice;
} known[] = {
	{ 57, -EEXIST, "it is there already" },
	{ 82, -EEXIST, "it is there already" },
	{ 60, -ENOENT, "no run was loaded into this database" },
	{ 81, -ENOENT, "no run was loaded into a database of this name" },
	{ 192, -EACCES, "is the user in the URL right?" },
	{ 193, -EACCES, "is WIRESPAN_STORE_PASSWORD, or --store-password-file, right?" },
	{ 194, -EACCES, "give the password in WIRESPAN_STORE_PASSWORD, or by --store-password-file" },
	{ 516, -EACCES, "are the user in the URL and WIRESPAN_STORE_PASSWORD, or --store-password-file, right?" },
	{ 164, -EACCES, "the user may only read" },
	{ 291, -EACCES, "the user may not use this database" },
	{ 497, -EACCES, "the user may not do this" },
	{ FULL, -ENOSPC, "no room is left on the server's disk: make room there and do it again" },
	{ NO_ZOOKEEPER, -EHOSTUNREACH, "the servers have no ZooKeeper, so name all servers of the cluster in --store" },
	{ 209, -EHOSTUNREACH, "a server behind it does not answer: when it does, do it again" },
	{ 210, -EHOSTUNREACH, "a server behind it cannot be reached: when it can, do it again" },
	{ 279, -EHOSTUNREACH, "a server behind it cannot be reached: when it can, do it again" },
	{ NOT_ALL_DONE, -EHOSTUNREACH,
	  "a server of the cluster does not do what all are to do: when all are up, do it again" },
	{ 225, -EHOSTUNREACH, "the servers' ZooKeeper cannot be reached: when it can, do it again" },
	{ 999, -EHOSTUNREACH, "the servers' ZooKeeper cannot be reached: when it can, do it again" },
	{ 170, -EREMOTEIO, "--cluster takes a name in the servers' remote_servers" },
	{ 701, -EREMOTEIO, "--cluster takes a name in the servers' remote_servers" },
	{ 241, -EREMOTEIO, "the server's limit of memory for a query: max_memory_usage" },
	{ 252, -EREMOTEIO, "the server is still merging what it was sent: wait, and do it again" },
	{ 159, -ETIMEDOUT, "the server's limit of time for a query: max_execution_time" },
};

bool ws_client_is_exception(const uint8_t *body, size_t n)
{
	return n > strlen(MARK) && memcmp(body, MARK, strlen(MARK)) == 0 && body[strlen(MARK)] >= '0' &&
	       body[strlen(MARK)] <= '9';
}

/* The first number behind "Code: ", or 0. */
static uint32_t code_in(const char *text)
{
	const char *mark = strstr(text, MARK);
	unsigned long code = mark ? strtoul(mark + strlen(MARK), NULL, 10) : 0;

	return code > UINT32_MAX ? 0 : (uint32_t)code;
}

/* What can be shown of the body: one line without control characters, bytes above ASCII left out. */
static void show(const uint8_t *body, size_t n, char shown[SHOWN_MAX + 1])
{
	size_t at = 0;

	for (size_t i = 0; i < n && at < SHOWN_MAX; i++) {
		const bool is_shown = body[i] > ' ' && body[i] < 0x7f;

		if (is_shown)
			shown[at++] = (char)body[i];
		else if (at && shown[at - 1] != ' ')
			shown[at++] = ' ';
	}
	while (at && shown[at - 1] == ' ')
		at--;
	shown[at] = '\0';
}

/* Takes out every piece that begins so, up to the next space behind it; in place. */
static void leave_out(char *shown, const char *piece)
{
	for (char *at = strstr(shown, piece); at; at = strstr(at, piece)) {
		const char *behind = at + strlen(piece);

		behind += strcspn(behind, " ");
		memmove(at, behind, strlen(behind) + 1);
	}
}

/* The exception's text alone, without what stands around it in every one; in place. */
static const char *message_of(char *shown)
{
	const char *begin;

	leave_out(shown, ", e.what() = ");
	leave_out(shown, " e.displayText() =");
	begin = strncmp(shown, MARK, strlen(MARK)) == 0 ? strstr(shown, "Exception: ") : NULL;
	return begin ? begin + strlen("Exception: ") : shown;
}

/* A full disk comes as an error of its own, or of whatever wrote. */
static bool is_full(const char *shown)
{
	return strstr(shown, "No space left on device") || strstr(shown, "errno: 28,") ||
	       strstr(shown, "Cannot reserve");
}

/* The exception's code, or that of what comes under several. */
static uint32_t code_of(const char *shown)
{
	if (is_full(shown))
		return FULL;
	if (strstr(shown, "DDL background thread"))
		return NO_ZOOKEEPER;
	return strstr(shown, "distributed_ddl_task_timeout") ? NOT_ALL_DONE : code_in(shown);
}

int ws_client_refusal(const char *server, long status, const uint8_t *body, size_t n, struct ws_error *err)
{
	char shown[SHOWN_MAX + 1];
	uint32_t code;

	show(body, n, shown);
	code = code_of(shown);
	for (size_t i = 0; code && i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == code)
			return ws_error(err, known[i].rc, "%s: %s: %s", server, message_of(shown), known[i].advice);
	if (code)
		return ws_error(err, -EREMOTEIO, "%s: %s (code %u)", server, message_of(shown), code);
	if (status == 401 || status == 403)
		return ws_error(err, -EACCES,
				"%s: refused (HTTP %ld): are the user in the URL and WIRESPAN_STORE_PASSWORD, or "
				"--store-password-file, right?",
				server, status);
	return ws_error(err, status >= 500 ? -EREMOTEIO : -EPROTO, "%s: HTTP %ld%s%s: is it a ClickHouse server?",
			server, status, *shown ? ": " : "", shown);
}

uint32_t ws_client_version_of(const char *text)
{
	char *dot, *end;
	unsigned long year, number;

	if (*text < '0' || *text > '9')
		return 0;
	year = strtoul(text, &dot, 10);
	if (*dot != '.' || dot[1] < '0' || dot[1] > '9')
		return 0;
	number = strtoul(dot + 1, &end, 10);
	return year > 1000 || number > 999 ? 0 : (uint32_t)(year * 1000 + number);
}
