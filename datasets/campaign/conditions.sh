#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Prints conditions.json of one run directory. ../campaign.md lists the keys.
# Usage: conditions.sh CAMPAIGN_NAME WARM_UP_S MAIN PLAN_LINE     PLAN_LINE as plan.sh prints it; MAIN: the run's main directory
set -euo pipefail
export LC_ALL=C

if (($# != 4)); then
    echo 'usage: conditions.sh CAMPAIGN_NAME WARM_UP_S MAIN PLAN_LINE' >&2
    exit 2
fi

separator='{'

# member KEY VALUE: as a JSON number if it is one, else as a string; what plan.sh lets through needs no escapes.
member() {
    local value=\"$2\"
    if [[ $2 =~ ^(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$ ]]; then value=$2; fi
    printf '%s\n  "%s": %s' "$separator" "$1" "$value"
    separator=,
}

IFS=$'\t' read -r _ name node _ search attached purpose overlay headers family rate duration round extras _ <<<"$4"
printf '%s\n  "campaign": "%s"' "$separator" "$1"
separator=,
member overlay "$overlay"
member headers "$headers"
member family "$family"
member rate_per_s "$rate"
member duration_s "$duration"
member warm_up_s "$2"
member attached "$attached"
[[ $search == - ]] || member search_bytes "$search"
member node "$node"
member purpose "$purpose"
if [[ $extras != - ]]; then
    for extra in $extras; do member "${extra%%=*}" "${extra#*=}"; done
fi
member round "$round"
[[ $name == "$3" ]] || member beside "$3"
printf '\n}\n'
