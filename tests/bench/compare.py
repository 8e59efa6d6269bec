#!/usr/bin/env python3
"""compare.py - sets two results of bench.py side by side, taken in turn under the same load.

  compare.py ours.json theirs.json

A ratio above 1 means that the first server is so many times as fast, or takes so many times less.
"""
import json
import sys

MORE_IS_BETTER = ("/s", "req/s")
FEWER_IS_BETTER = (" ms", " s", "bytes", " MB", "cores", "ms/req")


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
    return f"{better / worse:.1f}x" if better / worse < 10 else f"{better / worse:.0f}x"


def main():
    ours, theirs = (json.load(open(path))["summary"] for path in sys.argv[1:3])
    for size in ours:
        a, b = ours[size], theirs.get(size, {})
        print(f"\n{size + ' tasks':<36}{'ours':>16}{'original':>16}{'ratio':>10}")
        noisy = [side.pop("noisy phases", "-") for side in (a, b)]
        for name in dict.fromkeys([*a, *b]):
            x, y = a.get(name, ""), b.get(name, "")
            print(f"{name:<36}{x!s:>16}{y!s:>16}{ratio(name, x, y):>10}")
        print(f"other processes took part in: {noisy[0]} / {noisy[1]}")


main()
