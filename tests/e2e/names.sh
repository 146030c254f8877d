#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# File names that break tools, through every kind of host and both transports: encoded, nothing executed, names unchanged.
. "$(dirname "$0")/lib.sh"

host_start mounted 192.168.2.63 'mkdir -p /mnt/media; mount --bind /volume1/media /mnt/media; mount -t tmpfs none /volume1' || exit 99
host_start streaming 192.168.2.64 'mount -t tmpfs none /volume1' || exit 99

long=$(printf 'x%.0s' $(seq 246))
names=('with  two spaces ' "single'quote" 'double"quote' '$(touch PWNED)' '`touch PWNED`' '; touch PWNED' '& touch PWNED &'
  '| touch PWNED' '%PATH%' '100% #1' 'star*?' $'new\nline' $'carriage\rreturn' $'tab\there' '-dash' '--dry-run' 'emoji 🎬 é'
  "$long" 'Movie: x' 'http:evil' 'concat:a|b' 'file:x' 'pipe:1' 'C:\dir\x' '~' '!bang!x' '[a-z]{b,c}' '^caret(x)<y>' '=ls'
  '; rm -rf ~ $(x) "é' $'invalid \xff\xfe utf-8' '%d' '%03d' $'\x1b[31mred')

fresh() {
  local name
  find /volume1/media -mindepth 1 -delete
  for name in "${names[@]}"; do film "/volume1/media/$name.mkv"; done
}
listing() { (cd /volume1/media && find . -mindepth 1 -print0 | sort -z | sha256sum); }
all_encoded() {
  local name
  for name in "${names[@]}"; do
    is "$(codec_of "/volume1/media/$name.mkv")" mpeg4 && playable "/volume1/media/$name.mkv" || { echo "in: $name"; return 1; }
  done
}
nothing_executed() {
  ! find /volume1 "$PWD" -name 'PWNED*' | grep . &&
    [ "$(on mounted find /mnt /home /tmp -name 'PWNED*' | wc -l)" = 0 ] &&
    [ "$(on streaming find /home /tmp -name 'PWNED*' | wc -l)" = 0 ] && [ -d /home ]
}

# Takes a while, so once for all.
nothing_anywhere() { ! find / -xdev -name 'PWNED*' -newer "$D/start" 2>/dev/null | grep .; }

cat >"$D/config.yml" <<YAML
config:
  clusters:
    here:
      me: {type: local}
$(for transport in libssh2 openssh; do
  cat <<HOSTS
    mounted-$transport:
      m: {type: mounted, ip: 192.168.2.63, user: encodeuser, transport: $transport, path-substitution: {src: /volume1/media/, dest: /mnt/media/}}
    streaming-$transport:
      s: {type: streaming, ip: 192.168.2.64, user: encodeuser, transport: $transport, working_dir: /tmp}
HOSTS
done)
profiles:
  tiny:
    output_options: [-c:v mpeg4, -threads 1, -c:a copy]
rules:
  everything: {profile: tiny}
YAML

touch "$D/start"
for cluster in here mounted-libssh2 streaming-libssh2 mounted-openssh streaming-openssh; do
  fresh
  before=$(listing)
  cd /volume1/media || exit 99
  run_ffarm -y "$D/config.yml" -c $cluster -- *
  cd / || exit 99
  ok "$cluster: all succeed" is $status 0
  ok "$cluster: all are encoded and play" all_encoded
  ok "$cluster: the names are what they were" is "$(listing)" "$before"
  ok "$cluster: nothing was executed" nothing_executed
done
ok "nothing is left on the streaming host" is "$(on streaming ls -A /tmp)" ""

fresh
run_ffarm -y "$D/config.yml" -v --dry-run -c mounted-libssh2 /volume1/media
ok "a dry run of the folder works" is $status 0
ok "what it prints drives no terminal" sh -c "! LC_ALL=C grep -q '$(printf '\033')' '$D/out' '$D/err'"
run_ffarm -y "$D/config.yml" --json --dry-run -c mounted-libssh2 /volume1/media
ok "as JSON it is valid UTF-8 and one object a line" sh -c "iconv -f UTF-8 -t UTF-8 <'$D/out' | jq -e .event >/dev/null"
ok "with every file" is "$(jq -r 'select(.event=="plan") | .status' "$D/out" | sort | uniq -c | xargs)" "${#names[@]} encode"
ok "nothing was executed anywhere on this machine" nothing_anywhere
finish
