/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_cluster - a libFuzzer target: any bytes as one file of a cluster snapshot, read as capture and ingest read it.
 *
 * Input: the kind of the file, one byte; the file. What must hold is checked by abort(): a file that is refused is
 * named; texts are clean and within their bounds, what is said to be in order is; the order of what the file holds does
 * not depend on the run. Traces are read as ingest reads them. seeds.sh writes a corpus to begin with.
 */
#include <string.h>
#include <sys/stat.h>

#include "ingest/spans.h"
#include "lib/cluster/cluster.h"
#include "tests/fuzz/memory_file.h"

static const char *const names[] = {
	"pods.json",
	"nodes.json",
	"services.json",
	"endpoints.json",
	"endpointslices.json",
	"ippools.json",
	"flannel.json",
	"cilium.json",
	"peerauthentications.json",
	"snapshot.json",
	"node/n/link.json",
	"node/n/addr.json",
	"node/n/route.json",
	"node/n/nft.json",
	"node/n/iptables.txt",
	"node/n/ipvs.txt",
	"node/n/crictl-1.json",
	"node/n/docker-1.json",
	"node/n/nerdctl-1.json",
	"node/n/ctr-tasks.txt",
	"node/n/pid-7.link.json",
	"node/n/chrony.txt",
	"node/n/ptp.txt",
	"traces.json",
	"dependencies.json",
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static char dir[64];

static void make_directory(const char *below)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", dir, below);
	MUST(mkdir(path, 0700) == 0);
}

/* One directory for as long as the fuzzer, with a link to the file in memory under the name of the moment. */
static void set_link(const char *name)
{
	static char path[128];

	if (!*dir) {
		snprintf(dir, sizeof(dir), "/tmp/fuzz-cluster-%d", (int)getpid());
		make_directory("");
		make_directory("/node");
		make_directory("/node/n");
	}
	if (*path)
		MUST(unlink(path) == 0);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	MUST(symlink(file_path, path) == 0);
}

static void remove_all(void)
{
	char path[128];

	for (size_t i = 0; i < N_NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/node/n", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/node", dir);
	rmdir(path);
	rmdir(dir);
}

static void check_text(const char *text)
{
	MUST(text && strlen(text) <= WS_CLUSTER_TEXT_MAX);
	for (; *text; text++)
		MUST((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_pods(const struct ws_cluster *c)
{
	for (uint32_t i = 0; i < c->n_pods; i++) {
		const struct ws_cluster_pod *p = &c->pod[i];
		const char *const texts[] = { p->namespace, p->name,	 p->uid, p->node,
					      p->phase,	    p->workload, p->app, p->service };

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			check_text(texts[k]);
		MUST(*p->name);
		MUST(p->n_addresses == 0 || p->address);
		for (uint32_t k = 0; k < p->n_ports; k++)
			MUST(p->port[k]);
		MUST(ws_cluster_pod_find(c, p->namespace, p->name) == p);
	}
}

static void check_nodes(const struct ws_cluster *c)
{
	for (uint32_t i = 0; i < c->n_links; i++) {
		const struct ws_cluster_link *l = &c->link[i];

		check_text(l->name);
		check_text(l->kind);
		check_text(l->master);
		MUST(l->ifindex);
		MUST(i == 0 || l[-1].pid < l->pid || l[-1].ifindex < l->ifindex);
		for (uint32_t k = 0; k < l->n_addresses; k++)
			MUST(l->address[k].n_bits <= 128);
	}
	for (uint32_t i = 0; i < c->n_routes; i++) {
		check_text(c->route[i].interface);
		check_text(c->route[i].kind);
		MUST(c->route[i].to.n_bits <= 128);
	}
	for (uint32_t i = 0; i < c->n_nats; i++) {
		check_text(c->nat[i].service);
		check_text(c->nat[i].file);
		MUST(c->nat[i].from.n_bits <= 128 && c->nat[i].to.n_bits <= 128);
		MUST(!c->nat[i].is_node_port || (c->nat[i].to.n_bits == 0 && c->nat[i].port));
	}
	for (uint32_t i = 0; i < c->n_containers; i++) {
		check_text(c->container[i].id);
		check_text(c->container[i].pod_name);
		check_text(c->container[i].netns);
		MUST(c->container[i].pid >= 0);
	}
}

static void check_rest(const struct ws_cluster *c)
{
	for (uint32_t i = 0; i < c->n_services; i++)
		check_text(c->service[i].name);
	for (uint32_t i = 0; i < c->n_endpoints; i++) {
		check_text(c->endpoint[i].service);
		check_text(c->endpoint[i].pod);
	}
	for (uint32_t i = 0; i < c->n_nodes; i++) {
		check_text(c->node[i].name);
		MUST(i == 0 || strcmp(c->node[i - 1].name, c->node[i].name) < 0);
	}
	for (uint32_t i = 0; i < c->n_sources; i++)
		check_text(c->source[i].words);
	check_text(c->cni);
	check_text(c->overlay);
	check_text(c->overlay_why);
	check_text(c->mtls);
	check_text(c->mtls_why);
}

static int check_span(void *context, const struct ws_span *span)
{
	(void)context;
	check_text(span->service);
	check_text(span->operation);
	check_text(span->node);
	check_text(span->pod);
	check_text(span->kind);
	MUST(span->start_ns >= 0 && span->duration_ns >= 0);
	return 0;
}

static int check_dependency(void *context, const char *caller, const char *callee, int64_t n_calls)
{
	(void)context;
	check_text(caller);
	check_text(callee);
	MUST(*caller && *callee && n_calls >= 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool has_exit;
	struct ws_cluster cluster = { 0 };
	struct ws_error err = { 0 };
	uint64_t n_unread = 0;
	const char *name;
	int rc;

	if (size == 0 || size > 1 << 16)
		return 0;
	if (!has_exit)
		MUST(atexit(remove_all) == 0);
	has_exit = true;
	name = names[data[0] % N_NAMES];
	set_file(data + 1, size - 1);
	set_link(name);
	rc = ws_cluster_open(dir, &cluster, &err);
	MUST(rc <= 0);
	if (rc)
		MUST(strstr(err.text, name));
	if (rc == 0) {
		check_pods(&cluster);
		check_nodes(&cluster);
		check_rest(&cluster);
	}
	if (strcmp(name, "traces.json") == 0)
		MUST(ws_spans_read(file_path, &cluster, NULL, check_span, NULL, &n_unread, &err) == 0 ||
		     strstr(err.text, file_path));
	if (strcmp(name, "dependencies.json") == 0)
		MUST(ws_dependencies_read(file_path, check_dependency, NULL, &n_unread, &err) == 0 ||
		     strstr(err.text, file_path));
	ws_cluster_close(&cluster);
	return 0;
}
