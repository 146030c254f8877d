#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What becomes of the old films: replaced, kept, put in the trash, on this machine, a mounted and a streaming host. Results and
# originals lie where the documentation says, with the attributes they had; a second run does nothing; what is killed in the
# middle is put right; history and disk agree.
. "$(dirname "$0")/lib.sh"

host_start streaming 192.168.2.61 'mount -t tmpfs none /volume1' || exit 99
host_start mounted 192.168.2.62 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' || exit 99
media=/volume1/media

ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -f lavfi -i sine=duration=1 -c:v mpeg4 -c:a aac "$D/film.mkv"
ffmpeg -nostdin -v error -i "$D/film.mkv" -c copy "$D/film.mp4"
make_old "$D"/film.*
was=$(stat -c %Y "$D/film.mkv")

# configure [KEY: VALUE...]: of the config.
configure() {
  {
    echo "config:"
    printf '  %s\n' "settle_time: 0" "$@"
    cat <<'YAML'
  clusters:
    here: {me: {type: local, queues: {default: 2}}}
    mounted: {m: {type: mounted, ip: 192.168.2.62, user: encodeuser, path-substitution: {src: /volume1/media/, dest: /mnt/media/}}}
    streaming: {s: {type: streaming, ip: 192.168.2.61, user: encodeuser, working_dir: /tmp}}
profiles:
  plain: {output_options: [-c:v ffv1, -c:a copy, -threads 1], extension: .mkv}
rules:
  everything: {profile: plain}
YAML
  } >"$D/config.yml"
}
# fresh FILM...: a library of these, below the media folder.
fresh() {
  local name
  find $media -mindepth 1 -delete
  for name in "$@"; do
    mkdir -p -m 777 "$media/$(dirname "$name")"
    name=$media/$name
    local small=${name,,}
    cp "$D/film.${small##*.}" "$name" && touch -r "$D/film.mkv" "$name"
  done
  chmod 777 $media
}
encode() { # CLUSTER [ARGUMENT...]
  local cluster=$1
  shift
  run_ffarm -y "$D/config.yml" -c "$cluster" "$@" $media
}
is_result() { is "$(codec_of "$1")" ffv1 && playable "$1"; }
is_original() { local small=${1,,} && small=${small%.tmp} && cmp "$D/film.${small##*.}" "$1"; }
# files: everything below the media folder, sorted, in one line.
files() { (cd $media && find . -type f -o -type l | sort | sed 's,^\./,,' | tr '\n' ' '); }
holds() { is "$(files)" "$* "; }
first_time() { # NAME STATUS FILE...
  local what=$1
  shift
  ok "$what: succeeds" is $status 0
  ok "$what: the folders hold what they should" holds "$@"
}
second_time() { # WHAT CLUSTER SKIPPED
  local before
  before=$(cd $media && find . -type f -exec sha256sum {} + | sort)
  encode "$2"
  ok "$1: a second run has nothing to do" says "$3 skipped"
  ok "$1: and does nothing" is "$(cd $media && find . -type f -exec sha256sum {} + | sort)" "$before"
}

for cluster in here mounted streaming; do
  films=(a.mkv films/b.mp4 "films/c d.mkv")
  configure 'originals: replace'
  fresh "${films[@]}"
  encode $cluster
  first_time "$cluster, replace" a.mkv films/b.mkv "films/c d.mkv"
  for name in a.mkv films/b.mkv "films/c d.mkv"; do ok "$cluster, replace: $name" is_result "$media/$name"; done
  second_time "$cluster, replace" $cluster 3

  configure 'originals: keep'
  fresh "${films[@]}"
  encode $cluster
  first_time "$cluster, keep" a.mkv a.mkv.tmp films/b.mkv.tmp films/b.mp4 "films/c d.mkv" "films/c d.mkv.tmp"
  for name in a.mkv films/b.mkv "films/c d.mkv"; do ok "$cluster, keep: $name" is_result "$media/$name.tmp"; done
  for name in "${films[@]}"; do ok "$cluster, keep: $name stays" is_original "$media/$name"; done
  second_time "$cluster, keep" $cluster 3

  configure 'originals: trash'
  fresh "${films[@]}"
  encode $cluster
  first_time "$cluster, trash" .ffarm-originals/.ffarm-trash .ffarm-originals/a.mkv a.mkv films/.ffarm-originals/.ffarm-trash \
    films/.ffarm-originals/b.mp4 "films/.ffarm-originals/c d.mkv" films/b.mkv "films/c d.mkv"
  for name in a.mkv films/b.mkv "films/c d.mkv"; do ok "$cluster, trash: $name" is_result "$media/$name"; done
  for name in a.mkv films/b.mp4 "films/c d.mkv"; do
    ok "$cluster, trash: $name in it" is_original "$media/$(dirname "$name")/.ffarm-originals/$(basename "$name")"
  done
  second_time "$cluster, trash" $cluster 3
done
# The run of a film that is replaced tells of the name it has now.
encode here --dry-run
ok "history: has all runs" sh -c '[ "$("$0" history | wc -l)" -ge 18 ]' "$ffarm"
run_ffarm history --json
run_id=$(sed -n 2p "$D/out" | jq -r .run)
finish
