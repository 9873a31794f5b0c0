/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origin - where the runs are that a command looks into: run.db in their directories, or a store (ClickHouse), where
 * the run of a directory has a name: that of the directory, or what --run says.
 */
#ifndef WS_ANALYZE_ORIGIN_H
#define WS_ANALYZE_ORIGIN_H

#include <stdbool.h>

#include "analyze/directories.h"
#include "lib/error.h"

struct ws_access;

struct ws_origin {
	const char *url; /* --store; NULL: run.db in the directories; these four point into argv */
	const char *run; /* --run, or NULL: the directory's name */
	const char *password_file;
	const char *ca_path;
	const char *root;	  /* the directory that was named: a run, or a campaign above its runs */
	struct ws_access *access; /* of ws_origin_open(); NULL without a store */
};

/*
 * Makes ready what reaches the store, if there is one; asks it nothing yet. 0; -EINVAL: the URL is none; what reading
 * the password says. To be closed with ws_origin_close().
 */
int ws_origin_open(struct ws_origin *origin, struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_origin_close(struct ws_origin *origin);

/*
 * How the store calls the run or campaign in root, if --run does not say it and it is not called as its directory: that
 * of a campaign above it, "campaign/run-003". The nearest counts of which the store has a run, or one below it. *name:
 * the caller's, to be freed; NULL: as its directory, or nothing is known of it. 0, -ENOMEM, or what the client says.
 */
int ws_origin_name(const struct ws_origin *origin, const char *root, char **name, struct ws_error *err);

/*
 * The runs in or below dir, which is root or lies below it, as ws_directories_find() lists them; of a store, those of
 * its runs that have the name of dir's run, or that and a slash in front of theirs. 0, -errno, or what the client says.
 */
int ws_origin_find(const struct ws_origin *origin, const char *dir, struct ws_directories *found, struct ws_error *err);

/* Is dir itself a run? 0, or what ws_origin_find() says of a store that cannot be asked, or knows nothing of it. */
int ws_origin_is_run(const struct ws_origin *origin, const char *dir, bool *is_run, struct ws_error *err);

#endif
