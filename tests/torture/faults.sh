# SPDX-License-Identifier: LGPL-2.1-or-later
# What tools/torture.sh does to a run: which fault, where, and when. Sourced after world.sh.
#
# A fault comes by itself at a numbered act of the manager (manager.so), in ffmpeg's place (bin/ffmpeg) or inside a transfer
# (sftp.so); or one of these three stops there, leaves the file "struck", and waits for "go" while this shell does the deed.

declare -A title=([kill]='manager killed at an act' [transition]='killed at a journal transition' [die]='manager killed elsewhere' [rekill]='killed, and again while resuming'
  [int]='SIGINT' [int2]='SIGINT twice' [term]='SIGTERM' [drain]='SIGUSR1' [hup]='SIGHUP without a terminal' [twin]='a second ffarm on the same films'
  [sshd]="host's sshd killed" [cut]='connections cut' [link]='network link down' [blip]='network link down for 1 s'
  [hostfull]="host's disk full" [mediafull]="manager's disk full" [statefull]="journal's disk full"
  [readonly]="manager's disk read-only" [ffkill]='ffmpeg killed' [ffexit]='ffmpeg exits 1' [ffhang]='ffmpeg hangs'
  [garbage]='ffmpeg writes garbage, status 0' [short]='short playable result, status 0'
  [upload]='upload truncated or altered' [download]='download truncated or altered'
  [change]='source changed' [delete]='source deleted or moved' [clock]='clock stepped')
# Every other run is a kill at an act; the others come in turn. Transitions of the journal have a round of their own.
others=(die sshd short upload int change download ffkill hostfull term garbage rekill delete mediafull int2 link cut ffexit
  twin statefull blip readonly ffhang clock drain hup)
clusters=(libssh2 mounted openssh here mixed)
# In that round: each cluster, and each thing that can become of originals.
transition_worlds=(libssh2.replace mounted.replace openssh.replace here.replace mixed.replace here.trash here.far here.keep)

# any NAME CHOICE...: one of them by chance into the variable NAME. (In a subshell RANDOM would not be the seed's.)
any() {
  local name=$1
  shift
  printf -v "$name" %s "${*:RANDOM % $# + 1:1}"
}
is_streaming() { case $1 in libssh2 | openssh | mixed) ;; *) false ;; esac; }

# plan INDEX: decides kind, cluster, originals, place, detail, films. Depends on nothing but the seed, INDEX, and the options.
plan() {
  local index=$1
  RANDOM=$(((seed * 7919 + index * 104729) % 32768))
  films=$((RANDOM % 2 + 2)) place='' detail='' often=''
  any originals replace replace trash far keep
  if [ -n "$only" ]; then kind=$only; elif [ $((index % 2)) = 0 ]; then kind=kill; else kind=${others[index / 2 % ${#others[@]}]}; fi
  case $kind in
  transition)
    local world=${transitions[index]%%:*}
    cluster=${world%.*} originals=${world#*.} place=transition detail=${transitions[index]#*:} films=1
    return
    ;;
  kill)
    local ordinal=$((index / 2))
    [ -n "$only" ] && ordinal=$index
    cluster=${clusters[ordinal % ${#clusters[@]}]} place=act detail=$((ordinal / ${#clusters[@]})) films=1
    return
    ;;
  sshd | cut | link | blip) any cluster libssh2 openssh mixed mounted ;;
  upload | download | hostfull) any cluster libssh2 openssh mixed ;;
  *) any cluster "${clusters[@]}" ;;
  esac
  plan_place
}
plan_place() {
  any often once always
  case $kind in
  ffkill) place=ffmpeg && any detail kill term ;;
  ffexit) place=ffmpeg && any detail exit exit-late ;;
  ffhang) place=ffmpeg && any detail hang hang-deaf hang-late ;;
  garbage) place=ffmpeg && any detail garbage empty nothing ;;
  short) place=ffmpeg && any detail short cut ;;
  upload) place=transfer && any detail "up-flip $((RANDOM * 3))" "up-short $((RANDOM * 3))" ;;
  download) place=transfer && any detail "down-flip $((RANDOM * 9))" "down-short $((RANDOM * 9))" ;;
  clock) place=act && any detail 86400 -86400 1000000000 -5 ;;
  change) any detail swap rewrite ;;
  delete) any detail delete move ;;
  esac
  [ -z "$place" ] || return
  any place pause-start pause-middle pause-end act
  is_streaming "$cluster" && any place "$place" up-pause down-pause
  case $kind-$place in
  # These are done to a host that is at work.
  sshd-act | cut-act | link-act | blip-act | hostfull-act) place=pause-middle ;;
  esac
  case $kind-$place in
  # The encoder does nothing from then on: it has to be ended.
  die-pause-[sm]* | int-pause-[sm]* | int2-pause-[sm]* | term-pause-[sm]* | sshd-pause-[sm]* | cut-pause-[sm]* | link-pause-[sm]*)
    any detail hold go go
    ;;
  esac
}

# arm: lays the fault where it will be met.
arm() {
  local file
  strike=none point=0 transition=''
  case $kind in
  kill) strike=kill point=$(nth_act "$detail") ;;
  transition) strike=kill transition=$detail ;;
  ffkill | ffhang) echo "$detail" >"$F/ff" ;;
  ffexit | garbage | short) echo "$detail $often" >"$F/ff" ;;
  upload | download) echo "$detail" >"$F/sftp" ;;
  clock) strike=clock:$detail point=$((RANDOM % $(count_acts) + 1)) ;;
  *)
    case $place in
    act) strike=pause point=$((RANDOM % $(count_acts) + 1)) ;;
    up-pause) echo "$place $((RANDOM * 3))" >"$F/sftp" ;;
    down-pause) echo "$place $((RANDOM * 9))" >"$F/sftp" ;;
    *) echo "$place" >"$F/ff" ;;
    esac
    ;;
  esac
  for file in "$F"/*; do [ ! -e "$file" ] || chmod 666 "$file"; done
}
# The kills of a cluster are spread evenly over its acts; when there are enough of them, each act gets its own.
nth_act() {
  local acts kills=$((runs / 2 / ${#clusters[@]}))
  [ -n "$only" ] && kills=$((runs / ${#clusters[@]}))
  acts=$(count_acts)
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
  die | rekill) kill -KILL "$manager" ;;
  int) kill -INT "$manager" ;;
  int2) kill -INT "$manager"; pause 0.1; kill -INT "$manager" 2>/dev/null || true ;;
  twin) start_twin ;;
  term) kill -TERM "$manager" ;;
  drain) kill -USR1 "$manager" ;;
  hup) kill -HUP "$manager" ;;
  sshd) kill_sshd "$host" ;;
  cut) cut_connections "$host" ;;
  link) ip link set "v$host" down ;;
  blip) ip link set "v$host" down && pause 1; ip link set "v$host" up ;;
  hostfull) fill "/proc/$(eval echo "\$pid_$host")/root/tmp/.filler" ;;
  mediafull) fill /volume1/filler ;;
  readonly) mount -o remount,ro /volume1 ;;
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
