#!/bin/sh
# Compares backend.h with the newest recorded version by abidiff: additions at the end are allowed,
# everything else is a breaking change, for which the version is raised and recorded.
# usage: abi_recorded_test.sh CC INCLUDE_DIRS(;-separated)
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
command -v abidiff >/dev/null || { echo "abidiff is not installed (Debian: abigail-tools)"; exit 77; }
newest=$(ls -d "$folder"/../recorded/*/ 2>/dev/null | sort -V | tail -1)
[ -n "$newest" ] || { echo "no version of the ABI is recorded yet (see record_abi.sh)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$folder/abi_dump.sh" "$1" "$2" "$work/now.abi"
abidiff "$newest/backend.abi" "$work/now.abi" && exit 0
# Something changed. Allowed is what is appended: every field that was recorded is where it was.
"$folder/abi_offsets_test.sh" "$1" "$2" "$work/offsets.txt" --write
if awk '$2 != "-"' "$newest/offsets.txt" | grep -vxFf "$work/offsets.txt"; then
  echo "these fields of the recorded ABI in $newest are no longer there, or elsewhere" >&2
  exit 1
fi
