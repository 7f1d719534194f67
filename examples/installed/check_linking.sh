#!/bin/sh
# usage: check_linking.sh PREFIX CMAKE MODELS: a program finds the prefix by find_package, by pkg-config, and by flags of a
# plain cc; all three run a model.
set -eu
prefix=$1 cmake=$2 models=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$prefix/share/doc/tenon/examples/embed_c" "$work/source"
flags="-std=c11 -Wall -Wextra -pedantic -Werror"

cat >"$work/source/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(program C)
find_package(tenon 0.1 REQUIRED)
add_executable(program embed_c.c)
target_link_libraries(program PRIVATE tenon::tenon)
add_custom_target(told ALL COMMAND tenon::program --version)
END
{ "$cmake" -G Ninja -S "$work/source" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" &&
  "$cmake" --build "$work/build"; } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
mv "$work/build/program" "$work/by_find_package"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
# shellcheck disable=SC2046,SC2086
cc $flags "$work/source/embed_c.c" $(pkg-config --cflags --libs tenon) -o "$work/by_pkg_config"
# shellcheck disable=SC2086
cc $flags "$work/source/embed_c.c" -I"$prefix/include" -L"$prefix/lib" -ltenon -Wl,-rpath,"$prefix/lib" -o "$work/by_cc"
[ "$(pkg-config --modversion tenon)" = "$("$prefix/bin/tenon" --version | cut -d' ' -f2)" ]
[ -d "$(pkg-config --variable=backendsdir tenon)" ]

for program in by_find_package by_pkg_config by_cc; do
  echo "$program"
  LD_LIBRARY_PATH=$([ $program = by_pkg_config ] && echo "$prefix/lib" || true) \
    "$work/$program" "$models/text_direction.onnx" x=1x3x48x192:0.5 | tail -2
done
