#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The golden tests with every program under valgrind's memcheck: an error, or memory that nobody frees, changes the exit
# status and what is said, and so fails its test.
# Usage: tests/valgrind/run.sh BIN_DIR [PART...]     PART: only these of the golden tests
set -euo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: tests/valgrind/run.sh BIN_DIR [PART...]" >&2
    exit 2
fi
bin=$(readlink -f "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in capture ingest analyze; do
    # valgrind tells on standard error of calls of bpf() that are newer than it is: no word of the program's
    cat > "$work/$program" <<TEXT
#!/bin/sh
log=\$(mktemp)
valgrind -q --error-exitcode=97 --leak-check=full --errors-for-leak-kinds=definite --num-callers=30 --log-file="\$log" \\
    --suppressions="$top/tests/valgrind/suppressions" "$bin/$program" "\$@"
status=\$?
grep -v 'WARNING: unhandled eBPF command' "\$log" >&2
rm -f "\$log"
exit \$status
TEXT
    chmod +x "$work/$program"
done
export WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$top/reports}
"$top/tests/golden/run.sh" "$work" "$@"
