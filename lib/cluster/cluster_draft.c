/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_draft - see the header. */
#include "lib/cluster/cluster_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/decimal.h"
#include "lib/items.h"

#define LIST_FIRST 64

void ws_draft_add(struct ws_cluster_draft *d, struct ws_draft_list *list, const void *object)
{
	char *grown;

	if (*list->n == WS_CLUSTER_OBJECTS_MAX) {
		d->cluster->n_unread++;
		return;
	}
	if (*list->n == list->cap) {
		uint32_t cap = list->cap ? 2 * list->cap : LIST_FIRST;

		grown = realloc(*list->at, cap * list->size);
		if (!grown) {
			d->rc = -ENOMEM;
			return;
		}
		*list->at = grown;
		list->cap = cap;
	}
	memcpy((char *)*list->at + (size_t)(*list->n)++ * list->size, object, list->size);
}

const json_t *ws_draft_at(const json_t *object, ...)
{
	const char *key;
	va_list keys;

	va_start(keys, object);
	while (object && (key = va_arg(keys, const char *)))
		object = json_object_get(object, key);
	va_end(keys);
	return object;
}

/* The text, unless it is none or too long. */
static const char *text_of(struct ws_cluster_draft *d, const json_t *value, size_t *len)
{
	*len = json_is_string(value) ? json_string_length(value) : 0;
	if (*len > WS_CLUSTER_TEXT_MAX || (value && !json_is_string(value) && !json_is_null(value))) {
		d->cluster->n_unread++;
		*len = 0;
	}
	return *len ? json_string_value(value) : "";
}

static const char *or_failed(struct ws_cluster_draft *d, const char *text)
{
	if (!text)
		d->rc = -ENOMEM;
	return text ? text : "";
}

const char *ws_draft_text(struct ws_cluster_draft *d, const json_t *value)
{
	size_t len;
	const char *text = text_of(d, value, &len);

	return or_failed(d, ws_cluster_store_text(d->store, text, len));
}

const char *ws_draft_shared(struct ws_cluster_draft *d, const json_t *value)
{
	size_t len;
	const char *text = text_of(d, value, &len);

	return or_failed(d, ws_cluster_store_shared(d->store, text, len));
}

const char *ws_draft_shared_text(struct ws_cluster_draft *d, const char *text, size_t len)
{
	if (len > WS_CLUSTER_TEXT_MAX) {
		d->cluster->n_unread++;
		return "";
	}
	return or_failed(d, ws_cluster_store_shared(d->store, text, len));
}

bool ws_draft_is(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

int64_t ws_draft_integer(const json_t *value, int64_t min, int64_t max, int64_t fallback)
{
	int64_t n;

	if (json_is_integer(value))
		n = json_integer_value(value);
	else if (!json_is_string(value) || ws_integer_read(json_string_value(value), json_string_length(value), 0, &n))
		return fallback;
	return n >= min && n <= max ? n : fallback;
}

int64_t ws_draft_time(const json_t *value, int64_t fallback)
{
	int64_t ns;

	if (!json_is_string(value) || ws_rfc3339_read(json_string_value(value), json_string_length(value), &ns, NULL))
		return fallback;
	return ns;
}

void ws_draft_address(struct ws_cluster_draft *d, const json_t *value, struct ws_draft_addresses *addresses)
{
	struct ws_cluster_address address;

	if (!value || json_is_null(value) || ws_draft_is(value, "") || ws_draft_is(value, "None"))
		return;
	if (!json_is_string(value) || ws_cluster_address_parse(json_string_value(value), &address) ||
	    addresses->n == WS_DRAFT_ADDRESSES_MAX) {
		d->cluster->n_unread++;
		return;
	}
	for (uint32_t i = 0; i < addresses->n; i++)
		if (memcmp(&addresses->at[i], &address, sizeof(address)) == 0)
			return;
	addresses->at[addresses->n++] = address;
}

const void *ws_draft_keep(struct ws_cluster_draft *d, const void *objects, uint32_t n, size_t size, size_t align)
{
	const void *kept;

	if (n == 0)
		return NULL;
	kept = ws_cluster_store_copy(d->store, objects, n * size, align);
	if (!kept)
		d->rc = -ENOMEM;
	return kept;
}

/* What ws_items_visit() hands to visit(). */
struct reading {
	struct ws_cluster_draft *draft;
	void (*read)(struct ws_cluster_draft *draft, const json_t *element);
};

static int visit(void *context, json_t *element)
{
	struct reading *r = context;

	r->draft->n_seen++;
	if (json_object_size(element))
		r->read(r->draft, element);
	else if (!json_is_object(element)) /* `ip` prints {} for what it was not asked for */
		r->draft->cluster->n_unread++;
	return r->draft->rc;
}

/* A single object: what has a list is none. */
static int visit_single(void *context, json_t *element)
{
	struct reading *r = context;

	return json_object_get(element, "metadata") && !json_object_get(element, "items") ? visit(r, element) : 0;
}

int ws_draft_read(struct ws_cluster_draft *d, const char *key,
		  void (*read)(struct ws_cluster_draft *draft, const json_t *element))
{
	struct reading r = { d, read };
	int rc;

	d->n_seen = 0;
	if (access(d->path, F_OK) && errno == ENOENT)
		return 0;
	rc = ws_items_visit(d->path, key, visit, &r, d->err);
	if (rc == 0 && key && d->n_seen == 0)
		rc = ws_items_visit(d->path, NULL, visit_single, &r, d->err);
	return d->rc ? ws_error(d->err, d->rc, "%s: out of memory", d->path) : rc;
}

static FILE *open_text(struct ws_cluster_draft *d, int *rc)
{
	int fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = NULL;
	struct stat st;

	*rc = 0;
	if (fd < 0) {
		if (errno != ENOENT)
			*rc = ws_error(d->err, -errno, "%s: cannot open: %s", d->path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		*rc = ws_error(d->err, -EINVAL, "%s: not a regular file", d->path);
	else if (!(file = fdopen(fd, "r")))
		*rc = ws_error(d->err, -ENOMEM, "%s: out of memory", d->path);
	if (!file)
		close(fd);
	return file;
}

int ws_draft_lines(struct ws_cluster_draft *d, void (*read)(struct ws_cluster_draft *draft, void *context, char *line),
		   void *context)
{
	char *line = malloc(WS_DRAFT_LINE_MAX + 1);
	FILE *file = NULL;
	size_t len = 0;
	int c, rc = 0;

	if (!line)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", d->path);
	file = open_text(d, &rc);
	if (!file)
		goto out;
	do {
		c = getc_unlocked(file);
		if (c != '\n' && c != EOF) {
			if (len <= WS_DRAFT_LINE_MAX)
				line[len] = (char)(c ? c : '?');
			len += len <= WS_DRAFT_LINE_MAX;
			continue;
		}
		if (len > WS_DRAFT_LINE_MAX) {
			d->cluster->n_unread++;
		} else if (len) {
			line[len - (line[len - 1] == '\r')] = '\0';
			line[len] = '\0';
			read(d, context, line);
		}
		len = 0;
	} while (c != EOF && d->rc == 0);
	if (ferror(file))
		rc = ws_error(d->err, -EIO, "%s: cannot read", d->path);
	else if (d->rc)
		rc = ws_error(d->err, d->rc, "%s: out of memory", d->path);
out:
	if (file)
		fclose(file);
	free(line);
	return rc;
}
