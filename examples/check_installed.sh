#!/bin/sh
# usage: check_installed.sh BUILD CMAKE MODELS: installs Tenon, moves the prefix, builds the examples against it with
# find_package alone, and runs them there.
set -eu
examples=$(cd "$(dirname "$0")" && pwd) build=$1 cmake=$2 models=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$cmake" --install "$build" --prefix "$work/made" >"$work/log"
mv "$work/made" "$work/moved"
for example in backend_c backend_cpp detect_speech read_text text_direction; do
  { "$cmake" -G Ninja -S "$examples/$example" -B "$work/$example" -DCMAKE_PREFIX_PATH="$work/moved" -DBUILD_TESTING=ON \
    && "$cmake" --build "$work/$example"; } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  echo "built $example"
done
"$work/backend_cpp/backend_cpp_test" >"$work/log" || { cat "$work/log"; exit 1; }
"$examples/backend_c/check.sh" "$work/moved/bin/tenon" "$work/backend_c/libbackend_c.so" "$models/text_direction.onnx"
"$examples/text_direction/check.sh" "$work/text_direction/text_direction" reference "$models/text_direction.onnx"
"$work/read_text/read_text" --models "$models" "$examples/read_text/card.png" | diff "$examples/read_text/testing/card.txt" -
"$work/detect_speech/detect_speech" --model "$models/silero_vad.onnx" "$examples/detect_speech/hello.wav" | grep -qx "2.4 - 3.6"
