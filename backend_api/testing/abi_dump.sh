#!/bin/sh
# Writes what abidw sees of backend.h: a C file that uses every struct of it, derived from the header.
# usage: abi_dump.sh CC INCLUDE_DIRS(;-separated) OUTPUT.abi
set -eu
folder=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$(printf '%s' "$2" | tr ';' '\n' | sed 's/^/-I/' | tr '\n' ' ')
{
  echo '#include <tenon/backend_api/backend.h>'
  echo '#include <tenon/backend_api/backend.h>' | $1 -std=c11 $flags -E -P -x c - | awk -f "$folder/list_fields.awk" |
    awk '!seen[$1]++ { printf "int use_%s(%s* object);\nint use_%s(%s* object) { return object != NULL; }\n", $1, $1, $1, $1 }'
  echo 'int32_t use_negotiate(tenon_negotiate_function negotiate);'
  echo 'int32_t use_negotiate(tenon_negotiate_function negotiate) { return negotiate(NULL, NULL); }'
} >"$work/every_type.c"
$1 -std=c11 -g -O0 -shared -fPIC $flags -o "$work/every_type.so" "$work/every_type.c"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/every_type.so" >"$3"
