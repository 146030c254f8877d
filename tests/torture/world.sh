# SPDX-License-Identifier: LGPL-2.1-or-later
# One world for tools/torture.sh: a manager and three machines with real sshds. Sourced after tests/e2e/lib.sh and films.sh. Needs:
# helpers (folder with the built helpers), home_of_torture (this folder).

F=/run/torture/f # faults are laid here; what they did is found here
library=/volume1/media
state=$D/mnt/state
far=$D/mnt/far # a trash on another file system
exec {nap}<> <(:)
pause() { read -rt "$1" -u "$nap"; } # sleeps without a process
now_ms() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }

# --- machines ---
sftp_server=/run/torture/bin/sftp-server
make_world() {
  mkdir -p /run/torture "$F" "$state" "$far" "$D/tmp" && chmod 777 "$F" && cp -r "$home_of_torture/bin" /run/torture &&
    cp "$helpers"/libtorture_manager.so /run/torture/manager.so && cp "$helpers"/libtorture_sftp.so /run/torture/sftp.so || return
  mount -t tmpfs -o size=16m tmpfs "$state" && mount -t tmpfs -o size=48m tmpfs "$far" && mount -o remount,size=48m /volume1 || return
  export TMPDIR=$D/tmp XDG_STATE_HOME=$state
  local small='mount -o remount,size=16m /tmp'
  host_start one 192.168.2.61 "$small; mount -t tmpfs none /volume1" &&
    host_start two 192.168.2.62 "$small; mount -t tmpfs none /volume1" &&
    host_start mounted 192.168.2.63 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' ||
    return
  configure replace 'originals: replace' && configure trash 'originals: trash' && configure keep 'originals: keep' &&
    configure far "originals: trash, trash_dir: $far"
}
# configure ORIGINALS SETTING...: the configuration that a run with these originals gets.
configure() {
  local streaming='type: streaming, user: encodeuser, working_dir: /tmp, ffmpeg: /run/torture/bin/ffmpeg'
  local mounted='type: mounted, ip: 192.168.2.63, user: encodeuser, ffmpeg: /run/torture/bin/ffmpeg, path-substitution: {src: /volume1/media/, dest: /mnt/media/}'
  cat >"$D/config.$1.yml" <<YAML
config:
  ${2/, /$'\n  '}
  ffmpeg: /run/torture/bin/ffmpeg
  stall_timeout: 4
  settle_time: 0
  host_wait: 3
  clusters:
    libssh2:
      one: {$streaming, ip: 192.168.2.61, transport: libssh2}
      two: {$streaming, ip: 192.168.2.62, transport: libssh2}
    openssh:
      one: {$streaming, ip: 192.168.2.61, transport: openssh}
      two: {$streaming, ip: 192.168.2.62, transport: openssh}
    mixed:
      one: {$streaming, ip: 192.168.2.61, transport: libssh2}
      two: {$streaming, ip: 192.168.2.62, transport: openssh}
      m: {$mounted}
      me: {type: local, ffmpeg: /run/torture/bin/ffmpeg}
    mounted:
      m: {$mounted}
    here:
      me: {type: local, ffmpeg: /run/torture/bin/ffmpeg}
profiles:
  lossless:
    output_options: [-c:v ffv1, -c:a copy, -c:s copy, -threads 1, -fflags +bitexact]
    extension: .mkv
rules:
  everything: {profile: lossless}
YAML
}
# pids_of_sshd HOST: all of them, or those of connections.
pids_of_sshd() {
  local pid=pid_$1 space sshd
  space=$(readlink "/proc/${!pid}/ns/net")
  for sshd in $(pgrep -x sshd); do [ "$(readlink "/proc/$sshd/ns/net")" = "$space" ] && echo "$sshd"; done
}
cut_connections() { # HOST
  local sshd listener=sshd_$1
  for sshd in $(pids_of_sshd "$1"); do [ "$sshd" = "${!listener}" ] || kill -KILL "$sshd" 2>/dev/null; done
}
kill_sshd() { # HOST
  local listener=sshd_$1
  kill -KILL "${!listener}" && cut_connections "$1"
}
fill() { cat /dev/zero >"$1" 2>/dev/null || true; }
# Everything that was done to the machines is undone; what ffarm did stays.
heal() {
  local name listener pid
  mount -o remount,rw /volume1
  for name in one two mounted; do
    listener=sshd_$name
    kill -0 "${!listener}" 2>/dev/null || sshd_start "$name"
    ip link set "v$name" up
    pid=pid_$name && rm -f "/proc/${!pid}/root/tmp/.filler"
  done
  rm -f /volume1/filler "$state/filler"
}
fresh_world() {
  heal
  find "$F" "$state" "$far" "$D/tmp" "/proc/$pid_one/root/tmp" "/proc/$pid_two/root/tmp" "/proc/$pid_mounted/root/tmp" -mindepth 1 -delete
}
