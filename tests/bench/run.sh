#!/usr/bin/env bash
# Runs the load harness, with the Python named first, against the server that with-server.sh started.
set -euo pipefail

python=$1
shift
exec "$python" "$(dirname "$0")/bench.py" --base "$KANBAN_URL/api/plugins/kanban" \
	--token "$KANBAN_TOKEN" --pid "$KANBAN_PID" "$@"
