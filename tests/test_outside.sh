#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library as others get it: installed into a scratch folder, found by pkg-config, used by a program that knows nothing of
# the build. Also: it exports exactly what its headers declare, and the program and the manual are installed with it.
# CC: compiler; MESON: meson; SANITIZE: of the build ("none").
set -eu
root=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-outside-XXXXXX")
trap 'rm -rf "$root"' EXIT
fail() {
    echo "$1" >&2
    exit 1
}

DESTDIR=$root $MESON install -C "$FFARM_BUILD_ROOT" --no-rebuild >"$root/log" 2>&1 || { cat "$root/log"; fail "can't install"; }
package=$(find "$root" -name ffarm.pc)
prefix=$root$(sed -n 's/^prefix=//p' "$package")
sed -i "s|^prefix=.*|prefix=$prefix|" "$package"
export PKG_CONFIG_PATH="${package%/ffarm.pc}"
library=$(find "$root" -name 'libffarm.so.0')
[ -n "$library" ] || fail "there is no libffarm.so.0"
export LD_LIBRARY_PATH="${library%/libffarm.so.0}"

# What is exported: the functions that installed headers declare, comments and macros aside.
cat "$prefix"/include/ffarm/*.h |
    perl -0pe 's{/\*.*?\*/}{}gs; s/^\s*#.*$//gm; s/G_DEFINE_AUTOPTR[^\n]*//g' |
    grep -oE '\bffarm_[a-z0-9_]+\(' | tr -d '(' | LC_ALL=C sort -u >"$root/declared"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort -u >"$root/exported"
diff "$root/declared" "$root/exported" || fail "headers (<) and exports (>) differ: see src/ffarm.map"

for header in "$prefix"/include/ffarm/*.h; do
    name=${header##*/}
    [ "$name" = ffarm.h ] || grep -q "#include \"$name\"" "$prefix/include/ffarm/ffarm.h" || fail "ffarm.h lacks $name"
done

sanitize=
[ "$SANITIZE" = none ] || sanitize=-fsanitize=$SANITIZE
cp "$FFARM_SOURCE_ROOT/tests/outside.c" "$root/"
# shellcheck disable=SC2046,SC2086
(cd "$root" && $CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror $sanitize -o outside outside.c \
    $(pkg-config --cflags --libs ffarm)) || fail "an outside program does not build"
mkdir "$root/home" "$root/films"
for name in one two; do
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=64x64:rate=25 -t 1 -c:v mpeg4 "$root/films/$name.mkv"
done
HOME=$root/home "$root/outside" "$root/films/one.mkv" "$root/films/two.mkv" || fail "an outside program does not work"

"$prefix/bin/ffarm" --version | grep -q '^ffarm ' || fail "the installed program does not run"
for file in bash-completion/completions/ffarm.bash zsh/site-functions/_ffarm fish/vendor_completions.d/ffarm.fish \
    doc/ffarm/samples/household.yml; do
    [ -f "$prefix/share/$file" ] || fail "share/$file is not installed"
done
[ -f "$prefix/share/man/man1/ffarm.1" ] || fail "the manual is not installed"
