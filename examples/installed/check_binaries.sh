#!/bin/bash
# usage: check_binaries.sh PREFIX: what the installed binaries export and need is what docs/install.md says.
set -euo pipefail
prefix=$1
library=$prefix/lib/libtenon.so.0
said=$prefix/share/doc/tenon/docs/install.md
failed=0
complain() { echo "$*"; failed=1; }

exported() { nm -D --defined-only "$1" | awk '{print $3}'; }
others=$(exported "$library" | grep -v '^tenon_' || true)
[ -z "$others" ] || complain "libtenon.so.0 exports more than tenon_*: $others"
# Every function that tenon.h declares is there.
for name in $(grep -oE '^TENON_API [^(]*\(' "$prefix/include/tenon/runtime/tenon.h" | grep -oE 'tenon_[a-z_0-9]+\(' | tr -d '('); do
  exported "$library" | grep -qx "$name" || complain "libtenon.so.0 lacks $name of tenon.h"
done
soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = libtenon.so.0 ] || complain "the SONAME is $soname, expected libtenon.so.0"
[ "$(readlink "$prefix/lib/libtenon.so")" = libtenon.so.0 ] || complain "lib/libtenon.so is no link to libtenon.so.0"

binaries=("$prefix/bin/tenon" "$library" "$prefix"/lib/tenon/*.so)
for binary in "${binaries[@]}"; do
  case $binary in
    */lib/tenon/*)
      [ "$(exported "$binary")" = tenon_negotiate ] || complain "$binary exports more than tenon_negotiate" ;;
  esac
  for path in $(readelf -d "$binary" | sed -n 's/.*R\(UN\)\?PATH.*\[\(.*\)\]/\2/p' | tr ':' ' '); do
    [[ $path = '$ORIGIN' || $path = '$ORIGIN/'* ]] || complain "$binary looks for libraries in $path"
  done
  for needed in $(readelf -d "$binary" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'); do
    case $needed in libtenon.so.0 | libc.so.6 | libm.so.6 | ld-linux-*) continue ;; esac
    grep -q "$needed" "$said" || complain "$binary needs $needed, which docs/install.md does not name"
  done
done
for family in GLIBC GLIBCXX CXXABI; do
  needed=$(objdump -T "${binaries[@]}" | grep -oE "\b${family}_[0-9.]+" | sort -uV | tail -1)
  stated=$(grep -oE "\b${family}_[0-9.]*[0-9]" "$said" | head -1)
  echo "needs $needed, docs/install.md says $stated"
  [ "$(printf '%s\n' "$needed" "$stated" | sort -V | tail -1)" = "$stated" ] ||
    complain "the binaries need $needed: docs/install.md says $stated"
done
exit $failed
