# SPDX-License-Identifier: BSD-2-Clause
"""Statistics in plain Python, after the formulas that README.md and the headers in analyze/ name. Samples are lists
of numbers in ascending order; ranks count from 1."""
import bisect
import functools
import math
import statistics

ALPHA = 0.05
Z = statistics.NormalDist().inv_cdf(1 - ALPHA / 2)
MEDIAN, P90, P99 = (1, 2), (9, 10), (99, 100)

# The product of two sizes up to which the exact p-value of Kolmogorov and Smirnov is worth the time in Python.
EXACT_PRODUCT = 1_500_000


def rank(n, q):
    """ceil(q n), at least 1, in integers."""
    return max(1, -(-q[0] * n // q[1]))


def quantile(sample, q):
    """x(ceil(q n))."""
    return sample[rank(len(sample), q) - 1]


@functools.lru_cache(maxsize=None)
def tails(n, q):
    """Two lists for B binomial(n, q): at k, P(B < k) and P(B >= k), each summed up from its small end."""
    log_p, log_not = math.log(q[0] / q[1]), math.log1p(-q[0] / q[1])
    mass = [
        math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_not)
        for k in range(n + 1)
    ]
    below, above = [0.0] * (n + 2), [0.0] * (n + 2)
    for k in range(n + 1):
        below[k + 1] = below[k] + mass[k]
    for k in range(n, -1, -1):
        above[k] = above[k + 1] + mass[k]
    return below, above


def low_rank(n, q, level):
    """The largest rank l with P(x(l) > Q) = P(B < l) <= level; None: there is none."""
    below = tails(n, q)[0]
    found = bisect.bisect_right(below, level, 0, n + 1) - 1
    return found if found >= 1 else None


def high_rank(n, q, level):
    """The smallest rank h with P(x(h) < Q) = P(B >= h) <= level; None: there is none."""
    above = tails(n, q)[1]
    return next((h for h in range(1, n + 1) if above[h] <= level), None)


def interval_ranks(n, q):
    """Ranks of the 95% interval of a quantile: alpha/2 a side; where the end of the sample leaves more than that
    outside, the other side gets what remains of alpha. None: no interval exists."""
    below, above = tails(n, q)
    beyond_last, beyond_first = above[n], below[1]
    if beyond_last + beyond_first > ALPHA:
        return None
    if beyond_last > ALPHA / 2:
        return low_rank(n, q, ALPHA - beyond_last), n
    if beyond_first > ALPHA / 2:
        return 1, high_rank(n, q, ALPHA - beyond_first)
    return low_rank(n, q, ALPHA / 2), high_rank(n, q, ALPHA / 2)


def interval(sample, q):
    """The two order statistics around a quantile, or (None, None)."""
    ranks = interval_ranks(len(sample), q)
    return (None, None) if ranks is None else (sample[ranks[0] - 1], sample[ranks[1] - 1])


def dkw_eps(n):
    """Half the height of the band of Dvoretzky, Kiefer and Wolfowitz."""
    return math.sqrt(math.log(2 / ALPHA) / (2 * n))


def wilson(k, n):
    """Wilson's score interval of k among n, from the roots of (p - k/n)^2 = z^2 p (1 - p) / n."""
    a, b, c = n + Z * Z, -(2 * k + Z * Z), k * k / n
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    low = 2 * c / (-b + root)
    high = 1.0 if k == n else (-b + root) / (2 * a)
    return low, high


def steps(a, b):
    """All values x of both samples, with F_A(x) and F_B(x) as counts."""
    for x in sorted(set(a) | set(b)):
        yield x, bisect.bisect_right(a, x), bisect.bisect_right(b, x)


def ks_scaled(a, b):
    """Kolmogorov and Smirnov's D times n_a n_b: an integer."""
    return max(abs(i * len(b) - j * len(a)) for _, i, j in steps(a, b))


@functools.lru_cache(maxsize=None)
def ks_p(n_a, n_b, d_scaled):
    """P(D >= d) over all orders of n_a + n_b different values: the part of the lattice paths that reach d."""
    reached = [0.0] * (n_b + 1)
    for i in range(n_a + 1):
        for j in range(n_b + 1):
            if abs(i * n_b - j * n_a) >= d_scaled:
                reached[j] = 1.0
            elif i + j:
                left = reached[j - 1] * j if j else 0.0
                reached[j] = (reached[j] * i + left) / (i + j)
    return reached[n_b]


def wasserstein(a, b):
    """The area between both distribution functions."""
    total, last = 0, None
    for x, i, j in steps(a, b):
        if last is not None:
            total += (x - last[0]) * abs(last[1] * len(b) - last[2] * len(a))
        last = (x, i, j)
    return total / (len(a) * len(b))


@functools.lru_cache(maxsize=None)
def shift_levels():
    """The nine levels e_k = Phi(-R cos(t_k)) of analyze/shift.h, R so that an end of the interval is wrong in 2.5%."""
    def levels(radius):
        return [statistics.NormalDist().cdf(-radius * math.cos(math.radians(11.25 * k))) for k in range(9)]

    def wrong(e):
        return e[0] + sum((e[k] - e[k - 1]) * e[9 - k] for k in range(1, 9)) + (1 - e[8]) * e[0]

    low, high = 1.0, 5.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if wrong(levels(middle)) > ALPHA / 2 else (low, middle)
    return levels(high)


def shift_ranks(n, q):
    """Low and high ranks for each level, or None where the outermost level has none."""
    ranks = [(low_rank(n, q, e), high_rank(n, q, e)) for e in shift_levels()]
    return None if None in ranks[0] else ranks


def shift(a, b, q):
    """Quantile of B less that of A, with its interval (None, None where there is none): analyze/shift.h."""
    ranks_a, ranks_b = shift_ranks(len(a), q), shift_ranks(len(b), q)
    value = quantile(b, q) - quantile(a, q)
    if ranks_a is None or ranks_b is None:
        return value, None, None
    low = min(b[ranks_b[k][0] - 1] - a[ranks_a[8 - k][1] - 1] for k in range(9))
    high = max(b[ranks_b[k][1] - 1] - a[ranks_a[8 - k][0] - 1] for k in range(9))
    return value, low, high
