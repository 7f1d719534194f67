#!/bin/sh
# Compares the size of every struct of backend.h, and offset and size of every field, with a golden
# file; both derived from the header.
# usage: abi_offsets_test.sh CC INCLUDE_DIRS(;-separated) GOLDEN [--write]
set -eu
cc=$1 golden=$3
folder=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$(printf '%s' "$2" | tr ';' '\n' | sed 's/^/-I/' | tr '\n' ' ')
echo '#include <tenon/backend_api/backend.h>' >"$work/header.c"
$cc -std=c11 $flags -E -P "$work/header.c" | awk -f "$folder/list_fields.awk" >"$work/fields"
{
  echo '#include <stdio.h>'
  echo '#include <tenon/backend_api/backend.h>'
  echo 'int main(void) {'
  awk '!seen[$1]++ { printf "  printf(\"%s - 0 %%zu\\n\", sizeof(%s));\n", $1, $1 }
       { printf "  printf(\"%s %s %%zu %%zu\\n\", offsetof(%s, %s), sizeof(((%s*)0)->%s));\n", $1, $2, $1, $2, $1, $2 }' "$work/fields"
  echo '  return 0; }'
} >"$work/offsets.c"
$cc -std=c11 $flags -o "$work/offsets" "$work/offsets.c"
"$work/offsets" >"$work/offsets.txt"
[ "$(wc -l <"$work/offsets.txt")" -gt 200 ] || { echo "the header's structs were not found" >&2; exit 1; }
if [ "${4-}" = --write ]; then
  cp "$work/offsets.txt" "$golden"
elif ! diff -u "$golden" "$work/offsets.txt"; then
  echo "The layout differs from $golden (struct field offset size). Fields are appended only (R1);" >&2
  echo "where the change is meant: $0 $1 '$2' $3 --write, and a line in docs/decisions.md." >&2
  exit 1
fi
