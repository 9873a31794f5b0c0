#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Writes files to begin fuzzing with: OUT_DIR/fuzz_pcap, OUT_DIR/fuzz_recfile, OUT_DIR/fuzz_load_log and, if
# BUILD_DIR/tests/kernel_host is there, OUT_DIR/fuzz_frame. More captures: those of tests/diff/foreign/run.py, which it
# keeps if asked to.
# Usage: tests/fuzz/seeds.sh OUT_DIR [BUILD_DIR]
set -euo pipefail
export LC_ALL=C

top=$(readlink -f "$(dirname "$0")/../..")
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: tests/fuzz/seeds.sh OUT_DIR [BUILD_DIR]" >&2
    exit 2
fi
if [ -x "${2:-}/tests/kernel_host" ]; then
    mkdir -p "$1/fuzz_frame"
    "$2/tests/kernel_host" --seeds "$1/fuzz_frame"
fi
mkdir -p "$1/fuzz_pcap" "$1/fuzz_recfile" "$1/fuzz_load_log"
pcap=$(readlink -f "$1/fuzz_pcap")
recfile=$(readlink -f "$1/fuzz_recfile")
load_log=$(readlink -f "$1/fuzz_load_log")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files"
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$top" "$top/tests/golden/inputs.c" "$top"/lib/*.c -lzstd -lxxhash -lnghttp2 -o "$work/inputs"
"$work/inputs" "$work/files"
cd "$work/files"

# link_type FILE TYPE: a pcap's header with another link type.
link_type() {
    head -c 20 "$1"
    printf '%b' "\\x$(printf %02x "$2")\\x00\\x00\\x00"
    tail -c +25 "$1"
}

# pcapng: section header, an interface of nanoseconds, and one packet of three bytes.
pcapng() {
    printf '\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0'
    printf '\x01\0\0\0\x20\0\0\0\x01\0\0\0\0\0\4\0\x09\0\x01\0\x09\0\0\0\0\0\0\0\x20\0\0\0'
    printf '\x06\0\0\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x03\0\0\0abc\0\x24\0\0\0'
}

for name in packets/nic packets/vport short/nic; do
    file=$pcap/${name/\//-}
    cp "$name.pcap" "$file.pcap"
    gzip -nc "$name.pcap" > "$file.gz"
    zstd -qc "$name.pcap" > "$file.zst"
    head -c 500 "$name.pcap" > "$file-cut.pcap"
    for type in 0 12 101 108 113 228 229; do link_type "$name.pcap" $type > "$file-$type.pcap"; done
    link_type "$name.pcap" 20 | sed 's/\x14\x00\x00\x00/\x14\x01\x00\x00/' > "$file-276.pcap" # LINUX_SLL2
done
pcapng > "$pcap/one.pcapng"
cp text.pcap "$pcap"

cp records/*.zst damaged/*.zst ./*.zst "$recfile"
columns='\x02\x00\x00\x00\x02\x00\x01\x00\x09\x00\x04\x01\x08\x00\x00\x00\x12\x00\x02\x00\x02\x00\x00\x00'
columns+='\x14\x01\x00\x00\x00\x00\x00\x00\x34\x12'
printf '%b' "C\\x02$columns" > "$recfile/columns"
fields=$(printf '\\x00%.0s' {1..64})
printf '%b' "M\\x02\\x02\\x30\\x00\\x22\\x00${fields:0:192}$columns\\x03\\x00\\x30\\x00\\x00\\x00${fields:0:192}" \
    > "$recfile/marks"
printf '%b' "M\\x02\\x02\\x30\\x01\\x22\\x00${fields}$columns\\x04\\x00\\x01\\x00\\x00\\x00\\x00" > "$recfile/kinds"

for file in "$top"/tests/golden/load_logs/load.*; do
    name=${file##*/load.}
    cp "$file" "$load_log/$name"
    head -c 300 "$file" > "$load_log/$name-cut"
    gzip -nc "$file" > "$load_log/$name.gz"
    zstd -qc "$file" > "$load_log/$name.zst"
done
cp "$top/tests/golden/load_logs/conditions.json" "$load_log"
