#!/bin/bash
# usage: lint.sh BUILD_FOLDER: clang-tidy over the sources of the repository (tests left out: their macros are noise).
# A file that was clean is not checked again until it, a header, or the checks change.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
stamps=$build/lint
mkdir -p "$stamps"
headers=$(git ls-files '*.h' '*.hpp' .clang-tidy | xargs cat | sha256sum | cut -c1-16)
lint_one() {
  local stamp
  stamp=$2/$({ echo "$3"; cat "$1"; } | sha256sum | cut -c1-32)
  [ -f "$stamp" ] && return
  clang-tidy-14 -p "$4" --quiet "$1" 2>/dev/null && touch "$stamp"
}
export -f lint_one
git ls-files '*.cc' | grep -v '_test\.cc$\|/testing/' | while read -r file; do
  grep -q "$PWD/$file\"" "$build/compile_commands.json" && echo "$file"
done | xargs -P2 -I{} bash -c 'lint_one {} "$@"' _ "$stamps" "$headers" "$build"
