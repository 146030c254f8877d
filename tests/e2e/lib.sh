# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced first by every script here. Gives each a small network of its own: this shell is the manager, host_start adds machines
# with their own network stack, own view of the file system, own sshd. Everything lives in namespaces and dies with the script;
# nothing of this machine is changed. Results are printed as TAP.
set -uo pipefail
export LC_ALL=C.UTF-8

if [ -z "${E2E_INSIDE:-}" ]; then
  if [ "$(id -u)" != 0 ] || ! unshare --mount --net --pid --fork true 2>/dev/null; then
    echo "1..0 # SKIP needs root and the right to make namespaces"
    exit 0
  fi
  # The guide's path has to exist to be mounted over. The last of several scripts takes it away again, if one of them made it:
  # a folder removed here would vanish from under the mounts of the others.
  made=${TMPDIR:-/tmp}/ffarm-e2e.made-volume1
  exec 9>"${TMPDIR:-/tmp}/ffarm-e2e.lock"
  flock -s 9
  mkdir /volume1 2>/dev/null && touch "$made"
  E2E_INSIDE=1 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private bash "$0" "$@" 9>&-
  status=$?
  flock -n -x 9 && [ -f "$made" ] && rmdir /volume1 && rm "$made"
  exit $status
fi

ffarm=${FFARM:-${FFARM_BUILD_ROOT:-$PWD/build}/src/ffarm}
D=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-e2e.XXXXXX")
trap 'chmod -R u+rwX "$D" 2>/dev/null; umount -l "$D"/mnt/* 2>/dev/null; rm -rf "$D"' EXIT
chmod 755 "$D"

# --- TAP ---
tests=0 failures=0
ok() { # DESCRIPTION COMMAND...
  local description=$1 output status
  shift
  tests=$((tests + 1))
  output=$("$@" 2>&1)
  status=$?
  if [ $status = 0 ]; then
    echo "ok $tests - $description"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $description"
    printf '%s\n' "status $status of: $*" "$output" | cut -c1-400 | head -40 | sed 's/^/# /'
    if [ -f "$D/out" ]; then tail -25 "$D/out" "$D/err" 2>/dev/null | cut -c1-400 | sed 's/^/#   /'; fi
  fi
}
finish() {
  echo "1..$tests"
  [ $failures = 0 ]
  exit
}
# Runs ffarm: output in $D/out and $D/err, status in $status.
run_ffarm() {
  status=0
  "$ffarm" "$@" >"$D/out" 2>"$D/err" </dev/null || status=$?
}
is() { [ "$1" = "$2" ] || { echo "is '$1', not '$2'"; return 1; }; }
says() { grep -qF -e "$1" "$D/out" "$D/err" || { echo "nowhere said: $1"; return 1; }; }
says_not() { ! grep -F -e "$1" "$D/out" "$D/err"; }

# --- the manager's own world ---
mount -t tmpfs tmpfs /run && mkdir -p /run/sshd
mount -t tmpfs tmpfs /volume1 && mkdir -m 777 /volume1/media
mount -t tmpfs tmpfs /mnt
mkdir -p "$D/home/.ssh" "$D/mnt" && chmod 700 "$D/home/.ssh"
home=$(getent passwd "$(id -u)" | cut -d: -f6)
mount --bind "$D/home" "$home"
export HOME=$home XDG_STATE_HOME=$D/state
unset XDG_CONFIG_HOME SSH_AUTH_SOCK
cp /etc/passwd "$D/passwd" && cp /etc/shadow "$D/shadow"
echo "encodeuser:x:7463:100::/home/encodeuser:/bin/sh" >>"$D/passwd"
echo "encodeuser:*:19000:0:99999:7:::" >>"$D/shadow"
mount --bind "$D/passwd" /etc/passwd && mount --bind "$D/shadow" /etc/shadow
ip link set lo up
ip link add lan type bridge
ip addr add 192.168.2.1/24 dev lan
ip link set lan up
ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/id_ed25519"

# host_start NAME ADDRESS SETUP [SSHD_CONFIG_LINE...]: a machine. SETUP is shell code, run in its mount namespace. Its pid, for
# nsenter, is then in pid_NAME; its files (log, hostkey, authorized_keys) in $D/hosts/NAME.
host_start() {
  local name=$1 address=$2 setup=$3 folder=$D/hosts/$1 pid
  shift 3
  mkdir -p "$folder"
  ssh-keygen -q -t ed25519 -N '' -f "$folder/hostkey"
  cat "$HOME/.ssh/id_ed25519.pub" >"$folder/authorized_keys"
  chmod 644 "$folder/authorized_keys"
  {
    printf '%s\n' "$@"
    printf '%s\n' "ListenAddress $address" "HostKey $folder/hostkey" "PidFile none" "StrictModes no" "UsePAM no" \
      "AuthorizedKeysFile $folder/authorized_keys" "PasswordAuthentication no" "LogLevel VERBOSE" \
      "Subsystem sftp ${sftp_server:-/usr/lib/openssh/sftp-server}" "MaxStartups 100"
  } >"$folder/sshd_config"
  unshare --mount --net --propagation private sleep infinity &
  pid=$!
  printf -v "pid_$name" %s "$pid"
  until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ] &&
    [ "$(readlink /proc/$pid/exe)" = "$(readlink -f /usr/bin/sleep)" ]; do sleep 0.01; done
  ip link add "v$name" type veth peer name eth0 netns "$pid"
  ip link set "v$name" master lan up
  on "$name" sh -ec "ip link set lo up; ip addr add $address/24 dev eth0; ip link set eth0 up; mount -t tmpfs -o mode=1777 tmpfs /tmp
    mount -t tmpfs tmpfs /home; mkdir -p /home/encodeuser; chown encodeuser /home/encodeuser" 2>&1 || return 1
  # /tmp is the machine's own, so what sshd needs lies elsewhere.
  mkdir -p "/run/hosts/$name" && cp -p "$folder"/* "/run/hosts/$name/"
  sed -i "s,$folder,/run/hosts/$name,g" "/run/hosts/$name/sshd_config"
  on "$name" sh -ec "$setup" || return 1
  sshd_start "$name" || return 1
  echo "$address $(cut -d' ' -f1,2 "$folder/hostkey.pub")" >>"$HOME/.ssh/known_hosts"
}
# sshd_start NAME: its sshd, also after it was killed. Its pid is then in sshd_NAME.
sshd_start() {
  local name=$1 folder=$D/hosts/$1 pid=pid_$1
  rm -f "$folder/log"
  nsenter -t "${!pid}" --mount --net /usr/sbin/sshd -D -e -f "/run/hosts/$name/sshd_config" 2>"$folder/log" &
  printf -v "sshd_$name" %s "$!"
  disown # it may be killed without a word
  until grep -qs 'Server listening' "$folder/log"; do kill -0 $! || { cat "$folder/log"; return 1; }; sleep 0.02; done
}
# on NAME COMMAND...: runs it on that machine.
on() {
  local pid=pid_$1
  shift
  nsenter -t "${!pid}" --mount --net --wd=/ "$@"
}

# --- films ---
# film PATH [FFMPEG_ARGS...]: one second of picture and sound; made once, copied after that when there are no arguments.
film() {
  local path=$1
  shift
  if [ $# = 0 ]; then
    [ -f "$D/film.${path##*.}" ] || make_film "$D/film.${path##*.}"
    cp -p -- "$D/film.${path##*.}" "$path"
  else
    make_film "$path" "$@"
  fi
}
make_film() {
  local path=$1
  shift
  ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=size=128x72:rate=25:duration=2 -f lavfi -i sine=duration=2 \
    -c:v libx264 -preset ultrafast -crf 1 -c:a aac "$@" "file:$path"
  make_old "$path"
}
# A film that was written just now would be left alone for a while.
make_old() { touch -d '1 hour ago' -- "$@"; }
codec_of() { ffprobe -v error -select_streams v:0 -show_entries stream=codec_name -of csv=p=0 -i "file:$1"; }
# Decodes all of it, so that "playable" is more than a header.
playable() { ffmpeg -nostdin -v error -xerror -i "file:$1" -f null -; }
frames_of() { ffprobe -v error -count_packets -select_streams v:0 -show_entries stream=nb_read_packets -of csv=p=0 -i "file:$1"; }

# nothing_left FOLDER: neither ffarm's temporaries nor anything but regular films.
no_temporaries() { ! find "$1" \( -name '.ffarm*' -o -name 'ffarm-*' -o -name '*.part' \) | grep .; }
no_encoders() { ! pgrep -ax ffmpeg; }
