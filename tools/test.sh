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

# suite NAME SETUP... -- TEST...: one build folder, one meson run; where tests are named nothing else is built. Many tests wait for
# clocks and processes, so more of them run at a time than there are processors.
suite() {
  local folder=build-$1 setup=() targets=() word
  shift
  while [ "$1" != -- ]; do setup+=("$1"); shift; done
  shift
  echo "== $folder =="
  if [ ! -f "$folder/build.ninja" ]; then
    meson setup "$folder" -Dwerror=true "${setup[@]}" >"$folder.log" 2>&1 ||
      { cat "$folder.log" >&2; give_up "$folder: meson setup failed"; }
  fi
  for word in "$@"; do [[ $word = test_* ]] && targets+=("tests/$word"); done
  ninja -C "$folder" "${targets[@]}" >"$folder.log" 2>&1 || { tail -50 "$folder.log" >&2; give_up "$folder: does not build"; }
  rm -f "$folder/meson-logs/testlog.junit.xml"
  meson test -C "$folder" --no-rebuild --print-errorlogs "$@"
  count "$folder" $?
}

suite test -- --num-processes 4 --timeout-multiplier 3
if [ "${1:-}" != --quick ]; then
  export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  suite asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -- --num-processes 4 --timeout-multiplier 6 --no-suite e2e
  suite tsan -Db_sanitize=thread -Db_lundef=false -Doptimization=1 -- --num-processes 2 --timeout-multiplier 8 test_farm test_farm_ssh test_dispatch test_prober
fi
finish
