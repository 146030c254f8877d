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
  plain: {output_options: [-c:v ffv1, -c:a copy, -threads 1, -fflags +bitexact], extension: .mkv}
rules:
  everything: {profile: plain}
YAML
  } >"$D/config.yml"
}
# fresh FILM...: a library of these, below the media folder.
fresh() {
  local name
  # A film that was kept counts as done.
  rm -rf "$XDG_STATE_HOME"
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
# is_result FILE: of film.mp4 where its name begins with b. The first one is looked at; the others are the same, bit for bit.
is_result() {
  local like=$D/result.mkv
  case ${1##*/} in b.*) like=$D/result.mp4 ;; esac
  [ -e "$like" ] || { is "$(codec_of "$1")" ffv1 && playable "$1" && cp "$1" "$like"; } || return
  cmp "$like" "$1"
}
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

# --- attributes, links, names ---
describe() { stat -c '%u:%g %a' "$1" && getfacl -cEp "$1" && getfattr -d -m user. --absolute-names "$1" | tail -n +2; }
given() { # FILE
  setfattr -n user.rating -v five "$1" && chown 1234:100 "$1" && chmod 640 "$1" && setfacl -m u:7463:r "$1"
}
configure 'originals: trash' "trash_dir: .old"
fresh a.mkv b.mp4 Film.MKV
for name in a.mkv b.mp4; do given $media/$name; done
before=$(describe $media/a.mkv)
encode here
ok "attributes: all is done" is $status 0
ok "attributes: are kept under the same name" is "$(describe $media/a.mkv)" "$before"
ok "attributes: and under another" is "$(describe $media/b.mkv)" "$before"
ok "attributes: the original has them too" is "$(describe $media/.old/a.mkv)" "$before"
ok "attributes: the time of change is kept" is "$(stat -c %Y $media/a.mkv $media/b.mkv $media/.old/a.mkv | uniq)" "$was"
ok "attributes: only a name's case is another: the name stays" holds .old/.ffarm-trash .old/Film.MKV .old/a.mkv .old/b.mp4 Film.MKV a.mkv b.mkv

configure 'originals: trash' 'keep_times: no'
fresh a.mkv
encode here
ok "keep_times: no: the result is new" test "$(stat -c %Y $media/a.mkv)" -gt "$was"
ok "keep_times: no: the original is not" is "$(stat -c %Y $media/.ffarm-originals/a.mkv)" "$was"

configure 'originals: replace'
fresh films/a.mkv films/b.mp4
mkdir $media/links && ln $media/films/a.mkv $media/hard.link
ln -s ../films/b.mp4 $media/links/b.mp4
run_ffarm -y "$D/config.yml" -c here $media/films/a.mkv $media/links/b.mp4
ok "links: all is done" is $status 0
ok "links: the film has its result" is_result $media/films/a.mkv
ok "links: its hard link keeps the old film" cmp "$D/film.mkv" $media/hard.link
ok "links: the result of a symbolic link is beside it" is_result $media/links/b.mkv
ok "links: the link is gone" test ! -L $media/links/b.mp4
ok "links: what it led to stays" is_original $media/films/b.mp4
fresh films/a.mkv
mkdir $media/links && ln -s ../films/a.mkv $media/links/a.mkv
run_ffarm -y "$D/config.yml" -c here $media/links/a.mkv
ok "links: under the same name the film behind it is replaced" is_result $media/films/a.mkv
ok "links: and the link stays" test -L $media/links/a.mkv

# --- the trash ---
configure 'originals: trash'
fresh a.mkv
touch -d '2020-01-01' $media/a.mkv
mkdir $media/.ffarm-originals && echo mine >$media/.ffarm-originals/a.mkv
encode here
ok "a taken name: all is done" is $status 0
ok "a taken name: keeps what it has" is "$(cat $media/.ffarm-originals/a.mkv)" mine
ok "a taken name: the original has a number" is_original "$media/.ffarm-originals/a (2).mkv"

# aged DAYS: what the trash was given is as old as that.
aged() { sed -i -E "s/^[0-9]+/$(($(date +%s) - $1 * 86400))/" $media/.ffarm-originals/.ffarm-trash; }
configure 'originals: trash' 'trash_days: 30'
aged 29
encode here
ok "trash_days: what is not due stays" is_original "$media/.ffarm-originals/a (2).mkv"
aged 31
cp "$D/film.mkv" $media/.ffarm-originals/mine.mkv
encode here
ok "trash_days: what is due is gone" test ! -e "$media/.ffarm-originals/a (2).mkv"
ok "trash_days: what ffarm did not put there stays" holds .ffarm-originals/.ffarm-trash .ffarm-originals/a.mkv .ffarm-originals/mine.mkv a.mkv

mkdir "$D/mnt/trash" "$D/mnt/small" && mount -t tmpfs none "$D/mnt/trash" && mount -t tmpfs -o size=16k none "$D/mnt/small"
configure 'originals: trash' "trash_dir: $D/mnt/trash"
fresh films/a.mkv films/b.mp4
given $media/films/a.mkv
before=$(describe $media/films/a.mkv)
encode streaming
ok "another file system: all is done" is $status 0
ok "another file system: the same name" is_original "$D/mnt/trash$media/films/a.mkv"
ok "another file system: another name" is_original "$D/mnt/trash$media/films/b.mp4"
ok "another file system: owner, mode, ACL and attributes are kept" is "$(describe "$D/mnt/trash$media/films/a.mkv")" "$before"
ok "another file system: and the results are in place" holds films/a.mkv films/b.mkv
configure 'originals: trash' "trash_dir: $D/mnt/small"
fresh a.mkv b.mp4
encode here
ok "a full trash: fails" is $status 1
ok "a full trash: says so" says 'No space left'
ok "a full trash: the films stay" cmp "$D/film.mkv" $media/a.mkv
ok "a full trash: nothing is left over" is "$(files; find "$D/mnt/small" -name '*.tmp')" "a.mkv b.mp4 "
mount -o remount,ro "$D/mnt/trash"
configure 'originals: trash' "trash_dir: $D/mnt/trash"
encode here
ok "a trash that can't be written to: is refused before anything is done" says "the original can't go to the trash"
ok "a trash that can't be written to: the films stay" holds a.mkv b.mp4

# --- options over it ---
configure 'originals: trash'
fresh a.mkv films/b.mp4
encode here -k
ok "-k: the originals stay, the results lie beside them" holds a.mkv a.mkv.tmp films/b.mkv.tmp films/b.mp4
fresh a.mkv films/b.mp4
mkdir "$D/mnt/out" && mount -t tmpfs none "$D/mnt/out"
encode here -o "$D/mnt/out"
ok "-o: the originals stay alone" holds a.mkv films/b.mp4
ok "-o: the results have their tree" is_result "$D/mnt/out/films/b.mkv"
ok "-o: and nothing else lies there" is "$(cd "$D/mnt/out" && find . -type f | sort | tr '\n' ' ')" "./a.mkv ./films/b.mkv "

# --- killed ---
# killed FILM PAUSE_AT
killed() {
  rm -rf "$D/faults" && mkdir "$D/faults"
  (
    export LD_PRELOAD=$FFARM_BUILD_ROOT/tests/libtorture_manager.so TORTURE_FOLDER=$D/faults TORTURE_STRIKE=kill TORTURE_POINT=0
    export TORTURE_ACT=$1
    encode here
  ) 2>/dev/null
  [ -e "$D/faults/struck" ]
}
mended() { # WHAT FILE...
  local what=$1
  shift
  run_ffarm resume
  ok "$what: resume succeeds" is $status 0
  encode here
  ok "$what: all is in its place, and nothing else" holds "$@"
  ok "$what: the result" is_result "${result:-$media/b.mkv}"
  ok "$what: the original" is_original "$original"
  run_ffarm history --json
  ok "$what: history knows of nothing unfinished" is "$(jq -r 'select(.state == "unfinished") | .run' "$D/out")" ""
}
original=$media/.ffarm-originals/b.mp4
configure 'originals: trash'
for act in "after renameat2 $media/b.mkv" "before renameat2 $original" "after renameat2 $original"; do
  fresh b.mp4
  ok "trash, killed ${act%% *} $(basename "${act##* }"): is met" killed "$act"
  mended "trash, killed ${act%% *} $(basename "${act##* }")" .ffarm-originals/.ffarm-trash .ffarm-originals/b.mp4 b.mkv
done
configure 'originals: keep'
original=$media/b.mp4 result=$media/b.mkv.tmp
for act in "before renameat2 $result" "after renameat2 $result"; do
  fresh b.mp4
  ok "keep, killed ${act%% *} $(basename "${act##* }"): is met" killed "$act"
  mended "keep, killed ${act%% *} $(basename "${act##* }")" b.mkv.tmp b.mp4
done
finish
