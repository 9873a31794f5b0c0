#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can the judge fail? Asks `analyze` everything once, then changes the answers, one field or row at a time, and judges
anew: each change must be found, but for the fields that the judge is known not to look at."""
import copy
import json
import sys
import tempfile

import checks
import judge
import recorded

# What the judge does not recompute, and why.
UNJUDGED = {
    "label": "words",
    "words": "words",
    "pace": "words",
    "why": "words", "why_not": "words",
    "mixed": "told, not measured",
    "effective_n": "an estimate with choices of its own", "effective_n_a": "", "effective_n_b": "",
    "mean_ci_low_ms": "rests on effective_n", "mean_ci_high_ms": "", "mean_ci_low_us": "", "mean_ci_high_us": "",
    "part_after_answer": "its denominator is not in the contract",
    "limit_low_ci_low_us": "Student's quantile is not in Python's library", "limit_low_ci_high_us": "",
    "limit_high_ci_low_us": "", "limit_high_ci_high_us": "", "bias_ci_low_us": "", "bias_ci_high_us": "",
    "trend_slope": "the rounding of its means is not in the contract", "trend_correlation": "",
    "tls_percent_of_payload": "a sum of reasons, which are judged",
}


def leaves(node, path=()):
    """All fields of an answer, each as the way to it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield path + (i,)
            if isinstance(value, (dict, list)):
                yield from leaves(value, path + (i,))
    else:
        yield path


def kind(path):
    """A way without the places in lists."""
    return tuple("[]" if isinstance(step, int) else step for step in path)


def changed(value):
    """Another value, as near as a fault would be."""
    if value is None or isinstance(value, bool):
        return 1.5 if value is None else not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * (1 + 1e-7) if value else 1e-7
    return value + "x"


def mutations(answer):
    """For every kind of field, its first and its last place changed; for every kind of list, a row less, a row more."""
    places = {}
    for path in leaves(answer):
        places.setdefault(kind(path), []).append(path)
    for name, paths in places.items():
        for path in {paths[0], paths[-1]}:
            for how in ("less", "more") if isinstance(path[-1], int) else ("changed",):
                mutant = copy.deepcopy(answer)
                holder = mutant
                for step in path[:-1]:
                    holder = holder[step]
                if how == "less":
                    del holder[path[-1]]
                elif how == "more":
                    holder.append(copy.deepcopy(holder[path[-1]]))
                else:
                    holder[path[-1]] = changed(holder[path[-1]])
                yield ".".join(name), path, how, mutant


class Memory:
    """Asks once, remembers, and answers differently for one question if it is told to."""

    def __init__(self, ask):
        self.ask, self.known, self.lie = ask, {}, {}

    def __call__(self, command, *arguments, run=None):
        question = (command, *arguments, run.name if run else None)
        if question not in self.known:
            self.known[question] = json.dumps(self.ask(command, *arguments, run=run))
        return self.lie.get(question) or json.loads(self.known[question])


def judged_wrong(campaign, memory, command):
    """Does the judge find something wrong? The first that it finds is enough."""
    try:
        return any(True for _, want, got in checks.ALL[command](campaign, memory) for _ in judge.differences(want, got))
    except (KeyError, TypeError, AttributeError):
        return True


def questions(memory, command):
    """The questions of a command that are to be lied about: of those alike, the first, and compare's all."""
    asked = [question for question in memory.known if question[0] == command]
    return asked if command == "compare" else [q for q in (asked[0], asked[-1])]


def prove(campaign, memory, commands, say):
    """Judges every mutant. Returns how many behaved, and how many did not."""
    passed = failed = 0
    for command in commands:
        if judged_wrong(campaign, memory, command):
            say(f"FAIL {command}: wrong before anything was changed: see judge.py")
            failed += 1
            continue
        for question in dict.fromkeys(questions(memory, command)):
            for name, path, how, mutant in mutations(json.loads(memory.known[question])):
                memory.lie = {question: mutant}
                found = judged_wrong(campaign, memory, command)
                memory.lie = {}
                if found or name.rsplit(".", maxsplit=1)[-1] in UNJUDGED:
                    passed += 1
                else:
                    failed += 1
                    say(f"FAIL {' '.join(filter(None, question))}: nobody noticed: {name} {how} at {path}")
    return passed, failed


def main():
    """Proves the judge on one campaign."""
    options = judge.parse(sys.argv[1:])
    campaign = recorded.Campaign(options.campaign)
    with tempfile.TemporaryDirectory() as scratch:
        memory = Memory(judge.analyze_of(options.bin, campaign, scratch))
        passed, failed = prove(campaign, memory, [options.only] if options.only else list(checks.ALL), print)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
