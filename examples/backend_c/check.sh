#!/bin/sh
# usage: check.sh TENON LIBRARY MODEL: the model runs with this backend's kernels first, under the validation layer, and the
# program is at most 100 lines long.
set -e
export TENON_LAYERS=validate TENON_ADD_BACKEND_FILES="$2"
"$1" run "$3" -b backend_c,reference --input x=rand:shape=1x3x48x192 2>&1 | tee /dev/stderr | grep -q 'on reference'
"$1" explain "$3" -b backend_c,reference | grep -q 'backend_c'
[ "$(wc -l <"$(dirname "$0")/backend_c.c")" -le 100 ]
