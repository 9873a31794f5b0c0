/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plan - from a snapshot to the tracing points: how a pod's vport is told, what happens when the witnesses
 * disagree, NICs, filters, names; and plan.json, written and read again, whoever wrote it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/plan_fixture.h"

static const struct ws_plan_point *find_point(const struct ws_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		for (uint32_t k = 0; k < plan->node[i].n_points; k++)
			if (strcmp(plan->node[i].point[k].name, name) == 0)
				return &plan->node[i].point[k];
	fail_msg("no point %s", name);
	return NULL;
}

static bool has_note(const struct ws_plan_texts *notes, const char *words)
{
	for (uint32_t i = 0; i < notes->n; i++)
		if (strstr(notes->text[i], words))
			return true;
	return false;
}

static bool has_filter(const struct ws_plan_filters *filters, const char *text)
{
	for (uint32_t i = 0; i < filters->n; i++)
		if (strcmp(filters->filter[i].text, text) == 0)
			return true;
	return false;
}

static void vport_by_pid(void **state)
{
	struct fixture *f = two_nodes();
	const struct ws_plan_point *p;
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12);
	make_well(f, NULL, &plan);
	assert_int_equal(plan.n_nodes, 1);
	assert_int_equal(plan.node[0].n_points, 2);
	p = find_point(&plan, "vport-a");
	assert_string_equal(p->role, "vport");
	assert_string_equal(p->interface, "cali1");
	assert_int_equal(p->ifindex, 12);
	assert_string_equal(p->pod, "default/a");
	assert_string_equal(p->addresses.text[0], "10.244.1.10");
	assert_string_equal(
		p->because,
		"peer of eth0 (ifindex 3) in the namespace of pid 4711, container app 0123456789ab (crictl)");
	p = find_point(&plan, "nic-n1");
	assert_string_equal(p->interface, "ens5");
	assert_int_equal(p->ifindex, 2);
	assert_string_equal(p->because, "route to 192.168.1.2 (n2) by 192.168.1.0/24");
	assert_true(has_filter(&plan.node[0].filters, "addr=10.244.1.10"));
	assert_int_equal(plan.search_bytes, 4096);
	ws_plan_close(&plan);
	free(f);
}

static void vport_by_route(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	fixture_pod(f, "default", "a", "n1", "10.244.1.10");
	fixture_link(f, "n1", 0, "cali1", 12, 3, "");
	fixture_route(f, "n1", "10.244.1.10", "cali1");
	make_well(f, NULL, &plan);
	assert_int_equal(find_point(&plan, "vport-a")->ifindex, 12);
	assert_non_null(strstr(find_point(&plan, "vport-a")->because, "the route to 10.244.1.10 alone"));
	ws_plan_close(&plan);
	free(f);
}

/* A route to the pod's address through something that has no other end is no witness. */
static void route_through_a_bridge(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	fixture_pod(f, "default", "a", "n1", "10.244.1.10");
	fixture_link(f, "n1", 0, "cni0", 12, 0, "")->kind = "bridge";
	fixture_route(f, "n1", "10.244.1.10", "cni0");
	make_well(f, NULL, &plan);
	assert_int_equal(plan.n_nodes, 0);
	assert_int_equal(plan.n_unplanned, 1);
	ws_plan_close(&plan);
	free(f);
}

static void expect_unplanned(struct fixture *f, const char *words)
{
	struct ws_plan plan;

	make_well(f, "a", &plan);
	assert_int_equal(plan.n_nodes, 0);
	assert_int_equal(plan.n_unplanned, 1);
	assert_string_equal(plan.unplanned[0].pod, "default/a");
	assert_true(plan.unplanned[0].is_named);
	if (!strstr(plan.unplanned[0].because, words))
		fail_msg("'%s' is not in '%s'", words, plan.unplanned[0].because);
	ws_plan_close(&plan);
	free(f);
}

static void witnesses_disagree(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12);
	fixture_link(f, "n1", 0, "cali2", 13, 3, "");
	fixture_route(f, "n1", "10.244.1.10", "cali2");
	expect_unplanned(f, "two witnesses disagree");
}

static void processes_disagree(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_cluster_pod *pod = add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12);

	(void)state;
	fixture_container(f, pod, 4712);
	fixture_link(f, "n1", 4712, "eth0", 3, 13, "10.244.1.10");
	fixture_link(f, "n1", 0, "cali2", 13, 3, "");
	expect_unplanned(f, "its containers disagree");
}

static void ends_disagree(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12);
	f->link[f->cluster.n_links - 1].peer_ifindex = 9;
	expect_unplanned(f, "names 9 as its other end");
}

static void process_of_another_pod(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12);
	f->prefix[f->n_prefixes - 1] = fixture_prefix("10.244.1.99");
	expect_unplanned(f, "has its address");
}

/* A container of the pod that had the name before is no witness for this one. */
static void process_of_an_earlier_pod(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12)->uid = "new";
	f->container[0].pod_uid = "old";
	expect_unplanned(f, "no process of it is known");
}

static void no_other_end(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "x", 12);
	f->link[f->cluster.n_links - 2].peer_ifindex = 0;
	f->link[f->cluster.n_links - 2].kind = "ipvlan";
	expect_unplanned(f, "eth0 (ipvlan) has no other end");
}

/* The kernel tells a macvlan's parent as it tells a veth's other end: that is the node's NIC, and no vport. */
static void a_macvlan_has_no_other_end(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	fixture_container(f, fixture_pod(f, "default", "a", "n1", "10.244.1.10"), 4711);
	fixture_link(f, "n1", 4711, "eth0", 3, 2, "10.244.1.10")->kind = "macvlan";
	expect_unplanned(f, "eth0 (macvlan) has no other end");
}

static void host_network(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 4711, "cali1", 12)->is_host_network = true;
	expect_unplanned(f, "hostNetwork");
}

static void pending(void **state)
{
	struct fixture *f = two_nodes();

	(void)state;
	add_pod(f, "a", "n1", "", 4711, "cali1", 12)->phase = "Pending";
	expect_unplanned(f, "not running");
}

/* --all leaves out what can have no point, and says how many. */
static void all_leaves_out(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	fixture_pod(f, "kube-system", "proxy-1", "n1", "192.168.1.1")->is_host_network = true;
	fixture_pod(f, "kube-system", "proxy-2", "n2", "192.168.1.2")->is_host_network = true;
	fixture_pod(f, "kube-system", "waits", "", "")->phase = "Pending";
	make_well(f, NULL, &plan);
	assert_int_equal(plan.n_unplanned, 0);
	assert_true(has_note(&plan.notes, "2 chosen pods were left out: in the network of the node"));
	assert_true(has_note(&plan.notes, "1 chosen pod was left out: not running"));
	ws_plan_close(&plan);
	free(f);
}

static void two_nics(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	fixture_node(f, "n3", "10.9.0.3", "");
	fixture_link(f, "n1", 0, "bond0", 4, 0, "10.9.0.1/24")->kind = "bond";
	fixture_route(f, "n1", "10.9.0.0/24", "bond0")->metric = 100;
	fixture_route(f, "n1", "10.9.0.0/24", "ens5")->metric = 200; /* worse */
	fixture_route(f, "n1", "10.0.0.0/8", "ens5");		     /* shorter */
	fixture_route(f, "n1", "10.9.0.3", "lo")->kind = "blackhole";
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "ens5");
	assert_string_equal(find_point(&plan, "nic-n1-2")->interface, "bond0");
	assert_string_equal(find_point(&plan, "nic-n1-2")->because, "route to 10.9.0.3 (n3) by 10.9.0.0/24");
	assert_true(has_note(&plan.node[0].notes, "bond0 is a bond"));
	assert_true(has_note(&plan.node[0].notes, "2 interfaces carry routes"));
	ws_plan_close(&plan);
	free(f);
}

/* A route of another table counts where a rule says so, which nobody knows: main's comes first, and the note says it.
 */
static void routes_of_another_table(void **state)
{
	struct fixture *f = fixture_new();
	struct ws_plan plan;

	(void)state;
	fixture_node(f, "n1", "192.168.1.1", "");
	fixture_node(f, "n2", "192.168.2.2", "");
	fixture_link(f, "n1", 0, "eth0", 2, 0, "");
	fixture_link(f, "n1", 0, "wireguard.cali", 3, 0, "");
	fixture_route(f, "n1", "default", "wireguard.cali")->table = "1";
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "wireguard.cali"); /* main has none */
	assert_non_null(strstr(find_point(&plan, "nic-n1")->because, "by the default route of table 1"));
	ws_plan_close(&plan);
	fixture_route(f, "n1", "default", "eth0")->metric = 100;
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].n_points, 2);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "eth0");
	assert_true(has_note(&plan.node[0].notes, "table 1 has a route through wireguard.cali"));
	ws_plan_close(&plan);
	f->cluster.n_nodes = 1; /* the default route is asked for as such */
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "eth0");
	assert_true(has_note(&plan.node[0].notes, "table 1 has a route through wireguard.cali"));
	ws_plan_close(&plan);
	free(f);
}

/* What the table local says of an address is no witness of a vport. */
static void local_routes_are_no_witness(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_cluster_route *route;

	(void)state;
	fixture_pod(f, "default", "a", "n1", "10.244.1.10");
	fixture_link(f, "n1", 0, "cali1", 12, 3, "");
	route = fixture_route(f, "n1", "10.244.1.10", "cali1");
	route->kind = "local";
	route->table = "local";
	route = fixture_route(f, "n1", "10.244.1.10", "cali1");
	route->kind = "broadcast";
	route->table = "local";
	expect_unplanned(f, "no process of it is known");
}

/* externalIPs are for services of any type; two cluster addresses are none of them. */
static void external_addresses_of_a_cluster_service(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	fixture_endpoint(f, "shop", add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12));
	fixture_service(f, "shop", "ClusterIP", "10.96.0.7,fd00:96::7,203.0.113.7", 80, 0)->n_cluster_addresses = 2;
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].filters.n, 2);
	assert_true(has_filter(&plan.node[0].filters, "addr=203.0.113.7,port=80"));
	ws_plan_close(&plan);
	free(f);
}

/* A cluster of one node has no other to reach; a default route of the other IP version does not count. */
static void default_routes(void **state)
{
	struct fixture *f = fixture_new();
	struct ws_cluster_route *route;
	struct ws_plan plan;

	(void)state;
	fixture_node(f, "n1", "192.168.1.1", "");
	fixture_link(f, "n1", 0, "ens5", 2, 0, "");
	fixture_link(f, "n1", 0, "ens6", 3, 0, "");
	route = fixture_route(f, "n1", "default", "ens5");
	route->gateway = fixture_address("192.168.1.254");
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "ens5");
	ws_plan_close(&plan);
	fixture_node(f, "n2", "2001:db8::2", "");
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].n_points, 1);
	assert_true(has_note(&plan.node[0].notes, "no tracing point at the NIC"));
	ws_plan_close(&plan);
	fixture_route(f, "n1", "::/0", "ens6")->gateway = fixture_address("fe80::1");
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "nic-n1")->interface, "ens6");
	assert_non_null(strstr(find_point(&plan, "nic-n1")->because, "by the default route"));
	ws_plan_close(&plan);
	free(f);
}

static void ipv6(void **state)
{
	struct fixture *f = fixture_new();
	struct ws_plan plan;

	(void)state;
	fixture_node(f, "n1", "2001:db8::1", "fd00:1::/64");
	fixture_node(f, "n2", "2001:db8::2", "fd00:2::/64");
	fixture_link(f, "n1", 0, "ens5", 2, 0, "");
	fixture_route(f, "n1", "2001:db8::/64", "ens5");
	fixture_route(f, "n1", "fd00:1::10", "cali1");
	add_pod(f, "a", "n1", "fd00:1::10,10.244.1.10", 1, "cali1", 12);
	f->prefix[f->n_prefixes - 1] = fixture_prefix("fd00:1::10");
	make_well(f, NULL, &plan);
	assert_non_null(strstr(find_point(&plan, "vport-a")->because, "the route to fd00:1::10 alone"));
	assert_string_equal(find_point(&plan, "nic-n1")->because, "route to 2001:db8::2 (n2) by 2001:db8::/64");
	assert_true(has_filter(&plan.node[0].filters, "addr=fd00:1::10"));
	assert_true(has_filter(&plan.node[0].filters, "addr=10.244.1.10"));
	assert_true(has_filter(&plan.node[0].watch_filters, "addr=fd00:1::/64"));
	ws_plan_close(&plan);
	free(f);
}

/* More pods than a node can have points; their addresses do not fit into the filters. */
static void many_pods(void **state)
{
	static char name[300][24], address[300][32], vport[300][24];
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(name[i], sizeof(name[i]), "pod-%03d", i);
		snprintf(address[i], sizeof(address[i]), "10.244.1.%d", i % 250);
		snprintf(vport[i], sizeof(vport[i]), "cali%d", i);
		add_pod(f, name[i], "n1", address[i], 1000 + i, vport[i], (uint32_t)(20 + i));
	}
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].n_points, WS_PLAN_NODE_POINTS_MAX);
	assert_int_equal(plan.n_unplanned, 300 - (WS_PLAN_NODE_POINTS_MAX - 1));
	assert_non_null(strstr(plan.unplanned[0].because, "more chosen pods than one recording has points"));
	assert_int_equal(plan.node[0].filters.n, 1);
	assert_string_equal(plan.node[0].filters.filter[0].text, "addr=10.244.1.0/24");
	assert_true(has_note(&plan.node[0].notes, "128 points: ring buffers of 2 MB each"));
	ws_plan_close(&plan);
	free(f);
}

/* Without networks of pods, the smallest networks that hold the addresses, and no others between them. */
static void covering_networks(void **state)
{
	static const char *const address[] = { "10.1.0.2",  "10.1.0.3",	 "10.2.0.1",  "10.3.0.1", "10.4.0.1",
					       "10.5.0.16", "10.5.0.17", "10.5.0.18", "10.6.0.1", "10.7.0.1" };
	static char name[10][16], vport[10][16];
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	f->node[0].n_pod_prefixes = 0;
	for (int i = 0; i < 10; i++) {
		snprintf(name[i], sizeof(name[i]), "p%d", i);
		snprintf(vport[i], sizeof(vport[i]), "v%d", i);
		add_pod(f, name[i], "n1", address[i], 1000 + i, vport[i], (uint32_t)(20 + i));
	}
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].filters.n, WS_FILTERS_MAX);
	assert_true(has_filter(&plan.node[0].filters, "addr=10.1.0.2/31"));
	assert_true(has_filter(&plan.node[0].filters, "addr=10.5.0.16/31"));
	assert_true(has_filter(&plan.node[0].filters, "addr=10.5.0.18"));
	assert_true(has_filter(&plan.node[0].filters, "addr=10.7.0.1"));
	ws_plan_close(&plan);
	free(f);
}

static void node_ports(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_cluster_pod *a = add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	struct ws_plan plan;

	(void)state;
	add_pod(f, "b", "n1", "10.244.1.11", 2, "cali2", 13);
	fixture_service(f, "shop", "LoadBalancer", "10.96.0.7,203.0.113.5", 80, 30080);
	fixture_service(f, "zone", "NodePort", "10.96.0.8", 81, 30081); /* leads elsewhere */
	fixture_endpoint(f, "shop", a);
	fixture_nat(f, "n1", WS_CLUSTER_DNAT, 8443, "10.244.1.11")->service = "default/web";
	fixture_nat(f, "n1", WS_CLUSTER_DNAT, 8444, "10.244.1.99"); /* to no chosen pod */
	fixture_nat(f, "n2", WS_CLUSTER_DNAT, 8445, "10.244.1.10"); /* another node's */
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].filters.n, 5);
	assert_true(has_filter(&plan.node[0].filters, "addr=192.168.1.1,port=30080"));
	assert_true(has_filter(&plan.node[0].filters, "addr=203.0.113.5,port=80"));
	assert_true(has_filter(&plan.node[0].filters, "addr=192.168.1.1,port=8443"));
	assert_false(has_note(&plan.node[0].notes, "another source address"));
	ws_plan_close(&plan);
	fixture_nat(f, "n1", WS_CLUSTER_MASQUERADE, 0, "")->from = fixture_prefix("10.244.0.0/16");
	make_well(f, NULL, &plan);
	assert_true(has_note(&plan.node[0].notes, "another source address"));
	ws_plan_close(&plan);
	free(f);
}

/* More ports than there is room for: the address that they are at. */
static void many_node_ports(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	for (uint16_t i = 0; i < 20; i++)
		fixture_nat(f, "n1", WS_CLUSTER_DNAT, 8000 + i, "10.244.1.10");
	make_well(f, NULL, &plan);
	assert_int_equal(plan.node[0].filters.n, 2);
	assert_true(has_filter(&plan.node[0].filters, "addr=192.168.1.1"));
	assert_true(has_filter(&plan.node[0].filters, "addr=10.244.1.10"));
	ws_plan_close(&plan);
	free(f);
}

static void overlays(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_cluster_link *link;
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	link = fixture_link(f, "n1", 0, "flannel.1", 5, 0, "");
	link->kind = "vxlan";
	link->vni = 7;
	link->port = 8472;
	make_well(f, NULL, &plan);
	assert_string_equal(plan.node[0].overlay, "vxlan");
	assert_int_equal(plan.node[0].vni, 7);
	assert_int_equal(plan.node[0].n_vxlan_ports, 1);
	assert_int_equal(plan.node[0].vxlan_port[0], 8472);
	ws_plan_close(&plan);
	link->kind = "geneve";
	link->port = 7000;
	make_well(f, NULL, &plan);
	assert_string_equal(plan.node[0].overlay, "geneve");
	assert_int_equal(plan.node[0].n_vxlan_ports, 0);
	assert_true(has_note(&plan.node[0].notes, "Geneve has the UDP port 7000"));
	ws_plan_close(&plan);
	f->cluster.overlay = "ipip";
	f->cluster.overlay_why = "ippools.json: ipipMode Always";
	f->cluster.mtls = "strict";
	f->cluster.mtls_why = "peerauthentications.json";
	make_well(f, NULL, &plan);
	assert_string_equal(plan.node[0].overlay, "ipip");
	assert_int_equal(plan.node[0].vni, -1);
	assert_true(has_note(&plan.notes, "nothing will be found"));
	ws_plan_close(&plan);
	free(f);
}

/* Names of pods are anything; names of points are stems of files, each once. */
static void hostile_names(void **state)
{
	static const char *const name[] = {
		"../../etc/passwd", "a b\"c'd;$(x)", "\xe2\x80\xae", "-rf", ".hidden", "<b>"
	};
	static char longer[2][300];
	struct fixture *f = two_nodes();
	struct ws_plan plan;
	uint32_t n = 0;

	(void)state;
	for (int i = 0; i < 2; i++) { /* alike but for the end, which is cut */
		memset(longer[i], 'x', 298);
		longer[i][298] = (char)('0' + i);
		add_pod(f, longer[i], "n1", i ? "10.244.1.7" : "10.244.1.8", 10 + i, i ? "v7" : "v8",
			(uint32_t)(20 + i));
	}
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		static char address[8][40], vport[8][24];

		snprintf(address[i], sizeof(address[i]), "10.244.1.%zu", 100 + i);
		snprintf(vport[i], sizeof(vport[i]), "w%zu", i);
		add_pod(f, name[i], "n1", address[i], (int64_t)(100 + i), vport[i], (uint32_t)(100 + i));
	}
	make_well(f, NULL, &plan); /* ws_plan_take() has looked at the names: allowed, and each once */
	for (uint32_t i = 0; i < plan.node[0].n_points; i++)
		n += strncmp(plan.node[0].point[i].name, "vport-", 6) == 0;
	assert_int_equal(n, 8);
	assert_string_equal(find_point(&plan, "vport-.._.._etc_passwd")->pod, "default/../../etc/passwd");
	assert_non_null(find_point(&plan, "vport-a_b_c_d___x_"));
	ws_plan_close(&plan);
	free(f);
}

/* The same name in two namespaces. */
static void same_names(void **state)
{
	struct fixture *f = two_nodes();
	struct ws_error err = { 0 };
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	add_pod(f, "a", "n1", "10.244.1.11", 2, "cali2", 13)->namespace = "other";
	f->container[1].pod_namespace = "other";
	make_well(f, NULL, &plan);
	assert_string_equal(find_point(&plan, "vport-a")->pod, "default/a");
	assert_string_equal(find_point(&plan, "vport-a-2")->pod, "other/a");
	ws_plan_close(&plan);
	assert_int_equal(make_plan(f, NULL, "a", &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--pod NAMESPACE/NAME"));
	make_well(f, "other/a", &plan);
	assert_string_equal(find_point(&plan, "vport-a")->pod, "other/a");
	ws_plan_close(&plan);
	assert_int_equal(make_plan(f, NULL, "other/b", &plan, &err), -ENOENT);
	assert_int_equal(make_plan(f, NULL, "a/b/c", &plan, &err), -EINVAL);
	free(f);
}

static void by_service(void **state)
{
	struct fixture *f = two_nodes();
	const char *services[] = { "shop" }, *nodes[] = { "n2" };
	struct ws_plan_request request = { .service = services,
					   .n_services = 1,
					   .search_bytes = 1,
					   .contexts = "w3c",
					   .snapshot_path = "",
					   .snapshot_update = "" };
	struct ws_error err = { 0 };
	struct ws_plan plan;

	(void)state;
	fixture_service(f, "shop", "ClusterIP", "10.96.0.7", 80, 0);
	fixture_endpoint(f, "shop", add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12));
	fixture_endpoint(f, "shop", add_pod(f, "b", "n2", "10.244.2.10", 2, "cali2", 13));
	add_pod(f, "c", "n1", "10.244.1.11", 3, "cali3", 14);
	assert_int_equal(ws_plan_make(&request, &f->cluster, NULL, &plan, &err), 0);
	assert_int_equal(plan.n_nodes, 2);
	assert_int_equal(plan.node[0].n_points + plan.node[1].n_points, 4);
	assert_string_equal(plan.services.text[0], "shop");
	ws_plan_close(&plan);
	request.node = nodes;
	request.n_nodes = 1;
	assert_int_equal(ws_plan_make(&request, &f->cluster, NULL, &plan, &err), 0);
	assert_int_equal(plan.n_nodes, 1);
	assert_string_equal(plan.node[0].name, "n2");
	ws_plan_close(&plan);
	nodes[0] = "n9";
	assert_int_equal(ws_plan_make(&request, &f->cluster, NULL, &plan, &err), -ENOENT);
	request.n_nodes = 0;
	f->cluster.n_endpoints = 0;
	assert_int_equal(ws_plan_make(&request, &f->cluster, NULL, &plan, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no pod is behind it"));
	request.is_partial = true;
	assert_int_equal(ws_plan_make(&request, &f->cluster, NULL, &plan, &err), 0);
	assert_int_equal(plan.n_nodes, 0);
	ws_plan_close(&plan);
	free(f);
}

/* A newer snapshot of pods and of one node is laid over the older one. */
static void update(void **state)
{
	struct fixture *f = two_nodes(), *u = fixture_new();
	struct ws_error err = { 0 };
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	add_pod(f, "z", "n2", "10.244.2.10", 2, "cali9", 19);
	fixture_node(u, "n1", "", ""); /* from its directory: no address */
	fixture_link(u, "n1", 0, "ens5", 2, 0, "");
	fixture_route(u, "n1", "192.168.1.0/24", "ens5");
	add_pod(u, "a", "n1", "10.244.1.20", 77, "cali2", 13);
	fixture_pod(u, "default", "z", "n2", "10.244.2.10");
	if (make_plan(f, u, NULL, &plan, &err))
		fail_msg("%s", err.text);
	assert_int_equal(plan.n_nodes, 2);
	assert_string_equal(find_point(&plan, "vport-a")->interface, "cali2");
	assert_string_equal(find_point(&plan, "vport-z")->interface, "cali9"); /* the update was not taken there */
	assert_string_equal(plan.snapshot_update, "update-0001");
	ws_plan_close(&plan);
	free(f);
	free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vport_by_pid),
		cmocka_unit_test(vport_by_route),
		cmocka_unit_test(route_through_a_bridge),
		cmocka_unit_test(witnesses_disagree),
		cmocka_unit_test(processes_disagree),
		cmocka_unit_test(ends_disagree),
		cmocka_unit_test(process_of_another_pod),
		cmocka_unit_test(process_of_an_earlier_pod),
		cmocka_unit_test(no_other_end),
		cmocka_unit_test(a_macvlan_has_no_other_end),
		cmocka_unit_test(host_network),
		cmocka_unit_test(pending),
		cmocka_unit_test(all_leaves_out),
		cmocka_unit_test(two_nics),
		cmocka_unit_test(routes_of_another_table),
		cmocka_unit_test(local_routes_are_no_witness),
		cmocka_unit_test(external_addresses_of_a_cluster_service),
		cmocka_unit_test(default_routes),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(many_pods),
		cmocka_unit_test(covering_networks),
		cmocka_unit_test(node_ports),
		cmocka_unit_test(many_node_ports),
		cmocka_unit_test(overlays),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(same_names),
		cmocka_unit_test(by_service),
		cmocka_unit_test(update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
