/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* original.h — what becomes of a source when its result is done: keys originals, trash_dir, trash_days and keep_times.
 * Threads: safe. */

typedef enum {
    FFARM_ORIGINALS_UNSET,   /* as the configuration says */
    FFARM_ORIGINALS_REPLACE, /* removed once the result has its place */
    FFARM_ORIGINALS_KEEP,    /* not touched; the result is beside it as with -k */
    FFARM_ORIGINALS_TRASH,   /* moved to the trash folder then */
} FfarmOriginals;

const char *ffarm_originals_name(FfarmOriginals originals); /* "replace", "keep", "trash"; NULL for UNSET. Static */

/* Looks whether @source could be taken from its place: its folder (behind symbolic links) can be written to, nothing
 * protects the file, and the folder of @trash (nullable: it would be removed) can be written to or made. Changes
 * nothing. Returns: NULL if so; else a new string that says in words why not. */
char *ffarm_original_obstacle(const FfarmMedia *source, const char *trash) G_GNUC_WARN_UNUSED_RESULT;

/* What a person should know before @source is taken from its place: other hard links keep the old film, a symbolic link
 * alone goes where the name changes (@keeps_name FALSE). Returns: new string; NULL: nothing. */
char *ffarm_original_remark(const FfarmMedia *source, gboolean keeps_name) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
