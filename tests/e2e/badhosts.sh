#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts that can't be used: each is named with its reason and left out, the files are done elsewhere.
. "$(dirname "$0")/lib.sh"

host_start good 192.168.2.64 'true' || exit 99
host_start bad 192.168.2.65 'mount -t tmpfs none /volume1; mkdir -p /tmp/full && mount -t tmpfs -o size=64k,mode=1777 none /tmp/full && dd if=/dev/zero of=/tmp/full/x bs=1k 2>/dev/null || true' || exit 99
host_start changed 192.168.2.66 'true' || exit 99
host_start unknown 192.168.2.67 'true' || exit 99
sed -i '/^192.168.2.67 /d' "$HOME/.ssh/known_hosts"
ssh-keygen -q -t ed25519 -N '' -f "$D/otherkey"
sed -i "/^192.168.2.66 /s,ssh-ed25519 .*,$(cut -d' ' -f1,2 "$D/otherkey.pub")," "$HOME/.ssh/known_hosts"
ssh-keygen -q -t ed25519 -N '' -f "$D/stranger"

hosts() {
  local common='type: streaming, user: encodeuser'
  cat <<YAML
      down: {$common, ip: 192.168.2.99, working_dir: /tmp}
      noname: {$common, ip: no-such-machine.invalid, working_dir: /tmp}
      closed: {$common, ip: 192.168.2.65, port: 2222, working_dir: /tmp}
      refused: {$common, ip: 192.168.2.65, identity: $D/stranger, working_dir: /tmp}
      changed: {$common, ip: 192.168.2.66, working_dir: /tmp}
      unknown: {$common, ip: 192.168.2.67, working_dir: /tmp}
      noffmpeg: {$common, ip: 192.168.2.65, ffmpeg: /opt/none/ffmpeg, working_dir: /tmp}
      nodir: {$common, ip: 192.168.2.65, working_dir: /no/such/folder}
      full: {$common, ip: 192.168.2.65, working_dir: /tmp/full}
      nomount: {type: mounted, user: encodeuser, ip: 192.168.2.65, path-substitution: {src: /volume1/media/, dest: /mnt/media/}}
YAML
}
config() { # WITH_GOOD
  cat <<YAML
config:
  clusters:
    c:
$(hosts)
$([ "$1" = no ] || echo "      good: {type: streaming, user: encodeuser, ip: 192.168.2.64, working_dir: /tmp}")
profiles:
  tiny: {output_options: [-c:v libx265, -preset ultrafast, -x265-params log-level=none, -c:a copy]}
rules:
  everything: {profile: tiny}
YAML
}
config yes >"$D/config.yml"
config no >"$D/none.yml"
fresh() {
  rm -rf /volume1/media/*
  for n in 1 2 3 4; do film /volume1/media/$n.mkv; done
}
bad=(down noname closed refused changed unknown noffmpeg nodir full nomount)

fresh
run_ffarm -y "$D/config.yml" -c c /volume1/media
ok "the run succeeds on the good host" is $status 0
for n in 1 2 3 4; do ok "$n.mkv is done" is "$(codec_of /volume1/media/$n.mkv)" hevc; done
for host in "${bad[@]}"; do ok "$host is named" says "$host:"; done
cat "$D/out" "$D/err" >"$D/all"
ok "noffmpeg says so" grep -q 'noffmpeg:.*ffmpeg' "$D/all"
ok "nodir says so" grep -q 'nodir:.*/no/such/folder' "$D/all"
ok "full says so" grep -q 'full:.*\(full\|space\)' "$D/all"
ok "an unknown key comes with its fingerprint" grep -qF "$(ssh-keygen -lf "$D/hosts/unknown/hostkey.pub" | cut -d' ' -f2)" "$D/all"
ok "and with the line that accepts it" grep -q 'ssh-keyscan\|ssh .*192.168.2.67' "$D/all"
ok "known_hosts was not written" sh -c "! grep -q 192.168.2.67 $HOME/.ssh/known_hosts"

run_ffarm -y "$D/config.yml" --json hosts -c c
[ -s "$D/out" ] || run_ffarm hosts -y "$D/config.yml" --json -c c
ok "ffarm hosts: one line for each" is "$(jq -r 'select(.event=="host").host' "$D/out" | wc -l)" 11
ok "only good can be used" is "$(jq -r 'select(.event=="host" and .error==null).host' "$D/out")" good

fresh
before=$(sha256sum /volume1/media/*)
run_ffarm -y "$D/none.yml" -c c /volume1/media
ok "without a usable host the status is 3" is $status 3
ok "and nothing was touched" is "$(sha256sum /volume1/media/*)" "$before"
ok "no temporaries anywhere" no_temporaries /volume1/media
finish
