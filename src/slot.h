/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "capability.h"
#include "host_check_private.h"
#include "worker.h"

G_BEGIN_DECLS

/* slot.h — a place for one encode on one host: a thread with a runner of its own, kept open from job to job. Orders
 * come in by a queue, news goes out by another; nothing else is shared.
 *
 * Threads: everything but the thread's own work belongs to the farm's thread. */

typedef struct FfarmSlot FfarmSlot;

typedef enum {
    FFARM_NEWS_CHECKED, /* the host was checked over this slot's connection: report (owned by the news) */
    FFARM_NEWS_STATE,   /* the job is in this state */
    FFARM_NEWS_PROGRESS,
    FFARM_NEWS_TRANSFER,
    FFARM_NEWS_MESSAGE,   /* something to tell a person: message (owned by the news) */
    FFARM_NEWS_RUNG,      /* the job is done otherwise than was chosen: choice (borrowed from the work), message: why */
    FFARM_NEWS_FINDING,   /* an encoder failed: finding (owned by the news) */
    FFARM_NEWS_DECODER,   /* a decoder was tried: decoder (owned by the news) */
    FFARM_NEWS_FINISHED,  /* the attempt is over: outcome (owned by the news); READY or LOST follows */
    FFARM_NEWS_READY,     /* wants a job */
    FFARM_NEWS_LOST,      /* there is no connection any more: error (owned by the news). A check makes a new one */
    FFARM_NEWS_UNTOUCHED, /* after LOST: the order that it had could not be begun, as there was no connection */
    FFARM_NEWS_CANCELLED, /* posted by the farm to itself: slot is NULL */
    FFARM_NEWS_DRAINED,   /* likewise: nothing new is to start */
} FfarmNewsType;

typedef struct {
    FfarmNewsType type;
    FfarmSlot *slot;
    FfarmHostReport *report;
    FfarmJobState state;
    FfarmProgress progress;
    gint64 done_bytes, total_bytes;
    char *message;
    const FfarmChoice *choice;
    FfarmCapability *finding;
    FfarmDecodeCapability *decoder;
    FfarmOutcome *outcome;
    GError *error;
} FfarmNews;

void ffarm_news_free(FfarmNews *news); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmNews, ffarm_news_free)

/* Makes a slot for @host (borrowed); nothing runs yet.
 * @news: where its news (FfarmNews) is posted; @stop: fires when everything is to end. Both outlive the slot. */
FfarmSlot *ffarm_slot_new(const FfarmHost *host, GAsyncQueue *news, GCancellable *stop) G_GNUC_WARN_UNUSED_RESULT;
/* Ends the thread after what it is doing (fire the cancellable first to cut that short) and waits for it. NULL is
 * legal. */
void ffarm_slot_free(FfarmSlot *slot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmSlot, ffarm_slot_free)

/* Has the host checked, and learns what it can do: CHECKED, then READY if it can be used.
 * @media_folder: as for ffarm_host_check(); copied. @notes, @learning: copied; what they borrow stays valid until
 * CHECKED. */
void ffarm_slot_check_host(FfarmSlot *slot, FfarmCheckFlags flags, const char *media_folder,
                           const FfarmCheckNotes *notes, const FfarmLearning *learning);

/* Gives it @work, whose members stay valid until FINISHED or UNTOUCHED; @work itself is copied, its callbacks and
 * user_data are the slot's own. */
void ffarm_slot_give(FfarmSlot *slot, const FfarmWork *work);

G_END_DECLS
