#!/bin/sh
# usage: check_headers.sh PREFIX: each header compiles by itself without a warning, as C++20, and as C11 where it is C.
set -eu
cd "$1/include"
flags="-Wall -Wextra -pedantic -Werror -fsyntax-only -I."
for header in $(find tenon dlpack -name '*.h' -o -name '*.hpp'); do
  case $header in
    */sdk/* | *.hpp) ;;
    *) echo "cc -std=c11 -x c $flags -include $header /dev/null" ;;
  esac
  echo "c++ -std=c++20 -x c++ $flags -include $header /dev/null"
done >"${TMPDIR:-/tmp}/headers.$$"
trap 'rm -f "${TMPDIR:-/tmp}/headers.$$"' EXIT
xargs -P2 -I'{}' sh -c '{} || { echo "failed: {}"; exit 255; }' <"${TMPDIR:-/tmp}/headers.$$"
echo "$(wc -l <"${TMPDIR:-/tmp}/headers.$$") compilations"
