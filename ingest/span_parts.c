/* SPDX-License-Identifier: BSD-2-Clause */
/* span_parts - see the header. */
#include "ingest/span_parts.h"

#include <string.h>
#include <strings.h>

#include "lib/cluster/cluster_store.h"
#include "lib/decimal.h"

#define ID_MAX 16

void ws_span_place_note(struct ws_span_place *place, const char *key, const char *value)
{
	static const struct {
		const char *key;
		size_t off;
	} keys[] = {
		{ "k8s.pod.name", offsetof(struct ws_span_place, pod) },
		{ "k8s.namespace.name", offsetof(struct ws_span_place, namespace) },
		{ "k8s.node.name", offsetof(struct ws_span_place, node) },
		{ "host.name", offsetof(struct ws_span_place, host) },
		{ "hostname", offsetof(struct ws_span_place, host) },
		{ "node_id", offsetof(struct ws_span_place, istio) },
		{ "service.name", offsetof(struct ws_span_place, service) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0)
			*(const char **)((char *)place + keys[i].off) = value;
}

const char *ws_span_text(const char *text, char to[WS_SPAN_TEXT_MAX + 1])
{
	ws_cluster_text_clean(text ? text : "", text ? strnlen(text, WS_SPAN_TEXT_MAX) : 0, to);
	return to;
}

static bool is_node(const struct ws_cluster *cluster, const char *name)
{
	uint32_t low = 0, high = cluster->n_nodes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(cluster->node[middle].name, name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* The third part of sidecar~10.1.2.3~reviews-v1-545db77b95-wql7n.default~default.svc.cluster.local. */
static bool read_istio(const char *text, char *pod, size_t size)
{
	const char *address = strchr(text, '~'), *name = address ? strchr(address + 1, '~') : NULL;
	const char *end = name ? strchr(++name, '~') : NULL, *point;

	if (!end || end == name)
		return false;
	point = memrchr(name, '.', (size_t)(end - name)); /* a pod's name may hold points, a namespace's none */
	if (!point || point == name || point + 1 == end)
		return false;
	snprintf(pod, size, "%.*s/%.*s", (int)(end - point - 1), point + 1, (int)(point - name), name);
	return true;
}

void ws_span_place_put(struct ws_span_reading *r, const struct ws_span_place *p, struct ws_span *span)
{
	const char *name = p->pod, *node = p->node;
	char pod[2 * WS_SPAN_TEXT_MAX];

	pod[0] = '\0';
	if (!name && p->host) {
		if (!is_node(r->cluster, p->host))
			name = p->host;
		else if (!node)
			node = p->host;
	}
	if ((p->pod || !p->istio || !read_istio(p->istio, pod, sizeof(pod))) && name && *name)
		snprintf(pod, sizeof(pod), "%s%s%.1023s", p->namespace ? p->namespace : "", p->namespace ? "/" : "",
			 name);
	span->node = ws_span_text(node, r->node);
	span->pod = ws_span_text(pod, r->pod);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool read_hex(const char *text, size_t len, uint8_t *id, size_t size)
{
	memset(id, 0, size);
	if (len == 0 || len > 2 * size)
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = hex_value(text[len - 1 - i]);

		if (value < 0)
			return false;
		id[size - 1 - i / 2] |= (uint8_t)(value << (i % 2 ? 4 : 0));
	}
	return true;
}

static int base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Padded to whole fours: of 8 bytes it has 12 characters, of 16 it has 24, which no hex of theirs has with '=' in it.
 */
static bool read_base64(const char *text, size_t len, uint8_t *id, size_t size)
{
	uint32_t bits = 0, n_bits = 0;
	size_t n = 0;

	if (len != (size + 2) / 3 * 4 || text[len - 1] != '=')
		return false;
	while (len && text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		n_bits += 6;
		if (n_bits >= 8 && n < size) {
			n_bits -= 8;
			id[n++] = (uint8_t)(bits >> n_bits);
		}
	}
	return n == size;
}

bool ws_span_id(const json_t *text, uint8_t *id, size_t size)
{
	static const uint8_t zeros[ID_MAX];
	uint8_t read[ID_MAX] = { 0 };
	const char *at = json_string_value(text);
	size_t len = json_string_length(text);

	if (!at || size > ID_MAX || (!read_base64(at, len, read, size) && !read_hex(at, len, read, size)) ||
	    memcmp(read, zeros, size) == 0)
		return false;
	memcpy(id, read, size);
	return true;
}

const char *ws_span_kind(const char *text)
{
	static const char *const kinds[] = { "client", "server", "producer", "consumer", "internal" };

	for (size_t i = 0; text && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(text, kinds[i]) == 0)
			return kinds[i];
	return "";
}

bool ws_span_number(const json_t *value, int64_t *number)
{
	if (json_is_string(value))
		return ws_integer_read(json_string_value(value), json_string_length(value), 0, number) == 0;
	if (json_is_real(value) && json_real_value(value) >= 0 && json_real_value(value) < 0x1p63) {
		*number = (int64_t)json_real_value(value);
		return true;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = json_integer_value(value);
	return true;
}
