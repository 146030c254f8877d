/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* mailbox.h — letters from any thread to one: the only thing that threads of a farm share.
 *
 * Built on pthreads and not on GAsyncQueue, whose locks ThreadSanitizer can't see: what a letter carries is proved to be
 * handed over.
 *
 * Threads: anybody posts, one thread takes. */

typedef struct FfarmMailbox FfarmMailbox;

/* @free_letter: frees letters that nobody took; nullable. */
FfarmMailbox *ffarm_mailbox_new(GDestroyNotify free_letter) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_mailbox_free(FfarmMailbox *mailbox); /* NULL is legal; nobody may post any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmMailbox, ffarm_mailbox_free)

/* Posts @letter (not NULL), which belongs to the mailbox until it is taken. */
void ffarm_mailbox_post(FfarmMailbox *mailbox, gpointer letter);

/* Waits for a letter. Returns: the oldest, which is the caller's now. */
gpointer ffarm_mailbox_take(FfarmMailbox *mailbox) G_GNUC_WARN_UNUSED_RESULT;
/* The same, but until @end_us (g_get_monotonic_time() base; 0: don't wait). Returns: NULL if no letter came. */
gpointer ffarm_mailbox_take_until(FfarmMailbox *mailbox, gint64 end_us) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
