#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What does capturing cost? `capture run --overhead` on the testbed, at both tracing points of productpage's node: a closed loop as
# fast as it goes (capture_load.sh), and the mesh at an even rate (load.sh), each with nothing attached, empty programs, ours,
# tcpdump -s 0, in random order in blocks. Prints the tables, and the targets beside what was measured; keeps the tables as TSV. (root)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here testbed=$here/../../datasets/testbed
readonly closed_seconds=2 rate_seconds=4 rate=200

# usage: prints the synopsis to stdout.
usage() {
	cat <<'TEXT'
usage: bench_capture.sh BUILD_DIR [BLOCKS [vxlan|ipip]]

BLOCKS is 10 unless given: about 17 s each for the closed loop, 27 s for the even rate, of which there are half as many.
The tables go to BUILD_DIR/bench/capture.tsv.
TEXT
}

# measure NAME BLOCKS TREATMENTS COMMAND...: the load under each treatment, loaded into $out/NAME/run.db.
measure() {
	local name=$1 blocks=$2 treatments=$3
	shift 3
	mkdir "$out/$name"
	"$build/bin/capture" run --overhead="$blocks" --treatments "$treatments" --dir "$out/$name" \
		--netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --point vport="$TESTBED_VPORT" -- "$@"
	"$build/bin/ingest" --dir "$out/$name" --quiet
}

# inside: what the testbed runs.
inside() {
	measure closed-loop "$blocks" none,empty,ebpf,tcpdump,wakeup "$here/capture_load.sh" "$closed_seconds" '{}'
	measure even-rate $(((blocks + 1) / 2)) none,empty,ebpf,tcpdump,wakeup "$testbed/load.sh" --rate "$rate" --duration "$rate_seconds" --log '{}'
}

# told: the targets, each with what was measured, and whether its interval says that it is met.
told() {
	jq -r '
		def interval: if .ci_low == null then "\(.value // 0 | . * 100 | round / 100) [-]"
			else "\(.value * 100 | round / 100) [\(.ci_low * 100 | round / 100), \(.ci_high * 100 | round / 100)]" end;
		def verdict(target): if .ci_low == null then "not decided: no interval" elif .ci_high <= target then "met"
			elif .ci_low > target then "NOT met" else "not decided: more blocks" end;
		def pair($a; $b): .pairs[] | select(.treatment == $a and .against == $b);
		def negated: {value: -.value, ci_low: (if .ci_high == null then null else -.ci_high end), ci_high: (if .ci_low == null then null else -.ci_low end)};
		def irq_work($a): .treatments[] | select(.treatment == $a) | .irq_work_per_request // 0;
		def wakeups($a): .treatments[] | select(.treatment == $a) | .wakeups_per_s | round;
		(.runs[] | select(.run == "closed-loop") | [
			["what both points add to a request, over what empty programs add; CPU of the processes", "<= 2.5", (pair("ebpf"; "none").process_cpu_times_empty | interval, verdict(2.5))],
			["the same by time, 1 / throughput", "<= 2.5", (pair("ebpf"; "none").time_times_empty | interval, verdict(2.5))],
			["ours less tcpdump -s 0 [us/request]; CPU of the processes", "<= 0", (pair("tcpdump"; "ebpf").process_cpu_added_us | negated | interval, verdict(0))],
			["the same by time, 1 / throughput", "<= 0", (pair("tcpdump"; "ebpf").time_added_us | negated | interval, verdict(0))]
		][]), (.runs[] | select(.run == "even-rate") | [
			["wake-ups of the reader a second, whatever the load: it looks 50 times", "<= 60", (wakeups("ebpf") | tostring, if tonumber <= 60 then "met" else "NOT met" end)],
			["interrupts a request by which the kernel wakes, more than with nothing attached", "<= 0.01",
				(irq_work("ebpf") - irq_work("none") | . * 1000 | round / 1000 | tostring, if tonumber <= 0.01 then "met" else "NOT met" end)],
			["- the same with --wakeup, to compare", "-", (irq_work("wakeup") - irq_work("none") | . * 1000 | round / 1000 | tostring, "-")]
		][]) | @tsv' "$out/toll.json" |
		awk -F '\t' '{ printf "%-88s %8s  %-24s %s\n", $1, $2, $3, $4 }'
}

if [[ ${1-} == --inside ]]; then
	build=$2 out=$3 blocks=$4
	inside
	exit 0
fi
if [[ ${1-} == --help ]]; then
	usage
	exit 0
fi
if (($# < 1 || $# > 3)) || [[ ! ${2-10} =~ ^[1-9][0-9]{0,2}$ ]]; then
	usage >&2
	exit 2
fi
((EUID == 0)) || { echo 'bench_capture: skipped: needs root'; exit 0; }
for program in nginx h2load jq ip tcpdump; do
	command -v "$program" >/dev/null || { echo "bench_capture: skipped: $program is missing"; exit 0; }
done
build=$(realpath -- "$1")
[[ -x $build/bin/capture ]] || { echo "bench_capture: $1: not built: make first" >&2; exit 1; }
out=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-bench.XXXXXX")
trap 'rm -rf -- "$out"' EXIT
export TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$build/ipip.bpf.o}
"$testbed/testbed.sh" --overlay "${3-vxlan}" -- "${BASH_SOURCE[0]}" --inside "$build" "$out" "${2-10}"
mkdir -p "$build/bench"
"$build/bin/analyze" overhead --dir "$out" --format tsv >"$build/bench/capture.tsv"
"$build/bin/analyze" overhead --dir "$out" --format json >"$out/toll.json"
echo
"$build/bin/analyze" overhead --dir "$out"
echo
told
echo "kept: $build/bench/capture.tsv"
