#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts with a GPU that is there, busy, sick, too old, or no more, behind real sshds: what encodes the film, and what is said of it.
# The GPU is the stand-in of tests/nvidia: real ffmpegs, real pictures.
. "$(dirname "$0")/lib.sh"
unset LD_LIBRARY_PATH # of meson, which leads to the stand-in

# The hosts' user may not see the folder that this was built in.
install -Dm755 -t /run/hosts/nvidia "$(dirname "$0")/../nvidia/ffmpeg.sh"
for library in cuda cuvid encode; do
  install -Dm755 -t "/run/hosts/nvidia/$library" "${FFARM_BUILD_ROOT:-$PWD/build}/tests/nvidia/$library"/lib*.so.1 || exit 99
done

# gpu_start NAME ADDRESS: a host whose driver's state is in /run/hosts/gpu/NAME/state.
gpu_start() {
  local folder=/run/hosts/gpu/$1
  mkdir -p "$folder" && mkdir -m 777 "$folder/sessions"
  printf '#!/bin/sh\nFFARM_NVIDIA_STATE=%s FFARM_NVIDIA_SESSIONS=%s FFARM_NVIDIA_BUILD=/run/hosts/nvidia exec /run/hosts/nvidia/ffmpeg.sh "$@"\n' \
    "$folder/state" "$folder/sessions" >"$folder/ffmpeg"
  chmod 755 "$folder/ffmpeg"
  host_start "$1" "$2" true
}
gpu_start one 192.168.2.71 || exit 99
gpu_start two 192.168.2.72 || exit 99

# state HOST WORD...: from the next call on, that is what its driver does.
state() {
  local host=$1
  shift
  echo "$*" >"/run/hosts/gpu/$host/state.new" && mv "/run/hosts/gpu/$host/state.new" "/run/hosts/gpu/$host/state"
}
sessions() { grep -c "$2" "/run/hosts/gpu/$1/sessions/log"; }

# cluster NAME=SETTINGS...: the hosts of a run.
cluster() {
  {
    printf 'config:\n  settle_time: 0\n  clusters:\n    c:\n'
    for host in "$@"; do
      name=${host%%=*}
      printf '      %s: {type: streaming, ip: %s, user: encodeuser, working_dir: /tmp, ffmpeg: /run/hosts/gpu/%s/ffmpeg%s}\n' "$name" \
        "$([ "$name" = one ] && echo 192.168.2.71 || echo 192.168.2.72)" "$name" "${host#*=}"
    done
    printf 'profiles:\n  small: {codec: hevc}\nrules:\n  all: {profile: small}\n'
  } >"$D/config.yml"
}

media=/volume1/media
film "$D/source.mkv" -vf scale=256:144
# films N: so many films to do, on hosts of which nothing is known.
films() {
  rm -rf "$D/state" /run/hosts/gpu/*/sessions/log
  find $media -mindepth 1 -delete
  for n in $(seq "$1"); do cp -p "$D/source.mkv" "$media/film$n.mkv"; done
}
encode() {
  run_ffarm --json -y "$D/config.yml" -c c $media
  ended_with=$status
}
# "done cuda" for each film.
results() { jq -r 'select(.event == "result") | "\(.status) \(.engine)"' "$D/out" | sort | uniq -c | awk '{$1 = $1} 1' | paste -sd, -; }
passed_over() { jq -r 'select(.event == "result") | .passed_over // empty' "$D/out"; }
attempts() { jq -r 'select(.event == "result") | .attempts' "$D/out" | sort -u | paste -sd,; }
good() { # FILM
  is "$(codec_of "$1")" hevc && is "$(frames_of "$1")" 50 && playable "$1" || return
  local psnr
  psnr=$(ffmpeg -nostdin -i "file:$1" -i "$D/source.mkv" -lavfi '[0:v]setpts=N[a];[1:v]setpts=N[b];[a][b]psnr' -f null - 2>&1 |
    sed -n 's/.*average:\([0-9]*\).*/\1/p')
  [ "${psnr:-0}" -ge 30 ] || { echo "the picture is another one: PSNR $psnr"; return 1; }
}
ended() { # EXPECTED RESULTS
  is "$ended_with" 0 && is "$(results)" "$1" || return
  local film
  for film in $media/*; do good "$film" || return; done
  no_temporaries $media
}

# --- one host, engines as they come ---
cluster one=
state one
films 1
encode
ok "a GPU that works makes the film" ended "1 done cuda"
ok "and in one attempt" is "$(attempts)" 1
ok "a session was opened there" test "$(sessions one opened)" -ge 1
ok "and the film decoded there" test "$(sessions one decoder)" -ge 1

# falls WHAT WORDS STATE...: to the CPU, in the same run, and why is said.
falls() {
  local what=$1 words=$2
  shift 2
  state one "$@"
  films 1
  encode
  ok "$what: the CPU makes the film" ended "1 done cpu"
  ok "and why not the GPU is said" grep -qF "$words" <(passed_over)
}
falls "no driver" "libcuda.so.1" without=cuda
falls "a sick driver" "CUDA_ERROR_UNKNOWN" init=999
falls "no device" "No CUDA capable devices found" devices=0
falls "a driver too old" "Driver does not support the required nvenc API version" api=11.0
falls "no encoder on the device" "unsupported device" open=2
falls "an encoder that can't be opened" "InitializeEncoder failed" initialize=20
falls "a device that fails after some frames" "EncodePicture failed" fail_after=5
falls "pictures that are none" "cuda" picture=0

# Its trial was good; the film is not its size.
state one max_width=1920
films 1
film $media/film1.mkv -vf scale=2560:144
cp -p $media/film1.mkv "$D/wide.mkv"
encode
ok "a film too wide for the device is done by the CPU" is "$(results)" "1 done cpu"
ok "and why is said" grep -q 'exceeds 1920' <(passed_over)

state one min_width=300
films 1
encode
ok "a film too narrow for the device is done by the CPU" ended "1 done cpu"
ok "and why is said" grep -q 'Frame Dimension' <(passed_over)
state one crash_after=20
films 1
encode
ok "a driver that takes ffmpeg with it: the CPU makes the film" ended "1 done cpu"

# --- 10 bits ---
film "$D/deep.mkv" -vf scale=256:144 -pix_fmt yuv420p10le
depth() { ffprobe -v error -select_streams v:0 -show_entries stream=pix_fmt -of csv=p=0 $media/film1.mkv; }
state one
films 1
cp -p "$D/deep.mkv" $media/film1.mkv
encode
ok "a film of 10 bits" ended "1 done cuda"
ok "keeps them" is "$(depth)" yuv420p10le
state one ten_bit=0
films 1
cp -p "$D/deep.mkv" $media/film1.mkv
encode
ok "where the device has none, the CPU makes it" ended "1 done cpu"
ok "and it keeps them" is "$(depth)" yuv420p10le
ok "and why is said" grep -q '10 bit encode not supported' <(passed_over)

# --- decoding ---
state one decode=0
films 1
encode
ok "a device that decodes nothing still encodes" ended "1 done cuda"
state one interval=4
films 1
encode
ok "presets with B-frames, which keep surfaces of the decoder" ended "1 done cuda"
ok "there are enough of them" is "$(passed_over)" ""

# --- busy ---
cluster "one=, engines: [cuda]"
state one sessions=0
films 1
(sleep 4 && state one) &
encode
wait $!
ok "a GPU that others use is waited for" ended "1 done cuda"
ok "which is no failed attempt" is "$(attempts)" 1

state one sessions=1 frame_ms=20
films 1
on one /run/hosts/gpu/one/ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=320x240:d=1000 -c:v hevc_nvenc -f null - &
disown
until grep -qs opened /run/hosts/gpu/one/sessions/log; do sleep 0.1; done
(sleep 4 && kill -9 "$(sed -n 's/opened //p;1q' /run/hosts/gpu/one/sessions/log)") &
encode
wait $!
ok "a GPU that another program has, until it is killed" ended "1 done cuda"

cluster "one=, engines: [cuda], queues: {default: 3}"
state one sessions=1 frame_ms=20
films 4
encode
ok "three slots and one session: all films are made there" ended "4 done cuda"
ok "without a failed attempt" is "$(attempts)" 1

cluster "one=, engines: [cuda]" "two=, engines: [cuda]"
state one sessions=0
state two
films 2
encode
ok "what one host has no session for, the other does" ended "2 done cuda"
ok "by name" is "$(jq -r 'select(.event == "result") | .host' "$D/out" | sort -u)" two

# --- no more, in the middle of a run ---
cluster one=
state one frame_ms=20
films 4
mkfifo "$D/pipe"
"$ffarm" --json -y "$D/config.yml" -c c $media >"$D/pipe" 2>"$D/err" </dev/null &
while read -r line; do
  echo "$line"
  [[ $line == *'"event":"result"'* ]] && state one init=999
done <"$D/pipe" >"$D/out"
wait $!
status=$?
ok "a GPU that dies between films: all are made" is "$status $(jq -r 'select(.event == "result") | .status' "$D/out" | sort | uniq -c | awk '{print $1, $2}')" "0 4 done"
ok "the first by the GPU, the rest by the CPU" is "$(jq -r 'select(.event == "result") | .engine' "$D/out" | uniq | paste -sd' ')" "cuda cpu"
ok "and why is said" grep -q CUDA_ERROR_UNKNOWN <(passed_over)

# --- a profile of literal options ---
sed -i 's/small: .*/small: {output_options: -c:v hevc_nvenc -cq 20}/' "$D/config.yml"
state one
films 1
encode
ok "a profile that names NVENC is done where that works" is "$(results)" "1 done cuda"
state one open=2
films 1
encode
ok "and fails, saying why, where it does not" is "$ended_with $(jq -r 'select(.event == "result") | .status' "$D/out")" "1 failed"
ok "with the driver's words" says "unsupported device"
ok "the film is as it was" cmp "$D/source.mkv" $media/film1.mkv
finish
