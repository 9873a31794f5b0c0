/* SPDX-License-Identifier: BSD-2-Clause */
/* What a cluster snapshot says of overlay, mTLS and clocks, and how it knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cluster_world.h"

static void is_overlay(struct world *w, const char *cni, const char *overlay, const char *why)
{
	open_snapshot(w);
	assert_string_equal(w->c.cni, cni);
	assert_string_equal(w->c.overlay, overlay);
	assert_string_equal(w->c.overlay_why, why);
}

static void calico(void **state)
{
	struct world *w = *state;

	put(w->dir, "ippools.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"default-ipv4-ippool\"},\"spec\":{\"cidr\":\"10.244.0.0/"
	    "16\",\"ipipMode\":\"Never\","
	    "\"vxlanMode\":\"CrossSubnet\"}}]}");
	is_overlay(w, "calico", "vxlan", "ippools.json: default-ipv4-ippool: vxlanMode CrossSubnet");
	put(w->dir, "ippools.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"off\"},\"spec\":{\"disabled\":true,\"vxlanMode\":\"Always\"}},{"
	    "\"metadata\":{\"name\":"
	    "\"flat\"},\"spec\":{\"ipipMode\":\"Never\",\"vxlanMode\":\"Never\"}},{\"metadata\":{\"name\":\"old\"},"
	    "\"spec\":{\"ipipMode\":"
	    "\"Always\"}},{\"spec\":3}]}");
	is_overlay(w, "calico", "ipip", "ippools.json: old: ipipMode Always");
	assert_int_equal(w->c.n_unread, 1);
	put(w->dir, "ippools.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"flat\"},\"spec\":{\"ipipMode\":\"Never\",\"vxlanMode\":\"Never\"}}]"
	    "}");
	put(w->dir, "node/n/link.json",
	    "[{\"ifindex\":3,\"ifname\":\"vxlan.calico\",\"flags\":[\"UP\"],\"linkinfo\":{\"info_kind\":\"vxlan\"}}]");
	is_overlay(w, "calico", "none",
		   "ippools.json: flat: ipipMode Never, vxlanMode Never"); /* not what is left over */
}

static void flannel(void **state)
{
	static const struct {
		const char *type, *overlay;
	} types[] = { { "vxlan", "vxlan" }, { "host-gw", "none" }, { "ipip", "ipip" }, { "udp", "" } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char text[512], why[128];

		snprintf(text, sizeof(text),
			 "{\"items\":[{\"data\":{\"cni-conf.json\":\"{}\",\"net-conf.json\":\"{\\n  \\\"Network\\\": "
			 "\\\"10.244.0.0/16\\\",\\n"
			 "  \\\"Backend\\\": {\\\"Type\\\": "
			 "\\\"%s\\\"}\\n}\\n\"},\"metadata\":{\"name\":\"kube-flannel-cfg\"}}]}",
			 types[i].type);
		snprintf(why, sizeof(why), "flannel.json: net-conf.json: Backend.Type %s", types[i].type);
		put(w->dir, "flannel.json", text);
		is_overlay(w, "flannel", types[i].overlay, why);
	}
	put(w->dir, "flannel.json", "{\"items\":[{\"data\":{\"net-conf.json\":\"{\"}}]}");
	is_overlay(w, "", "", "");
	assert_int_equal(w->c.n_unread, 1);
}

static void cilium(void **state)
{
	static const struct {
		const char *data, *overlay, *why;
	} cases[] = {
		{ "\"tunnel\":\"vxlan\"", "vxlan", "cilium.json: tunnel vxlan" },
		{ "\"tunnel\":\"geneve\"", "geneve", "cilium.json: tunnel geneve" },
		{ "\"tunnel\":\"disabled\"", "none", "cilium.json: tunnel disabled" },
		{ "\"routing-mode\":\"native\",\"tunnel-protocol\":\"vxlan\"", "none",
		  "cilium.json: routing-mode native" },
		{ "\"routing-mode\":\"tunnel\",\"tunnel-protocol\":\"geneve\"", "geneve",
		  "cilium.json: tunnel-protocol geneve" },
		{ "\"routing-mode\":\"tunnel\"", "vxlan", "cilium.json: tunnel-protocol vxlan (its default)" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "{\"items\":[{\"data\":{%s},\"metadata\":{\"name\":\"cilium-config\"}}]}",
			 cases[i].data);
		put(w->dir, "cilium.json", text);
		is_overlay(w, "cilium", cases[i].overlay, cases[i].why);
	}
}

static void links(void **state)
{
	struct world *w = *state;

	put(w->dir, "node/n1/link.json",
	    "[{\"ifindex\":2,\"ifname\":\"eth0\",\"flags\":[\"UP\"]},{\"ifindex\":3,\"ifname\":\"tunl0\",\"flags\":[],"
	    "\"link_type\":\"ipip\"}]");
	is_overlay(w, "", "none", "node/*/link.json: no tunnel is up on any node"); /* tunl0 is there, but down */
	put(w->dir, "node/n2/link.json",
	    "[{\"ifindex\":4,\"ifname\":\"ovs0\",\"flags\":[\"UP\"],\"linkinfo\":{\"info_kind\":\"geneve\"}},"
	    "{\"ifindex\":5,\"ifname\":\"flannel.1\",\"flags\":[\"UP\"],\"linkinfo\":{\"info_kind\":\"vxlan\",\"info_"
	    "data\":{\"id\":1}}}]");
	is_overlay(w, "flannel", "vxlan", "node/n2/link.json: flannel.1 is up");
	put(w->dir, "node/n2/link.json",
	    "[{\"ifindex\":4,\"ifname\":\"wg0\",\"flags\":[\"UP\"],\"linkinfo\":{\"info_kind\":\"wireguard\"}}]");
	is_overlay(w, "", "", "");
	put(w->dir, "node/n2/link.json", "[]");
	put(w->dir, "node/n2/pid-7.link.json", /* what a pod has is not the node's */
	    "[{\"ifindex\":4,\"ifname\":\"vx\",\"flags\":[\"UP\"],\"linkinfo\":{\"info_kind\":\"vxlan\"}}]");
	is_overlay(w, "", "none", "node/*/link.json: no tunnel is up on any node");
}

static void is_mtls(struct world *w, const char *mtls, const char *why)
{
	open_snapshot(w);
	assert_string_equal(w->c.mtls, mtls);
	assert_string_equal(w->c.mtls_why, why);
}

#define AUTHENTICATION(namespace, name, spec) \
	"{\"metadata\":{\"namespace\":\"" namespace "\",\"name\":\"" name "\"},\"spec\":{" spec "}}"

static void mtls(void **state)
{
	struct world *w = *state;

	put(w->dir, "peerauthentications.json",
	    "{\"items\":[" AUTHENTICATION(
		    "default", "a",
		    "\"selector\":{\"matchLabels\":{\"x\":\"y\"}},\"mtls\":{\"mode\":\"DISABLE\"}") "]}");
	is_mtls(w, "disabled", "peerauthentications.json: default/a: mode DISABLE (of some pods only)");
	put(w->dir, "peerauthentications.json",
	    "{\"items\":[" AUTHENTICATION("default", "b", "\"mtls\":{\"mode\":\"PERMISSIVE\"}") "," AUTHENTICATION(
		    "default", "a",
		    "\"selector\":{\"matchLabels\":{\"x\":\"y\"}},\"mtls\":{\"mode\":\"DISABLE\"}") "]}");
	is_mtls(w, "permissive", "peerauthentications.json: default/b: mode PERMISSIVE (of this namespace only)");
	put(w->dir, "peerauthentications.json",
	    "{\"items\":[" AUTHENTICATION("default", "b", "\"mtls\":{\"mode\":\"DISABLE\"}") "," AUTHENTICATION(
		    "istio-system", "default", "\"mtls\":{\"mode\":\"STRICT\"}") ",{\"metadata\":3}]}");
	is_mtls(w, "strict", "peerauthentications.json: istio-system/default: mode STRICT");
	assert_int_equal(w->c.n_unread, 1);
	put(w->dir, "peerauthentications.json", "{\"items\":[]}");
	is_mtls(w, "", "");
	put(w->dir, "pods.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"istio-proxy\"}]}}]}");
	is_mtls(w, "permissive", "peerauthentications.json: none, which is permissive");
}

static void chrony(void **state)
{
	struct world *w = *state;

	put(w->dir, "node/n/chrony.txt",
	    "A9FEA97B,169.254.169.123,4,1714557600.250000000,-0.000012345,0.000001,0.000002,-1.234,0.001,0.01,0."
	    "000400000,"
	    "0.000050000,64.2,Normal\n");
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 1);
	assert_string_equal(w->c.clock[0].node, "n");
	assert_string_equal(w->c.clock[0].method, "chrony");
	assert_int_equal(w->c.clock[0].at_ns, 1714557600250000000);
	assert_int_equal(w->c.clock[0].offset_ns, -12345); /* the clock is ahead: less is to be added */
	assert_int_equal(w->c.clock[0].bound_ns, 250000);
	put(w->dir, "snapshot.json", "{\"taken_realtime_ns\":1714557660000000000}");
	open_snapshot(w);
	assert_int_equal(w->c.clock[0].at_ns, 1714557660000000000); /* asked then */
	put(w->dir, "snapshot.json",
	    "{\"taken_realtime_ns\":1714557660000000000,\"sources\":[{\"name\":\"chrony\",\"file\":\"node/m/"
	    "chrony.txt\","
	    "\"taken_realtime_ns\":1714557661000000000},{\"name\":\"chrony\",\"file\":\"node/n/chrony.txt\","
	    "\"taken_realtime_ns\":1714557662000000000}]}");
	open_snapshot(w);
	assert_int_equal(w->c.clock[0].at_ns, 1714557662000000000);
	put(w->dir, "node/n/chrony.txt",
	    "7F7F0101,,0,0.000000000,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n");
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 0);
	assert_int_equal(w->c.n_unread, 0);
	put(w->dir, "node/n/chrony.txt",
	    "506 Cannot talk to daemon\na,b,1,inf,nan,0,0,0,0,0,0,0,0,Normal\n"
	    "a,b,1,1e300,0,0,0,0,0,0,0,0,0,Normal\na,b,1,1,1e12,0,0,0,0,0,0,0,0,Normal\n");
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 0);
	assert_int_equal(w->c.n_unread, 4);
}

#define PTP(offset, present, gm)                                                                          \
	"sending: GET TIME_STATUS_NP\n\t90e2ba.fffe.20c7f8-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP \n" \
	"\t\tmaster_offset              " offset "\n\t\tingress_time               1714557637000000000\n" \
	"\t\tcumulativeScaledRateOffset +0.000000000\n\t\tgmPresent                  " present            \
	"\n\t\tgmIdentity         "                                                                       \
	"        " gm "\n"

static void ptp(void **state)
{
	struct world *w = *state;

	put(w->dir, "node/n/ptp.txt", PTP("-5230", "true", "00b0ae.fffe.016e5a"));
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 1);
	assert_string_equal(w->c.clock[0].method, "ptp");
	assert_int_equal(w->c.clock[0].offset_ns, 5230);
	assert_int_equal(w->c.clock[0].bound_ns, 5230);
	assert_int_equal(w->c.clock[0].at_ns, INT64_MIN);
	put(w->dir, "node/n/ptp.txt",
	    PTP("12", "true",
		"00b0ae.fffe.016e5a") "\t90e2ba.fffe.20c7f8-0 seq 1 RESPONSE MANAGEMENT CURRENT_DATA_SET \n"
				      "\t\tstepsRemoved     1\n\t\tmeanPathDelay    2400.5\n");
	open_snapshot(w);
	assert_int_equal(w->c.clock[0].bound_ns, 2400);
	put(w->dir, "node/n/ptp.txt", PTP("0", "false", "90e2ba.fffe.20c7f8"));
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 1); /* the master itself */
	assert_int_equal(w->c.clock[0].bound_ns, 1000);
	put(w->dir, "node/n/ptp.txt", PTP("0", "false", "000000.0000.000000"));
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 0);
	put(w->dir, "node/n/ptp.txt", PTP("nan", "true", "00b0ae.fffe.016e5a"));
	open_snapshot(w);
	assert_int_equal(w->c.n_clocks, 0);
	assert_int_equal(w->c.n_unread, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calico), TEST(flannel), TEST(cilium), TEST(links), TEST(mtls), TEST(chrony), TEST(ptp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
