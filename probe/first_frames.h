/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"
#include "media.h"

G_BEGIN_DECLS

/* first_frames.h — private: reads the film's first packets and decodes its first frames.
 *
 * A film may begin in the middle of a group of pictures or with damage, so frames that can't be decoded are passed over
 * until a good one comes or the bounds are reached (FIRST_FRAMES_PACKETS, FIRST_FRAMES_BYTES). */

#define FIRST_FRAMES_PACKETS 1500
#define FIRST_FRAMES_BYTES (192 * 1024 * 1024)

typedef struct {
    guint packets;         /* of the stream, read */
    guint good_frames;     /* decoded without a fault; a few are enough */
    gboolean is_encrypted; /* a packet says that it is */
    char *failure;         /* in words, why nothing could be decoded; NULL if good_frames > 0 */
} FirstFrames;

void first_frames_clear(FirstFrames *frames);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FirstFrames, first_frames_clear)

/* Reads from where @input stands, which should be the start, all other streams discarded from now on; completes
 * @stream (HDR, interlacing, is_vfr) by what is seen. Whether reading was stopped is in @input's state; the budget is
 * unlimited again afterwards. */
void first_frames_read(AvInput *input, FfarmStream *stream, FirstFrames *frames);

G_END_DECLS
