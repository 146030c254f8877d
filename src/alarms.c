/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alarms.h"

typedef struct {
    FfarmAlarmType type;
    gpointer subject;
    gint64 due_us;
    guint64 number; /* in the order of setting */
} Alarm;

struct FfarmAlarms {
    GSequence *by_time;                     /* of Alarm, owned */
    GHashTable *by_subject[FFARM_N_ALARMS]; /* subject -> GSequenceIter */
    guint64 count;                          /* set so far */
};

FfarmAlarms *ffarm_alarms_new(void)
{
    FfarmAlarms *alarms = g_new0(FfarmAlarms, 1);
    alarms->by_time = g_sequence_new(g_free);
    for (int i = 0; i < FFARM_N_ALARMS; i++)
        alarms->by_subject[i] = g_hash_table_new(NULL, NULL);
    return alarms;
}

void ffarm_alarms_free(FfarmAlarms *alarms)
{
    if (!alarms)
        return;
    for (int i = 0; i < FFARM_N_ALARMS; i++)
        g_hash_table_unref(alarms->by_subject[i]);
    g_sequence_free(alarms->by_time);
    g_free(alarms);
}

static gint compare(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Alarm *left = a, *right = b;
    if (left->due_us != right->due_us)
        return left->due_us < right->due_us ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

void ffarm_alarms_set(FfarmAlarms *alarms, FfarmAlarmType type, gpointer subject, gint64 due_us)
{
    ffarm_alarms_clear(alarms, type, subject);
    Alarm *alarm = g_new(Alarm, 1);
    *alarm = (Alarm){type, subject, due_us, alarms->count++};
    GSequenceIter *place = g_sequence_insert_sorted(alarms->by_time, alarm, compare, NULL);
    g_hash_table_insert(alarms->by_subject[type], subject, place);
}

gint64 ffarm_alarms_due_us(const FfarmAlarms *alarms, FfarmAlarmType type, gconstpointer subject)
{
    GSequenceIter *place = g_hash_table_lookup(alarms->by_subject[type], subject);
    return place ? ((const Alarm *)g_sequence_get(place))->due_us : -1;
}

gboolean ffarm_alarms_clear(FfarmAlarms *alarms, FfarmAlarmType type, gconstpointer subject)
{
    GSequenceIter *place = g_hash_table_lookup(alarms->by_subject[type], subject);
    if (!place)
        return FALSE;
    g_hash_table_remove(alarms->by_subject[type], subject);
    g_sequence_remove(place);
    return TRUE;
}

guint ffarm_alarms_count(const FfarmAlarms *alarms, FfarmAlarmType type)
{
    return g_hash_table_size(alarms->by_subject[type]);
}

gint64 ffarm_alarms_next_us(const FfarmAlarms *alarms)
{
    GSequenceIter *first = g_sequence_get_begin_iter(alarms->by_time);
    return g_sequence_iter_is_end(first) ? -1 : ((const Alarm *)g_sequence_get(first))->due_us;
}

gboolean ffarm_alarms_take(FfarmAlarms *alarms, gint64 now_us, FfarmAlarmType *type, gpointer *subject)
{
    GSequenceIter *first = g_sequence_get_begin_iter(alarms->by_time);
    if (g_sequence_iter_is_end(first))
        return FALSE;
    const Alarm *alarm = g_sequence_get(first);
    if (alarm->due_us > now_us)
        return FALSE;
    *type = alarm->type;
    *subject = alarm->subject;
    return ffarm_alarms_clear(alarms, *type, *subject);
}

GPtrArray *ffarm_alarms_list(const FfarmAlarms *alarms, FfarmAlarmType type)
{
    GPtrArray *subjects = g_ptr_array_new();
    GSequenceIter *place = g_sequence_get_begin_iter(alarms->by_time);
    for (; !g_sequence_iter_is_end(place); place = g_sequence_iter_next(place)) {
        const Alarm *alarm = g_sequence_get(place);
        if (alarm->type == type)
            g_ptr_array_add(subjects, alarm->subject);
    }
    return subjects;
}
