# How often each letter is used, drawn as bars.
set -eu
book=$(kanban context "$KANBAN_TASK" | sed -n 's/^book: //p')
sleep 2
echo "The letters used most"
tr A-Z a-z < "${book:?no book was handed on}" | tr -cd a-z | fold -w 1 |
    sort | uniq -c | sort -k1,1nr -k2 |
    awk 'NR == 1 { most = $1 }
         NR <= 6 {
             bar = ""
             for (width = 0; width < 30 * $1 / most; width++) bar = bar "="
             printf "- %s %s %d\n", $2, bar, $1
         }'
