/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces, addresses and routes in a cluster snapshot, as iproute2 prints them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cluster_world.h"

static const struct ws_cluster_link *find_link(const struct ws_cluster *c, int64_t pid, const char *name)
{
	for (uint32_t i = 0; i < c->n_links; i++)
		if (c->link[i].pid == pid && strcmp(c->link[i].name, name) == 0)
			return &c->link[i];
	fail_msg("no link %s", name);
	return NULL;
}

static void links_of_iproute2(void **state)
{
	const struct ws_cluster_link *l;
	struct world *w = *state;

	put(w->dir, "node/n/link.json",
	    "[{\"ifindex\":9,\"link_index\":2,\"ifname\":\"vethab\",\"flags\":[\"BROADCAST\",\"MULTICAST\",\"UP\","
	    "\"LOWER_UP\"],\"mtu\":"
	    "1450,\"master\":\"cni0\",\"operstate\":\"UP\",\"link_type\":\"ether\",\"address\":\"aa:bb:cc:dd:ee:ff\","
	    "\"link_netnsid\":3,"
	    "\"linkinfo\":{\"info_kind\":\"veth\",\"info_slave_kind\":\"bridge\"}},"
	    "{\"ifindex\":1,\"ifname\":\"lo\",\"flags\":[\"LOOPBACK\",\"UP\"],\"mtu\":65536,\"link_type\":\"loopback\"}"
	    ",{},"
	    "{\"ifindex\":4,\"ifname\":\"flannel.1\",\"flags\":[\"BROADCAST\",\"UP\"],\"mtu\":1450,\"linkinfo\":{"
	    "\"info_kind\":\"vxlan\","
	    "\"info_data\":{\"id\":1,\"local\":\"172.18.0.2\",\"link\":\"eth0\",\"srcport\":{\"low\":0,\"high\":0},"
	    "\"port\":8472}}},"
	    "{\"ifindex\":11,\"link\":\"b1\",\"ifname\":\"a1\",\"flags\":[],\"linkinfo\":{\"info_kind\":\"veth\"}},"
	    "{\"ifindex\":12,\"link\":\"a1\",\"ifname\":\"b1\",\"flags\":[],\"linkinfo\":{\"info_kind\":\"veth\"}},"
	    "{\"ifindex\":13,\"link\":\"if44\",\"ifname\":\"c1\",\"flags\":[],\"linkinfo\":{\"info_kind\":\"veth\"}},"
	    "{\"ifindex\":14,\"link\":null,\"ifname\":\"tunl0\",\"flags\":[\"NOARP\"],\"link_type\":\"ipip\"}]");
	put(w->dir, "node/n/addr.json",
	    "[{\"ifindex\":4,\"ifname\":\"flannel.1\",\"addr_info\":[{\"family\":\"inet\",\"local\":\"10.244.1.0\","
	    "\"prefixlen\":32,\"scope\":"
	    "\"global\"},{\"family\":\"inet6\",\"local\":\"fe80::1\",\"prefixlen\":64,\"scope\":\"link\"},{}]},{},"
	    "{\"ifindex\":77,\"ifname\":\"late\",\"flags\":[\"UP\"],\"addr_info\":[]}]");
	put(w->dir, "node/n/pid-4321.link.json",
	    "[{\"ifindex\":2,\"link_index\":9,\"ifname\":\"eth0\",\"flags\":[\"UP\"],\"link_netnsid\":0,\"linkinfo\":{"
	    "\"info_kind\":\"veth\"}}]");
	put(w->dir, "node/n/pid-4321.addr.json",
	    "[{\"ifindex\":2,\"link_index\":9,\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"10.244.1.5\","
	    "\"prefixlen\":24}]}]");
	put(w->dir, "node/n/pid-5.addr.json",
	    "[{\"ifindex\":3,\"link_index\":10,\"ifname\":\"eth0\",\"flags\":[\"UP\"],\"addr_info\":[{\"local\":\"10."
	    "244.1.6\","
	    "\"prefixlen\":24}],\"link_netnsid\":0}]");
	open_snapshot(w);
	assert_int_equal(w->c.n_unread, 0);
	assert_int_equal(w->c.n_links, 10);
	assert_string_equal(w->c.link[0].name, "lo");
	assert_true(w->c.link[0].is_loopback);
	l = find_link(&w->c, 0, "vethab");
	assert_string_equal(l->kind, "veth");
	assert_string_equal(l->master, "cni0");
	assert_int_equal(l->peer_ifindex, 2);
	assert_int_equal(l->peer_netnsid, 3);
	assert_int_equal(l->mtu, 1450);
	assert_true(l->is_up);
	l = find_link(&w->c, 0, "flannel.1");
	assert_int_equal(l->vni, 1);
	assert_int_equal(l->port, 8472);
	assert_int_equal(l->n_addresses, 2);
	is_prefix(&l->address[0], "10.244.1.0", 128);
	is_prefix(&l->address[1], "fe80::1", 64);
	assert_int_equal(find_link(&w->c, 0, "a1")->peer_ifindex, 12);
	assert_int_equal(find_link(&w->c, 0, "b1")->peer_ifindex, 11);
	assert_int_equal(find_link(&w->c, 0, "b1")->peer_netnsid, -1);
	assert_int_equal(find_link(&w->c, 0, "c1")->peer_ifindex, 44);
	assert_string_equal(find_link(&w->c, 0, "tunl0")->kind, "ipip");
	assert_false(find_link(&w->c, 0, "tunl0")->is_up);
	l = find_link(&w->c, 4321, "eth0");
	assert_int_equal(l->peer_ifindex, 9);
	assert_int_equal(l->n_addresses, 1);
	is_prefix(&l->address[0], "10.244.1.5", 120);
	l = find_link(&w->c, 5, "eth0"); /* of the addresses alone */
	assert_int_equal(l->peer_ifindex, 10);
	assert_int_equal(l->n_addresses, 1);
}

static void routes_of_iproute2(void **state)
{
	struct ws_cluster_address v4, v6;
	const struct ws_cluster_route *r;
	struct world *w = *state;

	put(w->dir, "node/n/route.json",
	    "[{\"dst\":\"default\",\"gateway\":\"172.18.0.1\",\"dev\":\"eth0\",\"flags\":[]},"
	    "{\"dst\":\"10.244.2.0/"
	    "24\",\"gateway\":\"10.244.2.0\",\"dev\":\"flannel.1\",\"flags\":[\"onlink\"],\"metric\":7},"
	    "{\"type\":\"local\",\"dst\":\"10.244.1.1\",\"dev\":\"cni0\",\"table\":\"local\",\"scope\":\"host\","
	    "\"flags\":[]},"
	    "{\"type\":\"blackhole\",\"dst\":\"10.244.9.0/26\",\"flags\":[]},"
	    "{\"dst\":\"192.0.2.0/"
	    "24\",\"via\":{\"family\":\"inet6\",\"host\":\"fe80::9\"},\"dev\":\"eth0\",\"flags\":[]},"
	    "{\"dst\":\"10.9.0.0/"
	    "16\",\"flags\":[],\"nexthops\":[{\"gateway\":\"172.18.0.8\",\"dev\":\"eth0\",\"weight\":1,\"flags\":[]},"
	    "{\"gateway\":\"172.18.0.9\",\"dev\":\"eth1\",\"weight\":1,\"flags\":[]}]},"
	    "{\"dst\":\"default\",\"gateway\":\"fd00::1\",\"dev\":\"eth0\",\"flags\":[]}]");
	put(w->dir, "node/n/route6.json",
	    "[{\"dst\":\"default\",\"gateway\":\"fd00::1\",\"dev\":\"eth0\",\"flags\":[]}]");
	open_snapshot(w);
	assert_int_equal(w->c.n_unread, 0);
	assert_int_equal(w->c.n_routes, 8); /* the default route of IPv6 is in both files */
	r = w->c.route;
	is_prefix(&r[0].to, "::", 0);
	is_address(&r[0].gateway, "fd00::1");
	is_prefix(&r[1].to, "0.0.0.0", 0);
	is_address(&r[1].gateway, "172.18.0.1");
	assert_string_equal(r[1].kind, "unicast");
	assert_string_equal(r[1].scope, "global");
	is_prefix(&r[2].to, "10.9.0.0", 112);
	assert_string_equal(r[2].interface, "eth0");
	assert_string_equal(r[3].interface, "eth1");
	is_prefix(&r[4].to, "10.244.1.1", 128);
	assert_string_equal(r[4].kind, "local");
	assert_string_equal(r[4].scope, "host");
	assert_string_equal(r[5].interface, "flannel.1");
	assert_int_equal(r[5].metric, 7);
	assert_string_equal(r[6].kind, "blackhole");
	is_address(&r[7].gateway, "fe80::9");
	assert_int_equal(ws_cluster_address_parse("10.1.2.3", &v4), 0);
	assert_int_equal(ws_cluster_address_parse("2001:db8::1", &v6), 0);
	assert_true(ws_cluster_prefix_holds(&r[1].to, &v4));
	assert_false(ws_cluster_prefix_holds(&r[1].to, &v6)); /* IPv4's default is not IPv6's */
	assert_true(ws_cluster_prefix_holds(&r[0].to, &v6));
	assert_false(ws_cluster_prefix_holds(&r[2].to, &v4));
}

/* Routes that differ in their table alone are two. */
static void tables_of_routes(void **state)
{
	static const char *const tables[] = { "", "1", "200", "wg" };
	struct world *w = *state;

	put(w->dir, "node/n/route.json",
	    "[{\"dst\":\"default\",\"dev\":\"eth0\",\"table\":\"main\"},{\"dst\":\"default\",\"dev\":\"eth0\"},"
	    "{\"dst\":\"default\",\"dev\":\"eth0\",\"table\":254},{\"dst\":\"default\",\"dev\":\"eth0\",\"table\":200},"
	    "{\"dst\":\"default\",\"dev\":\"eth0\",\"table\":\"1\"},{\"dst\":\"default\",\"dev\":\"eth0\",\"table\":"
	    "\"wg\"}]");
	open_snapshot(w);
	assert_int_equal(w->c.n_routes, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_string_equal(w->c.route[i].table, tables[i]);
}

static void addresses_and_prefixes(void **state)
{
	static const char *const wrong[] = { "",    "10.1.2",	  "10.1.2.3.4", "10.1.2.256",
					     ":::", "10.1.2.3/8", "node1",	" 10.1.2.3" };
	struct ws_cluster_address a = { .bytes = { 1 } };
	struct ws_cluster_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ws_cluster_address_parse(wrong[i], &a), -EINVAL);
	assert_int_equal(a.bytes[0], 1); /* untouched */
	assert_int_equal(ws_cluster_address_parse("10.244.131.7", &p.address), 0);
	a = p.address;
	for (p.n_bits = 97; p.n_bits <= 128; p.n_bits++) {
		a.bytes[(p.n_bits - 1) / 8] ^= 0x80 >> (p.n_bits - 1) % 8; /* the last bit that counts */
		assert_false(ws_cluster_prefix_holds(&p, &a));
		a = p.address;
		if (p.n_bits < 128)
			a.bytes[p.n_bits / 8] ^= 0x80 >> p.n_bits % 8; /* the first that does not */
		assert_true(ws_cluster_prefix_holds(&p, &a));
		a = p.address;
	}
	p.n_bits = 129;
	assert_false(ws_cluster_prefix_holds(&p, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_of_iproute2),
		TEST(routes_of_iproute2),
		TEST(tables_of_routes),
		cmocka_unit_test(addresses_and_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
