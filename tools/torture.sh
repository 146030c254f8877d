#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/torture.sh [--runs N] [--seed S] [--only KIND] [--run INDEX] [--worlds N] [--build FOLDER] [-v]
# Runs ffarm N times (400), each time over a small new library and real sshd hosts in network namespaces, and each time with one
# fault: see the table that it prints. After every run each source has to be byte-identical or replaced by its own encode, which
# is judged by all its decoded frames and packets; then "ffarm resume" has to complete what can be completed, and nothing of ffarm's
# may be left on any machine. Exit status 1 if a film was lost, a file left over, an ffmpeg still running, or work not completed.
# --run INDEX repeats one run of a round; a failing run is kept for inspection. "--only transition" has its own number of runs: ffarm
# is killed before and after everything that changes the journal. Needs root; see docs/contributing.md.
set -uo pipefail
export LC_ALL=C.UTF-8
runs=400 seed=$((RANDOM)) only='' run='' worlds=2 build='' verbose=''
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --runs) runs=$2; shift ;;
  --seed) seed=$2; shift ;;
  --only) only=$2; shift ;;
  --run) run=$2; shift ;;
  --worlds) worlds=$2; shift ;;
  --build) build=$2; shift ;;
  -v) verbose=yes ;;
  *) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
set -- "${arguments[@]}" # lib.sh starts this script anew
root=$(cd "$(dirname "$0")/.." && pwd)
home_of_torture=$root/tests/torture
export FFARM_BUILD_ROOT=${build:-${FFARM_BUILD_ROOT:-$root/build}}
helpers=$FFARM_BUILD_ROOT/tests

# --- one world of several: its share of the runs ---
if [ -n "${TORTURE_WORLD:-}" ]; then
  . "$root/tests/e2e/lib.sh"
  kept=$TORTURE_OUT pool=$TORTURE_OUT/pool judged=$TORTURE_OUT/judged found=$TORTURE_OUT/found results=$TORTURE_OUT/results.$TORTURE_WORLD
  . "$home_of_torture/films.sh"
  . "$home_of_torture/world.sh"
  . "$home_of_torture/faults.sh"
  . "$home_of_torture/run.sh"
  make_world || { echo "torture.sh: world $TORTURE_WORLD can't be made" >&2; exit 1; }
  transitions=()
  if [ "$only" = transition ]; then
    enumerate_transitions || exit 1
    runs=${#transitions[@]}
    echo "$runs" >"$TORTURE_OUT/transitions"
  fi
  for ((index = 0; index < runs; index++)); do
    [ -z "$run" ] || [ "$index" = "$run" ] || continue
    mkdir "$TORTURE_OUT/taken/$index" 2>/dev/null || continue # whichever world is free
    # Not every run of a cluster has the very same transitions.
    run_one "$index" || [ "$only" != transition ] || run_one "$index" || run_one "$index"
  done
  exit 0
fi

# --- the round ---
if [ "$(id -u)" != 0 ] || ! unshare --mount --net --pid --fork true 2>/dev/null; then
  echo "torture.sh: needs root and the right to make namespaces"
  exit 77
fi
. "$home_of_torture/films.sh"
. "$home_of_torture/faults.sh"
. "$home_of_torture/report.sh"
[ -z "$only" ] || [ -n "${title[$only]:-}" ] || { echo "torture.sh: --only takes one of ${!title[*]}" >&2; exit 2; }
repeat="tools/torture.sh --runs $runs --seed $seed${only:+ --only $only}"
TORTURE_OUT=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-torture.XXXXXX") && chmod 755 "$TORTURE_OUT" && mkdir "$TORTURE_OUT"/{pool,judged,found,taken} &&
  make_pool "$TORTURE_OUT/pool" || { echo "torture.sh: films can't be made" >&2; exit 1; }
export TORTURE_OUT repeat
echo "$repeat" >&2
failed=0 pids=()
for ((world = 0; world < worlds; world++)); do
  TORTURE_WORLD=$world bash "$0" --runs "$runs" --seed "$seed" --worlds "$worlds" ${only:+--only "$only"} ${run:+--run "$run"} \
    ${verbose:+-v} &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
report "$TORTURE_OUT"/results.* || failed=1
[ "$only" != transition ] || [ -n "$run" ] || report_transitions "$(<"$TORTURE_OUT/transitions")" "$TORTURE_OUT"/results.* || failed=1
if [ $failed = 0 ]; then rm -r "$TORTURE_OUT"; else echo "failed runs are kept in $TORTURE_OUT; again: $repeat" >&2; fi
exit $failed
