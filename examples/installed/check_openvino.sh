#!/bin/sh
# usage: check_openvino.sh PREFIX CMAKE PYTHON OPENVINO_DIR: builds examples/backend_openvino of the prefix with
# find_package alone, and passes its tests.
set -eu
prefix=$1 cmake=$2 python=$3 openvino=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ "$cmake" -G Ninja -S "$prefix/share/doc/tenon/examples/backend_openvino" -B "$work" -DCMAKE_PREFIX_PATH="$prefix" \
    -DTENON_PYTHON="$python" -DOpenVINO_DIR="$openvino" -DBUILD_TESTING=ON \
  && "$cmake" --build "$work" \
  && "$(dirname "$cmake")/ctest" --test-dir "$work" --no-tests=error; } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tail -5 "$work/log"
