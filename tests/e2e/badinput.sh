#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files that must not be encoded: named with the reason, left untouched, exit status 1, and the good ones are done.
. "$(dirname "$0")/lib.sh"

host_start s 192.168.2.64 'true' || exit 99
cat >"$D/config.yml" <<YAML
config:
  clusters:
    c:
      s: {type: streaming, user: encodeuser, ip: 192.168.2.64, working_dir: /tmp}
profiles:
  tiny: {output_options: [-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy]}
rules:
  everything: {profile: tiny}
YAML
M=/volume1/media
film $M/good1.mkv
film $M/good2.mp4
: >$M/empty.mkv
echo "this is no film" >$M/text.mkv
head -c 300000 /dev/urandom >$M/noise.mp4
ffmpeg -nostdin -v error -f lavfi -i sine=duration=2 -c:a aac $M/audio-only.m4a
film $M/x.mkv && size=$(stat -c %s $M/x.mkv) && head -c $((size / 2)) $M/x.mkv >$M/cut.mkv && rm $M/x.mkv
film $M/x.mp4 && size=$(stat -c %s $M/x.mp4) && head -c $((size / 2)) $M/x.mp4 >$M/cut-moov-at-end.mp4 && rm $M/x.mp4
film $M/x.mp4 -movflags +faststart && size=$(stat -c %s $M/x.mp4) && head -c $((size / 2)) $M/x.mp4 >$M/cut-faststart.mp4 && rm $M/x.mp4
film $M/encrypted.mp4 -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8
film $M/linked.mkv && ln $M/linked.mkv $M/linked-again.mkv && ln -s linked.mkv $M/linked-by-name.mkv
film $M/clash.mkv && film $M/clash.mp4
mkfifo $M/fifo.mkv
bad=(empty.mkv text.mkv noise.mp4 audio-only.m4a cut.mkv cut-moov-at-end.mp4 cut-faststart.mp4 encrypted.mp4)
(cd $M && sha256sum "${bad[@]}") >"$D/sums"

run_ffarm -y "$D/config.yml" -c c $M/*
ok "the status is 1" is $status 1
ok "the bad ones are as they were" sh -c "cd $M && sha256sum -c --quiet '$D/sums'"
for file in "${bad[@]}" fifo.mkv linked-again.mkv; do ok "$file is named" says "$file"; done
for file in good1.mkv good2.mp4; do ok "$file is done" is "$(codec_of $M/$file)" hevc; done
ok "nothing but films is left" no_temporaries $M
ok "nothing is left on the host" is "$(on s ls -A /tmp)" ""

run_ffarm probe --json $M/empty.mkv $M/text.mkv $M/noise.mp4 $M/audio-only.m4a $M/cut.mkv $M/encrypted.mp4 $M/none.mkv
ok "each has a distinct problem" is "$(jq -r '.problems[]' "$D/out" | sort -u | wc -l)" 6
ok "each is invalid" is "$(jq -r .valid "$D/out" | sort -u)" false

# The profile's extension makes two sources meet in one name: one goes on, the other is named and kept.
rm -f $M/clash.* $M/fifo.mkv && film $M/clash.mkv && film $M/clash.mp4
sed 's/tiny: {/tiny: {extension: .mkv, /' "$D/config.yml" >"$D/mkv.yml"
before=$(sha256sum <$M/clash.mp4)
run_ffarm -y "$D/mkv.yml" -c c $M/clash.mp4 $M/clash.mkv
ok "a clash of names is found" is $status 1
ok "the one that would be overwritten is done under its own name" is "$(codec_of $M/clash.mkv)" hevc
ok "the other one is untouched" is "$(sha256sum <$M/clash.mp4)" "$before"
finish
