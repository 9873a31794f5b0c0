/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_sources - snapshot.json: when the snapshot was taken, and how each source of it ended. */
#include <errno.h>
#include <stdlib.h>

#include "lib/cluster/cluster_draft.h"

static void read_document(struct ws_cluster_draft *d, const json_t *document)
{
	const json_t *list = json_object_get(document, "sources");

	d->cluster->taken_ns = ws_draft_integer(json_object_get(document, "taken_realtime_ns"), 0, INT64_MAX,
						INT64_MIN);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *element = json_array_get(list, i);
		struct ws_cluster_source source = {
			.name = ws_draft_shared(d, json_object_get(element, "name")),
			.node = ws_draft_shared(d, json_object_get(element, "node")),
			.file = ws_draft_text(d, json_object_get(element, "file")),
			.status = ws_draft_shared(d, json_object_get(element, "status")),
			.words = ws_draft_shared(d, json_object_get(element, "words")),
			.taken_ns = ws_draft_integer(json_object_get(element, "taken_realtime_ns"), 0, INT64_MAX,
						     INT64_MIN),
		};

		if (*source.name)
			ws_draft_add(d, &d->sources, &source);
		else
			d->cluster->n_unread++;
	}
}

int ws_cluster_read_sources(struct ws_cluster_draft *d)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/snapshot.json", d->cluster->dir) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", d->cluster->dir);
	d->path = path;
	rc = ws_draft_read(d, NULL, read_document);
	free(path);
	return rc;
}
