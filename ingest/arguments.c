/* SPDX-License-Identifier: BSD-2-Clause */
/* arguments - see the header. */
#include "ingest/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clickhouse/url.h"
#include "lib/option.h"
#include "lib/tunnels.h"
#include "lib/wanted.h"

#define WS_JOBS_MAX 1024

static const char help[] =
	"Usage: ingest --dir DIR [--pcap POINT=FILE]... [options]\n"
	"\n"
	"Loads a run directory into DIR/run.db: record files, packet captures, logs of load generators, the\n"
	"conditions of the run and the snapshot of its cluster. A directory that is no run itself is a\n"
	"campaign: every run below it is loaded, each with the campaign's snapshot where it has none of its\n"
	"own. A load log or conditions.json in a campaign's own directory belongs to none of them: it is\n"
	"refused, and the rest is loaded. Loading again changes nothing; a file whose content has changed\n"
	"takes the place of what was loaded of it.\n"
	"\n"
	"  --dir DIR            run directory with any of:\n"
	"                         NAME.rec.zst        records of a tracing point\n"
	"                         NAME.pcap           its packet capture (.pcapng, .cap; also .gz, .zst)\n"
	"                         run.json            what was recorded, as capture writes it\n"
	"                         load.ANYTHING       the load generator's log (also .gz, .zst): h2load --log-file,\n"
	"                                             vegeta encode --to csv or json, hey -o csv, k6 --out csv or\n"
	"                                             json; which of them, its first line tells\n"
	"                         conditions.json     what was set up, one flat object: {\"rate_per_s\": 80, ...}\n"
	"                         overhead.json       what capturing costs, as `capture run --overhead` writes it\n"
	"                         cluster/            who has which address, and the mesh's traces, as `capture\n"
	"                                             collect` writes it\n"
	"  --pcap POINT=FILE    a packet capture from elsewhere, as that of POINT\n"
	"  --vxlan-port LIST    UDP ports of VXLAN in packet captures (default 4789,8472)\n"
	"  --context LIST       contexts to look for in packet captures, joined by commas: w3c, b3, b3-single,\n"
	"                       jaeger, datadog, skywalking, aws, google, x-request-id, header:NAME (a header of\n"
	"                       your own, up to 4), all (the first nine), default (the first eight);\n"
	"                       without it: what run.json says that the records were searched for, or default\n"
	"  --prefer first|list  of several contexts in a request the first complete one counts (default), or that\n"
	"                       which stands first in the LIST of --context\n"
	"  --jobs N             load up to N runs of a campaign at a time (default: as many as there are processors);\n"
	"                       what is loaded and said does not depend on it\n"
	"  --store URL          load into a ClickHouse store in place of DIR/run.db: "
	"clickhouse://[USER@]HOST[:PORT]/DATABASE,\n"
	"                       clickhouses:// over TLS; HOST:PORT,HOST:PORT,... for the servers of a cluster. What "
	"is\n"
	"                       missing of its tables is made. The password is taken from WIRESPAN_STORE_PASSWORD, or "
	"by\n"
	"                       --store-password-file\n"
	"  --run NAME           the run's name in the store (default: the last part of DIR's absolute path); of a "
	"campaign,\n"
	"                       what the names of its runs begin with: NAME/run-003\n"
	"  --cluster NAME       make the store's tables on all servers of this cluster, one of their remote_servers; "
	"later\n"
	"                       loads do not need it\n"
	"  --store-password-file FILE\n"
	"                       the password is FILE's first line; nobody else may read FILE\n"
	"  --store-ca FILE      certificates (PEM) to check the servers' against, in place of the system's\n"
	"  --quiet              say nothing of what went well\n"
	"  --help               this text\n";

static uint32_t count_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WS_JOBS_MAX ? WS_JOBS_MAX : (uint32_t)n;
}

static int usage_error(const char *text, const char *value)
{
	fprintf(stderr, "ingest: %s%s\n`ingest --help` shows how it is used.\n", text, value);
	return 2;
}

/* POINT=FILE, in place. The point's name becomes part of no path. */
static int parse_pcap(char *text, struct ws_arguments *a)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1] || a->n_pcaps == WS_PCAP_OPTIONS_MAX)
		return -EINVAL;
	*equals = '\0';
	a->pcap[a->n_pcaps++] = (struct ws_pcap_option) { text, equals + 1 };
	return 0;
}

static int parse_jobs(const char *text, uint32_t *n_jobs)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > WS_JOBS_MAX)
		return -EINVAL;
	*n_jobs = (uint32_t)n;
	return 0;
}

int ws_arguments_parse(int argc, char **argv, struct ws_arguments *a)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, WS_OPTION_LONG + 'd' },
		{ "pcap", required_argument, NULL, WS_OPTION_LONG + 'p' },
		{ "vxlan-port", required_argument, NULL, WS_OPTION_LONG + 'v' },
		{ "context", required_argument, NULL, WS_OPTION_LONG + 'c' },
		{ "prefer", required_argument, NULL, WS_OPTION_LONG + 'r' },
		{ "jobs", required_argument, NULL, WS_OPTION_LONG + 'j' },
		{ "store", required_argument, NULL, WS_OPTION_LONG + 's' },
		{ "run", required_argument, NULL, WS_OPTION_LONG + 'n' },
		{ "cluster", required_argument, NULL, WS_OPTION_LONG + 'C' },
		{ "store-password-file", required_argument, NULL, WS_OPTION_LONG + 'P' },
		{ "store-ca", required_argument, NULL, WS_OPTION_LONG + 'A' },
		{ "quiet", no_argument, NULL, WS_OPTION_LONG + 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *contexts = ws_wanted_default;
	bool prefers_list = false;
	struct ws_error err = { 0 };
	char letter[3];
	int code;

	*a = (struct ws_arguments) { .reading.tunnels = { .vxlan_port = { 4789, 8472 } },
				     .n_jobs = count_processors() };
	while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (code) {
		case WS_OPTION_LONG + 'd':
			a->dir = optarg;
			for (size_t len = strlen(optarg); len > 1 && optarg[len - 1] == '/'; len--)
				optarg[len - 1] = '\0';
			break;
		case WS_OPTION_LONG + 'p':
			if (parse_pcap(optarg, a))
				return usage_error("--pcap needs POINT=FILE, not ", optarg);
			break;
		case WS_OPTION_LONG + 'v':
			if (ws_tunnels_parse(optarg, &a->reading.tunnels))
				return usage_error("--vxlan-port needs up to eight ports joined by commas, not ",
						   optarg);
			break;
		case WS_OPTION_LONG + 'c':
			contexts = optarg;
			a->has_contexts = true;
			break;
		case WS_OPTION_LONG + 'r':
			a->has_contexts = true;
			prefers_list = strcmp(optarg, "list") == 0;
			if (!prefers_list && strcmp(optarg, "first") != 0)
				return usage_error("--prefer needs first or list, not ", optarg);
			break;
		case WS_OPTION_LONG + 'j':
			if (parse_jobs(optarg, &a->n_jobs))
				return usage_error("--jobs needs a number from 1 to 1024, not ", optarg);
			break;
		case WS_OPTION_LONG + 's':
			a->store = optarg;
			break;
		case WS_OPTION_LONG + 'n':
			a->run = optarg;
			break;
		case WS_OPTION_LONG + 'C':
			a->cluster = optarg;
			break;
		case WS_OPTION_LONG + 'P':
			a->password_file = optarg;
			break;
		case WS_OPTION_LONG + 'A':
			a->ca_path = optarg;
			break;
		case WS_OPTION_LONG + 'q':
			a->is_quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		case ':':
			return usage_error(argv[optind - 1], " needs a value");
		default:
			return usage_error("no option ", ws_option_unknown(argv, letter));
		}
	}
	if (optind < argc)
		return usage_error("unexpected argument ", argv[optind]);
	if (!a->dir)
		return usage_error("--dir is missing", "");
	if (!a->store && (a->run || a->cluster || a->password_file || a->ca_path))
		return usage_error("--run, --cluster, --store-password-file and --store-ca need --store URL", "");
	if (a->store && ws_url_parse(a->store, &(struct ws_url) { 0 }, &err))
		return usage_error("--store: ", err.text);
	if (ws_wanted_parse(contexts, &a->reading.wanted, &err))
		return usage_error("--context: ", err.text);
	a->reading.wanted.prefers_list = prefers_list;
	return 0;
}
