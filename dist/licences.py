#!/usr/bin/env python3
"""Prints the licence texts of all that is linked into `kanban` and into the page it carries.

Usage: dist/licences.py [TARGET]

A crate whose licence is not on the list below fails the build with its name, as does one without any text.
Each text is printed once, after the crates that it belongs to. Nothing is compiled or downloaded but by
`cargo metadata`, which fetches sources that are missing.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

TARGET = sys.argv[1] if len(sys.argv) > 1 else "x86_64-unknown-linux-musl"
PAGE_TARGET = "wasm32-unknown-unknown"

# They ask for a notice at most, but for MPL-2.0, which asks for the source of its own files: each crate is
# printed with the address of its source.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "MPL-2.0+", "Unicode-3.0", "Unlicense",
    "Zlib",
}  # fmt: skip
TEXTS = re.compile(r"(?i)(un)?licen[cs]e|copying|copyright|notice")
# Linked too, though Cargo does not know of them: a line that names the work, and its text where it has one of its own.
BESIDE = pathlib.Path(__file__).parent / "licences"


def allowed(expression: str) -> bool:
    """Returns true when an SPDX expression can be met by licences on the list alone."""
    tokens = re.findall(r"[()]|[^\s()/]+", expression.replace("/", " OR "))

    def any_of() -> bool:
        found = all_of()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = all_of() or found
        return found

    def all_of() -> bool:
        found = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            found = any_of()
            tokens.pop(0)
            return found
        if tokens and tokens[0] == "WITH":
            token = f"{token} {tokens.pop(0)} {tokens.pop(0)}"
        return token in ALLOWED

    return any_of() and not tokens


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(package: str, target: str) -> set[tuple[str, str]]:
    """Returns name and version of each crate whose code is linked into a package: what only builds it is not."""
    lines = cargo("tree", "--locked", "--package", package, "--target", target, "--edges", "normal,no-proc-macro",
                  "--prefix", "none", "--format", "{p}")  # fmt: skip
    return {(name, version[1:]) for name, version, *_ in map(str.split, lines.splitlines())}


def texts(folder: pathlib.Path, named: str | None) -> list[str]:
    files = {file for file in folder.iterdir() if file.is_file() and TEXTS.match(file.name)}
    for inner in folder.iterdir():
        if inner.is_dir() and inner.name.lower() in ("licenses", "licences"):
            files |= {file for file in inner.iterdir() if file.is_file()}
    if named:
        files.add(folder / named)
    return [file.read_text(errors="replace").replace("\r\n", "\n").strip() for file in sorted(files)]


def main() -> None:
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    ours = set(metadata["workspace_members"])
    wanted = linked("server", TARGET) | linked("frontend", PAGE_TARGET)
    holders: dict[str, list[str]] = collections.defaultdict(list)
    spelled: dict[str, str] = {}
    refused, bare = [], []

    def add(text: str, holder: str) -> None:
        key = " ".join(text.split())
        spelled.setdefault(key, text)
        holders[key].append(holder)

    for package in sorted(metadata["packages"], key=lambda package: (package["name"], package["version"])):
        if package["id"] in ours or (package["name"], package["version"]) not in wanted:
            continue
        name = f"{package['name']} {package['version']}"
        expression = package["license"]
        if not expression or not allowed(expression):
            refused.append(f"{name}: {expression or 'no licence is named'}")
            continue
        holder = f"{name} ({expression}), {package['repository'] or package['homepage'] or 'crates.io'}"
        found = texts(pathlib.Path(package["manifest_path"]).parent, package["license_file"])
        for text in found:
            add(text, holder)
        if not found:
            bare.append(f"{holder}, by {', '.join(package['authors']) or 'its authors'}")
    if refused:
        sys.exit("these crates have licences that dist/licences.py does not allow:\n  " + "\n  ".join(refused))

    for file in sorted(BESIDE.iterdir()):
        holder, _, text = file.read_text().partition("\n")
        if text:
            add(text.strip(), holder)
        else:
            bare.append(holder)

    rule = "\n" + "-" * 100 + "\n"
    print("Kanban is under the MIT licence, see LICENSE. It contains the following works of others.")
    for key in sorted(holders, key=lambda key: (-len(holders[key]), holders[key])):
        print(rule, *holders[key], "", spelled[key], sep="\n")
    if bare:
        print(rule, "These carry no text of their own; that of their licence is above.", "", *bare, sep="\n")


if __name__ == "__main__":
    main()
