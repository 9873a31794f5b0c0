#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What do the methods of measuring do to what they measure? Runs the testbed at an even rate once for each set of
# methods and prints the latencies that each saw at productpage's node. (root)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here testbed=$here/../../datasets/testbed

# usage: prints the synopsis to stdout.
usage() {
	echo "usage: bench_live.sh BUILD_DIR [SECONDS [RATE [vxlan|ipip]]]"
}

# capture_run NAME OPTION...: the load with one capture beside it, at node 1. Runs inside the testbed.
capture_run() {
	local name=$1 run=$out/$1
	shift
	# shellcheck disable=SC2016 # the variables belong to the inner shell
	"$build/bin/capture" run --dir "$run" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" \
		--point vport="$TESTBED_VPORT" --quiet "$@" -- \
		bash -c 'sleep 0.3; "$0" --rate "$1" --duration "$2" --log "$3"; sleep 0.3' \
		"$testbed/load.sh" "$rate" "$seconds" "$out/$name.log" >"$out/$name.said" 2>&1 ||
		{ cat "$out/$name.said" >&2; exit 1; }
}

# read_run NAME: a line of "METHOD source direction n mean median p99" for each series of a run METHOD.ROUND.
read_run() {
	"$build/bin/ingest" --dir "$out/$1" --quiet
	"$build/bin/analyze" cdf --dir "$out/$1" --no-figure --format json --out "$out/reports" |
		jq -r --arg method "${1%.*}" \
			'.series[] | [$method, .source, .direction, .n, .mean_us, .median_us, .p99_us] | @tsv'
}

# average: of the rounds' numbers by method, source and direction; and how far apart the rounds' means were.
average() {
	awk -F'\t' '
		{
			key = $1 FS $2 FS $3
			if (!(key in rounds)) order[++n_keys] = key
			rounds[key]++; n[key] += $4; mean[key] += $5; median[key] += $6; p99[key] += $7
			if (rounds[key] == 1 || $5 < low[key]) low[key] = $5
			if (rounds[key] == 1 || $5 > high[key]) high[key] = $5
		}
		END {
			printf "%-10s %-6s %-4s %7s %9s %9s %9s   %s\n", "method", "source", "dir", "n", "mean", "median", "p99", "rounds\47 means"
			for (i = 1; i <= n_keys; i++) {
				k = order[i]; r = rounds[k]; split(k, part, FS)
				printf "%-10s %-6s %-4s %7d %9.2f %9.2f %9.2f   %.1f to %.1f\n", part[1], part[2], part[3], n[k], mean[k] / r, median[k] / r, p99[k] / r, low[k], high[k]
			}
		}'
}

# inside: what the testbed runs: each method in two rounds, the second in reverse order.
inside() {
	local -A options=([both]=--pcap [ebpf]='' [nostats]=--no-bpf-stats [pcap]='--no-ebpf --pcap' [wakeup]=--wakeup)
	local order=(both ebpf nostats pcap wakeup) round i
	for ((i = 0; i < 10; i++)); do
		round=$((i / 5))
		# shellcheck disable=SC2086 # options are words
		capture_run "${order[round ? 9 - i : i]}.$round" ${options[${order[round ? 9 - i : i]}]}
	done
	echo
	echo "latency between NIC and vport in us at $rate requests/s over $TESTBED_OVERLAY; averages of two rounds of $seconds s a method"
	for i in "${order[@]}"; do
		read_run "$i.0"
		read_run "$i.1"
	done | average
	echo 'to be compared: ebpf with pcap (the method adds the difference), both with either; wakeup with ebpf: waking the reader'
	echo 'at every record lies in the measured path (prototypes: +8 us a record), so without --wakeup it must not show; what is left is the'
	echo 'program that comes from memory at so low a rate: see the cold runs of bench_bpf'
}

if [[ ${1-} == --inside ]]; then
	build=$2 out=$3 seconds=$4 rate=$5
	inside
	exit 0
fi
(($# >= 1 && $# <= 4)) || { usage >&2; exit 2; }
((EUID == 0)) || { echo 'bench_live: skipped: needs root'; exit 0; }
for program in nginx h2load jq ip; do
	command -v "$program" >/dev/null || { echo "bench_live: skipped: $program is missing"; exit 0; }
done
out=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-bench.XXXXXX")
trap 'rm -rf -- "$out"' EXIT
export TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$1/ipip.bpf.o}
"$testbed/testbed.sh" --overlay "${4-vxlan}" -- "${BASH_SOURCE[0]}" --inside "$(realpath -- "$1")" "$out" "$((${2-14} / 2))" "${3-80}"
