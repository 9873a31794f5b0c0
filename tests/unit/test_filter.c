/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_filter - from the text of a filter to the packets that it selects, and the words for what it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/filter.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A packet as the tap sees it. */
struct passing {
	struct ws_packet packet;
	uint8_t saddr[16];
	uint8_t daddr[16];
};

static void set_address(uint8_t to[16], const char *text)
{
	memset(to, 0, 16);
	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, to), 1);
		return;
	}
	to[10] = to[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, to + 12), 1);
}

static struct passing packet_of(const char *saddr, const char *daddr)
{
	struct passing p = { .packet = { .sport = 40000, .dport = 9080, .vni = 42, .encap = WS_ENCAP_VXLAN } };

	set_address(p.saddr, saddr);
	set_address(p.daddr, daddr);
	return p;
}

static int selects(const char *text, const struct passing *p)
{
	struct ws_filter filter;
	struct ws_error err = { 0 };

	memset(&filter, 0xa5, sizeof(filter));
	if (ws_filter_parse(text, &filter, &err))
		fail_msg("%s", err.text);
	assert_int_equal(err.text[0], '\0');
	return ws_filter_matches(&filter, &p->packet, p->saddr, p->daddr);
}

struct selection {
	const char *text;
	int is_selected;
};

static void check_selections(const struct selection *s, size_t n, const struct passing *p)
{
	for (size_t i = 0; i < n; i++)
		if (selects(s[i].text, p) != s[i].is_selected)
			fail_msg("%s: is %sselected", s[i].text, s[i].is_selected ? "not " : "");
}

/* Of 10.1.2.3:40000 > 10.1.9.9:9080 in VXLAN 42. */
static void ipv4(void **state)
{
	static const struct selection s[] = {
		{ "saddr=10.1.2.3", 1 },
		{ "saddr=10.1.2.2", 0 },
		{ "saddr=10.1.9.9", 0 },
		{ "daddr=10.1.9.9", 1 },
		{ "daddr=10.1.2.3", 0 },
		{ "addr=10.1.2.3", 1 },
		{ "addr=10.1.9.9", 1 },
		{ "addr=10.1.2.4", 0 },
		{ "saddr=10.1.2.3/32", 1 },
		{ "saddr=10.1.2.2/31", 1 },
		{ "saddr=10.1.2.4/31", 0 },
		{ "saddr=10.1.2.255/24", 1 },
		{ "saddr=10.1.3.0/24", 0 },
		{ "saddr=10.1.3.0/23", 1 },
		{ "saddr=11.0.0.0/8", 0 },
		{ "saddr=11.0.0.0/7", 1 },
		{ "saddr=127.0.0.0/1", 1 },
		{ "saddr=128.0.0.0/1", 0 },
		{ "saddr=200.0.0.0/0", 1 },
		{ "saddr=::ffff:10.1.2.3", 1 },
		{ "saddr=::ffff:10.1.2.0/120", 1 },
		{ "saddr=::ffff:10.1.3.0/120", 0 },
		{ "saddr=2001:db8::/32", 0 },
		{ "saddr=::a01:203", 0 },
		{ "sport=40000", 1 },
		{ "sport=9080", 0 },
		{ "dport=9080", 1 },
		{ "dport=40000", 0 },
		{ "port=9080", 1 },
		{ "port=40000", 1 },
		{ "port=0", 0 },
		{ "port=65535", 0 },
		{ "vni=42", 1 },
		{ "vni=0", 0 },
		{ "vni=4294967295", 0 },
		{ "saddr=10.1.0.0/16,dport=9080", 1 },
		{ "dport=9080,saddr=10.1.0.0/16", 1 },
		{ "saddr=10.1.0.0/16,dport=9081", 0 },
		{ "saddr=10.2.0.0/16,dport=9080", 0 },
		{ "saddr=10.1.2.3,daddr=10.1.9.9,addr=10.1.0.0/16,sport=40000,dport=9080,port=9080,vni=42", 1 },
		{ "saddr=10.1.2.3,daddr=10.1.9.9,addr=10.1.0.0/16,sport=40000,dport=9080,port=9080,vni=43", 0 },
		{ "saddr=10.1.2.3,daddr=10.1.9.9,addr=10.3.0.0/16,sport=40000,dport=9080,port=9080,vni=42", 0 },
		{ "sport=00040000", 1 },
	};
	const struct passing p = packet_of("10.1.2.3", "10.1.9.9");

	(void)state;
	check_selections(s, COUNT(s), &p);
}

static void ipv6(void **state)
{
	static const struct selection s[] = {
		{ "saddr=2001:db8:1:2:3:4:5:6", 1 },
		{ "saddr=2001:db8:1:2:3:4:5:7", 0 },
		{ "saddr=2001:0DB8:0001:2:3:4:5:6/128", 1 },
		{ "saddr=2001:db8:1:2:3:4:5:7/127", 1 },
		{ "saddr=2001:db8:1:2:ffff::/64", 1 },
		{ "saddr=2001:db8:1:3::/64", 0 },
		{ "saddr=2001:db8:1:3::/63", 1 },
		{ "saddr=2001:db8:1:2:8000::/65", 0 },
		{ "saddr=2001:db8:1:2::/65", 1 },
		{ "saddr=8000::/1", 0 },
		{ "saddr=::/0", 1 },
		{ "saddr=::/1", 1 },
		{ "daddr=fd00::9", 1 },
		{ "addr=fd00::/8", 1 },
		{ "addr=fe00::/8", 0 },
		{ "saddr=0.0.0.0/0", 0 },
		{ "addr=fd00::9,port=9080", 1 },
	};
	const struct passing p = packet_of("2001:db8:1:2:3:4:5:6", "fd00::9");

	(void)state;
	check_selections(s, COUNT(s), &p);
}

/* Of every prefix length: the first bit below it does not matter, the last one within does. */
static void every_prefix_length(void **state)
{
	char text[64];

	(void)state;
	for (uint32_t n = 0; n <= 32; n++) {
		struct passing p = packet_of("170.170.170.170", "10.0.0.1");

		snprintf(text, sizeof(text), "saddr=170.170.170.170/%u", n);
		assert_true(selects(text, &p));
		if (n < 32)
			p.saddr[12 + n / 8] ^= (uint8_t)(0x80 >> n % 8);
		assert_true(selects(text, &p));
		if (n == 0)
			continue;
		p.saddr[12 + (n - 1) / 8] ^= (uint8_t)(0x80 >> (n - 1) % 8);
		assert_false(selects(text, &p));
	}
	for (uint32_t n = 1; n <= 128; n++) {
		struct passing p = packet_of("aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa", "::1");

		snprintf(text, sizeof(text), "saddr=aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa/%u", n);
		assert_true(selects(text, &p));
		p.saddr[(n - 1) / 8] ^= (uint8_t)(0x80 >> (n - 1) % 8);
		assert_false(selects(text, &p));
	}
}

/* A network identifier is one of a tunnel: without a tunnel there is none, not even 0. */
static void vni_needs_a_tunnel(void **state)
{
	struct passing p = packet_of("10.1.2.3", "10.1.9.9");

	(void)state;
	p.packet.vni = 0;
	assert_true(selects("vni=0", &p));
	p.packet.encap = WS_ENCAP_NONE;
	assert_false(selects("vni=0", &p));
}

struct refusal {
	const char *text;
	const char *words; /* what the message must say */
};

static void refusals(void **state)
{
	static const struct refusal r[] = {
		{ "", "'' is not KEY=VALUE" },
		{ "saddr", "'saddr' is not KEY=VALUE" },
		{ "port=80,", "'' is not KEY=VALUE" },
		{ ",port=80", "'' is not KEY=VALUE" },
		{ "port=80,,vni=1", "'' is not KEY=VALUE" },
		{ "port=80,dport", "'dport' is not KEY=VALUE" },
		{ "=80", "no key ''" },
		{ "host=10.0.0.1", "no key 'host'" },
		{ "PORT=80", "no key 'PORT'" },
		{ " port=80", "no key ' port'" },
		{ "port =80", "no key 'port '" },
		{ "port=80,proto=tcp", "no key 'proto'" },
		{ "port=80,port=81", "port is given twice" },
		{ "vni=1,port=80,vni=1", "vni is given twice" },
		{ "saddr=10.0.0.1,saddr=10.0.0.2", "saddr is given twice" },
		{ "port=", "'' is no value for port" },
		{ "port=x", "'x' is no value for port" },
		{ "port=80x", "'80x' is no value for port" },
		{ "port=-1", "'-1' is no value for port" },
		{ "port=+80", "'+80' is no value for port" },
		{ "port= 80", "' 80' is no value for port" },
		{ "port=80 ", "'80 ' is no value for port" },
		{ "port=0x50", "'0x50' is no value for port" },
		{ "port=65536", "'65536' is no value for port" },
		{ "dport=18446744073709551696", "no value for dport" },
		{ "sport=99999999999999999999999999", "no value for sport" },
		{ "vni=4294967296", "'4294967296' is no value for vni" },
		{ "port=80=81", "'80=81' is no value for port" },
		{ "saddr=", "'' is no value for saddr" },
		{ "saddr=10.0.0", "'10.0.0' is no value for saddr" },
		{ "saddr=10.0.0.256", "'10.0.0.256' is no value for saddr" },
		{ "saddr=10.0.0.0/33", "'10.0.0.0/33' is no value for saddr" },
		{ "saddr=10.0.0.0/", "'10.0.0.0/' is no value for saddr" },
		{ "saddr=10.0.0.0/-1", "'10.0.0.0/-1' is no value for saddr" },
		{ "saddr=10.0.0.0/8/8", "'10.0.0.0/8/8' is no value for saddr" },
		{ "saddr=10.0.0.0/255.0.0.0", "no value for saddr" },
		{ "saddr=/8", "'/8' is no value for saddr" },
		{ "daddr=example.net", "'example.net' is no value for daddr" },
		{ "daddr=2001:db8::/129", "'2001:db8::/129' is no value for daddr" },
		{ "daddr=2001:db8", "'2001:db8' is no value for daddr" },
		{ "daddr=fe80::1%eth0", "'fe80::1%eth0' is no value for daddr" },
		{ "addr=::ffff:255.255.255.255:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "no value for addr" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(r); i++) {
		struct ws_filter filter, before;
		struct ws_error err = { 0 };

		memset(&filter, 0xa5, sizeof(filter));
		before = filter;
		if (ws_filter_parse(r[i].text, &filter, &err) != -EINVAL)
			fail_msg("'%s' was taken", r[i].text);
		if (!strstr(err.text, r[i].words) || !strstr(err.text, r[i].text))
			fail_msg("'%s' does not say '%s'", err.text, r[i].words);
		assert_memory_equal(&filter, &before, sizeof(filter));
		assert_int_equal(ws_filter_parse(r[i].text, &filter, NULL), -EINVAL);
	}
}

/* Longer than any filter can be; the longest that can is taken. */
static void lengths(void **state)
{
	struct passing p = packet_of("10.1.2.3", "10.1.9.9");
	struct ws_error err = { 0 };
	struct ws_filter filter;
	char text[2048];

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text, "vni=", 4);
	memcpy(text + 509, "42", 3);
	assert_int_equal(strlen(text), 511);
	assert_true(selects(text, &p));
	memset(text + 4, '0', sizeof(text) - 4);
	text[512] = '\0';
	assert_int_equal(ws_filter_parse(text, &filter, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than 511"));
	text[512] = '0';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ws_filter_parse(text, &filter, &err), -EINVAL);
}

/* Of several filters one is enough; none selects everything. */
static void filters_of_a_run(void **state)
{
	const struct passing p = packet_of("10.1.2.3", "10.1.9.9");
	struct ws_tap_config config = { 0 };
	struct ws_error err = { 0 };

	(void)state;
	assert_true(ws_tap_selects(&config, &p.packet, p.saddr, p.daddr));
	for (config.n_filters = 1; config.n_filters <= WS_FILTERS_MAX; config.n_filters++) {
		struct ws_filter *last = &config.filter[config.n_filters - 1];

		assert_int_equal(ws_filter_parse("dport=9080", last, &err), 0);
		assert_true(ws_tap_selects(&config, &p.packet, p.saddr, p.daddr));
		assert_int_equal(ws_filter_parse("dport=80", last, &err), 0);
		assert_false(ws_tap_selects(&config, &p.packet, p.saddr, p.daddr));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(every_prefix_length),
		cmocka_unit_test(vni_needs_a_tunnel),
		cmocka_unit_test(refusals),
		cmocka_unit_test(lengths),
		cmocka_unit_test(filters_of_a_run),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
