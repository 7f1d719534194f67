#!/bin/sh
# Records what backend.h is now as a version of the ABI, in recorded/VERSION: the header, for backends
# of that version in the tests, and what abidw sees of it, for abidiff. Recording is a decision: it
# belongs into docs/decisions.md.
# usage: backend_api/record_abi.sh VERSION     (0.1; needs abidw, of Debian's abigail-tools)
set -eu
[ $# = 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
folder=$(cd "$(dirname "$0")" && pwd)
target=$folder/recorded/$1
dlpack=${TENON_DLPACK:-$("$folder/../setup" --third-party-path)/include}
[ ! -e "$target" ] || { echo "$target is recorded already; a recorded version does not change" >&2; exit 1; }
mkdir -p "$target/tenon/backend_api"
cp "$folder/include/tenon/backend_api/backend.h" "$target/tenon/backend_api/"
"$folder/testing/abi_dump.sh" "${CC:-cc}" "$target;$dlpack" "$target/backend.abi"
cp "$folder/testing/abi_offsets_0_2.txt" "$target/offsets.txt"
echo "recorded in $target"
