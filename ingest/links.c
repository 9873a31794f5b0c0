/* SPDX-License-Identifier: BSD-2-Clause */
/* links - see the header. */
#include "ingest/links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/cluster/cluster.h"

/* path: NULL is fine. */
static int check(const char *path, struct ws_error *err)
{
	struct stat st;

	if (!path || lstat(path, &st) || !S_ISLNK(st.st_mode) || st.st_uid == 0)
		return 0;
	return ws_error(
		err, -EPERM,
		"%s: a link that user %u made, and root can read more than that user: run ingest as that user, or "
		"put the file itself there",
		path, (unsigned int)st.st_uid);
}

int ws_links_check(const char *dir, const struct ws_inputs *inputs, struct ws_error *err)
{
	char *cluster;
	int rc;

	if (asprintf(&cluster, "%s/" WS_CLUSTER_DIR, dir) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = check(cluster, err);
	free(cluster);
	if (rc == 0)
		rc = check(inputs->manifest_path, err);
	if (rc == 0)
		rc = check(inputs->conditions_path, err);
	if (rc == 0)
		rc = check(inputs->overhead_path, err);
	for (uint32_t i = 0; rc == 0 && i < inputs->n; i++)
		rc = check(inputs->input[i].path, err);
	for (uint32_t i = 0; rc == 0 && i < inputs->n_logs; i++)
		rc = check(inputs->log[i].path, err);
	return rc;
}
