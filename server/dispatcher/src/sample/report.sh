# The results of the parents, as one text. Each begins with its heading.
set -eu
sleep 2
{
    echo "# What is in the first chapter of Alice"
    kanban context "$KANBAN_TASK" |
        sed '1,/^## Parent task results/d; /^## Comment thread/,$d' |
        awk '/^### / { heading = 1; next }
             heading { print ""; print "## " $0; heading = 0; next }
             NF { print }'
} > report.md
cat report.md
echo
echo "report: $PWD/report.md"
