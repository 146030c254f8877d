# SPDX-License-Identifier: LGPL-2.1-or-later
# The table at the end of tools/torture.sh. Needs: title (of faults.sh).

# report_transitions ALL RESULTS...: 1 if some were not met.
report_transitions() {
  local all=$1 met
  shift
  met=$(awk '$4 == 1 && !seen[$1]++ {met++} END {print met + 0}' "$@")
  echo "journal transitions at which the manager was killed: $met of $all"
  [ "$met" = "$all" ]
}
# report RESULTS...: 1 if anything is wrong, or nothing was done.
report() {
  local kind
  printf '%-36s %5s %7s\n' 'fault' 'runs' 'struck'
  for kind in $(cut -d' ' -f2 "$@" | sort | uniq); do
    printf '%-36s %5s %7s\n' "${title[$kind]}" \
      $(awk -v kind="$kind" '$2 == kind {runs++; struck += $4} END {print runs, struck}' "$@")
  done
  awk '{
      runs++; struck += $4; files += $5; lost += $6; left += $7; orphans += $8; incomplete += $9; hung += $10; crashed += $11; ms += $12
    } END {
      printf "\nruns %d, of which %d met their fault\nfiles %d\nfiles lost %d\nleftovers %d\norphans %d\nnot completed after resume %d\n", runs, struck, files, lost, left, orphans, incomplete
      printf "hung %d\ncrashed %d\nmilliseconds a run %d\n", hung, crashed, runs ? ms / runs : 0
      exit runs == 0 || lost + left + orphans + incomplete + hung + crashed > 0
    }' "$@"
}
