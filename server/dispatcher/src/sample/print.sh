# The report with the name of its author, as it would go to the printer.
set -eu
told=$(kanban context "$KANBAN_TASK")
report=$(printf '%s\n' "$told" | sed -n 's/^report: //p')
author=$(printf '%s\n' "$told" | sed -n 's/^author: //p')
sleep 1
pr -h "by ${author:-nobody in particular}" -l 60 "${report:?no report was handed on}" > report.pr
echo "$(wc -l < report.pr) lines to print: $PWD/report.pr"
