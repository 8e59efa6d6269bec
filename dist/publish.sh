#!/usr/bin/env bash
# Makes a release of a tag on the forge that runs this, and attaches all of target/dist.
#
# Usage: TOKEN=… dist/publish.sh TAG NOTES
#
# GitHub and Forgejo take the same request for a release, and different ones for its files. It stays a draft until
# all files are there.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=$1 notes=$2
api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/releases

# The token stays out of the list of processes.
ask() {
    curl --fail-with-body --silent --show-error --config <(printf 'header = "Authorization: token %s"\n' "$TOKEN") "$@"
}

# Prints a field of the JSON that comes in.
field() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

body=$(python3 -c 'import json, sys
print(json.dumps({"tag_name": sys.argv[1], "name": sys.argv[1], "body": open(sys.argv[2]).read(), "draft": True}))' \
    "$tag" "$notes")
release=$(ask --header "Content-Type: application/json" --data-binary "$body" "$api")
id=$(field id <<<"$release")

for file in "${OUT:-target/dist}"/*; do
    name=$(basename "$file")
    echo "• attach $name"
    if [ "$GITHUB_SERVER_URL" = https://github.com ]; then
        address=$(field upload_url <<<"$release")
        ask --header "Content-Type: application/octet-stream" --data-binary "@$file" "${address%%\{*}?name=$name" >/dev/null
    else
        ask --form "attachment=@$file" "$api/$id/assets?name=$name" >/dev/null
    fi
done
ask --request PATCH --header "Content-Type: application/json" --data-binary '{"draft": false}' "$api/$id" >/dev/null
