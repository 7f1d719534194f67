#!/bin/bash
# usage: completion_test.sh TENON: what bash completes after `source <(tenon completion bash)`.
set -eu
tenon=$1
source <("$tenon" completion bash)
failed=0
# expect WORD... = CHOICE...: the choices for the last word; it may be empty.
expect() {
  COMP_WORDS=("$tenon")
  while [ "$1" != = ]; do COMP_WORDS+=("$1"); shift; done
  shift
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _tenon
  if [ "${COMPREPLY[*]}" != "$*" ]; then
    echo "FAIL '${COMP_WORDS[*]}': got '${COMPREPLY[*]}', expected '$*'"
    failed=1
  fi
}
expect comp = compare completion
expect backends in = info
expect run --fallb = --fallback
expect run --class st = strict standard
expect run -b refer = reference
TENON_ADD_BACKEND_FILES=$0 expect run -b "" = reference simulator
expect run -b simulator,refer = simulator,reference
expect run -b simulator+refer = simulator+reference
expect inspect --stage pl = placed
expect completion z = zsh
expect completion "" = bash zsh
# Choices come from the options themselves, each verb's its own.
expect profile --by "" = node op
expect bench --arrivals po = poisson
expect compare --tolerance "" = exact strict standard fast
expect compare --class "" = strict standard fast
expect run --fallback "" = report forbid
expect backends new --lang "" = c c++
expect backends new --kind k = kernel
cd "$(mktemp -d)" && trap 'rm -r "$PWD"' EXIT
touch model.onnx
expect run mod = model.onnx
expect run model.onnx --input mod = model.onnx
if command -v zsh >/dev/null; then
  zsh -fc "source <('$tenon' completion zsh); whence -v _tenon" | grep -q function || { echo "FAIL zsh"; failed=1; }
fi
[ $failed = 0 ] && echo "completion: all as expected"
exit $failed
