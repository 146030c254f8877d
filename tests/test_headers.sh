#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every installed header compiles alone, as C and as C++, from a folder that holds installed headers only.
# CC and CXX: compilers; the headers are the arguments.
set -eu
folder=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-headers-XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/ffarm"
cp "$@" "$folder/ffarm/"
flags="-fsyntax-only -Wall -Wextra -Wpedantic -Werror -I$folder $(pkg-config --cflags gio-2.0)"
failed=0
for header in "$folder"/ffarm/*.h; do
    name=${header##*/}
    echo "#include <ffarm/$name>" > "$folder/one.c"
    cp "$folder/one.c" "$folder/one.cc"
    # shellcheck disable=SC2086
    $CC -std=gnu11 $flags "$folder/one.c" || { echo "$name does not compile as C"; failed=1; }
    # shellcheck disable=SC2086
    $CXX -std=c++17 $flags "$folder/one.cc" || { echo "$name does not compile as C++"; failed=1; }
done
exit $failed
