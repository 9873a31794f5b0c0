/* SPDX-License-Identifier: BSD-2-Clause */
/* help - see help.h. */
#include "analyze/help.h"

#define HELP_COMMON                                                                     \
	"  --dir DIR           the run; ingest has made run.db in it\n"                 \
	"  --source SOURCE     ebpf or pcap only; both, each by itself, if not given\n" \
	"  --format FORMAT     table (default), tsv or json\n"                          \
	"  --help              this text\n"
#define HELP_CAMPAIGN                                                                                         \
	"  --dir DIR           the run, or a directory of runs: a campaign; ingest has made run.db in each\n" \
	"  --source SOURCE     ebpf or pcap only; both, each by itself, if not given\n"                       \
	"  --format FORMAT     table (default), tsv or json\n"                                                \
	"  --help              this text\n"
#define HELP_FILES                                                           \
	"  --out DIR           put the files there, not into DIR/reports/\n" \
	"  --no-figure         write no .svg and .pdf\n"
#define HELP_FAMILY "  --family NAME       contexts of this family only: w3c, b3, b3-single ... header:x-my-trace\n"
#define HELP_BY                                                                                        \
	"  --by LIST           tell contexts apart by any of hop (direction, address and port that\n"  \
	"                      the request was for), family, format (layout of the headers, version\n" \
	"                      of HTTP), separated by commas; default family\n"
#define HELP_BY_MORE                                                                                     \
	"  --by LIST           tell contexts apart by any of hop (direction, address and port that\n"    \
	"                      the request was for), family, format (layout of the headers, version\n"   \
	"                      of HTTP), and by names, as the cluster snapshot has them: edge (caller\n" \
	"                      -> callee), pod and service at the vport, node; separated by commas;\n"   \
	"                      default family\n"
#define HELP_BY_NAMES                                                                                         \
	"  --by LIST           a series for each edge (caller -> callee), pod or service at the vport, or\n"  \
	"                      node, as the cluster snapshot names them, or several of these, separated by\n" \
	"                      commas; of a campaign, runs of all nodes together. Writes cdf-by.tsv,\n"       \
	"                      cdf-by-drawn.tsv, cdf-by.json, cdf-by.svg and cdf-by.pdf instead\n"
#define HELP_MEMORY                                                                                             \
	"  --memory SIZE       of a run's sightings, keep so much in memory, 512M if not given, and the rest\n" \
	"                      in a temporary file without a name, in $TMPDIR or /var/tmp\n"
#define HELP_TERM "  --term              draw the figure in the terminal, too\n"

const char ws_help_cdf[] =
	"How long does the overlay hold a packet, rx (NIC to vport) and tx (vport to NIC)? Quantiles are order\n"
	"statistics, the x(ceil(q n)) of n; their 95% intervals assume no distribution. Writes cdf.tsv (of a run: "
	"every\n"
	"point), cdf-drawn.tsv (what the figure draws), cdf.json, cdf.svg and cdf.pdf into DIR/reports/. Of a "
	"campaign,\n"
	"runs under the same conditions are put together, and the figure has a panel for each set of "
	"conditions.\n\n" HELP_CAMPAIGN HELP_FILES HELP_BY_NAMES HELP_FAMILY HELP_MEMORY HELP_TERM;

const char ws_help_pairs[] =
	"One row a packet, in order of its entry; addresses and ports as at the vport. Where a cluster snapshot was\n"
	"loaded, or there are several NICs or vports, rows say who called whom, and node and vport, "
	"too.\n\n" HELP_COMMON HELP_FAMILY HELP_MEMORY
	"  --unmatched         instead, the sightings with a context that found no partner, and why\n";

const char ws_help_ledger[] =
	"Every frame that passed a point has exactly one reason; the reasons add up to the frames, or it "
	"fails. Of a\ncampaign: a line a file, with the traces seen beside the requests that the load log says were "
	"answered.\n\n" HELP_CAMPAIGN HELP_MEMORY;

const char ws_help_detect[] =
	"Of the requests that carry a context, how many does a search of the first N payload bytes find, and which "
	"N\n"
	"finds 50, 90, 99 and 100% of them? Why was none found in the others? Writes detect.tsv, detect-drawn.tsv "
	"(what\n"
	"the figure draws: the rate for every N), detect.json, detect.svg and detect.pdf into DIR/reports/. Of a "
	"campaign:\n"
	"live searches of N bytes beside what the offsets of a search of the whole head say.\n\n" HELP_CAMPAIGN
		HELP_FILES HELP_BY_MORE HELP_FAMILY HELP_MEMORY
	"  --search-bytes LIST numbers and FROM:TO:STEP, separated by commas; default 100:1600:100\n";

const char ws_help_offsets[] =
	"Where in the request's head do contexts begin and end, how long are they, in which TCP segment do they lie, "
	"and\n"
	"what does that mean for a search? Writes offsets.tsv, offsets-drawn.tsv (histograms), offsets.json, "
	"offsets.svg\n"
	"and offsets.pdf into DIR/reports/.\n\n" HELP_CAMPAIGN HELP_FILES HELP_BY HELP_FAMILY HELP_MEMORY;

const char ws_help_e2e[] =
	"What did a request take, as the load generator logged it (load.*), and did the generator keep an even "
	"rate?\n"
	"Requests answered with a status from 200 to 399 count; the others are told. Writes e2e.tsv, e2e-drawn.tsv,\n"
	"e2e.json, e2e.svg and e2e.pdf into DIR/reports/.\n\n" HELP_CAMPAIGN HELP_FILES HELP_TERM;

const char ws_help_overhead[] =
	"What does capturing cost? The treatments of `capture run --overhead` (nothing attached, empty programs, "
	"ours,\n"
	"tcpdump) against one another: throughput, end-to-end latency and CPU for each request, with 95% intervals "
	"over\n"
	"blocks of trials. Of a campaign, each run by itself.\n\n"
	"  --dir DIR           the run, or a directory of runs: a campaign; ingest has made run.db in each\n"
	"  --format FORMAT     table (default), tsv or json\n"
	"  --help              this text\n";

const char ws_help_compare[] =
	"A and B are each DIR, or DIR:KEY=VALUE,... for those runs of a campaign that have these conditions; with "
	"--dir,\n"
	"KEY=VALUE,... is enough. The key source (ebpf, pcap) says whose latencies are meant: the same run by both "
	"is\n"
	"compared packet by packet. Tells the shift of the median, p90 and p99, Kolmogorov-Smirnov and "
	"Wasserstein-1.\n\n"
	"  --dir DIR           the campaign that operands without a directory mean\n"
	"  --source SOURCE     ebpf or pcap only\n"
	"  --format FORMAT     table (default), tsv or json\n"
	"  --out DIR           write compare.tsv, compare-drawn.tsv, compare.json, compare.svg and compare.pdf "
	"there;\n"
	"                      of the same packets by both methods, compare-packets.tsv, .svg and .pdf, too\n"
	"  --no-figure         write no .svg and .pdf\n" HELP_MEMORY "  --help              this text\n";

const char ws_help_report[] =
	"Writes report.html, which needs nothing beside it and runs no scripts, and report.md with its pictures\n"
	"report-*.svg and their series report-*.tsv into DIR/reports/: end-to-end latency, detection, latency "
	"between the\n"
	"points, agreement of the methods, what measuring adds, accounts, runs and content hashes.\n\n"
	"  --dir DIR           the run, or a directory of runs: a campaign; ingest has made run.db in each\n"
	"  --source SOURCE     ebpf or pcap only; both if not given\n"
	"  --published DIR     numbers to set beside the measured ones: DIR/published.tsv, as in datasets/paper\n"
	"  --out DIR           put the files there, not into DIR/reports/\n" HELP_MEMORY
	"  --no-figure         no pictures\n"
	"  --help              this text\n";
