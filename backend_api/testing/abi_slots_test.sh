#!/bin/sh
# Every slot that backend.h defines is called in abi_c11_test.c, or back in complete_*.c.
# usage: abi_slots_test.sh CC INCLUDE_DIRS(;-separated)
set -eu
folder=$(dirname "$0")
flags=$(printf '%s' "$2" | tr ';' '\n' | sed 's/^/-I/' | tr '\n' ' ')
missing=0
for slot in $(echo '#include <tenon/backend_api/backend.h>' | $1 -std=c11 $flags -E -P -x c - |
  awk -f "$folder/list_fields.awk" | awk '$3 == "slot" { print $2 }' | sort -u); do
  grep -q -e "->$slot(" "$folder/abi_c11_test.c" "$folder"/complete_*.c && continue
  echo "no test calls the slot $slot" >&2
  missing=1
done
exit $missing
