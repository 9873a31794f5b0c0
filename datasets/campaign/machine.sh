#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Prints what a campaign runs on as JSON: machine, kernel, programs. The same machine and programs give the same bytes.
# Usage: machine.sh CAMPAIGN_NAME CAPTURE
set -euo pipefail
export LC_ALL=C

if (($# != 2)); then
    echo 'usage: machine.sh CAMPAIGN_NAME CAPTURE (the program)' >&2
    exit 2
fi

# json TEXT: as a JSON string, or null if it is empty. Control characters become spaces.
json() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//[[:cntrl:]]/ }
    if [[ -n $text ]]; then printf '"%s"' "$text"; else printf null; fi
}

# number TEXT: as a JSON number, or null.
number() {
    if [[ $1 =~ ^[0-9]+$ ]]; then printf %d "$((10#$1))"; else printf null; fi
}

# first_line FILE: its first line, or nothing.
first_line() {
    local line=
    if [[ -r $1 ]]; then read -r line <"$1" || true; fi
    printf %s "$line"
}

# cpu_model: as /proc/cpuinfo has it.
cpu_model() {
    awk -F': *' '/^(model name|Model|Hardware)[ \t]*:/ { print $2; exit }' /proc/cpuinfo
}

# setting NAME FILE: a line of the document with the file's first line.
setting() {
    printf '  "%s": %s,\n' "$1" "$(json "$(first_line "$2")")"
}

# version TEXT: the first thing in it that looks like one.
version() {
    grep -oE '[0-9]+(\.[0-9]+)+[^ ,)]*' <<<"$1" | head -n 1 | sed 's/\.$//' || true
}

# vulnerabilities: what the kernel does about the processor's, as members of an object.
vulnerabilities() {
    local file separator=
    for file in /sys/devices/system/cpu/vulnerabilities/*; do
        [[ -r $file ]] || continue
        printf '%s\n    %s: %s' "$separator" "$(json "${file##*/}")" "$(json "$(first_line "$file")")"
        separator=,
    done
    [[ -z $separator ]] || printf '\n  '
}

# boot_options: what the kernel was told that bears on latency; the rest of its command line is nobody's business.
boot_options() {
    tr ' ' '\n' </proc/cmdline | grep -E '^(mitigations|isolcpus|nohz|nohz_full|rcu_nocbs|idle|nosmt|tsc|clocksource|preempt|(intel_idle|processor)\.max_cstate|intel_pstate|amd_pstate|nosoftlockup|skew_tick)(=|$)' |
        paste -sd ' ' || true
}

# repository: the checkout's commit, and whether files differ from it; null, null outside of a checkout.
repository() {
    local here commit='' changed=null
    here=$(dirname -- "${BASH_SOURCE[0]}")
    if commit=$(git -C "$here" rev-parse HEAD 2>/dev/null); then
        if [[ -n $(git -C "$here" status --porcelain --untracked-files=no 2>/dev/null) ]]; then changed=true; else changed=false; fi
    fi
    printf '  "git_commit": %s,\n  "git_has_changes": %s,\n' "$(json "$commit")" "$changed"
}

cpu=/sys/devices/system/cpu
printf '{\n  "campaign": %s,\n' "$(json "$1")"
printf '  "kernel": %s,\n' "$(json "$(uname -r)")"
printf '  "kernel_version": %s,\n' "$(json "$(uname -v)")"
printf '  "machine": %s,\n' "$(json "$(uname -m)")"
printf '  "operating_system": %s,\n' "$(json "$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' /etc/os-release 2>/dev/null)")"
printf '  "cpu_model": %s,\n' "$(json "$(cpu_model)")"
printf '  "n_cpus": %s,\n' "$(number "$(nproc)")"
printf '  "memory_kib": %s,\n' "$(number "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)")"
setting cpu_governor "$cpu/cpufreq/policy0/scaling_governor"
setting smt "$cpu/smt/control"
setting isolated_cpus "$cpu/isolated"
setting clocksource /sys/devices/system/clocksource/clocksource0/current_clocksource
printf '  "boot_options": %s,\n' "$(json "$(boot_options)")"
setting bpf_jit /proc/sys/net/core/bpf_jit_enable
printf '  "nginx": %s,\n' "$(json "$(version "$(nginx -v 2>&1 || true)")")"
printf '  "h2load": %s,\n' "$(json "$(version "$(h2load --version 2>&1 || true)")")"
printf '  "wirespan": %s,\n' "$(json "$(version "$("$2" --help 2>/dev/null || true)")")"
printf '  "capture_sha256": %s,\n' "$(json "$(sha256sum "$2" 2>/dev/null | cut -d' ' -f1 || true)")"
repository
printf '  "cpu_vulnerabilities": {%s}\n}\n' "$(vulnerabilities)"
