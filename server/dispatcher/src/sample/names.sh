# The first attempt fails on purpose, to show what happens then: it finds
# no index and makes one. The workspace is kept, so the second finds it.
set -eu
words=$(kanban context "$KANBAN_TASK" | sed -n 's/^words: //p')
sleep 1
if [ ! -f index.txt ]; then
    sort "${words:?no words were handed on}" | uniq -c > index.txt
    echo "there was no index.txt; the next attempt will find one" >&2
    exit 3
fi
sleep 1
echo "Who and what is mentioned"
awk '$2 ~ /^(alice|rabbit|dinah|door|key|bottle|cake)$/ { print $1, $2 }' index.txt |
    sort -k1,1nr -k2 |
    awk 'NR <= 5 { printf "- %s, %d times\n", $2, $1 }'
