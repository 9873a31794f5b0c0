#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What `analyze trace`, `topology` and `export` say of a small campaign of two nodes, compared with expected/*.txt; the same
# with names that a terminal, XML, JSON, CSV or a shell would take for something else; and the independent judge. Needs no root.
# Usage: tests/journey/run.sh [--update] BIN_DIR     --update: keep what is said as what is expected
set -uo pipefail

usage() {
    echo "usage: tests/journey/run.sh [--update] BIN_DIR"
    echo "Ends with 'N passed, N failed'; exit status 0 all passed, 1 something failed, 2 wrong usage."
}

here=$(readlink -f "$(dirname "$0")")
update=
if [ "${1:-}" = --help ]; then
    usage
    exit 0
fi
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    usage >&2
    exit 2
fi
bin=$(readlink -f "$1")
PATH=$bin:$PATH
export LC_ALL=C COLUMNS=100
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/said"
cd "$work" || exit 1
n_passed=0
n_failed=0

# verdict STATUS NAME: counts a check.
verdict() {
    if [ "$1" -eq 0 ]; then
        n_passed=$((n_passed + 1))
    else
        echo "FAILED: $2"
        n_failed=$((n_failed + 1))
    fi
}

# compare NAME: what was said, with what is expected.
compare() {
    if [ -n "$update" ]; then cp "said/$1.txt" "$here/expected/$1.txt"; fi
    diff -u --label "expected: $1" --label "said: $1" "$here/expected/$1.txt" "said/$1.txt"
    verdict $? "$1"
}

# say ARGUMENT...: runs analyze, and writes down all that there is to see of it.
say() {
    local status
    echo "\$ analyze $*"
    timeout 60 analyze "$@" > out 2> err < /dev/null
    status=$?
    # the version changes with releases
    sed 's/"scope":{"name":"wirespan","version":"[^"]*"}/"scope":{"name":"wirespan","version":"VERSION"}/g' out
    if [ -s err ]; then
        echo "--- standard error"
        cat err
    fi
    echo "--- exit status $status"
}

# try NAME LINE...: one file for what analyze says to each line of arguments.
try() {
    local name=$1 line words
    shift
    for line in "$@"; do
        read -ra words <<< "$line"
        say "${words[@]}"
    done > "said/$name.txt"
    compare "$name"
}

plain() {
    local id=4bf92f3577b34da6a3ce929d0e0e
    try trace "trace ${id}0001 --dir mesh --no-figure" "trace ${id}0005 --dir mesh --no-figure" \
        "trace ${id}0006 --dir mesh --no-figure" "trace ${id}0007 --dir mesh --no-figure" \
        "trace 0000000000000008 --dir mesh --no-figure" "trace 00000000000000000000000000000008 --dir mesh --no-figure" \
        "trace ${id}0009 --dir mesh --no-figure"
    try trace-tsv "trace ${id}0001 --dir mesh --no-figure --format tsv" \
        "trace ${id}0007 --dir mesh --no-figure --format tsv"
    try trace-json "trace ${id}0001 --dir mesh --no-figure --format json"
    try trace-refused "trace ${id}ffff --dir mesh" "trace 0 --dir mesh" "trace --dir mesh" \
        "trace ${id}0001" "trace ${id}0001 --dir no-such" "trace ${id}0001 --dir mesh --source ebpf" \
        "trace ${id}0001 --dir mesh --align sundial" "trace ${id}0001 --dir mesh --format otlp"
    try topology "topology --dir mesh --no-figure" "topology --dir mesh --no-figure --format tsv" \
        "topology --dir mesh --no-figure --format json" "topology --dir mesh --no-figure --source ebpf" "topology --dir no-such"
    try export "export --dir mesh --format csv" "export --dir mesh --format jsonl" "export --dir mesh --format otlp" \
        "export --dir mesh --format table" \
        "export --dir mesh --out no-such/dir/file" "export --dir mesh --source ebpf"
    COLUMNS=60 LC_ALL=C.UTF-8 analyze trace "${id}0001" --dir mesh --no-figure > said/trace-utf8.txt
    compare trace-utf8
    [ "$(head -20 said/trace-utf8.txt | sed -n '/^call/,/^$/p' | LC_ALL=C.UTF-8 awk '{ print length }' | sort -n | tail -1)" -ge 50 ]
    verdict $? "a waterfall in 60 columns"
}

# Aligned times are true within their bound, and every number that the clocks have a part in carries one.
aligned() {
    local id=4bf92f3577b34da6a3ce929d0e0e0001
    analyze export --dir mesh --format jsonl > raw.jsonl 2> /dev/null
    analyze export --dir mesh --format jsonl --align packets > aligned.jsonl 2> err
    verdict $? "export --align packets"
    [ ! -s err ]
    verdict $? "nothing is left out of an aligned export"
    "$here/aligned.py" raw.jsonl aligned.jsonl
    verdict $? "aligned times are true within their bound"
    analyze trace $id --dir mesh --no-figure --align packets --format json | jq -e '.align == "packets" and
        ([.packets[] | select(.node == "node2")] | length == 4 and all(.placed == "aligned" and .bound_ns > 0)) and
        ([.calls[].intervals[] | select(.kind == "underlay")] | length == 2 and all(.bound_ns > 0))' > /dev/null
    verdict $? "bounds in a trace"
    analyze trace $id --dir mesh --no-figure --align packets |
        grep -q 'clocks are aligned: .* give or take [0-9.]*[1-9][0-9.]* us at most'
    verdict $? "a table says that clocks are aligned, and how well"
}

# Files: their bytes are those of standard output, figures are the same every time and well-formed.
files() {
    local id=4bf92f3577b34da6a3ce929d0e0e0001 format name
    analyze trace "$id" --dir mesh > /dev/null
    analyze topology --dir mesh > /dev/null
    cp mesh/reports/trace-$id.svg said/trace-svg.txt
    cp mesh/reports/topology.svg said/topology-svg.txt
    compare trace-svg
    compare topology-svg
    for format in tsv json; do
        analyze trace "$id" --dir mesh --no-figure --format $format | cmp - mesh/reports/trace-$id.$format
        verdict $? "trace-ID.$format is what is printed"
        analyze topology --dir mesh --no-figure --format $format | cmp - mesh/reports/topology.$format
        verdict $? "topology.$format is what is printed"
    done
    for format in otlp csv jsonl; do
        analyze export --dir mesh --format $format --out "export file" 2> /dev/null &&
            analyze export --dir mesh --format $format 2> /dev/null | cmp - "export file"
        verdict $? "export --out: $format"
    done
    mkdir elsewhere
    analyze trace "$id" --dir mesh --out elsewhere --no-figure > /dev/null
    [ "$(cd elsewhere && echo *)" = "trace-$id.json trace-$id.tsv" ]
    verdict $? "--out and --no-figure"
    for name in mesh/reports/*.svg hostile/reports/*.svg; do
        python3 -c 'import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1])
assert not d.getElementsByTagName("script") and d.documentElement.tagName == "svg"' "$name"
        verdict $? "$name is an SVG document without a script"
    done
}

hostile() {
    local id=4bf92f3577b34da6a3ce929d0e0e0001 said
    analyze trace $id --dir hostile > said/hostile.txt
    analyze topology --dir hostile >> said/hostile.txt
    compare hostile
    # control characters other than line feeds must not reach the terminal
    ! LC_ALL=C grep -q '[^[:print:]]' said/hostile.txt
    verdict $? "control characters in a table"
    for said in "trace $id" topology; do
        # shellcheck disable=SC2086 # two words
        analyze $said --dir hostile --no-figure --format json | python3 -m json.tool > /dev/null
        verdict $? "hostile names in JSON of $said"
        # shellcheck disable=SC2086
        analyze $said --dir hostile --no-figure --format tsv | awk -F '\t' '!/^#/ && NF < 3 { exit 1 }'
        verdict $? "hostile names in TSV of $said"
    done
    [ ! -e pwned ]
    verdict $? "a name was run"
}

"$here/make_mesh.py" mesh && "$here/make_mesh.py" hostile --hostile && ingest --quiet --dir mesh &&
    ingest --quiet --dir hostile || exit 1
plain
aligned
hostile
files
for campaign in mesh hostile; do
    said=$("$here/judge.py" --bin "$bin" --dir $campaign --traces 9)
    status=$?
    echo "judge of $campaign: $said"
    verdict $status "the judge of $campaign"
done
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
