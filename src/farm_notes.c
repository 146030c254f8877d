/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "error.h"
#include "job_error.h"
#include "replace.h"

void ffarm_farm_note(FfarmFarm *farm, const FfarmJob *job)
{
    g_autoptr(GError) error = NULL;
    if (ffarm_journal_note_job(farm->options->journal, farm->plan->run_id, job, &error) || farm->is_journal_broken)
        return;
    farm->is_journal_broken = TRUE;
    ffarm_farm_tell_message(farm, error->message, TRUE);
}

/* One name for a path whichever links lead to its folder; its last part need not exist. */
static char *find_real_path(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    char *real = realpath(folder, NULL);
    char *joined = real ? g_build_filename(real, name, NULL) : g_strdup(path);
    free(real);
    return joined;
}

static gboolean is_known(const FfarmFarm *farm, const char *path, const char *fingerprint)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return FALSE;
    gint64 mtime_ns = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    g_autofree char *answer = ffarm_journal_recall(farm->options->journal, path, info.st_size, mtime_ns, fingerprint);
    return answer != NULL;
}

/* A source that is not what it was when the plan was made, because another process had its turn. */
static gboolean was_done_meanwhile(const FfarmFarm *farm, const FfarmJob *job, const FfarmChoice *choice)
{
    return farm->options->journal && !ffarm_replace_check_source(job->item->media, NULL) &&
           (is_known(farm, job->item->input->path, choice->fingerprint) ||
            is_known(farm, choice->destination, choice->fingerprint));
}

static GError *other_has(const FfarmJob *job, const char *words)
{
    GError *error = NULL;
    ffarm_job_fail(&error, FFARM_JOB_ERROR_SOURCE, job->item->media->path, "%s", words);
    return error;
}

/* Takes both locks, or none. @destination is taken over. */
static GError *lock_both(FfarmFarm *farm, FfarmJob *job, char *destination, gboolean is_new)
{
    FfarmJournal *journal = farm->options->journal;
    const FfarmMedia *source = job->item->media;
    g_autofree char *taken = destination;
    if (is_new && !ffarm_journal_lock_file(journal, source->device, source->inode))
        return other_has(job, "another ffarm is working on it; 'ffarm resume' looks again");
    if (!ffarm_journal_lock_path(journal, destination)) {
        if (is_new)
            ffarm_journal_unlock_file(journal, source->device, source->inode);
        return other_has(job,
                         "another ffarm is making a file of the same name as its result; 'ffarm resume' looks again");
    }
    if (!is_new)
        ffarm_journal_unlock_path(journal, job->locked);
    g_free(job->locked);
    job->locked = g_steal_pointer(&taken);
    return NULL;
}

/* What the plan says of a film that was written to since does not hold any more. One that is gone is left to the
 * attempt. */
static GError *check_settled(const FfarmJob *job)
{
    struct stat info;
    const char *path = job->item->media->path;
    if (ffarm_replace_check_source(job->item->media, NULL) || stat(path, &info) != 0)
        return NULL;
    GError *error = NULL;
    ffarm_job_fail(&error, FFARM_JOB_ERROR_UNSETTLED, path,
                   "was written to since it was looked at, so it is left alone");
    return error;
}

GError *ffarm_farm_lock(FfarmFarm *farm, FfarmJob *job, const FfarmChoice *choice, FfarmJobState *state)
{
    char *destination = find_real_path(choice->destination);
    gboolean is_new = !job->locked;
    GError *error = NULL;
    *state = FFARM_JOB_CANCELLED;
    if (!is_new && g_strcmp0(job->locked, destination) == 0)
        g_free(destination);
    else
        error = lock_both(farm, job, destination, is_new);
    if (error || !is_new || !was_done_meanwhile(farm, job, choice))
        return error ? error : check_settled(job);
    *state = FFARM_JOB_SKIPPED;
    return other_has(job, "another ffarm has done it meanwhile");
}

void ffarm_farm_unlock(FfarmFarm *farm, FfarmJob *job)
{
    if (!job->locked)
        return;
    ffarm_journal_unlock_path(farm->options->journal, job->locked);
    ffarm_journal_unlock_file(farm->options->journal, job->item->media->device, job->item->media->inode);
    g_clear_pointer(&job->locked, g_free);
}
