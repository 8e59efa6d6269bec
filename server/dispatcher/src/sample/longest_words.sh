# The longest words.
set -eu
words=$(kanban context "$KANBAN_TASK" | sed -n 's/^words: //p')
sleep 1
echo "The longest words"
sort -u "${words:?no words were handed on}" |
    awk '{ print length($0), $0 }' | sort -k1,1nr -k2 |
    awk 'NR <= 5 { printf "- %s, %d letters\n", $2, $1 }'
