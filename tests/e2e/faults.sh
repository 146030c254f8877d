#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What goes wrong in the middle of a run: Ctrl-C, a killed manager, a cut network, a killed encoder. No film is lost, no encoder
# runs on, and the next start does the work.
. "$(dirname "$0")/lib.sh"

host_start one 192.168.2.61 'mount -t tmpfs none /volume1' || exit 99
host_start two 192.168.2.62 'mount -t tmpfs none /volume1' || exit 99
host_start mounted 192.168.2.63 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' || exit 99

seconds=10
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=128x72:rate=25:duration=$seconds -f lavfi -i sine=duration=$seconds \
  -c:v libx264 -preset ultrafast -crf 1 -c:a aac "$D/long.mkv"
make_old "$D/long.mkv"

# In real time, so that there is a middle; and as fast as it goes.
for pace in '-re' ''; do
  cat >"$D/config$pace.yml" <<YAML
config:
  clusters:
    streaming:
      one: {type: streaming, ip: 192.168.2.61, user: encodeuser, working_dir: /tmp}
      two: {type: streaming, ip: 192.168.2.62, user: encodeuser, working_dir: /tmp}
    mounted:
      m: {type: mounted, ip: 192.168.2.63, user: encodeuser, path-substitution: {src: /volume1/media/, dest: /mnt/media/}}
    here:
      me: {type: local}
profiles:
  tiny:
    input_options: "$pace"
    output_options: [-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy]
rules:
  everything: {profile: tiny}
YAML
done

fresh() {
  find /volume1/media -mindepth 1 -delete
  cp -p "$D/long.mkv" /volume1/media/a.mkv
  cp -p "$D/long.mkv" /volume1/media/b.mkv
}
encoders() { pgrep -xc ffmpeg; }
until_encoders() { # AT_LEAST: within 20 s
  for _ in $(seq 200); do [ "$(encoders)" -ge "$1" ] && sleep 1 && return; sleep 0.1; done
  echo "no $1 encoders"
  return 1
}
until_no_encoders() { # SECONDS
  for _ in $(seq $(($1 * 10))); do [ "$(encoders)" = 0 ] && return; sleep 0.1; done
  pgrep -ax ffmpeg
  return 1
}
untouched() { cmp "$D/long.mkv" /volume1/media/a.mkv && cmp "$D/long.mkv" /volume1/media/b.mkv; }
done_well() {
  local file
  for file in /volume1/media/a.mkv /volume1/media/b.mkv; do
    is "$(codec_of $file)" hevc && is "$(frames_of $file)" $((seconds * 25)) && playable $file || return 1
  done
}
hosts_clean() { is "$(on one ls -A /tmp)$(on two ls -A /tmp)" ""; }
start_ffarm() { # CLUSTER [OPTION...]
  "$ffarm" -y "$D/config-re.yml" -c "$@" /volume1/media >"$D/out" 2>"$D/err" </dev/null &
  manager=$!
}

for cluster in streaming mounted here; do
  for signal in INT TERM; do
    fresh
    start_ffarm $cluster
    ok "$cluster, $signal: encodes" until_encoders 1
    kill -$signal $manager
    wait $manager
    ok "$cluster, $signal: exit status 130" is $? 130
    ok "$cluster, $signal: no encoder is left when it ends" no_encoders
    ok "$cluster, $signal: sources as they were" untouched
    ok "$cluster, $signal: no temporaries here" no_temporaries /volume1/media
    ok "$cluster, $signal: nor on the hosts" hosts_clean
  done
  fresh
  start_ffarm $cluster
  ok "$cluster, INT twice: encodes" until_encoders 1
  kill -INT $manager
  for _ in $(seq 100); do grep -q 'once more leaves at once' "$D/err" && break; sleep 0.02; done
  kill -INT $manager
  wait $manager
  ok "$cluster, INT twice: exit status 130" is $? 130
  ok "$cluster, INT twice: the encoders end by themselves" until_no_encoders 15
  ok "$cluster, INT twice: sources as they were" untouched
  fresh
  start_ffarm $cluster
  ok "$cluster, KILL: encodes" until_encoders 1
  kill -KILL $manager
  wait $manager 2>/dev/null
  ok "$cluster, KILL: the encoders end by themselves" until_no_encoders 15
  ok "$cluster, KILL: sources as they were" untouched
  run_ffarm -y "$D/config.yml" -c $cluster /volume1/media
  ok "$cluster, KILL: the next start succeeds" is $status 0
  ok "$cluster, KILL: with whole films" done_well
  on one find /tmp -mindepth 1 -delete
  on two find /tmp -mindepth 1 -delete
done

for cluster in "streaming --host one" mounted; do
  fresh
  # As one word it would be one option.
  # shellcheck disable=SC2086
  start_ffarm $cluster
  ok "$cluster, USR1: encodes" until_encoders 1
  kill -HUP $manager
  kill -USR1 $manager
  wait $manager
  ok "$cluster, USR1 and a HUP without a terminal: exit status 0" is $? 0
  ok "$cluster, USR1: what ran was finished" playable /volume1/media/a.mkv
  ok "$cluster, USR1: and replaced" is "$(codec_of /volume1/media/a.mkv)" hevc
  ok "$cluster, USR1: what waited was not begun" cmp "$D/long.mkv" /volume1/media/b.mkv
  ok "$cluster, USR1: no encoder is left" no_encoders
  ok "$cluster, USR1: nothing is left on the hosts" hosts_clean
done

fresh
start_ffarm streaming
ok "a cut: encodes on both" until_encoders 2
ip link set vone down
wait $manager
ok "a cut: the run succeeds all the same" is $? 0
ok "a cut: both films are whole" done_well
ok "a cut: the host is named" says "one:"
ok "a cut: no encoder is left on the host that was cut off" until_no_encoders 20
ip link set vone up

fresh
start_ffarm streaming
ok "a killed encoder: encodes on both" until_encoders 2
kill -KILL "$(pgrep -x ffmpeg | head -1)"
wait $manager
ok "a killed encoder: the run succeeds all the same" is $? 0
ok "a killed encoder: both films are whole" done_well
finish
