/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_address - addresses and prefixes of a snapshot: text, bytes, and which holds which. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"
#include "lib/names.h"

#define IPV4_BITS_OFF 96

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

int ws_cluster_address_parse(const char *text, struct ws_cluster_address *address)
{
	struct ws_cluster_address parsed;

	if (inet_pton(AF_INET, text, parsed.bytes + sizeof(mapped)) == 1)
		memcpy(parsed.bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, text, parsed.bytes) != 1)
		return -EINVAL;
	*address = parsed;
	return 0;
}

const char *ws_cluster_address_text(const struct ws_cluster_address *address, char text[WS_CLUSTER_ADDRESS_TEXT])
{
	return ws_address_text(address->bytes, text);
}

bool ws_cluster_prefix_holds(const struct ws_cluster_prefix *prefix, const struct ws_cluster_address *address)
{
	const uint8_t *p = prefix->address.bytes, *a = address->bytes;
	const uint8_t n_whole = prefix->n_bits / 8, n_rest = prefix->n_bits % 8;

	if (prefix->n_bits > 128)
		return false;
	if (prefix->n_bits == 0) /* of IPv4 only, or of any */
		return memcmp(p, mapped, sizeof(mapped)) != 0 || memcmp(a, mapped, sizeof(mapped)) == 0;
	if (memcmp(p, a, n_whole) != 0)
		return false;
	return n_rest == 0 || ((p[n_whole] ^ a[n_whole]) & 0xff << (8 - n_rest) & 0xff) == 0;
}

static void clear_host_bits(struct ws_cluster_prefix *prefix)
{
	for (uint32_t bit = prefix->n_bits; bit < 128; bit++)
		prefix->address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* Digits up to 128. */
static int read_length(const char *text, uint32_t *n)
{
	uint32_t value = 0;

	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint32_t)(*text - '0');
	}
	*n = value;
	return 0;
}

int ws_cluster_prefix_parse(const char *text, bool is_ipv6, struct ws_cluster_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	struct ws_cluster_prefix p = { 0 };
	char address[WS_CLUSTER_ADDRESS_TEXT];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint32_t n = 0, n_max;

	if (strcmp(text, "default") == 0) {
		if (!is_ipv6)
			memcpy(p.address.bytes, mapped, sizeof(mapped));
		*prefix = p;
		return 0;
	}
	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (ws_cluster_address_parse(address, &p.address))
		return -EINVAL;
	n_max = memchr(address, ':', len) ? 128 : 32;
	if (!slash)
		n = n_max;
	else if (read_length(slash + 1, &n) || n > n_max)
		return -EINVAL;
	p.n_bits = (uint8_t)(n == 0 ? 0 : n_max == 32 ? n + IPV4_BITS_OFF : n);
	if (p.n_bits)
		clear_host_bits(&p);
	else
		memset(p.address.bytes, 0, sizeof(p.address));
	if (n == 0 && n_max == 32)
		memcpy(p.address.bytes, mapped, sizeof(mapped));
	*prefix = p;
	return 0;
}
