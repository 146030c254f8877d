/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* state.h — what the stand-in of NVIDIA's driver is to act like: words `name=value` in the file that the environment
 * variable FFARM_NVIDIA_STATE names. It is read anew at every question, so that a test changes it while programs run.
 * No file, or an empty one: one device, which encodes H.264 and HEVC.
 *
 *   init=N          cuInit() ends with this CUresult (100 no device, 803 mismatch, 999 unknown)
 *   devices=N       that many devices (1)
 *   api=MAJOR.MINOR newest version of the encoder's interface (11.1)
 *   open=N          opening a session ends with this NVENCSTATUS (2 unsupported device, 21 incompatible client key)
 *   sessions=N      that many at a time over all processes (no limit); 0: others have them all
 *   h264=0, hevc=0  the device has no such encoder
 *   ten_bit=0       nor encodes 10 bits of HEVC. 10 bits of H.264 it never does
 *   b_frames=0      nor has B-frames
 *   interval=N      presets have a P only every so many frames (1): pictures come out in groups of that
 *   max_width=N     widest picture (4096 for H.264, 8192 for HEVC)
 *   min_width=N     narrowest picture; refused when the encoder is initialized
 *   initialize=N    initializing the encoder ends with this NVENCSTATUS
 *   fail_after=N    after N frames encoding ends with a generic error
 *   crash_after=N   after N frames the process dies in the driver
 *   frame_ms=N      each frame takes so long
 *   decode=0        the device decodes nothing, else H.264 of 8 bits
 *   decode_min=N    and nothing narrower or lower than that (16)
 *   picture=0       what is encoded is grey, whatever was sent
 *
 * The folder named by FFARM_NVIDIA_SESSIONS holds a lock for each open session, so that those of a killed process are
 * free at once, and the file `log`: a line for each session that was "opened" or "refused", and for each "decoder". */

/* The number behind @name; @otherwise where it is not told. */
long state_number(const char *name, long otherwise);
/* The text behind @name, at most @size - 1 bytes of it. Returns: whether it is told. */
bool state_text(const char *name, char *text, unsigned size);
