#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Repeats the paper's evaluation on this machine: records the campaign on the testbed, loads it, and writes the report that
# sets the measured numbers beside the published ones. Interrupted, it goes on where it was.
set -euo pipefail

here=$(dirname "$0") # as it was called: the manifests keep the command line
bin=${BIN:-$here/../build/bin}
campaign=paper
dir=

usage() {
    cat <<'END'
Usage: datasets/reproduce.sh [--quick] [--dir DIR]

  --quick      a few seconds a cell instead of a minute: everything is there, and rough (4 minutes instead of 45)
  --dir DIR    the campaign's directory (default runs/paper, with --quick runs/paper-quick)

Needs root and a kernel that allows eBPF. What is recorded already in DIR is not recorded again.
END
}

fail_usage() {
    echo "reproduce.sh: $1" >&2
    usage >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --help) usage; exit 0 ;;
    --quick) campaign=quick; shift ;;
    --dir)
        if [ $# -lt 2 ] || [ -z "$2" ]; then fail_usage "$1 needs a value"; fi
        dir=$2
        shift 2
        ;;
    *) fail_usage "unexpected argument '$1'" ;;
    esac
done
if [ -z "$dir" ]; then
    case $campaign in
    paper) dir=runs/paper ;;
    *) dir=runs/paper-quick ;;
    esac
fi

for program in capture ingest analyze; do
    [ -x "$bin/$program" ] || { echo "reproduce.sh: $bin/$program is missing: build it (make), or set BIN" >&2; exit 1; }
done
if [ "$(id -u)" -ne 0 ]; then
    reason="recording needs root: run it again as root (sudo)"
elif reason=$("$bin/capture" check 2>&1); then
    reason=
fi
if [ -n "$reason" ]; then
    cat >&2 <<END
Sorry, the evaluation cannot be repeated on this machine as it is:
$reason
What works without: datasets/measure.sh shows the recorded run in datasets/sample/; a campaign that was recorded elsewhere
is analysed anywhere: $bin/ingest --dir DIR && $bin/analyze report --dir DIR
END
    exit 1
fi

echo "Recording datasets/campaigns/$campaign.campaign on the testbed into $dir"
"$here/campaign.sh" --dir "$dir" "$here/campaigns/$campaign.campaign"
echo
"$bin/ingest" --quiet --dir "$dir"
echo "Report, with the published numbers beside the measured ones:"
"$bin/analyze" report --dir "$dir" --published "$here/paper"
echo
sed -n '/^## In short/,/^## [^I]/{ /^## /!p; }' "$dir/reports/report.md" | sed 's/\\//g'
echo "Took $((SECONDS / 60)) min $((SECONDS % 60)) s"
