/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailbox.h"

#include <pthread.h>
#include <time.h>

struct FfarmMailbox {
    pthread_mutex_t mutex;
    pthread_cond_t posted;
    GQueue letters;
    GDestroyNotify free_letter;
};

FfarmMailbox *ffarm_mailbox_new(GDestroyNotify free_letter)
{
    FfarmMailbox *mailbox = g_new0(FfarmMailbox, 1);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&mailbox->mutex, NULL);
    pthread_cond_init(&mailbox->posted, &attributes);
    pthread_condattr_destroy(&attributes);
    g_queue_init(&mailbox->letters);
    mailbox->free_letter = free_letter;
    return mailbox;
}

void ffarm_mailbox_free(FfarmMailbox *mailbox)
{
    if (!mailbox)
        return;
    gpointer letter;
    while ((letter = g_queue_pop_head(&mailbox->letters)))
        if (mailbox->free_letter)
            mailbox->free_letter(letter);
    pthread_cond_destroy(&mailbox->posted);
    pthread_mutex_destroy(&mailbox->mutex);
    g_free(mailbox);
}

void ffarm_mailbox_post(FfarmMailbox *mailbox, gpointer letter)
{
    pthread_mutex_lock(&mailbox->mutex);
    g_queue_push_tail(&mailbox->letters, letter);
    pthread_cond_signal(&mailbox->posted);
    pthread_mutex_unlock(&mailbox->mutex);
}

gpointer ffarm_mailbox_take(FfarmMailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->mutex);
    gpointer letter;
    while (!(letter = g_queue_pop_head(&mailbox->letters)))
        pthread_cond_wait(&mailbox->posted, &mailbox->mutex);
    pthread_mutex_unlock(&mailbox->mutex);
    return letter;
}

gpointer ffarm_mailbox_take_until(FfarmMailbox *mailbox, gint64 end_us)
{
    struct timespec end = {.tv_sec = end_us / G_USEC_PER_SEC, .tv_nsec = end_us % G_USEC_PER_SEC * 1000};
    pthread_mutex_lock(&mailbox->mutex);
    gpointer letter;
    int timed_out = 0;
    while (!(letter = g_queue_pop_head(&mailbox->letters)) && !timed_out)
        timed_out = pthread_cond_timedwait(&mailbox->posted, &mailbox->mutex, &end);
    pthread_mutex_unlock(&mailbox->mutex);
    return letter;
}
