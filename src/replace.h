/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"
#include "replace_record.h"

G_BEGIN_DECLS

/* replace.h — puts a verified result in its place by renames only: new in, flushed, then old out. At no instant is
 * neither the source nor the result complete under its name.
 *
 * Threads: safe for different files. */

/* Called before each act that changes the disk, with a @record that says what is about to happen and holds everything
 * that ffarm_replace_recover() needs should the process end in it; and once after the last act (DONE, UNDONE, FAILED),
 * unless a temporary is left that recovery should try to remove again. It has to be kept durably before this returns.
 * @record is borrowed for the call. A step comes more than once when something new is known. Returns: TRUE to go on;
 * FALSE with @error set: the act is not done and what was done is undone. After the last act nobody asks for the
 * answer. */
typedef gboolean (*FfarmReplaceStepFunc)(const FfarmReplaceRecord *record, gpointer user_data, GError **error);

typedef struct {
    const char *result;           /* temporary name of the verified result */
    const char *destination;      /* where it belongs */
    const FfarmMedia *source;     /* as probed for the plan: path, device, inode, size, mtime */
    gboolean keep_source;         /* TRUE: the source is not touched (-k, -o); @destination must not exist then */
    const char *trash_dir;        /* where the old file goes, see trash.h; NULL: it is removed */
    gboolean keep_times;          /* TRUE: the result gets the source's time of change */
    GPtrArray *remarks;           /* of char*, nullable: what a person should know besides is added */
    FfarmReplaceStepFunc on_step; /* nullable */
    gpointer user_data;
} FfarmReplaceParams;

typedef enum {
    FFARM_REPLACE_RECOVERED_FINISHED, /* the result is the film now, and the old file has gone where it should */
    FFARM_REPLACE_RECOVERED_UNDONE, /* the source is as it was; everything made for the replacement is gone, @result too
                                     */
    FFARM_REPLACE_RECOVERED_UNCLEAR, /* nothing more was removed; the error says what a person should look at */
} FfarmReplaceRecovery;

/* Finishes or undoes what a crash interrupted, going by what is really on the disk: a result that has its name stays
 * and the old file goes where it should; one that hasn't is removed. May be called any number of times, at any step,
 * also for what is complete. A file is removed only if it is exactly the one that @record says (device, inode, size,
 * time of change); device numbers are let go where the machine was started anew since. Nothing may be working on these
 * files.
 * @on_step: nullable; called, as by ffarm_replace(), before something is made or moved in the trash: what it is given
 *           is the record to go by should this be interrupted too
 * @error: set with UNCLEAR: FFARM_JOB_ERROR_REPLACE, which names the files; a later call may succeed (a disk that was
 * not mounted). */
FfarmReplaceRecovery ffarm_replace_recover(const FfarmReplaceRecord *record, FfarmReplaceStepFunc on_step,
                                           gpointer user_data, GError **error);

/* TRUE if the file behind @source's path is still the one that was probed: same device, inode, size and time of change
 * of its content; the inode is let go where the file system numbers files anew, see file_identity.h. Else FALSE with
 * FFARM_JOB_ERROR_SOURCE. */
gboolean ffarm_replace_check_source(const FfarmMedia *source, GError **error);

/* Brings @result into @destination's folder under a temporary name (from another file system as a copy whose SHA-256 is
 * compared after it was read back from the disk), gives it the source's attributes as far as allowed, flushes file and
 * folder, checks that the source is still the file that was probed, and gives the result its name: by an exchange under
 * the same name, so that what was swapped out can be looked at, else only where nothing has that name. Then the old
 * file is taken aside, looked at, and removed or moved to the trash. Missing folders are made. An existing file at
 * @destination that is not the source is never overwritten. A source that is a symbolic link: under the same name the
 * file behind the link is replaced and the link stays; where the name changes, the link alone is removed, and the file
 * behind it stays, as other links may lead there. A source with several hard links: its other names keep the old film.
 * Whatever a system call says, what is on the disk afterwards decides. On success @result is gone from its old name.
 * Errors: FFARM_JOB_ERROR_SOURCE (changed or gone meanwhile), FFARM_JOB_ERROR_REPLACE, G_IO_ERROR_CANCELLED, what
 * on_step set; the source is as it was, nothing new lies at @destination, and @result is left for the caller to remove.
 * One exception: where that can't be made sure of, nothing more is removed, the last step is FAILED, and the message
 * (FFARM_JOB_ERROR_REPLACE) names the files. */
gboolean ffarm_replace(const FfarmReplaceParams *params, GCancellable *cancellable, GError **error);

G_END_DECLS
