#!/bin/sh
# usage: check_cross.sh PREFIX COMPILER: backend.h and the example backend_c compile for another system, into a library that
# exports tenon_negotiate. 77 where the compiler is not there.
set -eu
prefix=$1 compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v "$compiler-gcc" >/dev/null; then
  echo "skipped: $compiler-gcc is not installed (./setup --deps-only installs it)"
  exit 77
fi
position_independent=$(case $compiler in *mingw*) ;; *) echo -fPIC ;; esac)
# shellcheck disable=SC2086
"$compiler-gcc" -std=c11 -Wall -Wextra -pedantic -Werror -shared $position_independent -fvisibility=hidden \
  -I"$prefix/include" "$prefix/share/doc/tenon/examples/backend_c/backend_c.c" -o "$work/library.dll"
"$compiler-objdump" -f "$work/library.dll" | grep 'file format'
case $compiler in
  *mingw*) "$compiler-objdump" -p "$work/library.dll" | grep -A99 'Ordinal/Name Pointer' ;;
  *) "$compiler-objdump" -T "$work/library.dll"; "$compiler-readelf" -n "$work/library.dll" ;;
esac >"$work/exports"
grep tenon_negotiate "$work/exports"
