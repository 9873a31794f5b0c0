#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Fetches a kernel of Debian's with apt, from the mirror that this machine's apt is set up with, and keeps of it what run.sh boots: the
# image, and the modules in the order in which they are to be loaded. apt verifies what it downloads; what is kept has checksums.
set -euo pipefail

# what the tests use, each with what it needs
readonly modules=(virtio_pci virtio_blk veth vxlan sch_ingress cls_bpf tun)

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: fetch.sh SERIES DIR

SERIES is 5.10, 6.1 or 6.12. DIR/SERIES/ then has: release, vmlinuz, modules/*.ko, SHA256SUMS. If it is there already, nothing is
fetched. Exit status 3: it cannot be had; the last line of stderr says why. DEBIAN_MIRROR=URL takes another mirror.
TEXT
}

# suites SERIES: where Debian has it.
suites() {
    case $1 in
    5.10) echo bullseye ;;
    6.1) echo bookworm ;;
    6.12) echo bookworm-backports trixie ;;
    *) return 1 ;;
    esac
}

# unavailable TEXT: the kernel cannot be had.
unavailable() {
    echo "$*" >&2
    exit 3
}

# private COMMAND ARGUMENT...: apt, with lists of its own and the one source that find_package writes; the machine's stay as they are.
private() {
    local command=$1
    shift
    "$command" -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$work/state" \
        -o Dir::Cache="$work/cache" -o Dir::State::status="$work/status" -o APT::Architecture=amd64 -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o Acquire::Retries=2 "$@"
}

# mirror: where this machine's packages come from.
mirror() {
    local uri
    # shellcheck disable=SC2016 # apt's variables
    uri=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(LABEL)' 'Created-By: Packages' 2> /dev/null |
        awk -F'|' '$2 == "Debian" && $3 == "Debian" { print $1; exit }')}
    [ -n "$uri" ] || unavailable "apt knows no Debian mirror: run apt-get update, or set DEBIAN_MIRROR"
    echo "$uri"
}

# find_package SERIES: the newest package of the series in the first suite that has one; its suite is left in the source list.
find_package() {
    local suite package uri
    uri=$(mirror) || exit
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
    : > "$work/status"
    for suite in $(suites "$1"); do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$work/sources.list"
        private apt-get update > "$work/apt.log" 2>&1 || continue
        package=$(private apt-cache pkgnames "linux-image-$1." | grep -E -- '[0-9]-amd64$|\+bpo-amd64$|\+deb[0-9]+-amd64$' |
            sort -V | tail -1) || true
        if [ -n "$package" ]; then
            echo "$package"
            return
        fi
    done
    unavailable "no linux-image-$1.*-amd64 in $(suites "$1" | sed 's/ /, /g'): $(tail -1 "$work/apt.log")"
}

# keep_modules RELEASE: the modules that are needed, in order, unpacked.
keep_modules() {
    local n=0 file
    mkdir "$work/kept/modules"
    depmod -b "$work/root" "$1"
    modprobe -a -d "$work/root" -S "$1" --show-depends "${modules[@]}" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$work/needed"
    while read -r file; do
        n=$((n + 1))
        case $file in
        *.xz) xz -dc "$file" ;;
        *.zst) zstd -qdc "$file" ;;
        *) cat "$file" ;;
        esac > "$work/kept/modules/$(printf '%02d' $n)-$(basename "$file" | sed 's/\.ko.*/.ko/')"
    done < "$work/needed"
}

# unpack: what is kept of the package that was downloaded.
unpack() {
    local release
    dpkg-deb -x "$work"/*.deb "$work/root"
    [ -e "$work/root/lib" ] || ln -s usr/lib "$work/root/lib"
    release=$(ls "$work/root/lib/modules")
    mkdir "$work/kept"
    echo "$release" > "$work/kept/release"
    cp "$work/root/boot/vmlinuz-$release" "$work/kept/vmlinuz"
    keep_modules "$release"
    (cd "$work/kept" && sha256sum release vmlinuz modules/*.ko > SHA256SUMS)
}

if [ "${1-}" = --help ]; then
    usage
    exit 0
fi
if [ $# -ne 2 ] || ! suites "$1" > /dev/null; then
    usage >&2
    exit 2
fi
export PATH=$PATH:/usr/sbin:/sbin
if [ -d "$2/$1" ]; then
    (cd "$2/$1" && sha256sum -c --quiet SHA256SUMS) || unavailable "$2/$1 is damaged: remove it"
    exit 0
fi
for program in apt-get dpkg-deb depmod modprobe xz zstd; do
    command -v $program > /dev/null || unavailable "$program is missing: make setup-kernels"
done
mkdir -p "$2"
work=$(mktemp -d "$2/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
package=$(find_package "$1") || exit 3
echo "fetching $package"
(cd "$work" && private apt-get download "$package" > apt.log 2>&1) || unavailable "cannot fetch $package: $(tail -1 "$work/apt.log")"
unpack
mv -T "$work/kept" "$2/$1" 2> /dev/null || [ -d "$2/$1" ] # another one may have been faster
