/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* refusal.h — private: demuxers whose files are no films. Pure. */

/* Returns: in words what a file of this @demuxer (libavformat's name) is instead of a film, "a playlist", static; NULL
 * if the demuxer may be used. */
const char *refusal_of_demuxer(const char *demuxer);

/* The same for the major brand that an mp4 file declares; @brand may be NULL. */
const char *refusal_of_brand(const char *brand);

G_END_DECLS
