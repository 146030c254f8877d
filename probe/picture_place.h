/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"
#include "media.h"

G_BEGIN_DECLS

/* picture_place.h — private: where in a file the bytes of its cover art are, so that an ffmpeg elsewhere can be told.
 *
 * Known of Matroska's attachments, and of mp4's covers: wherever libavformat says. What is found is compared with what
 * it read. Reads some hundred bytes besides the pictures, none if there is no cover art. */

/* Fills picture_at and picture_bytes of @media's pictures; those not found stay 0. */
void picture_place_find(FfarmMedia *media, AvInput *input);

G_END_DECLS
