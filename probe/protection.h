/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* protection.h — private: is the content encrypted?
 *
 * Knows common encryption and FairPlay in mp4, ContentEncryption in Matroska, ASF's DRM, and scrambled transport and
 * program streams (the latter are discs copied without their key). */

/* Looks at the framing, and at the streams if libavformat could open @input.
 * Returns: in words how the content is protected, free with g_free(); NULL if it is not, as far as can be told. */
char *protection_find(AvInput *input) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
