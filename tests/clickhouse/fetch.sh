#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Fetches a ClickHouse as a library, libchdb.so, with npm, from the registry that this machine's npm is set up with. npm verifies what
# it downloads; what is kept has checksums.
set -euo pipefail

# usage: prints the synopsis to stdout.
usage() {
    cat << 'TEXT'
usage: fetch.sh VERSION DIR

VERSION is one of npm's package @chdb/lib-linux-x64-gnu. DIR/VERSION/ then has: libchdb.so, package.json, SHA256SUMS; 570 MB. If it is
there already, nothing is fetched. Exit status 3: it cannot be had; the last line of stderr says why.
TEXT
}

# unavailable TEXT: the library cannot be had.
unavailable() {
    echo "$*" >&2
    exit 3
}

if [ "${1-}" = --help ]; then
    usage
    exit 0
fi
if [ $# -ne 2 ] || [[ ! $1 =~ ^[0-9][0-9A-Za-z.-]*$ ]]; then
    usage >&2
    exit 2
fi
package=@chdb/lib-linux-x64-gnu@$1
if [ -d "$2/$1" ]; then
    (cd "$2/$1" && sha256sum -c --quiet SHA256SUMS >&2) || unavailable "$2/$1 is damaged: remove it"
    exit 0
fi
[ "$(uname -sm)" = "Linux x86_64" ] || unavailable "$package is for Linux on x86-64"
command -v npm > /dev/null || unavailable "npm is missing: apt-get install -y npm"
mkdir -p "$2"
work=$(mktemp -d "$2/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "fetching $package"
(cd "$work" && npm pack --loglevel=error --ignore-scripts "$package" > npm.log 2>&1) ||
    unavailable "npm cannot fetch $package: $(sed -n "s/^npm \(error\|ERR!\) *//p" "$work/npm.log" | head -n 2 | paste -sd " ")"
mkdir "$work/kept"
tar -xzf "$work"/*.tgz -C "$work/kept" --strip-components=1 package/libchdb.so package/package.json ||
    unavailable "$package is not what it was: it has no libchdb.so"
(cd "$work/kept" && sha256sum libchdb.so package.json > SHA256SUMS)
mv -T "$work/kept" "$2/$1" 2> /dev/null || [ -d "$2/$1" ] # another one may have been faster
