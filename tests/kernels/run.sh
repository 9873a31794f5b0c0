#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Boots Debian's kernels in qemu, each with our programs, records known requests there (guest.sh), and holds together what was sent,
# the records, and the packet captures of the same run. A kernel that cannot be had is skipped, with a line that says why.
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
readonly top here=$top/tests/kernels boot_seconds=900

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: run.sh [--cached] BUILD_DIR [SERIES...]

SERIES are 5.10, 6.1 and 6.12 unless given. They are kept in $XDG_CACHE_HOME/wirespan/kernels (~/.cache). With --cached only
the newest of them that is there is booted, and nothing is fetched. KEEP=DIR keeps what came back from each. PERCENT=N also holds
the in-kernel program against the host's parser there, with so much of check-bpf's input: 10 minutes and more for each kernel.
TEXT
}

# with_libraries DIR PROGRAM...: the programs into DIR/bin, and what they are linked with to where they look for it.
with_libraries() {
    local to=$1 library
    shift
    cp -L "$@" "$to/bin/"
    ldd "$@" | grep -oE '/[^ :]+\.so[^ :]*' | sort -u | while read -r library; do
        mkdir -p "$to$(dirname "$library")"
        cp -L "$library" "$to$library"
    done
}

# bundle: what all kernels boot with, in $work/root.
bundle() {
    mkdir -p "$work/root"/{bin,proc,sys,dev,modules} &&
        with_libraries "$work/root" "$build/bin/capture" "$build/tests/kernel_host" "$build/tests/kernel_traffic" "$(command -v ip)" &&
        cp "$(command -v busybox)" "$work/root/bin/busybox" && cp "$build/tap.bpf.o" "$work/root/" && cp "$here/guest.sh" "$work/root/init" &&
        chmod 755 "$work/root/init" && ln -s busybox "$work/root/bin/sh"
}

# boot SERIES: boots it and waits for it; what came back is in $work/SERIES. One CPU of two is used: over two, on a busy machine,
# segments overtake one another, and what was sent is not what must be seen any more.
boot() {
    local drive=$work/$1.tar
    rm -rf "$work/root/modules" "$work/${1:?}"
    cp -r "$cache/$1/modules" "$work/root/modules"
    (cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1 > "$work/initramfs")
    truncate -s 256M "$drive"
    timeout $boot_seconds qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -no-reboot -display none \
        -kernel "$cache/$1/vmlinuz" -initrd "$work/initramfs" -append "console=ttyS0 panic=-1 quiet maxcpus=1 ${PERCENT:+percent=$PERCENT}" \
        -serial "file:$work/$1.console" -drive "file=$drive,format=raw,if=virtio" < /dev/null &
    machine_pid=$!
    wait $machine_pid
    machine_pid=
    mkdir "$work/$1"
    if ! tar xf "$drive" -C "$work/$1"; then
        tail -15 "$work/$1.console"
        return 1
    fi
    rm -f "$drive"
    grep -qx 'guest: done' <(tr -d '\r' < "$work/$1.console") || { tail -15 "$work/$1.console"; return 1; }
    equals 0 "$(cat "$work/$1/network.status")" || cat "$work/$1/network"
}

# went_well DIR NAME: the guest's command did; else what it said.
went_well() {
    equals 0 "$(cat "$1/$2.status")" && return
    tail -15 "$1/$2"
    return 1
}

# source_equals_sent DIR SOURCE POINT: its requests are those that were sent, each once; those without a context by their number.
source_equals_sent() {
    [ -s "$1/sent" ] || { echo "nothing was sent"; return 1; }
    diff <(cut -d'|' -f 1-2 "$1/sent" | sort) <(sql "$1" "SELECT CASE reason WHEN 16 THEN lower(hex(trace_id)) || '|' || lower(hex(span_id))
        ELSE '-|-' END FROM request JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND name = '$3'" |
        sort) > "$work/differ" || { head -8 "$work/differ"; return 1; }
}

# all_paired DIR: every context, by both methods, on its way from NIC to vport.
all_paired() {
    local source
    for source in ebpf pcap; do
        equals "rx matched $(grep -vc '^-' "$1/sent")" "$(classes "$1" $source)" || return
    done
}

# same_packets DIR: both methods have the same, and the kernel says the same direction. Times of an emulated machine say nothing.
same_packets() {
    "$bin/analyze" cdf --dir "$1" --no-figure --format json > "$work/cdf.json" &&
        jq -e --argjson n "$(grep -vc '^-' "$1/sent")" '.agreement | .n == $n and .n_ebpf_only == 0 and .n_pcap_only == 0
            and .n_direction_differs == 0' "$work/cdf.json"
}

# hook_is SERIES DIR HOOK: run.json says where the program was: at tcx from 6.6 on.
hook_is() {
    local wanted=$3
    if [ "$3" = tc ]; then
        wanted=$(printf '6.6\n%s\n' "$1" | sort -VC && echo tcx || echo clsact)
    fi
    equals "complete $wanted $wanted" "$(jq -r '.state + " " + ([.points[].ebpf.hook] | join(" "))' "$2/run.json")"
}

# recording SERIES HOOK: what must hold of one recording in the guest.
recording() {
    local dir=$work/$1/$2 name="$1, $2" source point
    check "$name: recorded" went_well "$work/$1" "record-$2"
    check "$name: run.json says where" hook_is "$1" "$dir" "$2"
    check "$name: loaded" "$bin/ingest" --quiet --dir "$dir"
    if [ ! -s "$dir/run.db" ]; then return; fi # so much for the rest, which was counted
    for source in ebpf pcap; do
        for point in nic vport; do
            check "$name, $source, $point: what was sent" source_equals_sent "$dir" $source $point
        done
    done
    check "$name: records equal pcap" records_equal_pcap "$dir"
    check "$name: all paired" all_paired "$dir"
    check "$name: both methods, the same packets" same_packets "$dir"
    check "$name: ledgers balance, nothing lost" balanced "$dir"
}

# matrix SERIES: all that is to be seen of a kernel; a line for the table.
matrix() {
    local start=$SECONDS hook
    check "$1: booted" boot "$1"
    if [ ! -s "$work/$1/check.status" ]; then return; fi # it came to nothing, which was counted
    check "$1: capture check finds all it needs" went_well "$work/$1" check
    for hook in socket tc clsact; do recording "$1" $hook; done
    if [ -n "${PERCENT-}" ]; then
        check "$1: kernel = host, at the socket" went_well "$work/$1" kernel_host
        check "$1: kernel = host, at tc" went_well "$work/$1" kernel_host_tc
    fi
    echo "     $1: Linux $(cat "$cache/$1/release"), $((SECONDS - start)) s"
    sed -n 's/^\(ok\|FAIL\|note\)  */     /p' "$work/$1/check"
    if [ -n "${KEEP-}" ]; then mkdir -p "$KEEP" && cp -r "$work/$1" "$work/$1.console" "$KEEP/"; fi
}

# newest_cached: of the series that are there.
newest_cached() {
    find "$cache" -mindepth 2 -maxdepth 2 -name SHA256SUMS -printf '%h\n' 2> /dev/null | sed 's|.*/||' | sort -V | tail -1
}

only_cached=false
case ${1-} in
--help)
    usage
    exit 0
    ;;
--cached)
    only_cached=true
    shift
    ;;
esac
if [ $# -lt 1 ] || [ ! -x "$1/bin/capture" ]; then
    usage >&2
    exit 2
fi
build=$(readlink -f "$1")
bin=$build/bin
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wirespan/kernels
work=$(mktemp -d)
machine_pid=
trap '[ -z "$machine_pid" ] || kill "$machine_pid"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export bin top work
shift
series=("$@")
if $only_cached; then
    mapfile -t series < <(newest_cached)
    [ ${#series[@]} -gt 0 ] || { echo "kernels: skipped: none in $cache: make check-kernels"; exit 0; }
elif [ $# -eq 0 ]; then
    series=(5.10 6.1 6.12)
fi
[ "$(uname -m)" = x86_64 ] || { echo "kernels: skipped: the kernels are those for x86-64"; exit 0; }
for program in qemu-system-x86_64 busybox cpio jq sqlite3 ip; do
    command -v $program > /dev/null || { echo "kernels: skipped: $program is missing: make setup-kernels"; exit 0; }
done
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
# shellcheck source=tests/net/checks.sh
source "$top/tests/net/checks.sh"
# shellcheck source=tests/net/records.sh
source "$top/tests/net/records.sh"

n_skipped=0
check "programs and libraries bundled" bundle
for one in "${series[@]}"; do
    if "$here/fetch.sh" "$one" "$cache" > "$work/fetch.log" 2>&1; then
        matrix "$one"
    else
        echo "SKIPPED $one: not booted: $(tail -1 "$work/fetch.log")"
        n_skipped=$((n_skipped + 1))
    fi
done
if [ $n_skipped -gt 0 ]; then echo "$n_skipped of ${#series[@]} kernels skipped"; fi
report_checks
