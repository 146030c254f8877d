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

/* The pixel format that the options ask for, by -pix_fmt or a format filter that names a single one; the last one wins.
 * Returns: interned string; NULL if they ask for none. */
const char *ffarm_output_options_pix_fmt(const FfarmProfile *profile);

/* How many streams of @type of @source the -map options ask for at least: 0 where there are none, or where they select
 * in a way that is not counted here (by metadata, by label, negatively). -vn, -an and -sn are heeded. */
guint ffarm_output_options_count_mapped(const FfarmProfile *profile, const FfarmMedia *source, FfarmStreamType type);

/* TRUE if the options set the quality or rate of the video themselves ("-crf", "-cq", "-b:v", ...). */
gboolean ffarm_output_options_have_quality(const FfarmProfile *profile);

G_END_DECLS
