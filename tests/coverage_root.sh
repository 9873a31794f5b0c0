#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# For `make coverage ROOT=1`: what root tests run of capture, counted in a build with --coverage. A suite that fails is told, and
# counts all the same: who writes counts is slower, and some of the tests are about users and disks that cannot write these.
# Usage: tests/coverage_root.sh BUILD_DIR
set -uo pipefail

if [ $# -ne 1 ] || [ ! -x "$1/bin/capture" ]; then
    echo "usage: tests/coverage_root.sh BUILD_DIR" >&2
    exit 2
fi
build=$(readlink -f "$1")
cd "$(dirname "$0")/.." || exit 1
if [ "$(id -u)" -ne 0 ] || ! "$build/bin/capture" check > /dev/null 2>&1; then
    echo "tests/coverage_root.sh: needs root and eBPF; \`$build/bin/capture check\` says more" >&2
    exit 1
fi
# a recording of somebody else's writes its counts, too
chmod -R a+rwX "$build"
umask 0
for suite in tests/net/run.sh tests/faults/capture.sh tests/cluster/run.sh tests/campaign/run.sh; do
    echo "$suite"
    "$suite" "$build/bin" > "$build/root.log" 2>&1 || echo "   not all passed, see its log in $build"
    grep -E '^FAIL|passed, ' "$build/root.log"
    mv "$build/root.log" "$build/root-$(basename "$(dirname "$suite")").log"
done
