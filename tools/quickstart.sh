#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/quickstart.sh [FILE...]
# From a bare Debian 12 to a first result: installs what is needed, builds, and encodes FILEs (or a clip that it makes) on this
# machine with the built-in configuration. Originals are kept.
set -euo pipefail
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

case ${1:-} in
  -h | --help)
    sed -n '3,5s/^# //p' tools/quickstart.sh
    exit 0 ;;
esac

install_packages $packages_build $packages_run
if [ ! -f build-quickstart/build.ninja ]; then
  meson setup build-quickstart -Dtests=false >/dev/null
fi
echo "Building ffarm, once (about a minute)..." >&2
ninja -C build-quickstart >/dev/null || { ninja -C build-quickstart >&2; exit 1; }
ffarm=$PWD/build-quickstart/src/ffarm

cd "$called_from"
if [ $# = 0 ]; then
  clip=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-quickstart.XXXXXX")/clip.mp4
  echo "No FILE given: making a sample clip, $clip"
  ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=640x360:rate=25:duration=8 -f lavfi -i sine=frequency=440:duration=8 \
    -c:v libx264 -preset veryfast -crf 16 -c:a aac "$clip"
  set -- "$clip"
fi

# An empty home: the built-in default, whatever this user has set up.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
status=0
env -u XDG_CONFIG_HOME HOME="$home" "$ffarm" --keep -- "$@" || status=$?
for file in "$@"; do
  for result in "${file%.*}".*.tmp; do
    [ -f "$result" ] && echo "Result: $result"
  done
done
echo "Originals are untouched. Next: $ffarm help, and README.md"
exit $status
