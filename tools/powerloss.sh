#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/powerloss.sh [--states N] [--seed S] [--jobs N] [--only SCENARIO] [--build FOLDER]
# Records every call by which one run of ffarm changes its disks, journal included, and which of them it flushes. Then, for a power loss
# behind each of them, makes the disks look like what a file system may have kept, starts ffarm there, and looks at the film: it has to be
# its original or its result, complete, under its name, the work has to be completed and nothing left over. --states N looks at N of the
# states of each scenario (they are in tests/torture/disk.cc), chosen by --seed; without it at all. --only shows more of what is wrong.
# Exit status 1 if anything was; see docs/contributing.md.
set -euo pipefail
export LC_ALL=C.UTF-8
states=1000000 seed=1 jobs=$(nproc) only='' root=$(cd "$(dirname "$0")/.." && pwd)
build=${FFARM_BUILD_ROOT:-$root/build}
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --states) states=$2; shift ;;
  --seed) seed=$2; shift ;;
  --jobs) jobs=$2; shift ;;
  --only) only=$2; shift ;;
  --build) build=$2; shift ;;
  *) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
. "$root/tests/torture/two_disks.sh" "${arguments[@]}"
"$build/tests/powerloss" "$build/src/ffarm" "$build/tests/libtorture_record.so" "$build/tests/libtorture_restart.so" \
  "$base" "$other" "$states" "$seed" "$jobs" "$only"
