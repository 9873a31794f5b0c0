#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The golden tests with every program under valgrind's memcheck: an error, or memory that nobody frees, changes the exit
# status and what is said, and so fails its test.
# Usage: tests/valgrind/run.sh BIN_DIR
set -euo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: tests/valgrind/run.sh BIN_DIR" >&2
    exit 2
fi
bin=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in capture ingest analyze; do
    cat > "$work/$program" <<TEXT
#!/bin/sh
exec valgrind -q --error-exitcode=97 --leak-check=full --errors-for-leak-kinds=definite --num-callers=30 \\
    --suppressions="$top/tests/valgrind/suppressions" "$bin/$program" "\$@"
TEXT
    chmod +x "$work/$program"
done
export WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$top/reports}
"$top/tests/golden/run.sh" "$work"
