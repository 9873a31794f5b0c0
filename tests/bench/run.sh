#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds and runs every benchmark and prints what came of it beside the targets. Fails only if one cannot be built or
# ends with an error, never because of a time. About five minutes; with "bpf", the in-kernel program only, half a minute.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root

# build NAME LIBRARIES SOURCE...: a program from the bench's and the product's sources.
build() {
	local name=$1 libraries=$2
	shift 2
	# shellcheck disable=SC2086 # libraries are words
	"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -g -I"$root" -I"$build_dir" "$@" -o "$out/$name" $libraries -lzstd -lxxhash -lm
}

# heading TEXT
heading() {
	printf '\n== %s\n' "$1"
}

(($# == 1 || $# == 2)) || { echo 'usage: run.sh BUILD_DIR [bpf]' >&2; exit 2; }
build_dir=$(realpath -- "$1")
[[ -x $build_dir/bin/ingest && -e $build_dir/tap.bpf.o ]] || { echo "run.sh: $1: not built: make first" >&2; exit 1; }
out=$build_dir/bench
mkdir -p "$out"
bench=$root/tests/bench

build bench_files '' "$bench/bench_files.c" "$bench/traffic.c" "$root"/lib/recfile_*.c
build bench_ring '-Wl,--as-needed -lbpf -lpcap -ljansson -lnghttp2' "$bench/bench_ring.c" "$bench/frames.c" "$build_dir/rooms.a"
build make_run -lpcap "$bench/make_run.c" "$bench/traffic.c" "$bench/frames.c" "$root"/lib/recfile_*.c
build bare_insert -lsqlite3 "$bench/bare_insert.c" "$bench/virtual_rows.c" "$build_dir/ingest/schema.c" "$root"/lib/recfile_*.c
build bench_bpf -lbpf "$bench/bench_bpf.c" "$bench/frames.c" "$root"/lib/{search,wanted,names,context}.c \
	"$root"/lib/context_*.c
"${CLANG:-clang}" -g -O2 -target bpf -mcpu=v3 -ffreestanding -Wall -Wextra -Werror \
	-I"/usr/include/$(uname -m)-linux-gnu" -c "$bench/byte_by_byte.bpf.c" -o "$out/byte_by_byte.bpf.o"

echo "$(uname -sr), $(nproc) processors"
heading 'in the kernel'
"$out/bench_bpf" "$build_dir/tap.bpf.o" "$out/byte_by_byte.bpf.o"
[[ ${2:-} != bpf ]] || exit 0
heading 'record files'
"$out/bench_files" "$out"
heading 'from the ring buffer to the record file'
"$out/bench_ring" "$out"
heading 'ingest and analyze'
"$bench/bench_pipeline.sh" "$build_dir" "$out"
heading 'overhead of capturing'
"$bench/bench_capture.sh" "$build_dir" 5
