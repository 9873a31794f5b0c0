/* SPDX-License-Identifier: BSD-2-Clause */
/* help_atlas - what help.h says of the commands that look at all nodes together. */
#include "analyze/help.h"

#define HELP_ATLAS                                                                                                  \
	"  --dir DIR           a run, or a directory of runs, such as one a node; ingest has made run.db in each\n" \
	"  --source SOURCE     ebpf or pcap only; if not given, at every point eBPF's records if there are any\n"
#define HELP_FORMAT                                            \
	"  --format FORMAT     table (default), tsv or json\n" \
	"  --help              this text\n"
#define HELP_ALIGN                                                                                         \
	"  --align METHOD      bring the nodes' clocks together: packets, from the least delays between\n" \
	"                      them; chrony, ptp: from what these said (in the cluster snapshot);\n"       \
	"                      none (default): each node's times stand for themselves\n"
#define HELP_MEMORY                                                                                             \
	"  --memory SIZE       of requests and responses, keep so much in memory, 512M if not given, and the\n" \
	"                      rest in a temporary file without a name, in $TMPDIR or /var/tmp\n"
#define HELP_FILES                                                           \
	"  --out DIR           put the files there, not into DIR/reports/\n" \
	"  --no-figure         write no figure\n"

const char ws_help_trace[] =
	"One request's way: every packet of the trace at every point of every node, and what lies between them: "
	"overlay,\nnetwork, sidecar and application. ID: the trace id, 32 or 16 hexadecimal digits.\n\n" HELP_ATLAS
		HELP_ALIGN HELP_FORMAT HELP_FILES HELP_MEMORY;

const char ws_help_topology[] =
	"Who calls whom, how often and how long it takes, as seen in packets; beside what the mesh's tracer "
	"claims.\n\n" HELP_ATLAS HELP_FORMAT HELP_FILES HELP_MEMORY;

const char ws_help_clocks[] = "How far the nodes' clocks are apart, estimated from the packets between them, with the "
			      "bound of each number.\n\n" HELP_ATLAS HELP_FORMAT HELP_FILES HELP_MEMORY;

const char ws_help_underlay[] =
	"The network between the nodes: from the NIC that sends to the NIC that receives. One way needs --align; "
	"there\nand back needs no clocks to agree.\n\n" HELP_ATLAS HELP_ALIGN HELP_FORMAT HELP_FILES HELP_MEMORY;

const char ws_help_export[] = "Every interval between two points as a span, child of the mesh's own span where its "
			      "context names it.\n\n" HELP_ATLAS HELP_ALIGN
			      "  --format FORMAT     otlp (default): OTLP in JSON, a line a trace; csv; jsonl\n"
			      "  --out FILE          not to standard output\n" HELP_MEMORY
			      "  --help              this text\n";

const char ws_help_runs[] =
	"The runs in a ClickHouse store: rows, bytes on disk (a run's part of them by its rows), and how many times "
	"smaller\n"
	"that is than without compression.\n\n"
	"  --drop RUN          drop this run: it counts no more at once, and its rows go as the server comes to them\n"
	"  --format FORMAT     table (default), tsv or json\n"
	"  --help              this text\n";

const char ws_help_store[] =
	"  --store URL         the runs are not in run.db, but in a ClickHouse store, where `ingest --store` loaded "
	"them:\n"
	"                      clickhouse://[USER@]HOST[:PORT][,HOST...]/DATABASE; clickhouses:// over TLS\n"
	"  --run NAME          the name of --dir's run or campaign there; if not given, the directory's, or, of a run\n"
	"                      of a campaign, CAMPAIGN/RUN as the directories are called\n"
	"  --store-password-file FILE  its first line is the password; or set WIRESPAN_STORE_PASSWORD\n"
	"  --store-ca FILE     certificates that the server's is checked against; the system's, if not given\n";
