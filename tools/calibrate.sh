#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/calibrate.sh [-y FILE] [-c CLUSTER --host NAME [--ssh COMMAND]] [OPTIONS]
# What `quality` means on your hardware: encodes short made-up films with the very options that ffarm uses, with every encoder
# that ffarm proves on a host (this machine without -c), and compares the results with their sources by SSIM, and by VMAF
# where this machine's ffmpeg has it. Prints a table, with the `quality` at which each encoder would look like libx265 at
# that level, and be of its size. Needs ffarm, ffmpeg, jq and awk here; ffmpeg and a POSIX shell there. Changes nothing.
#
#   -y, --config FILE    read this configuration (its hosts; profiles are the tool's own)
#   -c, --cluster NAME, --host NAME
#                        measure this host
#   --ssh COMMAND        what leads to a shell there (default: ssh and the host's address, as the user that ssh takes)
#   --ffmpeg PATH        ffmpeg there (default: ffmpeg)
#   --levels "L..."      qualities (default: high medium low; numbers are good, too)
#   --codecs "C..."      (default: h264 hevc av1)
#   --depths "D..."      bits (default: 8)
#   --seconds N          length of each film (default: 4)
#   --size WxH           (default: 1280x720)
#   --raw FILE           also write every measurement to FILE, separated by tabs
#   --ffarm PATH         (default: this tree's build, else the one in PATH)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
config=() cluster='' host='' ssh='' ffmpeg=ffmpeg levels='high medium low' codecs='h264 hevc av1' depths=8 seconds=4
size=1280x720 raw='' ffarm=$root/build/src/ffarm
[ -x "$ffarm" ] || ffarm=ffarm
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) sed -n '3,21s/^# \{0,1\}//p' "$0"; exit 0 ;;
  -*) [ $# -gt 1 ] || { echo "calibrate.sh: $1 needs a value" >&2; exit 2; } ;;&
  -y | --config) config=(-y "$2") ;;
  -c | --cluster) cluster=$2 ;;
  --host) host=$2 ;;
  --ssh) ssh=$2 ;;
  --ffmpeg) ffmpeg=$2 ;;
  --levels) levels=$2 ;;
  --codecs) codecs=$2 ;;
  --depths) depths=$2 ;;
  --seconds) seconds=$2 ;;
  --size) size=$2 ;;
  --raw) raw=$2 ;;
  --ffarm) ffarm=$2 ;;
  *) echo "calibrate.sh: $1: see --help" >&2; exit 2 ;;
  esac
  shift 2
done
[ -z "$cluster" ] || [ -n "$host" ] || { echo "calibrate.sh: -c needs --host" >&2; exit 2; }
[ -z "$host" ] || [ -n "$cluster" ] || { echo "calibrate.sh: --host needs -c" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-calibrate.XXXXXX")
there_folder=''
clean_up() {
  [ -z "$there_folder" ] || [ -z "$ssh" ] || there "rm -rf '$there_folder'" </dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
there() { # a command line for the host's shell
  # shellcheck disable=SC2086 # a command with its options
  if [ -n "$ssh" ]; then $ssh "$1"; else sh -c "$1"; fi
}
quote() { # words, each so that a shell takes it as one
  local word
  for word; do printf "'%s' " "${word//\'/\'\\\'\'}"; done
}

# --- who can encode what ---

report=$work/host.json
select_host=()
[ -z "$cluster" ] || select_host=(-c "$cluster" --host "$host")
"$ffarm" hosts "${config[@]}" "${select_host[@]}" --json >"$report" || true
if [ -z "$cluster" ]; then
  jq -c 'select(.cluster == null)' "$report" >"$report.here"
  mv "$report.here" "$report"
fi
[ -s "$report" ] || { echo "calibrate.sh: ffarm says nothing of that host" >&2; exit 1; }
jq -e '.usable' "$report" >/dev/null || { jq -r '"calibrate.sh: " + (.error // "the host is not usable")' "$report" >&2; exit 1; }
if [ -n "$cluster" ] && [ -z "$ssh" ] && [ "$(jq -r .type "$report")" != local ]; then
  ssh="ssh -o BatchMode=yes $(jq -r .address "$report")"
fi
jq -r '.trials[] | select(.verdict == "yes" and .codec != null) | "\(.engine) \(.codec) \(.depth)"' "$report" | sort -u >"$work/proved"

{
  echo profiles:
  for codec in $codecs; do for level in $levels; do for depth in $depths; do
    echo "  calibrate-$codec-$level-$depth: {codec: $codec, quality: $level, bit_depth: $depth}"
  done; done; done
} >"$work/profiles.yml"
"$ffarm" profiles -y "$work/profiles.yml" --json | jq -c 'select(.builtin | not)' >"$work/profiles.json"

# --- films ---

make_film() { # NAME SOURCE
  ffmpeg -nostdin -v error -f lavfi -i "$2" -t "$seconds" -pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 0 "$work/$1.mkv"
}
make_film graphics "testsrc2=size=$size:rate=25"
make_film texture "mandelbrot=size=$size:rate=25:end_scale=0.02"
make_film grain "mandelbrot=size=$size:rate=25:end_scale=0.05,gblur=sigma=3,noise=alls=9:allf=t"
films='graphics texture grain'
frames=$((seconds * 25))

if [ -n "$ssh" ]; then
  # shellcheck disable=SC2016 # for the host's shell
  there_folder=$(there 'mktemp -d "${TMPDIR:-/tmp}/ffarm-calibrate.XXXXXX"' </dev/null)
  for film in $films; do there "cat >'$there_folder/$film.mkv'" <"$work/$film.mkv"; done
else
  there_folder=$work
fi

# --- encodes ---

has_vmaf=
ffmpeg -hide_banner -filters 2>/dev/null | grep -q ' libvmaf ' && has_vmaf=yes
compare() { # RESULT SOURCE FILTER: what ffmpeg says of it
  ffmpeg -nostdin -hide_banner -i "$1" -i "$2" -an -sn -lavfi \
    "[0:v]format=$format,settb=AVTB,setpts=N[a];[1:v]format=$format,settb=AVTB,setpts=N[b];[a][b]$3" -f null - 2>&1
}
# FILM INPUT-OPTIONS OUTPUT-OPTIONS (as the host's shell takes them) -> "bytes seconds ssim vmaf"
measure() {
  local log=$work/log result=$work/result.mkv rtime ssim vmaf=-
  rm -f "$result"
  there "$ffmpeg -nostdin -hide_banner -v info -benchmark -y $2 -i '$there_folder/$1.mkv' $3 '$there_folder/result.mkv'" \
    </dev/null >"$log" 2>&1 || return 1
  [ -z "$ssh" ] || there "cat '$there_folder/result.mkv'" </dev/null >"$result"
  rtime=$(sed -n 's/.*bench:.*rtime=\([0-9.]*\)s.*/\1/p' "$log" | tail -1)
  ssim=$(compare "$result" "$work/$1.mkv" ssim | sed -n 's/.* All:\([0-9.]*\).*/\1/p' | tail -1)
  [ -z "$has_vmaf" ] || vmaf=$(compare "$result" "$work/$1.mkv" libvmaf | sed -n 's/.*VMAF score: \([0-9.]*\).*/\1/p' | tail -1)
  echo "$(stat -c %s "$result") $rtime $ssim $vmaf"
}

table=$work/table
: >"$table"
while read -r engine codec depth; do
  format=yuv420p
  [ "$depth" = 8 ] || format=yuv420p10le
  for level in $levels; do
    jq -c --arg name "calibrate-$codec-$level-$depth" --arg engine "$engine" \
      'select(.profile == $name) | .engines[] | select(.engine == $engine)' "$work/profiles.json" >"$work/way.json"
    jq -e '.obstacle == null' "$work/way.json" >/dev/null || continue
    mapfile -t input < <(jq -r '.input_options[]' "$work/way.json")
    mapfile -t output < <(jq -r '.output_options[]' "$work/way.json")
    encoder=$(jq -r '.output_options as $o | $o[($o | index("-c:v")) + 1]' "$work/way.json")
    knob=$(jq -r '.output_options as $o | first(("-crf", "-cq", "-qp", "-qp_i", "-q:v", "-global_quality")
      | . as $k | ($o | index($k)) as $i | select($i) | "\($k) \($o[$i + 1])")' "$work/way.json")
    for film in $films; do
      echo "$encoder, $depth bits, $level: $film" >&2
      if ! found=$(measure "$film" "$(quote "${input[@]}")" "$(quote "${output[@]}")"); then
        echo "calibrate.sh: $encoder failed: $(tail -1 "$work/log")" >&2
        continue
      fi
      read -r bytes rtime ssim vmaf <<<"$found"
      printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$encoder" "$codec" "$depth" "$level" "$knob" "$film" "$bytes" \
        "$rtime" "$ssim" "$vmaf" >>"$table"
    done
  done
done < <(while read -r engine codec depth; do
  case " $codecs " in *" $codec "*) case " $depths " in *" $depth "*) echo "$engine $codec $depth" ;; esac ;; esac
done <"$work/proved")
[ -z "$raw" ] || { printf 'encoder\tcodec\tdepth\tlevel\tknob\tfilm\tbytes\tseconds\tssim\tvmaf\n'; cat "$table"; } >"$raw"

# --- what it comes to ---

# Quality in dB of SSIM, bit rate as a logarithm: both run nearly straight over the number, and every film weighs alike. Where
# an encoder was not measured on both sides of what libx265 came to, nothing is said but on which side that lies.
awk -F'\t' -v frames="$frames" '
function number_of(level, encoder) {
  if (level == "high") return 20
  if (level == "medium") return 22
  if (level == "low") return encoder ~ /^libx264/ ? 24 : 26
  return level + 0
}
function match_of(key, wanted, values,    i, k, n, left, right, low, high, at) {
  n = split(levels[key], at, " ")
  for (i = 1; i < n; i++) {
    left = values[key, at[i]]; right = values[key, at[i + 1]]
    if ((left - wanted) * (right - wanted) <= 0 && left != right) {
      low = numbers[key, at[i]]; high = numbers[key, at[i + 1]]
      return sprintf("%.1f", low + (high - low) * (wanted - left) / (right - left))
    }
  }
  low = at[1]; high = at[1]
  for (i = 1; i <= n; i++) {
    if (numbers[key, at[i]] < numbers[key, low]) low = at[i]
    if (numbers[key, at[i]] > numbers[key, high]) high = at[i]
  }
  return wanted > values[key, low] ? "<" numbers[key, low] : ">" numbers[key, high]
}
{
  key = $1 "\t" $3; level = $4
  if (!((key, level) in count)) levels[key] = levels[key] (levels[key] == "" ? "" : " ") level
  if (!(key in seen)) { seen[key] = 1; keys[++n_keys] = key }
  count[key, level]++; knobs[key, level] = $5; numbers[key, level] = number_of(level, $1)
  bytes[key, level] += $7; seconds[key, level] += $8; similar[key, level] += $9
  db[key, level] += $9 < 1 ? -10 * log(1 - $9) / log(10) : 60; logs[key, level] += log($7)
  vmaf[key, level] += $10; if ($10 == "-") lacks = 1
}
END {
  print "| encoder | bits | quality | knob | kbit/s | SSIM | dB |" (lacks ? "" : " VMAF |") " frames/s | like libx265 | size of libx265 |"
  print "|---|---|---|---|---|---|---|" (lacks ? "" : "---|") "---|---|---|"
  for (k = 1; k <= n_keys; k++) {
    key = keys[k]; n = split(levels[key], at, " ")
    for (i = 1; i <= n; i++) {
      c = count[key, at[i]]
      db[key, at[i]] /= c; logs[key, at[i]] /= c
      rate[key, at[i]] = bytes[key, at[i]] * 8 * 25 / (c * frames) / 1000
    }
  }
  for (k = 1; k <= n_keys; k++) {
    key = keys[k]; split(key, parts, "\t"); n = split(levels[key], at, " "); ours = "libx265\t" parts[2]
    for (i = 1; i <= n; i++) {
      l = at[i]; known = ((ours, l) in count)
      printf "| %s | %s | %s | `%s` | %.0f | %.4f | %.2f |", parts[1], parts[2], l, knobs[key, l], rate[key, l], similar[key, l] / count[key, l], db[key, l]
      if (!lacks) printf " %.1f |", vmaf[key, l] / count[key, l]
      printf " %.0f | %s | %s |\n", count[key, l] * frames / seconds[key, l], known ? match_of(key, db[ours, l], db) : "-", known ? match_of(key, logs[ours, l], logs) : "-"
    }
  }
}' "$table"
