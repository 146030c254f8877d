# SPDX-License-Identifier: LGPL-2.1-or-later
# What tools/torture.sh does to a run: which fault, where, and when. Sourced after world.sh.
#
# A fault comes by itself at a numbered act of the manager (manager.so), in ffmpeg's place (bin/ffmpeg) or inside a transfer
# (sftp.so); or one of these three stops there, leaves the file "struck", and waits for "go" while this shell does the deed.

declare -A title=([kill]='manager killed at an act' [die]='manager killed elsewhere' [int]='SIGINT' [term]='SIGTERM'
  [sshd]="host's sshd killed" [cut]='connections cut' [link]='network link down' [blip]='network link down for 1 s'
  [hostfull]="host's disk full" [mediafull]="manager's disk full" [statefull]="journal's disk full"
  [ffkill]='ffmpeg killed' [ffexit]='ffmpeg exits 1' [ffhang]='ffmpeg hangs' [garbage]='ffmpeg writes garbage, status 0'
  [short]='short playable result, status 0' [upload]='upload truncated or altered' [download]='download truncated or altered'
  [change]='source changed' [delete]='source deleted or moved' [clock]='clock stepped')
# How often each of them comes; kill as often as all others but half.
cycle=(kill die kill sshd kill short kill upload kill int kill change kill download kill ffkill kill hostfull kill term
  kill garbage kill delete kill mediafull kill link kill cut kill ffexit kill statefull kill blip kill ffhang kill clock)
kills_in_cycle=20
clusters=(libssh2 mounted openssh here mixed)

any() { echo "${*:RANDOM % $# + 1:1}"; }
is_streaming() { case $1 in libssh2 | openssh | mixed) ;; *) false ;; esac; }

# plan INDEX: decides kind, cluster, place, detail, films. Depends on nothing but the seed, INDEX, and the options.
plan() {
  local index=$1 slot=$(($1 % ${#cycle[@]})) ordinal
  RANDOM=$(((seed * 7919 + index * 104729) % 32768))
  kind=${only:-${cycle[slot]}} films=$((RANDOM % 2 + 2)) place='' detail=''
  if [ "$kind" = kill ]; then
    if [ -n "$only" ]; then ordinal=$index; else ordinal=$((index / ${#cycle[@]} * kills_in_cycle + slot / 2)); fi
    cluster=${clusters[ordinal % ${#clusters[@]}]} place=act detail=$((ordinal / ${#clusters[@]})) films=1
    return
  fi
  cluster=$(any "${clusters[@]}")
  case $kind in
  sshd | cut | link | blip) cluster=$(any libssh2 openssh mixed mounted) ;;
  upload | download | hostfull) cluster=$(any libssh2 openssh mixed) ;;
  esac
  case $kind in
  ffkill) detail=$(any kill term) ;;
  ffexit) detail="$(any exit exit-late) $(any once always)" ;;
  ffhang) detail=$(any hang hang-deaf hang-late) ;;
  garbage) detail="$(any garbage empty nothing) $(any once always)" ;;
  short) detail="$(any short cut) $(any once always)" ;;
  upload) detail="$(any up-flip up-short) $((RANDOM % 100000))" ;;
  download) detail="$(any down-flip down-short) $((RANDOM * 9))" ;;
  clock) place=act detail=$(any 86400 -86400 1000000000 -5) ;;
  *)
    place=$(any pause-start pause-middle pause-end act)
    is_streaming "$cluster" && place=$(any "$place" up-pause down-pause)
    ;;
  esac
  case $kind-$place in
  # The encoder does nothing from then on: it has to be ended.
  die-pause-[sm]* | int-pause-[sm]* | term-pause-[sm]* | sshd-pause-[sm]* | cut-pause-[sm]* | link-pause-[sm]*) detail=$(any hold go go) ;;
  esac
  case $kind in
  sshd | cut | link | blip | hostfull) [ "$place" = act ] && place=pause-middle ;;
  change) detail=$(any swap rewrite) ;;
  delete) detail=$(any delete move) ;;
  esac
}

# arm: lays the fault where it will be met.
arm() {
  local number
  strike=none point=0 pause_at=
  case $kind in
  kill) strike=kill point=$(nth_act "$detail") ;;
  ffkill | ffexit | ffhang | garbage | short) echo "$detail" >"$F/ff" ;;
  upload | download) echo "$detail" >"$F/sftp" ;;
  clock) strike=clock:$detail point=$((RANDOM % $(acts_of "$cluster") + 1)) ;;
  *)
    case $place in
    act) strike=pause point=$((RANDOM % $(acts_of "$cluster") + 1)) ;;
    up-pause) echo "$place $((RANDOM % 100000))" >"$F/sftp" ;;
    down-pause) echo "$place $((RANDOM * 9))" >"$F/sftp" ;;
    *) echo "$place" >"$F/ff" ;;
    esac
    ;;
  esac
  number=("$F"/*)
  [ -e "${number[0]}" ] && chmod 666 "${number[@]}"
}
acts_of() { cat "$D/acts.$1"; }
# The kills of a cluster are spread evenly over its acts; when there are enough of them, each act gets its own.
nth_act() {
  local acts kills
  acts=$(acts_of "$cluster")
  if [ -n "$only" ]; then kills=$((runs / ${#clusters[@]})); else kills=$((runs * kills_in_cycle / ${#cycle[@]} / ${#clusters[@]})); fi
  if [ "$kills" -ge "$acts" ]; then echo $(($1 % acts + 1)); else echo $(($1 * acts / (kills + 1) + 1)); fi
}

# The host on which it happened; one of the cluster's for what happened here.
place_struck() {
  local connection
  connection=$(cat "$F/struck")
  case $connection in
  *192.168.2.61*) echo one ;;
  *192.168.2.62*) echo two ;;
  *192.168.2.63*) echo mounted ;;
  *) [ "$cluster" = mounted ] && echo mounted || echo one ;;
  esac
}

# deed: what this shell does while all waits.
deed() {
  local victim=$((RANDOM % ${#names[@]})) host other
  host=$(place_struck)
  case $kind in
  die) kill -KILL "$manager" ;;
  int) kill -INT "$manager" ;;
  term) kill -TERM "$manager" ;;
  sshd) kill_sshd "$host" ;;
  cut) cut_connections "$host" ;;
  link) ip link set "v$host" down ;;
  blip) ip link set "v$host" down && pause 1; ip link set "v$host" up ;;
  hostfull) fill "/proc/$(eval echo "\$pid_$host")/root/tmp/.filler" ;;
  mediafull) fill /volume1/filler ;;
  statefull) fill "$state/filler" ;;
  change) change_source "$victim" ;;
  delete) delete_source "$victim" ;;
  esac
}
# A change is only made while the source is still there: what is replaced already is none any more.
is_source() { [ -f "$library/${names[$1]}" ] && cmp -s -- "$library/${names[$1]}" "$pool/${expected[$1]}"; }
change_source() {
  local path=$library/${names[$1]} extension=${names[$1]##*.} other=subtitled.mkv
  is_source "$1" || return
  [ "$extension" = mp4 ] && other=plain.mkv
  [ "${expected[$1]}" = "$other" ] && other=two.mkv
  expected[$1]=$other
  if [ "$detail" = rewrite ]; then cat "$pool/$other" >"$path"; else cp "$pool/$other" "$D/new" && mv -f -- "$D/new" "$path"; fi
}
delete_source() {
  is_source "$1" || return
  if [ "$detail" = delete ]; then
    rm -- "$library/${names[$1]}"
  else
    mv -- "$library/${names[$1]}" "$library/moved.${names[$1]##*.}"
    names+=("moved.${names[$1]##*.}") expected+=("${expected[$1]}")
  fi
  expected[$1]=gone
}
