# One word a line, in small letters.
set -eu
book=$(kanban context "$KANBAN_TASK" | sed -n 's/^book: //p')
tr A-Z a-z < "${book:?no book was handed on}" |
    tr -cs "a-z'" '\n' |
    sed "s/^'*//; s/'*\$//" |
    grep . > words.txt
sleep 1
echo "$(wc -l < words.txt) words, $(sort -u words.txt | wc -l) of them different"
echo "words: $PWD/words.txt"
