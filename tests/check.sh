# shellcheck shell=bash
# shellcheck disable=SC2154 # who sources it sets $work
# SPDX-License-Identifier: BSD-2-Clause
# Counting checks, sourced by the suites that are shell scripts. Reads $work, a directory for what commands say.

n_passed=0
n_failed=0

# check NAME COMMAND...: counts one check; what a failing command printed is shown.
check() {
    local name=$1
    shift
    if "$@" > "$work/output" 2>&1; then
        n_passed=$((n_passed + 1))
        echo "ok   $name"
    else
        n_failed=$((n_failed + 1))
        echo "FAIL $name"
        sed 's/^/     /' "$work/output" | tail -20
    fi
}

# equals WANTED GOT
equals() {
    [ "$1" = "$2" ] || { echo "wanted '$1', got '$2'"; return 1; }
}

# report_checks: the last line, and the exit status that goes with it.
report_checks() {
    echo "$n_passed passed, $n_failed failed"
    [ "$n_failed" -eq 0 ]
}
