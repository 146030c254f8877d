/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "replace_record.h"

G_BEGIN_DECLS

/* replace_scene.h — what really lies under the names of a replacement, and what may be done about it. Private to
 * replace*.c. Threads: safe. */

typedef enum {
    FFARM_OCCUPANT_NOBODY,
    FFARM_OCCUPANT_SOURCE, /* exactly the file that was probed (or the link to it that is to go) */
    FFARM_OCCUPANT_RESULT, /* exactly the result */
    FFARM_OCCUPANT_STRANGER,
    FFARM_OCCUPANT_UNKNOWN, /* it can't be told */
    FFARM_N_OCCUPANTS,
} FfarmOccupant;

typedef struct {
    FfarmOccupant source; /* under the same name the same as @destination */
    FfarmOccupant destination;
    FfarmOccupant staged;
    FfarmOccupant aside;
} FfarmReplaceScene;

FfarmReplaceScene ffarm_replace_scene(const FfarmReplaceRecord *record);

/* TRUE if @staged is the result itself under another name, FALSE if a copy. Pure. */
gboolean ffarm_replace_is_moved(const FfarmReplaceRecord *record);

/* TRUE if the result has its name, and what remains of the old file is exactly known or nothing, so that the old file
 * may go where it should. Pure. */
gboolean ffarm_replace_may_finish(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene);

/* TRUE if the source is exactly known and can be under its name again, so that the result may be taken back. Pure. */
gboolean ffarm_replace_may_undo(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene);

/* Brings the source back to its name and the result to @staged, then removes what was made: the copy of the source in
 * the trash, a second name of the source, and @staged where it is a copy of @result. Looks at everything first, and
 * does nothing unless ffarm_replace_may_undo(). Returns: FALSE with FFARM_JOB_ERROR_REPLACE where something is left;
 * nothing that is not exactly known was removed. */
gboolean ffarm_replace_undo(const FfarmReplaceRecord *record, GError **error);

/* Removes the file @path if it is exactly @identity. TRUE if nothing has that name afterwards, or something else has.
 */
gboolean ffarm_replace_remove_own(const char *path, const FfarmFileIdentity *identity, GError **error);

/* Removes the copy @path that was being made when @identity was noted; with inode 0 only if nothing is in it yet. */
gboolean ffarm_replace_remove_copy(const char *path, const FfarmFileIdentity *identity, GError **error);

/* TRUE if @path is the empty file by which ffarm_name_move() holds a name where a file system can't refuse to
 * overwrite: of our user and mode, or on a file system that has neither. */
gboolean ffarm_replace_is_held(const char *path);

/* The names of @record that exist, for a person who has to look at them: "A and B"; "" where there is none. New string.
 */
char *ffarm_replace_name_all(const FfarmReplaceRecord *record);

G_END_DECLS
