#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs unit tests, as many at once as there are processors; what each says stands together, in the order of their names.
# Usage: tests/unit/run.sh TEST...
set -uo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_at_once=$(nproc)

for test in "$@"; do
    [ "$(jobs -rp | wc -l)" -lt "$n_at_once" ] || wait -n
    name=${test##*/}
    { "$test" > "$work/$name" 2>&1 || echo "$name ended with status $?" > "$work/$name.failed"; } &
done
wait
cat "$work"/*
[ -z "$(find "$work" -name '*.failed')" ]
