# SPDX-License-Identifier: LGPL-2.1-or-later
# Two disks for tools/inject.sh and tools/powerloss.sh: base is in memory, as thousands of runs would wait for a real one, and other
# is another file system. Both go at the end. Sourced at the end of the options, with the arguments of the script.

if [ -z "${FFARM_TWO_DISKS:-}" ] && [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
  FFARM_TWO_DISKS=yes exec unshare --mount "$0" "$@"
fi
memory=/dev/shm
[ -w $memory ] || memory=${TMPDIR:-/tmp}
base=$(mktemp -d "$memory/ffarm-disks.XXXXXX") other=$(mktemp -d "${TMPDIR:-/tmp}/ffarm-disks.XXXXXX")
trap 'umount "$other" 2>/dev/null || true; rm -rf "$base" "$other"' EXIT
[ -z "${FFARM_TWO_DISKS:-}" ] || mount -t tmpfs tmpfs "$other"
if [ "$(stat -c %d "$base")" = "$(stat -c %d "$other")" ]; then
  echo "${0##*/}: there is no second file system" >&2
  exit 77
fi
