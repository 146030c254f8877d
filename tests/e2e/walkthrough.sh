#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guide's walkthrough: mediaserver (this shell) with /volume1/media, workstation which mounts it as /mnt/media, shared which
# does not. The YAML is the guide's own, addresses too; the profiles that it names are given here.
. "$(dirname "$0")/lib.sh"

host_start workstation 192.168.2.63 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' || exit 99
host_start shared 192.168.2.64 'mount -t tmpfs none /volume1' || exit 99

cat >"$HOME/.transcode.yml" <<'YAML'
config:
  clusters:
    household:                  # name for this cluster
      workstation:
        type: mounted
        ip: 192.168.2.63
        user: encodeuser
        ffmpeg: '/usr/bin/ffmpeg'
        path-substitution:      # optional, map source pathnames to equivalent on host
          src: /volume1/media/
          dest: /mnt/media/
        profile: qsv
      shared:
        type: streaming
        ip: 192.168.2.64
        user: encodeuser
        working_dir: '/tmp'
        ffmpeg: '/usr/bin/ffmpeg'
        profile: hevc_cuda

profiles:
  qsv:
    output_options: [-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy]
  hevc_cuda:
    output_options: [-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy]
YAML

fresh() {
  rm -rf /volume1/media/*
  for n in 1 2 3; do film /volume1/media/file$n.mp4; done
}
tree() { (cd "$1" && find . -type f -exec sha256sum {} + | sort; find . | sort; stat -c '%n %Y %a %i' .); }
replaced() {
  local file
  for file in "$@"; do
    is "$(codec_of "$file")" hevc && playable "$file" && is "$(frames_of "$file")" 50 || return 1
  done
}

fresh
tree /volume1/media >"$D/before"
run_ffarm --dry-run -c household /volume1/media/file1.mp4
ok "a dry run succeeds" is $status 0
ok "and names the host and the mapped path" says file:/mnt/media/file1.mp4
tree /volume1/media >"$D/after"
ok "and changes nothing here" cmp "$D/before" "$D/after"
ok "nor on a host" is "$(on shared ls -A /tmp)" ""

run_ffarm -c household /volume1/media/*
ok "ffarm -c household /volume1/media/* succeeds" is $status 0
ok "all three are HEVC, complete, and play" replaced /volume1/media/file{1,2,3}.mp4
ok "workstation did some" says workstation
ok "shared did some" says shared
ok "nothing is left in the media folder" is "$(ls -A /volume1/media | tr '\n' ' ')" "file1.mp4 file2.mp4 file3.mp4 "
ok "nothing is left on shared" is "$(on shared ls -A /tmp)" ""
ok "no encoder runs on" no_encoders

fresh
run_ffarm --json -c household /volume1/media/*.mp4
ok "with --json too" is $status 0
ok "every line is an object with an event" sh -c "jq -e 'has(\"event\")' '$D/out' >/dev/null"
ok "three results, all done" is "$(jq -r 'select(.event=="result").status' "$D/out" | sort | uniq -c | xargs)" "3 done"
ok "on both hosts" is "$(jq -r 'select(.event=="result").host' "$D/out" | sort -u | xargs)" "shared workstation"
ok "the summary is there" is "$(jq -r 'select(.event=="summary").done' "$D/out")" 3

fresh
run_ffarm -v -c household /volume1/media/*.mp4
ok "ffarm -v -c household /volume1/media/*.mp4" is $status 0

sed 's/^    household:/    mycluster:/' "$HOME/.transcode.yml" >"$D/two.yml"
sed -n '/^    household:/,/profile: hevc_cuda/p' "$HOME/.transcode.yml" |
  sed 's/household:/studio:/' >"$D/studio"
awk -v studio="$D/studio" '/^profiles:/ {while ((getline line < studio) > 0) print line} {print}' "$D/two.yml" >"$D/both.yml"
fresh
run_ffarm -y "$D/both.yml" -c mycluster /volume1/media/file1.mp4 -c studio /volume1/media/file2.mp4 /volume1/media/file3.mp4
ok "two clusters in one run" is $status 0
ok "all replaced" replaced /volume1/media/file{1,2,3}.mp4

fresh
run_ffarm -y "$D/both.yml" --dry-run -c mycluster /volume1/media/file2.mp4
ok "ffarm --dry-run -c mycluster FILE" is $status 0

finish
