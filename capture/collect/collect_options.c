/* SPDX-License-Identifier: BSD-2-Clause */
/* collect_options - the command line of `capture collect`. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/collect/collect.h"
#include "capture/collect/collection.h"
#include "lib/option.h"

#define TIMEOUT_S_DEFAULT  30
#define LOOKBACK_S_DEFAULT 3600

const char ws_snapshot_help[] =
	"Usage: capture collect --dir DIR [options]\n"
	"\n"
	"Asks the cluster's tools (kubectl; curl for Jaeger) and this node's (crictl, docker, nerdctl, ctr, ip, "
	"ethtool,\n"
	"iptables-save, nft, ipvsadm, chronyc, pmc) what there is, and keeps what they print in DIR/cluster/. What is\n"
	"missing is named and left out. Several nodes may collect into one DIR, one after the other or at once.\n"
	"\n"
	"  --dir DIR            run or campaign directory; made if missing\n"
	"  --node NAME          this node's name in Kubernetes (default $NODE_NAME, else the host's name)\n"
	"  --netns NETNS        the node's network namespace (ip netns name, or a path), if it is not ours\n"
	"  --namespace NS       only this namespace of Kubernetes (default: all)\n"
	"  --kubeconfig FILE    for kubectl\n"
	"  --jaeger URL         ask Jaeger's query service for spans and its service graph: http://HOST:16686\n"
	"  --lookback S         how far back Jaeger is asked (default 3600)\n"
	"  --traces FILE        copy a file of traces (Jaeger's JSON or OTLP in JSON); may be given again\n"
	"  --only LIST          only these sources, joined by commas: pods, nodes, namespaces, services, endpoints,\n"
	"                       endpointslices, kubectl-version, ippools, flannel, cilium, peerauthentications, link,\n"
	"                       addr, route, route6, offload, iptables, ip6tables, nft, ipvs, crictl, docker, "
	"nerdctl,\n"
	"                       ctr, pid, chrony, ptp, traces, dependencies\n"
	"  --timeout S          kill a command that takes longer (default 30)\n"
	"  --update             a later snapshot: into a new DIR/cluster/update-NNNN/\n"
	"  --quiet              no table of what was got\n"
	"  --help               this text\n"
	"\n"
	"Exit status 0 if anything was got, 1 if nothing.\n";

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, WS_OPTION_LONG + 'd' },
	{ "node", required_argument, NULL, WS_OPTION_LONG + 'n' },
	{ "netns", required_argument, NULL, WS_OPTION_LONG + 'N' },
	{ "namespace", required_argument, NULL, WS_OPTION_LONG + 's' },
	{ "kubeconfig", required_argument, NULL, WS_OPTION_LONG + 'k' },
	{ "jaeger", required_argument, NULL, WS_OPTION_LONG + 'j' },
	{ "lookback", required_argument, NULL, WS_OPTION_LONG + 'l' },
	{ "traces", required_argument, NULL, WS_OPTION_LONG + 't' },
	{ "only", required_argument, NULL, WS_OPTION_LONG + 'o' },
	{ "timeout", required_argument, NULL, WS_OPTION_LONG + 'T' },
	{ "update", no_argument, NULL, WS_OPTION_LONG + 'u' },
	{ "quiet", no_argument, NULL, WS_OPTION_LONG + 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* A node's name becomes a directory's. */
static int set_node(const char *option, const char *name, struct ws_snapshot_options *o, struct ws_error *err)
{
	const size_t n = strlen(name);
	bool is_good = n && n <= WS_SNAPSHOT_NODE_MAX && name[0] != '.' && name[0] != '-';

	for (size_t i = 0; i < n; i++)
		is_good &= isalnum((unsigned char)name[i]) || (name[i] && strchr("-._", name[i]));
	if (!is_good)
		return ws_error(
			err, -EINVAL,
			"%s '%.100s': a node's name is of letters, digits, '-', '.' and '_'; name it with --node",
			option, name);
	memcpy(o->node, name, n + 1);
	return 0;
}

static int set_default_node(struct ws_snapshot_options *o, struct ws_error *err)
{
	const char *name = getenv("NODE_NAME");
	char host[WS_SNAPSHOT_NODE_MAX + 1] = "";

	if (name && *name)
		return set_node("$NODE_NAME", name, o, err);
	if (gethostname(host, sizeof(host) - 1))
		return ws_error(err, -EINVAL, "this host has no name; name the node with --node");
	return set_node("the host's name", host, o, err);
}

static int set_number(const char *option, const char *text, uint32_t max, uint32_t *number, struct ws_error *err)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || !isdigit((unsigned char)*text) || *end || value < 1 || value > max)
		return ws_error(err, -EINVAL, "%s %.40s: not a whole number of seconds from 1 to %u", option, text,
				max);
	*number = (uint32_t)value;
	return 0;
}

/* A name of Kubernetes' that becomes an argument: it must not be an option. */
static int set_word(const char *option, const char *text, const char **word, struct ws_error *err)
{
	if (!*text || *text == '-')
		return ws_error(err, -EINVAL, "%s '%.100s': not a name", option, text);
	*word = text;
	return 0;
}

static int set_only(const char *text, struct ws_snapshot_options *o, struct ws_error *err)
{
	const char *word = text;

	for (;;) {
		const size_t n = strcspn(word, ",");

		if (!ws_source_kind_find(word, n))
			return ws_error(err, -EINVAL, "--only: no source '%.*s'", (int)(n < 100 ? n : 100), word);
		if (!word[n])
			break;
		word += n + 1;
	}
	o->only = text;
	return 0;
}

static int set_jaeger(const char *text, struct ws_snapshot_options *o, struct ws_error *err)
{
	bool is_good = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
	const char *host;

	for (const char *c = text; *c; c++)
		is_good &= (unsigned char)*c > ' ' && (unsigned char)*c < 0x7f;
	if (!is_good || strlen(text) > 2000)
		return ws_error(err, -EINVAL, "--jaeger '%.100s': not a URL such as http://HOST:16686", text);
	host = strstr(text, "://") + 3;
	if (memchr(host, '@', strcspn(host, "/?#")))
		return ws_error(err, -EINVAL,
				"--jaeger: a password in the URL would be kept in the snapshot; ask a forwarded "
				"port, or give the traces as a file (--traces)");
	o->jaeger = text;
	return 0;
}

static int apply(int code, const char *text, struct ws_snapshot_options *o, struct ws_error *err)
{
	switch (code) {
	case WS_OPTION_LONG + 'd':
		o->dir = text;
		return 0;
	case WS_OPTION_LONG + 'n':
		return set_node("--node", text, o, err);
	case WS_OPTION_LONG + 'N':
		o->netns = text;
		return 0;
	case WS_OPTION_LONG + 's':
		return set_word("--namespace", text, &o->namespace, err);
	case WS_OPTION_LONG + 'k':
		return set_word("--kubeconfig", text, &o->kubeconfig, err);
	case WS_OPTION_LONG + 'j':
		return set_jaeger(text, o, err);
	case WS_OPTION_LONG + 'l':
		return set_number("--lookback", text, 10 * 366 * 86400, &o->lookback_s, err);
	case WS_OPTION_LONG + 't':
		if (o->n_traces == WS_SNAPSHOT_TRACES_MAX)
			return ws_error(err, -EINVAL, "--traces: more than %d files", WS_SNAPSHOT_TRACES_MAX);
		o->traces[o->n_traces++] = text;
		return 0;
	case WS_OPTION_LONG + 'o':
		return set_only(text, o, err);
	case WS_OPTION_LONG + 'T':
		return set_number("--timeout", text, 3600, &o->timeout_s, err);
	case WS_OPTION_LONG + 'u':
		o->is_update = true;
		return 0;
	default:
		o->is_quiet = true;
		return 0;
	}
}

int ws_snapshot_options_parse(int argc, char **argv, struct ws_snapshot_options *o, struct ws_error *err)
{
	struct ws_snapshot_options parsed = { .timeout_s = TIMEOUT_S_DEFAULT, .lookback_s = LOOKBACK_S_DEFAULT };
	char letter[3];
	int code, rc;

	optind = 0;
	while ((code = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
		if (code == 'h')
			return 1;
		if (code == ':')
			return ws_error(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (code == '?')
			return ws_error(err, -EINVAL, "no option %s", ws_option_unknown(argv, letter));
		rc = apply(code, optarg, &parsed, err);
		if (rc)
			return rc;
	}
	if (optind < argc)
		return ws_error(err, -EINVAL, "unexpected argument '%s'", argv[optind]);
	if (!parsed.dir || !*parsed.dir)
		return ws_error(err, -EINVAL, "--dir is missing");
	if (!parsed.node[0]) {
		rc = set_default_node(&parsed, err);
		if (rc)
			return rc;
	}
	*o = parsed;
	return 0;
}
