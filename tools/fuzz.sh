#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/fuzz.sh [--jobs N] [SECONDS [TARGET...]]
# Runs the fuzz targets (all, or those named) under libFuzzer with ASan and UBSan, one after the other, each for SECONDS (600). Prints
# the executions of each and what was found; an input that breaks one is kept in build-fuzz/found/. Exit status 1 if there is one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh
jobs=2
[ "${1:-}" = --jobs ] && jobs=$2 && shift 2
seconds=${1:-600}
[ $# -gt 0 ] && shift
build=build-fuzz

install_packages $packages_build $packages_run $packages_test >&2 || exit 1
if [ ! -f $build/build.ninja ]; then
  CC=clang CXX=clang++ meson setup $build -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 1
fi
targets=("$@")
[ ${#targets[@]} = 0 ] && mapfile -t targets < <(ninja -C $build -t targets all | sed -n 's|^tests/fuzz_\([a-z_]*\): .*|\1|p' | sort -u)
programs=("${targets[@]/#/tests/fuzz_}")
ninja -j "$jobs" -C $build "${programs[@]}" >$build/fuzz.log || { tail -30 $build/fuzz.log >&2; exit 1; }

# Folder of seeds for TARGET. Films are made by the replay, which also plays them.
seeds() {
  case $1 in
  progress) echo fixtures/progress ;;
  settings) echo fixtures/rules ;;
  probe) echo $build/media-corpus ;;
  *) echo fixtures/fuzz/"$1" ;;
  esac
}
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export FFARM_SOURCE_ROOT=$PWD FFARM_BUILD_ROOT=$PWD/$build
found=0
mkdir -p $build/found
for target in "${targets[@]}"; do
  [ "$target" != probe ] || [ -d $build/media-corpus ] || { ninja -C $build tests/replay_probe && $build/tests/replay_probe; } >/dev/null 2>&1
  mkdir -p $build/corpus/"$target"
  $build/tests/fuzz_"$target" -max_total_time="$seconds" -max_len=65536 -timeout=30 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix=$build/found/"$target"- $build/corpus/"$target" "$(seeds "$target")" >$build/fuzz-"$target".log 2>&1
  status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' $build/fuzz-"$target".log)
  printf '%-16s %12s executions  %s\n' "$target" "${executions:-0}" "$([ $status = 0 ] && echo 'no finding' || echo "FOUND: $build/fuzz-$target.log")"
  [ $status = 0 ] || found=$((found + 1))
done
echo "findings: $found"
[ $found = 0 ]
