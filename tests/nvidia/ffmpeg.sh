#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# ffmpeg of a machine with the stand-in of NVIDIA's driver (state.h). FFARM_NVIDIA_BUILD is the folder tests/nvidia of the build;
# the word `without=cuda`, `without=cuvid` or `without=encode` in the state leaves a library out.
without=$(sed -n 's/.*without=\([a-z]*\).*/\1/p' "$FFARM_NVIDIA_STATE" 2>/dev/null)
for library in cuda cuvid encode; do
  [ "$library" = "$without" ] || LD_LIBRARY_PATH=$FFARM_NVIDIA_BUILD/$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec ffmpeg "$@"
