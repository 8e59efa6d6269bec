#!/usr/bin/env bash
# Runs a command beside a server of its own, on an empty board that is removed afterwards.
#
# The command finds KANBAN_URL, KANBAN_TOKEN and KANBAN_PID in its environment. Tasks are not
# started, so that what is measured is the server alone and nothing that comes in is executed.
set -euo pipefail

home=$(mktemp -d)
export KANBAN_HOME=$home
unset KANBAN_TASK KANBAN_RUN_TOKEN

exec {server}< <(exec "${KANBAN_BIN:?names the program}" serve --no-dispatch --listen 127.0.0.1:0)
KANBAN_PID=$!
trap 'kill "$KANBAN_PID" 2>/dev/null || true; rm -rf "$home"' EXIT

read -r -u "$server" line
KANBAN_URL=${line#listening on }
KANBAN_TOKEN=$(<"$home/token")
export KANBAN_PID KANBAN_TOKEN KANBAN_URL
unset KANBAN_HOME
"$@"
kill -0 "$KANBAN_PID" || { echo "the server did not live through it" >&2; exit 1; }
