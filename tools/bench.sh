#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/bench.sh [--rounds N] [--files N] [--json] [--build FOLDER]
# ffarm and its peers on the same work, in turn, on two real sshd hosts in network namespaces (each pinned to a core), so that the
# ratios mean something even on a busy machine. Medians of N rounds. Needs root; see docs/contributing.md.
#
# Workload: many tiny files. 48 films of 5 s (320x180, H.264 + AAC), -c copy, copied there and back: what is left is what
# orchestration costs.
#   limit     over one kept connection per host: cat up, ffmpeg, cat down; nothing is decided, proved or replaced
#   ffarm     as a user runs it: probed, planned, transferred, proved, put in place
#   parallel  GNU parallel --trc, one job a host
#   tuned     GNU parallel --trc, two jobs a host, one kept connection per host
rounds=3 files=48 json= build=
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --rounds) rounds=$2; shift ;;
  --files) files=$2; shift ;;
  --json) json=yes ;;
  --build) build=$2; shift ;;
  *) sed -n '3,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
set -- "${arguments[@]}"
root=$(cd "$(dirname "$0")/.." && pwd)
FFARM_BUILD_ROOT=${build:-$root/build-bench}
if [ -z "${E2E_INSIDE:-}" ]; then
  . "$root/tools/packages.sh"
  install_packages $packages_build $packages_run $packages_bench openssh-server iproute2 util-linux jq >&2 || exit 1
  [ -n "$build" ] || [ -f "$FFARM_BUILD_ROOT/build.ninja" ] ||
    meson setup "$FFARM_BUILD_ROOT" "$root" -Dtests=false --buildtype=release >/dev/null || exit 1
  [ -n "$build" ] || ninja -C "$FFARM_BUILD_ROOT" >/dev/null || exit 1
fi
. "$root/tests/e2e/lib.sh"

host_start one 192.168.2.61 'true' >&2 || exit 1
host_start two 192.168.2.62 'true' >&2 || exit 1
cores=$(nproc)
taskset -a -cp 0 "$sshd_one" >/dev/null
taskset -a -cp $((cores > 1 ? 1 : 0)) "$sshd_two" >/dev/null

mkdir -p "$D/in" "$D/control"
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=25:duration=5 -f lavfi -i sine=duration=5 \
  -c:v libx264 -preset veryfast -c:a aac "$D/film.mkv"
make_old "$D/film.mkv"
for n in $(seq -w "$files"); do cp -p "$D/film.mkv" "$D/in/$n.mkv"; done
cat >"$D/config.yml" <<YAML
config:
  clusters:
    c:
      one: {type: streaming, ip: 192.168.2.61, user: encodeuser, working_dir: /tmp}
      two: {type: streaming, ip: 192.168.2.62, user: encodeuser, working_dir: /tmp}
profiles:
  copy: {output_options: -c copy}
YAML
convert='ffmpeg -nostdin -v error -y -i'

run_limit_host() { # HOST FILES...
  local host=encodeuser@$1 file
  shift
  ssh -fNM -S "$D/control/$host" "$host" 2>/dev/null
  for file in "$@"; do
    ssh -S "$D/control/$host" "$host" "cat >in.mkv" <"$D/in/$file"
    ssh -S "$D/control/$host" "$host" "$convert in.mkv -c copy out.mkv" </dev/null
    ssh -S "$D/control/$host" "$host" "cat out.mkv; rm in.mkv out.mkv" >"$D/out/$file" </dev/null
  done
  ssh -S "$D/control/$host" -O exit "$host" 2>/dev/null
}
run_limit() {
  local names=($(ls "$D/in")) half=$((files / 2))
  run_limit_host 192.168.2.61 "${names[@]:0:half}" &
  run_limit_host 192.168.2.62 "${names[@]:half}" &
  wait %%; wait %-
}
run_ffarm_copy() { "$ffarm" -q -y "$D/config.yml" -c c -p copy -o "$D/out" "$D"/in/*.mkv </dev/null; }
run_parallel() { # OPTIONS
  (cd "$D/out" && cp "$D"/in/*.mkv . && parallel --will-cite "$@" -S encodeuser@192.168.2.61,encodeuser@192.168.2.62 \
    --trc {.}.out.mkv "$convert {} -c copy {.}.out.mkv" ::: *.mkv 2>/dev/null </dev/null)
}
run_plain() { run_parallel -j1; }
run_tuned() {
  printf 'Host 192.168.2.*\n  ControlMaster auto\n  ControlPath %s/control/%%C\n  ControlPersist 5\n' "$D" >"$HOME/.ssh/config"
  run_parallel -j2
  rm "$HOME/.ssh/config"
}
# A run counts only if every result is a whole film.
complete() {
  local file count=0
  for file in "$D"/out/*.mkv; do
    case $1-$file in parallel-*.out.mkv | tuned-*.out.mkv | limit-* | ffarm-*) [ -s "$file" ] && count=$((count + 1)) ;; esac
  done
  [ $count = "$files" ]
}

tools=(limit ffarm parallel tuned)
declare -A command=([limit]=run_limit [ffarm]=run_ffarm_copy [parallel]=run_plain [tuned]=run_tuned)
for round in $(seq "$rounds"); do
  for tool in "${tools[@]}"; do
    rm -rf "$D/out" && mkdir "$D/out"
    TIMEFORMAT='%R %U %S'
    { time ${command[$tool]} >&2; } 2>"$D/time"
    [ -n "${BENCH_DEBUG:-}" ] && cat "$D/time" >&2
    complete "$tool" || { echo "bench.sh: $tool did not give $files results" >&2; tail -5 "$D/time" >&2; exit 1; }
    tail -1 "$D/time" | awk '{print $1, $2 + $3}' >>"$D/times.$tool"
  done
done

median() { cut -d' ' -f"$2" "$D/times.$1" | sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }
limit=$(median limit 1) plain=$(median parallel 1)
[ -n "$json" ] || printf '%-10s %8s %8s %10s %12s\n' "$files files" "wall s" "CPU s" "x limit" "x parallel"
for tool in "${tools[@]}"; do
  wall=$(median "$tool" 1) cpu=$(median "$tool" 2)
  if [ -n "$json" ]; then
    printf '{"workload":"tiny","files":%s,"rounds":%s,"tool":"%s","wall":%s,"cpu":%s,"limit_ratio":%s,"parallel_ratio":%s}\n' \
      "$files" "$rounds" "$tool" "$wall" "$cpu" "$(ratio "$wall" "$limit")" "$(ratio "$wall" "$plain")"
  else
    printf '%-10s %8s %8s %10s %12s\n' "$tool" "$wall" "$cpu" "$(ratio "$wall" "$limit")" "$(ratio "$wall" "$plain")"
  fi
done
