#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# One question, two answers, for a recorded campaign: ingests a copy of it, has judge.py compare what `analyze` says
# with what the databases say, the same for a copy with odd data, and proves that the judge notices changed answers.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/tests/diff/campaign

usage() {
    cat << EOF
usage: tests/diff/campaign/run.sh BIN_DIR [CAMPAIGN_DIR]

  BIN_DIR        where ingest and analyze lie: build/bin
  CAMPAIGN_DIR   a directory of recorded runs; default: datasets/sample-campaign

Leaves CAMPAIGN_DIR as it is. Exit status: 0 all alike, 1 not, 2 wrong usage.
EOF
}

if [ "${1:-}" = --help ]; then
    usage
    exit 0
fi
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    usage >&2
    exit 2
fi
bin=$(cd "$1" && pwd)
campaign=${2:-$root/datasets/sample-campaign}
if [ ! -d "$campaign" ]; then
    echo "run.sh: $campaign: no such directory: name one with recorded runs in it" >&2
    exit 2
fi
export WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$root/reports} PYTHONDONTWRITEBYTECODE=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$campaign" "$scratch/campaign"
chmod -R u+w "$scratch/campaign"
find "$scratch/campaign" -name run.db -delete
"$bin/ingest" --quiet --dir "$scratch/campaign"

status=0
"$here/judge.py" --bin "$bin" "$scratch/campaign" || status=1
for offset in 0 3; do
    "$here/oddities.py" --offset "$offset" "$scratch/campaign" "$scratch/odd$offset"
    "$here/judge.py" --bin "$bin" "$scratch/odd$offset" || status=1
done
"$here/prove.py" --bin "$bin" "$scratch/campaign" || status=1
# names: of the same runs, and of two nodes with several vports
for offset in 0 4; do
    "$here/baptize.py" --offset "$offset" "$scratch/campaign" "$scratch/named$offset"
    "$here/judge.py" --bin "$bin" "$scratch/named$offset" || status=1
done
"$here/prove.py" --bin "$bin" --only pairs "$scratch/named0" || status=1
mkdir "$scratch/mesh"
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$root" "$root/tests/golden/mesh.c" "$root"/lib/*.c -lzstd -lxxhash -lnghttp2 -ljansson -lm \
    -o "$scratch/write_mesh" && "$scratch/write_mesh" "$scratch/mesh"
"$bin/ingest" --quiet --dir "$scratch/mesh"
for db in "$scratch/mesh/mesh" "$scratch/mesh"/nodes/node?; do sqlite3 "$db/run.db" < "$root/tests/golden/owners.sql"; done
for command in pairs cdf ledger detect offsets; do
    "$here/judge.py" --bin "$bin" --only "$command" "$scratch/mesh" || status=1
done
for command in pairs cdf; do
    "$here/prove.py" --bin "$bin" --only "$command" "$scratch/mesh" || status=1
done
"$root/tests/diff/mesh/join.sh" "$bin" "$scratch/mesh" || status=1
exit "$status"
