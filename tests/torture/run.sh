# SPDX-License-Identifier: LGPL-2.1-or-later
# One run of tools/torture.sh: a library, ffarm, a fault, and what came of it. Sourced after faults.sh. Needs: results (a file to
# which every run adds a line), kept (a folder for the worlds of failed runs).

longest_run_s=120   # no fault may keep the manager longer
longest_orphan_s=30 # nor an encoder after its manager
encoders() { pgrep -ax ffmpeg; }

# In a shell of its own, which says nothing of how it ended.
start_manager() { # ARGUMENTS of ffarm
  rm -f "$D/status" "$D/pid"
  (
    env LD_PRELOAD=/run/torture/manager.so TORTURE_FOLDER="$F" TORTURE_STRIKE="$strike" TORTURE_POINT="$point" \
      "$ffarm" "$@" >"$D/out" 2>"$D/err" </dev/null &
    echo $! >"$D/pid"
    wait $!
    echo $? >"$D/status"
  ) 2>/dev/null &
  disown
  until [ -s "$D/pid" ]; do pause 0.005; done
  manager=$(<"$D/pid")
}
start_run() { start_manager -y "$D/config.yml" -c "$cluster" "$library"; }
# Resuming is a run like any other: it may be killed too.
resume_and_die() {
  rm -f "$F/struck" "$F/acts"
  strike=kill point=$((RANDOM % $(acts_of "$cluster") + 1))
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
  return $hung
}
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
  "$ffarm" -y "$D/config.yml" -c "$cluster" "$library" >"$D/out.twin" 2>"$D/err.twin" </dev/null &
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
    case $kind in kill | die | rekill | int | int2 | term) is_known_to_resume && return ;; esac
  fi
  run_again
}
run_again() {
  [ -z "$(incomplete_films; leftovers)" ] ||
    "$ffarm" -y "$D/config.yml" -c "$cluster" "$library" >"$D/out.again" 2>"$D/err.again" </dev/null
}

# How many acts a whole run of one film has with each cluster; and that nothing is found amiss where nothing is.
calibrate() {
  local amiss
  kind=none strike=none point=0
  for cluster in "${clusters[@]}"; do
    fresh_world
    make_library 1
    start_run
    wait_manager $longest_run_s
    amiss=$(lost_films; incomplete_films; leftovers; encoders)
    if [ "$manager_status" != 0 ] || [ -n "$amiss" ]; then
      printf '%s\n' "torture.sh: without any fault, $cluster, status $manager_status: $amiss" "$(tail -5 "$D/err")" >&2
      return 1
    fi
    wc -l <"$F/acts" >"$D/acts.$cluster"
    [ -z "$verbose" ] || echo "acts of a run of one film, $cluster: $(acts_of "$cluster")" >&2
  done
}

count() { if [ -n "$1" ]; then wc -l <<<"$1"; else echo 0; fi; }

# run_one INDEX: everything; adds the line "INDEX KIND CLUSTER STRUCK FILMS LOST LEFT ORPHANS INCOMPLETE HUNG MS" to the results.
run_one() {
  local index=$1 begin struck=0 hung=0 lost left orphans incomplete
  twin=
  plan "$index"
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
  lost=$(printf '%s\n%s' "$lost" "$(lost_films)" | sed /^$/d | sort -u)
  incomplete=$(incomplete_films)
  orphans=$(printf '%s\n%s' "$orphans" "$(encoders)" | sed /^$/d)
  left=$(leftovers)
  echo "$index $kind $cluster $struck ${#names[@]} $(count "$lost") $(count "$left") $(count "$orphans") $(count "$incomplete") $hung" \
    "$(($(now_ms) - begin))" >>"$results"
  [ -z "$verbose" ] || echo "$index $kind $cluster $place $detail: struck $struck, status $manager_status, $(($(now_ms) - begin)) ms" >&2
  [ -z "$lost$left$orphans$incomplete" ] && [ $hung = 0 ] || keep_world "$index"
}
keep_world() {
  local folder=$kept/run-$1 name
  mkdir -p "$folder/state"
  {
    echo "run $1: ${title[$kind]}; $cluster, $place $detail, point $point; status $manager_status, resumed with $resume_status, hung $hung"
    printf '%s\n' "lost:" "$lost" "left over:" "$left" "orphans:" "$orphans" "not completed:" "$incomplete"
    printf 'library:'; printf ' %q' "${names[@]}"; printf '\nfilms: %s\n' "${expected[*]}"
    echo "again: $repeat --run $1"
  } >"$folder/what"
  cp -a $library "$folder/library"
  cp -a "$F" "$folder/faults"
  cp -a "$state" "$folder/"
  cp "$D"/out* "$D"/err* "$D/config.yml" "$folder/"
  for name in one two mounted; do cp "$D/hosts/$name/log" "$folder/sshd.$name"; done
  echo "run $1 failed, kept in $folder; again: $repeat --run $1" >&2
}
