#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two later Debian releases as hosts, with their own ffmpeg and OpenSSH: what each is found to be able to do, runs on them, and
# every command held against what their ffmpegs say of their options. Run by hand: the first time it downloads both systems
# into $FFARM_RELEASES (/var/cache/ffarm-releases), where they stay as they are: every run works on a throw-away copy.
releases="trixie sid"
cache=${FFARM_RELEASES:-/var/cache/ffarm-releases}
mirror=${FFARM_MIRROR:-http://deb.debian.org/debian}

# release_make SUITE: a small system with ffmpeg and sshd in $cache/SUITE, there at once or not at all.
release_make() {
  [ -x "$cache/$1/usr/bin/ffmpeg" ] && return 0
  echo "# downloading $1 into $cache" >&2
  local root=$cache/$1.new
  # What a mirror has of sid may be older than it says that it may get.
  local apt="apt-get -q -y -o Acquire::Check-Valid-Until=false -o APT::Install-Recommends=false -o Dpkg::Options::=--force-unsafe-io"
  {
    rm -rf --one-file-system "$root" &&
      debootstrap --variant=minbase "$1" "$root" "$mirror" &&
      printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" &&
      chmod +x "$root/usr/sbin/policy-rc.d" &&
      cp /etc/resolv.conf "$root/etc/resolv.conf" &&
      mount -t proc proc "$root/proc" &&
      chroot "$root" $apt update &&
      chroot "$root" $apt install ffmpeg openssh-server &&
      chroot "$root" apt-get clean &&
      umount "$root/proc" &&
      mv "$root" "$cache/$1"
  } >"$cache/$1.log" 2>&1 </dev/null || { tail -20 "$cache/$1.log" >&2; return 1; }
}
if [ "${1:-}" = --make ]; then
  export DEBIAN_FRONTEND=noninteractive
  makers=()
  for release in $releases; do
    release_make "$release" &
    makers+=($!)
  done
  for maker in "${makers[@]}"; do wait "$maker" || exit; done
  exit 0
fi
if [ -z "${E2E_INSIDE:-}" ] && [ "$(id -u)" = 0 ]; then
  . "$(dirname "$0")/../../tools/packages.sh"
  install_packages debootstrap jq && mkdir -p "$cache" || exit 99
  # Its mounts and processes go with it, and it goes with this shell.
  flock -F "$cache/lock" setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
    nice bash "$0" --make || { echo "Bail out! the systems could not be made" && exit 99; }
fi
. "$(dirname "$0")/lib.sh"

# release_start SUITE ADDRESS: that system as a machine of its own; what it writes lies in memory.
release_start() {
  host_start "$1" "$2" "
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay -o lowerdir='$cache/$1',upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
    cd /mnt/root
    grep ^encodeuser: /etc/passwd >>etc/passwd
    grep ^encodeuser: /etc/shadow >>etc/shadow
    mkdir -p home/encodeuser/ffarm old
    chown -R 7463:100 home/encodeuser
    mount -t proc proc proc
    mount --bind /run run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    pivot_root . old
    umount -l old"
  printf '#!/bin/sh\nexec nsenter -t %s --mount --net --wd=/ ffmpeg "$@"\n' "$(eval echo "\$pid_$1")" >"$D/ffmpeg-$1"
  chmod +x "$D/ffmpeg-$1"
}
release_start trixie 192.168.2.13 || exit 99
release_start sid 192.168.2.14 || exit 99
cat >"$D/config.yml" <<YAML
config:
  settle_time: 0
  clusters:
    releases:
      here: {type: local}
      trixie: {type: streaming, ip: 192.168.2.13, user: encodeuser, working_dir: /home/encodeuser/ffarm}
      sid: {type: streaming, ip: 192.168.2.14, user: encodeuser, working_dir: /home/encodeuser/ffarm}
profiles:
  small: {codec: hevc, speed: fast, extension: .mkv}
  av1: {codec: av1, speed: fast, extension: .mkv}
rules:
  all: {profile: small}
YAML
hosts="here trixie sid"

# --- what they can do ---
run_ffarm hosts -y "$D/config.yml" --json
ok 'all three hosts are usable' is $status 0
cp "$D/out" "$D/hosts.json"
of() { jq -es --arg host "$1" 'map(select(.host == $host))[0] | '"$2" "$D/hosts.json"; }
for host in $hosts; do
  ok "$host: logs in, writes, and tells its ffmpeg" of "$host" '.usable and .os == "linux" and (.ffmpeg_version | test("^[5-9]"))'
  ok "$host: the CPU encodes every codec with 8 and 10 bits" of "$host" \
    '[.trials[] | select(.engine == "cpu" and .verdict == "yes" and .class == "proved") | "\(.codec)\(.depth)"] | sort == ["av110", "av18", "h26410", "h2648", "hevc10", "hevc8"]'
  for engine in cuda qsv vaapi videotoolbox amf; do
    ok "$host: $engine is refused, with a class and words" of "$host" \
      '[.trials[] | select(.engine == "'$engine'")] | length > 0 and all(.verdict == "no" and .class != "unknown" and .class != "bad_probe" and .class != "knob" and (.class == "build_lacks" or (.words | length) > 10))'
  done
done
ok 'nothing of the trials is left running' no_encoders
ok 'the later ffmpegs fail in other words, and for the same reasons' is \
  "$(jq -r '[.trials[] | select(.engine == "cuda" or .engine == "amf" or .engine == "videotoolbox") | .class] | unique | tostring' "$D/hosts.json" | sort -u | wc -l)" 1

# --- runs on each of them ---
media=/volume1/media
run_on() { # HOST PROFILE FILM...
  find $media -mindepth 1 -delete
  local host=$1 profile=$2
  shift 2
  for name in "$@"; do film "$media/$name"; done
  run_ffarm -y "$D/config.yml" -c releases --host "$host" -p "$profile" --json $media
}
made_by_cpu() { # CODEC
  is "$(jq -r 'select(.event == "result") | "\(.status) \(.engine)"' "$D/out" | sort -u)" 'done cpu' || return 1
  for file in $media/*; do is "$(codec_of "$file")" "$1" && playable "$file" || return 1; done
}
nothing_left() { no_encoders && no_temporaries $media && { is "$1" here || is "$(on "$1" find /home/encodeuser/ffarm /tmp -mindepth 1 2>/dev/null)" ''; }; }
for host in $hosts; do
  run_on $host small a.mkv b.mp4
  ok "$host: the run ends well" is $status 0
  ok "$host: HEVC is made by the CPU" made_by_cpu hevc
  ok "$host: nothing is left of it" nothing_left $host
  run_on $host av1 a.mkv
  ok "$host: AV1 is made by the CPU" made_by_cpu av1
done
find $media -mindepth 1 -delete
for number in 1 2 3 4 5 6; do film "$media/$number.mkv"; done
run_ffarm -y "$D/config.yml" -c releases --json $media
ok 'all together: the run ends well' is $status 0
ok 'all together: HEVC is made by the CPUs' made_by_cpu hevc
ok 'all together: every host has its share' is "$(jq -r 'select(.event == "result") | .host' "$D/out" | sort -u | wc -l)" 3

# --- HDR goes where it is kept, and every engine that is passed over has its reason ---
find $media -mindepth 1 -delete
hdr10='colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:log-level=none'
film "$media/plain.mkv"
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=128x72:rate=25:duration=1 -f lavfi -i sine=duration=1 -pix_fmt yuv420p10le \
  -c:v libx265 -preset ultrafast -x265-params \
  "$hdr10:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400" -c:a aac $media/hdr.mkv
make_old $media/hdr.mkv
run_ffarm -y "$D/config.yml" -c releases --dry-run --json $media
planned() { jq -es --arg file "$media/$1" 'map(select(.event == "plan" and .file == $file))[0] | '"$2" "$D/out"; }
ok 'a film without HDR may go to all three hosts' planned plain.mkv '[.hosts[].host] | sort == ["here", "sid", "trixie"]'
ok 'each of them encodes it by the CPU, and says why not by the others' planned plain.mkv \
  'all(.hosts[]; .engine == "cpu" and (.passed_over as $why | all("cuda", "qsv", "vaapi", "videotoolbox", "amf"; . as $engine | $why | contains($engine))))'
ok 'HDR10 goes to those whose ffmpeg keeps its metadata' planned hdr.mkv '[.hosts[].host] | sort == ["sid", "trixie"]'
ok 'and this one is refused in words' planned hdr.mkv '.refused[] | select(.host == "here") | .reason | test("HDR10 metadata.*7.0")'
run_ffarm -y "$D/config.yml" -c releases --json $media
ok 'both films are done' is "$status $(jq -r 'select(.event == "result") | .status' "$D/out" | sort -u)" '0 done'
hdr_of() { ffprobe -v error -select_streams v:0 -show_frames -read_intervals %+#1 "$1" | grep -cE '^(max_luminance=10000000/10000|max_content=1000|color_transfer=smpte2084)$'; }
ok 'the result has the HDR10 metadata' is "$(hdr_of $media/hdr.mkv)" 3

# --- every command ---
checker=${FFARM_BUILD_ROOT:-$PWD/build}/tests/test_commands
FFARM_TEST_FFMPEGS="$D/ffmpeg-trixie $D/ffmpeg-sid" "$checker" >"$D/checked" 2>&1
ok 'every option and value of every command is known to their ffmpegs' is $? 0
grep -E '^not built|^\[  FAILED|Which is|Failure' "$D/checked" | cut -c1-300 | sed 's/^/# /'
finish
