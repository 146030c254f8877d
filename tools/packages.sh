# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the scripts beside it: what has to be installed for what, and the one way in which it is.
# Debian 12 names. Needs root or sudo only when something is missing.

packages_build="gcc libc6-dev dpkg-dev meson ninja-build pkg-config libavformat-dev libavcodec-dev libavutil-dev libssh2-1-dev
  libyaml-dev libglib2.0-dev libjson-glib-dev libsqlite3-dev"
packages_run="ffmpeg openssh-client"
packages_test="g++ libgtest-dev libffmpeg-nvenc-dev libx264-dev libx265-dev mesa-vulkan-drivers openssh-server openssh-sftp-server iproute2 procps util-linux coreutils dash bash zsh ksh mksh
  busybox tcsh fish mandoc jq clang libclang-rt-14-dev git ccache
  acl attr btrfs-progs dosfstools exfat-fuse exfatprogs fuse3 mergerfs ntfs-3g sshfs xfsprogs"
packages_bench="parallel rsync"

# as_root COMMAND...: runs it as root, by sudo where need be.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "$0: '$*' needs root: run it as root, or install sudo" >&2
    return 1
  fi
}

# install_packages NAME...: installs those that are missing. Quiet when there is nothing to do.
install_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return 0
  echo "Installing ${missing[*]}" >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 || return 1
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" >&2
}
