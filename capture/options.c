/* SPDX-License-Identifier: BSD-2-Clause */
/* options - see the header. */
#include "capture/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "capture/overhead/overhead.h"
#include "capture/plan/plan.h"
#include "lib/option.h"
#include "lib/search.h"
#include "lib/tunnels.h"

const char ws_capture_run_help[] =
	"Usage: capture run --dir DIR --point NAME=IF [--point NAME=IF]... [options] [-- COMMAND [ARG]...]\n"
	"       capture run --dir DIR --plan FILE [--node NODE] [options] [-- COMMAND [ARG]...]\n"
	"\n"
	"Records every HTTP request head that passes the tracing points, with its tracing context,\n"
	"until --duration is over, COMMAND has ended, or SIGINT or SIGTERM comes.\n"
	"\n"
	"  --dir DIR            run directory; made if missing; an earlier recording in it is never overwritten\n"
	"  --point NAME=IF      tracing point NAME (nic, vport, or any other) on interface IF\n"
	"  --netns NAME         network namespace (ip netns name, or a path) of the point before it;\n"
	"                       before the first --point: of all points that have none of their own\n"
	"  --plan FILE          the points of this node in a plan (`capture plan` makes it), with their filters; "
	"options\n"
	"                       given here win over the plan's\n"
	"  --node NODE          which of the plan's nodes this is (default: $NODE_NAME, else the host's name if the "
	"plan\n"
	"                       has it, else the plan's only one)\n"
	"  --watch[=S]          collect and plan again every S seconds (default 10) while recording: points come and "
	"go\n"
	"                       with their pods; needs the snapshot that the plan was made from beside it\n"
	"  --responses          record where HTTP/1.x responses begin, too (with --plan: always, but for\n"
	"  --no-responses       this); clocks of several nodes, and journeys of requests, are told from them\n"
	"  --context LIST       tracing contexts to look for, joined by commas: w3c, b3, b3-single, jaeger, datadog,\n"
	"                       skywalking, aws, google; default (all of these); x-request-id; all (with them); and\n"
	"                       header:NAME for up to four headers of your own\n"
	"  --prefer WHICH       of several contexts in one request, record the first in the head (first, default) or\n"
	"                       the earliest in LIST (list); the others are noted\n"
	"  --search-bytes N     search the first N bytes of each head (default 65536, the most)\n"
	"  --vxlan-port LIST    UDP ports of VXLAN (default 4789,8472)\n"
	"  --filter PARTS       only TCP that matches all parts: saddr, daddr, addr, sport, dport, port, vni;\n"
	"                       KEY=VALUE joined by commas; given again: or. Example: daddr=10.244.0.0/16,dport=9080\n"
	"                       of all points; a plan's filters do not count then\n"
	"  --duration S         stop after S seconds (fractions allowed)\n"
	"  --hook WHERE         where the in-kernel program sees a frame: socket (default), at AF_PACKET's taps, where "
	"packet\n"
	"                       captures see it; or tc, in front of traffic control (tcx, from Linux 6.6 on, else "
	"clsact):\n"
	"                       receive, right behind socket; transmit, before the queue of the interface and before "
	"large\n"
	"                       segments are cut, so that time in the queue is not in tx at the NIC. A packet that "
	"another\n"
	"                       tc program drops or redirects is counted at tc all the same. clsact: not tcx\n"
	"  --pcap               also capture packets at the points, into NAME.pcap: all that passes, and so\n"
	"                       secrets, too; record files hold ids only\n"
	"  --no-ebpf            packets only (with --pcap): to see what each method adds\n"
	"  --snaplen N          bytes kept of each packet (default 0: all)\n"
	"  --pcap-buffer MB     kernel buffer of each packet capture (default 64)\n"
	"  --ring-buffer MB     ring buffer of each point: a power of two (default 16; with a plan of more\n"
	"                       than 16 points less: 256 together)\n"
	"  --cpu N              run the reader on CPU N\n"
	"  --pcap-cpu N         run the packet captures on CPU N\n"
	"  --level N            zstd level of the record files, 1 to 19 (default 3)\n"
	"  --no-bpf-stats       do not let the kernel time the program (saves two clock readings a frame)\n"
	"  --wakeup             wake the reader at every record, to measure what that does; never otherwise\n"
	"  --overhead[=N]       record nothing: run COMMAND, a load, in N blocks (default 10), in each once with\n"
	"                       nothing attached, with empty programs, with this capture and with tcpdump, in\n"
	"                       random order; DIR/overhead.json has throughput, latency and CPU of each\n"
	"                       ('ingest', then 'analyze overhead'); {} in COMMAND is the file that it logs to,\n"
	"                       as h2load, vegeta, hey or k6 do: -- h2load ... --log-file={} URL\n"
	"  --treatments LIST    with --overhead: none, empty, ebpf, tcpdump (the default), nostats, pcap, both,\n"
	"                       tc (--hook tc), wakeup; joined by commas\n"
	"  --seed N             with --overhead: of the random order (default: from the clock)\n"
	"  --quiet              no progress line, no summary, and no warning that packets may hold secrets\n"
	"  --help               this text\n"
	"\n"
	"Needs CAP_NET_RAW; CAP_BPF and CAP_PERFMON, unless --no-ebpf; CAP_NET_ADMIN for --hook tc; CAP_SYS_ADMIN\n"
	"for --netns.\n"
	"Once it records it keeps none of them, except what --watch, COMMAND, clsact, a directory of somebody\n"
	"else's, or a kernel before 5.19 need (run.json lists what was kept), and makes no system call that it\n"
	"does not need. What it writes only its owner can read (mode 0600); it follows no link in DIR.\n";

enum option_code {
	OPTION_DIR = 1000,
	OPTION_POINT,
	OPTION_NETNS,
	OPTION_CONTEXT,
	OPTION_PREFER,
	OPTION_SEARCH_BYTES,
	OPTION_VXLAN_PORT,
	OPTION_FILTER,
	OPTION_DURATION,
	OPTION_HOOK,
	OPTION_PCAP,
	OPTION_NO_EBPF,
	OPTION_SNAPLEN,
	OPTION_PCAP_BUFFER,
	OPTION_RING_BUFFER,
	OPTION_CPU,
	OPTION_PCAP_CPU,
	OPTION_LEVEL,
	OPTION_NO_BPF_STATS,
	OPTION_WAKEUP,
	OPTION_QUIET,
	OPTION_PLAN,
	OPTION_NODE,
	OPTION_WATCH,
	OPTION_RESPONSES,
	OPTION_NO_RESPONSES,
	OPTION_OVERHEAD,
	OPTION_TREATMENTS,
	OPTION_SEED,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, OPTION_DIR },
	{ "point", required_argument, NULL, OPTION_POINT },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "context", required_argument, NULL, OPTION_CONTEXT },
	{ "prefer", required_argument, NULL, OPTION_PREFER },
	{ "search-bytes", required_argument, NULL, OPTION_SEARCH_BYTES },
	{ "vxlan-port", required_argument, NULL, OPTION_VXLAN_PORT },
	{ "filter", required_argument, NULL, OPTION_FILTER },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "hook", required_argument, NULL, OPTION_HOOK },
	{ "pcap", no_argument, NULL, OPTION_PCAP },
	{ "no-ebpf", no_argument, NULL, OPTION_NO_EBPF },
	{ "snaplen", required_argument, NULL, OPTION_SNAPLEN },
	{ "pcap-buffer", required_argument, NULL, OPTION_PCAP_BUFFER },
	{ "ring-buffer", required_argument, NULL, OPTION_RING_BUFFER },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "pcap-cpu", required_argument, NULL, OPTION_PCAP_CPU },
	{ "level", required_argument, NULL, OPTION_LEVEL },
	{ "no-bpf-stats", no_argument, NULL, OPTION_NO_BPF_STATS },
	{ "wakeup", no_argument, NULL, OPTION_WAKEUP },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "plan", required_argument, NULL, OPTION_PLAN },
	{ "node", required_argument, NULL, OPTION_NODE },
	{ "watch", optional_argument, NULL, OPTION_WATCH },
	{ "responses", no_argument, NULL, OPTION_RESPONSES },
	{ "no-responses", no_argument, NULL, OPTION_NO_RESPONSES },
	{ "overhead", optional_argument, NULL, OPTION_OVERHEAD },
	{ "treatments", required_argument, NULL, OPTION_TREATMENTS },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

static int parse_number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *number,
			struct ws_error *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value < min || value > max)
		return ws_error(err, -EINVAL, "--%s %s: not a whole number from %llu to %llu", option, text,
				(unsigned long long)min, (unsigned long long)max);
	*number = value;
	return 0;
}

static int parse_point(const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	const char *equals = strchr(text, '=');
	struct ws_point_options *p = &o->point[o->n_points];
	size_t len = equals ? (size_t)(equals - text) : 0;

	if (!equals || !equals[1] || strlen(equals + 1) >= IFNAMSIZ)
		return ws_error(err, -EINVAL, "--point %s: not NAME=INTERFACE", text);
	if (!ws_plan_is_point_name(text, len))
		return ws_error(err, -EINVAL, "--point %s: a name has letters, digits, '_', '-' and '.', at most %d",
				text, WS_RECFILE_NAME_MAX);
	if (o->n_points == WS_POINTS_MAX)
		return ws_error(err, -EINVAL, "--point %s: more than %d points", text, WS_POINTS_MAX);
	for (uint32_t i = 0; i < o->n_points; i++)
		if (strlen(o->point[i].name) == len && memcmp(o->point[i].name, text, len) == 0)
			return ws_error(err, -EINVAL, "--point %s: there is a point of that name already", text);
	memset(p, 0, sizeof(*p));
	memcpy(p->name, text, len);
	p->interface = equals + 1;
	o->n_points++;
	return 0;
}

static int parse_duration(const char *text, uint64_t *duration_ns, struct ws_error *err)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds <= 0 || seconds > 1e9)
		return ws_error(err, -EINVAL, "--duration %s: not a number of seconds above 0", text);
	*duration_ns = (uint64_t)(seconds * 1e9);
	return 0;
}

static int add_filter(const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	int rc;

	if (o->n_filters == WS_FILTERS_MAX)
		return ws_error(err, -EINVAL, "--filter %s: more than %d filters", text, WS_FILTERS_MAX);
	rc = ws_filter_parse(text, &o->filter[o->n_filters], err);
	if (rc)
		return rc;
	o->filter_text[o->n_filters++] = text;
	return 0;
}

/* --context, which leaves alone what --prefer has said. */
static int parse_context(const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	struct ws_error why = { 0 };
	struct ws_wanted wanted;

	if (ws_wanted_parse(text, &wanted, &why))
		return ws_error(err, -EINVAL, "--context %s: %s", text, why.text);
	wanted.prefers_list = o->wanted.prefers_list;
	o->wanted = wanted;
	return 0;
}

static int parse_prefer(const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	if (strcmp(text, "first") != 0 && strcmp(text, "list") != 0)
		return ws_error(err, -EINVAL, "--prefer %s: neither first nor list", text);
	o->wanted.prefers_list = *text == 'l';
	return 0;
}

static int parse_hook(const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	static const char *const name[] = {
		[WS_HOOK_SOCKET] = "socket", [WS_HOOK_TC] = "tc", [WS_HOOK_CLSACT] = "clsact"
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
		if (strcmp(text, name[i]) == 0) {
			o->hook = (enum ws_hook)i;
			return 0;
		}
	return ws_error(err, -EINVAL, "--hook %s: neither socket nor tc (nor clsact)", text);
}

/* Reads an option whose value is a number. Returns 0, -EINVAL, or 1 if it is not one of them. */
static int apply_number(int code, const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	uint64_t n;
	int rc;

	switch (code) {
	case OPTION_SEARCH_BYTES:
		rc = parse_number("search-bytes", text, 1, WS_WINDOW_MAX, &n, err);
		if (rc == 0)
			o->search_bytes = (uint32_t)n;
		o->has_search_bytes = true;
		return rc;
	case OPTION_SNAPLEN:
		rc = parse_number("snaplen", text, 0, 262144, &n, err);
		if (rc == 0)
			o->pcap_snaplen = n ? (uint32_t)n : 262144;
		return rc;
	case OPTION_PCAP_BUFFER:
		rc = parse_number("pcap-buffer", text, 1, 2047, &n, err);
		if (rc == 0)
			o->pcap_buffer_bytes = (uint32_t)n << 20;
		return rc;
	case OPTION_RING_BUFFER:
		rc = parse_number("ring-buffer", text, 1, 1024, &n, err);
		if (rc == 0 && (n & (n - 1)))
			rc = ws_error(err, -EINVAL, "--ring-buffer %s: not a power of two", text);
		if (rc == 0)
			o->ring_bytes = (uint32_t)n << 20;
		o->has_ring_bytes = true;
		return rc;
	case OPTION_CPU:
		rc = parse_number("cpu", text, 0, 1023, &n, err);
		if (rc == 0)
			o->reader_cpu = (int)n;
		return rc;
	case OPTION_PCAP_CPU:
		rc = parse_number("pcap-cpu", text, 0, 1023, &n, err);
		if (rc == 0)
			o->pcap_cpu = (int)n;
		return rc;
	case OPTION_LEVEL:
		rc = parse_number("level", text, 1, 19, &n, err);
		if (rc == 0)
			o->zstd_level = (int)n;
		return rc;
	default:
		return 1;
	}
}

/* What has to do with a plan. Returns 0, -EINVAL, or 1 if it is not one of them. */
static int apply_plan(int code, const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	uint64_t n = WS_WATCH_S;
	int rc;

	switch (code) {
	case OPTION_PLAN:
		o->plan_path = text;
		return 0;
	case OPTION_NODE:
		o->node = text;
		return 0;
	case OPTION_WATCH:
		rc = text ? parse_number("watch", text, 1, 86400, &n, err) : 0;
		o->watch_s = (uint32_t)n;
		return rc;
	case OPTION_RESPONSES:
	case OPTION_NO_RESPONSES:
		o->records_responses = code == OPTION_RESPONSES;
		o->has_responses = true;
		return 0;
	default:
		return 1;
	}
}

/* What has to do with --overhead. Returns 0, -EINVAL, or 1 if it is not one of them. */
static int apply_overhead(int code, const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	uint64_t n = WS_OVERHEAD_BLOCKS;
	int rc;

	switch (code) {
	case OPTION_OVERHEAD:
		rc = text ? parse_number("overhead", text, 0, WS_OVERHEAD_BLOCKS_MAX, &n, err) : 0;
		o->overhead_blocks = (uint32_t)n;
		o->has_overhead = true;
		return rc;
	case OPTION_TREATMENTS:
		o->treatments = text;
		return 0;
	case OPTION_SEED:
		rc = parse_number("seed", text, 0, UINT32_MAX, &n, err);
		o->seed = (uint32_t)n;
		o->has_seed = true;
		return rc;
	default:
		return 1;
	}
}

static int apply(int code, const char *text, struct ws_capture_options *o, struct ws_error *err)
{
	int rc = apply_number(code, text, o, err);

	if (rc == 1)
		rc = apply_plan(code, text, o, err);
	if (rc == 1)
		rc = apply_overhead(code, text, o, err);
	if (rc <= 0)
		return rc;
	switch (code) {
	case OPTION_DIR:
		o->dir = text;
		return 0;
	case OPTION_POINT:
		return parse_point(text, o, err);
	case OPTION_NETNS:
		if (o->n_points)
			o->point[o->n_points - 1].netns = text;
		else
			o->netns = text;
		return 0;
	case OPTION_VXLAN_PORT:
		o->has_vxlan_ports = true;
		if (ws_tunnels_parse(text, &o->tunnels))
			return ws_error(err, -EINVAL,
					"--vxlan-port %s: not one to %d ports (1 to 65535) joined by commas", text,
					WS_VXLAN_PORTS_MAX);
		return 0;
	case OPTION_FILTER:
		return add_filter(text, o, err);
	case OPTION_CONTEXT:
		o->has_contexts = true;
		return parse_context(text, o, err);
	case OPTION_PREFER:
		return parse_prefer(text, o, err);
	case OPTION_DURATION:
		return parse_duration(text, &o->duration_ns, err);
	case OPTION_HOOK:
		return parse_hook(text, o, err);
	case OPTION_PCAP:
		o->with_pcap = true;
		return 0;
	case OPTION_NO_EBPF:
		o->with_ebpf = false;
		return 0;
	case OPTION_NO_BPF_STATS:
		o->with_bpf_stats = false;
		return 0;
	case OPTION_WAKEUP:
		o->wakes_reader = true;
		return 0;
	case OPTION_QUIET:
		o->is_quiet = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int ws_capture_options_parse(int argc, char **argv, struct ws_capture_options *o, struct ws_error *err)
{
	struct ws_capture_options parsed = {
		.search_bytes = WS_WINDOW_MAX,
		.tunnels = { .vxlan_port = { 4789, 8472 } },
		.ring_bytes = 16u << 20,
		.zstd_level = 3,
		.reader_cpu = -1,
		.pcap_cpu = -1,
		.with_ebpf = true,
		.pcap_snaplen = 262144,
		.pcap_buffer_bytes = 64u << 20,
		.with_bpf_stats = true,
	};
	char letter[3];
	int code, rc = parse_context(ws_wanted_default, &parsed, err);

	if (rc)
		return rc;
	optind = 0;
	while ((code = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
		if (code == OPTION_HELP || code == 'h')
			return 1;
		if (code == ':')
			return ws_error(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (code == '?')
			return ws_error(err, -EINVAL, "no option %s", ws_option_unknown(argv, letter));
		if ((code == OPTION_WATCH || code == OPTION_OVERHEAD) && !optarg && optind < argc &&
		    argv[optind][0] >= '0' && argv[optind][0] <= '9')
			optarg = argv[optind++];
		rc = apply(code, optarg, &parsed, err);
		if (rc)
			return rc;
	}
	if (optind < argc) {
		if (strcmp(argv[optind - 1], "--") != 0)
			return ws_error(err, -EINVAL, "unexpected argument '%s'; a command to run follows '--'",
					argv[optind]);
		parsed.command = argv + optind;
	}
	if (!parsed.dir || !*parsed.dir)
		return ws_error(err, -EINVAL, "--dir is missing");
	if (!parsed.n_points && !parsed.plan_path)
		return ws_error(err, -EINVAL,
				"--point is missing: name an interface, such as --point nic=eth0; or give a --plan");
	if (!parsed.plan_path && (parsed.node || parsed.watch_s))
		return ws_error(err, -EINVAL, "--%s is of use with --plan only", parsed.node ? "node" : "watch");
	if (parsed.plan_path && !parsed.has_responses)
		parsed.records_responses = true;
	if (!parsed.with_ebpf && !parsed.with_pcap)
		return ws_error(err, -EINVAL, "--no-ebpf leaves nothing to record; add --pcap");
	for (uint32_t i = 0; i < parsed.n_points; i++)
		if (!parsed.point[i].netns)
			parsed.point[i].netns = parsed.netns;
	rc = ws_overhead_check(&parsed, err);
	if (rc)
		return rc;
	*o = parsed;
	return 0;
}
