/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* space.h — how much of which disk the attempts of a run still need, so that one that begins doesn't count on room that
 * another is about to fill.
 *
 * Threads: safe; a share belongs to the thread that claimed it. */

typedef struct FfarmSpace FfarmSpace; /* all disks of a run */
typedef struct FfarmShare FfarmShare; /* of one attempt, of one disk */

FfarmSpace *ffarm_space_new(void) G_GNUC_WARN_UNUSED_RESULT;
/* When all shares are freed. NULL is legal. */
void ffarm_space_free(FfarmSpace *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmSpace, ffarm_space_free)

typedef enum {
    FFARM_ROOM_ENOUGH, /* or nobody knows */
    FFARM_ROOM_LATER,  /* when others have ended, perhaps */
    FFARM_ROOM_NONE,
} FfarmRoomVerdict;

/* Whether @need_bytes fit where @free_bytes are free (-1 unknown) and @others attempts are still going to write
 * @promised_bytes. Pure. */
FfarmRoomVerdict ffarm_space_judge(gint64 free_bytes, gint64 promised_bytes, guint others, gint64 need_bytes);

typedef struct {
    const char *disk;  /* any name that is the same for the same disk; copied */
    const char *where; /* in words, for errors: "b: working_dir /tmp" */
    gint64 need_bytes;
    /* Finds out what is free now; -1 unknown. */
    gboolean (*ask)(gint64 *free_bytes, gpointer user_data, GCancellable *cancellable, GError **error);
    /* Nullable; called once, when there is not enough before others have ended. */
    void (*on_wait)(const char *message, gpointer user_data);
    gpointer user_data;
    int error_code; /* of FFARM_JOB_ERROR, when there is not enough */
} FfarmSpaceNeed;

/* Reserves what @need says, and waits for it while others hold shares of the same disk. Who claims several must do so
 * in one order of disks everywhere and give none back in between; then nobody waits for ever. Returns: new share, free
 * with ffarm_share_free(); NULL with FFARM_JOB_ERROR, G_IO_ERROR_CANCELLED or the error of ask(). */
FfarmShare *ffarm_space_claim(FfarmSpace *space, const FfarmSpaceNeed *need, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @bytes of it are written by now, and missing in what is free. */
void ffarm_share_note_written(FfarmShare *share, gint64 bytes);
/* It takes @need->need_bytes in all and not what was claimed. Does not wait. Returns: FALSE as ffarm_space_claim(). */
gboolean ffarm_share_resize(FfarmShare *share, const FfarmSpaceNeed *need, GCancellable *cancellable, GError **error);
/* Gives it back. NULL is legal. */
void ffarm_share_free(FfarmShare *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmShare, ffarm_share_free)

G_END_DECLS
