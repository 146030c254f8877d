#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every kind of key, from a file and from an agent, against OpenSSH as Debian ships it; hardened servers; jump host; Host alias.
. "$(dirname "$0")/lib.sh"

host_start plain 192.168.2.61 'true' || exit 99
host_start hardened 192.168.2.62 'true' "MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com" "Ciphers aes256-ctr" || exit 99
host_start rsahost 192.168.2.63 'ssh-keygen -q -t rsa -b 3072 -N "" -f /run/hosts/rsahost/rsa; sed -i "s,^HostKey .*,HostKey /run/hosts/rsahost/rsa," /run/hosts/rsahost/sshd_config; chmod 644 /run/hosts/rsahost/rsa.pub' || exit 99
host_start inner 192.168.2.64 'true' || exit 99
host_start jump 192.168.2.65 'true' || exit 99
sed -i '/^192.168.2.63 /d' "$HOME/.ssh/known_hosts"
echo "192.168.2.63 $(on rsahost cut -d' ' -f1,2 /run/hosts/rsahost/rsa.pub)" >>"$HOME/.ssh/known_hosts"
# The inner host answers only the jump host.
on inner ip route add blackhole 192.168.2.1/32

make_key() { ssh-keygen -q -N '' -f "$D/$1" -C "$1" "${@:2}"; }
make_key ed25519 -t ed25519
make_key ecdsa -t ecdsa
make_key rsa -t rsa -b 3072
make_key rsa-pem -t rsa -b 3072 -m PEM
make_key ecdsa-pem -t ecdsa -m PEM
keys=(ed25519 ecdsa ecdsa-pem rsa rsa-pem)
for host in plain hardened rsahost inner jump; do
  for key in "${keys[@]}"; do cat "$D/$key.pub"; done >>"/run/hosts/$host/authorized_keys"
done
cat >"$HOME/.ssh/config" <<CONFIG
Host nickname
  HostName 192.168.2.61
  User encodeuser
  IdentityFile $D/ed25519
Host throughjump
  HostName 192.168.2.64
  User encodeuser
  ProxyJump encodeuser@192.168.2.65
CONFIG

# What it encodes is not asked here, and takes time.
printf '#!/bin/sh\necho ffmpeg version 0\n' >/run/hosts/ffmpeg
chmod 755 /run/hosts/ffmpeg

one_host() { # SETTINGS...
  printf 'config:\n  clusters:\n    c:\n      h: {type: streaming, working_dir: /tmp, ffmpeg: /run/hosts/ffmpeg, %s}\nprofiles: {p: {output_options: -c copy}}\n' "$1" >"$D/config.yml"
}
usable() {
  one_host "$1"
  run_ffarm hosts -y "$D/config.yml" --json -c c
  is "$(jq -c '[.reachable, .error]' "$D/out")" '[true,null]'
}
transport() { jq -r .transport "$D/out"; }

rm "$HOME"/.ssh/id_*
for key in "${keys[@]}"; do
  ok "$key from a file" usable "ip: 192.168.2.61, user: encodeuser, identity: $D/$key"
  ok "$key from a file, by libssh2 alone" usable "ip: 192.168.2.61, user: encodeuser, identity: $D/$key, transport: libssh2"
  ok "$key from a file, by OpenSSH alone" usable "ip: 192.168.2.61, user: encodeuser, identity: $D/$key, transport: openssh"
  eval "$(ssh-agent -s)" >/dev/null
  ssh-add -q "$D/$key"
  ok "$key from an agent" usable "ip: 192.168.2.61, user: encodeuser"
  ok "$key from an agent, by libssh2 alone" usable "ip: 192.168.2.61, user: encodeuser, transport: libssh2"
  kill "$SSH_AGENT_PID"
  unset SSH_AUTH_SOCK SSH_AGENT_PID
done
cp "$D/rsa" "$HOME/.ssh/id_rsa" && cp "$D/rsa.pub" "$HOME/.ssh/id_rsa.pub"
ok "id_rsa in its usual place" usable "ip: 192.168.2.61, user: encodeuser"
ok "a hardened server (etm MACs only)" usable "ip: 192.168.2.62, user: encodeuser"
ok "is reached by OpenSSH's client, and why is said" grep -q openssh <(transport)
ok "a server with only an RSA host key" usable "ip: 192.168.2.63, user: encodeuser"
ok "is reached by OpenSSH's client" grep -q openssh <(transport)
ok "a Host alias with IdentityFile" usable "ip: nickname"
ok "the inner host can't be reached directly" sh -c '! ping -c1 -W1 192.168.2.64 >/dev/null 2>&1'
ok "but through the jump host" usable "ip: throughjump"
finish
