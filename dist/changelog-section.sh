#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version: the text of its release.
#
# Usage: dist/changelog-section.sh VERSION
#
# It fails where the source is of another version, or nothing is said.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?names the version, without a v}
ours=$(sed -n '/^\[workspace.package\]$/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[ "$version" = "$ours" ] || { echo "the version of the source is $ours, not $version" >&2 && exit 1; }

section=$(awk -v heading="## [$version]" '
    /^## / { wanted = index($0, heading) == 1; next }
    wanted { print }
' CHANGELOG.md | sed '1{/^$/d}')
[ -n "$section" ] || { echo "CHANGELOG.md has no section [$version]" >&2 && exit 1; }
printf '%s\n' "$section"
