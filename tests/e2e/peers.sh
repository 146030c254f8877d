#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What other farms were seen to do to people's films, tried here on every kind of host: none of it may happen.
. "$(dirname "$0")/lib.sh"

host_start mounted 192.168.2.63 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' || exit 99
host_start streaming 192.168.2.64 'mount -t tmpfs none /volume1' || exit 99

# config PROFILE: the same hosts with another recipe.
config() {
  cat <<YAML
config:
  settle_time: 0
  clusters:
    here:
      me: {type: local}
    mounted:
      m: {type: mounted, ip: 192.168.2.63, user: encodeuser, path-substitution: {src: /volume1/media/, dest: /mnt/media/}}
    libssh2:
      s: {type: streaming, ip: 192.168.2.64, user: encodeuser, transport: libssh2, working_dir: /tmp}
    openssh:
      s: {type: streaming, ip: 192.168.2.64, user: encodeuser, transport: openssh, working_dir: /tmp}
profiles:
  recipe: $1
rules:
  everything: {profile: recipe}
YAML
}
kinds=(here mounted libssh2 openssh)
tiny='-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy'
media=/volume1/media
# Folders change whenever a temporary lies in them.
everything() { (cd $media && find . -type f -exec sha256sum {} + | sort; find . -type f -printf '%p %T@ %i %m %U\n' | sort; find . | sort); }
hosts_are_clean() { is "$(on streaming ls -A /tmp /home/encodeuser; on mounted ls -A /tmp /home/encodeuser)" "/home/encodeuser:

/tmp:
/home/encodeuser:

/tmp:"; }
as_before() { everything | cmp "$D/before" - && no_temporaries $media && hosts_are_clean && no_encoders; }
fresh() { # FILM [NAME]
  find $media -mindepth 1 -delete
  cp "$1" "$media/${2:-film.${1##*.}}"
  everything >"$D/before"
}

# A dry run on a streaming host encoded, and put the result in the film's place.
config "{output_options: [$tiny]}" >"$D/config.yml"
film "$D/good.mp4"
for kind in "${kinds[@]}"; do
  fresh "$D/good.mp4"
  rm -rf "$XDG_STATE_HOME"
  run_ffarm -y "$D/config.yml" --dry-run -c "$kind" $media
  ok "a dry run, $kind: succeeds" is $status 0
  ok "a dry run, $kind: changes nothing anywhere" as_before
  ok "a dry run, $kind: leaves nothing in its state either" is "$(find "$XDG_STATE_HOME" -type f 2>/dev/null)" ""
done

# ffmpeg failed, the copy back of what it had written did not: half a film took the film's place, exit status 0.
film "$D/whole.mp4" -movflags +faststart
head -c $(($(stat -c %s "$D/whole.mp4") / 2)) "$D/whole.mp4" >"$D/cut.mp4"
film "$D/whole.mkv"
{
  size=$(stat -c %s "$D/whole.mkv")
  head -c $((size / 2)) "$D/whole.mkv"
  head -c 4000 /dev/zero
  tail -c $((size - size / 2 - 4000)) "$D/whole.mkv"
} >"$D/damaged.mkv"
config "{output_options: [$tiny, -xerror]}" >"$D/xerror.yml"
for kind in "${kinds[@]}"; do
  for film in cut.mp4 damaged.mkv; do
    fresh "$D/$film"
    run_ffarm -y "$D/xerror.yml" -c "$kind" $media
    ok "a failing ffmpeg, $film, $kind: exit status 1" is $status 1
    ok "a failing ffmpeg, $film, $kind: the film is as it was" as_before
    ok "a failing ffmpeg, $film, $kind: the film is named" says "film.${film##*.}"
  done
done

# A hopeless encode was given up: "skipped", it said, replaced the film by what there was, and ffmpeg ran on.
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=96x96:rate=25:duration=45,noise=alls=60 -f lavfi -i sine=duration=45 \
  -c:v libx264 -preset ultrafast -crf 20 -c:a aac "$D/noise.mkv"
config "{input_options: -readrate 3, output_options: [-c:v libx264, -qp 0, -preset ultrafast, -c:a copy], threshold: 85, threshold_check: 10}" \
  >"$D/threshold.yml"
for kind in "${kinds[@]}"; do
  fresh "$D/noise.mkv"
  begin=$SECONDS
  run_ffarm -y "$D/threshold.yml" -c "$kind" $media
  ok "a hopeless encode, $kind: counts as done" is $status 0
  ok "a hopeless encode, $kind: is given up early" [ $((SECONDS - begin)) -lt 10 ]
  ok "a hopeless encode, $kind: the reason is said" says "saves too little"
  ok "a hopeless encode, $kind: the film is as it was, no ffmpeg runs" as_before
done

# A quote in a name broke the remote command line; a command in a name was executed there.
for kind in "${kinds[@]}"; do
  fresh "$D/good.mp4" "it's.mp4"
  cp "$D/good.mp4" "$media/a\$(touch PWNED).mp4"
  cp "$D/good.mp4" "$media/b\`touch PWNED\`.mp4"
  run_ffarm -y "$D/config.yml" -c "$kind" $media
  ok "names, $kind: exit status 0" is $status 0
  for name in "it's" 'a$(touch PWNED)' 'b`touch PWNED`'; do
    ok "names, $kind: $name is encoded" is "$(codec_of "$media/$name.mp4")" hevc
  done
  ok "names, $kind: nothing was executed" is "$(find $media /mnt /root "$PWD" -maxdepth 2 -name PWNED
    on mounted find /mnt /home /tmp -name PWNED; on streaming find /home /tmp / -maxdepth 2 -name PWNED)" ""
done

# A misspelt key of a profile was passed over without a word, and ffmpeg ran without options.
config "{output-options: [$tiny]}" >"$D/misspelt.yml"
fresh "$D/good.mp4"
run_ffarm check "$D/misspelt.yml"
ok "a misspelt key: check refuses it" is $status 2
ok "a misspelt key: check says which is meant" says "did you mean 'output_options'"
for kind in "${kinds[@]}"; do
  run_ffarm -y "$D/misspelt.yml" -c "$kind" $media
  ok "a misspelt key, $kind: nothing is started" is $status 2
  ok "a misspelt key, $kind: a run says so too" says "did you mean 'output_options'"
  ok "a misspelt key, $kind: the film is as it was" as_before
done
# A missing film was passed over with exit status 0.
run_ffarm -y "$D/config.yml" -c libssh2 $media/none.mkv
ok "a missing film: exit status 1" is $status 1
ok "a missing film: is named" says none.mkv
run_ffarm -y "$D/config.yml" -c libssh2 -p nosuch $media/film.mp4
ok "a profile that is none: exit status 2" is $status 2
ok "a profile that is none: is named" says nosuch
ok "a profile that is none: the film is as it was" as_before
finish
