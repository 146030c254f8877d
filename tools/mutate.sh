#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/mutate.sh [COUNT [SEED]]
# Sends COUNT (10000) damaged films through `ffarm probe --json` and prints what became of them: lines, crashed workers, the
# largest process, seconds. Exit status 1 if a line is missing or ffarm itself died.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh
install_packages $packages_build $packages_run $packages_test >&2
build=${BUILD:-build-mutate}
[ -f "$build/build.ninja" ] || meson setup "$build" >/dev/null
ninja -C "$build" src/ffarm tests/mutated >"$build/mutate.log" || { tail -30 "$build/mutate.log" >&2; exit 1; }
FFARM_SOURCE_ROOT=$PWD FFARM_BUILD_ROOT=$PWD/$build "$build/tests/mutated" "$build/src/ffarm" "${1:-10000}" "${2:-1}"
