#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Clocks of several nodes, estimated from packets: on a small network that is made here, or on a recorded campaign.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/clocks/run.sh BIN [CAMPAIGN [SEEDS]]

BIN: the directory of the built programs. Makes a run a node with python3, adds known errors to their stamps, and holds
what `analyze clocks` and `analyze underlay` say against the truth. With CAMPAIGN (a directory of runs, one a node, with
requests and responses recorded) the clocks are estimated on copies of that, with SEEDS (100) sets of errors.
TEXT
}

case "${1:-}" in
--help) usage && exit 0 ;;
'') usage >&2 && exit 2 ;;
esac
bin=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ $# -gt 1 ]; then
    "$here/clocks.py" "$2" --analyze "$bin/analyze" --scratch "$scratch" --seeds "${3:-100}"
    exit
fi
status=0
"$here/network.py" "$scratch/campaign"
"$here/network.py" --requests-only --seconds 1 "$scratch/silent"
for run in "$scratch"/campaign/node? "$scratch"/silent/node?; do
    "$bin/ingest" --dir "$run" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
done
"$here/clocks.py" "$scratch/campaign" --analyze "$bin/analyze" --scratch "$scratch" --seeds 16 || status=1
"$here/underlay.py" "$bin/analyze" "$scratch/campaign" "$scratch/silent" || status=1
exit "$status"
