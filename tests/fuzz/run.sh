#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs every fuzz target for a while on seeds that are made first, and then changed campaign files; stops at the first finding,
# whose input it keeps in the build directory.
# Usage: tests/fuzz/run.sh FUZZER_DIR SECONDS
set -euo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
fuzzers=$(readlink -f "$1")
seconds=$2
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT

"$top/tests/fuzz/seeds.sh" "$seeds"
mkdir -p "$seeds/fuzz_frame"
"$fuzzers/../tests/kernel_host" --seeds "$seeds/fuzz_frame" 1 2000 > /dev/null
cd "$fuzzers"
for fuzzer in fuzz_*; do
    [ -x "$fuzzer" ] || continue
    echo "$fuzzer: $seconds s"
    mkdir -p "$seeds/$fuzzer"
    if ! "./$fuzzer" -max_len=16384 -rss_limit_mb=4096 -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="$fuzzers/found-$fuzzer-" "$seeds/$fuzzer" > "$fuzzer.log" 2>&1; then
        tail -40 "$fuzzer.log"
        exit 1
    fi
    grep -E 'number_of_executed_units|new_units_added' "$fuzzer.log"
done
echo "campaign files: $seconds s"
"$top/tests/fuzz/campaign_files.py" "$seconds"
