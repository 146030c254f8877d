/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"
#include "profile.h"

G_BEGIN_DECLS

/* output_options.h — what a profile's output options say, read as ffmpeg reads them: sections in the order of the line,
 * the last one that fits a stream wins. Pure. Threads: safe. */

/* TRUE if any output section has the word @option ("-map", "-vn"). */
gboolean ffarm_output_options_have(const FfarmProfile *profile, const char *option);

/* The encoder that the options name for the @nth stream of @type in the result ("-c:a:1 aac", "-acodec aac", "-c
 * copy"). Specifiers by metadata or by absolute index fit no stream here. Returns: borrowed; NULL if they name none. */
const char *ffarm_output_options_encoder(const FfarmProfile *profile, FfarmStreamType type, guint nth);

/* TRUE if the options set the quality or rate of the video themselves ("-crf", "-cq", "-b:v", ...). */
gboolean ffarm_output_options_have_quality(const FfarmProfile *profile);

G_END_DECLS
