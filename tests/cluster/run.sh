#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# From the cluster to the tracing points: `capture collect`, `capture plan`, `capture run --plan` on the testbed with stand-ins for the cluster's tools,
# and with the real ones where they are installed. collect.sh needs no root, mesh.sh and real.sh do.
# Usage: tests/cluster/run.sh [BIN_DIR]
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
bin=$(readlink -f "${1:-$top/build/bin}")
testbed=$top/datasets/testbed/testbed.sh
export bin top testbed BIN=$bin
work=$(mktemp -d)
export work
trap 'rm -rf "$work"' EXIT
export TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$(dirname "$bin")/ipip.bpf.o}

# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
here=$top/tests/cluster
# shellcheck source=tests/cluster/collect.sh
source "$here/collect.sh"
# shellcheck source=tests/cluster/mesh.sh
source "$here/mesh.sh"
# shellcheck source=tests/cluster/real.sh
source "$here/real.sh"

[ -x "$bin/capture" ] || { echo "tests/cluster: $bin/capture is missing: run make" >&2; exit 1; }
collections
if [ "$(id -u)" -ne 0 ] || ! "$bin/capture" check > "$work/check" 2>&1; then
    echo "tests/cluster: the testbed needs root and eBPF: skipped"
    cat "$work/check" 2> /dev/null
else
    meshes
    real_tools
fi
report_checks
