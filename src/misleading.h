/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media.h"

G_BEGIN_DECLS

/* misleading.h — names and titles that read like a device's trouble: "No capable devices found.mkv". ffmpeg quotes them
 * in what it complains of. Pure. Threads: safe. */

/* What of @media's path, titles and names of attachments would be taken for an engine's words, line by line.
 * Returns: new string array, free with g_strfreev(); NULL: nothing, as with every usual film. */
char **ffarm_misleading_list(const FfarmMedia *media) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
