#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# HTML pages in headless Chromium: they show without an error, ask for nothing, fit on a phone and on paper.
# Without Chromium it says that it is skipped, and exits 0.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: run.sh [--screenshot FILE [--width N] [--dark] [--unfold]] [--pdf FILE] PAGE...

Checks each page, and that the checks fail on a page that is bad.

  --screenshot FILE  a picture (PNG) of the last page, N pixels wide (1280), in dark colours, with all details open
  --pdf FILE         the last page as it is printed
TEXT
}

here=$(dirname "$(readlink -f "$0")")
options=()
while (($#)); do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --screenshot | --width | --pdf)
            (($# >= 2)) || { echo "run.sh: $1 needs a value" >&2; usage >&2; exit 2; }
            options+=("$1" "$2")
            shift 2
            ;;
        --dark | --unfold) options+=("$1"); shift ;;
        --) shift; break ;;
        -*) echo "run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
        *) break ;;
    esac
done
(($#)) || { echo "run.sh: no PAGE given" >&2; usage >&2; exit 2; }

if ! chromium=$(command -v chromium); then
    echo "pages in a browser: skipped: no chromium; apt-get install --no-install-recommends chromium"
    echo "0 passed, 0 failed"
    exit 0
fi
# look.py keeps a limit of its own; this one is for a browser that cannot even be ended.
look() {
    timeout --kill-after=10 150 /usr/bin/python3 "$here/look.py" --chromium "$chromium" --seconds 120 "$@"
}

status=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT
look "$here/bad.html" > "$said" || true
n_missed=$(grep -c '^ok ' "$said" || true)
if [ "$n_missed" -eq 1 ] && grep -qx 'ok   bad.html: opens' "$said" && grep -qx '1 passed, 11 failed' "$said"; then
    echo "ok   every check fails on a bad page"
    n_passed=1 n_failed=0
else
    echo "FAIL every check fails on a bad page"
    sed 's/^/     /' "$said"
    n_passed=0 n_failed=1
fi
look "${options[@]}" "$@" > "$said" || status=$?
grep -v ' passed, ' "$said" || true
read -r passed _ failed _ < <(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$said" || echo "0 passed, 1 failed")
echo "$((n_passed + passed)) passed, $((n_failed + failed)) failed"
[ "$status" -eq 0 ] && [ "$n_failed" -eq 0 ]
