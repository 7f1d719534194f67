#!/bin/sh
# usage: check.sh TENON LIBRARY MODEL: the model runs with this backend's kernels first, under the validation layer, and
# gives the numbers of the backend "reference"; the program is at most 100 lines long.
set -e
export TENON_LAYERS=validate TENON_ADD_BACKEND_FILES="$2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for backends in backend_c,reference reference; do
  "$1" run "$3" -b $backends --input x=rand:shape=1x3x48x192 --output-dir "$work/$backends"
done
cmp "$work/backend_c,reference/output_0.npy" "$work/reference/output_0.npy"
"$1" explain "$3" -b backend_c,reference --nodes | grep -q ' kernel  *backend_c\.relu'
[ "$(wc -l <"$(dirname "$0")/backend_c.c")" -le 100 ]
