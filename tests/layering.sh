#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A room includes lib/ and its own files, lib/ only lib/; a file's name is unique in the tree; capture reads ring buffers by
# the clock and waits for none. Prints what breaks that.
set -eu
cd "$(dirname "$0")/.."
status=0
for room in lib bpf capture ingest analyze; do
    if grep -rnE --include='*.[ch]' '^#include "' "$room" | grep -vE "#include \"(lib|$room)/" | grep -v 'tap.skel.h"'; then
        echo "$room/ includes another room" >&2
        status=1
    fi
done
same=$(find lib capture ingest analyze bpf -name '*.c' | sed 's|.*/||; s/\..*//' | grep -v '^main$' | sort | uniq -d |
    grep -v '^tap$' || true) # one tap, in the kernel and in user space
if [ -n "$same" ]; then
    echo "file names that stand in several rooms: $same" >&2
    status=1
fi
if grep -nE 'ring_buffer__(poll|epoll_fd)' capture/*.[ch]; then
    echo "capture/ waits for a ring buffer: who is woken by a record lies in what is measured" >&2
    status=1
fi
exit "$status"
