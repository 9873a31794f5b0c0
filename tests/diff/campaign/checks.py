# SPDX-License-Identifier: BSD-2-Clause
"""What `analyze` should say of a campaign, command by command: each function returns (name of the check, what should
be in the answer, what is). Only the fields that the judge knows are looked at; a field that is missing is wrong."""
import collections
import functools
import statistics

import contrasts
import estimates
import named
import places
from recorded import ID_SQL, MS, US, WHOLE_HEAD, cell_key, scaled

GRID = [100, 187, 200, 250, 400, 1000, 1250, 1300, 1600]


def name_of(conditions):
    """A cell in words."""
    return ",".join(f"{k}={v}" for k, v in sorted(conditions.items(), key=str))


def cell_name(row):
    """The cell of a row of an answer, in words."""
    return name_of(dict(cell_key(row["conditions"])))


def first(runs):
    """How a cell is named: after its first run."""
    return {"run": runs[0].name, "conditions": runs[0].conditions}


def summary(sample, unit):
    """The fields that tell of a sorted sample."""
    told = {"n": len(sample)}
    if not sample:
        return told
    values = {"min": sample[0], "max": sample[-1], "mean": sum(sample) / len(sample)}
    for name, q in (("median", estimates.MEDIAN), ("p90", estimates.P90), ("p99", estimates.P99)):
        values[name] = estimates.quantile(sample, q)
        values[f"{name}_ci_low"], values[f"{name}_ci_high"] = estimates.interval(sample, q)
    told.update({f"{name}_{unit[0]}": scaled(value, unit) for name, value in values.items()})
    told["dkw_eps"] = estimates.dkw_eps(len(sample))
    return told


def rounds(samples, unit):
    """The fields that tell of the rounds that a sample was put together from."""
    medians = [estimates.quantile(sorted(sample), estimates.MEDIAN) for sample in samples if sample]
    if not medians:
        return {}
    return {"rounds": len(medians), f"round_median_min_{unit[0]}": scaled(min(medians), unit),
            f"round_median_max_{unit[0]}": scaled(max(medians), unit)}


def in_flight_max(requests):
    """The most requests without an answer at once; one that ends when another starts is not there with it."""
    events = sorted([(start, 1) for start, _, _ in requests] + [(start + took, -1) for start, took, _ in requests])
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def schedule(requests):
    """The fields that tell of one load log."""
    status = [row[2] for row in requests]
    ok = sum(200 <= s <= 399 for s in status)
    told = {"requests": len(requests), "answered_ok": ok, "unanswered": status.count(0),
            "answered_other": len(requests) - ok - status.count(0)}
    start = [row[0] for row in requests]
    gaps = sorted(b - a for a, b in zip(start, start[1:]))
    if gaps:
        told.update({"rate_per_s": len(gaps) * 1e9 / (start[-1] - start[0]), "gap_min_ms": gaps[0] / 1e6,
                     "gap_median_ms": estimates.quantile(gaps, estimates.MEDIAN) / 1e6, "gap_max_ms": gaps[-1] / 1e6,
                     "gap_cv": statistics.pstdev(gaps) / statistics.fmean(gaps),
                     "in_flight_max": in_flight_max(requests)})
    return told


def check_e2e(campaign, ask):
    """End-to-end latency by cell, and the schedule by log."""
    series = ask("e2e")["series"]
    rows = {cell_key(s["conditions"]): s for s in series}
    cells = {key: runs for key, runs in campaign.cells().items()
             if any(run.logs() for run in runs) and not runs[0].is_for_detection()}
    yield "e2e: cells", sorted(map(name_of, map(dict, cells))), sorted(cell_name(s) for s in series)
    for key, runs in cells.items():
        samples = [list(run.end_to_end()) for run in runs]
        sample = sorted(latency for one in samples for latency in one)
        yield (f"e2e: {name_of(dict(key))}", {**first(runs), **summary(sample, MS), **rounds(samples, MS)},
               rows.get(key, {}))
        told = rows.get(key, {}).get("load_logs", [])
        logs = {(log["run"], log["path"]): log for log in told}
        yield (f"e2e: logs of {name_of(dict(key))}",
               sorted((run.name, log["path"]) for run in runs for log, _ in run.logs()),
               sorted((log["run"], log["path"]) for log in told))
        for run in runs:
            for log, requests in run.logs():
                yield (f"e2e: log {run.name}/{log['path']}", {**log, **schedule(requests)},
                       logs.get((run.name, log["path"]), {}))


def check_cdf(campaign, ask):
    """Latency between the points by cell, source and direction."""
    series = ask("cdf")["series"]
    rows = {(cell_key(s["conditions"]), s["source"], s["direction"]): s for s in series}
    cells, expected = campaign.cells(), collections.defaultdict(list)
    by_run = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in campaign.runs:
        for source in ("ebpf", "pcap") if not run.is_for_detection() else ():
            for pair in run.pairs(source):
                expected[run.key, source, pair.way].append(pair)
                by_run[run.key, source, pair.way][run.name].append(pair.latency_ns)
    yield ("cdf: cells, sources, directions", sorted((name_of(dict(k)), source, way) for k, source, way in expected),
           sorted((cell_name(s), s["source"], s["direction"]) for s in series))
    for row, pairs in expected.items():
        want = {**first(cells[row[0]]), **summary(sorted(pair.latency_ns for pair in pairs), US),
                **rounds(by_run[row].values(), US)}
        want["classes"] = {"matched": 0, **collections.Counter(pair.kind for pair in pairs)}
        got = dict(rows.get(row, {}))
        got["classes"] = {"matched": 0, **got.get("classes", {})}
        yield f"cdf: {name_of(dict(row[0]))} {row[1]} {row[2]}", want, got
    yield from named.check_by(campaign, ask, summary)


@functools.lru_cache(maxsize=None)
def probes(campaign):
    """What each cell knows of detection at a point by a source: offsets found, number expected, number open, window."""
    found = {}
    for key, runs in campaign.cells().items():
        for source, point in sorted({(f.source, f.point) for run in runs for f in run.files}):
            offsets, expected, n_open, windows = [], [], 0, set()
            for run, file in ((run, run.file(source, point)) for run in runs):
                if file is None:
                    continue
                offsets += [s.ids_end_off for s in run.sightings(file.file_id) if s.identity]
                known, still_open = campaign.expected(run, file)
                expected.append(known)
                n_open += still_open
                windows.add(WHOLE_HEAD if file.whole else file.search_bytes)
            known = None if None in expected else sum(expected)
            found[key, source, point] = offsets, known, n_open, min(windows)
    return found


def rate(offsets, expected, n_open, n):
    """One row of `analyze detect`: the share of contexts that end within N bytes."""
    detected = sum(off <= n for off in offsets)
    told = {"search_bytes": n, "expected": expected, "detected": detected, "unresolved": n_open,
            "rate": None, "ci_low": None, "ci_high": None}
    if expected:
        told["rate"] = detected / expected
        told["ci_low"], told["ci_high"] = estimates.wilson(detected, expected)
    return told


def check_detect(campaign, ask):
    """Detection: a search of the whole head at many N, live searches at their own."""
    for by in ("family", "hop,family,format"):
        answer = ask("detect", "--search-bytes", ",".join(map(str, GRID)), "--by", by)
        yield from check_rates(campaign, answer["points"])
        yield from places.check_groups(campaign, answer, by.split(","))


def check_rates(campaign, points):
    """The rates by N."""
    rows = collections.defaultdict(list)
    for row in points:
        rows[cell_key(row["conditions"]), row["source"], row["point"]].append(row)
    cells, expected = campaign.cells(), probes(campaign)
    told = [sorted((name_of(dict(k)), source, point) for k, source, point in group) for group in (expected, rows)]
    yield "detect: cells, sources, points", *told
    for probe, (offsets, known, n_open, window) in expected.items():
        live = window < WHOLE_HEAD
        want = [{**first(cells[probe[0]]), "kind": "live" if live else "offsets", **rate(offsets, known, n_open, n)}
                for n in ([window] if live else GRID)]
        yield f"detect: {name_of(dict(probe[0]))} {probe[1]} {probe[2]}", want, rows[probe]


def traces(run, file):
    """How many different trace ids a file has seen."""
    (n,), = run.db.execute(f"SELECT count(DISTINCT {ID_SQL}) FROM request r WHERE trace_id IS NOT NULL AND file_id = ?",
                           (file.file_id,))
    return n


def account(campaign, run, file):
    """A file's line in the ledger of a campaign; requests and contexts are counted anew."""
    sightings = run.sightings(file.file_id)
    load = campaign.load_of(run)
    status = [row[2] for _, log in load.logs() for row in log] if load and load.logs() else None
    return {"frames": file.n_frames, "balanced": sum(reasons(run, file).values()) == file.n_frames,
            "requests": len(sightings), "contexts": sum(s.identity is not None for s in sightings),
            "traces": traces(run, file), "lost": sum(losses(run, file).values()), "complete": bool(file.complete),
            "content_hash": file.content_hash,
            "load_requests": None if status is None else len(status),
            "load_answered": None if status is None else len(status) - status.count(0)}


def reasons(run, file):
    """Frames by reason."""
    return dict(run.db.execute("SELECT reason, n_frames FROM ledger WHERE file_id = ?", (file.file_id,)))


def losses(run, file):
    """What a file lost, by kind."""
    return dict(run.db.execute("SELECT kind, n FROM loss WHERE file_id = ?", (file.file_id,)))


def check_ledger(campaign, ask):
    """Every file's account, every run's join, and every run's own ledger with its reasons."""
    answer = ask("ledger")
    files = {(f["run"], f["source"], f["point"]): f for f in answer["files"]}
    joins = {(j["run"], j["source"]): j for j in answer["joins"]}
    yield ("ledger: files", sorted((run.name, f.source, f.point) for run in campaign.runs for f in run.files),
           sorted((f["run"], f["source"], f["point"]) for f in answer["files"]))
    yield ("ledger: joins", sorted({(run.name, f.source) for run in campaign.runs for f in run.files}),
           sorted((j["run"], j["source"]) for j in answer["joins"]))
    for run in campaign.runs:
        for file in run.files:
            name = (run.name, file.source, file.point)
            yield f"ledger: {' '.join(name)}", account(campaign, run, file), files.get(name, {})
        for source in sorted({f.source for f in run.files}):
            got = joins.get((run.name, source), {})
            yield f"ledger: join {run.name} {source}", joined(run, source), {
                **got, "classes": nonzero(got.get("classes"))}
        if run.files:
            yield from own_ledger(run, ask)


def nonzero(counts):
    """Without the zeros."""
    return {name: n for name, n in (counts or {}).items() if n}


def joined(run, source):
    """A source's line among the joins of a campaign's ledger."""
    sides, pairs = run.sides(source), run.pairs(source)
    if sides is None:
        return {"joined": False, "classes": {}}
    contexts = sum(s.identity is not None for side in sides for s in run.sightings(side.file_id))
    return {"joined": True, "why_not": None, "classes": dict(collections.Counter(p.kind for p in pairs)),
            "unmatched": contexts - 2 * len(pairs)}


def own_ledger(run, ask):
    """A run's own ledger: the reasons of every file, that they add up, and what became of the sightings."""
    answer = ask("ledger", run=run)
    points = {(p["source"], p["point"]): p for p in answer["points"]}
    balanced = all(sum(reasons(run, file).values()) == file.n_frames for file in run.files)
    yield (f"ledger: points {run.name}",
           {"balanced": balanced, "points": sorted((f.source, f.point) for f in run.files)},
           {**answer, "points": sorted((p["source"], p["point"]) for p in answer["points"])})
    for file in run.files:
        got = points.get((file.source, file.point), {})
        yield f"ledger: reasons {run.name} {file.source} {file.point}", own_account(run, file), {
            **got, "reasons": nonzero(got.get("reasons"))}
        yield f"ledger: sum {run.name} {file.source} {file.point}", file.n_frames, sum(got.get("reasons", {}).values())
    want = [own_join(run, source) for source in ("ebpf", "pcap") if any(f.source == source for f in run.files)]
    yield f"ledger: joins {run.name}", want, [told_join(j) for j in answer["joins"]]
    first_join = [join for join in want if join["joined"]][:1] or want[:1]
    yield f"ledger: first join {run.name}", first_join, [told_join(j) for j in [answer["join"]] if j]


def own_account(run, file):
    """A file's account in its run's own ledger; requests and contexts are counted anew."""
    sightings, counts = run.sightings(file.file_id), reasons(run, file)
    return {"frames": file.n_frames, "reasons": nonzero(counts), "lost": losses(run, file),
            "requests": len(sightings), "contexts": sum(s.identity is not None for s in sightings),
            "balanced": sum(counts.values()) == file.n_frames, "complete": bool(file.complete),
            "content_hash": file.content_hash, "path": file.path, "unread_bytes": file.unread_bytes}


def own_join(run, source):
    """What became of a source's sightings: pairs by class, and how many found no partner at each point."""
    pairs, sides = run.pairs(source), run.sides(source) or ()
    alone = {role: sum(s.identity is not None for f in sides if f.role == role for s in run.sightings(f.file_id))
             for role in ("nic", "vport")}
    return {"source": source, "joined": bool(sides), "pairs": len(pairs),
            "classes": dict(collections.Counter(p.kind for p in pairs)),
            "unmatched": {role: n - len(pairs) if sides else 0 for role, n in alone.items()}}


def told_join(join):
    """The same from an answer: the reasons why sightings found no partner are added up."""
    alone = {side: sum(n for name, n in join["unmatched"].items() if name.startswith(f"{side}_"))
             for side in ("nic", "vport")}
    return {**join, "joined": "why" not in join, "classes": nonzero(join["classes"]), "unmatched": alone}


ALL = {"e2e": check_e2e, "cdf": check_cdf, "pairs": named.check_pairs, "detect": check_detect, "ledger": check_ledger,
       "offsets": places.check_offsets, "compare": contrasts.check_compare}
