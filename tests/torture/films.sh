# SPDX-License-Identifier: LGPL-2.1-or-later
# The films of tools/torture.sh, the library that is made of them anew for every run, and what has to be true of it afterwards.
# Needs: pool (folder with the films that make_pool made), judged (folder in which judgements are kept); library, far, originals, and the
# machines of world.sh, for what comes after a run.

# Sound and picture without loss in the results: their decoded content has to be the source's, whatever the encoder does.
pool_names=(plain.mkv plain.mp4 subtitled.mkv two.mkv)
make_pool() { # FOLDER
  local name source=(-f lavfi -i "testsrc2=size=96x96:rate=25:duration=1,noise=alls=40" -f lavfi -i sine=duration=1)
  local make=(ffmpeg -nostdin -v error -y) video=(-c:v libx264 -preset ultrafast -crf 4 -c:a aac)
  printf '1\n00:00:00,100 --> 00:00:00,800\nA line\n' >"$1/line.srt"
  "${make[@]}" "${source[@]}" "${video[@]}" "$1/plain.mkv" &&
    "${make[@]}" "${source[@]}" "${video[@]}" -filter:v hue=h=90 "$1/plain.mp4" &&
    "${make[@]}" "${source[@]}" -i "$1/line.srt" -map 0 -map 1 -map 2 "${video[@]}" -filter:v hue=h=180 -c:s srt \
      -metadata:s:a:0 language=eng -metadata:s:s:0 language=ger -attach "$1/line.srt" -metadata:s:t mimetype=text/plain \
      "$1/subtitled.mkv" &&
    "${make[@]}" "${source[@]}" -f lavfi -i sine=frequency=880:duration=1 -map 0 -map 1 -map 2 "${video[@]}" \
      -filter:v negate -metadata:s:a:0 language=eng -metadata:s:a:1 language=fre "$1/two.mkv" || return
  for name in "${pool_names[@]}"; do content "$1/$name" >"$1/$name.content" || return; done
}
# What a film is: every decoded frame, every packet of sound and subtitles, every attachment.
content() {
  ffmpeg -nostdin -v error -xerror -i "file:$1" -map 0:v -map 0:a -map 0:s? -c:a copy -c:s copy -f streamhash -hash md5 - 2>&1 &&
    ffprobe -v error -select_streams t -show_entries stream_tags=filename -of csv=p=0 -i "file:$1"
}
# is_proved FILE FILM: FILE is the encode of that film of the pool, complete. The same bytes are judged once.
is_proved() {
  local verdict
  verdict=$judged/$(checksum "$1").$2
  [ -e "$verdict" ] && return
  [ "$(ffprobe -v error -select_streams v:0 -show_entries stream=codec_name -of csv=p=0 -i "file:$1" 2>&1)
$(content "$1")" = "ffv1
$(<"$pool/$2.content")" ] && touch "$verdict"
}
checksum() { local line; line=$(md5sum <"$1") && echo "${line%% *}"; }

stems=(film 'with  two spaces ' "it's" '$(touch PWNED)' '-dash' $'new\nline' 'emoji 🎬 é' $'invalid \xff\xfe' '%d *?' '; rm -rf ~ "x'
  "$(printf 'long%.0s' {1..60})" 'Movie: x')
# What the library holds: parallel arrays. expected: a film of the pool, or "gone".
names=() expected=()
make_library() { # FILMS
  local n stem film
  names=() expected=()
  find $library -mindepth 1 -delete
  for ((n = 0; n < $1; n++)); do
    stem=${stems[RANDOM % ${#stems[@]}]} film=${pool_names[RANDOM % ${#pool_names[@]}]}
    [ $((RANDOM % 3)) = 0 ] && stem=series/$n/$stem || stem=$n$stem
    names+=("$stem.${film##*.}") expected+=("$film")
    mkdir -p -m 777 "$library/series" "$library/$(dirname -- "$stem")"
    cp -- "$pool/$film" "$library/${names[-1]}"
    # What has size and time of a film that was done counts as done.
    touch -d "2020-02-02 02:02:0$n" -- "$library/${names[-1]}"
  done
}
# place_film NUMBER: sets source, result, and trashed (where the source goes; empty: nowhere) of that film.
place_film() {
  source=$library/${names[$1]} trashed=''
  result=${source%.*}.mkv
  case $originals in
  keep) result+=.tmp ;;
  trash) trashed=${source%/*}/.ffarm-originals/${source##*/} ;;
  far) trashed=$far$source ;;
  esac
}
# Each film is its own source or its own proved result; prints those that are neither.
lost_films() {
  local n source result trashed film
  for n in "${!names[@]}"; do
    film=${expected[n]}
    place_film "$n"
    if [ "$film" = gone ]; then continue; fi
    if [ -f "$source" ] && cmp -s -- "$source" "$pool/$film"; then
      [ "$result" = "$source" ] || [ ! -e "$result" ] || is_proved "$result" "$film" || printf '%q is not %s\n' "$result" "$film"
    elif [ "$originals" = keep ]; then
      printf '%q was to be kept\n' "$source"
    elif [ ! -f "$result" ] || ! is_proved "$result" "$film"; then
      printf '%q is neither %s nor its result\n' "$source" "$film"
    fi
  done
}
# When all is over a film that was replaced is in the trash, if it was to go there; prints those that are not.
missing_originals() {
  local n source result trashed path
  for n in "${!names[@]}"; do
    place_film "$n"
    [ -n "$trashed" ] && [ "${expected[n]}" != gone ] || continue
    cmp -s -- "$source" "$pool/${expected[n]}" && continue
    for path in "$trashed" "${trashed%.*} ("*; do cmp -s -- "$path" "$pool/${expected[n]}" && continue 2; done
    printf '%q is not there\n' "$trashed"
  done
}
incomplete_films() {
  local n source result trashed
  for n in "${!names[@]}"; do
    place_film "$n"
    [ "${expected[n]}" = gone ] && continue
    [ -f "$result" ] && is_proved "$result" "${expected[n]}" || printf '%q is not there\n' "$result"
    [ "$originals" = keep ] || [ "$result" = "$source" ] || [ ! -e "$source" ] || printf '%q is still there\n' "$source"
  done
}
# What somebody changed or took away meanwhile may be in the trash as it was before.
is_of_pool() {
  local name
  for name in "${pool_names[@]}"; do cmp -s -- "$1" "$pool/$name" && return; done
  return 1
}
# Every file that is neither a film of the library, nor its result, nor an original in the trash, on all machines.
leftovers() {
  local n path source result trashed
  local -A known=()
  for n in "${!names[@]}"; do
    place_film "$n"
    known[$result]=1 known[$source]=1
    [ -z "$trashed" ] || known[$trashed]=1 known[${trashed%/*}/.ffarm-trash]=1
  done
  known[$far/.ffarm-trash]=1
  while IFS= read -rd '' path; do
    [ -n "${known[$path]:-}" ] && continue
    case $kind-$path in change-*/.ffarm-originals/* | delete-*/.ffarm-originals/* | change-"$far"/* | delete-"$far"/*) is_of_pool "$path" && continue ;; esac
    printf 'manager: %q\n' "$path"
  done < <(find $library "$far" "$TMPDIR" ! -type d -print0)
  for n in one two mounted; do
    path=pid_$n
    find "/proc/${!path}/root/tmp" "/proc/${!path}/root/home/encodeuser" -mindepth 1 -printf "$n: /%P\n"
  done
}

