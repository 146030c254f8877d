/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "space.h"

#include <string.h>

#include "error.h"

struct FfarmSpace {
    GMutex lock;
    GCond changed;     /* a share was given back, or somebody is cancelled */
    GPtrArray *shares; /* of FfarmShare, borrowed */
    guint64 returns;   /* shares given back so far */
};

struct FfarmShare {
    FfarmSpace *space;
    char *disk;
    gint64 need_bytes, written_bytes;
};

FfarmSpace *ffarm_space_new(void)
{
    FfarmSpace *space = g_new0(FfarmSpace, 1);
    g_mutex_init(&space->lock);
    g_cond_init(&space->changed);
    space->shares = g_ptr_array_new();
    return space;
}

void ffarm_space_free(FfarmSpace *space)
{
    if (!space)
        return;
    g_ptr_array_unref(space->shares);
    g_cond_clear(&space->changed);
    g_mutex_clear(&space->lock);
    g_free(space);
}

FfarmRoomVerdict ffarm_space_judge(gint64 free_bytes, gint64 promised_bytes, guint others, gint64 need_bytes)
{
    if (free_bytes < 0 || need_bytes <= 0)
        return FFARM_ROOM_ENOUGH;
    if (promised_bytes <= free_bytes && need_bytes <= free_bytes - promised_bytes)
        return FFARM_ROOM_ENOUGH;
    return others > 0 ? FFARM_ROOM_LATER : FFARM_ROOM_NONE;
}

/* What the others are going to write to @disk. Lock held. */
static gint64 count_promised(const FfarmSpace *space, const char *disk, const FfarmShare *self, guint *others)
{
    gint64 promised = 0;
    *others = 0;
    for (guint i = 0; i < space->shares->len; i++) {
        const FfarmShare *share = g_ptr_array_index(space->shares, i);
        if (share == self || strcmp(share->disk, disk) != 0)
            continue;
        gint64 left = MAX(share->need_bytes - share->written_bytes, 0);
        promised += MIN(left, G_MAXINT64 - promised);
        (*others)++;
    }
    return promised;
}

static void set_error(const FfarmSpaceNeed *need, gint64 free_bytes, gint64 promised_bytes, GError **error)
{
    g_autofree char *free_text = g_format_size_full((guint64)free_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *need_text = g_format_size_full((guint64)need->need_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *promised_text = g_format_size_full((guint64)promised_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *others =
        promised_bytes > 0 ? g_strdup_printf(", %s of it for other encodes", promised_text) : g_strdup("");
    g_set_error(error, FFARM_JOB_ERROR, need->error_code, "%s has %s free%s, and up to %s are needed", need->where,
                free_text, others, need_text);
}

static void on_cancelled(GCancellable *cancellable, gpointer user_data)
{
    FfarmSpace *space = user_data;
    g_mutex_lock(&space->lock);
    g_cond_broadcast(&space->changed);
    g_mutex_unlock(&space->lock);
}

/* Waits until a share was given back since there were @returns of them, or until it is cancelled. */
static void wait_for_return(FfarmSpace *space, guint64 returns, GCancellable *cancellable)
{
    gulong handler = cancellable ? g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled), space, NULL) : 0;
    g_mutex_lock(&space->lock);
    while (space->returns == returns && !g_cancellable_is_cancelled(cancellable))
        g_cond_wait(&space->changed, &space->lock);
    g_mutex_unlock(&space->lock);
    g_cancellable_disconnect(cancellable, handler);
}

typedef struct {
    FfarmRoomVerdict verdict;
    gint64 free_bytes, promised_bytes;
    guint64 returns; /* when it was asked */
} Answer;

/* Asks for @need; where that is enough, or @share has it already, the share is made as large. */
static gboolean try_to_claim(FfarmSpace *space, const FfarmSpaceNeed *need, FfarmShare *share, Answer *answer,
                             GCancellable *cancellable, GError **error)
{
    g_mutex_lock(&space->lock);
    answer->returns = space->returns;
    g_mutex_unlock(&space->lock);
    if (!need->ask(&answer->free_bytes, need->user_data, cancellable, error))
        return FALSE;
    g_mutex_lock(&space->lock);
    guint others;
    answer->promised_bytes = count_promised(space, need->disk, share, &others);
    answer->verdict =
        ffarm_space_judge(answer->free_bytes, answer->promised_bytes, others, need->need_bytes - share->written_bytes);
    if (answer->verdict == FFARM_ROOM_ENOUGH)
        share->need_bytes = need->need_bytes;
    if (answer->verdict == FFARM_ROOM_ENOUGH && !g_ptr_array_find(space->shares, share, NULL))
        g_ptr_array_add(space->shares, share);
    g_mutex_unlock(&space->lock);
    return TRUE;
}

static void tell_wait(const FfarmSpaceNeed *need, const Answer *answer)
{
    g_autoptr(GError) words = NULL;
    set_error(need, answer->free_bytes, answer->promised_bytes, &words);
    g_autofree char *text = g_strdup_printf("%s: waiting for other encodes to end", words->message);
    if (need->on_wait)
        need->on_wait(text, need->user_data);
}

FfarmShare *ffarm_space_claim(FfarmSpace *space, const FfarmSpaceNeed *need, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmShare) share = g_new0(FfarmShare, 1);
    share->space = space;
    share->disk = g_strdup(need->disk);
    for (gboolean was_told = FALSE;; was_told = TRUE) {
        Answer answer;
        if (!try_to_claim(space, need, share, &answer, cancellable, error))
            return NULL;
        if (answer.verdict == FFARM_ROOM_ENOUGH)
            return g_steal_pointer(&share);
        if (answer.verdict == FFARM_ROOM_NONE) {
            set_error(need, answer.free_bytes, answer.promised_bytes, error);
            return NULL;
        }
        if (!was_told)
            tell_wait(need, &answer);
        wait_for_return(space, answer.returns, cancellable);
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return NULL;
    }
}

void ffarm_share_note_written(FfarmShare *share, gint64 bytes)
{
    g_mutex_lock(&share->space->lock);
    share->written_bytes = bytes;
    g_mutex_unlock(&share->space->lock);
}

gboolean ffarm_share_resize(FfarmShare *share, const FfarmSpaceNeed *need, GCancellable *cancellable, GError **error)
{
    Answer answer;
    if (!try_to_claim(share->space, need, share, &answer, cancellable, error))
        return FALSE;
    if (answer.verdict == FFARM_ROOM_ENOUGH)
        return TRUE;
    set_error(need, answer.free_bytes, answer.promised_bytes, error);
    return FALSE;
}

void ffarm_share_free(FfarmShare *share)
{
    if (!share)
        return;
    g_mutex_lock(&share->space->lock);
    if (g_ptr_array_remove_fast(share->space->shares, share)) {
        share->space->returns++;
        g_cond_broadcast(&share->space->changed);
    }
    g_mutex_unlock(&share->space->lock);
    g_free(share->disk);
    g_free(share);
}
