#!/usr/bin/env python3
"""compare.py - sets results of bench.py side by side that were taken in turn, under the same load.

  compare.py FOLDER ours yardstick original

reads FOLDER/bench-NAME-*.json, one file a round. Each figure is the median of its rounds. A ratio above 1
means that the first server is so many times as fast as the other, or takes so many times less.
"""
import glob
import json
import statistics
import sys

MORE_IS_BETTER = ("/s", "req/s")
FEWER_IS_BETTER = (" ms", " s", "bytes", " MB", " kB", "cores", "ms/req")


def kind(name):
    if name.endswith(MORE_IS_BETTER) or name.startswith("catchup events"):
        return 1
    if name.endswith(FEWER_IS_BETTER) or name.startswith("cpu ms/req"):
        return -1
    return 0


def ratio(name, ours, theirs):
    if kind(name) == 0 or not isinstance(ours, (int, float)) or not isinstance(theirs, (int, float)):
        return ""
    better, worse = (ours, theirs) if kind(name) > 0 else (theirs, ours)
    # A push may arrive before the answer that it follows, so a latency may be below zero.
    if better <= 0 or worse <= 0:
        return ""
    return f"{better / worse:.2f}x" if better / worse < 10 else f"{better / worse:.0f}x"


def written(result):
    """Bytes that the server wrote to the disk for each request of a phase, in kB."""
    for phase in ("create_c16", "patch_moves"):
        rounds = [one for one in result.get("res", {}).get(phase, []) if one.get("disk_write_mb")]
        if rounds:
            median = statistics.median(one["disk_write_mb"] * 1048.576 / one["requests"] for one in rounds)
            yield f"{phase} written kB", round(median, 1)


def figures(folder, name):
    """The summaries of all rounds, by the size of the board."""
    rounds = {}
    for path in sorted(glob.glob(f"{folder}/bench-{name}-*.json")):
        document = json.load(open(path))
        for size, summary in document["summary"].items():
            summary = {**summary, **dict(written(document["sizes"][size]))}
            rounds.setdefault(size, []).append(summary)
    return rounds


def median(rounds, name):
    values = [one[name] for one in rounds if name in one]
    if values and all(isinstance(value, (int, float)) for value in values):
        return round(statistics.median(values), 3)
    return " ".join(dict.fromkeys(str(value) for value in values))


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    of_each = [figures(folder, name) for name in names]
    for size in of_each[0]:
        rounds = [one.get(size, []) for one in of_each]
        head = "".join(f"{name:>16}" for name in names)
        print(f"\n{size + ' tasks':<28}{head}" + "".join(f"{'/ ' + name:>16}" for name in names[1:]))
        for name in dict.fromkeys(key for one in rounds for summary in one for key in summary):
            values = [median(one, name) for one in rounds]
            ratios = "".join(f"{ratio(name, values[0], value):>16}" for value in values[1:])
            print(f"{name:<28}" + "".join(f"{value!s:>16}" for value in values) + ratios)


main()
