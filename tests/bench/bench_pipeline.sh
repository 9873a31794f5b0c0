#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Times ingest and analyze as whole processes: 2 x ROWS rows of record files, and packet captures; against a bare insert of
# the same rows, and tshark.
set -euo pipefail

rows=1000000
packets=200000
rounds=5

# usage: prints the synopsis to stdout.
usage() {
	echo "usage: bench_pipeline.sh BUILD_DIR BENCH_DIR [ROWS [PACKETS [ROUNDS]]]"
	echo "BENCH_DIR holds make_run and bare_insert, as run.sh builds them."
}

# seconds COMMAND...: runs it, prints how long it took; its words go to $dir/said.
seconds() {
	local start=$EPOCHREALTIME end
	"$@" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; exit 1; }
	end=$EPOCHREALTIME
	awk -v a="$start" -v b="$end" 'BEGIN { printf "%.6f\n", b - a }'
}

# note NAME SECONDS: keeps a time.
note() {
	echo "$2" >>"$dir/times.$1"
}

# median NAME: of its times.
median() {
	sort -g "$dir/times.$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# ratio NAME NAME: the median of their quotients, each taken within a round.
ratio() {
	paste "$dir/times.$1" "$dir/times.$2" | awk '{ print $1 / $2 }' | sort -g |
		awk '{ v[NR] = $1 } END { printf "%.2f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# fresh DIR: no database, no reports.
fresh() {
	rm -rf "$1"/run.db* "$1"/reports
}

# per_second N NAME: millions of N a second.
per_second() {
	awk -v n="$1" -v s="$(median "$2")" 'BEGIN { printf "%.2f M/s", n / s / 1e6 }'
}

# line NAME RATE TEXT
line() {
	printf '%-34s %10.3f s  %12s  %s\n' "$1" "$(median "$2")" "$3" "$4"
}

measure_records() {
	fresh "$dir/run"
	rm -f "$dir"/bare.db*
	note bare "$("$bench/bare_insert" "$dir/bare.db" "$dir/run/nic.rec.zst" "$dir/run/vport.rec.zst")"
	note ingest "$(seconds "$build/bin/ingest" --dir "$dir/run" --quiet)"
	note analyze "$(seconds "$build/bin/analyze" cdf --dir "$dir/run" --no-figure --out "$dir/out")"
	note json "$(seconds "$build/bin/analyze" cdf --dir "$dir/run" --no-figure --format json --out "$dir/out")"
	note again "$(seconds "$build/bin/ingest" --dir "$dir/run" --quiet)"
}

measure_pcap() {
	local share
	for share in 5 1; do
		fresh "$dir/pcap$share"
		note "pcap$share" "$(seconds "$build/bin/ingest" --dir "$dir/pcap$share" --quiet)"
	done
}

# measure_tshark: what one would type today.
measure_tshark() {
	note tshark "$(seconds tshark -r "$dir/pcap5/nic.pcap" -d udp.port==4789,vxlan -Y http.request -T fields \
		-e frame.time_epoch -e tcp.seq_raw -e http.request.line)"
}

(($# >= 2 && $# <= 5)) || { usage >&2; exit 2; }
build=$1 bench=$2 rows=${3-$rows} packets=${4-$packets} rounds=${5-$rounds}
dir=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-bench.XXXXXX")
trap 'rm -rf -- "$dir"' EXIT
mkdir "$dir/run" "$dir/pcap5" "$dir/pcap1"
"$bench/make_run" records "$dir/run" "$rows"
"$bench/make_run" pcap "$dir/pcap5/nic.pcap" "$packets" 5
"$bench/make_run" pcap "$dir/pcap1/nic.pcap" "$packets" 1

for ((round = 0; round < rounds; round++)); do
	measure_records
	measure_pcap
done
if command -v tshark >/dev/null; then measure_tshark; fi

echo
echo "2 x $rows rows; $packets packets; whole processes; medians of $rounds rounds"
line 'bare insert of the same rows' bare "$(per_second $((2 * rows)) bare)" ''
line 'ingest, record files' ingest "$(per_second $((2 * rows)) ingest)" "$(ratio ingest bare) x the bare insert"
line 'ingest again (nothing to do)' again "" ''
line 'analyze cdf, 2 points' analyze "" ''
line 'analyze cdf --format json' json "" ''
line 'ingest, pcap, 1 in 5 a request' pcap5 "$(per_second "$packets" pcap5)" ''
line 'ingest, pcap, all requests' pcap1 "$(per_second "$packets" pcap1)" ''
if [[ -e $dir/times.tshark ]]; then
	line 'tshark -T fields, 1 in 5' tshark "$(per_second "$packets" tshark)" \
		"$(awk -v t="$(median tshark)" -v w="$(median pcap5)" 'BEGIN { printf "%.0f", t / w }') x ingest's time"
else
	echo 'tshark: skipped: not installed'
fi
echo 'database bytes/row: '"$(($(stat -c %s "$dir/run/run.db") / (2 * rows)))"
echo 'targets: ingest >= 2 M rows/s and <= 1.2 x the bare insert; pcap >= 2 M packets/s and >= 80 x tshark; analyze <= 0.5 s for 2 x 1 M'
