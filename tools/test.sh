#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/test.sh [--quick]
# Installs what the tests need, builds, and runs everything: plain, under ASan+UBSan, and the threads under TSan.
# --quick: plain only. Ends with "N passed, N failed, N skipped"; exit status 1 if anything failed.
# In CI (environment variable CI) a test that skips itself has failed, unless the machine can't do it, which the test says.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

passed=0 failed=0 skipped=0
finish() {
  echo
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
  exit $?
}
give_up() {
  echo "$1" >&2
  failed=$((failed + 1))
  finish
}

install_packages $packages_build $packages_run $packages_test $packages_bench || give_up "packages could not be installed"
[ -n "${CI:-}" ] && export FFARM_NO_SKIP=1
# Test cases are the same objects in the plain and the ASan build: compiled once, whatever the folder.
export CC="ccache gcc" CXX="ccache g++" CCACHE_NOHASHDIR=1

# sum ATTRIBUTE FILE: over all suites of a JUnit file.
sum() {
  grep -o '<testsuite [^>]*>' "$2" | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' | awk '{n += $1} END {print n + 0}'
}

# count FOLDER STATUS: adds a finished meson run to the totals.
count() {
  local junit=$1/meson-logs/testlog.junit.xml tests bad skips
  [ -f "$junit" ] || { failed=$((failed + 1)); return; }
  tests=$(sum tests "$junit") skips=$(sum skipped "$junit")
  bad=$(($(sum failures "$junit") + $(sum errors "$junit")))
  # A program that crashed or ran out of time has no cases to count.
  [ "$2" != 0 ] && [ "$bad" = 0 ] && bad=1 && tests=$((tests + 1))
  passed=$((passed + tests - bad - skips)) failed=$((failed + bad)) skipped=$((skipped + skips))
}

# build NAME [TARGET...] -- SETUP...: the build folder build-NAME. What is said is in build-NAME.log.
build() {
  local folder=build-$1 targets=()
  shift
  while [ "$1" != -- ]; do targets+=("$1"); shift; done
  shift
  [ -f "$folder/build.ninja" ] || meson setup "$folder" -Dwerror=true "$@" >"$folder.log" 2>&1 || return
  ninja -C "$folder" "${targets[@]}" >"$folder.log" 2>&1
}

# suite NAME ARGUMENT...: meson runs the tests of build-NAME.
suite() {
  local folder=build-$1
  shift
  echo "== $folder =="
  rm -f "$folder/meson-logs/testlog.junit.xml"
  meson test -C "$folder" --no-rebuild --print-errorlogs "$@"
}
does_not_build() {
  tail -50 "build-$1.log" >&2
  give_up "build-$1: does not build"
}

# Many tests wait for clocks and processes: more of them run at a time than there are processors, and what comes next is built meanwhile.
build test -- || does_not_build test
building=''
if [ "${1:-}" != --quick ]; then
  tsan_tests=(test_farm test_farm_ssh test_dispatch test_prober)
  export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  (
    exec >/dev/null 2>&1
    renice -n 19 $BASHPID
    build asan -- -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
    build tsan "${tsan_tests[@]/#/tests/}" -- -Db_sanitize=thread -Db_lundef=false -Doptimization=1
  ) &
  building=$!
fi
suite test --num-processes 5 --timeout-multiplier 3
count build-test $?
[ -n "$building" ] || finish

wait "$building"
# What failed, or was not done, is said here.
build asan -- || does_not_build asan
build tsan "${tsan_tests[@]/#/tests/}" -- || does_not_build tsan
suite tsan --num-processes 2 --timeout-multiplier 8 "${tsan_tests[@]}" >build-tsan.out 2>&1 &
threads=$!
suite asan --num-processes 4 --timeout-multiplier 6 --no-suite e2e
count build-asan $?
wait "$threads"
status=$?
cat build-tsan.out
count build-tsan $status
finish
