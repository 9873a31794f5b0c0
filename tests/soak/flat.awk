# SPDX-License-Identifier: BSD-2-Clause
# Is a column of the samples flat? The medians of the first and of the last third are compared, without the first tenth, in which caches and
# buffers fill. The unit of memory is KiB. Memory may also grow in a step or two, of a megabyte at most: a buffer is used to a place where it was
# not before. A leak grows in every quarter.
# Variables: column, its name in the header line; requests, how many there were in all; bytes, what the column may grow by for each
# request (else: by nothing). Prints what it found. Exit status 0: flat; 1: not flat, or too little to tell.

# sort_range: sorts v[from..to] (insertion: a few hundred samples).
function sort_range(v, from, to,    i, j, x) {
    for (i = from + 1; i <= to; i++) {
        x = v[i]
        for (j = i - 1; j >= from && v[j] > x; j--) v[j + 1] = v[j]
        v[j + 1] = x
    }
}

# median: of samples from..to.
function median(from, to,    i, v) {
    for (i = from; i <= to; i++) v[i] = value[i]
    sort_range(v, from, to)
    return v[from + int((to - from) / 2)]
}

BEGIN { FS = "\t" }

NR == 1 {
    for (i = 1; i <= NF; i++) if ($i == column) at = i
    if (!at) { print "no column " column; failed = 1; exit 1 }
    next
}

{ n++; time[n] = $1; value[n] = $at }

END {
    if (failed) exit 1
    first = int(n / 10) + 1
    third = int((n - first + 1) / 3)
    if (third < 3) { print "too few samples to tell: " n; exit 1 }
    early = median(first, first + third - 1)
    late = median(n - third + 1, n)
    # from the middle of the first third to that of the last one
    between = requests * (time[n - int(third / 2)] - time[first + int(third / 2)]) / (time[n] - time[1])
    limit = bytes * between / 1024
    if (bytes && limit < 64) { printf "too few requests to tell: %d\n", requests; exit 1 }
    quarter = int((n - first + 1) / 4)
    slowest = late - early
    for (i = 0; i < 3; i++) {
        step = median(first + (i + 1) * quarter, first + (i + 2) * quarter - 1) - median(first + i * quarter, first + (i + 1) * quarter - 1)
        if (3 * step < slowest) slowest = 3 * step
    }
    is_step = bytes && slowest <= limit && late - early <= limit + 1024
    printf "%s: median of the first third %d, of the last %d: may grow by %d over %d requests\n", column, early, late, limit, between
    exit (late - early > limit && !is_step)
}
