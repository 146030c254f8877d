/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* clash.h — two names for one film, two films for one name: found before anything starts.
 *
 * Files are compared by device and inode, names by folder and, where the folder's file system does not tell case apart,
 * without case.
 *
 * Threads: one at a time. */

typedef struct FfarmClashes FfarmClashes;

FfarmClashes *ffarm_clashes_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_clashes_free(FfarmClashes *clashes); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmClashes, ffarm_clashes_free)

/* Takes @media as a source of the run (borrowed for the life of @clashes).
 * @is_covered: set to TRUE if nothing is left to do for it when the first is done: they are one by a symbolic link
 * Returns: NULL; or, if the same file was taken before, a new string that names the first and says how they are one. */
char *ffarm_clashes_add_source(FfarmClashes *clashes, const FfarmMedia *media,
                               gboolean *is_covered) G_GNUC_WARN_UNUSED_RESULT;

/* Asks whether the result of @source may come to lie at @destination.
 * @replaces: the result takes the source's place, so that the source itself may be there.
 * Returns: NULL; or, if another file lies there or the result of another source will, a new string that says so. */
char *ffarm_clashes_check_result(FfarmClashes *clashes, const FfarmMedia *source, const char *destination,
                                 gboolean replaces) G_GNUC_WARN_UNUSED_RESULT;

/* From now on @destination belongs to @source (borrowed). */
void ffarm_clashes_reserve(FfarmClashes *clashes, const FfarmMedia *source, const char *destination);

G_END_DECLS
