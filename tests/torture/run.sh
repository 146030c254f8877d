# SPDX-License-Identifier: LGPL-2.1-or-later
# One run of tools/torture.sh: a library, ffarm, a fault, and what came of it. Sourced after faults.sh. Needs: results (a file to
# which every run adds a line), kept (a folder for the worlds of failed runs), found (a folder for what worlds tell each other).

longest_run_s=120   # no fault may keep the manager longer
longest_orphan_s=30 # nor an encoder after its manager
encoders() { pgrep -ax ffmpeg; }

# In a shell of its own, which says nothing of how it ended.
start_manager() { # ARGUMENTS of ffarm
  rm -f "$D/status" "$D/pid"
  (
    env LD_PRELOAD=/run/torture/manager.so TORTURE_FOLDER="$F" TORTURE_STRIKE="$strike" TORTURE_POINT="$point" TORTURE_TRANSITION="$transition" \
      "$ffarm" "$@" >"$D/out" 2>"$D/err" </dev/null &
    echo $! >"$D/pid"
    wait $!
    echo $? >"$D/status"
  ) 2>/dev/null &
  disown
  until [ -s "$D/pid" ]; do pause 0.005; done
  manager=$(<"$D/pid")
}
start_run() { start_manager -y "$D/config.$originals.yml" -c "$cluster" "$library"; }
# Resuming is a run like any other: it may be killed too.
resume_and_die() {
  rm -f "$F/struck" "$F/acts"
  strike=kill point=$((RANDOM % $(count_acts) + 1)) transition=''
  start_manager resume
  wait_manager $longest_run_s
}
runs_on() { [ ! -s "$D/status" ]; }
# wait_manager SECONDS: 1 if it had to be killed.
wait_manager() {
  local end=$((SECONDS + $1)) hung=0
  while runs_on; do
    if [ $SECONDS -ge $end ]; then kill -KILL "$manager"; hung=1 end=$((end + 5)); fi
    pause 0.02
  done
  manager_status=$(<"$D/status")
  note_crash "$manager_status"
  return $hung
}
# The ends that ffarm brings about itself, or meets by a fault of its own: SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV.
note_crash() { case $1 in 132 | 134 | 135 | 136 | 139) crashed=$((crashed + 1)) ;; esac; }
until_struck() {
  local end=$((SECONDS + longest_run_s))
  while [ ! -e "$F/struck" ] && runs_on && [ $SECONDS -lt $end ]; do pause 0.02; done
  [ -e "$F/struck" ]
}
# until_no_encoders SECONDS
until_no_encoders() {
  local end=$((SECONDS + $1))
  while encoders >/dev/null; do
    [ $SECONDS -lt $end ] || return 1
    pause 0.1
  done
}

# A run that was ended before it was noted has done nothing yet: it is begun anew.
is_known_to_resume() { ! grep -qs "there is no unfinished run" "$D/err.resume"; }

# A second ffarm meets the first one at work on the same films: whatever it does, it does no harm.
start_twin() {
  "$ffarm" -y "$D/config.$originals.yml" -c "$cluster" "$library" >"$D/out.twin" 2>"$D/err.twin" </dev/null &
  twin=$!
  pause 0.3 || true
}

# Goes on with what was interrupted. What failed, or was left on a host that went away, is for another run, as a user starts it.
resume() {
  resume_status=none
  if "$ffarm" help resume >/dev/null 2>&1; then
    [ $kind != rekill ] || resume_and_die
    "$ffarm" resume >"$D/out.resume" 2>"$D/err.resume" </dev/null
    resume_status=$?
    note_crash $resume_status
    case $kind in kill | transition | die | rekill | int | int2 | term | drain) is_known_to_resume && return ;; esac
  fi
  run_again
}
run_again() {
  [ -n "$(incomplete_films; leftovers)" ] || return 0
  "$ffarm" -y "$D/config.$originals.yml" -c "$cluster" "$library" >"$D/out.again" 2>"$D/err.again" </dev/null
  note_crash $?
}

# --- what a whole run of one film does without any fault; and that nothing is found amiss then ---
needs_acts() { case $kind-$place in transition-*) false ;; kill-* | rekill-* | *-act) ;; *) false ;; esac; }
count_acts() { wc -l <"$found/$cluster.$originals.acts"; }
run_without_fault() {
  local amiss
  kind=none strike=none point=0 transition=''
  fresh_world
  make_library 1
  start_run
  wait_manager $longest_run_s
  amiss=$(lost_films; missing_originals; incomplete_films; leftovers; encoders)
  if [ "$manager_status" != 0 ] || [ -n "$amiss" ]; then
    printf '%s\n' "torture.sh: without any fault, $cluster, $originals, status $manager_status: $amiss" "$(tail -5 "$D/err")" >&2
    return 1
  fi
  sed "s/^/$cluster.$originals:/" "$F/transitions" >"$found/$cluster.$originals.transitions"
  cp "$F/acts" "$D/acts" && mv "$D/acts" "$found/$cluster.$originals.acts"
}
# calibrate CLUSTER.ORIGINALS: the first world that needs it finds it out for all of them.
calibrate() {
  local cluster=${1%.*} originals=${1#*.}
  if mkdir "$found/$1" 2>/dev/null; then
    run_without_fault || { touch "$found/amiss"; return 1; }
  fi
  until [ -e "$found/$1.acts" ] || [ -e "$found/amiss" ]; do pause 0.02; done
  [ -e "$found/$1.acts" ]
}
# Sets transitions: every one of the journal, in every world in which they are looked at.
enumerate_transitions() {
  local world
  for world in "${transition_worlds[@]}"; do [ -e "$found/$world" ] || calibrate "$world" || return; done
  for world in "${transition_worlds[@]}"; do calibrate "$world" || return; done
  mapfile -t transitions < <(for world in "${transition_worlds[@]}"; do cat "$found/$world.transitions"; done)
}

count() { if [ -n "$1" ]; then wc -l <<<"$1"; else echo 0; fi; }

# run_one INDEX: everything; adds the line "INDEX KIND CLUSTER STRUCK FILMS LOST LEFT ORPHANS INCOMPLETE HUNG CRASHED MS" to the results.
# 1 if the fault was not met.
run_one() {
  local index=$1 begin hung=0 lost left orphans incomplete
  twin='' struck=0 crashed=0
  plan "$index"
  if needs_acts; then
    calibrate "$cluster.$originals" || exit 1
    plan "$index"
    crashed=0
  fi
  fresh_world
  make_library "$films"
  arm
  begin=$(now_ms)
  start_run
  if until_struck; then
    deed && struck=1
    case $detail in hold) ;; *) touch "$F/go" ;; esac
  fi
  wait_manager $longest_run_s || hung=1
  [ -z "$twin" ] || wait "$twin"
  lost=$(lost_films)
  orphans=
  case $detail in hold) until_no_encoders $longest_orphan_s || orphans=$(encoders) ;; esac
  rm -f "$F/ff" "$F/sftp"
  touch "$F/go"
  heal
  resume
  lost=$(printf '%s\n%s' "$lost" "$(lost_films; missing_originals)" | sed /^$/d | sort -u)
  incomplete=$(incomplete_films)
  orphans=$(printf '%s\n%s' "$orphans" "$(encoders)" | sed /^$/d)
  left=$(leftovers)
  echo "$index $kind $cluster $struck ${#names[@]} $(count "$lost") $(count "$left") $(count "$orphans") $(count "$incomplete") $hung $crashed" \
    "$(($(now_ms) - begin))" >>"$results"
  [ -z "$verbose" ] || echo "$index $kind $cluster $originals $place $detail: struck $struck, status $manager_status, $(($(now_ms) - begin)) ms" >&2
  [ -z "$lost$left$orphans$incomplete" ] && [ $hung$crashed = 00 ] || keep_world "$index"
  [ $struck = 1 ]
}
keep_world() {
  local folder=$kept/run-$1 name
  mkdir -p "$folder/state"
  {
    echo "run $1: ${title[$kind]}; $cluster, $originals, $place $detail, point $point; status $manager_status, resumed with $resume_status, hung $hung, crashed $crashed"
    printf '%s\n' "lost:" "$lost" "left over:" "$left" "orphans:" "$orphans" "not completed:" "$incomplete"
    printf 'library:'; printf ' %q' "${names[@]}"; printf '\nfilms: %s\n' "${expected[*]}"
    echo "again: $repeat --run $1"
  } >"$folder/what"
  cp -a $library "$folder/library"
  cp -a "$far" "$folder/"
  cp -a "$F" "$folder/faults"
  cp -a "$state" "$folder/"
  cp "$D"/out* "$D"/err* "$D/config.$originals.yml" "$folder/"
  for name in one two mounted; do cp "$D/hosts/$name/log" "$folder/sshd.$name"; done
  echo "run $1 failed, kept in $folder; again: $repeat --run $1" >&2
}
