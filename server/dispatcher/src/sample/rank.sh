# The words that are used most, shorter ones than "that" left out.
set -eu
words=$(kanban context "$KANBAN_TASK" | sed -n 's/^words: //p')
sleep 2
echo "The words used most"
awk 'length($0) > 3' "${words:?no words were handed on}" |
    sort | uniq -c | sort -k1,1nr -k2 |
    awk 'NR <= 6 { printf "- %s, %d times\n", $2, $1 }'
