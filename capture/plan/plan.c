/* SPDX-License-Identifier: BSD-2-Clause */
/* plan - see the header. JSON is read and written by jansson. */
#include "capture/plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "capture/whole_file.h"
#include "lib/json_memory.h"

bool ws_plan_is_point_name(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	for (size_t i = 0; i < len; i++)
		if (!name[i] || !strchr(allowed, name[i]))
			return false;
	return len > 0 && len <= WS_RECFILE_NAME_MAX && name[0] != '.' && name[0] != '-';
}

bool ws_plan_is_interface_name(const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '/' || name[i] == ':' || name[i] == 0x7f)
			return false;
	return len > 0 && len < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void note_hash(const char *bytes, size_t len, char text[WS_PLAN_HASH_LEN])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
	for (size_t i = 0; i < sizeof(canonical.digest); i++)
		snprintf(text + 2 * i, 3, "%02x", canonical.digest[i]);
}

/* The whole of a regular file that is not too large. *bytes is the caller's, to be freed. */
static int read_bytes(const char *path, char **bytes, size_t *len, struct ws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	char *all = NULL;
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return ws_error(err, -errno, "%s: cannot open the plan: %s; `capture plan` makes it", path,
				strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = ws_error(err, -EINVAL, "%s: not a regular file", path);
		goto out;
	}
	if (st.st_size > WS_PLAN_FILE_MAX) {
		rc = ws_error(err, -EFBIG, "%s: larger than the %u MB that a plan may have; plan fewer pods, or --node",
			      path, WS_PLAN_FILE_MAX >> 20);
		goto out;
	}
	all = malloc((size_t)st.st_size + 1);
	if (!all) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	while (have < (size_t)st.st_size && (n = read(fd, all + have, (size_t)st.st_size - have)) > 0)
		have += (size_t)n;
	if (n < 0) {
		rc = ws_error(err, -errno, "%s: cannot read: %s", path, strerror(errno));
		goto out;
	}
	*bytes = all;
	*len = have;
	all = NULL;
out:
	free(all);
	close(fd);
	return rc;
}

int ws_plan_read(const char *path, struct ws_plan *plan, struct ws_error *err)
{
	char hash[WS_PLAN_HASH_LEN], *bytes = NULL;
	json_error_t where;
	json_t *document;
	size_t len = 0;
	int rc = read_bytes(path, &bytes, &len, err);

	if (rc)
		return rc;
	note_hash(bytes, len, hash);
	document = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &where);
	free(bytes);
	if (ws_json_memory_was_short()) { /* a text may lack its end */
		json_decref(document);
		return ws_error(err, -ENOMEM, "%s: out of memory", path);
	}
	if (!document)
		return ws_error(err, -EPROTO, "%s: byte %d: no JSON: %s; make the plan again with `capture plan`", path,
				where.position, where.text);
	rc = ws_plan_take(document, path, plan, err);
	if (rc == 0)
		memcpy(plan->hash, hash, sizeof(hash));
	return rc;
}

int ws_plan_write(const struct ws_plan *plan, const char *path, struct ws_error *err)
{
	char *text = json_dumps(plan->document, JSON_INDENT(1)), *line = NULL;
	int rc;

	if (!text || ws_json_memory_was_short() || asprintf(&line, "%s\n", text) < 0) {
		line = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	} else {
		rc = ws_whole_file_write(path, 0666, line, err);
	}
	free(line);
	free(text);
	return rc;
}

const struct ws_plan_node *ws_plan_node_find(const struct ws_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (strcmp(plan->node[i].name, name) == 0)
			return &plan->node[i];
	return NULL;
}

void ws_plan_close(struct ws_plan *plan)
{
	for (uint32_t i = 0; plan->node && i < plan->n_nodes; i++) {
		struct ws_plan_node *node = &plan->node[i];

		for (uint32_t k = 0; node->point && k < node->n_points; k++)
			free(node->point[k].addresses.text);
		free(node->point);
		free(node->notes.text);
	}
	free(plan->node);
	free(plan->pods.text);
	free(plan->services.text);
	free(plan->node_names.text);
	free(plan->notes.text);
	free(plan->unplanned);
	json_decref(plan->document);
	memset(plan, 0, sizeof(*plan));
}
