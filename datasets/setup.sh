#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs the Debian packages named as arguments that are not there yet. Without root it says which are missing, and fails
# if there are any.
# Usage: datasets/setup.sh PACKAGE...
set -eu

missing=
for package in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing; as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# in run level 1 no package starts its daemon: the testbed runs an nginx of its own, the machine none
# shellcheck disable=SC2086
RUNLEVEL=1 apt-get -qq install -y --no-install-recommends $missing > /dev/null
