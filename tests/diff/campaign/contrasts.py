# SPDX-License-Identifier: BSD-2-Clause
"""What `analyze compare` should say of pairs of selections; as in checks.py."""
import collections
import functools
import statistics

import estimates
from recorded import MS, RX, TX, US, plain, scaled


def operands(campaign):
    """Pairs of selections that have something in common here: layouts, overlays, rates, what was attached, sources."""
    wanted = [
        ("headers=original,rate_per_s=80,attached=none", "headers=proposed,rate_per_s=80,attached=none"),
        ("overlay=vxlan,rate_per_s=80,attached=none", "overlay=ipip,rate_per_s=80,attached=none"),
        ("rate_per_s=1,attached=none", "rate_per_s=80,attached=none"),
        ("rate_per_s=80,headers=proposed,attached=none", "rate_per_s=80,headers=proposed,attached=ebpf"),
        ("overlay=vxlan,attached=both", "overlay=ipip,attached=both"),
        ("attached=ebpf", "attached=both,source=ebpf"),
        ("overlay=vxlan,rate_per_s=80,attached=both,source=ebpf",
         "overlay=vxlan,rate_per_s=80,attached=both,source=pcap"),
        ("attached=both,source=pcap", "attached=both,source=ebpf"),
        ("attached=both,source=ebpf", "attached=both,source=pcap"),
    ]
    return [(a, b) for a, b in wanted if contrasts(*select(campaign, a), *select(campaign, b))]


def select(campaign, operand):
    """The runs that an operand names, those for detection apart, and the source that it asks for."""
    wanted = dict(part.split("=") for part in operand.split(","))
    source = wanted.pop("source", None)
    runs = [run for run in campaign.runs if not run.is_for_detection()
            and all(plain(run.conditions.get(k, "")) == plain(v) for k, v in wanted.items())]
    return runs, source


@functools.lru_cache(maxsize=None)
def expected(campaign):
    """By pair of selections: the runs of each, what should be said of each quantity, and of the same packets."""
    found = {}
    for a, b in operands(campaign):
        (runs_a, source_a), (runs_b, source_b) = select(campaign, a), select(campaign, b)
        quantities = {quantity: contrast(*samples, MS if quantity[0] == "e2e" else US)
                      for quantity, samples in contrasts(runs_a, source_a, runs_b, source_b).items()}
        same = same_packets(runs_a, source_b) if runs_a == runs_b and source_a != source_b else {}
        found[a, b] = runs_a, runs_b, quantities, {way: agreement(differences) for way, differences in same.items()}
    return found


def check_compare(campaign, ask):
    """Two selections against each other, quantity by quantity; the same packets where only the source differs."""
    chosen = expected(campaign)
    yield "compare: the campaign has something to compare", True, bool(chosen)
    for (a, b), (runs_a, runs_b, wanted, want) in chosen.items():
        answer = ask("compare", a, b)
        told = [(c["quantity"], c.get("source_a"), c.get("source_b")) for c in answer["comparisons"]]
        quantities = {(c["quantity"], c.get("source_a"), c.get("source_b")): c for c in answer["comparisons"]}
        yield f"compare: {a} {b}: runs", {
            "a": named(a, runs_a), "b": named(b, runs_b),
            "runs_in_common": sum(run in runs_b for run in runs_a)}, answer
        yield f"compare: {a} {b}: quantities", sorted(wanted, key=str), sorted(told, key=str)
        for quantity, want_of_it in wanted.items():
            yield f"compare: {a} {b}: {quantity}", want_of_it, quantities.get(quantity, {})
        same = {s["direction"]: s for s in answer["same_packets"]}
        yield f"compare: {a} {b}: same packets, directions", sorted(want), sorted(
            s["direction"] for s in answer["same_packets"])
        for way, want_of_it in want.items():
            yield f"compare: {a} {b}: same packets {way}", want_of_it, same.get(way, {})


def named(operand, runs):
    """An operand and its runs as the answer names them."""
    return {"operand": operand, "runs": [run.name for run in runs]}


def contrasts(runs_a, source_a, runs_b, source_b):
    """The quantities that both selections have, as two samples each."""
    found = {("e2e", None, None): [sorted(x for run in runs for x in run.end_to_end()) for runs in (runs_a, runs_b)]}
    if runs_a == runs_b:
        found.clear()
    pairs = [(s, s) for s in ("ebpf", "pcap")] if not (source_a or source_b) else [
        (source_a or source_b, source_b or source_a)]
    for way in (RX, TX):
        for sources in pairs:
            found[(way, *sources)] = [
                sorted(p.latency_ns for run in runs for p in run.pairs(source) if p.way == way)
                for runs, source in zip((runs_a, runs_b), sources)]
    return {quantity: samples for quantity, samples in found.items() if all(samples)}


def contrast(a, b, unit):
    """The fields of a comparison of two sorted samples."""
    d = estimates.ks_scaled(a, b)
    told = {"n_a": len(a), "n_b": len(b), "ks_d": d / (len(a) * len(b)),
            f"wasserstein_{unit[0]}": estimates.wasserstein(a, b) / unit[1],
            f"median_a_{unit[0]}": scaled(estimates.quantile(a, estimates.MEDIAN), unit),
            f"median_b_{unit[0]}": scaled(estimates.quantile(b, estimates.MEDIAN), unit)}
    for name, q in (("median", estimates.MEDIAN), ("p90", estimates.P90), ("p99", estimates.P99)):
        value, low, high = (scaled(x, unit) for x in estimates.shift(a, b, q))
        told.update({f"{name}_shift_{unit[0]}": value, f"{name}_shift_ci_low_{unit[0]}": low,
                     f"{name}_shift_ci_high_{unit[0]}": high})
    if len(a) * len(b) <= estimates.EXACT_PRODUCT:
        told["ks_p_exact"] = True
        told["ks_p"] = estimates.ks_p(len(a), len(b), d)
        told["verdict"] = verdict(told[f"median_shift_ci_low_{unit[0]}"], told[f"median_shift_ci_high_{unit[0]}"],
                                  told["ks_p"])
    return told


def verdict(low, high, p):
    """What a shift of the median and a p-value support."""
    if low is None:
        return "too_few"
    if low > 0 or high < 0:
        return "b_larger" if low > 0 else "b_smaller"
    return "shape_differs" if p < estimates.ALPHA else "no_difference_found"


def same_packets(runs, source_b):
    """Differences of the same packets' latencies, B minus A, by direction, ascending: a packet is the same if
    identity, addresses and ports at the vport are, and its place among those that have these in common."""
    sign = -1 if source_b == "ebpf" else 1
    found = collections.defaultdict(list)
    for run in runs:
        ebpf, pcap = (by_packet(run.pairs(source)) for source in ("ebpf", "pcap"))
        for packet in set(ebpf) & set(pcap):
            if ebpf[packet].way == pcap[packet].way:
                found[ebpf[packet].way].append(sign * (pcap[packet].latency_ns - ebpf[packet].latency_ns))
    return {way: sorted(differences) for way, differences in found.items()}


def by_packet(pairs):
    """Pairs by identity, flow and place."""
    found, seen = {}, collections.Counter()
    for pair in sorted(pairs, key=lambda pair: pair.entry_ns):
        found[pair.identity, pair.tuple, seen[pair.identity, pair.tuple]] = pair
        seen[pair.identity, pair.tuple] += 1
    return found


def agreement(differences):
    """The fields that tell of the same packets' differences (Bland and Altman)."""
    n, bias = len(differences), statistics.fmean(differences)
    told = {"n": n, "bias_us": bias / 1e3}
    for name, q in (("median", estimates.MEDIAN), ("p025", (25, 1000)), ("p975", (975, 1000))):
        low, high = estimates.interval(differences, q)
        told.update({f"{name}_diff_us": estimates.quantile(differences, q) / 1e3,
                     f"{name}_diff_ci_low_us": scaled(low, US), f"{name}_diff_ci_high_us": scaled(high, US)})
    if n > 1:
        sd = statistics.stdev(differences)
        told.update({"sd_diff_us": sd / 1e3, "limit_low_us": (bias - estimates.Z * sd) / 1e3,
                     "limit_high_us": (bias + estimates.Z * sd) / 1e3})
    return told
