#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shells that are here complete what the program's help says, and nothing else. FFARM_BUILD_ROOT: the build folder.
set -uo pipefail
cli=$FFARM_BUILD_ROOT/src/cli
ffarm=$FFARM_BUILD_ROOT/src/ffarm
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-completions-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir a-folder && touch a-film.mkv
failed=0
same() { # WHAT IS EXPECTED
  [ "$2" = "$3" ] || { printf '%s:\n%s\nexpected:\n%s\n' "$1" "$2" "$3"; failed=1; }
}
options_of() { "$ffarm" help "$1" | sed -nE 's/^ +(-., +)?(--[a-z-]+).*/\2/p' | sort -u; } # as help lists them

. "$cli/ffarm.bash"
# by_bash WORD...: what bash offers for the last word.
by_bash() {
  COMP_WORDS=(ffarm "$@") COMP_CWORD=$#
  compopt() { :; }
  _ffarm
  printf '%s\n' "${COMPREPLY[@]}"
}
verbs=$("$ffarm" help | sed -nE 's/^  ffarm \[?([a-z]+)\]? .*(OPTIONS|VERB).*/\1/p' | sort -u)
[ "$(wc -l <<<"$verbs")" -ge 5 ] || { echo "help lists no verbs"; exit 1; }
same "verbs" "$(by_bash '' | sort)" "$verbs"
for verb in $verbs; do
  same "bash: options of $verb" "$(by_bash "$verb" -- | sort)" "$(options_of "$verb")"
done
same "the verb that may be left out" "$(by_bash --dry)" "--dry-run"
same "values" "$(by_bash --order l)" "longest"
same "values of a verb's option" "$(by_bash probe --color n)" "never"

if command -v fish >/dev/null; then
  by_fish() { HOME=$scratch fish --no-config -c "source $cli/ffarm.fish; complete -C '$1'" | cut -f1; }
  same "fish: verbs" "$(by_fish 'ffarm prob')" "probe"
  same "fish: an option" "$(by_fish 'ffarm --dry')" "--dry-run"
  same "fish: not another verb's" "$(by_fish 'ffarm probe --dry')" ""
  same "fish: values" "$(by_fish 'ffarm --order lon')" "longest"
  same "fish: files" "$(by_fish 'ffarm probe a-fi')" "a-film.mkv"
fi
if command -v zsh >/dev/null; then
  zsh -n "$cli/_ffarm" || failed=1
  for option in $(options_of run); do
    grep -qF -e "'*$option" "$cli/_ffarm" || { echo "zsh: run lacks $option"; failed=1; }
  done
fi
exit $failed
