#!/bin/sh
# usage: check_examples.sh PREFIX CMAKE MODELS: builds each example that stands in the prefix against it with find_package
# alone, and runs it.
set -eu
prefix=$1 cmake=$2 models=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$prefix/share/doc/tenon/examples" "$work/examples"
here=$(cd "$(dirname "$0")/.." && pwd) # texts and numbers that are expected
for example in backend_c backend_cpp detect_speech embed_c embed_cpp read_text text_direction; do
  { "$cmake" -G Ninja -S "$work/examples/$example" -B "$work/$example" -DCMAKE_PREFIX_PATH="$prefix" -DBUILD_TESTING=ON \
    && "$cmake" --build "$work/$example"; } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  echo "built $example"
done
"$work/backend_cpp/backend_cpp_test" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/examples/backend_c/check.sh" "$prefix/bin/tenon" "$work/backend_c/libbackend_c.so" "$models/text_direction.onnx"
"$work/examples/text_direction/check.sh" "$work/text_direction/text_direction" reference "$models/text_direction.onnx"
"$work/read_text/read_text" --models "$models" "$work/examples/read_text/card.png" |
  diff "$here/read_text/testing/card.txt" -
"$work/detect_speech/detect_speech" --model "$models/silero_vad.onnx" "$work/examples/detect_speech/hello.wav" |
  grep -qx "2.4 - 3.6"
for program in embed_c embed_cpp; do
  "$work/$program/$program" "$models/text_direction.onnx" x=1x3x48x192:0.5 | grep -q ' \[1, 2\]: 0\.[0-9]* 0\.[0-9]*$'
done
