#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Films on real file systems, each with its own ways to rename, to link and to number files: replaced and put in the trash under
# the same name, under another, and where only the case differs; killed in the middle and put right.
# What can't be mounted here is said. With FILESYSTEMS=all the program is killed at every act; FILESYSTEMS='xfs sshfs' takes these.
. "$(dirname "$0")/lib.sh"

images=$D/images disks=$D/mnt
mkdir -p "$images" "$disks"
image() { truncate -s "$2" "$images/$1" && echo "$images/$1"; }
# A program that wants a device gets one; it is let go when that program ends.
device() { losetup -f --show "$1"; }

# make_NAME: makes it, once. mount_NAME FOLDER: mounts it.
make_ext4() { mkfs.ext4 -q "$(image ext4 32M)"; }
mount_ext4() { mount -o loop "$images/ext4" "$1"; }
make_casefold() { mkfs.ext4 -q -O casefold -E encoding=utf8 "$(image casefold 32M)"; }
mount_casefold() { mount -o loop "$images/casefold" "$1" && chattr +F "$1"; }
make_xfs() { mkfs.xfs -q "$(image xfs 300M)"; }
mount_xfs() { mount -o loop "$images/xfs" "$1"; }
make_btrfs() { mkfs.btrfs -q -M "$(image btrfs 128M)"; }
mount_btrfs() { mount -o loop "$images/btrfs" "$1"; }
# Two subvolumes: renames don't go from one to the other.
make_subvolumes() { mkfs.btrfs -q -M "$(image subvolumes 128M)"; }
mount_subvolumes() {
  mount -o loop "$images/subvolumes" "$1" && btrfs -q subvolume create "$1/trash" && btrfs -q subvolume create "$1/away"
}
make_vfat() { mkfs.vfat "$(image vfat 32M)"; }
mount_vfat() { mount -t vfat -o loop "$images/vfat" "$1"; }
make_exfat() { mkfs.exfat "$(image exfat 32M)"; }
mount_exfat() { mount -i -t exfat -o loop "$images/exfat" "$1"; }
make_exfat_fuse() { mkfs.exfat "$(image exfat_fuse 32M)"; }
mount_exfat_fuse() {
  local loop
  loop=$(device "$images/exfat_fuse") && mount.exfat-fuse "$loop" "$1"
  local status=$?
  losetup -d "$loop"
  return $status
}
make_ntfs() { mkntfs -q -F "$(image ntfs 32M)"; }
mount_ntfs() { ntfs-3g "$images/ntfs" "$1"; }
make_ntfs_nocase() { mkntfs -q -F "$(image ntfs_nocase 32M)"; }
mount_ntfs_nocase() { lowntfs-3g -o ignore_case "$images/ntfs_nocase" "$1"; }
make_tmpfs() { :; }
mount_tmpfs() { mount -t tmpfs none "$1"; }
# The films of the library are on the layer that is not written to.
make_overlay() { mkdir "$disks/layers" && mount -t tmpfs none "$disks/layers" && mkdir "$disks/layers"/{lower,upper,work} && library "$disks/layers/lower"; }
mount_overlay() { mount -t overlay -o "lowerdir=$disks/layers/lower,upperdir=$disks/layers/upper,workdir=$disks/layers/work" none "$1"; }
make_mergerfs() { mkdir "$disks/one" "$disks/two" && mount -t tmpfs none "$disks/one" && mount -t tmpfs none "$disks/two"; }
mount_mergerfs() { mergerfs "$disks/one:$disks/two" "$1"; }
make_sshfs() { host_start nas 192.168.2.61 'mkdir /tmp/films && chown encodeuser /tmp/films'; }
mount_sshfs() { sshfs -o "IdentityFile=$HOME/.ssh/id_ed25519" encodeuser@192.168.2.61:/tmp/films "$1"; }

systems=(ext4 casefold xfs btrfs subvolumes vfat exfat exfat_fuse ntfs ntfs_nocase tmpfs overlay mergerfs sshfs)
kills=2
case ${FILESYSTEMS:-} in
'') ;;
all) kills=all ;;
*) read -ra systems <<<"$FILESYSTEMS" && kills=all ;;
esac


ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -f lavfi -i sine=duration=1 -c:v mpeg4 -c:a aac "$D/film.mkv"
ffmpeg -nostdin -v error -i "$D/film.mkv" -c copy "$D/film.mp4"
make_old "$D"/film.*
# Not everywhere can owner and mode be kept.
original() { local name=${1,,} && echo "$D/film.${name##*.}"; }
put() { cp "$(original "$1")" "$1" && touch -r "$D/film.mkv" "$1"; }
films=(replace/same.mkv replace/other.mp4 replace/Case.MKV trash/same.mkv trash/other.mp4)
library() { # FOLDER
  local name
  mkdir -p "$1/replace" "$1/trash" || return
  for name in "${films[@]}"; do [ -e "$1/$name" ] || put "$1/$name" || return; done
}
# What a film becomes is the same everywhere, bit for bit.
results=$D/results
make_results() {
  local extension
  for extension in mkv mp4; do
    mkdir -p "$results/$extension" && cp -p "$D/film.$extension" "$results/$extension"
    "$ffarm" -q -y "$D/config.yml" -c here "$results/$extension" || return
    is "$(codec_of "$results/$extension/film.mkv")" ffv1 && playable "$results/$extension/film.mkv" || return
    mv "$results/$extension/film.mkv" "$results/$extension.mkv"
  done
}
configure() { # TRASH_DIR
  cat >"$D/config.yml" <<YAML
config:
  settle_time: 0
  trash_dir: $1
  clusters: {here: {me: {type: local, queues: {default: 3}}}}
profiles:
  plain: {output_options: [-c:v ffv1, -c:a copy, -threads 1, -fflags +bitexact], extension: .mkv}
  trash: {include: plain, originals: trash}
rules:
  trash: {profile: trash, criteria: {path: /trash/}}
  rest: {profile: plain}
YAML
}
encode() { run_ffarm -y "$D/config.yml" -c here "$M/replace" "$M/trash"; }

# is_result_of FILM FILE
is_result_of() { local name=${1,,} && cmp "$results/${name##*.}.mkv" "$2"; }
is_old() { cmp "$(original "$1")" "$1"; }
in_trash() { is_old "$trash/$1"; }
# Where the case is ignored both names lead to it.
has_one_name() { is "$(ls "$M/replace" | grep -ci '^case\.mkv$')" 1; }
is_gone() { [ ! -e "$1" ]; }
exists_one() { is_old "$1" || is_result_of "$1" "${1%.*}.mkv"; }
tidy() { ! find "$M" -name '.ffarm*' ! -name .ffarm-trash -o -name '.fuse*' | grep .; }

replaces_all() {
  encode
  ok "$fs: all films are done" is $status 0
  ok "$fs: the same name" is_result_of same.mkv "$M/replace/same.mkv"
  ok "$fs: another name" is_result_of other.mp4 "$M/replace/other.mkv"
  ok "$fs: and the old one is gone" is_gone "$M/replace/other.mp4"
  ok "$fs: letters of either case" is_result_of Case.MKV "$M/replace/Case.MKV"
  ok "$fs: and one name" has_one_name
  ok "$fs: trash, the same name" is_result_of same.mkv "$M/trash/same.mkv"
  ok "$fs: and the original" in_trash same.mkv
  ok "$fs: trash, another name" is_result_of other.mp4 "$M/trash/other.mkv"
  ok "$fs: and the original" in_trash other.mp4
  ok "$fs: nothing is left over" tidy
  encode
  ok "$fs: the second run has nothing to do" says "5 skipped"
}

# preloaded STRIKE POINT ACT: one film with ffarm that is struck there.
preloaded() {
  rm -rf "$D/faults" && mkdir "$D/faults"
  (
    export LD_PRELOAD=$FFARM_BUILD_ROOT/tests/libtorture_manager.so TORTURE_FOLDER=$D/faults TORTURE_STRIKE=$1 TORTURE_POINT=$2
    export TORTURE_ACT=$3
    "$ffarm" -y "$D/config.yml" -c here "$M/replace" "$M/trash" >"$D/out" 2>"$D/err" </dev/null
  ) 2>/dev/null
}
# killed FILM POINT ACT
killed() {
  local film=$1 result=${1%.*}.mkv
  rm -f "$film" "$result"
  [ -d "$trash" ] && find "$trash" -name "$(basename "${film%.*}")*" -delete
  put "$film"
  preloaded kill "$2" "$3"
  ok "$fs: killed $4: is met" test -e "$D/faults/struck"
  ok "$fs: killed $4: the film is there" exists_one "$film"
  encode
  ok "$fs: killed $4: the next start succeeds" is $status 0
  ok "$fs: killed $4: with the result in its place" is_result_of "$film" "$result"
  case $film in
  */trash/*) ok "$fs: killed $4: the original in the trash" in_trash "$(basename "$film")" ;;
  *.mp4) ok "$fs: killed $4: the old name is gone" is_gone "$film" ;;
  esac
  ok "$fs: killed $4: nothing left over" tidy
}
# Just after the result got its name, and just before the old film goes.
killed_twice() {
  local rename=rename link=open
  case $fs in ext4 | casefold | xfs | btrfs | subvolumes | tmpfs | overlay) rename=renameat2 link=renameat2 ;; ntfs*) link=link ;; esac
  killed "$M/replace/k.mkv" 0 "after $rename $M/replace/k.mkv" "when the result got the name"
  killed "$M/trash/k.mp4" 0 "after $link $M/trash/k.mkv" "when the result got a new name"
  case $fs in
  mergerfs | sshfs)
    killed "$M/replace/k.mkv" 0 "after link $M/replace/.ffarm" "when the film got a second name"
    killed "$M/trash/k.mp4" 0 "after link $M/trash/k.mkv" "when the result got a second name"
    ;;
  exfat_fuse) killed "$M/trash/k.mkv" 0 "after open $M/trash/.trash/k.mkv" "when its name in the trash is held" ;;
  esac
}
# While a film waits for its turn the file system forgets the number that the film had when it was probed.
renumbered() {
  local film=$M/replace/late.mkv number device run tries
  touch "$M"/{1,2,3,4,5,6,7,8} # numbers go on, and begin anew
  put "$film"
  number=$(stat -c %i "$film") device=$(stat -c %d "$film")
  rm -f "$D/faults/struck"
  preloaded pause 0 "before mkdir $M/replace" &
  run=$!
  until [ -e "$D/faults/struck" ] || ! kill -0 $run 2>/dev/null; do sleep 0.02; done
  # The number of the device may go to another file system that is mounted just now.
  for tries in 1 2 3 4 5; do
    umount "$M" && "mount_$fs" "$M" >"$D/why" && [ "$(stat -c %d "$film")" = "$device" ] && break
    sleep 0.1
  done
  local device_now=$(stat -c %d "$film") number_now=$(stat -c %i "$film")
  touch "$D/faults/go"
  wait $run
  [ "$device_now" = "$device" ] || return
  ok "$fs: a film has got another number" test "$number_now" != "$number"
  ok "$fs: it is done all the same" is_result_of "$film" "$film"
}
killed_everywhere() {
  local film point
  for film in replace/k.mkv replace/k.mp4 trash/k.mkv trash/k.mp4; do
    rm -f "$M/${film%.*}".*
    put "$M/$film"
    preloaded none 0 ''
    for point in $(awk -v folder="$M" 'index($0, folder) {print $1}' "$D/faults/acts"); do
      killed "$M/$film" "$point" '' "$film at $point, $(sed -n "$point s,$M,,p" "$D/faults/acts")"
    done
  done
}

world() { # NAME
  fs=$1 tests=0 failures=0 D=$D/$1 M=$disks/$1
  mkdir -p "$D" "$M" && cp -p "${D%/*}"/film.* "$D"
  export XDG_STATE_HOME=$D/state
  exec >"$D/tap" 2>&1
  if ! "make_$fs" >"$D/why" 2>&1 || ! "mount_$fs" "$M" >"$D/why" 2>&1; then
    echo "ok 1 - $fs # SKIP can't be mounted here: $(grep -m 1 . "$D/why")"
    return
  fi
  trash=$M/trash/.trash
  [ ! -d "$M/away" ] || trash=$M/away/$M/trash
  if [ -d "$M/away" ]; then configure "$M/away"; else configure .trash; fi
  library "$M"
  replaces_all
  if [ $kills = all ]; then killed_everywhere; else killed_twice; fi
  case $fs in exfat_fuse | mergerfs | sshfs) renumbered ;; esac
  umount "$M"
}

configure .trash
ok "the films become what they should" make_results
# Three at a time: disks are waited for more than processors.
for fs in "${systems[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
  (world "$fs") &
done
wait
n=$tests
for fs in "${systems[@]}"; do
  while IFS= read -r line; do
    case $line in
    'ok '* | 'not ok '*) n=$((n + 1)) && line=$(sed -E "s/ok [0-9]+/ok $n/" <<<"$line") ;;
    esac
    printf '%s\n' "$line"
    case $line in 'not ok '*) failures=$((failures + 1)) ;; esac
  done <"$D/$fs/tap"
done
tests=$n
finish
