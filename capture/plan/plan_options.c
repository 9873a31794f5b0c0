/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_options - see the header. */
#include "capture/plan/plan_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/context.h"
#include "lib/option.h"
#include "lib/search.h"

const char ws_plan_help[] =
	"Usage: capture plan --dir DIR (--pod NAME | --service NAME | --all)... [options]\n"
	"\n"
	"Finds the tracing points of chosen pods in the cluster snapshot DIR/cluster/ (`capture collect` takes it; of\n"
	"its updates the newest counts), says how it knows each of them, and writes a plan for `capture run --plan`:\n"
	"the host end of each pod's veth, the NIC of each node, and what is to be recorded there.\n"
	"\n"
	"  --dir DIR            directory of the run or the campaign that holds cluster/\n"
	"  --pod [NS/]NAME      this pod\n"
	"  --service [NS/]NAME  the pods behind this service\n"
	"  --all                all running pods that have an interface of their own\n"
	"  --node NODE          only pods on this node; given again: or\n"
	"  --netns NETNS        network namespace of the one --node (ip netns name, or a path): its interfaces are "
	"checked\n"
	"                       there. Otherwise those of the node that this host is ($NODE_NAME, or the host's name) "
	"are\n"
	"  --search-bytes N     search the first N bytes of each head (default 65536, the most)\n"
	"  --context LIST       tracing contexts to look for, as of `capture run`\n"
	"  --partial            a plan also if pods named with --pod are not there, and without a look at interfaces\n"
	"  --out FILE           the plan (default DIR/plan.json)\n"
	"  --format table|json  what is printed: a table (default), or the plan itself\n"
	"  --help               this text\n"
	"\n"
	"Exit status 1, and no plan, if nothing could be planned, or a pod named with --pod could not, or an interface "
	"that\n"
	"could be checked is not there.\n";

enum option_code {
	OPTION_DIR = 1000,
	OPTION_POD,
	OPTION_SERVICE,
	OPTION_ALL,
	OPTION_NODE,
	OPTION_NETNS,
	OPTION_SEARCH_BYTES,
	OPTION_CONTEXT,
	OPTION_PARTIAL,
	OPTION_OUT,
	OPTION_FORMAT,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, OPTION_DIR },
	{ "pod", required_argument, NULL, OPTION_POD },
	{ "service", required_argument, NULL, OPTION_SERVICE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "node", required_argument, NULL, OPTION_NODE },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "search-bytes", required_argument, NULL, OPTION_SEARCH_BYTES },
	{ "context", required_argument, NULL, OPTION_CONTEXT },
	{ "partial", no_argument, NULL, OPTION_PARTIAL },
	{ "out", required_argument, NULL, OPTION_OUT },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

static int add_name(const char *option, const char *text, const char **names, uint32_t *n, struct ws_error *err)
{
	if (!*text)
		return ws_error(err, -EINVAL, "--%s needs a name", option);
	if (*n == WS_PLAN_NAMES_MAX)
		return ws_error(err, -EINVAL, "--%s %.200s: more than %d; take --all with --node", option, text,
				WS_PLAN_NAMES_MAX);
	names[(*n)++] = text;
	return 0;
}

static int apply_search(int code, const char *text, struct ws_plan_options *o, struct ws_error *err)
{
	struct ws_error why = { 0 };
	struct ws_wanted wanted;
	unsigned long n;
	char *end;

	if (code == OPTION_CONTEXT) {
		if (ws_wanted_parse(text, &wanted, &why))
			return ws_error(err, -EINVAL, "--context %.200s: %s", text, why.text);
		o->contexts = text;
		return 0;
	}
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n < 1 || n > WS_WINDOW_MAX)
		return ws_error(err, -EINVAL, "--search-bytes %.200s: not a whole number from 1 to %d", text,
				(int)WS_WINDOW_MAX);
	o->search_bytes = (uint32_t)n;
	return 0;
}

static int apply(int code, const char *text, struct ws_plan_options *o, struct ws_error *err)
{
	switch (code) {
	case OPTION_DIR:
		o->dir = text;
		return 0;
	case OPTION_POD:
		return add_name("pod", text, o->pod, &o->n_pods, err);
	case OPTION_SERVICE:
		return add_name("service", text, o->service, &o->n_services, err);
	case OPTION_ALL:
		o->is_all = true;
		return 0;
	case OPTION_NODE:
		return add_name("node", text, o->node, &o->n_nodes, err);
	case OPTION_NETNS:
		o->netns = text;
		return 0;
	case OPTION_SEARCH_BYTES:
	case OPTION_CONTEXT:
		return apply_search(code, text, o, err);
	case OPTION_PARTIAL:
		o->is_partial = true;
		return 0;
	case OPTION_OUT:
		o->out = text;
		return 0;
	default:
		if (strcmp(text, "table") != 0 && strcmp(text, "json") != 0)
			return ws_error(err, -EINVAL, "--format %.200s: neither table nor json", text);
		o->is_json = *text == 'j';
		return 0;
	}
}

int ws_plan_options_parse(int argc, char **argv, struct ws_plan_options *o, struct ws_error *err)
{
	char letter[3];
	int code, rc;

	memset(o, 0, sizeof(*o));
	o->search_bytes = WS_WINDOW_MAX;
	o->contexts = ws_wanted_default;
	optind = 0;
	while ((code = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
		if (code == OPTION_HELP || code == 'h')
			return 1;
		if (code == ':')
			return ws_error(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (code == '?')
			return ws_error(err, -EINVAL, "no option %s", ws_option_unknown(argv, letter));
		rc = apply(code, optarg, o, err);
		if (rc)
			return rc;
	}
	if (optind < argc)
		return ws_error(err, -EINVAL, "unexpected argument '%s'", argv[optind]);
	if (!o->dir || !*o->dir)
		return ws_error(err, -EINVAL, "--dir is missing");
	if (!o->n_pods && !o->n_services && !o->is_all)
		return ws_error(err, -EINVAL, "say which pods: --pod, --service or --all");
	if (o->netns && o->n_nodes != 1)
		return ws_error(err, -EINVAL, "--netns is the namespace of one node: name it with one --node");
	return 0;
}
