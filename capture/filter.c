/* SPDX-License-Identifier: BSD-2-Clause */
/* filter - see the header. */
#include "capture/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number from 0 to max, and nothing else. */
static int parse_number(const char *text, uint64_t max, uint64_t *number)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

/* ADDRESS or ADDRESS/PREFIX, either IP version. Host bits below the prefix are dropped. */
static int parse_address(const char *text, struct ws_filter_address *address)
{
	char copy[INET6_ADDRSTRLEN + 5];
	uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff }, mask[16];
	uint64_t prefix_len = 128;
	char *slash;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, copy, bytes + 12) == 1) {
		if (slash && parse_number(slash + 1, 32, &prefix_len))
			return -EINVAL;
		prefix_len += slash ? 96 : 0;
	} else if (inet_pton(AF_INET6, copy, bytes) == 1) {
		if (slash && parse_number(slash + 1, 128, &prefix_len))
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t n_bits = prefix_len > 8 * i ? (uint32_t)prefix_len - 8 * i : 0;

		mask[i] = n_bits >= 8 ? 0xff : (uint8_t)(0xff00u >> n_bits);
		bytes[i] &= mask[i];
	}
	memcpy(address->word, bytes, 16);
	memcpy(address->mask, mask, 16);
	return 0;
}

static int parse_part(const char *key, const char *value, struct ws_filter *f)
{
	const struct {
		const char *key;
		uint32_t part;
		struct ws_filter_address *address;
		uint16_t *port;
	} parts[] = {
		{ "saddr", WS_FILTER_SADDR, &f->saddr, NULL }, { "daddr", WS_FILTER_DADDR, &f->daddr, NULL },
		{ "addr", WS_FILTER_ADDR, &f->addr, NULL },    { "sport", WS_FILTER_SPORT, NULL, &f->sport },
		{ "dport", WS_FILTER_DPORT, NULL, &f->dport }, { "port", WS_FILTER_PORT, NULL, &f->port },
		{ "vni", WS_FILTER_VNI, NULL, NULL },
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(key, parts[i].key) != 0)
			continue;
		if (f->parts & parts[i].part)
			return -EEXIST;
		f->parts |= parts[i].part;
		if (parts[i].address)
			return parse_address(value, parts[i].address);
		if (parse_number(value, parts[i].port ? UINT16_MAX : UINT32_MAX, &number))
			return -EINVAL;
		if (parts[i].port)
			*parts[i].port = (uint16_t)number;
		else
			f->vni = (uint32_t)number;
		return 0;
	}
	return -ENOENT;
}

int ws_filter_parse(const char *text, struct ws_filter *filter, struct ws_error *err)
{
	struct ws_filter f = { 0 };
	char copy[512], *rest = copy, *part;
	int rc;

	if (strlen(text) >= sizeof(copy))
		return ws_error(err, -EINVAL, "--filter: longer than %zu characters", sizeof(copy) - 1);
	strcpy(copy, text);
	while ((part = strsep(&rest, ","))) {
		char *value = strchr(part, '=');

		if (!value)
			return ws_error(err, -EINVAL, "--filter %s: '%s' is not KEY=VALUE", text, part);
		*value++ = '\0';
		rc = parse_part(part, value, &f);
		if (rc == -ENOENT)
			return ws_error(
				err, -EINVAL,
				"--filter %s: no key '%s'; keys are saddr, daddr, addr, sport, dport, port, vni", text,
				part);
		if (rc == -EEXIST)
			return ws_error(err, -EINVAL, "--filter %s: %s is given twice; use a second --filter for 'or'",
					text, part);
		if (rc)
			return ws_error(err, -EINVAL, "--filter %s: '%s' is no value for %s", text, value, part);
	}
	*filter = f;
	return 0;
}
