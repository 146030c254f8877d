/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include <string.h>
#include "descent.h"
#include "meetings.h"

/* --- what failed is not tried again --- */

static char *key_of(const FfarmHost *host, const FfarmCapability *finding)
{
    return g_strdup_printf("%p %s %s %s %d", (gconstpointer)host, finding->engine,
                           finding->device ? finding->device : "", finding->codec ? finding->codec : "",
                           finding->depth);
}

static gboolean is_of_host(gpointer key, gpointer value, gpointer prefix)
{
    return g_str_has_prefix(key, prefix);
}

/* What failed with one film may be the film's fault; with two in a row it is not. */
static gboolean is_believed(FfarmFarm *farm, const FfarmMember *member, const FfarmCapability *finding)
{
    if (ffarm_descent_is_lasting(finding))
        return TRUE;
    g_autofree char *key = key_of(member->crew->host, finding);
    const FfarmJob *before = g_hash_table_lookup(farm->misses, key);
    g_hash_table_insert(farm->misses, g_steal_pointer(&key), member->job);
    return before && before != member->job;
}

static gboolean is_known(const FfarmAbilities *abilities, const FfarmCapability *finding)
{
    if (!finding->codec)
        return FALSE;
    const FfarmCapability *row =
        ffarm_abilities_find_encoder(abilities, finding->engine, finding->device, finding->codec, finding->depth);
    return row && row->class_ == finding->class_;
}

static void tell_finding(const FfarmFarm *farm, const FfarmHost *host, const FfarmCapability *finding)
{
    gboolean is_of_engine = !finding->codec || ffarm_capability_is_of_engine(finding->class_);
    g_autofree char *name = ffarm_device_name(finding->engine, finding->device);
    g_autofree char *what = is_of_engine
                                ? g_strdup("not used")
                                : g_strdup_printf("not used for %s with %d bits", finding->codec, finding->depth);
    g_autofree char *text =
        g_strdup_printf("%s: %s is %s any more in this run (%s)", host->name, name, what, finding->words);
    ffarm_farm_tell_message(farm, text, TRUE);
}

static void tell_journal_trouble(const FfarmFarm *farm, const GError *error)
{
    if (error)
        ffarm_farm_tell_message(farm, error->message, TRUE);
}

static void count_on_it_no_longer(FfarmFarm *farm, const FfarmHost *host, const FfarmCapability *finding)
{
    g_autoptr(FfarmAbilities) fewer =
        ffarm_abilities_with_encoder(ffarm_dispatch_peek_abilities(farm->dispatch, host), finding);
    /* What was proved some time ago is so no longer: the next run tries it again. */
    g_autoptr(GError) error = NULL;
    ffarm_journal_forget_capability(farm->options->journal, fewer->machine, finding->engine, finding->device,
                                    finding->codec, finding->depth, &error);
    tell_journal_trouble(farm, error);
    ffarm_dispatch_set_abilities(farm->dispatch, host, fewer);
    tell_finding(farm, host, finding);
}

void ffarm_farm_on_finding(FfarmFarm *farm, const FfarmMember *member, const FfarmCapability *finding)
{
    const FfarmHost *host = member->crew->host;
    const FfarmAbilities *abilities = ffarm_dispatch_peek_abilities(farm->dispatch, host);
    if (!is_believed(farm, member, finding) || is_known(abilities, finding))
        return;
    count_on_it_no_longer(farm, host, finding);
}

void ffarm_farm_on_decoder(FfarmFarm *farm, const FfarmMember *member, const FfarmDecodeCapability *found)
{
    const FfarmHost *host = member->crew->host;
    const FfarmAbilities *abilities = ffarm_dispatch_peek_abilities(farm->dispatch, host);
    g_autoptr(FfarmAbilities) more = ffarm_abilities_with_decoder(abilities, found);
    g_autoptr(GError) error = NULL;
    ffarm_journal_note_decode_capability(farm->options->journal, more->machine, found, &error);
    tell_journal_trouble(farm, error);
    ffarm_dispatch_set_abilities(farm->dispatch, host, more);
}

void ffarm_farm_on_rung(FfarmFarm *farm, FfarmMember *member, const FfarmChoice *rung, const char *reason)
{
    FfarmJob *job = member->job;
    job->engine = rung->engine;
    g_autofree char *before = job->passed_over;
    job->passed_over = before ? g_strdup_printf("%s; %s", before, reason) : g_strdup(reason);
    ffarm_farm_use_device(farm, member, rung);
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, member);
}

/* --- who uses what --- */

/* Has the dispatch know what of @host is full, and the farm wake when a device is to be tried again. */
static void look_at_host(FfarmFarm *farm, const FfarmHost *host)
{
    gint64 now_us = g_get_monotonic_time(), next_us = ffarm_device_book_next_us(farm->devices, now_us);
    g_auto(GStrv) full = ffarm_device_book_full(farm->devices, host, now_us);
    g_auto(GStrv) taken = ffarm_device_book_taken(farm->devices, host);
    ffarm_dispatch_set_full(farm->dispatch, host, (const char *const *)full, (const char *const *)taken);
    if (next_us >= 0)
        ffarm_alarms_set(farm->alarms, FFARM_ALARM_DEVICE, NULL, next_us);
    else
        ffarm_alarms_clear(farm->alarms, FFARM_ALARM_DEVICE, NULL);
}

void ffarm_farm_look_at_devices(FfarmFarm *farm)
{
    for (guint i = 0; i < farm->roster->crews->len; i++)
        look_at_host(farm, ((const FfarmCrew *)g_ptr_array_index(farm->roster->crews, i))->host);
}

void ffarm_farm_use_device(FfarmFarm *farm, FfarmMember *member, const FfarmChoice *rung)
{
    const FfarmHost *host = member->crew->host;
    if (member->rung)
        ffarm_device_book_give_back(farm->devices, host, member->rung->engine, member->rung->device);
    if (rung)
        ffarm_device_book_take(farm->devices, host, rung->engine, rung->device);
    member->rung = rung;
    member->has_begun = FALSE;
    look_at_host(farm, host);
}

void ffarm_farm_note_begun(FfarmFarm *farm, FfarmMember *member, const FfarmProgress *progress)
{
    const FfarmChoice *rung = member->rung;
    if (member->has_begun || !rung || progress->frame == 0)
        return;
    member->has_begun = TRUE;
    if (!ffarm_device_book_note_begun(farm->devices, member->crew->host, rung->engine, rung->device))
        return;
    look_at_host(farm, member->crew->host);
    ffarm_farm_hand_out(farm);
}

void ffarm_farm_note_good(FfarmFarm *farm, const FfarmHost *host, const FfarmChoice *rung)
{
    g_autofree char *prefix = g_strdup_printf("%p %s ", (gconstpointer)host, rung->engine);
    g_hash_table_foreach_remove(farm->misses, is_of_host, prefix);
    if (ffarm_device_book_note_good(farm->devices, host, rung->engine, rung->device))
        look_at_host(farm, host);
}

/* Nobody needs to wait for it any longer: from here on the host does without. */
static void set_aside(FfarmFarm *farm, const FfarmHost *host, const FfarmChoice *rung)
{
    const FfarmCapability finding = {.engine = rung->engine,
                                     .device = rung->device,
                                     .class_ = FFARM_CAPABILITY_NO_DEVICE,
                                     .words = (char *)"in use by others for as long as it was waited for"};
    count_on_it_no_longer(farm, host, &finding);
}

static void tell_busy(const FfarmFarm *farm, const FfarmHost *host, const char *device, const FfarmDeviceBusy *busy,
                      gint64 now_us)
{
    if (busy->tries == FFARM_DEVICE_PATIENT_TRIES) {
        g_autofree char *news =
            g_strdup_printf("%s: %s has been in use by others for some minutes; films go to the host's "
                            "next engine, where it has one, until it is free",
                            host->name, device);
        ffarm_farm_tell_message(farm, news, TRUE);
        return;
    }
    g_autofree char *text =
        busy->limit > 0
            ? g_strdup_printf("%s: %s is full with %u of ours, as it seems; others wait until one has ended",
                              host->name, device, busy->limit)
            : g_strdup_printf("%s: %s is in use by others, and is tried again in %.3g s", host->name, device,
                              (double)(busy->until_us - now_us) / G_USEC_PER_SEC);
    ffarm_farm_tell_message(farm, text, FALSE);
}

void ffarm_farm_note_busy(FfarmFarm *farm, const FfarmCrew *crew, const FfarmChoice *rung)
{
    gint64 now_us = g_get_monotonic_time(), pause_us = farm->options->pause_ms * G_TIME_SPAN_MILLISECOND;
    FfarmDeviceBusy busy =
        ffarm_device_book_note_busy(farm->devices, crew->host, rung->engine, rung->device, now_us, pause_us);
    if (busy.tries >= FFARM_DEVICE_MAX_TRIES) {
        set_aside(farm, crew->host, rung);
    } else {
        g_autofree char *name = ffarm_device_name(rung->engine, rung->device);
        tell_busy(farm, crew->host, name, &busy, now_us);
    }
    look_at_host(farm, crew->host);
}

void ffarm_farm_note_meeting(FfarmFarm *farm, const FfarmHost *host, FfarmJob *job, const FfarmChoice *rung)
{
    g_autofree char *name = ffarm_device_name(rung->engine, rung->device);
    ffarm_meetings_note(job->meetings, host, name, ffarm_device_book_count_begun(farm->devices, host, name));
}

void ffarm_farm_look_at_meetings(const FfarmFarm *farm, FfarmJob *job)
{
    for (guint i = 0; i < job->meetings->len; i++) {
        FfarmMeeting *meeting = g_ptr_array_index(job->meetings, i);
        guint begun = ffarm_device_book_count_begun(farm->devices, meeting->host, meeting->device);
        meeting->others_begun = begun > meeting->begun;
    }
}
