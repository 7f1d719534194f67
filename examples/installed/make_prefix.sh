#!/bin/sh
# usage: make_prefix.sh BUILD CMAKE PREFIX: installs Tenon elsewhere and moves it to PREFIX, for the other checks here.
set -eu
build=$1 cmake=$2 prefix=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$prefix"
"$cmake" --install "$build" --prefix "$work/made" >"$work/log" || { cat "$work/log"; exit 1; }
if grep -rl "$work/made" "$work/made"; then
  echo "these files name the folder in which Tenon was installed: the prefix can't be moved"
  exit 1
fi
mkdir -p "$(dirname "$prefix")"
mv "$work/made" "$prefix"
"$prefix/bin/tenon" backends
