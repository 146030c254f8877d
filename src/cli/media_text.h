/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffarm.h"

G_BEGIN_DECLS

/* media_text.h — what a file holds, as people read it. Pure but for the file's name (cli_text_path). Threads: safe. */

/* Returns: new text of several lines, each ended; harmless for a terminal whatever the file holds. */
char *cli_media_text(const FfarmMedia *media) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
