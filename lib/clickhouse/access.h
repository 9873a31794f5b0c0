/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access - how a store is reached: what the options --store, --run, --store-password-file and --store-ca say, and the
 * environment: WIRESPAN_STORE_PASSWORD; WIRESPAN_STORE_SECONDS, the longest silence (60); WIRESPAN_STORE_EXACT, up to
 * how many requests of a run latencies are not rounded (WS_STORE_EXACT).
 */
#ifndef WS_ACCESS_H
#define WS_ACCESS_H

#include "lib/clickhouse/url.h"
#include "lib/error.h"

/* Characters of a run's name. */
#define WS_RUN_NAME_MAX 255

/* Beyond so many requests of a run, latencies come rounded: that many different ones would be much to send. */
#define WS_STORE_EXACT UINT64_C(100000000)

struct ws_access {
	struct ws_url url;
	char *password;	     /* NULL: none */
	const char *ca_path; /* certificates that the servers' are checked against; NULL: the system's */
	uint32_t quiet_s;    /* a server that sends nothing for so long is given up */
	uint64_t n_exact;    /* requests of a run, up to which its latencies are not rounded */
};

/*
 * From the options; NULL for what was not given. password_file: the password is its first line; it takes the place of
 * the environment's. ca_path has to outlive access. Returns 0 or -errno; access is the caller's, to be freed.
 */
int ws_access_open(const char *url, const char *password_file, const char *ca_path, struct ws_access *access,
		   struct ws_error *err);

/* Wipes the password. */
void ws_access_close(struct ws_access *access);

/*
 * The name of the run in dir, which is root, or lies below it: given, or the last part of root's absolute path; and
 * what follows root in dir, "campaign/run-003". root and dir need be there only where given is NULL. *name is the
 * caller's, to be freed. Returns 0 or -errno.
 */
int ws_access_run_name(const char *root, const char *dir, const char *given, char **name, struct ws_error *err);

#endif
