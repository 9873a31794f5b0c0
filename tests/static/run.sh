#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What clang-tidy (.clang-tidy) and cppcheck (tests/static/cppcheck) say of the programs' sources: nothing.
set -uo pipefail

usage() {
    cat << 'TEXT'
usage: tests/static/run.sh BUILD_DIR [--analyzer] [--changed REVISION] [FILE...]

  --analyzer          clang's and gcc's analyzers, too, which take minutes; what they say is shown and counts for nothing
  --changed REVISION  only files that differ from that revision
  FILE...             only these
TEXT
}

top=$(readlink -f "$(dirname "$0")/../..")
cd "$top" || exit 1
build=
analyzer=
files=()
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --analyzer) analyzer=1 ;;
        --changed)
            [ $# -gt 1 ] || { usage >&2; exit 2; }
            mapfile -t files < <(git diff --name-only --diff-filter=d "$2" -- 'lib/*.c' 'capture/*.c' 'ingest/*.c' 'analyze/*.c')
            [ "${#files[@]}" -gt 0 ] || { echo "no source has changed since $2"; exit 0; }
            shift
            ;;
        -*) usage >&2; exit 2 ;;
        *) if [ -z "$build" ]; then build=$1; else files+=("$1"); fi ;;
    esac
    shift
done
[ -d "$build" ] || { usage >&2; exit 2; }
if [ "${#files[@]}" -eq 0 ]; then
    mapfile -t files < <(find lib capture ingest analyze -name '*.c' | sort)
fi
flags=(-std=gnu17 -D_GNU_SOURCE -I. "-I$build")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/check.sh
source tests/check.sh

# tidy: one process for each processor; what it says of headers comes once.
tidy() {
    local status=0
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 "$work/clang-tidy" > "$work/tidy" || status=1
    awk '!seen[$0]++' "$work/tidy"
    return "$status"
}

check_with_cppcheck() {
    cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppressions-list=tests/static/cppcheck -I. "-I$build" -D_GNU_SOURCE \
        '-DLIBBPF_OPTS(type, name, ...)=struct type name = { __VA_ARGS__ }' \
        --template='{file}:{line}: {id}: {message}' "${files[@]}"
}

analyze_deeply() {
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I FILE clang-tidy --quiet --checks='-*,clang-analyzer-*' FILE -- "${flags[@]}"
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I FILE gcc "${flags[@]}" -O1 -fanalyzer \
        -c FILE -o /dev/null
}

printf '#!/bin/sh\nexec clang-tidy --quiet "$@" -- %s 2> /dev/null\n' "${flags[*]}" > "$work/clang-tidy"
chmod +x "$work/clang-tidy"
start=$SECONDS
check "clang-tidy, ${#files[@]} files" tidy
echo "   $((SECONDS - start)) s"
start=$SECONDS
check "cppcheck, ${#files[@]} files" check_with_cppcheck
echo "   $((SECONDS - start)) s"
if [ -n "$analyzer" ]; then analyze_deeply; fi
report_checks
