#!/bin/sh
# usage: check_scaffold.sh PREFIX CMAKE PYTHON KIND LANG MODEL: a new backend's project builds and passes its tests at once, and a
# real model runs on it with the numbers of the backend "reference".
set -eu
prefix=$1 cmake=$2 python=$3 kind=$4 lang=$5 model=$6
export TENON_LAYERS=validate
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$prefix/bin/tenon" backends new acme --kind "$kind" --lang "$lang"
# Warnings are errors here: what is generated gives none.
{ "$cmake" -G Ninja -S acme -B acme/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror &&
  "$cmake" --build acme/build -j2; } >log 2>&1 || { cat log; exit 1; }
(cd acme/build && "$(dirname "$cmake")/ctest" --output-on-failure -j2 --no-tests=error)

export TENON_ADD_BACKEND_FILES=$work/acme/build/acme.json
for backends in acme,reference reference; do
  "$prefix/bin/tenon" run "$model" -b $backends --input x=rand:shape=1x3x48x192 --output-dir $backends
done
"$python" -c 'import numpy as np
a, b = (np.load(f"{folder}/output_0.npy") for folder in ("acme,reference", "reference"))
np.testing.assert_allclose(a, b, rtol=1e-5)'
nodes=$("$prefix/bin/tenon" explain "$model" -b acme,reference --nodes | grep -cE ' (kernel|segment) +acme' || true)
echo "$nodes kernels or segments on acme"
[ "$nodes" -ge 5 ]
[ "$kind" = kernel ] || "$python" "$(dirname "$0")/check_artifacts.py" "$prefix/bin/tenon" acme
