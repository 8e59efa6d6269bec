# Needs a person: asks, and waits as a blocked task. When somebody answers
# by a comment and unblocks it, it runs again and hands the answer on.
set -eu
answer=$(kanban context "$KANBAN_TASK" |
    sed '1,/^## Comment thread/d; /^\*\*/d; /^BLOCKED:/d; /^$/d' | tail -n 1)
sleep 1
if [ -z "$answer" ]; then
    kanban block "$KANBAN_TASK" "The report is ready. Who shall be named as its author?"
    exit 0
fi
echo "author: $answer"
