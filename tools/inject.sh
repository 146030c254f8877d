#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/inject.sh [--every K] [--seed S] [--jobs N] [--only SCENARIO] [--call TEXT] [--build FOLDER]
# Has every system call that ffarm makes about a film or its journal fail, one at each run, in every way it can fail: with each of its
# errors, carried out but reported as failed, half a write, and with all that follows failing too, on its disk or on all. After each
# run the film has to be its original or its result, complete, under its name; the next start, without a fault, has to remove what is
# left and complete the work. --every 200 takes one of 200 ways, others with another --seed; --only one scenario (they are in
# tests/torture/disk.cc), --call the calls whose description contains TEXT, and shows what ffarm said. Exit status 1 if anything was
# wrong; see docs/contributing.md.
set -euo pipefail
export LC_ALL=C.UTF-8
every=1 seed=1 jobs=$(nproc) only='' call='' root=$(cd "$(dirname "$0")/.." && pwd)
build=${FFARM_BUILD_ROOT:-$root/build}
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --every) every=$2; shift ;;
  --seed) seed=$2; shift ;;
  --jobs) jobs=$2; shift ;;
  --only) only=$2; shift ;;
  --call) call=$2; shift ;;
  --build) build=$2; shift ;;
  *) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
. "$root/tests/torture/two_disks.sh" "${arguments[@]}"
"$build/tests/inject" "$build/src/ffarm" "$build/tests/libtorture_inject.so" "$base" "$other" "$every" "$seed" "$jobs" "$only" "$call"
