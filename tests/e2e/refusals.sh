#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An ffmpeg that ends with status 0 and leaves something else than the film: every such result is refused in words, and the film
# stays as it was.
. "$(dirname "$0")/lib.sh"

mkdir "$D/bin"
cat >"$D/bin/ffmpeg" <<'SH'
#!/bin/bash
# Encodes truly, then spoils the result as the file "spoil" says, which is code: again OPTIONS... makes another file of it, and
# cut takes its end away.
real=/usr/bin/ffmpeg
case " $* " in *" -progress "*) ;; *) exec $real "$@" ;; esac
$real "$@" || exit
folder=$(dirname "$0")
output=${*: -1} && output=${output#file:}
muxer=matroska
[[ $* == *"-f mp4"* ]] && muxer=mp4
again() { $real -nostdin -v error -y -i "file:$output" "$@" -f $muxer "file:$folder/spoilt" && cp "$folder/spoilt" "$output"; }
cut() { truncate -s "$(($(stat -c %s "$output") * 6 / 10))" "$output"; }
. "$folder/spoil"
SH
chmod +x "$D/bin/ffmpeg"
cat >"$D/config.yml" <<YAML
config:
  ffmpeg: $D/bin/ffmpeg
  settle_time: 0
  clusters:
    here:
      me: {type: local, ffmpeg: $D/bin/ffmpeg}
profiles:
  copy: {output_options: [-c copy]}
rules:
  everything: {profile: copy}
YAML

media=/volume1/media
printf '1\n00:00:00,100 --> 00:00:00,900\nA line\n\n2\n00:00:02,000 --> 00:00:02,900\nAnother\n' >"$D/line.srt"
printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n' >"$D/chapters"
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=128x72:rate=25:duration=3 -f lavfi -i sine=duration=3 -f lavfi -i sine=frequency=880:duration=3 \
  -i "$D/line.srt" -i "$D/chapters" -map 0 -map 1 -map 2 -map 3 -map_metadata 4 -c:v libx264 -preset ultrafast -crf 10 -c:a aac -c:s srt \
  -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -metadata:s:s:0 language=eng \
  -attach "$D/line.srt" -metadata:s:t mimetype=text/plain "$D/full.mkv" || exit 99
film "$D/full.mp4"
hdr10='colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:log-level=none'
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=128x72:rate=25:duration=1 -f lavfi -i sine=duration=1 -pix_fmt yuv420p10le \
  -c:v libx265 -preset ultrafast -x265-params \
  "$hdr10:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400" -c:a aac "$D/hdr.mkv" || exit 99

# encode FILM SPOIL: one run over one film, with what the stand-in does to the result.
encode() {
  find $media -mindepth 1 -delete
  cp "$D/$1" "$media/$1"
  before=$(stat -c %i "$media/$1")
  printf '%s' "$2" >"$D/bin/spoil"
  run_ffarm -y "$D/config.yml" -c here $media
}
untouched() { cmp "$D/$1" "$media/$1" && is "$(ls -A $media)" "$1"; }
# refused WHAT FILM SPOIL WORDS
refused() {
  encode "$2" "$3"
  ok "$1: exit status 1" is $status 1
  ok "$1: the film is as it was, and alone" untouched "$2"
  ok "$1: the reason is said" grep -qE "$2: failed: .*($4)" "$D/err"
}
for film in full.mkv full.mp4 hdr.mkv; do
  encode $film ''
  ok "$film: an honest result is taken" is $status 0
  ok "$film: and is another file" [ "$before" != "$(stat -c %i "$media/$film")" ]
done

refused 'packets that stop early under a whole header, Matroska' full.mkv cut 'ends|truncated|short|packets|frames'
refused 'packets that stop early under a whole header, MP4' full.mp4 'again -map 0 -c copy -movflags +faststart; cut' \
  'ends|truncated|short|packets|frames'
refused 'half of the film' full.mkv 'again -map 0 -c copy -t 1' 'ends|short|packets|frames'
refused 'the picture alone ends early' full.mkv "again -i 'file:$D/full.mkv' -map 0 -map -0:v -map 1:v -c copy -c:v libx264 -vf trim=end=1" 'ends|short|frames'
refused 'every other frame' full.mkv 'again -map 0 -c copy -c:v libx264 -preset ultrafast -r 12.5' 'frames|packets'
refused 'a lost sound' full.mkv 'again -map 0 -map -0:a:1 -c copy' 'audio'
refused 'a lost subtitle' full.mkv 'again -map 0 -map -0:s -c copy' 'subtitle'
refused 'the last line of a subtitle lost' full.mkv "again -t 0.95 -i 'file:$D/full.mkv' -map 0 -map -0:s -map 1:s -c copy" 'subtitle'
refused 'a lost attachment' full.mkv 'again -map 0 -map -0:t -c copy' 'attachment'
refused 'lost chapters' full.mkv 'again -map 0 -c copy -map_chapters -1' 'chapter'
refused 'a wrong language' full.mkv 'again -map 0 -c copy -metadata:s:a:0 language=fre' 'language'
refused 'languages exchanged' full.mkv 'again -map 0:v -map 0:a:1 -map 0:a:0 -map 0:s -map 0:t -c copy' 'language'
refused 'lost HDR10 metadata' hdr.mkv 'again -map 0 -c:a copy -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le' 'HDR|master'
refused 'lost colour tags' hdr.mkv 'again -map 0 -c copy -bsf:v hevc_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1 -color_trc bt709 -color_primaries bt709 -colorspace bt709' 'colou?r|HDR|transfer'
finish
