/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "file_identity.h"

G_BEGIN_DECLS

/* replace_record.h — how far a replacement has come: all that is needed to finish or to undo it after a crash.
 *
 * Threads: plain data. */

/* What is about to happen, in this order. A crash leaves the acts of the last step done, half done or not done. */
typedef enum {
    FFARM_REPLACE_PREPARE, /* temporaries are made: the copy of the result, the copy of the source in the trash */
    FFARM_REPLACE_PLACE,   /* the result gets its name; it is complete and on the disk under @staged */
    FFARM_REPLACE_DROP,    /* the old file is removed or moved to the trash; the result has its name */
    FFARM_REPLACE_DONE,    /* nothing more: replaced */
    FFARM_REPLACE_UNDONE,  /* nothing more: the source is as it was, and no temporary is left but @result */
    FFARM_REPLACE_FAILED,  /* nothing more that is safe: a person has to look; see ffarm_replace_recover() */
} FfarmReplaceStep;

typedef enum {
    FFARM_REPLACE_SAME_NAME,  /* the result takes the source's own name */
    FFARM_REPLACE_OTHER_NAME, /* the result gets a new name, then the source goes */
    FFARM_REPLACE_KEEP,       /* the result gets a new name, the source stays */
} FfarmReplaceKind;

/* Paths are bytes, not UTF-8. */
typedef struct {
    FfarmReplaceStep step;
    FfarmReplaceKind kind;
    const char *boot_id;     /* of the machine's uptime; numbers of devices may change with it */
    const char *source;      /* as it was probed */
    const char *destination; /* where the result belongs; under the same name: behind symbolic links */
    const char *result;      /* as handed in: temporary */
    const char *staged; /* the result in the destination's folder: @result moved, or a copy; temporary. Once exchanged
                           with the destination it is the old file */
    const char *aside;  /* the old file between its own name and its end; temporary */
    const char *trash;  /* where the old file goes; NULL: it is removed, or kept */
    const char *trash_root;   /* the trash folder that @trash lies below; NULL with @trash */
    const char *trash_staged; /* a copy on its way to @trash; temporary; NULL with @trash */
    FfarmFileIdentity source_id;
    FfarmFileIdentity link_id;   /* of the symbolic link at @source; inode 0: it is none */
    FfarmFileIdentity result_id; /* of @result */
    FfarmFileIdentity staged_id; /* of what takes the destination */
    FfarmFileIdentity trash_id;  /* of the copy in the trash; inode 0: there is none */
} FfarmReplaceRecord;

const char *ffarm_replace_step_name(FfarmReplaceStep step); /* "prepare", "place", "drop", "done", "undone", "failed" */
const char *ffarm_replace_kind_name(FfarmReplaceKind kind); /* "same-name", "other-name", "keep" */

/* The whole of @record as one line of ASCII, for a journal. Returns: new string. */
char *ffarm_replace_record_format(const FfarmReplaceRecord *record) G_GNUC_WARN_UNUSED_RESULT;
/* Reads such a line. Returns: new record that owns its strings, free with ffarm_replace_record_free(); NULL with
 * G_IO_ERROR_INVALID_DATA if @text is none, or lacks something. */
FfarmReplaceRecord *ffarm_replace_record_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* TRUE if its names are such as a replacement gives: whatever else a journal holds moves and removes nothing. Pure. */
gboolean ffarm_replace_record_is_believable(const FfarmReplaceRecord *record);
/* For records of ffarm_replace_record_parse(); NULL is legal. */
void ffarm_replace_record_free(FfarmReplaceRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmReplaceRecord, ffarm_replace_record_free)

/* A copy of @record in @copy (all zero before) that owns its strings, and its end. */
void ffarm_replace_record_copy(const FfarmReplaceRecord *record, FfarmReplaceRecord *copy);
void ffarm_replace_record_clear(FfarmReplaceRecord *record);

G_END_DECLS
