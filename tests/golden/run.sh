#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What the programs say and how they end: commands, their output and exit status, compared with expected/*.txt. Commands run
# in a directory of made-up files, so that every path is short and the same everywhere. Needs no root.
# Usage: tests/golden/run.sh [--update] BIN_DIR [PART...]     --update: keep what is said as what is expected
# PART: of usage, unreadable, runs, side_by_side, responses, load_logs, campaigns, overhead, old_databases, mesh, hostile, hostile_points,
# points_that_are_separators; all of them, in this order, unless given. Most need what runs has left; load_logs and usage do not.
set -uo pipefail

here=$(readlink -f "$(dirname "$0")")
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
all_parts=(usage unreadable runs side_by_side responses load_logs campaigns overhead old_databases mesh hostile hostile_points
    points_that_are_separators)
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: tests/golden/run.sh [--update] BIN_DIR [PART...]" >&2
    exit 2
fi
PATH=$(readlink -f "$1"):$PATH
shift
for part in "$@"; do
    [[ " ${all_parts[*]} " = *" $part "* ]] || { echo "golden/run.sh: no part $part; there are: ${all_parts[*]}" >&2; exit 2; }
done
[ $# -gt 0 ] || set -- "${all_parts[@]}"
export LC_ALL=C
unset WIRESPAN_REPORTS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files" "$work/said"
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
    local expected=$here/expected/$1.txt
    if [ -n "$update" ]; then cp "$work/said/$1.txt" "$expected"; fi
    diff -u --label "expected: $1" --label "said: $1" "$expected" "$work/said/$1.txt"
    verdict $? "$1"
}

# say COMMAND...: runs it, and writes down all that there is to see of it.
say() {
    local status word
    printf '$'
    for word in "$@"; do
        if [[ $word =~ ^[][A-Za-z0-9_.,:/=+%-]+$ ]]; then printf ' %s' "$word"; else printf ' %s' "${word@Q}"; fi
    done
    echo
    timeout 60 "$@" > "$work/out" 2> "$work/err" < /dev/null
    status=$?
    cat "$work/out"
    if [ -s "$work/err" ]; then
        echo "--- standard error"
        cat "$work/err"
    fi
    echo "--- exit status $status"
}

# say_all COMMAND... [AND COMMAND...]...: the same of several.
say_all() {
    local command=() word
    for word in "$@" AND; do
        if [ "$word" != AND ]; then
            command+=("$word")
            continue
        fi
        say "${command[@]}"
        command=()
    done
}

# expect NAME COMMAND... [AND COMMAND...]...: one file for what the commands say.
expect() {
    local name=$1
    shift
    say_all "$@" > "$work/said/$name.txt"
    compare "$name"
}

# try NAME PROGRAM ARGUMENTS...: one file for what the program says to each line of arguments.
try() {
    local name=$1 program=$2 line words
    shift 2
    for line in "$@"; do
        read -ra words <<< "$line"
        say "$program" ${words[@]+"${words[@]}"}
    done > "$work/said/$name.txt"
    compare "$name"
}

${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$here/../.." "$here/inputs.c" "$here"/../../lib/*.c -lzstd -lxxhash -lnghttp2 -ljansson -lm \
    -o "$work/inputs" && "$work/inputs" "$work/files" || exit 1
cd "$work/files" || exit 1

usage() {
    try capture-help capture --help -h 'collect --help' 'plan --help' 'run --help' 'check --help' 'show --help'
    try ingest-help ingest --help
    try analyze-help analyze --help help 'cdf --help' 'pairs --help' 'ledger --help' 'detect --help' \
        'offsets --help' 'e2e --help' 'overhead --help' 'compare --help' 'report --help'
    try capture-usage capture '' nonsense --nonsense 'run -xy' 'run --dir d -xy' 'plan -xy' 'collect -xy' 'collect --quiet=1' 'check now' show 'show a b' 'show -n' 'show -n 0 two.rec.zst' \
        'show -n 1x two.rec.zst' 'show -x two.rec.zst'
    try capture-plan-usage capture plan 'plan --dir' 'plan --all' 'plan --dir d' 'plan --dir d --all x' 'plan --dir d --all --format xml' \
        'plan --dir d --all --netns n' 'plan --dir d --all --search-bytes 0' 'plan --dir d --all --context no' \
        'plan --dir d --pod' 'plan --dir no-such --all' 'run --dir d --plan no-such.json' 'run --dir d --plan two.rec.zst' \
        'run --dir d --point nic=eth0 --watch' 'run --dir d --point nic=eth0 --node n' 'run --dir d --plan p --watch 0'
    try capture-run-usage capture run 'run --dir' 'run --dir d' 'run --point nic=eth0' 'run --dir d --point nic' \
        'run --dir d --point =eth0' 'run --dir d --point nic=' 'run --dir d --point ../nic=eth0' \
        'run --dir d --point -nic=eth0' 'run --dir d --point nic=interface-name-too-long' \
        'run --dir d --point nic=a --point nic=b' 'run --nonsense' 'run --dir d --point nic=a stray' \
        'run --dir d --point nic=a --search-bytes 0' 'run --dir d --point nic=a --search-bytes 16385' \
        'run --dir d --point nic=a --search-bytes 5x' 'run --dir d --point nic=a --search-bytes -1' \
        'run --dir d --point nic=a --vxlan-port 0' 'run --dir d --point nic=a --vxlan-port 1,2,3,4,5,6,7,8,9' \
        'run --dir d --point nic=a --vxlan-port 4789,' 'run --dir d --point nic=a --duration 0' \
        'run --dir d --point nic=a --duration nan' 'run --dir d --point nic=a --duration 1e99' \
        'run --dir d --point nic=a --ring-buffer 3' 'run --dir d --point nic=a --level 20' \
        'run --dir d --point nic=a --cpu -1' 'run --dir d --point nic=a --snaplen 300000' \
        'run --dir d --point nic=a --no-ebpf' 'run --dir d --point nic=a --hook xdp' 'run --dir d --point nic=a --filter host=x' \
        'run --dir d --point nic=a --overhead' 'run --dir d --point nic=a --overhead=-1 -- load {}' \
        'run --dir d --point nic=a --overhead=9999 -- load {}' 'run --dir d --point nic=a --overhead 5 -- load' \
        'run --dir d --point nic=a --overhead --pcap -- load {}' 'run --dir d --point nic=a --overhead --duration 1 -- load {}' \
        'run --dir d --point nic=a --overhead --treatments ebpf,no -- load {}' 'run --dir d --point nic=a --overhead --seed x -- load {}' \
        'run --dir d --point nic=a --seed 1' 'run --dir d --point nic=a --treatments none' \
        'run --dir d --point nic=a --filter saddr=10.0.0.0/33' 'run --dir d --point nic=a --filter port=1,port=2'
    try ingest-usage ingest '' --dir '--dir a b' --nonsense '--dir packets --pcap nic' '--dir packets --pcap =f' \
        '--dir packets --pcap nic=' '--dir packets --vxlan-port 0' '--dir packets --vxlan-port 4789,' \
        '--dir packets --vxlan-port 65536' '--dir packets --vxlan-port 1,2,3,4,5,6,7,8,9' '--dir packets --quiet=1' \
        '--dir packets --jobs 0' '--dir packets --jobs -1' '--dir packets --jobs 2x' '--dir packets --jobs 1025' \
        '--dir packets --jobs' -xy '--dir packets -xy' --quiet=1
    try analyze-usage analyze '' nonsense --nonsense 'cdf -xy' 'cdf --dir packets -xy' 'cdf stray -xy' 'cdf --term=1' cdf 'cdf --dir' 'cdf --dir packets stray' 'cdf --nonsense' \
        'cdf --dir packets --format xml' 'cdf --dir packets --source wire' 'pairs --dir packets --term' \
        'cdf --dir packets --unmatched' 'cdf --dir packets --term --format json' 'ledger --dir packets --search-bytes 1' \
        'detect --dir packets --search-bytes 0' 'detect --dir packets --search-bytes 1,' \
        'detect --dir packets --search-bytes 5:1:1' 'detect --dir packets --search-bytes 1:5:0' \
        'detect --dir packets --search-bytes 1:4000000000:1' 'detect --dir packets --search-bytes 99999999999' \
        'e2e' 'e2e --dir packets --search-bytes 5' 'compare' 'compare packets' 'compare packets packets packets' \
        'report' 'report --dir packets --published' 'report --dir packets --term' \
        'offsets' 'offsets --dir packets --search-bytes 5' 'offsets --dir packets --by' 'offsets --dir packets --by host' \
        'offsets --dir packets --by hop,' 'detect --dir packets --by hop,,family' 'cdf --dir packets --by hop' \
        'ledger --dir packets --family b3' 'e2e --dir packets --family b3'
    expect empty-arguments ingest --dir '' AND analyze cdf --dir '' AND analyze cdf --dir packets --out '' AND \
        analyze cdf --dir packets --format '' AND capture show '' AND capture run --dir '' --point ''
}

unreadable() {
    ln -s nowhere dangling.rec.zst
    mkdir directory.rec.zst not-a-database damaged-pcap dangling directory.pcap
    mkdir directory.pcap/nic.pcap
    ln -s nowhere dangling/nic.pcap
    echo 'not a database, and longer than the name of one: SQLite looks at sixteen bytes' > not-a-database/run.db
    cp packets/nic.pcap not-a-database
    head -c 300 packets/nic.pcap > damaged-pcap/nic.pcap
    try capture-show-unreadable capture 'show no-such.rec.zst' 'show dangling.rec.zst' 'show directory.rec.zst' \
        'show garbage.rec.zst' 'show nothing.rec.zst' 'show text.pcap' 'show packets/nic.pcap'
    try ingest-unreadable ingest '--dir no-such' '--dir two.rec.zst' '--dir empty' '--dir campaign/notes' \
        '--dir packets --pcap nic=no-such.pcap' '--dir empty --pcap nic=text.pcap' \
        '--dir dangling' '--dir directory.pcap' '--dir not-a-database' '--dir damaged-pcap'
    mkdir garbage two-of-one bad-manifest
    cp garbage.rec.zst garbage/nic.rec.zst
    cp packets/nic.pcap two-of-one
    cp packets/nic.pcap two-of-one/nic.cap
    cp packets/*.pcap bad-manifest
    echo '{"points": [' > bad-manifest/run.json
    try ingest-garbage ingest '--dir garbage' '--dir two-of-one' '--dir bad-manifest'
    mkdir no-run-db other-db
    : > other-db/run.db
    try analyze-unreadable analyze 'cdf --dir no-such' 'cdf --dir no-run-db' 'cdf --dir not-a-database' \
        'cdf --dir other-db' 'ledger --dir two.rec.zst' 'pairs --dir garbage' 'ledger --dir empty'
}

runs() {
    try capture-show capture 'show records/nic.rec.zst' 'show -n 2 records/vport.rec.zst' 'show damaged/cut.rec.zst' \
        'show damaged/corrupt.rec.zst' 'show unfinished/nic.rec.zst.part'
    try ingest ingest '--dir packets' '--dir packets' '--dir packets/' '--dir records --quiet' '--dir records' \
        '--dir damaged' '--dir unfinished' '--dir short' '--dir campaign' '--dir campaign'
    try analyze-pairs analyze 'pairs --dir packets --format tsv' 'pairs --dir records --format tsv' \
        'pairs --dir packets --unmatched --format tsv' 'pairs --dir packets --format json' 'pairs --dir packets'
    try analyze-ledger analyze 'ledger --dir packets --format tsv' 'ledger --dir records --format tsv' \
        'ledger --dir short --format tsv' 'ledger --dir damaged --format tsv' 'ledger --dir packets --format json'
    try analyze-detect analyze 'detect --dir packets --no-figure --format tsv --search-bytes 50:150:25,1000' \
        'detect --dir records --no-figure --format tsv --search-bytes 104,105' \
        'detect --dir short --no-figure --format tsv --search-bytes 100'
    try analyze-detect-groups analyze 'detect --dir packets --no-figure --search-bytes 100 --by hop,family,format' \
        'detect --dir packets --no-figure --search-bytes 100 --format json --source pcap --by format' \
        'detect --dir records --no-figure --search-bytes 105 --by format' \
        'detect --dir packets --no-figure --search-bytes 100 --family b3' \
        'detect --dir packets --no-figure --search-bytes 100 --family x-request-id'
    try analyze-offsets analyze 'offsets --dir packets --no-figure' 'offsets --dir packets --no-figure --format tsv' \
        'offsets --dir packets --no-figure --format json --family b3 --by hop' 'offsets --dir records --no-figure --by hop,format' \
        'offsets --dir short --no-figure' 'offsets --dir campaign --no-figure' 'offsets --dir packets --family nonsense'
    try analyze-family analyze 'pairs --dir packets --family b3 --format tsv' \
        'pairs --dir packets --family w3c --unmatched --format tsv' 'cdf --dir packets --family b3 --no-figure --format tsv' \
        'pairs --dir packets --family nonsense'
    # at one point the upper half of Datadog's trace ids, in a header of its own, was not seen
    cp -r packets datadog
    sqlite3 datadog/run.db "UPDATE request SET family = 5, families = 1 << 5, trace_id = iif(file_id IN (SELECT file_id FROM file
        JOIN point USING (point_id) WHERE name = 'nic'), substr(trace_id, -8), trace_id) WHERE reason = 16"
    try analyze-datadog analyze 'pairs --dir datadog --format tsv'
    try analyze-cdf analyze 'cdf --dir packets --no-figure --format tsv' 'cdf --dir records --no-figure --format tsv' \
        'cdf --dir packets --no-figure --format json' 'cdf --dir short --no-figure --format tsv' \
        'cdf --dir packets --source ebpf --no-figure --format tsv'
    try other-source analyze 'pairs --dir packets --source ebpf --format tsv' 'ledger --dir records --source pcap'
}

# Responses: of a record file, of captures, gone with the file that they came from; and records of versions that had none.
responses() {
    local rows files
    rows='SELECT source, r.ts_ns, r.seq, r.ack, r.direction, r.payload_len, r.status, hex(saddr), sport, dport, encap, vni '
    rows+='FROM response r JOIN flow USING (flow_id) JOIN file ON file.file_id = r.file_id ORDER BY response_id'
    files='SELECT path, n_requests, n_contexts, n_responses, (SELECT count(*) FROM request WHERE request.file_id = file.file_id), '
    files+='(SELECT count(*) FROM response WHERE response.file_id = file.file_id) FROM file ORDER BY path'
    expect responses capture show answers/nic.rec.zst AND ingest --dir answers AND sqlite3 answers/run.db "$rows" AND \
        sqlite3 answers/run.db "$files" AND sqlite3 packets/run.db "$rows" AND sqlite3 short/run.db "$rows"
    cp records/nic.rec.zst answers
    expect responses-replaced ingest --dir answers AND sqlite3 answers/run.db "$files" AND \
        sqlite3 answers/run.db 'SELECT count(*) FROM response' AND sqlite3 answers/run.db 'SELECT count(*) FROM flow WHERE sport = 9080'
    mkdir old
    cp "$here/version1.rec.zst" old/nic.rec.zst
    cp "$here/version2.rec.zst" old/vport.rec.zst
    expect old-records capture show old/vport.rec.zst AND ingest --dir old AND sqlite3 old/run.db "$files" AND \
        sqlite3 old/run.db 'SELECT file_id, seq, reason, family, families, http_version, n_segments, hex(trace_id), flags FROM request'
}

# Databases that programs of older versions made of the captures in packets/ and of records of their own; of version 2 on with
# a load log, of version 4 with names. analyze reads them as it reads today's, ingest leaves them alone.
old_databases() {
    local version
    for version in 1 2 3 4; do
        mkdir "database$version"
        zstd -dqo "database$version/run.db" "$here/databases/version$version.db.zst"
        try "old-database$version" analyze "ledger --dir database$version --format tsv" "pairs --dir database$version --format tsv" \
            "cdf --dir database$version --no-figure --format tsv" "offsets --dir database$version --no-figure" \
            "detect --dir database$version --no-figure --format tsv --search-bytes 50,100,105,1000" \
            "e2e --dir database$version --no-figure" "topology --dir database$version --no-figure" \
            "compare database$version:source=pcap packets:source=pcap --format tsv"
        diff <(analyze pairs --dir packets --format tsv) \
            <(analyze pairs --dir "database$version" --source pcap --format tsv | cut -f 1-16) # without names
        verdict $? "version $version: other pairs than today's of the same captures"
    done
    cp packets/nic.pcap database1
    cp packets/nic.pcap database3
    WIRESPAN_REPORTS=$here/../../reports expect old-databases ingest --dir database1 AND ingest --dir database3 AND analyze report --dir database2 --no-figure
    # a table of trials without its last column, as for half an hour in version 4
    cp -r toll old-toll
    sqlite3 old-toll/run.db 'ALTER TABLE overhead_trial DROP COLUMN n_irq_work'
    say_all analyze overhead --dir old-toll > "$work/said/old-toll.txt"
    cp "$here/overhead.json" old-toll
    sqlite3 old-toll/run.db 'DELETE FROM overhead_file'
    say_all ingest --dir old-toll AND sqlite3 old-toll/run.db 'SELECT sum(n_irq_work) FROM overhead_trial' >> "$work/said/old-toll.txt"
    compare old-toll
}

# setting DIR FILE... KEY=VALUE...: a run directory made of files, and its conditions.
setting() {
    local dir=$1 word
    shift
    mkdir -p "$dir"
    for word in "$@"; do
        case $word in
        *=*) printf '%s\n' "${word%%=*}" "${word#*=}" ;;
        *) if [ -f "$word" ]; then cp "$word" "$dir"; fi ;;
        esac
    done | jq -Rn '[inputs] | _nwise(2) | {(.[0]): .[1]}' | jq -s 'add' > "$dir/conditions.json"
}

# Runs under conditions: what is told of them together, and one against the other.
campaigns() {
    local pcaps=(packets/nic.pcap packets/vport.pcap) records=(records/nic.rec.zst records/vport.rec.zst)
    local -x WIRESPAN_REPORTS=$here/../../reports
    local load=$here/load_logs/load.h2load
    setting lab/none "$load" overlay=vxlan headers=proposed rate_per_s=80 attached=none campaign=lab
    setting lab/original "$load" overlay=vxlan headers=original rate_per_s=80 attached=none campaign=lab
    setting lab/pcap "$load" "${pcaps[@]}" overlay=vxlan headers=proposed rate_per_s=80 attached=pcap
    setting lab/pcap.r2 "${pcaps[@]}" overlay=vxlan headers=proposed rate_per_s=80 attached=pcap round=2
    setting lab/ebpf "${records[@]}" overlay=vxlan headers=proposed rate_per_s=80 attached=ebpf
    setting lab/sweep "${records[@]}" overlay=vxlan headers=proposed rate_per_s=80 attached=sweep purpose=detection \
        search_bytes=16384
    setting lab/short short/* overlay=vxlan headers=proposed rate_per_s=80 attached=sweep purpose=detection \
        search_bytes=100 beside=sweep
    # shellcheck disable=SC2016 # hostile, and to stay as it is
    setting lab/odd "${pcaps[@]}" 'overlay=<script>|`x`' 'headers=$(touch pwned)' 'note=a "b" \c # d'
    mkdir lab/unloaded published-badly
    ingest --quiet --dir lab 2> /dev/null
    cp lab/none/conditions.json lab/unloaded
    try analyze-campaign analyze 'cdf --dir lab --no-figure' 'cdf --dir lab --no-figure --format tsv' \
        'cdf --dir lab --no-figure --format json --source ebpf' 'e2e --dir lab --no-figure' \
        'e2e --dir lab --no-figure --format tsv' 'e2e --dir lab --no-figure --format json' 'e2e --dir lab/none --no-figure' \
        'e2e --dir packets' 'detect --dir lab --no-figure' 'detect --dir lab --no-figure --format tsv --search-bytes 100' \
        'offsets --dir lab --no-figure --by family,format' \
        'ledger --dir lab' 'ledger --dir lab --format tsv' 'ledger --dir lab --format json' 'pairs --dir lab'
    rm -r lab/unloaded
    try analyze-compare analyze 'compare lab:attached=pcap lab:attached=ebpf' 'compare lab/pcap lab/pcap.r2' \
        'compare --dir lab headers=original,attached=none headers=proposed,attached=none' \
        'compare --dir lab attached=pcap attached=pcap --format tsv' \
        'compare --dir lab attached=pcap attached=pcap --format json' 'compare --dir lab attached=all attached=pcap' \
        'compare no-such lab' 'compare lab:attached lab' 'compare lab:=x lab' 'compare lab: lab' 'compare attached=pcap lab' \
        'compare lab/none lab/ebpf' 'compare lab:source=wire lab' 'compare lab/pcap:source=pcap lab/pcap:source=ebpf'
    printf '# nothing\na\tb\n' > published-badly/published.tsv
    try analyze-report-refused analyze 'report --dir no-such' 'report --dir lab --published no-such' \
        'report --dir lab --published published-badly' 'report --dir lab --out no-such/dir'
    cp -r "$here/published" published
    # With figures if there is a gnuplot; then without, for its bytes.
    analyze report --dir lab > /dev/null 2>&1
    expect analyze-report analyze report --dir lab --no-figure --published published AND cat lab/reports/report.md
    expect analyze-report-run analyze report --dir lab/pcap --no-figure AND cat lab/pcap/reports/report.md
    grep -q '<script' lab/reports/report.html
    verdict $((! $?)) "a report with a script in it"
    [ ! -e pwned ]
    verdict $? "a condition was run"
}

# Two nodes with three vports, in one run and in one run a node: without names of a cluster, then with them, from a table of
# owners (one run) and from a snapshot (one run a node).
mesh() {
    local by
    local -x WIRESPAN_REPORTS=$here/../../reports
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$here/../.." "$here/mesh.c" "$here"/../../lib/*.c -lzstd -lxxhash -lnghttp2 -ljansson -lm \
        -o "$work/mesh" && "$work/mesh" . || exit 1
    ingest --quiet --dir mesh
    ingest --quiet --dir nodes
    try mesh-unnamed analyze 'ledger --dir mesh --format tsv' 'pairs --dir mesh --format tsv' 'cdf --dir mesh --no-figure' \
        'cdf --dir mesh --no-figure --by edge,node' 'cdf --dir nodes --no-figure --by pod'
    sqlite3 mesh/run.db < "$here/owners.sql"
    cp -r "$here/cluster" nodes
    expect mesh-ingest ingest --dir nodes AND sqlite3 nodes/node1/run.db \
        'SELECT hex(address), kind, namespace, name, service, workload, node, from_ns, until_ns FROM owner ORDER BY 1, 2'
    try mesh-pairs analyze 'pairs --dir mesh --format tsv' 'pairs --dir nodes/node2 --format json' 'pairs --dir nodes/node1' \
        'pairs --dir mesh --unmatched --format tsv' 'pairs --dir nodes/node1 --unmatched --format json' \
        'pairs --dir mesh --unmatched'
    try mesh-cdf analyze 'cdf --dir mesh --no-figure' 'cdf --dir mesh --no-figure --format tsv' \
        'cdf --dir mesh --no-figure --by edge,node' 'cdf --dir mesh --no-figure --by pod,service --format tsv' \
        'cdf --dir mesh --no-figure --by edge --format json' 'cdf --dir nodes --no-figure --by edge' \
        'cdf --dir nodes --no-figure --by node,pod --format tsv' 'cdf --dir nodes --no-figure --by service --format json' \
        'cdf --dir packets --no-figure --by service' 'cdf --dir mesh --no-figure --by edge,hop' 'offsets --dir mesh --by edge'
    try mesh-ledger analyze 'ledger --dir mesh' 'ledger --dir mesh --format json' 'ledger --dir nodes/node1 --format tsv' \
        'ledger --dir nodes'
    try mesh-detect analyze 'detect --dir mesh --no-figure --search-bytes 105 --by edge,family' \
        'detect --dir mesh --no-figure --search-bytes 105 --by node,pod,service --format tsv' \
        'detect --dir nodes --no-figure --search-bytes 105 --by edge,hop --format json'
    expect mesh-report analyze report --dir nodes --no-figure AND cat nodes/reports/report.md
    # figures, too, if there is a gnuplot
    for by in edge pod,service,node; do analyze cdf --dir mesh --by "$by" > /dev/null 2>&1; done
    analyze report --dir mesh > /dev/null 2>&1
    if grep -q '<b>' mesh/reports/report.html; then false; fi
    verdict $? "a name is markup in the report"
}

# Names that a shell, SQLite, gnuplot, printf or a terminal would take for something else.
# shellcheck disable=SC2016 # they are to stay as they are
hostile_names=('a b' "it's" 'q"uote' $'new\nline' ';rm -rf packets' '$(touch pwned)' '`touch pwned`' '-rf' '--help'
    'file:x?mode=memory' '%s%n%s' '*' 'a#b' '100%25' $'not\xff\xfeutf8')

hostile() {
    local name
    mkdir hostile
    for name in "${hostile_names[@]}"; do
        mkdir "hostile/$name"
        cp packets/*.pcap "hostile/$name"
        say_all ingest --dir "hostile/$name" AND analyze cdf --dir "hostile/$name" --no-figure --format tsv AND \
            analyze pairs --dir "hostile/$name" --source ebpf --format tsv
        analyze cdf --dir "hostile/$name" > /dev/null 2>&1 # figures, too, if there is a gnuplot
    done > "$work/said/hostile-names.txt"
    compare hostile-names
    cd hostile || exit 1
    expect hostile-options ingest --dir -rf AND ingest --dir --help AND ingest --dir=--help AND \
        analyze pairs --dir -rf --format tsv AND capture show -rf AND capture show -- --help
    cd ..
    for name in "${hostile_names[@]}"; do
        [ -f "hostile/$name/run.db" ] && [ -d packets ] && [ -f two.rec.zst ]
        verdict $? "hostile: $name is not as it was"
    done
}

# The same as names of points, which come out again in every format.
hostile_points() {
    local options=() name
    mkdir points
    # shellcheck disable=SC2016 # likewise
    for name in "a'; DROP TABLE file;--" '$(touch pwned)' '`touch pwned`' 'q"u\o' $'not\xff\xfeutf8' nic; do
        options+=(--pcap "$name=packets/nic.pcap")
    done
    options+=(--pcap 'vport=packets/vport.pcap')
    expect hostile-points ingest --dir points "${options[@]}" AND analyze ledger --dir points --format tsv AND \
        analyze detect --dir points --format tsv --no-figure --search-bytes 100 AND analyze ledger --dir points --format json
    analyze ledger --dir points --format json | jq -e '.points | length == 7' > /dev/null
    verdict $? "hostile points: seven in a JSON document"
    analyze cdf --dir points > /dev/null 2>&1
    analyze detect --dir points > /dev/null 2>&1
}

# Tab and newline end a column and a row: they must not get into a table as they are, if they get in at all.
points_that_are_separators() {
    mkdir separators
    ingest --dir separators --pcap $'tab\tnew\nline=packets/nic.pcap' > /dev/null 2>&1
    ingest --dir separators --pcap nic=packets/nic.pcap > /dev/null 2>&1
    analyze ledger --dir separators --format tsv > "$work/out" 2> /dev/null
    awk -F '\t' '!/^#/ && NF != 5 { print "row " NR ": " $0; bad = 1 } END { exit bad || NR < 10 }' "$work/out" | head -3
    verdict "${PIPESTATUS[0]}" "points that are separators: a row has not five columns"
}

# damage NAME FILE SED_SCRIPT: a run directory NAME with the log FILE, changed.
damage() {
    mkdir "$1"
    sed -e "$3" "$here/load_logs/$2" > "$1/$2"
}

# cut_off NAME FILE BYTES: the same with the log FILE, without its last bytes.
cut_off() {
    mkdir "$1"
    head -c -"$3" "$here/load_logs/$2" > "$1/$2"
}

# Logs of load generators and conditions: well-formed, packed, cut off, damaged; runs that have nothing else.
load_logs() {
    local log logs requests
    requests='SELECT name, start_ns, latency_ns, status, n_bytes_in, quote(error) FROM load_request JOIN load_log '
    requests+='USING (load_log_id) ORDER BY name, start_ns, request_no'
    logs='SELECT name, path, size_bytes, format, clock, resolution_ns, n_requests, n_unread_lines, complete FROM load_log'
    cp -r "$here/load_logs" logs
    mkdir packed packed/all packed/alone
    for log in logs/load.*; do gzip -nc "$log" > "packed/all/${log##*/}.gz"; done
    zstd -qc logs/load.k6.json > packed/alone/load.zst
    head -c 100 logs/load.h2load | gzip -nc | head -c 60 > packed/alone/load.cut.gz
    expect load-logs ingest --dir logs AND ingest --dir logs AND sqlite3 logs/run.db "$logs" AND \
        sqlite3 logs/run.db "$requests" AND sqlite3 logs/run.db 'SELECT key, value FROM condition' AND \
        ingest --dir packed AND sqlite3 packed/all/run.db 'SELECT name, path, n_requests FROM load_log'
    mkdir logs-only logs-only/run1 logs-only/run2 logs-only/run3
    echo '{}' | tee logs-only/campaign.json > logs-only/vxlan.campaign
    echo 'one' > logs-only/campaign.txt
    cp logs/load.h2load logs-only/run1
    cp logs/conditions.json logs-only/run2
    expect load-logs-only ingest --dir logs-only AND ingest --dir logs-only/run3 AND \
        sqlite3 logs-only/run2/run.db 'SELECT count(*) FROM condition'
    mkdir -p stray/cluster stray/node1 stray/node2
    cp logs/load.h2load logs/conditions.json stray
    echo '{}' > stray/plan.json
    echo '{"items":[]}' > stray/cluster/pods.json
    cp two.rec.zst stray/node1
    cp two.rec.zst stray/node2
    expect load-logs-stray ingest --dir stray AND sqlite3 stray/node2/run.db 'SELECT path, n_requests FROM file' 'SELECT path FROM snapshot' \
        AND ls stray
    cut_off cut-h2load load.h2load 2
    cut_off cut-vegeta-csv load.vegeta.csv 50
    cut_off cut-vegeta-json load.vegeta.json 5
    cut_off cut-hey load.hey.csv 1
    cut_off cut-k6-csv load.k6.csv 80
    cut_off cut-k6-json load.k6.json 200
    try load-logs-cut ingest '--dir cut-h2load' '--dir cut-vegeta-csv' '--dir cut-vegeta-json' '--dir cut-hey' \
        '--dir cut-k6-csv' '--dir cut-k6-json'
    damage columns-h2load load.h2load '2s/\t[0-9]*$//'
    damage columns-vegeta load.vegeta.csv '2s/,[^,]*$//'
    damage columns-hey load.hey.csv '3s/$/,0/'
    damage columns-k6 load.k6.csv '5s/,$//'
    damage header-hey load.hey.csv '1s/,status-code//'
    damage header-k6 load.k6.csv '1s/,status,/,state,/'
    damage number-h2load load.h2load '3s/-1/-7/'
    damage number-vegeta-csv load.vegeta.csv '2s/815000/8.15/'
    damage number-vegeta-json load.vegeta.json '2s/T09/T29/'
    damage number-hey load.hey.csv '4s/^/-/'
    damage number-k6-csv load.k6.csv '6s/1595325561/1595325561.5/'
    damage number-k6-json load.k6.json '3s/459.865729/"459.865729"/'
    damage json-vegeta load.vegeta.json '2s/^/,/'
    damage quote load.vegeta.csv '2s/Not/"Not"/'
    damage controls load.h2load $'1s/200/\x1b[31m200/'
    damage unknown load.h2load $'1s/^/\x1b]0;/'
    try load-logs-damaged ingest '--dir columns-h2load' '--dir columns-vegeta' '--dir columns-hey' '--dir columns-k6' \
        '--dir header-hey' '--dir header-k6' '--dir number-h2load' '--dir number-vegeta-csv' \
        '--dir number-vegeta-json' '--dir number-hey' '--dir number-k6-csv' '--dir number-k6-json' \
        '--dir json-vegeta' '--dir quote' '--dir controls' '--dir unknown'
    mkdir two-names two-names/load two-names/twice no-log conditions
    cp logs/load.h2load two-names/load
    gzip -nc logs/load.h2load > two-names/load/load.h2load.gz
    cp logs/load.h2load two-names/twice/load.1
    cp logs/load.h2load two-names/twice/load.2
    : > no-log/load.log
    mkdir logs-control
    cp logs/load.h2load $'logs-control/load.a\tb'
    mkdir conditions/nested conditions/list conditions/twice conditions/control conditions/no-json
    echo '{"overlay": {"name": "vxlan"}}' > conditions/nested/conditions.json
    echo '[1, 2]' > conditions/list/conditions.json
    echo '{"a": 1, "a": 2}' > conditions/twice/conditions.json
    echo '{"a": "\u001b[31m"}' > conditions/control/conditions.json
    echo 'overlay=vxlan' > conditions/no-json/conditions.json
    try load-logs-refused ingest '--dir two-names' '--dir no-log' '--dir logs-control' '--dir conditions'
}

# refused NAME FILTER: overhead.json as jq's FILTER makes it, in a run of its own.
refused() {
    mkdir -p "refused/$1"
    jq "$2" "$here/overhead.json" > "refused/$1/overhead.json"
}

# What capturing costs: loaded, told, loaded again in another's place; and documents that cannot be, each a run.
overhead() {
    local -x WIRESPAN_REPORTS=$here/../../reports
    mkdir toll refused refused/no-json refused/cut refused/nul refused/not-a-number refused/huge-number
    cp "$here/overhead.json" toll
    expect overhead ingest --dir toll AND analyze overhead --dir toll AND analyze overhead --dir toll --format tsv AND \
        analyze overhead --dir toll --format json AND analyze overhead --dir packets AND analyze report --dir toll --no-figure AND \
        sed -n '/^## What capturing costs/,/^## Accounts/p' toll/reports/report.md
    sqlite3 toll/run.db 'DROP TABLE overhead_file; DROP TABLE overhead_trial; DROP TABLE overhead_treatment'
    say_all analyze overhead --dir toll AND ingest --dir toll AND analyze overhead --dir toll > "$work/said/overhead-again.txt"
    jq 'del(.trials[] | select(.block > 1)) | .treatments[2].words = "what else"' "$here/overhead.json" > toll/overhead.json
    say_all ingest --dir toll AND analyze overhead --dir toll AND sqlite3 toll/run.db 'SELECT * FROM overhead_trial' \
        >> "$work/said/overhead-again.txt"
    compare overhead-again
    echo 'version=1' > refused/no-json/overhead.json
    head -c 700 "$here/overhead.json" > refused/cut/overhead.json
    printf '{"version": 1\0}' > refused/nul/overhead.json
    sed 's/"n_requests": 10000/"n_requests": NaN/' "$here/overhead.json" > refused/not-a-number/overhead.json
    sed 's/"n_requests": 10000/"n_requests": 99999999999999999999/' "$here/overhead.json" > refused/huge-number/overhead.json
    refused list '[.]'
    refused version '.version = 2'
    refused seed '.seed = "x"'
    refused no-trials '.trials = []'
    refused trials-text '.trials = "many"'
    refused trial-text '.trials[3] = "fast"'
    refused no-treatments '.treatments = {}'
    refused treatments-many '.treatments = [range(33) | {name: "t\(.)", words: ""}]'
    # shellcheck disable=SC2016 # hostile, and to stay as it is
    refused name '.treatments[1].name = "$(touch pwned)"'
    refused name-twice '.treatments[1].name = "none"'
    refused words '.treatments[1].words = "\u001b[31m"'
    refused words-long '.treatments[1].words = "x" * 200'
    refused treatment '.trials[2].treatment = "other"'
    refused fraction '.trials[2].duration_ns = 1.5'
    refused negative '.trials[2].busy_ns = -1'
    refused none-answered '.trials[2].n_requests = 0'
    refused far-too-many '.trials[2].n_frames = 9223372036854775807'
    refused lost-negative '.trials[2].n_lost = -1'
    refused lost-text '.trials[2].n_lost = "some"'
    refused missing 'del(.trials[4].latency_p99_ns)'
    refused block-far '.trials[4].block = 32001'
    refused twice '.trials += [.trials[0]]'
    try overhead-refused ingest '--dir refused'
}

# A campaign of runs that are large, small, damaged and refused, with a snapshot that all share: one at a time, and side by
# side.
side_by_side() {
    local n jobs=(1 2 9) run
    mkdir -p side/a side/b side/c side/d side/e side/f/g side/f/h side/node
    cp -r "$here/cluster" side
    cp packets/*.pcap records/*.rec.zst side/a
    cp damaged/* garbage.rec.zst side/b # refused
    cp short/*.* "$here/load_logs/load.h2load" side/c
    cp records/nic.rec.zst side/d
    echo '[1, 2]' > side/d/conditions.json # refused
    cp two.rec.zst damaged/*.rec.zst side/e
    cp packets/nic.pcap side/f/g
    cp packets/vport.pcap side/f/h
    cp "$here/load_logs/load.hey.csv" side/f # of no run
    find side -name 'run.db*' -delete
    for n in "${jobs[@]}"; do
        cp -r side "side-$n"
        mv side side-as-it-was
        mv "side-$n" side
        # twice: the second time, all is there
        for _ in 1 2; do
            ingest --dir side --jobs "$n" > "$work/said-$n.out" 2> "$work/said-$n.err"
            echo "$?" >> "$work/said-$n.out"
            cat "$work/said-$n.out" "$work/said-$n.err"
        done > "$work/said-$n"
        find side -name run.db | sort | while read -r run; do
            echo "$run"
            sqlite3 "$run" .dump 'PRAGMA integrity_check'
        done > "$work/dump-$n"
        mv side "side-$n"
        mv side-as-it-was side
    done
    for n in "${jobs[@]}"; do
        cmp "$work/said-1" "$work/said-$n" && cmp "$work/dump-1" "$work/dump-$n"
        verdict $? "runs side by side: $n at a time"
    done
    cp "$work/said-1" "$work/said/side-by-side.txt"
    compare side-by-side
}

for part in "$@"; do "$part"; done
[ -z "$(find "$work" -name 'pwned*')" ]
verdict $? "a name was run as a command"

echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
