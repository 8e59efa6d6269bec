#!/usr/bin/env bash
# Runs a command beside the original's server, with the Python named first, on an empty board that is
# removed afterwards. The command finds the same variables as beside ours (with-server.sh).
set -euo pipefail

python=$1
shift
home=$(mktemp -d)
KANBAN_TOKEN=benchmark

exec {server}< <(exec env HOME="$home" HERMES_HOME="$home" "$python" "$(dirname "$0")/bench/peer.py" "$KANBAN_TOKEN")
KANBAN_PID=$!
trap 'kill "$KANBAN_PID" 2>/dev/null || true; rm -rf "$home"' EXIT

read -r -u "$server" line
KANBAN_URL=${line#listening on }
export KANBAN_PID KANBAN_TOKEN KANBAN_URL
# It listens from the first line on, and answers once it has loaded.
python3 - <<-'WAIT'
	import os, urllib.request
	url = os.environ["KANBAN_URL"] + "/api/plugins/kanban/board"
	urllib.request.urlopen(url, timeout=60).read()
WAIT
"$@"
kill -0 "$KANBAN_PID" || { echo "the original's server did not live through it" >&2; exit 1; }
