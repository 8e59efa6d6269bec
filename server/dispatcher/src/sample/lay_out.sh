# The book travels in this script. The tasks that follow learn from the
# last line of the output, which becomes the result, where it lies now.
set -eu
cat > alice.txt <<'THE END'
{text}THE END
sleep 1
echo "$(wc -l < alice.txt) lines, $(wc -w < alice.txt) words"
echo "book: $PWD/alice.txt"
