/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* destination.h — what the result of a source is called, and whether it can be put there. Threads: safe. */

typedef struct {
    const char *source;     /* absolute path */
    const char *relative;   /* path below @output_dir, with the source's own name */
    const char *extension;  /* of the result, with the dot; NULL: the source's */
    const char *output_dir; /* nullable */
    gboolean keep;          /* the source stays: the result is called NAME.EXT.tmp beside it; without meaning below output_dir */
} FfarmDestinationParams;

/* The final path of the result. Pure. An extension that differs from the source's in case only changes nothing.
 * Returns: new string. */
char *ffarm_destination_path(const FfarmDestinationParams *params) G_GNUC_WARN_UNUSED_RESULT;

/* The extension of the last part of @path, with the dot; "" where it has none (".hidden" has none). Borrowed from @path. */
const char *ffarm_destination_extension(const char *path);

/* Looks whether a file could be made at @path: its folder (or the nearest that exists, when folders have to be made) can be
 * written to, and its name is not too long. Changes nothing.
 * Returns: NULL if so; else a new string that says in words why not. */
char *ffarm_destination_obstacle(const char *path) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
