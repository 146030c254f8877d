/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "placement.h"
#include "runner.h"
#include "space.h"

G_BEGIN_DECLS

/* room.h — the room that one attempt needs: on the host for source and result, here for the result, and where that
 * moves afterwards.
 *
 * Threads: that of the runner. */

typedef struct FfarmRoom FfarmRoom;

typedef struct {
    FfarmSpace *space; /* borrowed; NULL: nothing is asked and everything fits */
    FfarmRunner *runner;
    const FfarmPlacement *placement;
    const char *destination;
    gint64 source_bytes;
    double threshold; /* percent; 0: any result is welcome */
    void (*on_message)(const char *message, gpointer user_data);
    gpointer user_data;
} FfarmRoomParams;

/* The largest result that is worth anything: one that saves less than the threshold is thrown away. Pure. */
gint64 ffarm_room_expect(gint64 source_bytes, double threshold);

/* Reserves everything before the attempt begins, and waits for it as ffarm_space_claim() does. The folders on this
 * machine must be there. @params is copied; what it points to is borrowed.
 * Returns: new room, free with ffarm_room_free(); NULL with FFARM_JOB_ERROR_ROOM (the host), FFARM_JOB_ERROR_REPLACE
 * (this machine), FFARM_REMOTE_ERROR or G_IO_ERROR_CANCELLED. */
FfarmRoom *ffarm_room_reserve(const FfarmRoomParams *params, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_room_free(FfarmRoom *room); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmRoom, ffarm_room_free)

/* How far it is: what is on disk already counts as used by everybody who asks. */
void ffarm_room_note_uploaded(FfarmRoom *room, gint64 bytes);
void ffarm_room_note_encoded(FfarmRoom *room, gint64 bytes);
void ffarm_room_note_downloaded(FfarmRoom *room, gint64 bytes);

/* The result has @bytes: looks whether those fit where it is still to go. Does not wait. */
gboolean ffarm_room_check_result(FfarmRoom *room, gint64 bytes, GCancellable *cancellable, GError **error);

G_END_DECLS
